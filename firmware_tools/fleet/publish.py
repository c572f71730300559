"""A package becomes a release: checked, signed with the fleet's key, stored, registered."""

import json

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.keys import key_ring
from device_runtime.program.archive import ArchiveError, read_archive
from device_runtime.program.package import DIGESTS, SIGNATURE, Package, read_package, seal_package
from firmware_tools.fleet.errors import FleetError


def sign_release(data: bytes, name: str, key: Ed25519PrivateKey) -> tuple[bytes, Package]:
    """The package as devices of this fleet accept it, and what is in it; ``name`` is what messages call it.

    Who publishes vouches for the package with the operator token, so a developer's signature by a key that the
    fleet does not know is replaced; that its content is what the developer signed is still checked.

    Raises:
        FleetError: not a package, unsigned, or altered after it was signed.
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
    return sealed, read_package(sealed, name, key_ring([key.public_key()]))


def _digests(raw: bytes) -> object:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None
