"""How one program's taps fare while another program attacks.

    python -m benchmarks.isolation --seconds 3

An attacker owns a worker (``tests/isolation/attacker.py``) and runs one attack, again and again where it comes to an
end, while a neighbour on the same board is tapped every 10 ms: from the tap, sent by the host, to the patch that its
setData makes. The table says how the attack ended, how often it was made, and the neighbour's median and 99th of 100
taps. Figures go to ``benchmarks/results-isolation.json``.
"""

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.errors import BenchmarkError
from benchmarks.machine import describe_machine, print_machine
from device_runtime.program.session import ProgramSession
from tests.isolation import channel_attacks, kernel_attacks
from tests.isolation.attacker import ATTACKS
from tests.isolation.siege import Siege, siege
from tests.program.running import Recorder

RESULTS = Path(__file__).with_name("results-isolation.json")
_AIM_SECONDS = 0.05
_PAUSE = 0.01
_PATIENCE_SECONDS = 10.0
_SETTLED = ("won", "refused", "survived")


@dataclass
class Watcher(Recorder):
    """Hears how attacks end and when the neighbour answers, and keeps nothing that attackers flood it with."""

    neighbour: str = ""
    patched: asyncio.Event = field(default_factory=asyncio.Event)
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    ending: str = ""
    end_of_neighbour: str = ""

    def on_stack(self, *_: object) -> None:
        """Nothing is drawn."""

    def on_patch(self, app_id: str, *_: object) -> None:
        if app_id == self.neighbour:
            self.patched.set()

    def on_log(self, _app_id: str, _level: str, text: str, _source: str) -> None:
        if text.startswith(_SETTLED):
            self._settle(text)

    def on_exit(self, app_id: str, reason: str) -> None:
        if app_id == self.neighbour:
            self.end_of_neighbour = reason
        elif reason:
            self._settle(f"ended: {reason}")

    def _settle(self, ending: str) -> None:
        self.ending = ending
        self.settled.set()


@dataclass(frozen=True)
class Row:
    """What was measured during one attack; times in milliseconds."""

    attack: str
    ending: str
    times: int
    taps: int
    median: float
    p99: float
    worst: float


async def _tap(neighbour: ProgramSession, watcher: Watcher, seconds: float) -> list[float]:
    times = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        watcher.patched.clear()
        start = time.perf_counter()
        neighbour.node_event(1, 2, "tap", {}, [], 0.0)
        try:
            await asyncio.wait_for(watcher.patched.wait(), _PATIENCE_SECONDS)
        except TimeoutError as error:
            why = watcher.end_of_neighbour or "it runs"
            raise BenchmarkError(f"the neighbour did not answer within {_PATIENCE_SECONDS:g} s ({why})") from error
        times.append(time.perf_counter() - start)
        await asyncio.sleep(_PAUSE)
    return times


async def _attack_until(over: asyncio.Event, besieged: Siege, watcher: Watcher, name: str) -> None:
    while not over.is_set():
        watcher.settled.clear()
        attacker = await besieged.attack(name)
        if not over.is_set():
            await watcher.settled.wait()
        await besieged.sessions.stop(attacker.app_id)


async def _measure_one(besieged: Siege, watcher: Watcher, name: str, seconds: float) -> Row:
    watcher.ending, before, over = "went on until it was stopped", besieged.attacks, asyncio.Event()
    attacking = asyncio.create_task(_attack_until(over, besieged, watcher, name)) if name else None
    times = sorted(await _tap(besieged.neighbour, watcher, seconds))
    ending = watcher.ending
    if attacking is not None:
        over.set()
        watcher.settled.set()
        await attacking
    count = besieged.attacks - before
    p99 = times[min(len(times) - 1, int(len(times) * 0.99))]
    milliseconds = [round(value * 1e3, 2) for value in (statistics.median(times), p99, times[-1])]
    return Row(name or "none", ending if name else "", count, len(times), *milliseconds)


async def measure(names: list[str], seconds: float) -> list[Row]:
    """Each attack in its turn, and first none."""
    watcher = Watcher()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        async with siege(Path(folder), watcher) as besieged:
            watcher.neighbour = besieged.neighbour.app_id
            for name in ["", *names]:
                rows.append(await _measure_one(besieged, watcher, name, seconds))
                _print(rows[-1])
    return rows


def _print(row: Row) -> None:
    mark = "" if row.p99 <= _AIM_SECONDS * 1e3 else "  <- over the aim"
    numbers = f"{row.times:>6}{row.taps:>6}{row.median:>9.2f}{row.p99:>9.2f}{row.worst:>9.2f}{mark}"
    print(f"{row.attack:<50}{numbers}", flush=True)
    if row.ending:
        print(f"    {row.ending:.110}", flush=True)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3.0, help="how long each attack goes on (default: 3)")
    parser.add_argument("--only", default="", metavar="TEXT", help="those with this in their name; writes nothing")
    arguments = parser.parse_args()
    modules = (kernel_attacks.__name__, channel_attacks.__name__)
    names = [name for name, function in ATTACKS.items() if function.__module__ in modules and arguments.only in name]
    print_machine()
    print(f"{'attack':<50}{'times':>6}{'taps':>6}{'median':>9}{'p99':>9}{'worst':>9}  (ms)")
    rows = asyncio.run(measure(names, arguments.seconds))
    over = [row.attack for row in rows if row.p99 > _AIM_SECONDS * 1e3]
    print(f"{len(rows) - 1} attacks, {len(over)} with a 99th tap over {_AIM_SECONDS * 1e3:g} ms {over or ''}")
    if not arguments.only:
        document = {
            "machine": describe_machine(),
            "load": os.getloadavg()[0],
            "seconds": arguments.seconds,
            "attacks": [asdict(row) for row in rows],
        }
        RESULTS.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
