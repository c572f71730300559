"""Bytes for programs, which have no such means of their own: base64 and random ones."""

import base64
import binascii
import os


def base64_text(data: bytes) -> str:
    """Standard base64 with padding (RFC 4648, section 4)."""
    return base64.b64encode(data).decode("ascii")


def base64_bytes(text: str) -> bytes | None:
    """The bytes of base64 text, with or without padding and line ends; ``None`` where it is none."""
    packed = "".join(text.split()).rstrip("=")
    try:
        return base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def random_bytes(count: float) -> bytes:
    """``count`` bytes from the operating system's source for keys."""
    return os.urandom(int(count))
