"""The ROM loader of Espressif's chips, by esptool."""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import esptool
import serial
from esptool.logger import TemplateLogger, log
from esptool.reset import ResetStrategy
from esptool.util import FatalError, flash_size_bytes

from device_runtime.host.microboard import MicroBoard
from firmware_tools.flash import micropython
from firmware_tools.flash.backend import Backend
from firmware_tools.flash.backup import write_backup
from firmware_tools.flash.chips import chip_name
from firmware_tools.flash.errors import FlashError, one_line
from firmware_tools.flash.images import Span, check_fits, known_chip, read_esp
from firmware_tools.flash.job import Job, Outcome, Progress, Silent
from firmware_tools.flash.ports import check_port, holders, port_error

_ROM_BAUD = 115200  # what every ROM loader starts with
_ATTEMPTS = 3
# What esptool says, and what it means for the user; the first that is in its words counts.
_MEANINGS = (
    ("No serial data received", "wrong-mode"),
    ("Failed to connect", "wrong-mode"),
    ("will not fit in", "too-small"),
    ("MD5 of file does not match", "verification"),
    ("written flash region is empty", "verification"),
    ("is not an ESP", "wrong-chip"),
    ("requires chip revision", "wrong-chip"),
    ("Could not open", "no-board"),
    ("Secure Boot", "unsafe"),
    ("flash encryption", "unsafe"),
)


class EspBackend(Backend):
    """Writes one image with esptool's stub, which compares MD5 sums afterwards."""

    formats = (".bin",)

    def check(self, job: Job) -> None:
        self._image(job)

    def plan(self, job: Job) -> list[str]:
        flash = _micro(job).flash
        return [
            f"connect to the ROM loader on {job.place} and see that the chip is {flash.chip}",
            f"see that its flash holds 0x{flash.offset + job.firmware.path.stat().st_size:x} bytes",
            *(["erase the whole flash"] if job.erase else []),
            f"write {job.firmware.path} at 0x{flash.offset:x}",
            "compare the MD5 of the flash with that of the file",
            "reset the board",
        ]

    def flash(self, job: Job, progress: Progress) -> Outcome:
        data = self._image(job)
        mac = ""
        try:
            with connected(job.place, progress) as esp:
                _same_chip(esp, job)
                mac = _mac(esp)
                self._write(esp, job, data, progress)
        except FlashError as error:
            error.identity = mac
            other = _another_board(job) if error.kind == "wrong-mode" else None
            if other is not None:
                raise other from error
            raise
        return Outcome(len(data), "the MD5 of the flash is that of the file", mac)

    def _write(self, esp: Any, job: Job, data: bytes, progress: Progress) -> None:
        flash = _micro(job).flash
        stub = _stub(esp, job, progress)
        size = flash_size_bytes(esptool.detect_flash_size(stub))
        if size and flash.offset + len(data) > size:
            raise FlashError(
                "too-small",
                f"{job.firmware.path} needs 0x{flash.offset + len(data):x} bytes of flash, but the board on "
                f"{job.place} "
                f"has 0x{size:x}; use smaller firmware, or a board with more flash",
            )
        # esptool would open the port's name again, behind which another board may be by then.
        stub.WRITE_FLASH_ATTEMPTS = 1
        progress.step("writing", len(data))
        _LOGGER.local.total = len(data)
        esptool.write_flash(stub, [(flash.offset, data)], erase_all=job.erase)
        progress.step("resetting")
        _hard_reset(stub)

    def reset(self, place: str, progress: Progress) -> str:
        with connected(place, progress) as esp:
            _hard_reset(esp)
        return "reset from the ROM loader"

    def backup(self, job: Job, path: Path, progress: Progress) -> int:
        with connected(job.place, progress) as esp:
            _same_chip(esp, job)
            stub = _stub(esp, job, progress)
            size = flash_size_bytes(esptool.detect_flash_size(stub)) or _micro(job).flash.flash_kb * 1024
            progress.step("reading", size)
            _LOGGER.local.total = size
            data = esptool.read_flash(stub, 0, size)  # with a digest, which esptool compares
            _hard_reset(stub)
        write_backup(path, data or b"")
        return len(data or b"")

    def _image(self, job: Job) -> bytes:
        board = _micro(job)
        chip = known_chip(board.flash.chip, board.name)
        data = read_esp(job.firmware.path, chip, board.name, board.flash.offset)
        span = Span(board.flash.offset, board.flash.offset + len(data))
        check_fits(job.firmware.path, [span], chip, board.flash.flash_kb, board.name)
        return data


def ask_chip(device: str) -> tuple[str, str]:
    """The chip that answers from its ROM on a port, and its MAC. The board is reset, before and after.

    Raises:
        FlashError: the port cannot be opened, or no such chip answers.
    """
    with connected(device, Silent(), attempts=1) as esp:
        mac, name = _mac(esp), chip_name(esp.CHIP_NAME)
        _hard_reset(esp)
    return name, mac


