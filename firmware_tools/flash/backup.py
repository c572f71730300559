"""MicroPython's file system as a tar archive."""

import io
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


def backup_files(device: str, path: Path, progress: Progress) -> int:
    """Read every file of a board into an archive; gives the number of files. What ran on the board is stopped by it.

    Raises:
        FlashError: the board does not answer, or the archive cannot be written.
    """
    with raw_repl(device, _SECONDS) as transport:
        progress.step(f"listing the files on {device}")
        names = _walk(transport, "/", 0)
        progress.step(f"reading {len(names)} files", sum(size for _, size in names))
        done = 0
        try:
            with tarfile.open(path, "w") as archive:
                for name, size in names:
                    data = bytes(transport.fs_readfile(name))
                    entry = tarfile.TarInfo(name.lstrip("/"))
                    entry.size = len(data)
                    archive.addfile(entry, io.BytesIO(data))
                    done += size
                    progress.at(done)
        except OSError as error:
            path.unlink(missing_ok=True)
            raise FlashError("full", f"{path} cannot be written: {error.strerror}; name another file") from error
        transport.exit_raw_repl()
        transport.serial.write(b"\x04")
    return len(names)


def _walk(transport: Any, folder: str, depth: int) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    for entry in transport.fs_listdir(folder):
        name = posixpath.join(folder, entry.name)
        if not stat.S_ISDIR(entry.st_mode):
            found.append((name, entry.st_size))
        elif depth < _DEEPEST:
            found += _walk(transport, name, depth + 1)
    return found
