"""Sentences out of the code of boards: what is said stays the same, on MicroPython itself."""

import struct
import subprocess
from pathlib import Path

import pytest

from firmware_tools.provision.packing.phrases import take_out
from firmware_tools.provision.runtime import runtime_sources

PHRASES = runtime_sources()["micro/phrases.py"]
SAYING = """\"\"\"What it is.\"\"\"
class SyncError(Exception):
    pass


def log(level, text):
    print(level, text)


def work(name, size):
    try:
        raise SyncError(f"{name!r} holds {{{size:>5}}} characters: at most {size + 1} are allowed")
    except SyncError as error:
        print(error)
    log("info", "a sentence that is told to somebody")
    log("info", "short")
    table = {"a key with some words": 1}
    print(table["a key with some words"])
    try:
        raise MemoryError
    except MemoryError:
        log("error", "what is said when there is none left")
    try:
        raise ValueError("größer als erlaubt, und doppelt: größer als erlaubt")
    except ValueError as error:
        print(error)


work("x y", 7)
"""


def run(micropython: str, folder: Path, sources: dict[str, str], phrases: bytes) -> str:
    (folder / "micro").mkdir(parents=True)
    for name, text in sources.items():
        (folder / name).write_text(text)
    if phrases:
        (folder / "micro" / "phrases.bin").write_bytes(phrases)
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); import micro.saying"
    ran = subprocess.run([micropython, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_what_is_said_is_the_same(micropython: str, tmp_path: Path) -> None:
    sources = {"micro/phrases.py": PHRASES, "micro/saying.py": SAYING}
    quiet, phrases = take_out(sources)
    assert run(micropython, tmp_path / "quiet", quiet, phrases) == run(micropython, tmp_path / "loud", sources, b"")
    assert phrases.decode(errors="ignore").count("größer als erlaubt") == 2  # one sentence, with itself in it
    for stays in ("short", "a key with some words", "none left"):
        assert stays in quiet["micro/saying.py"]
    for gone in ("are allowed", "told to somebody", "doppelt"):
        assert gone not in quiet["micro/saying.py"]


@pytest.mark.parametrize("phrases", [b"", b"\x02", struct.pack("<HH", 4, 9), b"\xff" * 40])
def test_a_damaged_file_of_sentences_stops_nothing(micropython: str, tmp_path: Path, phrases: bytes) -> None:
    quiet, _ = take_out({"micro/phrases.py": PHRASES, "micro/saying.py": SAYING})
    said = run(micropython, tmp_path / "board", quiet, phrases)
    assert "info short" in said
    assert "none left" in said


def test_the_runtime_says_most_from_its_file() -> None:
    quiet, phrases = take_out(runtime_sources())
    assert len(phrases) > 5000
    assert "".join(quiet.values()).count("phrase(") > 100
    assert quiet["micro/program/api.py"] == runtime_sources()["micro/program/api.py"]


def test_sentences_that_the_file_cannot_hold_are_refused() -> None:
    long = f"def work():\n    raise ValueError({'word ' * 14_000!r})\n"
    with pytest.raises(ValueError, match=r"take 70004 bytes; there is room for 65535"):
        take_out({"micro/phrases.py": PHRASES, "micro/saying.py": long})
