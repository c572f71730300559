"""DFU, as far as it goes without hardware: files, plans, what `dfu-util` says. No board was flashed by it here."""

import shutil
import struct
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from firmware_tools.flash import dfu
from firmware_tools.flash.backend import backend_for
from firmware_tools.flash.dfu import DfuDevice, Element, read_devices, read_dfu
from firmware_tools.flash.errors import FlashError
from firmware_tools.flash.job import Silent
from tests.flash.conftest import PICO_W, Said, job, one_sentence

Run = Callable[..., Said]
IDS = ("0483:df11",)
# As dfu-util 0.11 writes it (src/dfu_util.c: print_dfu_if).
LISTED = """\
dfu-util 0.11

Found DFU: [0483:df11] ver=0200, devnum=9, cfg=1, intf=0, path="1-2.1", alt=1, name="@External", serial="2F003A"
Found DFU: [0483:df11] ver=0200, devnum=9, cfg=1, intf=0, path="1-2.1", alt=0, name="@Internal Flash  /0x08000000/\
04*016Kg", serial="2F003A"
Found DFU: [2e3c:df11] ver=0200, devnum=10, cfg=1, intf=0, path="1-3", alt=0, name="@Other", serial="UNKNOWN"
"""


def dfuse(*elements: Element, usb: str = "0483:df11") -> bytes:
    """A DfuSe file, as ST's document UM0391 has it."""
    vendor, product = (int(part, 16) for part in usb.split(":"))
    body = b"".join(struct.pack("<II", item.address, len(item.data)) + item.data for item in elements)
    target = struct.pack("<6sBI255sII", b"Target", 0, 1, b"ST...", len(body), len(elements)) + body
    made = struct.pack("<5sBIB", b"DfuSe", 1, 11 + len(target), 1) + target
    made += struct.pack("<HHHH3sB", 0xFFFF, product, vendor, 0x011A, b"UFD", 16)
    return made + struct.pack("<I", zlib.crc32(made) ^ 0xFFFFFFFF)


FIRMWARE = (Element(0x08008000, bytes(range(200))), Element(0x90000000, b"fonts"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "f.dfu"
    path.write_bytes(dfuse(*FIRMWARE))
    return path


def test_a_file_is_read_with_all_its_places(file: Path) -> None:
    assert read_dfu(file, IDS) == list(FIRMWARE)


@pytest.mark.skipif(shutil.which("dfu-suffix") is None, reason="dfu-util is not installed")
def test_dfu_utils_own_check_agrees_with_ours(file: Path) -> None:
    said = subprocess.run(["dfu-suffix", "-c", str(file)], capture_output=True, text=True, check=False)
    assert "Vendor ID:\t0x0483" in said.stdout
    file.write_bytes(file.read_bytes()[:-1] + b"\0")
    broken = subprocess.run(["dfu-suffix", "-c", str(file)], capture_output=True, text=True, check=False)
    assert broken.returncode != 0
    with pytest.raises(FlashError):
        read_dfu(file, IDS)


@pytest.mark.parametrize("cut", [0, 10, 26, 100, 300, -1])
def test_a_damaged_file_is_refused(file: Path, cut: int) -> None:
    file.write_bytes(file.read_bytes()[:cut])
    with pytest.raises(FlashError, match="is damaged or no DfuSe file; get it again") as failure:
        backend_for("dfu").check(job("pybd-sf2", "", file))
    assert failure.value.kind == "firmware"


@pytest.mark.parametrize(
    ("data", "kind", "words"),
    [
        (dfuse(*FIRMWARE, usb="1209:5740"), "wrong-chip", "is for 1209:5740, but the board's boot loader is 0483:df11"),
        (dfuse(Element(0x0807FF00, bytes(512))), "too-small", "needs flash up to 0x08080100"),
        (dfuse(Element(0x20000000, bytes(512))), "wrong-chip", "writes at 0x20000000, where pybd-sf2 has no flash"),
        (dfuse(), "firmware", "is damaged or no DfuSe file"),
        (dfuse(*FIRMWARE, *[Element(0x08000000, b"")] * 1000), "firmware", "is damaged or no DfuSe file"),
    ],
)
def test_a_file_for_another_board_is_refused(file: Path, data: bytes, kind: str, words: str) -> None:
    file.write_bytes(data)
    with pytest.raises(FlashError) as failure:
        backend_for("dfu").check(job("pybd-sf2", "", file))
    assert failure.value.kind == kind
    assert words in one_sentence(failure.value)


def test_devices_are_read_of_what_dfu_util_lists() -> None:
    assert read_devices(LISTED) == [
        DfuDevice("0483:df11", "1-2.1", "@Internal Flash  /0x08000000/04*016Kg", "2F003A"),
        DfuDevice("2e3c:df11", "1-3", "@Other", "UNKNOWN"),
    ]


def test_a_device_that_one_may_not_open_is_told() -> None:
    with pytest.raises(FlashError, match="0483:df11 may not be opened by you") as failure:
        read_devices("Cannot open DFU device 0483:df11 found on devnum 9 (LIBUSB_ERROR_ACCESS)\n")
    assert failure.value.kind == "permission"


@pytest.mark.parametrize(
    ("devices", "place", "words"),
    [
        ([], "", "no boot loader of pybd-sf2 is on USB; hold USR, press RST"),
        (["1-1", "1-2"], "", "2 such boot loaders are on USB (usb:1-1, usb:1-2); name one with --port"),
        (["1-1"], "usb:1-9", "no boot loader of pybd-sf2 is on USB"),
    ],
)
def test_none_or_too_many_boot_loaders_are_told(
    file: Path, monkeypatch: pytest.MonkeyPatch, devices: list[str], place: str, words: str
) -> None:
    if shutil.which("dfu-util") is None:
        pytest.skip("dfu-util is not installed")
    monkeypatch.setattr(dfu, "list_devices", lambda: [DfuDevice("0483:df11", path, "", "") for path in devices])
    with pytest.raises(FlashError) as failure:
        backend_for("dfu").flash(job("pybd-sf2", place, file), Silent())
    assert words in one_sentence(failure.value)


def test_another_board_on_a_port_is_not_sent_into_its_boot_loader(file: Path, pico: Callable[[Path], str]) -> None:
    if shutil.which("dfu-util") is None:
        pytest.skip("dfu-util is not installed")
    with pytest.raises(FlashError, match=r"is a Raspberry Pi Pico W with RP2040, but pybd-sf2 has stm32f722"):
        backend_for("dfu").flash(job("pybd-sf2", pico(PICO_W), file), Silent())


@pytest.mark.skipif(shutil.which("dfu-util") is None, reason="dfu-util is not installed")
def test_a_device_that_is_not_there_is_told_in_dfu_utils_words(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dfu, "list_devices", lambda: [DfuDevice("0483:df11", "9-9", "", "")])
    with pytest.raises(FlashError, match=r"dfu-util failed: .*; look at the cable, and do it again") as failure:
        backend_for("dfu").flash(job("pybd-sf2", "", file), Silent())
    assert failure.value.kind == "vanished"


def test_a_missing_command_is_told_with_its_package(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(FlashError, match="dfu-util is not installed; install the package dfu-util") as failure:
        backend_for("dfu").flash(job("pybd-sf2", "", file), Silent())
    assert failure.value.kind == "tool"


def test_the_plan_tells_each_place(run: Run, file: Path) -> None:
    said = run("flash", file, "--board", "pybd-sf2", "--dry-run")
    assert "write 200 bytes at 0x08008000, 5 bytes at 0x90000000 with dfu-util" in said.out
