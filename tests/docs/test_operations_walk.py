"""docs/operations.md from step to step, by its own commands: a fleet and a device go from one machine to a broker with
certificates, PostgreSQL, workers and a cluster of brokers. Addresses and folders are this test's; systemd's part is
played by starting what the units say, other machines' by folders."""

import asyncio
import os
import re
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from device_runtime.host.provisioning import load_provisioning
from device_runtime.keys import key_ring
from device_runtime.sync.agent import Identity, SyncAgent
from device_runtime.sync.pace import Pace
from device_runtime.sync.telemetry import TelemetryQueue
from device_runtime.sync.transport import Backoff, MqttTransport, TlsFiles
from firmware_tools.fleet.client import FleetClient
from firmware_tools.fleet.errors import SilentFleetError
from firmware_tools.fleet.identity.office import IdentityOffice
from tests.clusters.behaviour import Ear
from tests.clusters.nats import running_nats
from tests.docs.operations_machine import DEADLINE, Machine
from tests.docs.pages import ROOT, Block, blocks_in
from tests.fleet.packages import small_package
from tests.identity.world import enroll, issue, make_home
from tests.postgres import running_postgres
from tests.sync.shelf import Shelf
from tests.sync.waiting import until

PAGE = ROOT / "docs/operations.md"
APP = "org.example.lamp"
QUICK = Pace(report=0.1, watch=1, batch=0.2, receipt=2, resend=Backoff(0.1, 1.0), retry=Backoff(0.3, 2.0))
pytestmark = [
    pytest.mark.broker,
    pytest.mark.timeout(600),
    pytest.mark.skipif("CYGNET_CLUSTERS" not in os.environ, reason="`make clusters` runs it"),
]


class Kitchen:
    """The device, which keeps its disk from step to step."""

    def __init__(self, machine: Machine) -> None:
        self._machine, self._folder = machine, machine.root / "kitchen"
        self.shelf = Shelf(self._folder / "shelf")
        self.version = self.records = 0

    @asynccontextmanager
    async def living(self) -> AsyncIterator[MqttTransport]:
        """With the provisioning file that it has: from the desk, and once it has claimed, its own."""
        claimed = self._machine.root / "var/lib/cygnet/identity/provisioning.toml"
        told = load_provisioning(claimed if claimed.exists() else self._machine.desk / "kitchen.toml")
        transport = MqttTransport(
            told.broker,
            "kitchen",
            tls=TlsFiles(told.ca, told.cert, told.key) if told.broker.startswith("mqtts") else None,
            backoff=Backoff(0.1, 0.5),
        )
        self.telemetry = TelemetryQueue(self._folder / "telemetry.db")
        identity = Identity(told.fleet, told.device, "speaker", "cygnet")
        trusted = key_ring([told.fleet_key])
        agent = SyncAgent(identity, trusted, self._folder / "agent", transport, self.shelf, self.telemetry, pace=QUICK)
        agent.start()
        try:
            yield transport
        finally:
            await agent.stop()
            self.telemetry.close()

    async def prove(self, lose_a_node: bool = False) -> None:
        """It gets another version, and all its telemetry is at the fleet, once."""
        client = FleetClient(f"http://{self._machine.listen}", self._machine.home.token())
        async with self.living() as transport:
            await until(lambda: transport.connected, DEADLINE)
            if lose_a_node:
                cluster = self._machine.cluster
                assert cluster is not None
                cluster.kill(next(node for node in cluster.nodes if node.url == transport.url))
                await asyncio.to_thread(cluster.wait_until_healthy)
            self.version += 1
            package = small_package(APP, code=self.version, size=20_000)
            await self._ask(client, "POST", "/api/releases", params={"name": "lamp.ma"}, data=package)
            await self._ask(client, "PUT", f"/api/devices/kitchen/programs/{APP}", body={"version_code": self.version})
            for _ in range(3):
                self.telemetry.record("walk", "step", {"number": self.records})
                self.records += 1
            await until(lambda: self._has() == self.version and self.telemetry.pending() == 0, DEADLINE)
        path = "/api/telemetry"
        found = await self._ask(client, "GET", path, params={"device": "kitchen", "source": "walk", "limit": "1000"})
        assert sorted(each["values"]["number"] for each in found["records"]) == list(range(self.records))

    def _has(self) -> int:
        installed = self.shelf.installed().get(APP)
        return installed.version_code if installed is not None else 0

    async def _ask(self, client: FleetClient, *words: Any, **named: Any) -> Any:
        deadline = asyncio.get_running_loop().time() + DEADLINE
        while True:
            try:
                return await client.call(*words, **named)
            except SilentFleetError:  # it has only just been told to start
                assert asyncio.get_running_loop().time() < deadline, self._machine.logs()
                await asyncio.sleep(0.2)


