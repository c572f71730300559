"""docs/operations.md from step to step, by its own commands: a fleet and a device go from one machine to PostgreSQL,
workers and a cluster of brokers. Addresses and folders are this test's; systemd's part is played by starting what the
units say."""

import asyncio
import os
import re
import shlex
import signal
import subprocess
import sys
import tomllib
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from device_runtime.host.provisioning import load_provisioning
from device_runtime.keys import key_ring
from device_runtime.sync.agent import Identity, SyncAgent
from device_runtime.sync.pace import Pace
from device_runtime.sync.telemetry import TelemetryQueue
from device_runtime.sync.transport import Backoff, MqttTransport, TlsFiles, read_credentials
from firmware_tools.fleet.client import FleetClient
from firmware_tools.fleet.errors import SilentFleetError
from firmware_tools.fleet.home import FleetHome
from tests.brokers import free_port
from tests.clusters.nats import NatsCluster, Security
from tests.deploy.test_units import is_here, words
from tests.docs.pages import ROOT, Block, blocks, blocks_in
from tests.docs.test_operator_walk import says
from tests.fleet.packages import small_package
from tests.postgres import Postgres, running_postgres
from tests.sync.shelf import Shelf
from tests.sync.waiting import until

PAGE, OPERATOR = ROOT / "docs/operations.md", ROOT / "docs/operator.md"
DEADLINE = 60.0
APP = "org.example.lamp"
QUICK = Pace(report=0.1, watch=1, batch=0.2, receipt=2, resend=Backoff(0.1, 1.0), retry=Backoff(0.3, 2.0))
pytestmark = [
    pytest.mark.broker,
    pytest.mark.timeout(300),
    pytest.mark.skipif("CYGNET_CLUSTERS" not in os.environ, reason="`make clusters` runs it"),
]


