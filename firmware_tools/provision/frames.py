"""What goes to a board's standard input: frames of a length in 4 hex digits, a letter, and bytes.

Of the bytes, 3 (Ctrl-C) and 27 are written as two, so that Ctrl-C interrupts the board at any moment.
"""

import zlib

BLOCK = 4096
"""Plain bytes a block: a flash page of littlefs. The window of the deflation must hold it."""
WINDOW_BITS = 12


def frame(kind: str, data: bytes) -> bytes:
    """One frame; ``kind`` is a letter that the code on the board knows."""
    body = data.replace(b"\x1b", b"\x1b[").replace(b"\x03", b"\x1bC")
    return b"%04x%s%s" % (len(body), kind.encode(), body)


def content(data: bytes, *, inflates: bool) -> bytes:
    """A frame of at most :data:`BLOCK` bytes: ``p`` with them as they are, or ``z`` deflated where that is shorter."""
    plain = frame("p", data)
    if not inflates:
        return plain
    deflater = zlib.compressobj(9, zlib.DEFLATED, -WINDOW_BITS)
    deflated = frame("z", deflater.compress(data) + deflater.flush())
    return min(plain, deflated, key=len)
