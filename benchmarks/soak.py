"""``make soak``: 100,000 events and 1,000 launches through a device and a screen: does memory or time creep?

The device has a process of its own; this one is its screen, which taps over the WebSocket and waits for the patch. Time
is processor time of host, zygote and worker, which other work on the machine changes least; memory is what they have
for themselves, not the files that they map. After a warm-up the last third of the windows is held against the first: 5
% more, or one descriptor, process or task more, and it fails. The figures go to ``soak.json``.
"""

import argparse
import asyncio
import datetime
import json
import os
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.errors import BenchmarkError
from benchmarks.host import kilobytes
from benchmarks.machine import describe_machine
from benchmarks.page import HELLO, LIST, write_page
from device_runtime.keys import encode_public_key
from device_runtime.view.mirror import MirrorTree
from firmware_tools.build.program import build_program

SOAK = Path(__file__).with_name("soak.json")
WINDOWS = 20
_WARM_UP = 5
_ROWS = 100
_APP = "cygnet.benchmark"
# One turn through the page of rows; it ends as it began.
_TURN = ("cell", "cell", "cell", "append", "swap", "swap", "reverse", "reverse", "refresh", "replace", "clear", "fill")
_TICK = os.sysconf("SC_CLK_TCK")
_SECONDS = 60.0


@dataclass
class Course:
    """One measure over time: a value a window."""

    name: str
    unit: str
    most: float
    """By which part the end may be above the beginning."""
    values: list[float] = field(default_factory=list)

    @property
    def growth(self) -> float:
        """How much the last third is above the first, warm-up left out: 0.02 is 2 %."""
        steady = self.values[_WARM_UP:]
        third = max(1, len(steady) // 3)
        before, after = statistics.median(steady[:third]), statistics.median(steady[-third:])
        return after / before - 1 if before else float(after > before)

    @property
    def flat(self) -> bool:
        return self.growth <= self.most


class _Screen:
    """Taps, and waits for what comes; it keeps nothing but the page of rows as it is in the beginning."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket

    async def until(self, kind: str, app_id: str) -> dict[str, Any]:
        """The next message of this kind about a program."""
        async with asyncio.timeout(_SECONDS):
            async for message in self._socket:
                document: dict[str, Any] = message.json()
                if document["type"] == "error":
                    raise BenchmarkError(f"the device says: {document['text']}")
                if (document["type"], document.get("app_id")) == (kind, app_id):
                    return document
        raise BenchmarkError("the device closed the screen")

    async def launch(self, app_id: str) -> dict[str, Any]:
        """Bring a program to the front; gives its first patch."""
        await self._socket.send_json({"type": "launch", "app_id": app_id, "path": ""})
        return await self.until("patch", app_id)

    async def tap(self, app_id: str, page: int, node: int) -> None:
        """Tap, and wait for the patch."""
        event = {"type": "node", "app_id": app_id, "page": page, "node": node, "event": "tap", "detail": {}}
        await self._socket.send_json(event)
        await self.until("patch", app_id)


class _Device:
    """The process that is soaked."""

    def __init__(self, process: asyncio.subprocess.Process, pid: int) -> None:
        self._process = process
        self._pid = pid

    async def ask(self, line: str) -> dict[str, int]:
        """One command, and its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{line}\n".encode())
        answer = await asyncio.wait_for(self._process.stdout.readline(), _SECONDS)
        return dict(json.loads(answer))

    def family(self) -> list[int]:
        """The host, its zygote, and the workers."""
        found = [self._pid]
        for pid in found:
            for task in Path(f"/proc/{pid}/task").glob("*/children"):
                found += [int(child) for child in task.read_text().split()]
        return found

    def cpu_seconds(self) -> float:
        """Processor time of all of them, with that of workers that have ended."""
        ticks = 0
        for pid in self.family():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
        return ticks / _TICK

    def descriptors(self) -> int:
        """Those of host and zygote."""
        return sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in self.family()[:2])


@asynccontextmanager
async def _soaked(folder: Path) -> AsyncIterator[tuple[_Device, _Screen]]:
    key = Ed25519PrivateKey.generate()
    for name, rows in ((LIST, _ROWS), (HELLO, 1)):
        (folder / f"{name}.ma").write_bytes(build_program(write_page(folder, name, rows), key).data)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.soaked", str(folder), encode_public_key(key.public_key()),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        begun = json.loads(await asyncio.wait_for(process.stdout.readline(), _SECONDS))
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{begun['url'].rstrip('/')}/ws", max_msg_size=0) as socket,
        ):
            yield _Device(process, begun["pid"]), _Screen(socket)
    finally:
        process.stdin.close()
        await process.wait()


