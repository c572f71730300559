"""``wx.faceDetect`` between a program's pixels and the device's face detector, in the program's own process.

What is computed here, a picture of the detector's size and faces from its numbers, takes the program's own time.
"""

import array
import sys
from collections.abc import Mapping
from typing import Any

from device_runtime.inference.faces import Face, Letterbox, anchors, decode
from device_runtime.values import Value

MAX_SIDE = 4096
_CHANNELS = 4
_GREY = 0.0  # of the bars: half-way between dark and bright, as the detector's own pictures have it


def picture(pixels: bytes, width: int, height: int, size: int) -> bytes:
    """The picture that a detector of ``size`` by ``size`` takes: float32 red, green, blue from -1 to 1, with bars
    beside it where its shape is another. ``pixels`` are RGBA, row by row; each of the result is the mean of four.

    Raises:
        ValueError: the sizes do not belong together; the sentence says what was expected.
    """
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise ValueError(f"width and height must be whole numbers from 1 to {MAX_SIDE}")
    if len(pixels) != width * height * _CHANNELS:
        raise ValueError(
            f"frameBuffer must hold 4 bytes a pixel, {width * height * _CHANNELS} for {width} x {height}, "
            f"not {len(pixels)}"
        )
    box = Letterbox.of(width, height)
    across, down = _places(box.left, box.width, size, width), _places(box.top, box.height, size, height)
    blank = [_GREY] * 3
    out = array.array("f")
    for rows in down:
        if rows is None:
            out.extend(blank * size)
            continue
        upper, lower = (row * width * _CHANNELS for row in rows)
        for columns in across:
            if columns is None:
                out.extend(blank)
                continue
            left, right = columns[0] * _CHANNELS, columns[1] * _CHANNELS
            for at in (0, 1, 2):
                total = pixels[upper + left + at] + pixels[upper + right + at]
                total += pixels[lower + left + at] + pixels[lower + right + at]
                out.append(total / 510 - 1)
    if sys.byteorder == "big":
        out.byteswap()
    return out.tobytes()


def _places(begin: float, length: float, size: int, count: int) -> list[tuple[int, int] | None]:
    """Which two of ``count`` source pixels make each of ``size``; none in a bar."""
    places: list[tuple[int, int] | None] = []
    for index in range(size):
        found = [((index + part) / size - begin) / length * count for part in (0.25, 0.75)]
        inside = found[0] >= -0.5 and found[1] < count + 0.5
        first, second = (min(max(int(place), 0), count - 1) for place in found)
        places.append((first, second) if inside else None)
    return places


def faces(
    boxes: bytes, scores: bytes, width: int, height: int, size: int, parameters: Mapping[str, Any]
) -> list[Value]:
    """The faces in a picture, surest first: ``x``, ``y`` (the middle), ``detectRect`` and ``global``, in its pixels.

    ``boxes`` and ``scores`` are the detector's outputs, float32; ``parameters`` are those of its card.

    Raises:
        ValueError: they are not those of a detector of this size.
    """
    gain, zero = float(parameters.get("score_gain", 1.0)), float(parameters.get("score_zero", 0.0))
    logits = [(score - zero) * gain for score in _floats(scores)]
    cutoff, overlap = float(parameters.get("cutoff", 0.5)), float(parameters.get("overlap", 0.3))
    found = decode(_floats(boxes), logits, anchors(size), size=size, cutoff=cutoff, overlap=overlap)
    box = Letterbox.of(width, height)
    return [_told(box.undo(face), width, height) for face in found]


def _floats(data: bytes) -> "array.array[float]":
    numbers = array.array("f")
    numbers.frombytes(data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _told(face: Face, width: int, height: int) -> dict[str, Value]:
    left, top, right, bottom = face.left * width, face.top * height, face.right * width, face.bottom * height
    return {
        "x": (left + right) / 2,
        "y": (top + bottom) / 2,
        "detectRect": {"originX": left, "originY": top, "width": right - left, "height": bottom - top},
        "global": face.probability,
    }
