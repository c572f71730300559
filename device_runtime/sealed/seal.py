"""The seal of an archive: two entries that make it trustworthy.

``META-INF/digests.json`` holds SHA-256 and size of every other entry, and ``META-INF/signature.json`` an Ed25519
signature over a context and the bytes of ``digests.json``. The context says what the archive is for, so that neither
another signed document nor a sealed archive of another kind can pass for it.
"""

import base64
import hashlib
import json
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.errors import CygnetError
from device_runtime.keys import KeyRing, key_id
from device_runtime.sealed.archive import write_archive

DIGESTS = "META-INF/digests.json"
SIGNATURE = "META-INF/signature.json"
_FORMAT = 1


class SealError(CygnetError):
    """An archive's seal is missing, damaged, of nobody trusted, or does not fit its content."""


def seal(entries: Mapping[str, bytes], key: Ed25519PrivateKey, context: bytes) -> bytes:
    """The bytes of a sealed archive of ``entries``; a seal that is among them is replaced.

    Raises:
        ArchiveError: an entry's name or the size is not allowed.
    """
    content = unsealed(entries)
    digests = _json_bytes({"format": _FORMAT, "files": _digest_table(content)})
    signature = _json_bytes(
        {"keyid": key_id(key.public_key()), "sig": base64.b64encode(key.sign(context + digests)).decode()}
    )
    return write_archive({**content, DIGESTS: digests, SIGNATURE: signature})


def unsealed(entries: Mapping[str, bytes]) -> dict[str, bytes]:
    """The entries without those of the seal."""
    return {name: data for name, data in entries.items() if name not in {DIGESTS, SIGNATURE}}


def is_sealed(entries: Mapping[str, bytes]) -> bool:
    """Whether there is a seal at all, good or not."""
    return SIGNATURE in entries and DIGESTS in entries


def check_seal(entries: Mapping[str, bytes], trusted: KeyRing, context: bytes, remedy: str) -> str:
    """The id of the trusted key that signed exactly these entries; ``remedy`` is told where there is no seal.

    Raises:
        SealError: unsigned, signed by nobody trusted or for another purpose, or altered after that.
    """
    if not is_sealed(entries):
        raise SealError(f"it is not signed; {remedy}")
    try:
        document = json.loads(entries[SIGNATURE])
        signer, signature = document["keyid"], base64.b64decode(document["sig"], validate=True)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise SealError(f"{SIGNATURE} is damaged") from error
    if not isinstance(signer, str) or signer not in trusted:
        raise SealError(f"it is signed by the key {ascii(signer)[1:17]}…, which this host does not trust")
    try:
        trusted[signer].verify(signature, context + entries[DIGESTS])
    except InvalidSignature as error:
        raise SealError("its signature does not match its content, so it was altered after signing") from error
    check_digests(entries)
    return signer


def check_digests(entries: Mapping[str, bytes]) -> None:
    """Compare the entries with the list of their digests, whoever signed it.

    Raises:
        SealError: there is no list, or it is damaged or another.
    """
    actual, signed = _digest_table(unsealed(entries)), _signed_files(entries.get(DIGESTS, b""))
    if actual != signed:
        alike = {name for name in actual.keys() & signed.keys() if actual[name] == signed[name]}
        differing = sorted((actual.keys() | signed.keys()) - alike)
        raise SealError(f"its entry {differing[0]!a} was altered, added or removed after signing")


def _json_bytes(document: object) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _digest_table(entries: Mapping[str, bytes]) -> dict[str, dict[str, object]]:
    return {
        name: {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)} for name, data in sorted(entries.items())
    }


def _signed_files(data: bytes) -> Mapping[str, object]:
    """What was signed: a trusted key has signed these bytes, but who has the key may have signed anything."""
    try:
        digests = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise SealError(f"{DIGESTS} is damaged") from error
    match digests:
        case {"format": 1, "files": dict(files)}:
            return files
        case {"format": int(number)} if number != _FORMAT:
            raise SealError(f"its format is {ascii(number)[:20]}; this host reads format {_FORMAT}")
    raise SealError(f"{DIGESTS} is damaged")
