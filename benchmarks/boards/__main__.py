"""``python -m benchmarks.boards``: figures of MicroPython boards, on emulated ones and on the unix port.

Each part that ends well goes to ``results-boards.json`` in the place of what stood there, and docs/performance.md is
written from it; with ``--quick`` or ``--dry`` it only prints.
"""

import argparse
import datetime
import functools
import os
import sys
import time
from collections.abc import Callable
from subprocess import SubprocessError
from typing import Protocol

from benchmarks.boards.cable import measure_cable
from benchmarks.boards.figures import BoardResults, Part, read_board_results
from benchmarks.boards.heap import measure_heap, measure_smallest
from benchmarks.boards.kernels import measure_kernels, measure_pico_kernels
from benchmarks.boards.pico import measure_pico_heap
from benchmarks.boards.report import print_boards
from benchmarks.boards.times import measure_pico_times, measure_unix_times
from benchmarks.boards.tools import unix_port_version
from benchmarks.figures import read_results
from benchmarks.machine import describe_machine
from benchmarks.report import write_pages
from device_runtime.errors import CygnetError


class _Measure(Protocol):
    def __call__(self, part: Part, say: Callable[[str], None], *, quick: bool) -> None: ...


PARTS: dict[str, _Measure] = {
    "heap": measure_heap,
    "smallest": measure_smallest,
    "times": measure_unix_times,
    "pico-heap": measure_pico_heap,
    "pico-times": measure_pico_times,
    "cable": measure_cable,
    "kernels": measure_kernels,
    "pico-kernels": measure_pico_kernels,
}


def measure_part(name: str, *, quick: bool = False, files: int = 0) -> Part:
    """Measure one part; ``files`` is how many go over the cable, 0 for all. Ctrl-C keeps what was measured until then.

    Raises:
        CygnetError: a figure cannot be taken, or what was measured did not do what it should have.
    """
    date = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    part = Part(describe_machine(), date, [os.getloadavg()[0]], {"MicroPython": unix_port_version()})
    begun = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - begun:7.1f} s  {name}: {text}", file=sys.stderr, flush=True)

    measure = functools.partial(measure_cable, most=files) if name == "cable" else PARTS[name]
    try:
        measure(part, say, quick=quick)
    except KeyboardInterrupt:  # an emulated board on a busy machine takes longer than somebody may want to wait
        part.remarks.append(f"{name} was ended before it was through")
    part.load.append(os.getloadavg()[0])
    return part


def sentence(error: Exception) -> str:
    """What went wrong: a fleet that runs beside a board wraps it in groups."""
    return sentence(error.exceptions[0]) if isinstance(error, ExceptionGroup) else str(error)


def _keep(part: Part, name: str) -> None:
    results = read_board_results()
    results.parts[name] = part
    results.parts = {each: results.parts[each] for each in PARTS if each in results.parts}
    results.write()
    write_pages(read_results())


def main() -> int:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.boards", description=__doc__)
    parser.add_argument("--only", default=",".join(PARTS), metavar="PARTS", help=f"some of {','.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="a few of each, to see that it runs")
    parser.add_argument("--files", type=int, default=0, help="of the runtime's files, bring so many over the cable")
    parser.add_argument("--dry", action="store_true", help="print only")
    options = parser.parse_args()
    names = [name for name in options.only.split(",") if name]
    if unknown := [name for name in names if name not in PARTS]:
        parser.error(f"there is no part {unknown[0]!r}; there are {', '.join(PARTS)}")
    quick, results, failed = options.quick, BoardResults(), False
    for name in names:
        try:
            results.parts[name] = measure_part(name, quick=quick, files=options.files)
        except (CygnetError, AssertionError, OSError, SubprocessError, ExceptionGroup) as error:
            print(f"error: {name}: {sentence(error)}", file=sys.stderr)
            failed = True
            continue
        if not quick and not options.dry:
            _keep(results.parts[name], name)
    print_boards(results)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
