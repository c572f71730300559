"""``python -m benchmarks.content``: what an update costs a device in bytes, and a fleet and a device in time.

A program that uses every component of a library is updated to the next version of the library, and one that uses a
few. Ours is held against ``zstd --patch-from`` and, where it is installed, ``bsdiff4``. The bytes of a device are all
payloads of one update through the fleet's own answers and the device's own puller, both ways. The figures go to
``results-content.json``, and docs/performance.md is written from it; with ``--dry`` it only prints.
"""

import argparse
import asyncio
import datetime
import io
import os
import sys
import tempfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from benchmarks.boards.figures import BoardResults, Part
from benchmarks.content import others, packages
from benchmarks.content.report import FULL, OURS, PROGRAMS, RESULTS, WHOLE, ZSTD, content_table
from benchmarks.content.transfer import received
from benchmarks.errors import BenchmarkError
from benchmarks.figures import read_results
from benchmarks.machine import describe_machine
from benchmarks.report import write_pages
from benchmarks.systems import ROOT
from device_runtime.sync import zstd

_FEW = frozenset({"button", "cell", "cell-group", "input", "dialog", "icon", "loading", "common", "image"})


def measure(part: Part, folder: Path, rounds: int) -> None:
    """Build both programs in both versions, and update each in every way."""
    old, new = packages.fetch(folder, packages.OLD), packages.fetch(folder, packages.NEW)
    for program in PROGRAMS:
        only = frozenset() if program == WHOLE else _FEW
        base = packages.build(old, folder / "program", 1, only)
        data = packages.build(new, folder / "program", 2, only)
        part.add(program, FULL, "size", "bytes", [len(data)])
        forms = _measure_ours(part, program, base, data, rounds)
        with tempfile.TemporaryDirectory() as place:
            others.measure(part, program, base, data, Path(place), rounds)
        for way, encodings, have in (
            (FULL, (), None),
            (ZSTD, (zstd.ZSTD,), None),
            (OURS, (zstd.DELTA, zstd.ZSTD), base),
        ):
            part.add(program, way, "wire", "bytes", [asyncio.run(received(data, have, encodings, forms))])


def _measure_ours(part: Part, program: str, base: bytes, data: bytes, rounds: int) -> dict[bytes | None, bytes]:
    forms: dict[bytes | None, bytes] = {}
    for way, of in ((ZSTD, None), (OURS, base)):
        made, seconds = others.timed(rounds, lambda of=of: zstd.compress(data, of))  # type: ignore[misc]
        forms[of] = made
        part.add(program, way, "size", "bytes", [len(made)])
        part.add(program, way, "make", "ms", seconds)
        _, seconds = others.timed(rounds, _applying(made, data, of))
        part.add(program, way, "apply", "ms", seconds)
    return forms


def _applying(made: bytes, data: bytes, base: bytes | None) -> Callable[[], None]:
    def apply() -> None:
        out = io.BytesIO()
        zstd.decompress(io.BytesIO(made), out.write, len(data), base)
        assert out.getvalue() == data

    return apply


def main() -> int:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.content", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often each is made and applied (default: 5)")
    parser.add_argument("--dry", action="store_true", help="print only")
    options = parser.parse_args()
    date = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    part = Part(describe_machine(), date, [os.getloadavg()[0]])
    part.versions = {packages.LIBRARY: f"{packages.OLD} → {packages.NEW}"}
    if sys.version_info < (3, 14):
        part.versions["backports.zstd"] = metadata.version("backports.zstd")
    try:
        measure(part, ROOT / ".bench" / "content", options.rounds)
    except BenchmarkError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    part.load.append(os.getloadavg()[0])
    results = BoardResults({"content": part})
    if not options.dry:
        results.write(RESULTS)
        write_pages(read_results())
    print(content_table(results))
    for remark in part.remarks:
        print(remark)
    return 0


if __name__ == "__main__":
    sys.exit(main())
