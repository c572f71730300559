"""MicroPython's file system as a tar archive."""

import io
import os
import posixpath
import stat
import tarfile
from pathlib import Path
from typing import Any

from firmware_tools.flash.errors import FlashError
from firmware_tools.flash.job import Progress
from firmware_tools.flash.micropython import raw_repl

_SECONDS = 5.0
_DEEPEST = 16
_MOST_FILES = 10_000
_MOST_BYTES = 256 * 1024 * 1024
"""Of what a board says meanwhile: four times the largest flash, since bytes come as text."""


def backup_files(device: str, path: Path, progress: Progress) -> int:
    """Read every file of a board into an archive; gives the number of files. What ran on the board is stopped by it.

    Raises:
        FlashError: the board does not answer, or the archive cannot be written.
    """
    with raw_repl(device, _SECONDS, _MOST_BYTES) as transport:
        progress.step(f"listing the files on {device}")
        names = _walk(transport, "/", 0)
        progress.step(f"reading {len(names)} files", sum(size for _, size in names))
        done, packed = 0, io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for name, size in names:
                data = bytes(transport.fs_readfile(name))
                entry = tarfile.TarInfo(name.lstrip("/"))
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))
                done += size
                progress.at(done)
        transport.exit_raw_repl()
        transport.serial.write(b"\x04")
    write_backup(path, packed.getvalue())
    return len(names)


def write_backup(path: Path, data: bytes) -> None:
    """Write a new file, whole or not at all, readable by its owner only: passwords and keys are in it.

    Raises:
        FlashError: it is there already, or there is no room.
    """
    aside = path.with_name(f".{path.name}.part")
    try:
        aside.unlink(missing_ok=True)  # of a run that was ended; made anew, so that it is nobody else's and no link
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
        os.link(aside, path)  # refuses a file that came meanwhile
    except FileExistsError as error:
        raise FlashError(
            "full", f"{path} is there already, and a backup is not written over; name another file"
        ) from error
    except OSError as error:
        raise FlashError("full", f"{path} cannot be written: {error.strerror}; name another file") from error
    finally:
        aside.unlink(missing_ok=True)


def _walk(transport: Any, folder: str, depth: int) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    for entry in _listed(transport, folder):
        if "/" in entry.name or entry.name in {"", ".", ".."}:
            raise FlashError("wrong-board", f"the board names a file {entry.name[:40]!r}, which no board can have")
        name = posixpath.join(folder, entry.name)
        if not stat.S_ISDIR(entry.st_mode):
            found.append((name, entry.st_size))
        elif depth < _DEEPEST:
            found += _walk(transport, name, depth + 1)
        if len(found) > _MOST_FILES:
            raise FlashError("wrong-board", f"the board names more than {_MOST_FILES:,} files, which no board can have")
    return found


def _listed(transport: Any, folder: str) -> list[Any]:
    try:
        entries: list[Any] = transport.fs_listdir(folder)
        if all(isinstance(each.name, str) and isinstance(each.st_mode + each.st_size, int) for each in entries):
            return entries
    except (ValueError, TypeError, AttributeError, RecursionError, MemoryError):
        pass  # told below
    raise FlashError("wrong-board", "what the board says of its files makes no sense; reset it and do it again")
