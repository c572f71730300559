"""USB device firmware upgrade (STM32), by ``dfu-util``; files are ST's DfuSe (``.dfu``) or raw (``.bin``).

The command is the one that both the DFU and the DfuSe dialect have been kept working in for 20 years; pyusb with a
driver of our own would need the same libusb, and the same rule for udev.
"""

import re
import shutil
import struct
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from device_runtime.host.microboard import MicroBoard
from firmware_tools.flash.backend import Backend
from firmware_tools.flash.drive_backends import enter_bootloader
from firmware_tools.flash.drives import wait_until
from firmware_tools.flash.errors import FlashError, one_line
from firmware_tools.flash.images import Span, check_fits, known_chip, whole_file
from firmware_tools.flash.job import Job, Outcome, Progress
from firmware_tools.flash.tools import need, run

_DEVICE = re.compile(
    r'^Found DFU: \[([0-9a-f]{4}:[0-9a-f]{4})\].*?path="([^"]*)", alt=(\d+), name="([^"]*)", serial="([^"]*)"',
    re.MULTILINE,
)
_DENIED = re.compile(r"Cannot open DFU device ([0-9a-f]{4}:[0-9a-f]{4})")
_PERCENT = re.compile(r"(\d+)%")
_PREFIX, _TARGET, _ELEMENT = struct.Struct("<5sBIB"), struct.Struct("<6sBI255sII"), struct.Struct("<II")
_SUFFIX = struct.Struct("<HHHH3sBI")
_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class DfuDevice:
    """A boot loader on USB: ``path`` is bus and ports, as ``dfu-util --path`` takes it."""

    usb: str
    path: str
    name: str
    serial_number: str


@dataclass(frozen=True, slots=True)
class Element:
    """Bytes for one place in the flash."""

    address: int
    data: bytes


class DfuBackend(Backend):
    """Writes, reads everything back, compares, and starts the board."""

    formats = (".dfu", ".bin")

    def check(self, job: Job) -> None:
        self._elements(job)

    def plan(self, job: Job) -> list[str]:
        places = ", ".join(f"{len(item.data):,} bytes at 0x{item.address:08x}" for item in self._elements(job))
        first = [f"ask MicroPython on {job.place} for its boot loader"] if job.place.startswith("/dev/") else []
        return [
            *first,
            f"find the boot loader of {job.board.name} on USB ({', '.join(_micro(job).flash.bootloader)})",
            f"write {places} with dfu-util",
            "read all of it back and compare",
            "start the board",
        ]

    def flash(self, job: Job, progress: Progress) -> Outcome:
        elements = self._elements(job)
        board = _micro(job)
        tool = need("dfu-util", "dfu-util")
        progress.step("looking for the boot loader on USB")
        device = self._device(job, board)
        common = [tool, "-d", device.usb, "-p", device.path, "-a", "0"]
        total = sum(len(item.data) for item in elements)
        with tempfile.TemporaryDirectory(prefix="cygnet-dfu-") as folder:
            done = 0
            progress.step("writing", total)
            for item in elements:
                part = Path(folder, "part.bin")
                part.write_bytes(item.data)
                where = f"0x{item.address:08x}"
                _run([*common, "-s", where, "-D", str(part)], progress, done, len(item.data), job)
                done += len(item.data)
            progress.step("reading back", total)
            for number, item in enumerate(elements):
                back = Path(folder, f"back{number}.bin")
                leave = ":leave" if number == len(elements) - 1 else ""
                where = f"0x{item.address:08x}:{len(item.data)}{leave}"
                _run([*common, "-s", where, "-U", str(back)], progress, 0, len(item.data), job)
                if back.read_bytes() != item.data:
                    raise FlashError(
                        "verification",
                        f"what {device.usb} holds at 0x{item.address:08x} is not what was written; do it again, "
                        "with another cable if it repeats",
                    )
        return Outcome(total, "what was read back is what was written")

    def _device(self, job: Job, board: MicroBoard) -> DfuDevice:
        if not job.place or job.place.startswith("usb:"):
            return _choose(job.place, list_devices(), board)
        before = {device.path for device in list_devices()}
        enter_bootloader(job.place, board)
        came: list[DfuDevice] = []

        def look() -> bool:
            came[:] = [
                item for item in list_devices() if item.path not in before and item.usb in board.flash.bootloader
            ]
            return bool(came)

        wait_until(look, job.waits.drive)
        return _choose("", came, board)

    def _elements(self, job: Job) -> list[Element]:
        board = _micro(job)
        chip = known_chip(board.flash.chip, board.name)
        if job.firmware.path.suffix.lower() == ".dfu":
            elements = read_dfu(job.firmware.path, board.flash.bootloader)
        else:
            elements = [Element(board.flash.offset, whole_file(job.firmware.path))]
        spans = [Span(item.address, item.address + len(item.data)) for item in elements]
        check_fits(job.firmware.path, spans, chip, board.flash.flash_kb, board.name)
        return elements


