"""Boot loaders that show a drive: UF2, and the micro:bit's DAPLink, which takes Intel HEX."""

import threading
import time
from abc import abstractmethod
from pathlib import Path

from device_runtime.host.microboard import MicroBoard
from firmware_tools.flash import micropython, naming
from firmware_tools.flash.backend import Backend
from firmware_tools.flash.drives import Drive, find_drives, is_there, read_drive, read_start, wait_until, write_to_drive
from firmware_tools.flash.errors import FlashError, one_line
from firmware_tools.flash.images import check_fits, known_chip, read_hex, read_uf2
from firmware_tools.flash.job import Job, Outcome, Progress
from firmware_tools.flash.ports import find_ports

_ASK_EVERY = 0.3
_ENTERING = threading.Lock()  # one board at a time enters its boot loader, so that a drive that comes is its own
_CLAIMED: set[str] = set()  # ports whose answer has proven a board, so that each board has an answer of its own
_CLAIMING = threading.Lock()


class _DriveBackend(Backend):
    """What both have in common: find the drive, write, see it go, ask who comes back."""

    method: str
    port_stays: bool
    """If the board's serial port is there while its boot loader shows the drive."""

    def check(self, job: Job) -> None:
        self._image(job)

    def plan(self, job: Job) -> list[str]:
        board = _micro(job)
        drives = ", ".join(board.flash.drives)
        asks = job.place and not self.port_stays and not read_drive(Path(job.place))
        first = [f"ask MicroPython on {job.place} for its boot loader"] if asks else []
        return [
            *first,
            f"find the drive of its boot loader ({self.method}, {drives})",
            f"write {job.firmware.path} to it",
            "see that the boot loader takes it and the drive goes",
            *(["ask MicroPython, when it is back, who it is"] if job.waits.back else []),
        ]

    def flash(self, job: Job, progress: Progress) -> Outcome:
        data = self._image(job)
        drive = self._drive(job, progress)
        before = set() if self.port_stays else {port.device for port in find_ports()} - {job.place}
        progress.step(f"writing to {drive.folder}", len(data))
        write_to_drive(drive, f"FIRMWARE{self.formats[0].upper()}", data, progress)
        progress.step(f"waiting for the boot loader on {drive.folder}")
        self._see_it_taken(drive, job)
        if not job.waits.back:
            return Outcome(len(data), "the boot loader took it")
        progress.step("waiting for MicroPython")
        return _who_is_back(job, len(data), before)

    def reset(self, place: str, progress: Progress) -> str:
        if read_drive(Path(place)):
            raise FlashError(
                "wrong-mode", f"{place} is a boot loader's drive; unplug the board and plug it in to leave it"
            )
        return reset_micropython(place, progress)

    def _drive(self, job: Job, progress: Progress) -> Drive:
        board = _micro(job)
        if job.place and (named := read_drive(Path(job.place))):
            return self._checked(named, board)
        if job.place and Path(job.place).is_dir():
            raise FlashError(
                "wrong-mode",
                f"{job.place} is no boot loader's drive (it has no INFO_UF2.TXT or DETAILS.TXT); "
                f"{board.flash.bootloader_help}",
            )
        if not job.place or self.port_stays:
            return self._look(job, set(), progress)
        with _ENTERING:
            before = {drive.folder for drive in find_drives()}
            progress.step(f"asking MicroPython on {job.place}")
            enter_bootloader(job.place, _micro(job))
            return self._look(job, before, progress)

    def _look(self, job: Job, before: set[Path], progress: Progress) -> Drive:
        """The board's drive among those that were not there before."""
        board = _micro(job)
        progress.step(f"looking for the drive of {board.name}")
        found: list[Drive] = []

        def look() -> bool:
            found[:] = [drive for drive in find_drives() if drive.kind == self.method and drive.folder not in before]
            return bool(naming_matches(found, board))

        if not wait_until(look, job.waits.drive if job.place else 0.0):
            if found:
                return self._checked(found[0], board)
            raise FlashError(
                "no-board", f"there is no drive of {board.name}'s boot loader; {board.flash.bootloader_help}"
            )
        matching = naming_matches(found, board)
        numbers = {port.serial_number for port in find_ports([job.place]) if port.device == job.place}
        if self.port_stays and job.place and any(drive.unique_id in numbers for drive in matching):
            matching = [drive for drive in matching if drive.unique_id in numbers]
        if len(matching) > 1:
            folders = ", ".join(str(drive.folder) for drive in matching)
            raise FlashError(
                "wrong-board",
                f"{len(matching)} boards show such a drive ({folders}); name one with --port, or take --all",
            )
        return self._checked(matching[0], board)

    def _checked(self, drive: Drive, board: MicroBoard) -> Drive:
        if drive.kind != self.method or drive.board_id not in board.flash.drives:
            others = (
                ", ".join(other.name for other in naming.by_drive(drive, naming.known_boards()))
                or "no board that is known"
            )
            raise FlashError(
                "wrong-board",
                f"the drive {drive.folder} is of {drive.board_id or drive.model} ({others}), but {board.name} shows "
                f"{', '.join(board.flash.drives)}; name another drive or another board",
            )
        if drive.maintenance:
            raise FlashError(
                "wrong-mode",
                f"{drive.folder} takes firmware for the interface chip; unplug the board, plug it in without holding "
                "its reset button, and do it again",
            )
        return drive

    @abstractmethod
    def _image(self, job: Job) -> bytes:
        """The file's bytes, checked."""

    @abstractmethod
    def _see_it_taken(self, drive: Drive, job: Job) -> None:
        """Wait for the sign that the boot loader has taken all."""


