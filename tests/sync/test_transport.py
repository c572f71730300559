"""The transport against real brokers: mosquitto, and amqtt, which speaks MQTT 3.1.1 only."""

import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest

from device_runtime.sync.link import Credentials, Publication
from device_runtime.sync.transport import Backoff, MqttTransport, TlsFiles, TransportError, read_credentials
from tests.brokers import Mosquitto, free_port, running_mosquitto
from tests.certificates import CertificateAuthority
from tests.sync.amqtt_broker import running_amqtt
from tests.sync.waiting import until

pytestmark = pytest.mark.broker
FAST = Backoff(first=0.01, longest=0.05)


class Ear:
    """Writes down what the transport tells."""

    def __init__(self, will: Publication | None = None) -> None:
        self._will = will
        self.heard: list[tuple[str, bytes, bool]] = []
        self.attempts = 0
        self.connections = 0
        self.ends: list[str] = []

    def will(self) -> Publication | None:
        self.attempts += 1  # asked before each
        return self._will

    def on_connected(self) -> None:
        self.connections += 1

    def on_disconnected(self, reason: str) -> None:
        self.ends.append(reason)

    def on_message(self, topic: str, payload: bytes, retained: bool) -> None:
        self.heard.append((topic, payload, retained))


@asynccontextmanager
async def client(url: str, ear: Ear | None = None, topics: tuple[str, ...] = (), **options: Any) -> AsyncIterator[Any]:
    name = options.pop("client_id", "device")
    transport = MqttTransport(url, name, backoff=FAST, **options)
    for topic in topics:
        transport.subscribe(topic)
    transport.start(ear or Ear())
    try:
        yield transport
    finally:
        await transport.stop()


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    with running_mosquitto(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture(scope="module")
def tls_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    with running_mosquitto(tmp_path_factory.mktemp("tls"), users={"kiosk": "s3cret"}, tls=True) as running:
        yield running


async def test_a_message_arrives_and_is_acknowledged(broker: Mosquitto) -> None:
    ear = Ear()
    async with client(broker.url, ear, ("a/b",)) as transport:
        await transport.online()
        await transport.publish("a/b", b"\x00payload")
        await transport.publish("a/b", b"second", qos=0)
        await until(lambda: len(ear.heard) == 2)
    assert ear.heard == [("a/b", b"\x00payload", False), ("a/b", b"second", False)]


async def test_a_retained_message_is_told_apart(broker: Mosquitto) -> None:
    ear = Ear()
    async with client(broker.url, client_id="first") as transport:
        await transport.online()
        await transport.publish("kept", b"1", retain=True)
    async with client(broker.url, ear, ("kept",)):
        await until(lambda: ear.heard)
    assert ear.heard == [("kept", b"1", True)]


async def test_hundreds_of_messages_are_acknowledged_and_arrive_in_order(broker: Mosquitto) -> None:
    ear = Ear()
    async with client(broker.url, ear, ("many",)) as transport:
        await transport.online()
        await asyncio.gather(*(transport.publish("many", b"%d" % number) for number in range(500)))
        await until(lambda: len(ear.heard) == 500)
    assert [int(payload) for _, payload, _ in ear.heard] == list(range(500))


@pytest.mark.parametrize("tls", [False, True])
async def test_a_burst_of_small_messages_is_read_in_a_few_portions(
    broker: Mosquitto, tls_broker: Mosquitto, tls: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, ear = 0, Ear()
    real = paho.Client._sock_recv

    def count(self: paho.Client, size: int) -> bytes:
        nonlocal asked
        asked += 1
        return real(self, size)

    options: dict[str, Any] = {}
    if tls:
        files = TlsFiles(tls_broker.authority.ca_file)
        options = {"tls": files, "credentials": Credentials("kiosk", "s3cret")}
    url = (tls_broker if tls else broker).url
    async with client(url, ear, ("burst",), **options) as reader, client(url, client_id="other", **options) as writer:
        await asyncio.gather(reader.online(), writer.online())
        reader.hold()
        await asyncio.gather(*(writer.publish("burst", b"%d" % number) for number in range(20)))
        monkeypatch.setattr(paho.Client, "_sock_recv", count)
        reader.go_on()
        await until(lambda: len(ear.heard) == 20)
    assert [int(payload) for _, payload, _ in ear.heard] == list(range(20))
    assert asked < 30, "paho asks four times for each message"


async def test_what_a_listener_fails_at_does_not_keep_it_from_what_came_with_it(
    broker: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    ear = Ear()
    async with client(broker.url, ear, ("burst",)) as reader, client(broker.url, client_id="other") as writer:
        await asyncio.gather(reader.online(), writer.online())
        reader.hold()
        await asyncio.gather(*(writer.publish("burst", b"%d" % number) for number in range(20)))
        real = reader._link._on_message

        def hear(topic: str, payload: bytes, retained: bool) -> None:
            real(topic, payload, retained)
            if payload == b"7":
                raise RuntimeError("a fault of the listener")

        reader._link._on_message = hear
        reader.go_on()
        await until(lambda: len(ear.heard) == 20)
    assert [int(payload) for _, payload, _ in ear.heard] == list(range(20))
    assert "a fault of the listener" in caplog.text


@pytest.mark.parametrize("tls", [False, True])
async def test_while_it_holds_nothing_comes_and_neither_side_takes_the_other_for_dead(
    tmp_path: Path, tls: bool
) -> None:
    ear = Ear()
    with running_mosquitto(tmp_path, tls=tls, further=("max_queued_messages 0",)) as broker:
        files = TlsFiles(broker.authority.ca_file) if tls else None
        async with (
            client(broker.url, ear, ("flood",), client_id="full", keepalive=1, tls=files) as full,
            client(broker.url, tls=files) as other,
        ):
            await asyncio.gather(full.online(), other.online())
            full.hold()
            await asyncio.gather(*(other.publish("flood", b"%d" % number) for number in range(500)))
            # Longer than the answer to a ping is waited for, and than mosquitto waits for a sign of life: 1.5 s, at
            # which it looks every five. With TLS it is about what OpenSSL holds already.
            await asyncio.sleep(0 if tls else 7.5)
            assert (ear.heard, ear.ends) == ([], [])
            full.go_on()
            await until(lambda: len(ear.heard) == 500)
            await asyncio.sleep(0 if tls else 1.5)  # now pings and their answers are looked at again
            assert not ear.ends
    assert [int(payload) for _, payload, _ in ear.heard] == list(range(500))


async def test_hold_again_and_again_lets_through_little_at_a_time(broker: Mosquitto) -> None:
    ear = Ear()
    async with client(broker.url, ear, ("flood",), client_id="full") as full, client(broker.url) as other:
        await asyncio.gather(full.online(), other.online())
        full.hold()
        await asyncio.gather(*(other.publish("flood", b"%d" % number) for number in range(500)))
        real, most = ear.on_message, 0

        def hear(*message: Any) -> None:
            real(*message)
            full.hold()

        full._link._on_message = hear
        while len(ear.heard) < 500:
            before = len(ear.heard)
            full.go_on()
            await until(lambda before=before: len(ear.heard) > before)  # type: ignore[misc]
            most = max(most, len(ear.heard) - before)
    assert most <= 64
    assert [int(payload) for _, payload, _ in ear.heard] == list(range(500))


async def test_a_hold_outlives_the_connection(broker: Mosquitto) -> None:
    ear = Ear()
    async with client(broker.url, ear, ("flood",), client_id="full") as full, client(broker.url) as other:
        await asyncio.gather(full.online(), other.online())
        full.hold()
        full.break_off()
        await until(lambda: ear.connections == 2)
        await other.publish("flood", b"1")
        await other.publish("flood", b"2")  # acknowledged after the first went to whom could hear it
        assert not ear.heard
        full.go_on()
        await until(lambda: len(ear.heard) == 2)


async def test_a_broker_that_dies_while_nothing_is_read_is_noticed_and_found_again(tmp_path: Path) -> None:
    ear = Ear()
    with running_mosquitto(tmp_path) as broker:
        async with client(broker.url, ear, client_id="full", keepalive=1) as full:
            await full.online()
            full.hold()
            broker.kill()
            await until(lambda: ear.ends)
            broker.start_again()
            await until(lambda: ear.connections == 2)


async def test_the_client_socket_sends_small_packets_at_once(broker: Mosquitto) -> None:
    async with client(broker.url) as transport:
        await transport.online()
        raw = transport._link._client.socket()
        assert raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_the_will_is_published_when_the_client_vanishes_but_not_after_a_goodbye(broker: Mosquitto) -> None:
    ear = Ear()
    async with client(broker.url, ear, ("wills/#",), client_id="watcher") as watcher:
        await watcher.online()
        async with client(broker.url, Ear(Publication("wills/1", b"lost")), client_id="polite") as polite:
            await polite.online()
        async with client(broker.url, Ear(Publication("wills/2", b"lost")), client_id="cut") as cut:
            await cut.online()
            cut._link.abort()
            await until(lambda: ear.heard)
    assert set(ear.heard) == {("wills/2", b"lost", False)}


async def test_a_broker_that_comes_later_is_found(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "device_runtime")
    with running_mosquitto(tmp_path) as broker:
        broker.kill()
        ear = Ear()
        async with client(broker.url, ear) as transport:
            await until(lambda: transport.trouble)
            assert not transport.connected
            with pytest.raises(TransportError, match="nothing listens there"):
                await transport.publish("a", b"")
            await until(lambda: ear.attempts >= 5)
            broker.start_again()
            await transport.online()
            assert transport.trouble == ""
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1, "one line for one reason, however many attempts"


async def test_subscriptions_stand_again_after_the_broker_was_killed(tmp_path: Path) -> None:
    ear = Ear()
    with running_mosquitto(tmp_path) as broker:
        async with client(broker.url, ear, ("a",)) as transport:
            await until(lambda: ear.connections == 1)
            broker.kill()
            await until(lambda: ear.ends)
            with pytest.raises(TransportError):
                await transport.publish("a", b"into the void")
            broker.start_again()
            await until(lambda: ear.connections == 2)
            await transport.publish("a", b"back")
            await until(lambda: ear.heard)
    assert [payload for _, payload, _ in ear.heard] == [b"back"]


async def test_who_waits_for_an_acknowledgement_is_told_when_the_broker_dies(tmp_path: Path) -> None:
    with running_mosquitto(tmp_path) as broker:
        async with client(broker.url) as transport:
            await transport.online()
            broker.freeze()
            waiting = [asyncio.ensure_future(transport.publish("a", b"x")) for _ in range(5)]
            with pytest.raises(TransportError, match="acknowledged nothing"):
                await transport.publish("a", b"x", timeout=0.05)
            broker.kill()
            results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(result) for result in results] == [TransportError] * 5


async def test_a_port_that_never_answers_is_named(caplog: pytest.LogCaptureFixture, monkeypatch: Any) -> None:
    monkeypatch.setattr("device_runtime.sync.link.CONNECT_SECONDS", 0.2)
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        async with client(f"mqtt://127.0.0.1:{mute.getsockname()[1]}") as transport:
            await until(lambda: transport.trouble)
            assert "is it a broker?" in transport.trouble


async def test_tls_with_the_right_ca_and_password_connects(tls_broker: Mosquitto) -> None:
    ear = Ear()
    options = {"credentials": Credentials("kiosk", "s3cret"), "tls": TlsFiles(ca=tls_broker.authority.ca_file)}
    async with client(tls_broker.url, ear, ("a",), **options) as transport:
        await transport.online()
        await transport.publish("a", b"x" * 300_000)
        await until(lambda: ear.heard)
    assert len(ear.heard[0][1]) == 300_000


async def test_bursts_of_large_and_small_messages_come_whole_and_in_order_over_tls(tls_broker: Mosquitto) -> None:
    assert tls_broker.authority
    ear, sizes = Ear(), [(number * 7919) % 60_000 for number in range(300)]
    options = {"credentials": Credentials("kiosk", "s3cret"), "tls": TlsFiles(ca=tls_broker.authority.ca_file)}
    async with client(tls_broker.url, ear, ("many",), **options) as transport:
        await transport.online()
        await asyncio.gather(*(transport.publish("many", b"x" * size) for size in sizes))
        await until(lambda: len(ear.heard) == len(sizes))
    assert [len(payload) for _, payload, _ in ear.heard] == sizes


async def test_a_connection_costs_no_thread(broker: Mosquitto) -> None:
    before = threading.active_count()
    async with client(broker.url) as transport:
        await transport.online()
        await until(lambda: threading.active_count() <= before)
        await transport.publish("a", b"")


@pytest.mark.parametrize(
    ("credentials", "own_ca", "sentence"),
    [
        (Credentials("kiosk", "wrong"), False, "refuses user kiosk"),
        (None, False, "refuses a client without a user name"),
        (Credentials("kiosk", "s3cret"), True, "certificate that is not trusted"),
    ],
    ids=["wrong password", "no password", "wrong CA"],
)
async def test_a_refused_client_says_why_once_and_never_the_password(
    tls_broker: Mosquitto,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    credentials: Credentials | None,
    own_ca: bool,
    sentence: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    authority = CertificateAuthority(tmp_path / "other") if own_ca else tls_broker.authority
    tls = TlsFiles(ca=authority.ca_file)
    ear = Ear()
    async with client(tls_broker.url, ear, credentials=credentials, tls=tls) as transport:
        await until(lambda: ear.attempts >= 4)
        assert not transport.connected
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert sentence in warnings[0]
    assert "s3cret" not in caplog.text
    assert "wrong" not in caplog.text.replace("wrong password", "")


async def test_a_certificate_for_another_name_is_told_apart_from_an_unknown_ca(tls_broker: Mosquitto) -> None:
    url = tls_broker.url.replace("localhost", "127.1")  # the same address, under a name that is not in it
    tls = TlsFiles(ca=tls_broker.authority.ca_file)
    async with client(url, credentials=Credentials("kiosk", "s3cret"), tls=tls) as transport:
        await until(lambda: transport.trouble)
        assert "by a name that its certificate holds" in transport.trouble


async def test_a_client_certificate_is_shown(tmp_path: Path) -> None:
    with running_mosquitto(tmp_path, tls=True, client_certificates=True) as broker:
        certificate, key = broker.authority.issue("kiosk")
        async with client(broker.url, tls=TlsFiles(broker.authority.ca_file, certificate, key)) as transport:
            await transport.online()
        async with client(broker.url, tls=TlsFiles(broker.authority.ca_file)) as transport:
            await until(lambda: transport.trouble)
            assert "check the client certificate" in transport.trouble


async def test_plain_mqtt_to_a_tls_port_is_explained(tls_broker: Mosquitto) -> None:
    async with client(f"mqtt://127.0.0.1:{tls_broker.port}") as transport:
        await until(lambda: transport.trouble)
        assert "closes the connection without an answer" in transport.trouble


async def test_tls_to_a_plain_port_is_explained(broker: Mosquitto, tmp_path: Path) -> None:
    tls = TlsFiles(CertificateAuthority(tmp_path / "ca").ca_file)
    async with client(f"mqtts://127.0.0.1:{broker.port}", tls=tls) as transport:
        await until(lambda: transport.trouble)
        assert f"mqtts://127.0.0.1:{broker.port}" in transport.trouble


async def test_a_broker_of_mqtt_3_1_1_only_is_served(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "device_runtime")
    ear = Ear()
    async with running_amqtt() as url, client(url, ear, ("a",)) as transport:
        await transport.online()
        await transport.publish("a", b"x" * 70_000)
        await until(lambda: ear.heard)
    assert ear.heard[0][1] == b"x" * 70_000
    assert "(MQTT 3.1.1)" in caplog.text


async def test_stopping_while_no_broker_answers_is_quick_and_leaves_nothing(broker: Mosquitto) -> None:
    transport = MqttTransport(f"mqtt://127.0.0.1:{free_port()}", "x")
    transport.start(Ear())
    await until(lambda: transport.trouble)
    await asyncio.wait_for(transport.stop(), 5)
    assert len(asyncio.all_tasks()) == 1


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://host", "must be mqtt://"),
        ("mqtt://", "must be mqtt://"),
        ("mqtt://host:port", "must be mqtt://"),
        ("mqtt://host/path", "must be mqtt://"),
        ("mqtt://user:hunter2@host", "must hold no password"),
    ],
)
def test_a_wrong_url_is_refused_without_showing_a_password(url: str, reason: str) -> None:
    with pytest.raises(TransportError, match=reason) as caught:
        MqttTransport(url, "x")
    assert "hunter2" not in str(caught.value)


def test_wrong_tls_files_are_named(tmp_path: Path) -> None:
    garbage = tmp_path / "ca.pem"
    garbage.write_text("no certificate")
    for tls, reason in [
        (TlsFiles(ca=tmp_path / "missing.pem"), "missing.pem is missing"),
        (TlsFiles(ca=garbage), "no fitting PEM"),
        (TlsFiles(key=garbage), "without its certificate"),
    ]:
        with pytest.raises(TransportError, match=reason):
            MqttTransport("mqtts://host", "x", tls=tls)
    with pytest.raises(TransportError, match="does not start with mqtts"):
        MqttTransport("mqtt://host", "x", tls=TlsFiles(ca=garbage))


def test_a_password_comes_from_a_file_or_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "password"
    file.write_text("from file\nsecond line\n")
    monkeypatch.setenv("CYGNET_MQTT_PASSWORD", "from environment")
    assert read_credentials("kiosk", file) == Credentials("kiosk", "from file")
    assert read_credentials("kiosk") == Credentials("kiosk", "from environment")
    assert "from" not in repr(read_credentials("kiosk"))
    monkeypatch.delenv("CYGNET_MQTT_PASSWORD")
    with pytest.raises(TransportError, match="no password for kiosk"):
        read_credentials("kiosk")
    with contextlib.suppress(OSError):
        file.write_text("\n")
    with pytest.raises(TransportError, match="is empty"):
        read_credentials("kiosk", file)


def test_delays_grow_to_their_limit() -> None:
    backoff = Backoff(first=1, longest=8)
    for attempt, most in [(0, 1), (1, 2), (2, 4), (3, 8), (10, 8), (5000, 8)]:
        draws = [backoff.draw(attempt) for _ in range(200)]
        assert min(draws) >= 0
        assert most / 2 < max(draws) <= most
