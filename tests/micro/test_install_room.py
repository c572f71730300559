"""What a package may not do to a board's disk."""

import asyncio
import os
from pathlib import Path

import pytest

from device_runtime.micro.sync import files
from device_runtime.micro.sync.messages import SyncError


def test_a_program_of_folders_needs_room_for_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred files of a byte each, 4 KB a block: 400 KB, and 1.6 MB of folders that littlefs keeps in two blocks."""
    names = [f"f{number}/g/a.mpy" for number in range(100)]
    monkeypatch.setattr(os, "statvfs", lambda _: (4096, 4096, 512, 200, 200), raising=False)
    with pytest.raises(SyncError, match="but the files need"):
        files._check_room(f"{tmp_path}/", [1] * 100, names)
    files._check_room(f"{tmp_path}/", [1] * 100, [f"a{number}.mpy" for number in range(100)])


def test_nothing_is_fetched_where_there_is_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _: (4096, 4096, 512, 3, 3), raising=False)

    async def read(_offset: int, _length: int) -> bytes:
        raise AssertionError("it asks for content")

    entry = (0, 10, b"x" * 32)
    with pytest.raises(SyncError, match="KiB free"):
        asyncio.run(files.bring({"pages/a.mpy": entry}, f"{tmp_path}/p/", "", read, lambda _: None))
