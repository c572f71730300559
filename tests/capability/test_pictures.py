"""How large pictures are, wherever a program has them from."""

import base64
import struct
from pathlib import Path

import pytest

from device_runtime.capability.files import ProgramFiles
from device_runtime.capability.media import ProgramMedia
from device_runtime.capability.origin import NetworkPolicy
from device_runtime.capability.pictures import Picture, picture_capabilities, read_picture
from device_runtime.capability.registry import CapabilityError, CapabilityGate
from device_runtime.capability.request import HttpClient
from tests.capability.conftest import MakeCaller
from tests.open_privacy import OpenPrivacy

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 320, 200)
EXIF = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0"
JPEG = (
    b"\xff\xd8\xff\xe1"
    + struct.pack(">H", len(EXIF) + 2)
    + EXIF
    + b"\xff\xff\xc2\0\x11\x08"
    + struct.pack(">HH", 30, 40)
)
FORMATS = {
    "png": (PNG, Picture(320, 200, "png")),
    "jpeg turned by Exif": (JPEG, Picture(40, 30, "jpeg", "right")),
    "gif": (b"GIF89a" + struct.pack("<HH", 7, 9), Picture(7, 9, "gif")),
    "bmp from its top": (b"BM" + bytes(16) + struct.pack("<ii", 5, -6), Picture(5, 6, "bmp")),
    "webp": (b"RIFF....WEBPVP8 " + bytes(10) + struct.pack("<HH", 11, 12), Picture(11, 12, "webp")),
    "webp without loss": (
        b"RIFF....WEBPVP8L" + bytes(4) + b"\x2f" + struct.pack("<I", 12 | 8 << 14), Picture(13, 9, "webp"),
    ),
    "webp with more": (b"RIFF....WEBPVP8X" + bytes(8) + b"\x63\0\0\x31\0\0", Picture(100, 50, "webp")),
    "svg": (b"<?xml?><svg xmlns='x' width='24px' height=\"12\"><g width='9'/></svg>", Picture(24, 12, "svg")),
    "svg by its box": (b"<svg viewBox='0 0 30 20'></svg>", Picture(30, 20, "svg")),
    "svg without a size": (b"<svg></svg>", Picture(300, 150, "svg")),
    "cut short": (PNG[:20], None),
    "jpeg without a frame": (b"\xff\xd8\xff\xe0\0\x02\xff\xd9", None),
    "text": (b"hello", None),
    "nothing": (b"", None),
}  # fmt: skip


@pytest.mark.parametrize("case", FORMATS)
def test_a_picture_says_its_size(case: str) -> None:
    data, picture = FORMATS[case]
    assert read_picture(data) == picture


@pytest.fixture
def gate(tmp_path: Path) -> CapabilityGate:
    files = ProgramFiles(tmp_path)
    return CapabilityGate(picture_capabilities(files, ProgramMedia(files, HttpClient(NetworkPolicy(), OpenPrivacy()))))


async def test_a_picture_of_the_package_is_found(gate: CapabilityGate, make_caller: MakeCaller) -> None:
    caller = make_caller(entries={"images/a.png": PNG})
    expected = {"width": 320, "height": 200, "type": "png", "orientation": "up", "path": "/images/a.png"}
    assert await gate.invoke(caller, "image.info", {"src": "/images/a.png"}) == expected


async def test_a_picture_may_be_in_its_address(gate: CapabilityGate, make_caller: MakeCaller) -> None:
    address = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    result = await gate.invoke(make_caller(), "image.info", {"src": address})
    assert isinstance(result, dict)
    assert (result["width"], result["height"]) == (320, 200)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("/images/none.png", "no such file"),
        ("/a.txt", "is no picture"),
        ("https://example.com/a.png", "the manifest does not ask for the permission request"),
        ("data:image/png;base64", "no data: address"),
        ("ftp://x/a.png", "is no file of the program"),
    ],
)
async def test_what_is_no_picture_is_refused(
    gate: CapabilityGate, make_caller: MakeCaller, source: str, reason: str
) -> None:
    caller = make_caller(entries={"a.txt": b"text"})
    with pytest.raises(CapabilityError, match=reason):
        await gate.invoke(caller, "image.info", {"src": source})


async def test_an_origin_that_is_not_declared_is_not_asked(gate: CapabilityGate, make_caller: MakeCaller) -> None:
    caller = make_caller(permissions=["request"])
    with pytest.raises(CapabilityError, match="url not in domain list"):
        await gate.invoke(caller, "image.info", {"src": "https://example.com/a.png"})
