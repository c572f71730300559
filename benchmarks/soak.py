"""``make soak``: 100,000 events and 1,000 launches through a device and a screen: does memory or time creep?

The device has a process of its own; this one is its screen, which taps over the WebSocket and waits for the patch. Time
is processor time of host, zygote and worker in turns of a fixed loop at the same time, which a busy machine slows as
much. Memory is what they have for themselves, not the files that they map. After a warm-up the last third of the
windows is held against the first: 5 % more, or one descriptor, process or task more, and it fails. The figures go to
``soak.json``.
"""

import argparse
import asyncio
import datetime
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.courses import SOAK, Course, Soak
from benchmarks.device_process import PATIENCE_SECONDS, DeviceProcess, device_process
from benchmarks.errors import BenchmarkError
from benchmarks.figures import read_results
from benchmarks.host import kilobytes
from benchmarks.machine import describe_machine
from benchmarks.page import HELLO, LIST
from benchmarks.report import write_pages
from device_runtime.view.mirror import MirrorTree

WINDOWS = 20
_PARTS = 10
_LOOP = 200_000
_ROWS = 100
_APP = "cygnet.benchmark"
# One turn through the page of rows; it ends as it began.
_TURN = ("cell", "cell", "cell", "append", "swap", "swap", "reverse", "reverse", "refresh", "replace", "clear", "fill")


class _Screen:
    """Taps, and waits for what comes; it keeps nothing but the page of rows as it is in the beginning."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket

    async def until(self, kind: str, app_id: str) -> dict[str, Any]:
        """The next message of this kind about a program."""
        async with asyncio.timeout(PATIENCE_SECONDS):
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


def _pace() -> float:
    """The processor time of a fixed loop: how fast this machine is just now, beside all that runs on it."""
    started = time.process_time()
    sum(number * number % 7 for number in range(_LOOP))
    return (time.process_time() - started) / _PARTS


@asynccontextmanager
async def _soaked(folder: Path) -> AsyncIterator[tuple[DeviceProcess, _Screen]]:
    async with (
        device_process(folder, [(LIST, _ROWS), (HELLO, 1)]) as device,
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{device.url.rstrip('/')}/ws", max_msg_size=0) as socket,
    ):
        yield device, _Screen(socket)


async def _windows(
    device: DeviceProcess, title: str, count: int, act: Callable[[int], Awaitable[None]], courses: list[Course]
) -> None:
    """``count`` acts in windows of the same size; each window adds one value to every course."""
    size = count // WINDOWS
    for window in range(WINDOWS):
        spent = paces = 0.0
        for part in range(_PARTS):
            paces += _pace()
            before = device.cpu_seconds()
            for number in range(part * size // _PARTS, (part + 1) * size // _PARTS):
                await act(number)
            spent += device.cpu_seconds() - before
        counted = await device.ask("count")
        host, zygote, *workers = device.family()
        values = (
            spent / size / paces,
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
        Course(f"{what}: processor time each", "loops", 0.05),
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
        begin, end = course.ends
        verdict = "flat" if course.flat else "CREEPS"
        print(f"{course.name:<48}{begin:>12,.5g}{end:>12,.5g} {course.unit:<6}{course.growth:>+8.1%}  {verdict}")


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
    soaked = Soak(describe_machine(), date, [load, os.getloadavg()[0]], courses)
    print(f"{soaked.machine}, load {soaked.load[0]:.1f} to {soaked.load[1]:.1f}, {date}")
    print_courses(courses)
    if (arguments.events, arguments.launches) == (100_000, 1000):
        soaked.write(SOAK)
        write_pages(read_results())
    return 0 if all(course.flat for course in courses) else 1


if __name__ == "__main__":
    sys.exit(main())
