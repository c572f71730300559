"""One MQTT connection, from its TCP connect to its end, on paho-mqtt: used once, then thrown away.

The event loop watches paho's socket, and paho reads and writes when there is something to: a connection costs no
thread, and all code here and above runs on the loop alone, but for connecting, which blocks. A link never reconnects:
that is the transport's subject.
"""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from device_runtime.errors import CygnetError
from device_runtime.sync.buffered_client import BufferedClient
from device_runtime.sync.endpoint import CONNECT_SECONDS as CONNECT_SECONDS
from device_runtime.sync.endpoint import Credentials as Credentials
from device_runtime.sync.endpoint import Endpoint as Endpoint
from device_runtime.sync.endpoint import explain_end, explain_failure, explain_refusal

MQTT5_ANSWER_SECONDS = 3.0
"""How long the CONNACK may take on MQTT 5: some 3.1.1 brokers neither answer nor close (amqtt 0.12, given a will)."""
MAX_PAYLOAD_BYTES = 512 * 1024
"""A longer message is dropped before it reaches the loop; none of the protocol's is."""
_PACKETS_AT_ONCE = 32
_LOOKS_A_KEEPALIVE = 6
_NOTHING = "cygnet/nothing"


class TransportError(CygnetError):
    """A message could not be handed to the broker, or the connection cannot be made; the sentence says why."""


class MessageRefusedError(TransportError):
    """The broker does not let this user publish there; only its operator can change that."""


class ProtocolVersionRefusedError(TransportError):
    """The broker does not speak this MQTT version, or closed without a word, as some do that do not."""


