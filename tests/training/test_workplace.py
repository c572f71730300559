"""The cache: found again by what went in, made anew when that changed or a file did, and never half there."""

import errno
import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firmware_tools.training import workplace
from firmware_tools.training.dataset import find_builder
from firmware_tools.training.lab import Lab
from firmware_tools.training.recipe import read_recipe
from firmware_tools.training.workplace import (
    LabError,
    Part,
    Workplace,
    default_cache,
    told_when_full,
    write_all,
    write_whole,
)
from tests.training.recipes import SMALL, Silence, write_recipe

PARTS: tuple[Part, ...] = ("data", "train", "quantize")


class Builder:
    """Stands for a data set, so that no library is needed."""

    def __init__(self, told: str = "one") -> None:
        self.told = told

    def fingerprint(self) -> str:
        return self.told


def place(folder: Path, text: str = SMALL, told: str = "one") -> Workplace:
    builder: Any = Builder(told)
    return Workplace(read_recipe(write_recipe(folder, text)), builder, folder / "cache")


CHANGES: list[tuple[str, str, set[Part]]] = [
    ("seed = 3", "seed = 4", {"data", "train", "quantize"}),
    ('builder = "digits"', 'builder = "digits"\nvalidation = 3', {"data", "train", "quantize"}),
    ("epochs = 3", "epochs = 4", {"train", "quantize"}),
    ("filters = [4, 8]", "filters = [4, 9]", {"train", "quantize"}),
    ("translate = 0.1", "translate = 0.2", {"train", "quantize"}),
    ("digit-classification", "anomaly-detection", {"train", "quantize"}),
    ("representative = 20", "representative = 21", {"quantize"}),
    ("representative = 20", 'representative = 20\ninput = "uint8"', {"quantize"}),
    ("[data]", "# only a comment\n[data]", set()),
]


@pytest.mark.parametrize(("written", "instead", "changed"), CHANGES)
def test_a_part_is_made_anew_when_what_goes_in_has_changed(
    tmp_path: Path, written: str, instead: str, changed: set[Part]
) -> None:
    before = {part: place(tmp_path).fingerprint(part) for part in PARTS}
    after = {part: place(tmp_path, SMALL.replace(written, instead)).fingerprint(part) for part in PARTS}
    assert {part for part in PARTS if before[part] != after[part]} == changed


def test_all_parts_are_made_anew_when_the_data_set_has_changed(tmp_path: Path) -> None:
    before, after = place(tmp_path), place(tmp_path, told="two")
    assert all(before.fingerprint(part) != after.fingerprint(part) for part in PARTS)


def test_all_that_is_trained_is_made_anew_when_the_code_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {part: place(tmp_path).fingerprint(part) for part in PARTS}
    monkeypatch.setattr(workplace, "code_version", lambda modules: "other" if "train" in modules else "same")
    one = {part: place(tmp_path).fingerprint(part) for part in PARTS}
    monkeypatch.setattr(workplace, "code_version", lambda _: "same")
    other = {part: place(tmp_path).fingerprint(part) for part in PARTS}
    assert one["data"] == other["data"] != before["data"]
    assert one["train"] != other["train"]
    assert one["quantize"] != other["quantize"]


def test_comments_docstrings_and_layout_are_no_change_of_code(tmp_path: Path) -> None:
    versions = []
    uncached = workplace._code.__wrapped__
    plain = "a = 1\ndef f():\n    return a\n"
    said = '"""Said."""\na=1  # why\n\n\ndef f():\n    """Too."""\n    return a\n'
    for text in (plain, said, plain.replace("1", "2")):
        (tmp_path / "one.py").write_text(text)
        versions.append(uncached(tmp_path, ("one",)))
    assert versions[0] == versions[1] != versions[2]


def test_what_is_done_is_found_and_what_was_changed_since_is_not(tmp_path: Path) -> None:
    work = place(tmp_path)
    assert work.done("train") is None
    with work.working("train") as folder:
        (folder / "model").write_bytes(b"weights")
        assert work.done("train") is None
        work.finish("train", {"best": 3}, ("model",))
    noted = work.done("train")
    assert noted is not None
    assert noted["best"] == 3
    (folder / "model").write_bytes(b"weight?")
    assert work.done("train") is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"files": 3}', b'{"files": {"model": null}}', b"\xff"])