class Uf2Backend(_DriveBackend):
    """UF2: the drive goes when the last block is written."""

    method = "uf2"
    port_stays = False
    formats = (".uf2",)

    def _image(self, job: Job) -> bytes:
        board = _micro(job)
        chip = known_chip(board.flash.chip, board.name)
        data, spans = read_uf2(job.firmware.path, chip, board.name)
        check_fits(job.firmware.path, spans, chip, board.flash.flash_kb, board.name)
        return data

    def _see_it_taken(self, drive: Drive, job: Job) -> None:
        if not wait_until(lambda: not is_there(drive), job.waits.drive):
            raise FlashError(
                "verification",
                f"the boot loader on {drive.folder} has not taken the file after {job.waits.drive:g} s; "
                "bring it into its boot loader again, and do it again",
            )


class HexBackend(_DriveBackend):
    """DAPLink: the drive goes and comes back, with FAIL.TXT on it if something was wrong."""

    method = "hex"
    port_stays = True  # it is the interface chip's
    formats = (".hex",)

    def _image(self, job: Job) -> bytes:
        board = _micro(job)
        chip = known_chip(board.flash.chip, board.name)
        data, spans = read_hex(job.firmware.path, board.flash.drives, board.name)
        check_fits(job.firmware.path, spans, chip, board.flash.flash_kb, board.name)
        return data

    def _see_it_taken(self, drive: Drive, job: Job) -> None:
        failure = drive.folder / "FAIL.TXT"
        taken = wait_until(lambda: not is_there(drive) or failure.is_file(), job.waits.drive)
        back = taken and wait_until(lambda: is_there(drive) or failure.is_file(), job.waits.drive)
        if failure.is_file():
            try:
                said = one_line(read_start(failure), 120)
            except OSError as error:
                said = f"FAIL.TXT cannot be read ({error.strerror})"
            raise FlashError(
                "verification",
                f"the board on {drive.folder} refused the file: {said}; do it again, or use another file",
            )
        if not back:
            what = "come back" if taken else "taken the file"
            raise FlashError(
                "verification",
                f"the drive {drive.folder} has not {what} after {job.waits.drive:g} s; unplug the board, plug "
                "it in, and do it again",
            )


def enter_bootloader(place: str, board: MicroBoard) -> None:
    """From MicroPython into the boot loader; a board that is another is told before anything happens to it.

    Raises:
        FlashError: MicroPython does not answer there, or answers as another board.
    """
    answer = micropython.ask(place)
    if answer.chip and answer.chip != board.flash.chip:
        raise FlashError(
            "wrong-board",
            f"the board on {place} is a {answer.machine}, but {board.name} has {board.flash.chip}; "
            "name another port or another board",
        )
    micropython.tell(place, "import machine\nmachine.bootloader()")


def naming_matches(drives: list[Drive], board: MicroBoard) -> list[Drive]:
    """The drives that a board's boot loader shows."""
    return [drive for drive in drives if drive.board_id in board.flash.drives]


def reset_micropython(place: str, progress: Progress) -> str:
    """Reset a board by its MicroPython; says what it did."""
    progress.step(f"resetting by MicroPython on {place}")
    micropython.tell(place, "import machine\nmachine.reset()")
    return "MicroPython reset itself"


def _who_is_back(job: Job, written: int, before: set[str]) -> Outcome:
    """Ask the port of the user, or ports that came since, until MicroPython answers as this board does."""
    board = _micro(job)
    end = time.monotonic() + job.waits.back
    last = "no port with its USB ids came"
    while True:
        came = [port.device for port in find_ports() if port.usb in board.flash.usb and port.device not in before]
        for port in [job.port] if job.port else came:
            with _CLAIMING:
                if port in _CLAIMED:
                    continue
                try:
                    answer = micropython.ask(port)
                except FlashError as error:
                    last = str(error)
                    continue
                if answer.chip and answer.chip != board.flash.chip:
                    last = f"{port} is a {answer.machine}"
                    continue
                _CLAIMED.add(port)
            seen = f"MicroPython {answer.version} answers on {port} ({answer.machine})"
            return Outcome(written, seen, answer.unique_id)
        if time.monotonic() > end:
            raise FlashError(
                "verification",
                f"the boot loader took the file, but MicroPython did not answer within {job.waits.back:g} s ({last}); "
                "unplug the board, plug it in, and run `cygnet board detect`",
            )
        time.sleep(_ASK_EVERY)


def forget_claims() -> None:
    """Boards may come back at the same ports again: a new run begins."""
    _CLAIMED.clear()


def _micro(job: Job) -> MicroBoard:
    assert isinstance(job.board, MicroBoard)  # noqa: S101 (the method was taken from such a board)
    return job.board
