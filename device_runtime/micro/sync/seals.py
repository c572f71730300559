"""Signatures and MACs; imported only while something is checked."""

import asyncio
import hashlib

from .ed25519 import verify_steps

try:
    from collections.abc import Sequence
except ImportError:
    pass


async def is_signed(key: bytes, signature: bytes, pieces: "Sequence[bytes]") -> bool:
    """Whether a signature fits, found in steps between which others have their turn."""
    answer = False
    for step in verify_steps(key, signature, pieces):
        answer = step
        await asyncio.sleep(0)
    return answer


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA256 (RFC 2104) with a key of at most 64 bytes."""
    key = key + bytes(64 - len(key))
    inner = hashlib.sha256(bytes([byte ^ 0x36 for byte in key]))
    inner.update(message)
    outer = hashlib.sha256(bytes([byte ^ 0x5C for byte in key]))
    outer.update(inner.digest())
    return outer.digest()


def equal(one: bytes, other: bytes) -> bool:
    """Compare in a time that does not tell how much is alike."""
    if len(one) != len(other):
        return False
    difference = 0
    for a, b in zip(one, other):
        difference |= a ^ b
    return not difference
