"""Pictures and sounds as data within the page, so that it needs no file beside it."""

import base64
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device_runtime.inference.features import CHANNELS

# From quiet to loud: dark blue, teal, sand. Even steps of lightness, so that it reads in grey, too.
_STOPS = np.array([[13, 20, 38], [17, 72, 92], [28, 128, 122], [122, 178, 116], [246, 226, 154]], np.float32)
_MOST_SECONDS = 2.5


def png(pixels: NDArray[np.uint8]) -> bytes:
    """``[height, width]`` of grey or ``[height, width, 3]`` of colour as a PNG file."""
    height, width = pixels.shape[:2]
    kind = 0 if pixels.ndim == 2 else 2
    rows = b"".join(b"\0" + pixels[row].tobytes() for row in range(height))

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def picture_uri(plane: NDArray[Any]) -> tuple[str, bool]:
    """A plane of 0 to 1 as the address of a picture, and whether it is a spectrogram.

    Rows of 40 channels are features over time: they are turned, so that time runs to the right and pitch upwards.
    """
    values = np.clip(np.asarray(plane, np.float32), 0, 1)
    is_sound = values.shape[1] == CHANNELS and values.shape[0] != CHANNELS
    pixels = _coloured(np.flipud(values.T)) if is_sound else np.asarray(255 - values * 255, np.uint8)
    return f"data:image/png;base64,{base64.b64encode(png(pixels)).decode()}", is_sound


def _coloured(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    at = values * (len(_STOPS) - 1)
    below = np.minimum(at.astype(int), len(_STOPS) - 2)
    rest = (at - below)[..., None]
    mixed = _STOPS[below] * (1 - rest) + _STOPS[below + 1] * rest
    return np.asarray(mixed, np.uint8)


def sound_uri(pcm: bytes, rate: int = 16000) -> str:
    """Mono int16 samples as the address of a WAV file; the middle of what is longer than can be listened to."""
    most = int(_MOST_SECONDS * rate) * 2
    if len(pcm) > most:
        start = (len(pcm) - most) // 4 * 2
        pcm = pcm[start : start + most]
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        36 + len(pcm),
        b"WAVE",
        b"fmt ",
        16,
        1,
        1,
        rate,
        rate * 2,
        2,
        16,
        b"data",
        len(pcm),
    )
    return f"data:audio/wav;base64,{base64.b64encode(head + pcm).decode()}"
