"""Many devices on one fleet: a release rolled out to all of them, and all of them back at once.

python -m benchmarks.telemetry.crowd HOME COUNT    # the fleet, a process of its own

The devices are the agents of real ones, in processes beside, and take most of what the machine has; so beside the
clock there is what the processes of broker and fleet needed: the broker's against what the same number of packets
costs it at its best. A real device has a disk of its own, so that of the simulated ones is memory where there is one.
"""

import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from sqlalchemy import create_engine, select

from benchmarks.telemetry import connecting, messages
from benchmarks.telemetry.crowd_process import PATIENCE, Crowds, name_of, running_crowds
from device_runtime.errors import CygnetError
from firmware_tools.fleet.client import FleetClient
from firmware_tools.fleet.home import FleetHome, init_home
from firmware_tools.fleet.schema import devices as devices_table
from firmware_tools.fleet.server import run_fleet
from tests.brokers import Mosquitto, running_mosquitto
from tests.fleet.packages import small_package

FLEET, APP = "bench", "org.example.lamp"
DEVICES = 10_000
_PACKAGE_BYTES = 30_000
_TICKS = os.sysconf("SC_CLK_TCK")
_COUNTED = "$SYS/broker/messages/"
_COUNT_EVERY = 1
_MEMORY = Path("/dev/shm")  # noqa: S108 - a file system in memory, where a folder is made by tempfile


@dataclass(frozen=True, slots=True)
class Work:
    """``packets`` of any kind in both directions, by the broker's own count; seconds by the clock and of the broker's
    processor."""

    packets: float
    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Seen:
    """What was measured: packets at their best, a rollout, and the seconds of the fleet's processor in it; connections
    a second of hardly more than their bytes, and of plain clients; and the return of all."""

    best: Work
    rollout: Work
    fleet_cpu: float
    connections: float
    clients: float
    back: "Return"


@dataclass(frozen=True, slots=True)
class Return:
    """The seconds after which the last device was back and after which the fleet had stored it of all, and what broker
    and fleet needed of the processor until then."""

    last: float
    known: float
    broker_cpu: float
    fleet_cpu: float


class Meter:
    """Reads what a broker has done so far."""

    def __init__(self, broker: Mosquitto) -> None:
        self._process = broker.process_id
        self._counts: dict[str, int] = {}
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = lambda _client, _data, message: self._counts.update(
            {message.topic: int(message.payload)}
        )
        topics = [(f"{_COUNTED}received", 0), (f"{_COUNTED}sent", 0)]
        self._client.on_connect = lambda client, *_: client.subscribe(topics)
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()

    def read(self) -> Work:
        """Everything since it was started; waits until the broker has counted."""
        wall, cpu = time.perf_counter(), _cpu_seconds(self._process)
        time.sleep(2 * _COUNT_EVERY + 0.2)
        return Work(sum(self._counts.values()), wall, cpu)

    def since(self, before: Work, wall: float | None = None) -> Work:
        """What was done since then; ``wall`` is when it ended, if not now."""
        now = self.read()
        return Work(now.packets - before.packets, (wall or now.wall) - before.wall, now.cpu - before.cpu)

    def close(self) -> None:
        """Stop listening."""
        self._client.disconnect()
        self._client.loop_stop()


def _cpu_seconds(process: int) -> float:
    """proc(5), ``stat``: user and system time are the 14th and 15th field; the 2nd is a name in brackets."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


@dataclass(frozen=True, slots=True)
class _Fleet:
    client: FleetClient
    process: int


@asynccontextmanager
async def _fleet(home: FleetHome, count: int) -> AsyncIterator[_Fleet]:
    """A fleet with so many devices enrolled, in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.telemetry.crowd", home.directory, str(count)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        url = (await process.stdout.readline()).decode().strip()
        if not url:
            raise CygnetError("the fleet did not start")
        yield _Fleet(FleetClient(url, home.token()), process.pid)
    finally:
        process.stdin.close()
        await process.wait()


async def _serve(home: FleetHome, count: int) -> None:
    async with run_fleet(home) as running:
        await running.transport.online()
        for number in range(count):
            await running.operations.enroll(name_of(number), "")
        await running.operations.publish(small_package(code=1, size=_PACKAGE_BYTES), "lamp.ma")
        print(running.url, flush=True)
        await asyncio.to_thread(sys.stdin.read)


async def measure(folder: Path, count: int) -> Seen:
    """One release to so many devices, and then all of them back after the broker was killed.

    Raises:
        CygnetError: not all came into step, or back, within a quarter of an hour.
    """
    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))  # the broker's, of which each device has one
    further = (f"sys_interval {_COUNT_EVERY}", "max_queued_messages 0")
    with (
        running_mosquitto(folder, further=further) as broker,
        tempfile.TemporaryDirectory(dir=_disks(folder)) as devices,
    ):
        meter = Meter(broker)
        before = meter.read()
        at_best = messages.bare(broker, 20_000, "00000000")
        best = meter.since(before)
        best = Work(best.packets, at_best.wall, best.cpu)
        rate = await connecting.bare(broker.port, 2_000)
        clients = await asyncio.to_thread(connecting.clients, broker.port)
        home = init_home(folder / "fleet", FLEET, broker=broker.url, listen="127.0.0.1:0")
        async with _fleet(home, count) as fleet, running_crowds(home, broker.url, Path(devices), count) as crowds:
            version = await crowds.ask("settled 1")
            before, fleet_before = await asyncio.to_thread(meter.read), _cpu_seconds(fleet.process)
            await _roll_out(fleet.client)
            await crowds.ask(f"settled {version + 1}")
            fleet_cpu = _cpu_seconds(fleet.process) - fleet_before
            rollout = await asyncio.to_thread(meter.since, before, time.perf_counter())
            meter.close()
            back = await _all_back(crowds, broker, fleet, home)
    return Seen(best, rollout, fleet_cpu, rate, clients, back)


def _disks(folder: Path) -> Path:
    return _MEMORY if _MEMORY.is_dir() else folder


async def _roll_out(client: FleetClient) -> None:
    made = await client.call("POST", "/api/rollouts", body={"subject": APP, "query": "all", "stages": ["100%"]})
    await client.call("POST", f"/api/rollouts/{made['id']}/start", body={})


async def _all_back(crowds: Crowds, broker: Mosquitto, fleet: _Fleet, home: FleetHome) -> Return:
    """All devices, after the broker's death and return."""
    fleet_before, sessions = _cpu_seconds(fleet.process), _sessions(home)
    broker.kill()
    broker.start_again()
    begun = time.perf_counter()
    async with asyncio.timeout(PATIENCE):
        await asyncio.sleep(1.0)  # all have noticed by then: the sockets are closed
        await crowds.ask("online")
        last = time.perf_counter() - begun
        # Each connection of a device has a number of its own.
        while sessions.items() & _sessions(home).items():  # noqa: ASYNC110 - another process stores them
            await asyncio.sleep(0.1)
    known = time.perf_counter() - begun
    return Return(last, known, _cpu_seconds(broker.process_id), _cpu_seconds(fleet.process) - fleet_before)


def _sessions(home: FleetHome) -> dict[str, int]:
    engine = create_engine(f"sqlite:///{home.database_file.absolute()}")
    try:
        with engine.connect() as connection:
            query = select(devices_table.c.id, devices_table.c.session)
            return {row.id: row.session for row in connection.execute(query)}
    finally:
        engine.dispose()


if __name__ == "__main__":
    asyncio.run(_serve(FleetHome(Path(sys.argv[1])), int(sys.argv[2])))