def test_a_damaged_note_is_as_none(tmp_path: Path, content: bytes) -> None:
    work = place(tmp_path)
    with work.working("train") as folder:
        (folder / "done.json").write_bytes(content)
    assert work.done("train") is None


def test_fresh_work_finds_an_empty_folder(tmp_path: Path) -> None:
    work = place(tmp_path)
    with work.working("train") as folder:
        (folder / "state").write_bytes(b"half")
    with work.working("train") as folder:
        assert (folder / "state").exists()
    with work.working("train", fresh=True) as folder:
        assert list(folder.iterdir()) == []


def test_two_processes_do_not_work_on_one_folder(tmp_path: Path) -> None:
    work = place(tmp_path)
    with work.working("train"):
        context = multiprocessing.get_context("spawn")
        with context.Pool(1) as pool:
            said = pool.apply(_try_to_work, (tmp_path,))
    assert "another process works on" in said
    assert _try_to_work(tmp_path) == ""


def _try_to_work(folder: Path) -> str:
    try:
        with place(folder).working("train"):
            return ""
    except LabError as error:
        return str(error)


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.ENOSPC, r"the disk of .*train is full; free some of it, .* it goes on where it was"),
        (errno.EDQUOT, r"the disk of .*train is full"),
        (errno.EROFS, r"cannot be used: Read-only file system; see to it, or use another --cache"),
        (errno.EIO, r"cannot be used: Input/output error"),
    ],
)
def test_what_the_disk_refuses_is_one_sentence(tmp_path: Path, number: int, told: str) -> None:
    with pytest.raises(LabError, match=told) as caught, place(tmp_path).working("train"):
        raise OSError(number, os.strerror(number))
    assert "\n" not in str(caught.value)


def test_a_cache_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("")
    with pytest.raises(LabError, match=r"cannot be used: Not a directory"), place(tmp_path).working("data"):
        pass


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state"
    write_whole(path, b"before")

    def refuse(number: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="full"):
        write_whole(path, b"after")
    assert path.read_bytes() == b"before"


@pytest.mark.parametrize(("base", "expected"), [("/var/cache", "/var/cache/cygnet/models"), ("", ""), ("relative", "")])
def test_the_cache_is_where_caches_are(monkeypatch: pytest.MonkeyPatch, base: str, expected: str) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", base)
    assert default_cache() == Path(expected or Path.home() / ".cache/cygnet/models")


def test_the_data_of_digits_needs_no_more_than_its_library() -> None:
    pytest.importorskip("sklearn")
    assert "scikit-learn" in find_builder("digits", {}, 1).fingerprint()


def test_of_several_files_a_full_disk_takes_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"old")
    synced = iter([None, OSError(errno.ENOSPC, "No space left on device")])

    def sync(_: int) -> None:
        if error := next(synced):
            raise error

    monkeypatch.setattr("firmware_tools.training.workplace.os.fsync", sync)
    with (
        pytest.raises(LabError, match=r"is full; free some of it, and run this again"),
        told_when_full(tmp_path, cache=False),
    ):
        write_all({tmp_path / "a": b"new", tmp_path / "b": b"new"})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"old"}


@pytest.mark.parametrize("work", [Lab.train, Lab.quantize])
def test_without_tensorflow_nothing_is_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, work: Callable[[Lab], object]
) -> None:
    recipe = read_recipe(write_recipe(tmp_path / "small", SMALL.replace('"digits"', '"telemetry"')))
    monkeypatch.setattr("firmware_tools.training.workplace.importlib.util.find_spec", lambda _: None)
    lab = Lab(recipe, Silence(), tmp_path / "cache")
    with pytest.raises(LabError, match=r"TensorFlow, which is not installed; run: pip install 'cygnet\[train\]'"):
        work(lab)
    assert not (tmp_path / "cache").exists()
