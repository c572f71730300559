"""Files that a power cut leaves whole: as they were, or as they should be."""

import contextlib
import errno
import os
from pathlib import Path


def write_whole(path: Path, data: bytes) -> None:
    """Write ``path`` so that after a power cut it holds either what it held or all of ``data``.

    Raises:
        OSError: the disk refuses; ``path`` holds what it held.
    """
    aside = path.with_name(path.name + ".new")
    try:
        write_synced(aside, data)
        aside.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            aside.unlink()
        raise
    sync_directory(path.parent)


def write_secret(path: Path, data: bytes) -> None:
    """The same for what its owner alone may read (mode 0600), at every moment.

    Raises:
        OSError: the disk refuses; ``path`` holds what it held.
    """
    aside = path.with_name(path.name + ".new")
    try:
        with contextlib.suppress(FileNotFoundError):
            aside.unlink()  # one that was left behind may have another mode
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        aside.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            aside.unlink()
        raise
    sync_directory(path.parent)


def write_synced(path: Path, data: bytes) -> None:
    """Write a file and wait until the disk has its bytes; its name is safe after :func:`sync_directory`."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_directory(path: Path) -> None:
    """Wait until the disk has the names in a directory."""
    directory = os.open(path, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def size_of(path: Path) -> int:
    """The size of a file in bytes, -1 where there is none that can be read."""
    try:
        return path.stat().st_size
    except OSError:
        return -1


def disk_sentence(error: OSError) -> str:
    """What the disk says, for people."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return "the disk is full"
    return str(error.strerror)
