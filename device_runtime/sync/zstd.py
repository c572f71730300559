"""Zstandard (RFC 8878) as content travels in it: whole, or as a delta whose raw dictionary is what the reader has.

The library is Python's own from 3.14 on, and ``backports.zstd`` (extra ``content``) before; a device that has neither
pulls content as it is.
"""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

from device_runtime.errors import CygnetError

ZSTD, DELTA = "zstd", "zstd-delta"
"""The encodings: a frame that needs nothing, and one that has the base as a raw dictionary (``zstd --patch-from``)."""
LARGEST_WINDOW_LOG = 23
"""The window of a frame without a base: 8 MiB, which RFC 8878 (3.1.1.1.2) asks every decoder to support."""
_SMALLEST_WINDOW_LOG = 10
_THOROUGH_BYTES = 8 * 1024 * 1024
_THOROUGH, _QUICK = 19, 9
_SMALLEST_BASE = 8
_PIECE = 64 * 1024


def _find_library() -> Any:
    for name in ("compression.zstd", "backports.zstd"):
        with suppress(ImportError):
            return import_module(name)
    return None


_library = _find_library()


class FormError(CygnetError):
    """What arrived does not become the content that was promised; the sentence says why."""


def is_here() -> bool:
    """Whether this Python has Zstandard."""
    return _library is not None


def encodings() -> tuple[str, ...]:
    """The encodings that this Python can read, the better one first; none without the library."""
    return (DELTA, ZSTD) if is_here() else ()


def window_log(size: int) -> int:
    """The window (log2 of bytes) of a delta that makes ``size`` bytes. All of the base can be pointed to from within
    the first window, so that it is one for the whole content."""
    return max(_SMALLEST_WINDOW_LOG, (size - 1).bit_length())


def compress(data: bytes, base: bytes | None = None) -> bytes:
    """One frame that becomes ``data`` again, with ``base`` as its dictionary.

    Raises:
        FormError: the base is of a few bytes only, or this Python has no Zstandard.
    """
    zstd = _needed()
    parameter = zstd.CompressionParameter
    # Level 19 took 1.5 s a MiB, and above 8 MiB made deltas no smaller than level 9 with matches at long distance.
    level = _THOROUGH if len(data) + len(base or b"") <= _THOROUGH_BYTES else _QUICK
    options = {parameter.compression_level: level, parameter.checksum_flag: 0}
    if base is None:
        options |= {parameter.window_log: min(window_log(len(data)), LARGEST_WINDOW_LOG)}
        return bytes(zstd.compress(data, options=options))
    options |= {parameter.window_log: window_log(len(data)), parameter.enable_long_distance_matching: 1}
    compressor = zstd.ZstdCompressor(options=options, zstd_dict=_prefix(base))
    compressor.set_pledged_input_size(len(data))
    return bytes(compressor.compress(data, zstd.ZstdCompressor.FLUSH_FRAME))


def decompress(source: BinaryIO, write: Callable[[bytes], object], size: int, base: bytes | None = None) -> str:
    """Write the ``size`` bytes that the frame in ``source`` becomes; give their SHA-256 (hex).

    Memory stays below the base, the window that ``size`` allows, and two pieces of 64 KiB, whatever the frame says.

    Raises:
        FormError: the frame is damaged, cut off, needs another base or a larger window, has something behind it, or
            becomes more or less than ``size`` bytes; or this Python has no Zstandard.
    """
    zstd = _needed()
    longest = window_log(size) if base is not None else min(window_log(size), LARGEST_WINDOW_LOG)
    dictionary = _prefix(base) if base is not None else None
    decoder = zstd.ZstdDecompressor(zstd_dict=dictionary, options={zstd.DecompressionParameter.window_log_max: longest})
    digest, made = hashlib.sha256(), 0
    while not decoder.eof:
        piece = source.read(_PIECE) if decoder.needs_input else b""
        if not piece and decoder.needs_input:
            raise FormError("its frame is cut off")
        try:
            data = decoder.decompress(piece, max_length=_PIECE)
        except zstd.ZstdError as error:
            raise FormError(f"its frame cannot be read: {error}") from error
        made += len(data)
        if made > size:
            raise FormError(f"it becomes more than the {size} bytes that were promised")
        digest.update(data)
        write(data)
    if decoder.unused_data or source.read(1):
        raise FormError("something stands behind its frame")
    if made != size:
        raise FormError(f"it becomes {made} bytes, not the {size} that were promised")
    return digest.hexdigest()


def _prefix(base: bytes) -> Any:
    if len(base) < _SMALLEST_BASE:
        raise FormError(f"a base has at least {_SMALLEST_BASE} bytes, not {len(base)}")
    return _needed().ZstdDict(base, is_raw=True).as_prefix


def _needed() -> Any:
    if _library is None:
        raise FormError("this Python has no Zstandard; install it with: pip install 'cygnet[content]'")
    return _library


def read_base(path: Path, sha256: str) -> bytes:
    """The bytes of a base, which must still be those that were told.

    Raises:
        FormError: they are others by now, or cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FormError(f"what it builds on cannot be read: {error.strerror}") from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise FormError("what it builds on is not here any more")
    return data