class Machine:
    """Where the page's commands run: its folders are below one of the test's, its names lead to loopback."""

    def __init__(self, root: Path, postgres: Postgres, socket: Path) -> None:
        self.root, self.desk = root, root / "desk"
        self.listen, self.port, self.plain = f"127.0.0.1:{free_port()}", free_port(), free_port()
        for name in ("etc/mosquitto", "etc/cygnet", "etc/credstore", "var/lib/cygnet-fleet", "var/backups", "user"):
            (root / name).mkdir(parents=True)
        self.desk.mkdir()
        self._environment = {
            **os.environ,
            "HOME": str(root / "user"),
            "PATH": f"{self._shims()}:{os.environ['PATH']}:/usr/sbin",
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "COLUMNS": "160",
        }
        for name in ("XDG_DATA_HOME", "CYGNET_FLEET_HOME"):
            self._environment.pop(name, None)
        self._services: dict[str, subprocess.Popen[bytes]] = {}
        self._socket = socket
        self.cluster: NatsCluster | None = None
        postgres.make_database("fleet")

    def _shims(self) -> Path:
        folder = self.root / "bin"
        folder.mkdir()
        (folder / "cygnet").write_text(f'#!/bin/sh\nexec {sys.executable} -m firmware_tools.cli "$@"\n')
        (folder / "cygnet").chmod(0o755)
        return folder

    @property
    def home(self) -> FleetHome:
        given = self._environment.get("CYGNET_FLEET_HOME")
        return FleetHome(Path(given) if given else self.root / "user/.local/share/cygnet/fleet")

    def here(self, text: str) -> str:
        """What the page says, with this machine's folders and addresses."""
        text = re.sub(r"cygnet@db\.example/(\w+)", rf"cygnet@/\1?host={quote(str(self._socket))}", text)
        text = text.replace("--host=db.example", f"--host={self._socket}")
        text = text.replace("mqtts://broker.example", f"mqtts://localhost:{self.port}").replace(
            "broker.example", "localhost"
        )
        if self.cluster is not None:
            text = text.replace("mqtts://a.example,mqtts://b.example,mqtts://c.example", self.cluster.url)
        text = text.replace("a.example", "localhost")
        for folder in ("/etc/mosquitto", "/etc/cygnet", "/etc/credstore", "/var/lib", "/var/backups"):
            text = re.sub(rf"(?<![\w.]){folder}\b", f"{self.root}{folder}", text)
        return text

    def write(self, name: str, text: str) -> None:
        """A file that the page shows."""
        text = self.here(text)
        if name == "fleet.toml":
            text += f'\n[http]\nlisten = "{self.listen}"\n'
            self.home.settings_file.write_text(text)
            assert tomllib.loads(text)["fleet"] == "north"
        elif name == "mosquitto.conf":
            text = text.replace("listener 8883", f"listener {self.port} 127.0.0.1")
            prefix = "user root\n" if os.geteuid() == 0 else ""
            log = f"log_dest file {self.root}/mosquitto.log\n"
            (self.root / "etc/mosquitto" / name).write_text(prefix + text + log)
        else:
            (self.root / "etc/mosquitto" / name).write_text(text)

    async def run(self, command: str, expected: list[str], folder: Path | None = None) -> None:
        """One command line, again and again until it ends well and printed what the page says."""
        if command.startswith("export "):
            name, _, value = self.here(command.removeprefix("export ")).partition("=")
            self._environment[name] = value
            return
        if command.startswith("systemctl "):
            await asyncio.to_thread(self.systemctl, shlex.split(command)[1:])
            return
        line = self.here(command)
        if line.startswith("cygnet fleet init"):
            line += f" --broker mqtt://127.0.0.1:{self.plain} --listen {self.listen}"
        if line.endswith("--with-broker"):
            self._start("by hand", shlex.split(line)[1:], self._environment)
            return
        deadline = asyncio.get_running_loop().time() + DEADLINE
        while True:
            process = await asyncio.create_subprocess_exec(
                *("bash", "-c", line),
                cwd=folder or self.desk, env=self._environment,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
            out, complaint = await process.communicate()
            if process.returncode == 0 and says(out.decode(), expected):
                return
            again = asyncio.get_running_loop().time() < deadline and "fleet health" in line
            assert again, f"{line}: {out.decode()!r}, not {expected}: {complaint.decode()} {self.logs()}"
            await asyncio.sleep(0.2)

    def systemctl(self, arguments: list[str]) -> None:
        """What systemd would do with the units in deploy/."""
        verb, *units = [word for word in arguments if word != "--now"]
        for unit in units:
            if verb in ("stop", "restart"):
                self._stop(unit)
            if verb in ("start", "restart", "enable"):
                self._begin(unit)

    def _begin(self, unit: str) -> None:
        if unit == "mosquitto":
            self._services[unit] = subprocess.Popen(
                ["mosquitto", "-c", str(self.root / "etc/mosquitto/mosquitto.conf")],
                env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            return
        name, at, number = unit.partition("@")
        arguments = words(f"{name}{at}.service", int(number or 0), self.root / "var/lib/cygnet-fleet")
        if not is_here(arguments):
            return  # a unit whose command this cygnet does not have yet
        credentials = {"CREDENTIALS_DIRECTORY": str(self.root / "etc/credstore")}
        kept = {key: self._environment[key] for key in ("PATH", "PYTHONPATH")}
        self._start(unit, arguments, {**kept, **credentials})

    def _start(self, name: str, arguments: list[str], environment: dict[str, str]) -> None:
        with (self.root / f"{name}.log").open("ab") as log:
            self._services[name] = subprocess.Popen(
                [sys.executable, "-m", "firmware_tools.cli", *arguments],
                cwd=self.desk, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    def _stop(self, name: str, number: signal.Signals = signal.SIGTERM) -> None:
        if (process := self._services.pop(name, None)) is not None:
            assert process.poll() is None, f"{name} ended by itself: {self.logs()}"
            process.send_signal(number)
            assert process.wait(30) == 0, self.logs()

    def ctrl_c(self) -> None:
        self._stop("by hand", signal.SIGINT)

    def logs(self) -> str:
        return "\n".join(f"--- {path.name}\n{path.read_text()[-1500:]}" for path in sorted(self.root.glob("*.log")))

    def close(self) -> None:
        for process in self._services.values():
            process.send_signal(signal.SIGTERM)
        for process in self._services.values():
            process.wait(30)


class Kitchen:
    """The device, which keeps its disk from step to step."""

    def __init__(self, machine: Machine) -> None:
        self._machine, self._folder = machine, machine.root / "kitchen"
        self.shelf = Shelf(self._folder / "shelf")
        self.version = self.records = 0

    @asynccontextmanager
    async def living(self) -> AsyncIterator[MqttTransport]:
        """With the provisioning file that lies on the desk."""
        told = load_provisioning(self._machine.desk / "kitchen.toml")
        transport = MqttTransport(
            told.broker,
            "kitchen",
            credentials=read_credentials(told.username, told.password_file) if told.username else None,
            tls=TlsFiles(ca=told.ca) if told.broker.startswith("mqtts") else None,
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
        if made.cluster is not None:
            made.cluster.stop()


async def test_each_step_of_the_page_keeps_the_fleet_and_its_device(machine: Machine) -> None:
    kitchen, ran = Kitchen(machine), []
    for number, found in enumerate(steps(), 1):
        if number == 2:
            machine.ctrl_c()
            await make_broker(machine)
        for block in found:
            if block.file == "users.conf":
                make_cluster(machine, block.text)
            elif block.file:
                machine.write(block.file, block.text)
            elif block.language == "console":
                for session in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
                    command, *expected = session.strip().splitlines()
                    await machine.run(command, expected)
                    ran.append(command)
        await kitchen.prove(lose_a_node=number == 5)
    assert len(ran) == 38
    assert kitchen.version == 5


async def make_broker(machine: Machine) -> None:
    """The certificates and files of docs/operator.md, in the broker's folder."""
    folder = machine.root / "etc/mosquitto"
    for block in blocks(OPERATOR):
        if block.file in ("mosquitto.conf", "rights"):
            machine.write(block.file, block.text)
        if block.language == "sh" and "openssl req -x509" in block.text:
            lines = block.text.replace("\\\n", "").splitlines()
            await machine.run(
                "\n".join(["set -e", *(line for line in lines if not line.startswith("mosquitto_passwd"))]), [], folder
            )


def make_cluster(machine: Machine, users: str) -> None:
    """Three nodes of deploy/nats.conf, with the certificate and the passwords that there are."""
    passwords = {
        "fleet": (machine.root / "etc/credstore/cygnet.broker.password").read_text().strip(),
        "kitchen": (machine.desk / "kitchen.password").read_text().strip(),
    }
    for user, password in passwords.items():
        users = users.replace(f'user: "{user}", password: "$2a$…"', f'user: "{user}", password: "{password}"')
    assert "…" not in users
    security = Security(machine.desk / "a.pem", machine.desk / "a.key", machine.desk / "ca.pem", users)
    machine.cluster = NatsCluster(machine.root / "nats", security)
    machine.cluster.start()
