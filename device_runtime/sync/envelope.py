"""What a fleet signs: a JSON object beside the signatures (Ed25519, RFC 8032) of its canonical form."""

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from device_runtime.keys import KeyRing, key_id
from device_runtime.sync.fields import Fields, ProtocolError, canonical_json

KEY_ID = re.compile(r"[0-9a-f]{64}")
_SIGNATURE = re.compile(r"[A-Za-z0-9+/]{86}==")
_MOST_MEMBERS, _MOST_SIGNATURES = 64, 16


def make_signatures(content: bytes, keys: Sequence[Ed25519PrivateKey]) -> list[dict[str, str]]:
    """The member ``signatures``: one of each key over the canonical JSON ``content``."""
    return [{"keyid": key_id(key.public_key()), "sig": base64.b64encode(key.sign(content)).decode()} for key in keys]


def read_signed(envelope: Fields, trusted: KeyRing, where: str) -> Mapping[str, Any]:
    """The member ``signed`` of an envelope that a trusted key has signed. One good signature is enough, so that keys
    can be changed with two signatures on one document; of the signatures of one key, the first counts.

    Raises:
        ProtocolError: broken, or not signed by a trusted key; ``where`` names the message in the sentence.
    """
    signed = envelope.mapping("signed", _MOST_MEMBERS)
    content = canonical_json(signed)
    named: list[str] = []
    for item in envelope.sequence("signatures", _MOST_SIGNATURES):
        fields = Fields(item, f"{where}: signatures")
        named.append(fields.form("keyid", KEY_ID, "64 hex digits"))
        signature = base64.b64decode(fields.form("sig", _SIGNATURE, "an Ed25519 signature in base64"))
        key = trusted.get(named[-1])
        if key is not None and named[-1] not in named[:-1] and _is_signed(key, signature, content):
            return signed
    if trusted.keys().isdisjoint(named):
        raise ProtocolError(f"{where} is signed by the key {named[0][:16]}..., which this device does not trust")
    raise ProtocolError(f"{where} carries a signature that does not fit its content: it was altered on its way")


def _is_signed(key: Ed25519PublicKey, signature: bytes, content: bytes) -> bool:
    try:
        key.verify(signature, content)
    except InvalidSignature:
        return False
    return True
