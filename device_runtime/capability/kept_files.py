"""A program's own files as they were at one moment, kept beside them for as long as a new version is on trial.

In the program's folder: ``kept.new`` is being copied; ``kept`` is whole. What was taken back of it is moved out of it,
area by area, so that whoever goes on after a power cut sees what is still to be done.
"""

import os
import shutil
from pathlib import Path

from device_runtime.sealed.durable import sync_directory

_AREAS = ("usr", "store")


def keep(folder: Path) -> None:
    """Copy the files of the program in ``folder``. Raises OSError: nothing is kept then."""
    kept, new = folder / "kept", folder / "kept.new"
    let_go(folder)
    try:
        for area in _AREAS:
            (new / area).mkdir(parents=True)
            if (folder / area).is_dir():
                shutil.copytree(folder / area, new / area, symlinks=True, dirs_exist_ok=True)
        _sync(new)
        new.rename(kept)
    except OSError:
        shutil.rmtree(new, ignore_errors=True)
        raise
    sync_directory(folder)


def take_back(folder: Path) -> None:
    """Put what was kept in the place of what is there now. Raises OSError: called again, it goes on."""
    kept = folder / "kept"
    if not kept.is_dir():
        return
    for area in _AREAS:
        if (kept / area).is_dir():
            _remove(folder / area)
            (kept / area).rename(folder / area)
            sync_directory(folder)
    let_go(folder)


def let_go(folder: Path) -> None:
    """Delete what was kept. Raises OSError."""
    for name in ("kept", "kept.new"):
        _remove(folder / name)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)


def _sync(folder: Path) -> None:
    """Wait until the disk has everything in a folder."""
    for place, _, names in os.walk(folder):
        for name in names:
            file = os.open(Path(place, name), os.O_RDONLY | os.O_NOFOLLOW)
            try:
                os.fsync(file)
            finally:
                os.close(file)
        sync_directory(Path(place))
