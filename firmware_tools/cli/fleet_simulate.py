"""``cygnet fleet simulate``: devices without hardware for a running fleet."""

import asyncio
import json
import logging
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from device_runtime.keys import decode_public_key, key_ring
from device_runtime.sync.messages import RootTarget
from firmware_tools.cli.fleet_target import Target, json_option, pass_target
from firmware_tools.fleet.client import FleetClient
from firmware_tools.fleet.errors import FleetError
from firmware_tools.simulation.crowd import Census, Crowd
from firmware_tools.simulation.device import Setting
from firmware_tools.simulation.weather import WEATHERS, WeatherError

_ENROLLED_AT_ONCE = 16
_LOOK_EVERY = 1.0


@click.command()
@click.option("--devices", default=100, show_default=True, type=click.IntRange(1, 100_000), help="How many.")
@click.option(
    "--weather", default="calm", show_default=True, type=click.Choice(list(WEATHERS)), help="What goes wrong."
)
@click.option("--set", "changes", multiple=True, metavar="NAME=VALUE", help="Change one figure of the weather.")
@click.option("--seed", default=1, show_default=True, help="The same seed gives each device the same fate.")
@click.option(
    "--seconds", default=60.0, show_default=True, type=click.FloatRange(0), help="How long it lasts; 0: until Ctrl-C."
)
@click.option("--ramp", default=0.0, type=click.FloatRange(0), help="Over so many seconds they are switched on.")
@click.option(
    "--records",
    default=10.0,
    show_default=True,
    type=click.FloatRange(0),
    help="Seconds between two records of a device; 0: none.",
)
@click.option(
    "--settle",
    default=120.0,
    show_default=True,
    type=click.FloatRange(0),
    help="So long all may take in the end to be in step.",
)
@click.option("--prefix", default="sim-", show_default=True, help="What their ids begin with.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where they keep their files; without it, they are new each time.",
)
@json_option
@pass_target
def simulate(
    target: Target,
    devices: int,
    weather: str,
    changes: Sequence[str],
    seed: int,
    seconds: float,
    ramp: float,
    records: float,
    settle: float,
    prefix: str,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Enroll simulated devices and let them live: the agent of real devices, many in one process.

    They connect to the fleet's broker, install what they are assigned, send telemetry, and suffer the weather:
    connections that break, power cuts, full disks, lost and late messages, wrong clocks. In the end the weather is
    calm, and all must be in step, with all their telemetry at the fleet; if not, the exit code is 1.

    \b
    Example:
      cygnet fleet simulate --devices 200 --weather rough
      cygnet fleet simulate --devices 50 --weather storm --set loss=0.5 --seconds 300 --json
    """
    logging.getLogger("device_runtime").setLevel(logging.ERROR)  # thousands say what one device would log
    chosen = WEATHERS[weather].but(_figures(changes))
    with ExitStack() as stack:
        where = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cygnet-simulation-")))
        names = [f"{prefix}{number:05}" for number in range(1, devices + 1)]
        show = _Json() if as_json else _Bars(devices, stack)

        async def run() -> bool:
            setting = await _enroll(target.client(), names, where, show)
            crowd = Crowd(names, setting, chosen, seed)
            return await _live(crowd, show, ramp=ramp, records=records, seconds=seconds, settle=settle)

        if not asyncio.run(run()):
            raise FleetError(f"not all devices came into step within {settle:g} s after the weather was calm")


async def _enroll(client: FleetClient, names: Sequence[str], folder: Path, show: "_Json | _Bars") -> Setting:
    told: dict[str, Any] = {}
    waiting = list(reversed(names))

    async def work() -> None:
        while waiting:
            name = waiting.pop()
            told.update(await client.call("POST", "/api/devices", body={"device": name, "name": ""}))
            show.enrolled(len(names) - len(waiting))

    await asyncio.gather(*(work() for _ in range(_ENROLLED_AT_ONCE)))
    version, _, sha256 = told["root"].partition(":")
    return Setting(
        told["fleet"],
        told["broker"],
        key_ring([decode_public_key(told["fleet_key"])]),
        folder,
        root=RootTarget(int(version), sha256) if sha256 else None,
    )


async def _live(
    crowd: Crowd, show: "_Json | _Bars", *, ramp: float, records: float, seconds: float, settle: float
) -> bool:
    async with crowd.living(ramp, records):
        watching = asyncio.create_task(_watch(crowd, show))
        try:
            await asyncio.sleep(ramp + seconds if seconds else 10**9)
        except asyncio.CancelledError:  # Ctrl-C: they come to an end in order; a second one breaks off
            task = asyncio.current_task()
            if task is None or task.uncancel() > 0:
                raise
        crowd.calm_down()
        crowd.fall_silent()
        done = await crowd.settle(settle)
        watching.cancel()
        show.lives(crowd.census())
    return done


async def _watch(crowd: Crowd, show: "_Json | _Bars") -> None:
    while True:
        show.lives(crowd.census())
        await asyncio.sleep(_LOOK_EVERY)


def _figures(changes: Sequence[str]) -> Mapping[str, float]:
    figures: dict[str, float] = {}
    for change in changes:
        name, _, value = change.partition("=")
        try:
            figures[name.strip()] = float(value)
        except ValueError as error:
            raise WeatherError(f"--set takes NAME=VALUE with a number, such as loss=0.1, not {change!r}") from error
    return figures


class _Json:
    """One line of JSON a second."""

    def enrolled(self, count: int) -> None:
        del count

    def lives(self, census: Census) -> None:
        click.echo(json.dumps({"time": time.time(), **asdict(census)}))


class _Bars:
    """Bars for a person."""

    def __init__(self, devices: int, stack: ExitStack) -> None:
        self._progress, self._devices, self._stack = _progress(), devices, stack
        self._tasks: dict[str, TaskID] = {}

    def enrolled(self, count: int) -> None:
        self._set("enrolled", count)

    def lives(self, census: Census) -> None:
        self._set("online", census.online)
        self._set("in step", census.in_step)
        self._set("records with the fleet", census.recorded - census.waiting, census.recorded)
        if happened := [
            f"{count:,} {what}"
            for what, count in (
                ("cuts", census.cuts),
                ("power cuts", census.reboots),
                ("full disks", census.full_disks),
            )
            if count
        ]:
            self._progress.update(self._tasks["online"], description=f"online ({', '.join(happened)})")

    def _set(self, name: str, count: int, total: int | None = None) -> None:
        if not self._tasks:
            self._stack.enter_context(self._progress)  # not before: it writes a line also where nothing began
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(name, total=self._devices)
        self._progress.update(self._tasks[name], completed=count, total=self._devices if total is None else total)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )
