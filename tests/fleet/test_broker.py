"""The embedded broker carries what a fleet and its devices say, and survives what else arrives."""

import asyncio
import hashlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from device_runtime.sync.link import Credentials
from device_runtime.sync.messages import BLOCK_BYTES, ContentRequest, State, decode_state
from device_runtime.sync.transport import Backoff, MqttTransport
from firmware_tools.cli.fleet_serve import set_broker_password
from firmware_tools.fleet.broker import Subscriptions, broker_config, serve_broker
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.home import FleetHome, init_home
from firmware_tools.fleet.server import run_fleet
from firmware_tools.sign.keys import load_private_key
from tests.brokers import free_port
from tests.fleet.devices import connected_device, eventually
from tests.fleet.packages import small_package

EPOCH = "00112233aabbccdd"


@asynccontextmanager
async def running_broker(password_file: Path | None = None) -> AsyncIterator[str]:
    address, stop = f"127.0.0.1:{free_port()}", asyncio.Event()
    task = asyncio.create_task(serve_broker(address, password_file, stop))

    def answers() -> bool:
        if task.done():
            task.result()
        try:
            socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])), timeout=1).close()
        except OSError:
            return False
        return True

    await eventually(answers, "the broker starts")
    try:
        yield f"mqtt://{address}"
    finally:
        stop.set()
        await task


def make_home(tmp_path: Path, url: str) -> FleetHome:
    return init_home(tmp_path / "fleet", "north", broker=url, listen="127.0.0.1:0")


async def test_it_carries_a_whole_exchange(tmp_path: Path) -> None:
    async with running_broker() as url:
        home = make_home(tmp_path, url)
        async with run_fleet(home) as fleet:
            await eventually(lambda: fleet.service.connected_at is not None, "the fleet connects")
            await fleet.operations.enroll("kitchen", "")
            release, _ = await fleet.operations.publish(small_package(), "lamp.ma")
            await fleet.operations.assign("kitchen", release.app_id, None, launch=True)
            async with connected_device("north", "kitchen", url) as device:
                # Retained: published before the device subscribed.
                desired = await device.newest_desired(load_private_key(home.key_file).public_key(), 2)
                target, data = desired.programs[release.app_id], b""
                while len(data) < target.size:  # blocks of 64 KiB
                    block = await device.ask_block(
                        ContentRequest(f"r{len(data)}", target.sha256, len(data), BLOCK_BYTES)
                    )
                    data += block.data
                assert hashlib.sha256(data).hexdigest() == target.sha256
                for first in range(1, 501, 100):
                    await device.send_batch(EPOCH, range(first, first + 100))
                await device.receipt(EPOCH, 500)
            assert fleet.service.counters.records == 500


async def test_a_broken_connection_publishes_the_will_and_retains_it() -> None:
    async with running_broker() as url, connected_device("north", "kitchen", url, session=5) as device:
        await device.say_online()
        async with watching(url, "cygnet/1/north/kitchen/state") as states:
            await eventually(lambda: states[-1:] == [State("online", 5)], "the retained state")
            assert device.transport._link is not None
            device.transport._link.abort()
            await eventually(lambda: State("lost", 5) in states, "the will")
        async with watching(url, "cygnet/1/north/kitchen/state") as states:
            await eventually(lambda: states[-1:] == [State("lost", 5)], "the will, retained")


async def test_a_silent_client_is_lost_after_its_keep_alive() -> None:
    """A device without power says nothing and closes nothing: its end of the connection is simply gone."""
    async with running_broker() as url, watching(url, "cygnet/1/north/kitchen/state") as states:
        reader, writer = await open_connection(url)
        writer.write(connect_packet("kitchen", keep_alive=1, will=("cygnet/1/north/kitchen/state", LOST)))
        assert await reader.readexactly(4) == b"\x20\x02\x00\x00"
        await eventually(lambda: State("lost", 3) in states, "the will of the silent client")
        assert await reader.read() == b""
        writer.close()


async def test_a_client_that_comes_again_takes_over_and_the_old_connection_ends() -> None:
    async with running_broker() as url:
        first = await open_connection(url)
        first[1].write(connect_packet("kitchen"))
        await first[0].readexactly(4)
        second = await open_connection(url)
        second[1].write(connect_packet("kitchen"))
        assert await second[0].readexactly(4) == b"\x20\x02\x00\x00"
        async with asyncio.timeout(10):
            assert await first[0].read() == b""
        for _, writer in (first, second):
            writer.close()


async def test_a_client_gets_what_is_retained_for_its_own_subscriptions_alone() -> None:
    async with (
        running_broker() as url,
        watching(url, "cygnet/1/north/+/state") as states,
        connected_device("north", "kitchen", url, session=5) as device,
    ):
        await device.say_online()
        await eventually(lambda: bool(states), "the state of the kitchen")
        reader, writer = await open_connection(url)
        writer.write(connect_packet("stranger") + b"\xc0\x00")  # and a PINGREQ
        async with asyncio.timeout(10):
            assert await reader.readexactly(6) == b"\x20\x02\x00\x00" + b"\xd0\x00"
        writer.close()