def steps() -> list[list[Block]]:
    """The blocks of each step of the page, in order."""
    sections = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [blocks_in(section) for section in sections if section.startswith("Step ")]


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    with running_postgres() as postgres, ExitStack() as stack:
        made = Machine(tmp_path / "machine", postgres, postgres.folder)
        stack.callback(made.close)
        yield made


async def test_each_step_of_the_page_keeps_the_fleet_and_its_device(machine: Machine) -> None:
    kitchen, ran = Kitchen(machine), []
    for number, found in enumerate(steps(), 1):
        if number == 2:
            machine.ctrl_c()
        if number == 5:
            machine.make_cluster()
        for block in found:
            if block.file:
                machine.write(block.file, block.text)
            elif block.language == "console":
                for session in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
                    command, *expected = session.strip().splitlines()
                    await machine.run(command, expected)
                    ran.append(command)
        await kitchen.prove(lose_a_node=number == 5)
    assert len(ran) == 44
    assert kitchen.version == 5
    await assert_another_device_can_come_in(machine)


async def assert_another_device_can_come_in(machine: Machine) -> None:
    """By the list that the service writes for NATS, and the path unit brings to each node but the dead one."""
    await machine.run("cygnet fleet claim create --device hall", ["… hall, until …"])
    nodes = "mqtts://a.example,mqtts://b.example,mqtts://c.example"
    claim = f"cygnet device claim --bundle north-claim --broker {nodes} --out hall"
    await machine.run(claim, ["This device is hall of the fleet north…"])
    told = load_provisioning(machine.desk / "hall" / "provisioning.toml")
    transport = MqttTransport(
        told.broker, "hall", tls=TlsFiles(told.ca, told.cert, told.key), backoff=Backoff(0.1, 0.5)
    )
    transport.start(Ear())
    try:
        await asyncio.wait_for(transport.online(), DEADLINE)
    finally:
        await transport.stop()


def test_a_node_is_known_by_its_certificate_and_a_device_is_none(tmp_path: Path) -> None:
    """Devices' certificates are of the same CA as that of the nodes."""
    home = make_home(tmp_path, 1)
    office = IdentityOffice(home)
    office.server(["localhost"], cluster=True)
    enroll(home, "kitchen")
    device = issue(home, "kitchen", tmp_path / "kitchen")
    with running_nats(tmp_path, lambda north: write_nats(office, north)) as cluster:
        port = cluster.routes["a"]
        own = home.directory / "identity"
        assert answers_a_node(port, TlsFiles(own / "ca.pem", own / "server.pem", own / "server.key"))
        assert not answers_a_node(port, device)
        assert not answers_a_node(
            port, TlsFiles(own / "ca.pem", own / "services/fleet.pem", own / "services/fleet.key")
        )


def write_nats(office: IdentityOffice, folder: Path) -> None:
    """The files of one node."""
    office.write_broker("nats", folder, "127.0.0.1:1", None, None)


def answers_a_node(port: int, files: TlsFiles) -> bool:
    """Whether NATS speaks with who comes to its port for other nodes with this certificate."""
    context = ssl.create_default_context(cafile=files.ca)
    assert files.certificate is not None
    context.load_cert_chain(files.certificate, files.key)
    said = b""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=20) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        secure.sendall(b'CONNECT {"verbose":false,"name":"d","cluster":"north","tls_required":true}\r\nPING\r\n')
        while b"PONG\r\n" not in said:
            try:
                more = secure.recv(4096)
            except ConnectionError:
                more = b""
            if not more:
                return False
            said += more
    return True
