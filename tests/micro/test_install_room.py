"""What a package may not do to a board's disk."""

import asyncio
import gc
import hashlib
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


def test_what_is_replaced_makes_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two slots fill most of a Pico W: the third runtime goes where the first was, though there is no room beside."""
    monkeypatch.setattr(os, "statvfs", lambda _: (4096, 4096, 512, 6, 6), raising=False)
    new = bytes(5000)
    entries = {f"micro/{name}.mpy": (0, len(new), hashlib.sha256(new).digest()) for name in "abcdefgh"}
    (tmp_path / "micro" / "old").mkdir(parents=True)
    for name in entries:
        (tmp_path / name).write_bytes(b"x" * 6000)
    for name in ("micro/gone.mpy", "micro/old/a.mpy"):
        (tmp_path / name).write_bytes(b"x")

    async def read(_offset: int, length: int) -> bytes:
        assert not (tmp_path / "micro" / "old").exists(), "what is not of the new one goes first"
        return bytes(length)

    monkeypatch.setattr(gc, "mem_free", lambda: 100_000, raising=False)
    asyncio.run(files.bring(entries, f"{tmp_path}/", "", read, lambda _: None))
    assert {path.name for path in (tmp_path / "micro").iterdir()} == {f"{name}.mpy" for name in "abcdefgh"}
