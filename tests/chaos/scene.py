"""The scene: mosquitto and `cygnet fleet serve` as processes that can be killed, and simulated devices beside them."""

import asyncio
import random
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from device_runtime.keys import decode_public_key, key_ring
from device_runtime.sync.agent import Pace
from device_runtime.sync.transport import Backoff
from firmware_tools.fleet.client import FleetClient
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.errors import SilentFleetError
from firmware_tools.fleet.home import FleetHome, init_home
from firmware_tools.fleet.telemetry import TelemetryQuery, TelemetryStore
from firmware_tools.simulation.crowd import Crowd
from firmware_tools.simulation.device import SOURCE, Setting
from firmware_tools.simulation.weather import Weather
from tests.brokers import Mosquitto, free_port, running_mosquitto
from tests.fleet.packages import small_package

B = TypeVar("B")
APP = "org.example.lamp"
PACE = Pace(report=0.2, watch=1, ask=5, batch=0.5, receipt=3, resend=Backoff(0.2, 2.0), retry=Backoff(0.3, 3.0))
_ANSWERS_WITHIN = 60.0


class FleetProcess:
    """`cygnet fleet serve` as an operator starts it."""

    def __init__(self, home: FleetHome, log: Path) -> None:
        self._home, self._log = home, log
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it; it answers soon."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "firmware_tools.cli", "fleet", "--home", str(self._home.directory), "serve"),
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
        await self.fleet.stop()
        database = Database(f"sqlite:///{self.home.database_file}")
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
    folder: Path, devices: int, weather: Weather, seed: int, say: Callable[[str], None]
) -> AsyncIterator[Scene]:
    """A fleet with so many devices on a mosquitto, all of them enrolled and living."""
    with running_mosquitto(folder) as broker:
        async with scene_on(broker, broker.url, folder, devices, weather, seed, say) as made:
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
) -> AsyncIterator[StagedScene[B]]:
    """The same on any broker, which answers at ``url``."""
    listen = f"127.0.0.1:{free_port()}"
    home = init_home(folder / "fleet", "north", broker=url, listen=listen)
    fleet = FleetProcess(home, folder / "fleet.log")
    client = FleetClient(f"http://{listen}", home.token())
    names = [f"sim-{number:04}" for number in range(devices)]
    setting = Setting(
        "north", url, key_ring([]), folder / "devices", pace, Backoff(0.2, 2.0), keepalive=5, patience=2.0
    )
    await fleet.start()
    try:
        made = StagedScene(broker, fleet, client, Crowd(names, setting, weather, seed), home, random.Random(seed), say)  # noqa: S311
        for name in names:
            told = await made.ask("POST", "/api/devices", body={"device": name})
            assert isinstance(told, dict)
            setting.trusted = key_ring([decode_public_key(told["fleet_key"])])
        async with made.crowd.living(ramp=1.0, records=0.3):
            yield made
    finally:
        await fleet.stop()
