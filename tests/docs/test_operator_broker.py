"""The broker of docs/operator.md: mosquitto takes the page's configuration, and its rights hold."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from device_runtime.sync.link import Credentials, MessageRefusedError
from device_runtime.sync.transport import MqttTransport, TlsFiles
from tests.brokers import free_port
from tests.certificates import CertificateAuthority
from tests.docs.pages import ROOT, blocks
from tests.sync.waiting import until

pytestmark = pytest.mark.broker
USERS = {"fleet": "one", "kitchen": "two"}


class Ear:
    """A listener that keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, bytes, bool]] = []

    def will(self) -> None:
        """None."""

    def on_connected(self) -> None:
        """Nothing to do."""

    def on_disconnected(self, reason: str) -> None:
        """Nothing to do."""

    def on_message(self, topic: str, payload: bytes, retained: bool) -> None:
        self.heard.append((topic, payload, retained))


@pytest.fixture
def authority(tmp_path: Path) -> CertificateAuthority:
    return CertificateAuthority(tmp_path / "ca")


@pytest.fixture
def url(tmp_path: Path, authority: CertificateAuthority) -> Iterator[str]:
    files = {block.file: block.text for block in blocks(ROOT / "docs/operator.md") if block.language == "conf"}
    assert set(files) == {"mosquitto.conf", "rights"}
    port = free_port()
    configuration = files["mosquitto.conf"].replace("/etc/mosquitto", str(tmp_path))
    configuration = configuration.replace("listener 8883", f"listener {port} 127.0.0.1")
    if os.geteuid() == 0:
        configuration = f"user root\n{configuration}"  # it would otherwise give up the right to read this folder
    (tmp_path / "mosquitto.conf").write_text(configuration)
    (tmp_path / "rights").write_text(files["rights"])
    certificate, key = authority.issue("localhost")
    for name, path in (("ca.pem", authority.ca_file), ("broker.pem", certificate), ("broker.key", key)):
        (tmp_path / name).write_bytes(path.read_bytes())
    passwords = tmp_path / "passwords"
    passwords.write_text("".join(f"{user}:{password}\n" for user, password in USERS.items()))
    subprocess.run(["mosquitto_passwd", "-U", str(passwords)], check=True, capture_output=True)
    with subprocess.Popen(
        ["/usr/sbin/mosquitto", "-c", str(tmp_path / "mosquitto.conf")], stderr=subprocess.DEVNULL
    ) as process:
        yield f"mqtts://localhost:{port}"
        process.terminate()


def client(url: str, authority: CertificateAuthority, user: str) -> MqttTransport:
    return MqttTransport(url, user, credentials=Credentials(user, USERS[user]), tls=TlsFiles(ca=authority.ca_file))


async def test_a_device_may_use_its_own_topics_and_no_others(url: str, authority: CertificateAuthority) -> None:
    fleet, kitchen = client(url, authority, "fleet"), client(url, authority, "kitchen")
    at_fleet, at_kitchen = Ear(), Ear()
    for channel in ("reported", "state", "telemetry", "request"):
        fleet.subscribe(f"cygnet/1/north/+/{channel}")
    kitchen.subscribe("cygnet/1/north/kitchen/desired")
    kitchen.subscribe("cygnet/1/north/kitchen/response")
    fleet.start(at_fleet)
    await fleet.online()
    kitchen.start(at_kitchen)
    await kitchen.online()
    try:
        for channel in ("reported", "state", "telemetry", "request"):
            await kitchen.publish(f"cygnet/1/north/kitchen/{channel}", b"{}")
        for topic in ("cygnet/1/north/hall/state", "cygnet/1/north/kitchen/desired", "cygnet/1/south/kitchen/state"):
            with pytest.raises(MessageRefusedError):
                await kitchen.publish(topic, b"{}")
        for channel in ("desired", "response"):
            await fleet.publish(f"cygnet/1/north/kitchen/{channel}", b"{}")
        await until(lambda: len(at_fleet.heard) == 4 and len(at_kitchen.heard) == 2)
    finally:
        await kitchen.stop()
        await fleet.stop()
