"""Filling the holes in the C library's heap before workers are forked.

Loading the base library frees a megabyte in pieces between what stays. A worker that allocates gets those pieces, one
here, one there, and copies a page for each. With the holes filled, what it allocates lies side by side at the end of
the heap.
"""

import ctypes
from typing import Final

_LARGEST: Final = 4096
_HEADER: Final = 8


class _Statistics(ctypes.Structure):
    """``struct mallinfo2``."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
        )
    )  # fmt: skip


def fill_holes() -> int:
    """Take every free piece of the heap but its end, for good; gives the bytes taken: 0 where the C library is not
    one that tells (glibc 2.33 or newer does)."""
    library = ctypes.CDLL(None)
    if not hasattr(library, "mallinfo2"):
        return 0
    library.mallinfo2.restype = _Statistics
    library.malloc.argtypes = [ctypes.c_size_t]
    library.malloc.restype = ctypes.c_void_p
    library.free.argtypes = [ctypes.c_void_p]
    library.sbrk.argtypes = [ctypes.c_ssize_t]
    library.sbrk.restype = ctypes.c_void_p
    taken = 0
    for size in (*range(_LARGEST, 1024, -64), *range(1024, 16, -16)):
        while True:
            end = library.sbrk(0) - library.mallinfo2().keepcost
            piece = library.malloc(size - _HEADER)
            if piece is None or piece >= end:
                library.free(piece)
                break
            taken += size
    return taken
