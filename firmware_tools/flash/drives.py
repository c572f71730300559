"""Drives that boot loaders show: UF2 (INFO_UF2.TXT) and DAPLink (DETAILS.TXT), mounted somewhere on this machine."""

import errno
import os
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from firmware_tools.flash.errors import FlashError
from firmware_tools.flash.job import Progress

_INFO = {"uf2": "INFO_UF2.TXT", "hex": "DETAILS.TXT"}
_MOUNTED = {"vfat", "msdos", "fuseblk", "fuse"}
_BLOCK = 16 * 1024
_MOST_INFO = 4096
_LOOK_EVERY = 0.05


@dataclass(frozen=True, slots=True)
class Drive:
    """A boot loader's drive: its folder, which files it takes, and what it says of itself."""

    folder: Path
    kind: Literal["uf2", "hex"]
    board_id: str
    """``Board-ID`` of a UF2 drive; the first four characters of ``Unique ID`` of a DAPLink."""
    model: str
    unique_id: str = ""
    """Which board it is, of a DAPLink: the serial number of its USB port, too."""
    maintenance: bool = False
    """If it takes firmware for the interface chip, not for the board."""


def find_drives(named: Iterable[Path] = ()) -> list[Drive]:
    """All drives that boot loaders show on this machine, and those in folders that the user named."""
    folders = [*_mounted(), *named]
    return [drive for folder in dict.fromkeys(folders) if (drive := read_drive(folder)) is not None]


def read_drive(folder: Path) -> Drive | None:
    """The drive in a folder, if it is one."""
    for kind, name in _INFO.items():
        try:
            text = read_start(folder / name)
        except OSError:
            continue
        if kind == "uf2":
            return Drive(folder, "uf2", _line(text, "Board-ID"), _line(text, "Model"))
        model = f"DAPLink {_line(text, 'Interface Version')}".strip()
        mode = _line(text, "Daplink Mode") or _line(text, "DAPLink Mode")
        number = _line(text, "Unique ID")
        return Drive(folder, "hex", number[:4], model, number, mode == "Bootloader")
    return None


def write_to_drive(drive: Drive, name: str, data: bytes, progress: Progress) -> None:
    """Write a file to a drive, to its last byte on the medium.

    A boot loader leaves as soon as it has the last block, so errors after that are none.

    Raises:
        FlashError: the drive is full, is read only, went away early, or took less than all.
    """
    path = drive.folder / name
    done = 0
    try:
        # Boot loaders know no links; a drive that somebody else mounted could lead anywhere by one.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o644)
        try:
            while done < len(data):
                count = os.write(descriptor, data[done : done + _BLOCK])
                if count == 0:
                    raise _short(drive, done, len(data))
                done += count
                os.fsync(descriptor)
                progress.at(done)
        finally:
            _close(descriptor)
    except OSError as error:
        raise _failed(drive, error, done, len(data)) from error
    try:
        size = path.stat().st_size
    except OSError:
        return  # it has left, as it should
    if size != len(data):
        raise _short(drive, size, len(data))


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """If something becomes so within a time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(_LOOK_EVERY)
    return True


def is_there(drive: Drive) -> bool:
    """If a drive is still, or again, where it was."""
    return (drive.folder / _INFO[drive.kind]).is_file()


def _failed(drive: Drive, error: OSError, done: int, total: int) -> FlashError:
    if error.errno in {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}:
        return FlashError(
            "full",
            f"the drive {drive.folder} was full after {done:,} of {total:,} bytes; remove what else is on it, "
            "and do it again",
        )
    if error.errno in {errno.EROFS, errno.EACCES, errno.EPERM}:
        return FlashError(
            "permission", f"{drive.folder} may not be written: {error.strerror}; mount it for yourself, and do it again"
        )
    return FlashError(
        "vanished",
        f"the drive {drive.folder} went away after {done:,} of {total:,} bytes ({error.strerror}); "
        "look at the cable, bring the board into its boot loader again, and do it again",
    )


def _short(drive: Drive, done: int, total: int) -> FlashError:
    return FlashError(
        "short-write",
        f"{drive.folder} took {done:,} of {total:,} bytes; bring the board into its boot loader again, and do it again",
    )


def _close(descriptor: int) -> None:
    try:
        os.close(descriptor)
    except OSError as error:
        # The drive may have left with the last block; whether all arrived was seen by fsync.
        if error.errno not in {errno.EIO, errno.ENODEV, errno.ENXIO}:
            raise


def read_start(path: Path) -> str:
    """The first lines of a small file, whatever it turns out to be. Raises :class:`OSError`."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        text = file.read(_MOST_INFO).decode("ascii", errors="replace")
    return "".join(each if each.isprintable() or each in "\r\n\t" else "?" for each in text)


def _line(text: str, name: str) -> str:
    found = re.search(rf"^{re.escape(name)}:[ \t]*(.*?)[ \t]*\r?$", text, re.MULTILINE)
    return found[1] if found else ""


def _mounted() -> list[Path]:
    """Folders that FAT drives are mounted at."""
    try:
        lines = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    rows = [line.split() for line in lines]
    return [Path(re.sub(r"\\(\d{3})", lambda code: chr(int(code[1], 8)), row[1])) for row in rows if row[2] in _MOUNTED]
