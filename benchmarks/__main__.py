"""``make bench``: Cygnet and its peers side by side, in one run.

A whole run writes ``results.json``, and the tables of README.md and docs/performance.md from it; with ``--quick`` or
``--ours`` it only prints.
"""

import argparse
import asyncio
import datetime
import os
import sys
from pathlib import Path

from benchmarks.errors import BenchmarkError
from benchmarks.figures import RESULTS, Results
from benchmarks.machine import describe_machine
from benchmarks.npm import build_dimina, install_peers
from benchmarks.page import SCROLLED, SIZES
from benchmarks.report import print_report, write_pages
from benchmarks.scrolling import measure_scrolling
from benchmarks.systems import PEERS, ROOT, Field, System, run_round

_FOLDER = ROOT / ".bench"
_SCROLLED_ROUNDS = 3


def measure(rounds: int, folder: Path, *, peers: bool = True, quick: bool = False) -> Results:
    """Measure everything; a quick run takes each step twice, on pages of 100 rows."""
    versions = install_peers(folder / "peers") if peers else {}
    sizes = SIZES[:1] if quick else SIZES
    field = Field(folder, sizes, folder / "peers" if peers else None)
    field.build()
    date = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    results = Results(describe_machine(), date, rounds, [os.getloadavg()[0]], versions)
    measured: tuple[System, ...] = PEERS if peers else ()
    if peers and (reason := build_dimina(folder / "dimina", folder / "peers")):
        measured = tuple(peer for peer in PEERS if peer.name != "dimina")
        results.remarks["dimina/*/*"] = reason
    for number in range(rounds):
        print(f"round {number + 1} of {rounds} …", file=sys.stderr, flush=True)
        # The largest page takes longest: it has every third round.
        run_round(field, number, sizes if number % 3 == 0 else sizes[:2], measured, results, quick=quick)
    if not quick:
        for number in range(_SCROLLED_ROUNDS):
            print(f"scrolling {number + 1} of {_SCROLLED_ROUNDS} …", file=sys.stderr, flush=True)
            for rows in SCROLLED:
                asyncio.run(measure_scrolling(rows, results))
    results.load.append(os.getloadavg()[0])
    return results


def main() -> int:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="how often each system has its turn (default: 7)")
    parser.add_argument("--ours", action="store_true", help="leave the peers out, which need npm")
    parser.add_argument("--quick", action="store_true", help="one short round on 100 rows, to see that it runs")
    arguments = parser.parse_args()
    rounds = 1 if arguments.quick else arguments.rounds
    try:
        results = measure(rounds, _FOLDER, peers=not arguments.ours, quick=arguments.quick)
    except BenchmarkError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print_report(results)
    if not arguments.quick and not arguments.ours:
        results.write(RESULTS)
        write_pages(results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
