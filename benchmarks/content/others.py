"""What ours is held against: ``zstd --patch-from``, and bsdiff4 where it is installed."""

import shutil
import subprocess
import time
from collections.abc import Callable
from importlib import import_module, metadata
from pathlib import Path
from typing import TypeVar

from benchmarks.boards.figures import Part
from benchmarks.content.report import BSDIFF, CLI

T = TypeVar("T")


def timed(rounds: int, work: Callable[[], T]) -> tuple[T, list[float]]:
    """What it gives, and how long it took each time, in milliseconds."""
    values = []
    for _ in range(rounds):
        begun = time.perf_counter()
        made = work()
        values.append(1000 * (time.perf_counter() - begun))
    return made, values


def measure(part: Part, program: str, base: bytes, data: bytes, folder: Path, rounds: int) -> None:
    """Make and apply the difference with both, as far as they are here; files are read and written by the first."""
    _zstd(part, program, base, data, folder, rounds)
    try:
        bsdiff4 = import_module("bsdiff4")
    except ImportError:
        _remark(part, "bsdiff4 is not installed")
        return
    part.versions["bsdiff4"] = metadata.version("bsdiff4")
    made, seconds = timed(rounds, lambda: bsdiff4.diff(base, data))
    part.add(program, BSDIFF, "size", "bytes", [len(made)])
    part.add(program, BSDIFF, "make", "ms", seconds)
    whole, seconds = timed(rounds, lambda: bsdiff4.patch(base, made))
    assert whole == data
    part.add(program, BSDIFF, "apply", "ms", seconds)


def _zstd(part: Part, program: str, base: bytes, data: bytes, folder: Path, rounds: int) -> None:
    command = shutil.which("zstd")
    if command is None:
        _remark(part, "the command zstd is not installed")
        return
    told = subprocess.run([command, "--version"], capture_output=True, text=True, check=True).stdout
    part.versions["zstd"] = told.partition(" v")[2].partition(",")[0]
    for name, content in (("base", base), ("data", data)):
        (folder / name).write_bytes(content)
    patch = f"--patch-from={folder / 'base'}"

    def run(*arguments: str) -> None:
        subprocess.run([str(command), "-q", "-f", patch, *arguments], check=True, capture_output=True)

    _, seconds = timed(rounds, lambda: run("-19", str(folder / "data"), "-o", str(folder / "made")))
    part.add(program, CLI, "size", "bytes", [(folder / "made").stat().st_size])
    part.add(program, CLI, "make", "ms", seconds)
    _, seconds = timed(rounds, lambda: run("-d", str(folder / "made"), "-o", str(folder / "again")))
    assert (folder / "again").read_bytes() == data
    part.add(program, CLI, "apply", "ms", seconds)


def _remark(part: Part, text: str) -> None:
    if text not in part.remarks:
        part.remarks.append(text)
