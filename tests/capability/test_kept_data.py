"""A program's data as they were at a switch: kept while its new version is on trial, put back when that fails."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from device_runtime.capability import kept_files
from device_runtime.capability.files import ProgramFiles
from device_runtime.capability.storage import ProgramStorage
from tests.capability.conftest import MakeCaller

NOTE = "wxfile://usr/a/note.txt"


@pytest_asyncio.fixture
async def files(tmp_path: Path) -> AsyncIterator[ProgramFiles]:
    files = ProgramFiles(tmp_path / "files")
    yield files
    files.close()


async def test_stored_values_come_back_and_those_of_others_are_not_touched(tmp_path: Path) -> None:
    storage = ProgramStorage(tmp_path / "storage.db")
    await storage.set("radio", "station", "old")
    await storage.set("clock", "zone", "Bergen")
    await storage.keep("radio")
    await storage.set("radio", "station", "new")
    await storage.set("radio", "more", "x" * 1000)
    await storage.set("clock", "zone", "Oslo")
    used = await storage.used("radio")
    await storage.take_back("radio")
    assert storage.load("radio") == {"station": "old"}
    assert storage.load("clock") == {"zone": "Oslo"}
    assert await storage.used("radio") < used
    await storage.set("radio", "station", "newer")
    await storage.take_back("radio")
    assert storage.load("radio") == {"station": "newer"}, "what was taken back is not kept any more"
    storage.close()


async def test_a_program_that_had_stored_nothing_has_nothing_again_also_after_a_restart(tmp_path: Path) -> None:
    storage = ProgramStorage(tmp_path / "storage.db")
    await storage.keep("radio")
    await storage.set("radio", "station", "new")
    storage.close()
    again = ProgramStorage(tmp_path / "storage.db")
    await again.take_back("radio")
    assert again.load("radio") == {}
    again.close()


async def test_what_was_let_go_cannot_be_taken_back(tmp_path: Path) -> None:
    storage = ProgramStorage(tmp_path / "storage.db")
    await storage.set("radio", "station", "old")
    await storage.keep("radio")
    await storage.set("radio", "station", "new")
    await storage.let_go("radio")
    await storage.take_back("radio")
    assert storage.load("radio") == {"station": "new"}
    storage.close()


async def test_files_come_back_as_they_were(files: ProgramFiles, make_caller: MakeCaller, tmp_path: Path) -> None:
    radio = make_caller("radio")
    await files.perform(radio, "mkdir", {"dirPath": "wxfile://usr/a"})
    await files.write(radio, NOTE, b"old")
    await files.keep("radio")
    await files.perform(radio, "appendFile", {"filePath": NOTE, "data": " and new"})
    await files.write(radio, "wxfile://usr/new.txt", b"x" * 5000)
    await files.take_back("radio")
    assert await files.read(radio, NOTE) == b"old"
    assert await files.perform(radio, "readdir", {"dirPath": "wxfile://usr"}) == {"files": ["a"]}
    assert sorted(path.name for path in (tmp_path / "files" / "radio").iterdir() if path.name != "tmp") == [
        "store", "usr",
    ]  # fmt: skip


@pytest.mark.parametrize("done", [0, 1, 2])
def test_a_way_back_that_a_power_cut_ended_goes_on(tmp_path: Path, done: int) -> None:
    """``done``: areas that were taken back when the power went."""
    for area in ("usr", "store"):
        (tmp_path / area).mkdir()
        (tmp_path / area / "f").write_text("old")
    kept_files.keep(tmp_path)
    for area in ("usr", "store"):
        (tmp_path / area / "f").write_text("new")
    for area in ("usr", "store")[:done]:
        (tmp_path / area / "f").unlink()
        (tmp_path / area).rmdir()
        (tmp_path / "kept" / area).rename(tmp_path / area)
    kept_files.take_back(tmp_path)
    assert {area: (tmp_path / area / "f").read_text() for area in ("usr", "store")} == {"usr": "old", "store": "old"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["store", "usr"]


def test_a_copy_that_a_power_cut_ended_counts_for_nothing(tmp_path: Path) -> None:
    (tmp_path / "usr").mkdir()
    (tmp_path / "usr" / "f").write_text("as it is")
    (tmp_path / "kept.new" / "usr").mkdir(parents=True)
    kept_files.take_back(tmp_path)
    assert (tmp_path / "usr" / "f").read_text() == "as it is"
    kept_files.keep(tmp_path)
    assert (tmp_path / "kept" / "usr" / "f").read_text() == "as it is"
    kept_files.let_go(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["usr"]
