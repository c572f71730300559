"""Fleets with a CA, and real brokers that run with the configuration that was generated for them."""

import asyncio
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from paho.mqtt.enums import MQTTProtocolVersion

from device_runtime.sync.link import Endpoint, Link, MessageRefusedError, Publication, TransportError
from device_runtime.sync.transport import TlsFiles
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.home import FleetHome, init_home, toml_string
from firmware_tools.fleet.identity.office import IdentityOffice
from firmware_tools.fleet.identity.settings import BrokerKind
from firmware_tools.fleet.registry import Registry
from tests.clusters.nats import nats_server

DEADLINE = 15.0


@cache
def _template() -> tempfile.TemporaryDirectory[str]:
    """A home that is made once a process; it goes when the process does."""
    made = tempfile.TemporaryDirectory()
    _make(Path(made.name) / "fleet")
    return made


def _make(directory: Path) -> None:
    home = init_home(directory, "north", broker="mqtts://localhost:1", listen="127.0.0.1:0")
    text = home.settings_file.read_text()
    url = 'url = "mqtts://localhost:1"'
    assert url in text
    own = "".join(
        f'{name} = "{path}"\n'
        for name, path in (
            ("ca", "identity/ca.pem"),
            ("cert", "identity/services/fleet.pem"),
            ("key", "identity/services/fleet.key"),
        )
    )
    home.settings_file.write_text(text.replace(url, f"{url}\n{own}#") + "\n[identity]\n")
    IdentityOffice(home).init(None, ["localhost"])


def make_home(folder: Path, port: int, broker: BrokerKind | None = None, *, own_ca: bool = False) -> FleetHome:
    """A fleet with a CA, whose broker is called ``localhost``; ``broker``: its files are kept up to date. The CA is
    that of other homes, unless it is to be its own."""
    home = FleetHome(folder / "fleet")
    if own_ca:
        _make(home.directory)
    else:
        shutil.copytree(Path(_template().name) / "fleet", home.directory)
    for path in (home.settings_file, home.directory / "identity" / "claim" / "claim.toml"):
        path.write_text(path.read_text().replace("mqtts://localhost:1", f"mqtts://localhost:{port}"))
    if broker is not None:
        at = folder / "broker"
        with home.settings_file.open("a") as file:
            file.write(f"broker = {toml_string(broker)}\nbroker_folder = {toml_string(str(at))}\n")
            file.write(f"broker_pid_file = {toml_string(str(at / 'pid'))}\n")
    return home


def enroll(home: FleetHome, *devices: str) -> None:
    database = Database(home.settings().database or f"sqlite:///{home.database_file}")
    try:
        with database.transaction() as connection:
            for device in devices:
                Registry(connection).enroll(device, "", 1.0)
    finally:
        database.close()


def issue(home: FleetHome, device: str, out: Path) -> TlsFiles:
    """The files of a device that is enrolled."""
    IdentityOffice(home).issue(device, out)
    return files_in(out, home)


def files_in(folder: Path, home: FleetHome) -> TlsFiles:
    (certificate,) = folder.glob("device-*.pem")
    return TlsFiles(home.directory / "identity" / "ca.pem", certificate, certificate.with_suffix(".key"))


@dataclass(slots=True)
class RunningBroker:
    """A broker with a generated configuration."""

    kind: BrokerKind
    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    def reload(self) -> None:
        """Have it read its files again, and wait until it has."""
        before = self.log().count("eload")
        self.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + DEADLINE
        while self.log().count("eload") == before:
            assert time.monotonic() < deadline, f"it does not read its files again: {self.log()}"
            time.sleep(0.01)

    def log(self) -> str:
        path = self.folder / "log"
        return path.read_text() if path.exists() else ""


@contextmanager
def running_broker(home: FleetHome, kind: BrokerKind, port: int, folder: Path) -> Iterator[RunningBroker]:
    """Write the configuration into ``folder`` and run the broker with it."""
    IdentityOffice(home).write_broker(kind, folder, f"127.0.0.1:{port}", None, None)
    with started_broker(kind, port, folder) as broker:
        yield broker


@contextmanager
def started_broker(kind: BrokerKind, port: int, folder: Path) -> Iterator[RunningBroker]:
    """Run the broker with the configuration that lies in ``folder``."""
    if kind == "mosquitto":
        main = folder / "mosquitto.conf"
        further = [f"log_dest file {folder / 'log'}", f"pid_file {folder / 'pid'}"]
        if os.geteuid() == 0:
            further.append("user root")  # it would otherwise give up the right to read this folder
        run = folder / "run.conf"
        run.write_text(main.read_text() + "\n".join(further) + "\n")
        command = ["/usr/sbin/mosquitto", "-c", str(run)]
    else:
        program = nats_server()
        assert program is not None, "nats-server is missing: run `make setup`"
        command = [program, "-c", str(folder / "nats-server.conf"), "-l", str(folder / "log")]
        command += ["-P", str(folder / "pid")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    broker = RunningBroker(kind, folder, port, process)
    try:
        wait_for(broker)
        yield broker
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder / "jetstream", ignore_errors=True)


def wait_for(broker: RunningBroker, seconds: float = DEADLINE) -> None:
    """Until it listens; with its last words, where it does not."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and broker.process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", broker.port), timeout=1).close()
        except OSError:
            time.sleep(0.01)
        else:
            return
    raise AssertionError(f"{broker.kind} does not start: {broker.log()}")


@dataclass
class Peer:
    """One connection that says what a test wants, and keeps what it hears."""

    link: Link
    heard: list[tuple[str, bytes]] = field(default_factory=list)

    async def say(self, topic: str, payload: bytes, *, retain: bool = False) -> bool:
        """Whether the broker does not say that it refuses; MQTT 3.1.1 has no way to say so."""
        try:
            await self.link.publish(Publication(topic, payload, retain=retain), DEADLINE)
        except MessageRefusedError:
            return False
        return True

    async def hear(self, topic: str) -> bool:
        """Whether the broker takes the subscription."""
        try:
            await self.link.subscribe([(topic, 1)])
        except TransportError as error:
            if "refuses the subscription" in str(error):
                return False
            raise
        return True

    async def until(self, topic: str, payload: bytes) -> None:
        """Wait for a message."""
        async with asyncio.timeout(DEADLINE):
            while (topic, payload) not in self.heard:  # noqa: ASYNC110 - filled by a callback
                await asyncio.sleep(0.005)


@asynccontextmanager
async def connected(
    broker: RunningBroker, files: TlsFiles, client_id: str, will: Publication | None = None
) -> AsyncIterator[Peer]:
    """A connection with these files, of the newest version of MQTT that the broker knows.

    Raises:
        TransportError: the broker refuses it.
    """
    context = ssl.create_default_context(cafile=files.ca)
    if files.certificate is not None:
        context.load_cert_chain(files.certificate, files.key)
    endpoint = Endpoint("localhost", broker.port, client_id, None, context, 30)
    version = MQTTProtocolVersion.MQTTv5 if broker.kind == "mosquitto" else MQTTProtocolVersion.MQTTv311
    heard: list[tuple[str, bytes]] = []
    link = Link(endpoint, version, will, lambda topic, payload, _retained: heard.append((topic, payload)))
    await link.open()
    try:
        yield Peer(link, heard)
    finally:
        link.abort()
