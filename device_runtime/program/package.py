"""A package (``.ma``): a ZIP file that is hostile until every byte of it is accounted for.

Layout (W3C MiniApp Packaging, https://www.w3.org/TR/miniapp-packaging/): ``manifest.json``, ``app.js``, ``app.css``
at the root, pages under their routes; and ours: compiled templates (``*.view``) and two entries that make it
trustworthy: ``META-INF/digests.json`` (SHA-256 and size of every other entry) and ``META-INF/signature.json`` (an
Ed25519 signature over the bytes of ``digests.json``).
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.errors import CygnetError
from device_runtime.keys import KeyRing, key_id
from device_runtime.program.archive import MAX_ARCHIVE_BYTES, ArchiveError, read_archive, write_archive
from device_runtime.program.manifest import Manifest, ManifestError, parse_manifest

DIGESTS = "META-INF/digests.json"
SIGNATURE = "META-INF/signature.json"
_FORMAT = 1
# A signature says what it is for, so that no other signed document can pass for a package.
_CONTEXT = b"cygnet package 1\n"


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
    content = {name: data for name, data in entries.items() if name not in {DIGESTS, SIGNATURE}}
    digests = _json_bytes({"format": _FORMAT, "files": _digest_table(content)})
    signature = _json_bytes(
        {"keyid": key_id(key.public_key()), "sig": base64.b64encode(key.sign(_CONTEXT + digests)).decode()}
    )
    return write_archive({**content, DIGESTS: digests, SIGNATURE: signature})


def read_package(data: bytes, name: str, trusted: KeyRing) -> Package:
    """Check the bytes of a package; ``name`` is what messages call it.

    Raises:
        PackageError: truncated, altered, unsigned, signed by nobody trusted, escaping, too large, or without a
            valid manifest.
    """
    try:
        entries = read_archive(data)
        signer = _check_seal(entries, trusted)
        manifest = parse_manifest(entries.get("manifest.json", b""))
    except (ArchiveError, PackageError, ManifestError) as error:
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


def _json_bytes(document: object) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _digest_table(entries: Mapping[str, bytes]) -> dict[str, dict[str, object]]:
    return {
        name: {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)} for name, data in sorted(entries.items())
    }


def _check_seal(entries: Mapping[str, bytes], trusted: KeyRing) -> str:
    """The id of the trusted key that signed exactly these entries."""
    if SIGNATURE not in entries or DIGESTS not in entries:
        raise PackageError(
            "it is not signed; build it with `cygnet program build`, or sign it with `cygnet program sign`"
        )
    try:
        seal = json.loads(entries[SIGNATURE])
        signer, signature = seal["keyid"], base64.b64decode(seal["sig"], validate=True)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise PackageError(f"{SIGNATURE} is damaged") from error
    if not isinstance(signer, str) or signer not in trusted:
        raise PackageError(f"it is signed by the key {ascii(signer)[1:17]}…, which this host does not trust")
    try:
        trusted[signer].verify(signature, _CONTEXT + entries[DIGESTS])
    except InvalidSignature as error:
        raise PackageError("its signature does not match its content, so it was altered after signing") from error
    content = {name: data for name, data in entries.items() if name not in {DIGESTS, SIGNATURE}}
    actual, signed = _digest_table(content), _signed_files(entries[DIGESTS])
    if actual != signed:
        alike = {name for name in actual.keys() & signed.keys() if actual[name] == signed[name]}
        differing = sorted((actual.keys() | signed.keys()) - alike)
        raise PackageError(f"its entry {differing[0]!a} was altered, added or removed after signing")
    return signer


def _signed_files(data: bytes) -> Mapping[str, object]:
    """What was signed: a trusted key has signed these bytes, but who has the key may have signed anything."""
    try:
        digests = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise PackageError(f"{DIGESTS} is damaged") from error
    match digests:
        case {"format": 1, "files": dict(files)}:
            return files
        case {"format": int(number)} if number != _FORMAT:
            raise PackageError(f"its format is {ascii(number)[:20]}; this host reads format {_FORMAT}")
    raise PackageError(f"{DIGESTS} is damaged")
