"""Bytes for programs, which have no such means of their own: base64 and random ones."""

import binascii
import os


def base64_text(data: bytes) -> str:
    """Standard base64 with padding (RFC 4648, section 4)."""
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def base64_bytes(text: str) -> bytes | None:
    """The bytes of base64 text, with or without padding and line ends; ``None`` where it is none."""
    packed = "".join(text.split()).rstrip("=")
    try:
        return binascii.a2b_base64(packed + "=" * (-len(packed) % 4), strict_mode=True)
    except (binascii.Error, ValueError):
        return None


def random_bytes(count: float) -> bytes:
    """``count`` bytes from the operating system's source for keys."""
    return os.urandom(int(count))
