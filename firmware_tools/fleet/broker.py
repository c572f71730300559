"""The embedded broker: amqtt, for a desk, a workshop or a test. A fleet of size has a mosquitto.

amqtt speaks MQTT 3.1.1 only and keeps nothing across a restart, which is enough: the fleet's database is the
authority. What it gets wrong for us is put right here, on the version that ``pyproject.toml`` pins:

- it never enforces the keep-alive ([MQTT-3.1.2-24]): a device whose power failed would be online for ever;
- it leaves the old connection open when a client comes again with a clean session ([MQTT-3.1.4-2]);
- it reads packets of up to 256 MiB, waits without end for a CONNECT, and leaks a connection on garbage;
- it misreads an MQTT 5 CONNECT that carries a will, and never tells the client to speak 3.1.1 instead;
- it sends a client that connects what is retained for everybody else's subscriptions, whether it may read it or not;
- it walks through all subscriptions with pauses, and drops a client when another one subscribes meanwhile.
"""

import asyncio
import ipaddress
import logging
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from amqtt.adapters import StreamReaderAdapter, StreamWriterAdapter
from amqtt.broker import Broker
from amqtt.contexts import Action, BaseContext, BrokerConfig, ListenerConfig, ListenerType
from amqtt.errors import BrokerError
from amqtt.plugins.base import BaseTopicPlugin

from device_runtime.sync.messages import ProtocolError, parse_topic
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.home import split_address

log = logging.getLogger(__name__)

MOST_CONNECTIONS = 2_000
MOST_PACKET_BYTES = 512 * 1024
_CONNECT_SECONDS = 10.0
_MOST_CONNECT_BYTES = 64 * 1024
_UNACCEPTABLE_VERSION = b"\x20\x02\x00\x01"  # CONNACK, return code 1 (MQTT 3.1.1, 3.2.2.3)
_SESSION_SECONDS = 3_600
FLEET_USER = "fleet"
_FROM_DEVICE = frozenset({"reported", "state", "telemetry", "request"})
_TO_DEVICE = frozenset({"desired", "response"})


class ConnectionDroppedError(ConnectionError):
    """The client was silent for too long, sent too much at once, or speaks something else."""


class GuardedReader(StreamReaderAdapter):  # type: ignore[misc]  # amqtt ships no types
    """A reader that ends the connection of a client that is silent for too long, or sends a packet too large."""

    def __init__(self, reader: asyncio.StreamReader, ahead: bytes) -> None:
        """``ahead`` was read already, and is read again first."""
        super().__init__(reader)
        self._ahead = ahead
        self._now = asyncio.get_running_loop().time
        self._heard = self._now()
        self.most_silence: float | None = None

    async def read(self, n: int = -1) -> bytes:
        if self._ahead:
            taken, self._ahead = self._ahead[:n], self._ahead[n:]
            return taken
        if n > MOST_PACKET_BYTES:
            raise ConnectionDroppedError(f"a packet of {n} bytes is larger than {MOST_PACKET_BYTES}")
        deadline = None if self.most_silence is None else self._heard + self.most_silence
        if deadline is not None and self._now() >= deadline:
            raise ConnectionDroppedError("the client is silent")
        # Should amqtt's own time limit end this first, it reads again, and the deadline above has not moved.
        try:
            async with asyncio.timeout_at(deadline):
                data = await super().read(n)
        except TimeoutError as error:
            raise ConnectionDroppedError("the client is silent") from error
        self._heard = self._now()
        return bytes(data)


class Subscriptions(dict[str, list[Any]]):
    """The subscriptions by topic filter, which may change while somebody walks through them."""

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(super().__iter__()))

    def items(self) -> Any:
        return tuple((topic_filter, tuple(sessions)) for topic_filter, sessions in super().items())