@dataclass(frozen=True, slots=True)
class Publication:
    """A message to send: ``retain`` leaves it with the broker for who comes later."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False


class Link:
    """One connection. Call :meth:`open` first, on the event loop; ``closed`` then ends with the reason."""

    def __init__(
        self,
        endpoint: Endpoint,
        version: MQTTProtocolVersion,
        will: Publication | None,
        on_message: Callable[[str, bytes, bool], None],
    ) -> None:
        """``on_message(topic, payload, retained)`` is called on the loop, in the order of arrival."""
        self._endpoint, self._version, self._on_message = endpoint, version, on_message
        self._loop = asyncio.get_running_loop()
        self._connected: asyncio.Future[None] = self._loop.create_future()
        self.closed: asyncio.Future[str] = self._loop.create_future()
        self._acknowledgements: dict[int, asyncio.Future[list[ReasonCode]]] = {}
        self._abandoned = threading.Event()
        self._passed = 0
        self._heard: list[tuple[str, bytes, bool]] = []
        self._holding, self._behind_until = False, 0.0
        self._waits_to_write = False
        self._thread = threading.get_ident()
        self._housekeeping: asyncio.TimerHandle | None = None
        self.may_share = False
        """Connected, and the broker does not say that it has no shared subscriptions."""
        self._client = self._make_client(will)

    def _make_client(self, will: Publication | None) -> BufferedClient:
        older = self._version != MQTTProtocolVersion.MQTTv5
        client = BufferedClient(
            CallbackAPIVersion.VERSION2,
            client_id=self._endpoint.client_id,
            clean_session=True if older else None,  # MQTT 5 says it at connect instead
            protocol=self._version,
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_SECONDS
        client.max_inflight_messages_set(100)
        if self._endpoint.credentials:
            client.username_pw_set(self._endpoint.credentials.user, self._endpoint.credentials.password)
        if self._endpoint.tls:
            client.tls_set_context(self._endpoint.tls)
        if will:
            client.will_set(will.topic, will.payload, will.qos, will.retain)
        client.on_socket_open = _send_at_once
        client.on_connect = lambda _client, _data, _flags, reason, properties: self._post(
            self._answered, reason, getattr(properties, "SharedSubscriptionAvailable", 1) != 0
        )
        client.on_disconnect = lambda _client, _data, _flags, reason, _properties: self._post(
            self._ended, explain_end(reason)
        )
        client.on_message = self._arrived
        client.on_publish = lambda _client, _data, mid, reason, _properties: self._acknowledged(mid, [reason])
        client.on_subscribe = lambda _client, _data, mid, reasons, _properties: self._acknowledged(mid, reasons)
        return client

    # On the loop

    async def open(self) -> None:
        """Connect and wait for the broker's consent.

        A broker that says nothing counts as one that may not know this MQTT version.

        Raises:
            ProtocolVersionRefusedError: perhaps an older MQTT version helps.
            TransportError: anything else; the sentence is for a person.
        """
        older = self._version != MQTTProtocolVersion.MQTTv5
        patience = CONNECT_SECONDS if older else min(CONNECT_SECONDS, MQTT5_ANSWER_SECONDS)
        try:
            await self._connect_elsewhere()
            async with asyncio.timeout(patience):
                await self._connected
        except TimeoutError as error:
            self.abort()
            raise ProtocolVersionRefusedError(
                f"{self._endpoint} takes the connection but says nothing for {patience:g} s; is it a broker?"
            ) from error
        except BaseException:
            self.abort()
            raise

    async def _connect_elsewhere(self) -> None:
        """Resolve, connect and shake hands in a thread: these block, and a thread left behind ends by itself."""
        done: asyncio.Future[None] = self._loop.create_future()

        def work() -> None:
            try:
                self._client.connect(self._endpoint.host, self._endpoint.port, self._endpoint.keepalive)
            except (OSError, ValueError) as error:
                self._post(_fail, done, TransportError(explain_failure(error, self._endpoint)))
                return
            self._post(self._attach)
            self._post(_succeed, done, None)

        threading.Thread(target=work, name="mqtt-connect", daemon=True).start()
        await done

    def _attach(self) -> None:
        """Let the loop watch the socket from now on."""
        raw = self._client.socket()
        if raw is None:
            return
        if self._abandoned.is_set():
            self._break_off()
            return
        self._client.on_socket_register_write = self._want_to_write
        self._client.on_socket_unregister_write = self._stop_writing
        self._client.on_socket_close = self._detach
        self._loop.add_reader(raw, self._read)
        if self._client.want_write():
            self._write()
        self._keep_house()

    def _want_to_write(self, _client: paho.Client, _data: object, _raw: Any) -> None:
        self._loop.call_soon(self._write)  # to be told when the socket takes it is two calls of the kernel more

    def _stop_writing(self, _client: paho.Client, _data: object, raw: Any) -> None:
        if self._waits_to_write:
            self._waits_to_write = False
            self._loop.remove_writer(raw)

    def _detach(self, _client: paho.Client, _data: object, raw: Any) -> None:
        self._loop.remove_reader(raw)
        self._loop.remove_writer(raw)
        if self._housekeeping is not None:
            self._housekeeping.cancel()

    def _read(self) -> None:
        """Take some packets, but not so many that others on the loop wait for long."""
        for _ in range(_PACKETS_AT_ONCE):
            if self._holding:
                return
            before = self._passed
            self._client.loop_read()
            raw = self._client.socket()
            if raw is None:
                return
            is_waiting = self._client.has_read_ahead or (isinstance(raw, ssl.SSLSocket) and raw.pending() > 0)
            if self._passed == before and not is_waiting:
                return
        self._loop.call_soon(self._read_on)  # what is read ahead, or TLS holds already, makes no socket readable

    def _read_on(self) -> None:
        if self._client.socket() is not None:
            self._read()

    def _write(self) -> None:
        """Write what there is, and the rest of it when the socket takes it."""
        self._client.loop_write()
        raw = self._client.socket()
        if raw is not None and self._client.want_write() and not self._waits_to_write:
            self._waits_to_write = True
            self._loop.add_writer(raw, self._write)

    def _keep_house(self) -> None:
        """Pings, and notices that none is answered; but an answer may lie behind what is not read yet, and there is no
        more than a sign of life then, whose answer nobody waits for: an unsubscription from nothing (MQTT 5, 3.11)."""
        if self._client.socket() is not None:
            if self._holding or self._loop.time() < self._behind_until:
                self._client.unsubscribe(_NOTHING)
            else:
                self._client.loop_misc()
        if self._client.socket() is not None:
            self._housekeeping = self._loop.call_later(self._endpoint.keepalive / _LOOKS_A_KEEPALIVE, self._keep_house)

    async def subscribe(self, topics: list[tuple[str, int]]) -> None:
        """Subscribe to ``(filter, qos)`` and wait for the broker's consent to each.

        Raises:
            TransportError: it refuses one, or does not answer.
        """
        code, mid = self._client.subscribe(topics)
        if mid is None:
            raise TransportError(f"{self._endpoint}: {paho.error_string(code)}")
        reasons = await self._acknowledgement(mid, CONNECT_SECONDS)
        for (name, _), reason in zip(topics, reasons, strict=False):
            if reason.is_failure:
                raise TransportError(
                    f"{self._endpoint} refuses the subscription to {name}: check what its access list allows "
                    f"{self._endpoint.client_id}"
                )

    def unsubscribe(self, name: str) -> None:
        """Hear a topic filter no more; what is on its way may still come."""
        self._client.unsubscribe(name)

    async def publish(self, message: Publication, timeout: float) -> None:  # noqa: ASYNC109 - a figure for the sentence
        """Send and, for QoS 1, wait for the broker's acknowledgement at most ``timeout`` seconds.

        Raises:
            TransportError: not sent, refused, or not acknowledged in time.
        """
        sent = self._client.publish(message.topic, message.payload, message.qos, message.retain)
        if sent.rc != paho.MQTT_ERR_SUCCESS:
            raise TransportError(f"{self._endpoint}: {paho.error_string(sent.rc)}")
        (reason,) = await self._acknowledgement(sent.mid, timeout)
        if reason.is_failure:
            raise MessageRefusedError(
                f"{self._endpoint} refuses a message on {message.topic} ({reason}): check what its user may do there"
            )

    async def _acknowledgement(self, mid: int, timeout: float) -> list[ReasonCode]:  # noqa: ASYNC109 - as above
        # paho writes and reads when the loop lets it: the answer cannot come before it is waited for here.
        future: asyncio.Future[list[ReasonCode]] = self._loop.create_future()
        self._acknowledgements[mid] = future
        end_of_patience = self._loop.call_later(timeout, self._too_late, future, timeout)
        try:
            return await future
        finally:
            end_of_patience.cancel()
            self._acknowledgements.pop(mid, None)

    def _too_late(self, future: asyncio.Future[list[ReasonCode]], seconds: float) -> None:
        _fail(future, TransportError(f"{self._endpoint} acknowledged nothing for {seconds:g} s"))

    def hold(self) -> None:
        """Read nothing from now on, so that TCP holds the broker back. What is sent goes on, and the broker hears a
        sign of life in time. Acknowledgements are not heard either: this is for a connection that only listens.

        Not reading is what works everywhere. To acknowledge nothing would be enough by MQTT 5 (receive maximum,
        3.1.2.11.3), but mosquitto 2.0.11 sends about 30 messages for each late acknowledgement.
        """
        raw = self._client.socket()
        if not self._holding and raw is not None and self._housekeeping is not None:
            self._loop.remove_reader(raw)
        self._holding = True

    def go_on(self) -> None:
        """Read again."""
        raw = self._client.socket()
        if self._holding and raw is not None and self._housekeeping is not None:
            self._behind_until = self._loop.time() + self._endpoint.keepalive
            self._loop.add_reader(raw, self._read)
            self._loop.call_soon(self._read_on)  # as there
        self._holding = False

    def close(self) -> None:
        """Say goodbye: the broker forgets the will. ``closed`` ends soon after."""
        self._client.disconnect()

    def abort(self) -> None:
        """Break off without goodbye, in whatever state the connection is: the broker publishes the will."""
        self._abandoned.set()
        self._break_off()
        self._ended("the connection was broken off")

    def _break_off(self) -> None:
        raw = self._client.socket()
        if not isinstance(raw, socket.socket):
            return
        try:
            # The plain socket below TLS: paho sees the end of stream, and closes it.
            socket.socket.shutdown(raw, socket.SHUT_RDWR)
        except OSError:
            return  # it is closed already
        for _ in range(_PACKETS_AT_ONCE):
            if self._client.socket() is None:
                return
            self._client.loop_read()

    # Posted by the thread that connects, and by paho in the middle of its work

    def _post(self, function: Callable[..., None], *arguments: Any) -> None:
        self._passed += 1
        if threading.get_ident() == self._thread:
            self._loop.call_soon(function, *arguments)  # spares the system call that would wake the loop
            return
        try:
            self._loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:
            return  # the loop is closed: nobody is left to be told

    def _arrived(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        self._passed += 1
        if len(message.payload) <= MAX_PAYLOAD_BYTES and not self._abandoned.is_set():
            # paho reads on the loop alone. One call delivers all that comes with this: one each takes its time.
            if not self._heard:
                self._loop.call_soon(self._deliver)
            self._heard.append((message.topic, bytes(message.payload), message.retain))

    def _deliver(self) -> None:
        heard, self._heard = self._heard, []
        for number, message in enumerate(heard, 1):
            try:
                self._on_message(*message)
            except BaseException:
                # The loop reports it, as it does of any callback; the others are heard all the same.
                self._heard[:0] = heard[number:]
                self._loop.call_soon(self._deliver)
                raise

    def _answered(self, reason: ReasonCode, shares: bool) -> None:
        self.may_share = shares
        if not reason.is_failure:
            _succeed(self._connected, None)
        elif reason == ReasonCode(PacketTypes.CONNACK, "Unsupported protocol version"):
            _fail(self._connected, ProtocolVersionRefusedError(f"{self._endpoint} does not speak {self.version_name}"))
        else:
            _fail(self._connected, TransportError(explain_refusal(reason, self._endpoint)))

    def _ended(self, reason: str) -> None:
        if not self._connected.done():
            hint = "the client certificate" if self._endpoint.tls else "that it is an MQTT broker"
            self._connected.set_exception(
                ProtocolVersionRefusedError(f"{self._endpoint} closes the connection without an answer: check {hint}")
            )
        if not self._connected.cancelled():
            self._connected.exception()  # read here, since nobody waits for it once open() has ended
        _succeed(self.closed, reason)
        for future in self._acknowledgements.values():
            _fail(future, TransportError(f"the connection to {self._endpoint} ended: {reason}"))

    def _acknowledged(self, mid: int, reasons: list[ReasonCode]) -> None:
        self._passed += 1
        if (future := self._acknowledgements.get(mid)) is not None:
            _succeed(future, reasons)

    @property
    def version_name(self) -> str:
        """``MQTT 5`` or ``MQTT 3.1.1``."""
        return "MQTT 5" if self._version == MQTTProtocolVersion.MQTTv5 else "MQTT 3.1.1"


def _succeed(future: asyncio.Future[Any], value: object) -> None:
    if not future.done():
        future.set_result(value)


def _fail(future: asyncio.Future[Any], error: TransportError) -> None:
    if not future.done():
        future.set_exception(error)


def _send_at_once(_client: paho.Client, _data: object, raw: Any) -> None:
    # Small MQTT packets meet Nagle's algorithm and delayed ACKs: 40 ms stalls, and a third of the throughput.
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
