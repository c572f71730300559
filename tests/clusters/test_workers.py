"""A fleet's service and two workers with a certificate each, on PostgreSQL and a cluster of brokers: what devices say
is stored once, whoever hears it, and a node that is killed meanwhile costs nothing. `make clusters`."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from device_runtime.keys import key_ring
from device_runtime.sync.agent import Identity, SyncAgent
from device_runtime.sync.pace import Pace
from device_runtime.sync.telemetry import TelemetryQueue
from device_runtime.sync.transport import Backoff, MqttTransport, TlsFiles
from firmware_tools.fleet.home import FleetHome
from firmware_tools.fleet.identity.office import IdentityOffice
from firmware_tools.fleet.identity.settings import BrokerKind
from firmware_tools.fleet.server import RunningFleet, run_fleet
from firmware_tools.fleet.telemetry import TelemetryQuery
from firmware_tools.fleet.workers.worker import RunningWorker, run_worker
from firmware_tools.sign.keys import load_private_key
from tests.clusters.cluster import Cluster
from tests.clusters.nats import nats_server, running_nats
from tests.clusters.rabbitmq import PROGRAM, running_rabbitmq
from tests.fleet.packages import small_package
from tests.fleet.test_service import seen
from tests.identity.world import enroll, issue, make_home
from tests.postgres import running_postgres
from tests.sync.shelf import Shelf
from tests.sync.waiting import until

pytestmark = [
    pytest.mark.broker,
    pytest.mark.timeout(600),
    pytest.mark.skipif("CYGNET_CLUSTERS" not in os.environ, reason="`make clusters` runs it"),
]
PATIENCE = 180.0
APP = "org.example.lamp"
DEVICES = [f"kiosk-{number}" for number in range(6)]
PACE = Pace(report=0.2, watch=1, ask=5, batch=0.2, receipt=3, resend=Backoff(0.2, 2.0), retry=Backoff(0.3, 3.0))
Running = Callable[[Path, Callable[[Path], None]], AbstractContextManager[Cluster]]
CLUSTERS = [
    pytest.param("nats", running_nats, marks=pytest.mark.skipif(nats_server() is None, reason="no NATS")),
    pytest.param("rabbitmq", running_rabbitmq, marks=pytest.mark.skipif(not PROGRAM.exists(), reason="no RabbitMQ")),
]


class Kiosk:
    """A device: its own agent, its disk, and how many records it made."""

    def __init__(self, home: FleetHome, name: str, url: str, files: TlsFiles, folder: Path) -> None:
        self.name, self.records = name, 0
        self.telemetry = TelemetryQueue(folder / "telemetry.db")
        self.shelf = Shelf(folder / "shelf")
        self.transport = MqttTransport(
            url,
            f"cygnet-north-{name}-{os.urandom(6).hex()}",
            tls=files,
            backoff=Backoff(0.1, 0.5),
            keepalive=5,
        )
        trusted = key_ring([load_private_key(home.key_file).public_key()])
        identity = Identity("north", name, "speaker", "cygnet")
        self.agent = SyncAgent(
            identity, trusted, folder / "agent", self.transport, self.shelf, self.telemetry, pace=PACE
        )

    def record(self, count: int) -> None:
        """So many records."""
        for _ in range(count):
            self.telemetry.record("walk", "step", {"number": self.records})
            self.records += 1

    async def stop(self) -> None:
        """Power off."""
        await self.agent.stop()
        self.telemetry.close()

    @property
    def version(self) -> int:
        """Of the program that it has."""
        installed = self.shelf.installed().get(APP)
        return installed.version_code if installed is not None else 0


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that runs."""

    cluster: Cluster
    fleet: RunningFleet
    workers: list[RunningWorker]
    kiosks: list[Kiosk]

    @property
    def all_hear(self) -> bool:
        """All processes are connected, and know of each other."""
        assert self.fleet.crew is not None
        crews = [self.fleet.crew, *(worker.crew for worker in self.workers)]
        hearing = sum(member.hears for member in self.fleet.crew.members.members)
        return hearing == len(crews) == 3 and len({crew.members.number for crew in crews}) == 1


