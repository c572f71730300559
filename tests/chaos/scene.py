"""The scene: mosquitto, `cygnet fleet serve` and perhaps workers and a PostgreSQL as processes that can be killed, and
simulated devices beside them."""

import asyncio
import random
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from device_runtime.keys import decode_public_key, key_ring
from device_runtime.sync.pace import Pace
from device_runtime.sync.transport import Backoff
from firmware_tools.fleet.client import FleetClient
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.errors import SilentFleetError
from firmware_tools.fleet.home import FleetHome, init_home
from firmware_tools.fleet.telemetry import TelemetryQuery, TelemetryStore
from firmware_tools.fleet.workers.roll import BEAT_SECONDS
from firmware_tools.simulation.crowd import Crowd
from firmware_tools.simulation.device import SOURCE, Setting
from firmware_tools.simulation.weather import Weather
from tests.brokers import Mosquitto, free_port, running_mosquitto
from tests.fleet.packages import small_package
from tests.postgres import Postgres, running_postgres

B = TypeVar("B")
APP = "org.example.lamp"
PACE = Pace(report=0.2, watch=1, ask=5, batch=0.5, receipt=3, resend=Backoff(0.2, 2.0), retry=Backoff(0.3, 3.0))
_ANSWERS_WITHIN = 60.0


class FleetProcess:
    """`cygnet fleet serve` or `cygnet fleet worker` as an operator starts it."""

    def __init__(self, home: FleetHome, log: Path, command: str = "serve") -> None:
        self._home, self._log, self._command = home, log, command
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it; it answers soon."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(
                    sys.executable,
                    "-m",
                    "firmware_tools.cli",
                    "fleet",
                    "--home",
                    str(self._home.directory),
                    self._command,
                ),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    async def kill(self) -> None:
        """SIGKILL, wherever it is; it must not have ended by itself."""
        assert self._process
        assert self._process.returncode is None, self._log.read_text()[-2000:]
        self._process.kill()
        await self._process.wait()

    def signal(self, number: signal.Signals) -> None:
        """Send another signal."""
        assert self._process
        self._process.send_signal(number)

    async def stop(self) -> None:
        """Ctrl-C."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGCONT)
            self._process.send_signal(signal.SIGINT)
            await self._process.wait()


@dataclass(slots=True)
class StagedScene(Generic[B]):
    """What a run plays with; ``broker`` is whatever can be done to its broker."""

    broker: B
    fleet: FleetProcess
    client: FleetClient
    crowd: Crowd
    home: FleetHome
    random: random.Random
    say: Callable[[str], None]
    version: int = 0
    faults: list[str] = field(default_factory=list)
    workers: list[FleetProcess] = field(default_factory=list)
    postgres: Postgres | None = None

    async def ask(self, method: str, path: str, **options: object) -> object:
        """A request that is made again until the fleet answers: it may be dead just now."""
        until = time.monotonic() + _ANSWERS_WITHIN
        while True:
            try:
                return await self.client.call(method, path, **options)  # type: ignore[arg-type]
            except SilentFleetError:
                if time.monotonic() > until:
                    raise
                await asyncio.sleep(0.2)

    async def all_are_there(self) -> None:
        """Wait until the fleet and each worker have started and are connected: a process that starts while the database
        is away ends with a sentence, and is for its supervisor to start again."""
        until = time.monotonic() + _ANSWERS_WITHIN
        while True:
            told = await self.ask("GET", "/api/fleet")
            assert isinstance(told, dict)
            there = [
                worker for worker in told["workers"] if worker["connected"] and worker["beat_ago"] < 2 * BEAT_SECONDS
            ]
            if len(there) == 1 + len(self.workers):
                return
            assert time.monotonic() < until, told
            await asyncio.sleep(0.1)

    async def publish(self) -> None:
        """Publish the next version."""
        self.version += 1
        self.say(f"version {self.version} is released")
        await self.ask("POST", "/api/releases", params={"name": "lamp.ma"}, data=small_package(code=self.version))

    async def release(self) -> None:
        """Publish the next version, and let every device have it."""
        await self.publish()
        for device in self.crowd.devices:
            path = f"/api/devices/{device.name}/programs/{APP}"
            await self.ask("PUT", path, body={"version_code": self.version, "launch": True})

    async def assert_all_is_well(self, within: float = 90) -> None:
        """Every device runs the newest version, after so many seconds at most, and each record is in the database
        once."""
        assert await self.crowd.settle(within), self.crowd.census()
        for device in self.crowd.devices:
            assert device.installed_version(APP) == self.version, device.name
        for process in (*self.workers, self.fleet):
            await process.stop()
        database = Database(self.home.settings().database or f"sqlite:///{self.home.database_file}")
        try:
            with database.transaction() as connection:
                store = TelemetryStore(connection)
                for device in self.crowd.devices:
                    rows = store.records(TelemetryQuery(device=device.name, source=SOURCE, limit=10_000))
                    numbers = sorted(row["values"]["number"] for row in rows)
                    assert numbers == list(range(device.diary.recorded)), device.name
        finally:
            database.close()


Scene = StagedScene[Mosquitto]


@asynccontextmanager
async def scene(
    folder: Path, devices: int, weather: Weather, seed: int, say: Callable[[str], None], workers: int = 0
) -> AsyncIterator[Scene]:
    """A fleet with so many devices on a mosquitto, all of them enrolled and living; with ``workers``, on PostgreSQL."""
    with running_mosquitto(folder) as broker, running_postgres() if workers else nullcontext() as postgres:
        staged = scene_on(broker, broker.url, folder, devices, weather, seed, say, workers=workers, postgres=postgres)
        async with staged as made:
            yield made


@asynccontextmanager
async def scene_on(
    broker: B,
    url: str,
    folder: Path,
    devices: int,
    weather: Weather,
    seed: int,
    say: Callable[[str], None],
    pace: Pace = PACE,
    *,
    workers: int = 0,
    postgres: Postgres | None = None,
) -> AsyncIterator[StagedScene[B]]:
    """The same on any broker, which answers at ``url``."""
    listen = f"127.0.0.1:{free_port()}"
    database = postgres.url() if postgres is not None else ""
    home = init_home(folder / "fleet", "north", broker=url, listen=listen, database=database)
    fleet = FleetProcess(home, folder / "fleet.log")
    client = FleetClient(f"http://{listen}", home.token())
    names = [f"sim-{number:04}" for number in range(devices)]
    setting = Setting(
        "north", url, key_ring([]), folder / "devices", pace, Backoff(0.2, 2.0), keepalive=5, patience=2.0
    )
    beside = [FleetProcess(home, folder / f"worker{number}.log", "worker") for number in range(workers)]
    for process in (fleet, *beside):
        await process.start()
    try:
        made = StagedScene(broker, fleet, client, Crowd(names, setting, weather, seed), home, random.Random(seed), say)  # noqa: S311
        made.workers, made.postgres = beside, postgres
        for name in names:
            told = await made.ask("POST", "/api/devices", body={"device": name})
            assert isinstance(told, dict)
            setting.trusted = key_ring([decode_public_key(told["fleet_key"])])
        async with made.crowd.living(ramp=1.0, records=0.3):
            yield made
    finally:
        for process in (*beside, fleet):
            await process.stop()