def test_subscriptions_may_change_while_somebody_walks_through_them() -> None:
    subscriptions = Subscriptions({"a": [1], "b": [2]})
    for topic_filter in subscriptions:
        subscriptions[topic_filter + "'"] = []
    for topic_filter, sessions in subscriptions.items():
        subscriptions[topic_filter].append(3)
        del subscriptions[topic_filter]
        assert 3 not in sessions
    assert subscriptions == {}


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x10\xff\xff\xff\x7f",
        b"\x10\x0c\x00\x04MQTT\x04\xff\x00\x00\xff\xff",
        b"\x10\x02\x00\x04",
        b"\x00" * 50,
    ],
)
async def test_garbage_ends_its_own_connection_and_nothing_else(garbage: bytes) -> None:
    async with running_broker() as url, connected_device("north", "kitchen", url) as device:
        reader, writer = await open_connection(url)
        writer.write(garbage)
        writer.write_eof()
        async with asyncio.timeout(10):
            await reader.read()
        writer.close()
        await device.say_online()


async def test_an_enormous_packet_ends_the_connection() -> None:
    async with running_broker() as url:
        reader, writer = await open_connection(url)
        writer.write(connect_packet("kitchen"))
        await reader.readexactly(4)
        writer.write(b"\x30\xff\xff\xff\x7f\x00\x01a")  # a PUBLISH that announces 256 MiB
        async with asyncio.timeout(10):
            assert await reader.read() == b""
        writer.close()


async def test_passwords_let_a_device_use_its_own_topics_alone(tmp_path: Path) -> None:
    passwords = tmp_path / "passwords"
    for user in ("fleet", "kitchen", "car"):
        set_broker_password(user, f"secret of {user}", passwords)
    assert passwords.stat().st_mode & 0o777 == 0o600
    async with running_broker(passwords) as url:
        async with watching(url, "cygnet/1/north/+/state", user="fleet") as states:
            kitchen = await plain_client(url, "kitchen", "secret of kitchen")
            await kitchen.publish("cygnet/1/north/car/state", LOST)
            await kitchen.publish("cygnet/1/north/kitchen/state", b'{"status":"online","session":9}')
            await eventually(lambda: bool(states), "the state of the kitchen")
            assert states == [State("online", 9)]
            await kitchen.stop()
        wrong = MqttTransport(url, "x", credentials=Credentials("car", "wrong"), backoff=Backoff(5, 5))
        wrong.start(Listener())
        await eventually(lambda: "check the user name and password" in wrong.trouble, "the refusal")
        await wrong.stop()


@pytest.mark.parametrize("listen", ["0.0.0.0:1883", "[::]:1883", "192.0.2.1:1883", "broker.example:1883"])
def test_it_is_not_open_to_other_machines_without_passwords(listen: str) -> None:
    with pytest.raises(FleetError, match="so it needs passwords: name a --password-file"):
        broker_config(listen)


async def test_an_address_in_use_is_one_sentence() -> None:
    async with running_broker() as url:
        address = url.removeprefix("mqtt://")
        with pytest.raises(FleetError, match=rf"the broker cannot listen on {address}: .*is another one running\?"):
            await serve_broker(address, None, asyncio.Event())


# Raw clients

LOST = b'{"status":"lost","session":3}'


async def open_connection(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = url.removeprefix("mqtt://").rpartition(":")
    return await asyncio.open_connection(host, int(port))


def counted(data: bytes) -> bytes:
    """A string of MQTT (1.5.3)."""
    return len(data).to_bytes(2, "big") + data


def connect_packet(client: str, keep_alive: int = 60, will: tuple[str, bytes] | None = None) -> bytes:
    """An MQTT 3.1.1 CONNECT with a clean session (3.1)."""
    body = b"\x00\x04MQTT\x04" + bytes([0x26 if will else 0x02]) + keep_alive.to_bytes(2, "big")
    body += counted(client.encode())
    if will:
        body += counted(will[0].encode()) + counted(will[1])
    return b"\x10" + bytes([len(body)]) + body


class Listener:
    def __init__(self) -> None:
        self.payloads: list[bytes] = []

    def will(self) -> None: ...

    def on_connected(self) -> None: ...

    def on_disconnected(self, reason: str) -> None: ...

    def on_message(self, _topic: str, payload: bytes, _retained: bool) -> None:
        self.payloads.append(payload)


async def plain_client(url: str, user: str, password: str) -> MqttTransport:
    transport = MqttTransport(url, f"client-{user}", credentials=Credentials(user, password))
    transport.start(Listener())
    await eventually(lambda: transport.connected, f"{user} connects")
    return transport


class States(Listener):
    def __init__(self, states: list[State]) -> None:
        super().__init__()
        self._states = states

    def on_message(self, _topic: str, payload: bytes, _retained: bool) -> None:
        self._states.append(decode_state(payload))


@asynccontextmanager
async def watching(url: str, topic: str, user: str = "") -> AsyncIterator[list[State]]:
    states: list[State] = []
    credentials = Credentials(user, f"secret of {user}") if user else None
    transport = MqttTransport(url, "watcher", credentials=credentials)
    transport.subscribe(topic)
    transport.start(States(states))
    try:
        await eventually(lambda: transport.connected, "the watcher connects")
        yield states
    finally:
        await transport.stop()