@asynccontextmanager
async def scene(folder: Path, kind: BrokerKind, running: Running) -> AsyncIterator[Scene]:
    """Service, workers and devices on a cluster that runs with the files that the fleet wrote for it."""
    async with AsyncExitStack() as stack:
        postgres = stack.enter_context(running_postgres())
        home = make_home(folder, 1)
        with home.settings_file.open("a") as file:
            file.write(f'\n[database]\nurl = "{postgres.url()}"\n')
        office = IdentityOffice(home)
        for name in ("fleet", "worker-1", "worker-2"):
            office.service(name)
        office.server(["localhost"], cluster=True)
        enroll(home, *DEVICES)
        files = {name: issue(home, name, folder / name / "identity") for name in DEVICES}
        cluster = stack.enter_context(running(folder / "cluster", lambda north: written(office, kind, north)))
        settings = home.settings_file.read_text()
        home.settings_file.write_text(settings.replace('"mqtts://localhost:1"', f'"{cluster.url}"'))
        fleet = await stack.enter_async_context(run_fleet(home))
        workers = [await stack.enter_async_context(run_worker(home, number)) for number in (1, 2)]
        kiosks = [Kiosk(home, name, cluster.url, files[name], folder / name) for name in DEVICES]
        made = Scene(cluster, fleet, workers, kiosks)
        await until(lambda: made.all_hear, PATIENCE)
        for kiosk in kiosks:
            kiosk.agent.start()
            stack.push_async_callback(kiosk.stop)
        yield made


def written(office: IdentityOffice, kind: BrokerKind, folder: Path) -> None:
    """The files of a broker's node."""
    office.write_broker(kind, folder, "127.0.0.1:1", None, None)


async def release(scene: Scene, code: int) -> None:
    """Publish a version, and let every device have it."""
    await scene.fleet.operations.publish(small_package(APP, code=code, size=20_000), "lamp.ma")
    for kiosk in scene.kiosks:
        await scene.fleet.operations.assign(kiosk.name, APP, code, launch=False)


async def settle(scene: Scene, code: int) -> None:
    """Every device has this version, and handed in all that it recorded."""
    for kiosk in scene.kiosks:
        await until(lambda kiosk=kiosk: kiosk.version == code and kiosk.telemetry.pending() == 0, PATIENCE)  # type: ignore[misc]


async def assert_each_record_is_there_once(scene: Scene) -> None:
    for kiosk in scene.kiosks:
        query = TelemetryQuery(device=kiosk.name, source="walk", limit=10_000)
        rows = await scene.fleet.service.read(lambda _, store, query=query: store.records(query))  # type: ignore[misc]
        assert sorted(row["values"]["number"] for row in rows) == list(range(kiosk.records)), kiosk.name


@pytest.mark.parametrize(("kind", "running"), CLUSTERS, ids=["nats", "rabbitmq"])
async def test_what_devices_say_is_stored_once_whoever_hears_it_and_a_node_that_dies_costs_nothing(
    tmp_path: Path, kind: BrokerKind, running: Running
) -> None:
    async with scene(tmp_path, kind, running) as made:
        processes = [made.fleet.service, *(worker.service for worker in made.workers)]
        for kiosk in made.kiosks:
            kiosk.record(20)
        await release(made, 1)
        await settle(made, 1)
        await assert_each_record_is_there_once(made)
        # Neither broker has shared subscriptions: each process has stored what its own devices said, and all of it.
        crews = [made.fleet.crew, *(worker.crew for worker in made.workers)]
        assert not any(worker.crew.shared for worker in made.workers)
        everything = await made.fleet.service.read(lambda _, store: store.records(TelemetryQuery(limit=10_000)))
        for crew, service in zip(crews, processes, strict=True):
            owned = [row for row in everything if crew is not None and crew.owns(row["device"])]
            assert service.counters.records == len(owned)
        assert sum(service.counters.records for service in processes) == len(everything)

        busy = asyncio.create_task(go_on_recording(made))
        begun = asyncio.get_running_loop().time()
        victim = made.workers[0].transport.telemetry.url
        made.cluster.kill(next(node for node in made.cluster.nodes if node.url == victim))
        await release(made, 2)
        for kiosk in made.kiosks:
            await until(lambda kiosk=kiosk: kiosk.version == 2, PATIENCE)  # type: ignore[misc]
        await until(lambda: made.all_hear, PATIENCE)
        print(f"all processes hear again after {asyncio.get_running_loop().time() - begun:.1f} s")
        busy.cancel()
        await settle(made, 2)
        await assert_each_record_is_there_once(made)
        for kiosk in made.kiosks:
            found = await seen(made.fleet, kiosk.name)
            assert (found.status, found.has[APP].version_code) == ("online", 2), kiosk.name
        assert all(node.url != victim for node in made.cluster.alive)


async def go_on_recording(scene: Scene) -> None:
    """Until it is cancelled."""
    while True:
        for kiosk in scene.kiosks:
            kiosk.record(1)
        await asyncio.sleep(0.1)
