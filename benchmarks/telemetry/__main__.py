"""``python -m benchmarks.telemetry``: how fast telemetry is stored, and what a silent device costs.

Ours and the bare database or broker take turns in one run. The figures go to ``results-telemetry.json``, and
docs/performance.md is written from it; with ``--quick`` or ``--dry`` it only prints. Of each figure there are two: by
the clock, and by the processor time of the process that is measured, which says more on a machine that others use too.
"""

import argparse
import asyncio
import datetime
import os
import sys
import tempfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from benchmarks.boards.figures import BoardResults, Part
from benchmarks.boards.report import machine_text
from benchmarks.figures import read_results
from benchmarks.machine import describe_machine
from benchmarks.report import write_pages
from benchmarks.systems import ROOT
from benchmarks.telemetry import crowd, idle, messages, storing
from benchmarks.telemetry.report import BARE, OURS, PAHO, RESULTS, read_telemetry_results, telemetry_table
from device_runtime.errors import CygnetError


def measure_storing(part: Part, folder: Path, *, quick: bool) -> None:
    """Events into both databases."""
    rounds, batches = (1, 100) if quick else (5, 500)
    count = batches * storing.RECORDS
    with storing.databases(folder) as urls:
        for engine, url in urls.items():
            for way, taken in storing.measure(url, rounds, batches).items():
                part.add(engine, way, "events a second", "1/s", [count / each.wall for each in taken])
                part.add(engine, way, "events a CPU second", "1/s", [count / each.cpu for each in taken])
    part.versions.update({"SQLAlchemy": metadata.version("sqlalchemy"), "psycopg": metadata.version("psycopg")})


def measure_messages(part: Part, folder: Path, *, quick: bool) -> None:
    """Messages through a broker."""
    rounds, count = (1, 500) if quick else (3, 5_000)
    for way, taken in messages.measure(folder, rounds, count).items():
        part.add("mosquitto", way, "messages a second", "1/s", [count / each.wall for each in taken])
        part.add("mosquitto", way, "messages a CPU second", "1/s", [count / each.cpu for each in taken])
    part.versions["paho-mqtt"] = metadata.version("paho-mqtt")


def measure_idle(part: Part, folder: Path, *, quick: bool) -> None:
    """A device that has nothing to say."""
    count, packets = asyncio.run(idle.measure(folder, 0.1 if quick else 4.0))
    part.add("wire", OURS, "bytes a minute", "bytes", [count])
    part.add("wire", OURS, "packets a minute", "1/min", [packets])


def measure_crowd(part: Part, folder: Path, *, quick: bool) -> None:
    """Many devices: a rollout to all, and all back at once."""
    count = 30 if quick else crowd.DEVICES
    seen = asyncio.run(crowd.measure(folder, count))
    part.add("crowd", OURS, "devices", "1", [count])
    for way, work in ((OURS, seen.rollout), (BARE, seen.best)):
        part.add("crowd", way, "packets", "1", [work.packets])
        part.add("crowd", way, "seconds by the clock", "s", [work.wall])
        part.add("crowd", way, "seconds of the broker's processor", "s", [work.cpu])
    part.add("crowd", OURS, "seconds of the fleet's processor", "s", [seen.fleet_cpu])
    part.add("crowd", BARE, "connections a second", "1/s", [seen.connections])
    part.add("crowd", PAHO, "connections a second", "1/s", [seen.clients])
    part.add("crowd", OURS, "seconds until the last is back", "s", [seen.back.last])
    part.add("crowd", OURS, "seconds until the fleet knows all", "s", [seen.back.known])
    part.add("crowd", OURS, "seconds of the broker's processor until all are back", "s", [seen.back.broker_cpu])
    part.add("crowd", OURS, "seconds of the fleet's processor until all are back", "s", [seen.back.fleet_cpu])


PARTS: dict[str, Callable[..., None]] = {
    "storing": measure_storing,
    "messages": measure_messages,
    "idle": measure_idle,
    "crowd": measure_crowd,
}


def main() -> int:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.telemetry", description=__doc__)
    parser.add_argument("--only", default=",".join(PARTS), help="some of the parts, with commas between")
    parser.add_argument("--quick", action="store_true", help="a few of each, to see that it runs")
    parser.add_argument("--dry", action="store_true", help="print only")
    options = parser.parse_args()
    writes = not options.quick and not options.dry
    results = read_telemetry_results() if writes else BoardResults()
    failed = 0
    for name in options.only.split(","):
        print(f"{name} ...", file=sys.stderr, flush=True)
        date = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
        part = Part(describe_machine(), date, [os.getloadavg()[0]])
        # On the disk that the checkout is on: a temporary folder may be memory.
        (ROOT / ".bench").mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=ROOT / ".bench") as folder:
            try:
                PARTS[name](part, Path(folder), quick=options.quick)
            except CygnetError as error:
                print(f"{name}: {error}", file=sys.stderr)
                failed += 1
                continue
        part.load.append(os.getloadavg()[0])
        results.parts[name] = part
        if writes:
            results.write(RESULTS)
    if writes:
        write_pages(read_results())
    print(machine_text(results))
    print(telemetry_table(results))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