async def _windows(
    device: _Device, title: str, count: int, act: Callable[[int], Awaitable[None]], courses: list[Course]
) -> None:
    """``count`` acts in windows of the same size; each window adds one value to every course."""
    for window in range(WINDOWS):
        before = device.cpu_seconds()
        size = count // WINDOWS
        for number in range(size):
            await act(number)
        spent = device.cpu_seconds() - before
        counted = await device.ask("count")
        host, zygote, *workers = device.family()
        values = (
            spent / size * 1e3,
            kilobytes(host, "smaps_rollup", "Anonymous:"),
            kilobytes(zygote, "smaps_rollup", "Anonymous:"),
            sum(kilobytes(worker, "smaps_rollup", "Private_") for worker in workers),
            device.descriptors(),
            len(workers),
            counted["tasks"],
            counted["objects"],
        )
        for course, value in zip(courses, values, strict=True):
            course.values.append(float(f"{value:.5g}"))
        print(f"{title}, {(window + 1) * size:,} of {count:,}", file=sys.stderr, flush=True)


def _courses(what: str) -> list[Course]:
    return [
        Course(f"{what}: processor time each", "ms", 0.05),
        Course(f"{what}: host, anonymous memory", "kB", 0.05),
        Course(f"{what}: zygote, anonymous memory", "kB", 0.05),
        Course(f"{what}: workers, private", "kB", 0.05),
        Course(f"{what}: descriptors of host and zygote", "", 0.0),
        Course(f"{what}: workers", "", 0.0),
        Course(f"{what}: tasks of the host", "", 0.0),
        Course(f"{what}: objects of the host", "", 0.05),
    ]


async def soak(events: int, launches: int) -> list[Course]:
    """Soak a device; the courses of events, then those of launches."""
    with tempfile.TemporaryDirectory() as place:
        async with _soaked(Path(place)) as (device, screen):
            app, hello = f"{_APP}.{LIST}", f"{_APP}.{HELLO}"
            first = await screen.launch(app)
            page = first["page"]
            tree = MirrorTree()
            tree.apply(first["operations"])
            nodes = [tree.find(id=step).id for step in _TURN]
            of_events, of_launches = _courses("events"), _courses("launches")

            async def tap(number: int) -> None:
                await screen.tap(app, page, nodes[number % len(nodes)])

            async def launch(_: int) -> None:
                await screen.launch(hello)
                await device.ask(f"stop {hello}")
                await screen.until("exited", hello)

            await _windows(device, "events", events, tap, of_events)
            await _windows(device, "launches", launches, launch, of_launches)
    return [*of_events, *of_launches]


def print_courses(courses: list[Course]) -> None:
    """How each began and ended, and whether it is flat."""
    for course in courses:
        begin, end = course.values[_WARM_UP], course.values[-1]
        verdict = "flat" if course.flat else "CREEPS"
        print(f"{course.name:<48}{begin:>12,.5g}{end:>12,.5g} {course.unit:<3}{course.growth:>+8.1%}  {verdict}")


def main() -> int:
    """Soak, print, and write."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--launches", type=int, default=1000)
    arguments = parser.parse_args()
    load = os.getloadavg()[0]
    try:
        courses = asyncio.run(soak(arguments.events, arguments.launches))
    except BenchmarkError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    date = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    print(f"{describe_machine()}, load {load:.1f} to {os.getloadavg()[0]:.1f}, {date}")
    print_courses(courses)
    if (arguments.events, arguments.launches) == (100_000, 1000):
        document = {"machine": describe_machine(), "date": date, "load": [load, os.getloadavg()[0]]}
        lines = ",\n".join(f"    {json.dumps(asdict(course))}" for course in courses)
        head = json.dumps(document)[1:-1]
        SOAK.write_text(f'{{\n  {head},\n  "courses": [\n{lines}\n  ]\n}}\n', encoding="utf-8")
    return 0 if all(course.flat for course in courses) else 1


if __name__ == "__main__":
    sys.exit(main())
