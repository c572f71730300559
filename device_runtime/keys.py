"""Ed25519 public keys as the whole system names and writes them."""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from device_runtime.errors import CygnetError

KeyRing: TypeAlias = Mapping[str, Ed25519PublicKey]
"""Trusted public keys by :func:`key_id`."""


class KeyFormatError(CygnetError):
    """A text is no public key."""


def key_id(key: Ed25519PublicKey) -> str:
    """SHA-256 (hex) of the 32 raw bytes of a public key."""
    return hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()


def encode_public_key(key: Ed25519PublicKey) -> str:
    """The 32 raw bytes in base64: 44 characters."""
    return base64.b64encode(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def decode_public_key(text: str) -> Ed25519PublicKey:
    """The key that :func:`encode_public_key` wrote.

    Raises:
        KeyFormatError: it is not the base64 of 32 bytes.
    """
    try:
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(text, validate=True))
    except (ValueError, binascii.Error) as error:
        raise KeyFormatError(f"{text[:60]!r} is not an Ed25519 public key in base64 (44 characters)") from error


def key_ring(keys: Iterable[Ed25519PublicKey]) -> KeyRing:
    """The given keys by their ids."""
    return {key_id(key): key for key in keys}