def list_devices() -> list[DfuDevice]:
    """DFU boot loaders on USB; none where ``dfu-util`` is not installed.

    Raises:
        FlashError: there is one, but it may not be opened.
    """
    tool = shutil.which("dfu-util")
    if tool is None:
        return []
    return read_devices(run([tool, "-l"], 30.0)[1])


def read_devices(said: str) -> list[DfuDevice]:
    """What ``dfu-util -l`` lists, one entry a device.

    Raises:
        FlashError: it lists none, and says that one may not be opened.
    """
    found = {
        path: DfuDevice(usb, path, name, number) for usb, path, alt, name, number in _DEVICE.findall(said) if alt == "0"
    }
    denied = _DENIED.search(said)
    if denied and not found:
        raise FlashError(
            "permission",
            f"the boot loader {denied[1]} may not be opened by you; `cygnet board doctor` has the rule for udev",
        )
    return list(found.values())


def read_dfu(path: Path, ids: tuple[str, ...]) -> list[Element]:
    """What a DfuSe file holds, checked by its sum; ``ids`` are the USB ids that it may be for.

    Raises:
        FlashError: it is damaged, or for another device.
    """
    data = whole_file(path)
    damaged = FlashError("firmware", f"{path} is damaged or no DfuSe file; get it again")
    if len(data) < _PREFIX.size + _SUFFIX.size:
        raise damaged
    _, product, vendor, _, mark, length, crc = _SUFFIX.unpack(data[-_SUFFIX.size :])
    signature, _, size, targets = _PREFIX.unpack_from(data)
    sound = mark == b"UFD" and length == _SUFFIX.size and crc == zlib.crc32(data[:-4]) ^ 0xFFFFFFFF
    if not sound or signature != b"DfuSe" or size != len(data) - _SUFFIX.size:
        raise damaged
    usb = f"{vendor:04x}:{product:04x}"
    if usb not in ids and (vendor, product) != (0xFFFF, 0xFFFF):
        raise FlashError(
            "wrong-chip", f"{path} is for {usb}, but the board's boot loader is {', '.join(ids)}; use its own firmware"
        )
    elements: list[Element] = []
    at = _PREFIX.size
    try:
        for _ in range(targets):
            name, _, _, _, _, count = _TARGET.unpack_from(data, at)
            if name != b"Target":
                raise damaged
            at += _TARGET.size
            for _ in range(count):
                address, size = _ELEMENT.unpack_from(data, at)
                at += _ELEMENT.size
                if not size or at + size > len(data) - _SUFFIX.size:
                    raise damaged
                elements.append(Element(address, data[at : at + size]))
                at += size
    except struct.error:
        raise damaged from None
    if not elements:
        raise damaged
    return elements


def _choose(place: str, devices: list[DfuDevice], board: MicroBoard) -> DfuDevice:
    wanted = place.removeprefix("usb:")
    fitting = [item for item in devices if item.usb in board.flash.bootloader and wanted in {"", item.path}]
    if not fitting:
        raise FlashError(
            "wrong-mode", f"no boot loader of {board.name} is on USB; {board.flash.bootloader_help}, and do it again"
        )
    if len(fitting) > 1:
        places = ", ".join(f"usb:{item.path}" for item in fitting)
        raise FlashError("wrong-board", f"{len(fitting)} such boot loaders are on USB ({places}); name one with --port")
    return fitting[0]


def _run(command: list[str], progress: Progress, before: int, size: int, job: Job) -> None:
    def heard(text: str) -> None:
        found = _PERCENT.findall(text)
        if found:
            progress.at(before + size * int(found[-1]) // 100)

    code, said = run(command, _SECONDS, heard)
    if code and "LIBUSB_ERROR_ACCESS" in said:
        raise FlashError(
            "permission", f"{job.board.name} may not be opened by you; `cygnet board doctor` has the rule for udev"
        )
    if code:
        lines = [line for line in said.splitlines() if line.strip()]
        raise FlashError(
            "vanished", f"dfu-util failed: {one_line(lines[-1] if lines else '')}; look at the cable, and do it again"
        )


def _micro(job: Job) -> MicroBoard:
    assert isinstance(job.board, MicroBoard)  # noqa: S101 (the method was taken from such a board)
    return job.board
