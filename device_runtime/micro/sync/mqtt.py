"""One MQTT 3.1.1 connection (OASIS Standard, 29 October 2014): QoS 0 and 1, a will, keep-alive, TLS; for asyncio.

Small and strict. What is received goes through one buffer that is made once. A packet that breaks the standard ends the
connection with a sentence; a message longer than the board takes is read past in pieces, and told of, and never
held in memory. A connection is used once.
"""

import asyncio
import struct

from .. import clock

try:
    from collections.abc import Callable, Sequence
    from typing import Any
except ImportError:
    pass

BUFFER_BYTES = 3072
"""A message of this size needs no memory of its own: a block of content with its topic and header."""
_MOST_TOPIC = 192
_PACKETS = 65_536
_REASONS = (
    "",
    "it does not speak MQTT 3.1.1",
    "it does not take this client id",
    "it is not available now",
    "it does not know this user and password",
    "it does not let this user in",
)


class MqttError(Exception):
    """The connection cannot be made, or has ended; the sentence says why."""


class Connection:
    """A connection from :meth:`open` to the end of :meth:`run`.

    ``on_message(topic, payload, retained)`` gets a payload that is good until it returns, as a memoryview, or None
    when the message was longer than ``longest`` bytes (or than there was memory for).
    """

    def __init__(self, on_message: "Callable[[bytes, memoryview | None, bool], None]", longest: int) -> None:
        self._on_message, self._longest = on_message, longest
        self._buffer = memoryview(bytearray(BUFFER_BYTES))
        self._stream: Any = None
        self._lock = asyncio.Lock()
        self._acknowledged: dict[int, asyncio.Event] = {}
        self._refused: set[int] = set()
        self._packet = 0
        self._heard = 0
        self._keepalive = 60
        self._ended = ""
        self._reader: Any = None
        self.is_open = False

    async def open(
        self,
        host: str,
        port: int,
        tls: "Any",
        client: str,
        user: str,
        password: str,
        keepalive: int,
        will: "tuple[str, bytes]",
    ) -> None:
        """Connect, with a will that is retained and has QoS 1.

        Args:
            host: the broker's name, which its certificate must carry.
            port: its TCP port.
            tls: an ``SSLContext``, or None.
            client: the MQTT client id.
            user: at the broker; empty for none.
            password: of that user.
            keepalive: seconds.
            will: topic and payload.

        Raises:
            MqttError: no connection, no trust, or the broker refuses; the sentence says which.
        """
        self._keepalive = keepalive
        try:
            if tls is None:
                _, self._stream = await asyncio.open_connection(host, port)
            else:
                _, self._stream = await asyncio.open_connection(host, port, ssl=tls, server_hostname=host)
            flags = 0x02 | 0x04 | 0x08 | 0x20
            fields: list[str | bytes] = [client, will[0], will[1]]
            if user:
                flags |= 0xC0
                fields += [user, password]
            body = bytearray(b"\0\x04MQTT\x04" + bytes((flags,)) + struct.pack(">H", keepalive))
            for field in fields:
                body += _text(field)
            await self._send(0x10, (bytes(body),), len(body))
            await self._fill(self._buffer[:2])
            if bytes(self._buffer[:2]) != b"\x20\x02":
                raise MqttError(f"what answers at {host}:{port} is no MQTT broker")  # noqa: TRY301 - closed below
            await self._fill(self._buffer[:2])
        except (OSError, ValueError) as error:
            await self.close()
            raise MqttError(_explain(error, host, port)) from error
        except MqttError:
            await self.close()
            raise
        code = self._buffer[1]
        if code:
            await self.close()
            reason = _REASONS[code] if code < len(_REASONS) else f"its answer is {code}"
            raise MqttError(f"the broker {host} refuses: {reason}")
        self._heard = clock.ticks_ms()
        self.is_open = True

    async def run(self) -> str:
        """Read until the connection ends, and give the reason as a sentence."""
        reader = asyncio.current_task()
        keeper = asyncio.create_task(self._keep(reader))
        try:
            while True:
                await self._read()
        except (OSError, ValueError) as error:
            self._end(f"the connection to the broker broke: {error}")
        except MqttError as error:
            self._end(str(error))
        except asyncio.CancelledError:
            if not self._ended:
                raise
        finally:
            self.is_open = False
            keeper.cancel()
            for event in self._acknowledged.values():
                event.set()
            await self.close()
        return self._ended

    async def publish(
        self, topic: str, parts: "Sequence[bytes]", qos: int = 1, retain: bool = False, patience: float = 10
    ) -> None:
        """Send the pieces of a payload as one message; with QoS 1, wait until the broker has it.

        Raises:
            MqttError: not connected, or the broker did not acknowledge within ``patience`` seconds; then the
                connection is ended, since it is of no use.
        """
        name = _text(topic)
        length = len(name) + sum([len(part) for part in parts])
        if not qos:
            await self._send(0x31 if retain else 0x30, (name, *parts), length)
            return
        number = self._next_packet()
        event = self._acknowledged[number] = asyncio.Event()
        try:
            head = name + struct.pack(">H", number)
            await self._send(0x33 if retain else 0x32, (head, *parts), length + 2)
            await self._answer(event, patience)
        finally:
            self._acknowledged.pop(number, None)

    async def subscribe(self, topic: str, patience: float = 10) -> None:
        """Subscribe with QoS 1. Raises :class:`MqttError`: refused, or no answer."""
        number = self._next_packet()
        event = self._acknowledged[number] = asyncio.Event()
        try:
            body = struct.pack(">H", number) + _text(topic) + b"\x01"
            await self._send(0x82, (body,), len(body))
            await self._answer(event, patience)
        finally:
            self._acknowledged.pop(number, None)
        if number in self._refused:
            raise MqttError(f"the broker does not let this user subscribe to {topic}: its operator must allow it")

    async def goodbye(self) -> None:
        """Say that this is the end, so that the will is not published."""
        if self.is_open:
            try:
                await self._send(0xE0, (), 0)
            except MqttError:
                pass  # it has ended already
        self._end("the board has left")

    async def close(self) -> None:
        """Give the socket back."""
        stream, self._stream, self.is_open = self._stream, None, False
        if stream is not None:
            try:
                stream.close()
                await stream.wait_closed()
            except OSError:
                pass  # it is gone

    # Reading

    async def _read(self) -> None:
        """One packet."""
        head = self._buffer[:1]
        await self._fill(head)
        kind = head[0]
        length = await self._length()
        self._heard = clock.ticks_ms()
        if kind >> 4 == 3:
            await self._take_message(kind, length)
        elif kind == 0x40 and length == 2:
            await self._fill(self._buffer[:2])
            self._acknowledge()
        elif kind == 0x90 and length == 3:
            await self._fill(self._buffer[:3])
            if self._buffer[2] > 1:
                self._refused.add(self._buffer[0] << 8 | self._buffer[1])
            self._acknowledge()
        elif kind != 0xD0 or length:
            raise MqttError(f"the broker sent a packet (0x{kind:02x}, {length} bytes) that MQTT 3.1.1 has not")

    async def _take_message(self, kind: int, length: int) -> None:
        qos = kind >> 1 & 3
        if qos > 1 or length < 2:
            raise MqttError(f"the broker sent a message with QoS {qos} in {length} bytes, which nobody asked for")
        await self._fill(self._buffer[:2])
        size = self._buffer[0] << 8 | self._buffer[1]
        rest = length - 2 - size - 2 * qos
        if size > _MOST_TOPIC or rest < 0:
            raise MqttError(f"the broker sent a message with a topic of {size} bytes in {length} bytes")
        await self._fill(self._buffer[: size + 2 * qos])
        topic = bytes(self._buffer[:size])
        number = bytes(self._buffer[size : size + 2])
        payload = await self._payload(rest)
        self._on_message(topic, payload, bool(kind & 1))
        if qos:
            await self._send(0x40, (number,), 2)

    async def _payload(self, length: int) -> "memoryview | None":
        if length > self._longest:
            await self._skip(length)
            return None
        if length <= BUFFER_BYTES:
            view = self._buffer[:length]
        else:
            try:
                view = memoryview(bytearray(length))
            except MemoryError:
                await self._skip(length)
                return None
        await self._fill(view)
        return view

    async def _skip(self, length: int) -> None:
        while length:
            some = min(length, BUFFER_BYTES)
            await self._fill(self._buffer[:some])
            length -= some

    async def _length(self) -> int:
        length = 0
        for shift in (0, 7, 14, 21):
            await self._fill(self._buffer[:1])
            length |= (self._buffer[0] & 0x7F) << shift
            if self._buffer[0] < 0x80:
                return length
        raise MqttError("the broker sent a packet with a length that MQTT 3.1.1 has not")

    async def _fill(self, view: memoryview) -> None:
        at, size = 0, len(view)
        while at < size:
            stream = self._stream
            if stream is None:
                raise MqttError("the connection to the broker has ended")
            got = await stream.readinto(view[at:] if at else view)
            if got == 0:
                raise MqttError("the broker closed the connection")
            at += got or 0  # None: it was a false alarm

    def _acknowledge(self) -> None:
        event = self._acknowledged.get(self._buffer[0] << 8 | self._buffer[1])
        if event is not None:
            event.set()

    # Writing

    async def _send(self, kind: int, parts: "Sequence[bytes]", length: int) -> None:
        head = bytearray((kind,))
        while True:
            length, low = length >> 7, length & 0x7F
            head.append(low | 0x80 if length else low)
            if not length:
                break
        async with self._lock:
            stream = self._stream
            if stream is None:
                raise MqttError("there is no connection to the broker")
            try:
                stream.write(head)
                for part in parts:
                    stream.write(part)
                await stream.drain()
            except OSError as error:
                if not self.is_open:
                    raise  # while it is being opened, open() says it better
                raise MqttError(f"the connection to the broker broke: {error}") from error

    async def _answer(self, event: asyncio.Event, patience: float) -> None:
        try:
            await asyncio.wait_for(event.wait(), patience)
        except asyncio.TimeoutError:  # noqa: UP041 - MicroPython has no other
            self._end(f"the broker did not acknowledge a message within {patience} s")
        if self._ended:
            raise MqttError(self._ended)

    def _next_packet(self) -> int:
        self._packet = self._packet % (_PACKETS - 1) + 1
        return self._packet

    async def _keep(self, reader: "Any") -> None:
        """Show the broker that we are there, and notice when it is not."""
        self._reader = reader
        while True:
            await asyncio.sleep(self._keepalive / 2)
            if clock.ticks_diff(clock.ticks_ms(), self._heard) > self._keepalive * 1500:
                self._end(f"nothing came from the broker for {self._keepalive * 3 // 2} s")
                return
            if not self._lock.locked():  # who holds it is sending something himself
                try:
                    await self._send(0xC0, (), 0)
                except MqttError as error:
                    self._end(str(error))
                    return

    def _end(self, reason: str) -> None:
        if not self._ended:
            self._ended = reason
            if self._reader is not None and self._reader is not asyncio.current_task():
                self._reader.cancel()


def _text(text: "str | bytes") -> bytes:
    raw = text.encode() if isinstance(text, str) else text
    return struct.pack(">H", len(raw)) + raw


def _explain(error: Exception, host: str, port: int) -> str:
    text = str(error)
    if "X509" in text or "CERT" in text:
        return f"the broker {host} is not trusted ({text}): its certificate must be signed by the CA in ca.der"
    return f"no connection to the broker {host}:{port}: {text}"