class EmbeddedBroker(Broker):  # type: ignore[misc]  # amqtt ships no types
    """amqtt with its faults put right."""

    _open = 0

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._subscriptions = Subscriptions()

    async def stream_connected(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, listener_name: str
    ) -> None:
        """One TCP connection, from accept to end."""
        if self._open >= MOST_CONNECTIONS:
            log.warning("%d clients are connected, which is the most; another one is turned away", self._open)
            writer.close()
            return
        self._open += 1
        try:
            connect = await _read_connect(reader)
            if not _speaks_311(connect):
                writer.write(_UNACCEPTABLE_VERSION)
                await writer.drain()
                return
            await self._client_connected(listener_name, GuardedReader(reader, connect), StreamWriterAdapter(writer))
        except (ValueError, LookupError, TypeError, struct.error, EOFError, OSError) as error:
            log.debug("dropped a connection that does not speak MQTT: %r", error)
        finally:
            self._open -= 1
            writer.close()

    async def _handle_client_session(self, reader: GuardedReader, writer: Any, session: Any, *others: Any) -> None:
        reader.most_silence = session.keep_alive * 1.5 if session.keep_alive else None
        await super()._handle_client_session(reader, writer, session, *others)

    async def _publish_retained_messages_for_subscription(self, subscription: tuple[str, int], session: Any) -> None:
        subscribers = self._subscriptions.get(subscription[0], ())
        if any(subscriber.client_id == session.client_id for subscriber, _ in subscribers):
            await super()._publish_retained_messages_for_subscription(subscription, session)

    async def _delete_session(self, client_id: str) -> None:
        _, handler = self._sessions.get(client_id, (None, None))
        if handler is not None:
            await handler.stop()
        await super()._delete_session(client_id)


class OwnTopics(BaseTopicPlugin):  # type: ignore[misc]  # amqtt ships no types
    """With passwords, a device named by its user may use its own topics alone; the user ``fleet`` may use all."""

    def __init__(self, context: BaseContext) -> None:
        super().__init__(context)

    async def topic_filtering(self, *, session: Any = None, topic: str | None = None, action: Any = None) -> bool:
        user = session.username if session else None
        if user == FLEET_USER:
            return True
        try:
            _, device, channel = parse_topic(topic or "")
        except ProtocolError:
            return False
        return device == user and channel in (_FROM_DEVICE if action == Action.PUBLISH else _TO_DEVICE)


def broker_config(listen: str, password_file: Path | None = None) -> BrokerConfig:
    """The configuration of an embedded broker.

    Raises:
        FleetError: no address; or open to others than this machine without passwords; or no password file.
    """
    host, port = split_address(listen)
    if password_file is None and not _is_loopback(host):
        raise FleetError(
            f"a broker on {host} is open to others than this machine, so it needs passwords: name a --password-file"
        )
    plugins: dict[str, dict[str, Any]]
    if password_file is None:
        plugins = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
    else:
        if not password_file.is_file():
            raise FleetError(f"the password file {password_file} is missing; each line of it is user:argon2-hash")
        plugins = {
            "amqtt.plugins.authentication.FileAuthPlugin": {"password_file": str(password_file)},
            f"{__name__}.{OwnTopics.__name__}": {},
        }
    bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return BrokerConfig(
        listeners={"default": ListenerConfig(type=ListenerType.TCP, bind=bind)},
        session_expiry_interval=_SESSION_SECONDS,
        plugins=plugins,
    )


async def serve_broker(listen: str, password_file: Path | None, stop: asyncio.Event) -> None:
    """Run a broker until ``stop`` is set.

    Raises:
        FleetError: see :func:`broker_config`; or the address cannot be listened on.
    """
    for name in ("amqtt", "transitions", "websockets", "passlib"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # each lost client would be a traceback
    broker = EmbeddedBroker(broker_config(listen, password_file))
    try:
        await broker.start()
    except BrokerError as error:
        raise FleetError(f"the broker cannot listen on {listen}: {_reason(error)}; is another one running?") from error
    log.info("the embedded broker listens on %s", listen)
    try:
        await stop.wait()
    finally:
        await broker.shutdown()


async def _read_connect(reader: asyncio.StreamReader) -> bytes:
    """The first packet of a connection, whole, which must be a CONNECT."""
    async with asyncio.timeout(_CONNECT_SECONDS):
        packet = await reader.readexactly(2)
        if packet[0] != 0x10:
            raise ConnectionDroppedError("the first packet is no CONNECT")
        length, shift = packet[1] & 0x7F, 7
        while packet[-1] & 0x80 and shift <= 14:
            packet += await reader.readexactly(1)
            length |= (packet[-1] & 0x7F) << shift
            shift += 7
        if packet[-1] & 0x80 or length > _MOST_CONNECT_BYTES:
            raise ConnectionDroppedError("the CONNECT is too large")
        return packet + await reader.readexactly(length)


def _speaks_311(connect: bytes) -> bool:
    """Protocol name and level come first in the variable header (MQTT 3.1.1, 3.1.2.1)."""
    name, _, rest = connect.partition(b"\x00\x04MQTT")
    return len(name) <= 5 and rest[:1] == b"\x04"


def _reason(error: BrokerError) -> str:
    cause = error.__cause__
    return cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause or error)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
