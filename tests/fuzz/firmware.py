"""Files of firmware: any bytes are an image for a board or a FlashError that names the file."""

import struct
import tempfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

from device_runtime.host.board import find_micro_board
from firmware_tools.flash.backend import backend_for
from firmware_tools.flash.errors import FlashError
from firmware_tools.flash.firmware import Firmware
from firmware_tools.flash.job import Job
from tests.fuzz.choices import Choices
from tests.fuzz.refusals import check_refusal

_BOARDS = {"esp32": ".bin", "pico-w": ".uf2", "microbit": ".hex", "pybd-sf2": ".dfu"}
_PLACE = Path(tempfile.mkdtemp(prefix="cygnet-fuzz-"))


def _uf2() -> bytes:
    words = (0x0A324655, 0x9E5D5157, 0x2000, 0x10000000, 256, 0, 1, 0xE48BFF56)
    return struct.pack("<8I476xI", *words, 0x0AB16F30)


def _dfu() -> bytes:
    target = struct.pack("<6sBI255sIIII", b"Target", 0, 1, b"", 12, 1, 0x08008000, 4) + b"data"
    made = struct.pack("<5sBIB", b"DfuSe", 1, 11 + len(target), 1) + target
    made += struct.pack("<HHHH3sB", 0xFFFF, 0xDF11, 0x0483, 0x011A, b"UFD", 16)
    return made + struct.pack("<I", zlib.crc32(made) ^ 0xFFFFFFFF)


def _esp() -> bytes:
    header = struct.pack("<BBBBIBBBBHBHH4xB", 0xE9, 1, 2, 0x20, 0x400, 0, 0, 0, 0, 0, 0, 0, 0xFFFF, 0)
    return header + struct.pack("<II", 0x3FFF0000, 4) + b"data" + bytes(15) + b"\x01"


_HEX = b":020000040000FA\n:0400000001020304F2\n:0400000A9901C0DEBA\n:00000001FF\n"
_SAMPLES = {"esp32": _esp(), "pico-w": _uf2(), "microbit": _HEX, "pybd-sf2": _dfu()}
SEEDS = [bytes([number, 0]) + _SAMPLES[name] for number, name in enumerate(_BOARDS)]


def feed(data: bytes) -> None:
    choices = Choices(data)
    number = choices.below(len(_BOARDS))
    name = list(_BOARDS)[number]
    if choices.below(2) == 0:
        check(bytes([number]) + choices.rest())
        return
    sample = bytearray(_SAMPLES[name] * (choices.below(3) + 1))
    for _ in range(choices.below(5) + 1):
        at = choices.below(len(sample) + 1)
        match choices.below(3):
            case 0:
                sample[at : at + 1] = bytes([choices.byte()])
            case 1:
                del sample[at : at + choices.below(60)]
            case _:
                sample[at:at] = sample[: choices.below(60)]
    check(bytes([number]) + bytes(sample))


def check(data: bytes) -> None:
    """The first byte says for which board the rest is."""
    name = list(_BOARDS)[data[0] % len(_BOARDS)] if data else "esp32"
    path = _PLACE / f"firmware{_BOARDS[name]}"
    path.write_bytes(data[1:])
    job = Job(board=find_micro_board(name), place="", firmware=Firmware(path, "", ""))
    try:
        backend_for(job.board.flash.method).check(job)
    except FlashError as error:
        check_refusal(error, names=str(path))


CASES: Mapping[str, Callable[[], bytes]] = {
    "nothing": lambda: b"\0",
    "an image of 255 segments": lambda: b"\0" + b"\xe9\xff" + _esp()[2:],
    "a DfuSe file of 255 targets": lambda: b"\3" + _with_sum(_dfu()[:10] + b"\xff" + _dfu()[11:-4]),
    "a record of 255 bytes on a short line": lambda: b"\2:FF000000\n",
    "custom data that is no number": lambda: b"\2" + _HEX.replace(b":00000001FF", b":0400000Dxy020304F2"),
    "an image whose last byte is 255": lambda: b"\0" + _esp()[:23] + b"\xff" + _esp()[24:],
    "a block that says it has 4 GB": lambda: b"\1" + _uf2()[:16] + b"\xff" * 4 + _uf2()[20:],
    "a block at the end of addresses": lambda: b"\1" + _uf2()[:12] + b"\xff" * 4 + _uf2()[16:],
}


def _with_sum(made: bytes) -> bytes:
    return made + struct.pack("<I", zlib.crc32(made) ^ 0xFFFFFFFF)
