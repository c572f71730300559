"""``image.info``: how large a picture is, for ``getImageInfo`` and for the pictures of a canvas.

Only the head of a file is read; formats are those that every browser shows: PNG (https://www.w3.org/TR/png/), JPEG
(ITU-T T.81, with Exif's orientation), GIF (GIF89a), WebP (RFC 9649), BMP and SVG.
"""

import base64
import binascii
import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote_to_bytes

from device_runtime.capability.arguments import refuse, text
from device_runtime.capability.files import ProgramFiles
from device_runtime.capability.media import ProgramMedia
from device_runtime.capability.origin import parse_url
from device_runtime.capability.registry import Caller, Capability, CapabilityError
from device_runtime.values import Value

MAX_ADDRESS_CHARACTERS = 4 * 1024 * 1024
_ORIENTATIONS = ("up", "up-mirrored", "down", "down-mirrored", "left-mirrored", "right", "right-mirrored", "left")
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_ATTRIBUTE = re.compile(rb"""\b(width|height|viewBox)\s*=\s*["']\s*([^"']{1,80})["']""")


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture's size in pixels, its format in WeChat's words, and how it must be turned."""

    width: int
    height: int
    type: str
    orientation: str = "up"


def read_picture(data: bytes) -> Picture | None:
    """What the head of a file says; ``None`` if it is no picture that a screen shows."""
    for begins, read in _FORMATS:
        if begins(data):
            try:
                return read(data)
            except (struct.error, IndexError, ValueError):  # cut short, or damaged
                return None
    return None


def _png(data: bytes) -> Picture:
    width, height = struct.unpack_from(">II", data, 16)
    return Picture(width, height, "png")


def _gif(data: bytes) -> Picture:
    width, height = struct.unpack_from("<HH", data, 6)
    return Picture(width, height, "gif")


def _bmp(data: bytes) -> Picture:
    width, height = struct.unpack_from("<ii", data, 18)
    return Picture(abs(width), abs(height), "bmp")


def _webp(data: bytes) -> Picture:
    kind = data[12:16]
    if kind == b"VP8X":
        width = int.from_bytes(data[24:27], "little") + 1
        height = int.from_bytes(data[27:30], "little") + 1
    elif kind == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    else:
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
    return Picture(width, height, "webp")


def _jpeg(data: bytes) -> Picture | None:
    at, orientation = 2, "up"
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker in (0xFF, 0x01) or 0xD0 <= marker <= 0xD8:
            at += 1 if marker == 0xFF else 2
            continue
        length = struct.unpack_from(">H", data, at + 2)[0]
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return Picture(width, height, "jpeg", orientation)
        if marker == 0xE1 and data[at + 4 : at + 10] == b"Exif\0\0":
            orientation = _exif(data[at + 10 : at + 2 + length]) or orientation
        at += 2 + length
    return None


def _exif(data: bytes) -> str | None:
    """The tag Orientation of the first directory (Exif 2.32, 4.6.4)."""
    order = "<" if data[:2] == b"II" else ">"
    first = struct.unpack_from(f"{order}I", data, 4)[0]
    for index in range(struct.unpack_from(f"{order}H", data, first)[0]):
        tag, _, _, value = struct.unpack_from(f"{order}HHIH", data, first + 2 + index * 12)
        if tag == 0x0112:
            return _ORIENTATIONS[value - 1] if 1 <= value <= 8 else None
    return None


def _svg(data: bytes) -> Picture | None:
    head = data[: data.find(b">", data.find(b"<svg")) + 1]
    found = {name.decode(): value.decode("ascii", "replace") for name, value in _ATTRIBUTE.findall(head)}
    sides = [_pixels(found.get(name, "")) for name in ("width", "height")]
    if None in sides:
        box = found.get("viewBox", "").replace(",", " ").split()
        sides = [_pixels(side) for side in box[2:4]] if len(box) == 4 else [300.0, 150.0]
    width, height = (side or 0.0 for side in sides)
    return Picture(round(width), round(height), "svg")


def _pixels(length: str) -> float | None:
    match = re.fullmatch(r"\s*(\d{1,6}(?:\.\d+)?)(?:px)?\s*", length)
    return float(match[1]) if match else None


_FORMATS: tuple[tuple[Callable[[bytes], bool], Callable[[bytes], Picture | None]], ...] = (
    (lambda data: data.startswith(b"\x89PNG\r\n\x1a\n"), _png),
    (lambda data: data.startswith(b"\xff\xd8\xff"), _jpeg),
    (lambda data: data[:6] in (b"GIF87a", b"GIF89a"), _gif),
    (lambda data: data[:4] == b"RIFF" and data[8:12] == b"WEBP", _webp),
    (lambda data: data.startswith(b"BM") and len(data) >= 26, _bmp),
    (lambda data: b"<svg" in data[:1024], _svg),
)


def picture_capabilities(files: ProgramFiles, media: ProgramMedia) -> list[Capability]:
    """``image.info {src}`` -> ``{width, height, type, orientation, path}``. ``src`` is a path in the package, a file of
    the program, a ``data:`` picture, or an address of an origin in ``network.request``."""

    async def info(caller: Caller, arguments: Mapping[str, Value]) -> Value:
        source = text(arguments, "src", MAX_ADDRESS_CHARACTERS)
        path = source
        if source.startswith("data:"):
            data = _data(source)
        elif source.startswith(("http://", "https://")):
            data = await media.read(caller, source)
            suffix = PurePosixPath(parse_url(source).path).suffix
            path = await files.add_temporary(caller, data, suffix if re.fullmatch(r"\.[a-z0-9]{1,5}", suffix) else "")
        else:
            data = await media.read(caller, source)
        picture = read_picture(data)
        if picture is None:
            raise CapabilityError("the file is no picture that the screen shows")
        return {
            "width": picture.width,
            "height": picture.height,
            "type": picture.type,
            "orientation": picture.orientation,
            "path": path,
        }

    return [Capability("image.info", info)]


def _data(address: str) -> bytes:
    head, comma, body = address.partition(",")
    if not comma:
        raise refuse("src is no data: address")
    if not head.endswith(";base64"):
        return unquote_to_bytes(body)
    try:
        return base64.b64decode(unquote_to_bytes(body), validate=False)
    except (binascii.Error, ValueError) as error:
        raise refuse("src is no data: address") from error
