"""A package (``.ma``): a ZIP file that is hostile until every byte of it is accounted for.

Layout (W3C MiniApp Packaging, https://www.w3.org/TR/miniapp-packaging/): ``manifest.json``, ``app.js``, ``app.css``
at the root, pages under their routes; and ours: compiled templates (``*.view``) and the two entries of the seal
(``device_runtime/sealed/seal.py``) that make it trustworthy: ``META-INF/digests.json`` and ``META-INF/signature.json``.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.errors import CygnetError
from device_runtime.keys import KeyRing
from device_runtime.program.manifest import Manifest, ManifestError, parse_manifest
from device_runtime.sealed.archive import MAX_ARCHIVE_BYTES, ArchiveError, read_archive
from device_runtime.sealed.seal import DIGESTS as DIGESTS
from device_runtime.sealed.seal import SIGNATURE as SIGNATURE
from device_runtime.sealed.seal import SealError, check_seal, seal

_CONTEXT = b"cygnet package 1\n"
_REMEDY = "build it with `cygnet program build`, or sign it with `cygnet program sign`"


class PackageError(CygnetError):
    """A package is refused; the message names it and says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Package:
    """A package whose every byte was checked. ``sha256`` (hex) and ``size`` (bytes) are those of the file."""

    manifest: Manifest
    entries: Mapping[str, bytes]
    key_id: str
    sha256: str
    size: int


def seal_package(entries: Mapping[str, bytes], key: Ed25519PrivateKey) -> bytes:
    """The bytes of a signed package of ``entries``; a seal that is among them is replaced.

    Raises:
        ArchiveError: an entry's name or the size is not allowed.
    """
    return seal(entries, key, _CONTEXT)


def read_package(data: bytes, name: str, trusted: KeyRing) -> Package:
    """Check the bytes of a package; ``name`` is what messages call it.

    Raises:
        PackageError: truncated, altered, unsigned, signed by nobody trusted, escaping, too large, or without a
            valid manifest.
    """
    try:
        entries = read_archive(data)
        signer = check_seal(entries, trusted, _CONTEXT, _REMEDY)
        manifest = parse_manifest(entries.get("manifest.json", b""))
    except (ArchiveError, SealError, ManifestError) as error:
        raise PackageError(f"package {name} is refused: {error}") from error
    return Package(manifest, entries, signer, hashlib.sha256(data).hexdigest(), len(data))


def read_package_file(path: Path) -> bytes:
    """The bytes of a package file, not yet checked.

    Raises:
        PackageError: it cannot be read, or is larger than any package.
    """
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size <= MAX_ARCHIVE_BYTES else b""
    except OSError as error:
        raise PackageError(f"package {path} cannot be read: {error.strerror}") from error
    if size > MAX_ARCHIVE_BYTES:
        raise PackageError(f"package {path.name} is refused: it is larger than {MAX_ARCHIVE_BYTES >> 20} MiB")
    return data


def open_package(path: Path, trusted: KeyRing) -> Package:
    """Read and check a package file; see :func:`read_package`.

    Raises:
        PackageError: also when the file cannot be read.
    """
    return read_package(read_package_file(path), path.name, trusted)