@contextlib.contextmanager
def connected(device: str, progress: Progress, attempts: int = _ATTEMPTS) -> Iterator[Any]:
    """A connection to a chip's ROM loader, with esptool's failures as sentences.

    Raises:
        FlashError: the port cannot be opened, no chip answers, or a step within fails.
    """
    check_port(device)
    progress.step(f"connecting to the ROM loader on {device}")
    esp = None
    _LOGGER.local.progress = progress
    try:
        esp = esptool.detect_chip(device, connect_attempts=attempts)
        yield esp
    except FatalError as error:
        _close(esp)
        raise _sentence(device, error) from error
    except (OSError, serial.SerialException) as error:
        _close(esp)
        raise port_error(device, error) from error
    finally:
        _LOGGER.local.progress = None
        _close(esp)


def _stub(esp: Any, job: Job, progress: Progress) -> Any:
    """esptool's own loader in the chip's RAM, at the board's speed, with the flash attached."""
    progress.step("starting the loader's stub")
    stub = esptool.run_stub(esp)
    baud = job.baud or _micro(job).flash.baud
    if baud != _ROM_BAUD and stub.IS_STUB:
        with contextlib.suppress(FatalError):  # a bridge that cannot do it is slower, but works
            stub.change_baud(baud)
    esptool.attach_flash(stub)
    return stub


def _mac(esp: Any) -> str:
    return ":".join(f"{octet:02x}" for octet in esp.read_mac("BASE_MAC"))


def _close(esp: Any) -> None:
    if esp is not None:
        with contextlib.suppress(OSError, serial.SerialException):
            esp._port.close()


def _hard_reset(esp: Any) -> None:
    """Reset by the RTS wire; a port that has none (a terminal, a socket) leaves it to the user."""
    with contextlib.suppress(OSError):
        esptool.reset_chip(esp, "hard-reset")


def _same_chip(esp: Any, job: Job) -> None:
    found, wanted = chip_name(esp.CHIP_NAME), _micro(job).flash.chip
    if found != wanted:
        raise FlashError(
            "wrong-board",
            f"the board on {job.place} has {found}, but {job.board.name} has {wanted}; name another port or "
            "another board",
        )


def _another_board(job: Job) -> FlashError | None:
    """What MicroPython says, where no ROM loader answers: it may run on a board of another kind."""
    try:
        answer = micropython.ask(job.place)
    except FlashError:
        return None
    if not answer.chip or answer.chip == _micro(job).flash.chip:
        return None
    return FlashError(
        "wrong-board",
        f"the board on {job.place} is a {answer.machine}, but {job.board.name} has {_micro(job).flash.chip}; "
        "name another port or another board",
    )


def _sentence(device: str, error: FatalError) -> FlashError:
    said = str(error)
    if "Failed to autodetect" in said:
        return FlashError(
            "wrong-mode",
            f"no chip that esptool knows answers on {device} ({one_line(said.partition('Failed')[0])}); "
            "name another port, or update esptool",
        )
    kind = next((kind for words, kind in _MEANINGS if words in said), "vanished")
    words = one_line(said.partition("For troubleshooting")[0])
    if kind == "wrong-mode":
        also = holders(device)
        others = f"; {', '.join(also)} has the port open, too" if also else ""
        return FlashError(
            "wrong-mode",
            f"no ROM loader answers on {device}{others}; hold the board's BOOT button while you press reset, "
            "and do it again",
        )
    if kind == "verification":
        return FlashError(
            "verification", f"what is in the flash is not what was written ({words}); do it again, with --baud 115200"
        )
    if kind == "vanished":
        return FlashError(
            "vanished",
            f"the ROM loader on {device} stopped in the middle ({words}); do it again, with --baud 115200 if it "
            "repeats",
        )
    words = words.replace(". Use --force to flash anyway", "")
    return FlashError(kind, f"{device}: {words}; take other firmware, or another board")  # type: ignore[arg-type]


def _micro(job: Job) -> MicroBoard:
    assert isinstance(job.board, MicroBoard)  # noqa: S101 (the method was taken from such a board)
    return job.board


class _Logger(TemplateLogger):  # type: ignore[misc]
    """esptool's words are dropped; its progress goes to whoever flashes in this thread."""

    def __init__(self) -> None:
        self.local = threading.local()

    def print(self, *args: Any, **kwargs: Any) -> None: ...

    def note(self, message: str) -> None: ...

    def warning(self, message: str) -> None: ...

    def error(self, message: str) -> None: ...

    def stage(self, finish: bool = False) -> None: ...

    def set_verbosity(self, verbosity: str) -> None: ...

    def progress_bar(self, cur_iter: int, total_iters: int, **_: Any) -> None:
        progress: Progress | None = getattr(self.local, "progress", None)
        if progress is not None:
            progress.at(
                cur_iter * getattr(self.local, "total", 0) // max(total_iters, 1)
            )  # esptool counts packed bytes


_LOGGER = _Logger()
log.set_logger(_LOGGER)
# A port without wires for a reset is no news here: `_sentence` tells what to do if nobody answers.
ResetStrategy.print_once = lambda *_: None
