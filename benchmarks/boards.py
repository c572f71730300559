"""Bringing the runtime to a board over its cable: `cygnet board install` beside mpremote's `cp`.

    python -m benchmarks.boards

The board is an emulated Pico W with stock MicroPython, whose seconds are no seconds of hardware: about twenty here for
one of its own. Bytes are bytes. Everything is brought to an empty board, then one file of it changes and everything is
brought again. mpremote 1.26 and newer compares hashes and leaves out what is equal, one question a file; `cp -f` does
not. Figures go to ``benchmarks/results-boards.json``.
"""

import argparse
import contextlib
import hashlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.machine import describe_machine, print_machine
from firmware_tools.provision.connection import BoardConnection
from firmware_tools.provision.delivery import deliver, plan_delivery
from firmware_tools.provision.image import littlefs_image, read_littlefs
from firmware_tools.provision.runtime import slot_files
from tests.boards.power import PicoW

RESULTS = Path(__file__).with_name("results-boards.json")
_CHANGED = "/cygnet/a/micro/runtime.mpy"
_FILESYSTEM_BYTES = 868_352


@dataclass(frozen=True)
class Figure:
    """One way of bringing files: ``bytes`` over the cable to the board, all of them, and seconds from start to end."""

    what: str
    way: str
    bytes: int
    seconds: list[float]


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.boards", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often each way has its turn (default: 3)")
    parser.add_argument("--files", type=int, default=0, help="only so many of the runtime's files")
    parser.add_argument("--dry", action="store_true", help="print only")
    options = parser.parse_args()
    print_machine()
    files = _some(slot_files(), options.files)
    changed = {**files, _CHANGED: files[_CHANGED] + b"\0"}
    total = sum(len(data) for data in files.values())
    print(f"emulated Pico W, {len(files)} files of {total:,} bytes in all, {options.rounds} rounds\n")
    print(f"{'':52}{'bytes sent':>12}{'seconds':>10}   (emulated, median)")
    figures = []
    for what, before, wanted in (
        ("all files to an empty board", {}, files),
        ("the same again", files, files),
        ("one file of them changed", files, changed),
    ):
        for way, bring in (
            ("cygnet board install", _ours),
            ("mpremote cp -r", _mpremote),
            ("mpremote cp -rf", _mpremote_force),
        ):
            figure = _measure(what, way, bring, before, wanted, options.rounds)
            figures.append(figure)
            print(f"{f'{what}: {way}':<52}{figure.bytes:>12,}{statistics.median(figure.seconds):>10.1f}")
    if not options.dry:
        document = {"machine": describe_machine(), "rounds": options.rounds, "figures": [asdict(it) for it in figures]}
        RESULTS.write_text(json.dumps(document, indent=2) + "\n")


def _some(files: Mapping[str, bytes], most: int) -> dict[str, bytes]:
    """All files, or the one that changes and some beside it."""
    others = [path for path in files if path != _CHANGED]
    return {path: files[path] for path in (_CHANGED, *others)[: most or len(files)]}


def _measure(
    what: str,
    way: str,
    bring: Callable[[str, Mapping[str, bytes], Path], None],
    before: Mapping[str, bytes],
    wanted: Mapping[str, bytes],
    rounds: int,
) -> Figure:
    seconds, heard = [], 0
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(prefix="cygnet-bench-") as folder:
            board = PicoW(Path(folder))
            board.flash.write_bytes(littlefs_image(before, _FILESYSTEM_BYTES))
            _lay_out(Path(folder, "files"), wanted)
            with board:
                begun = time.perf_counter()
                bring(board.port, wanted, Path(folder, "files"))
                seconds.append(round(time.perf_counter() - begun, 2))
            heard = board.heard
            held = read_littlefs(board.flash.read_bytes())
            assert {path: _hash(held[path]) for path in wanted} == {path: _hash(wanted[path]) for path in wanted}
    return Figure(what, way, heard, seconds)


def _ours(port: str, wanted: Mapping[str, bytes], _folder: Path) -> None:
    with BoardConnection.open(port) as board:
        deliver(board, plan_delivery(board, wanted, ["/cygnet/a"]))


def _mpremote(port: str, _wanted: Mapping[str, bytes], folder: Path, *, force: bool = False) -> None:
    copy = ["cp", "-rf" if force else "-r", f"{folder}/cygnet", ":/"]
    with contextlib.chdir(folder):
        command = [sys.executable, "-m", "mpremote", "connect", port, "resume", *copy]
        subprocess.run(command, check=True, capture_output=True)


def _mpremote_force(port: str, wanted: Mapping[str, bytes], folder: Path) -> None:
    _mpremote(port, wanted, folder, force=True)


def _lay_out(folder: Path, files: Mapping[str, bytes]) -> None:
    for path, data in files.items():
        there = folder / path.lstrip("/")
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_bytes(data)


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


if __name__ == "__main__":
    main()
