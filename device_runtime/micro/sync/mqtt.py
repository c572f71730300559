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

BUFFER_BYTES = 2560
"""A message of this size needs no memory of its own: a block of content with its topic and header."""
_MOST_TOPIC = 192
_PACKETS = 65_536


class MqttError(Exception):
    """The connection cannot be made, or has ended; the sentence says why."""


class Connection:
    """A connection, from :func:`.opening.open_session` to the end of :meth:`run`.

    ``on_message(topic, payload, retained)`` gets a payload that is good until it returns, as a memoryview, or None
    when the message was longer than ``longest`` bytes (or than there was memory for).
    """

    def __init__(
        self, on_message: "Callable[[bytes, memoryview | None, bool], None]", longest: int, buffer: memoryview
    ) -> None:
        """``buffer`` has :data:`BUFFER_BYTES` bytes."""
        self._on_message, self._longest, self.buffer = on_message, longest, buffer
        self.stream: Any = None
        self._lock = asyncio.Lock()
        self.acknowledged: dict[int, asyncio.Event] = {}
        self.refused: set[int] = set()
        self._packet = 0
        self.heard = 0
        self.keepalive = 60
        self._ended = ""
        self._reader: asyncio.Task[Any] | None = None
        self.is_open = False

    async def run(self) -> str:
        """Read until the connection ends, and give the reason as a sentence."""
        reader = asyncio.current_task()
        keeper = asyncio.create_task(self._keep(reader))
        try:
            while True:
                await self._read()
        except (OSError, ValueError, MemoryError) as error:
            self._end(f"the connection to the broker broke: {error}")
        except MqttError as error:
            self._end(str(error))
        except asyncio.CancelledError:
            if not self._ended:
                raise
        finally:
            self.is_open = False
            keeper.cancel()
            for event in self.acknowledged.values():
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
        name, rest = text(topic), tuple(parts)
        length = len(name) + sum([len(part) for part in parts])
        if not qos:
            await self.send(0x31 if retain else 0x30, (name,) + rest, length)
            return
        number = self.next_packet()
        event = self.acknowledged[number] = asyncio.Event()
        try:
            head = name + struct.pack(">H", number)
            await self.send(0x33 if retain else 0x32, (head,) + rest, length + 2)
            await self.answer(event, patience)
        finally:
            self.acknowledged.pop(number, None)

    async def goodbye(self) -> None:
        """Say that this is the end, so that the will is not published."""
        if self.is_open:
            try:
                await self.send(0xE0, (), 0)
            except MqttError:
                pass  # it has ended already
        self._end("the board has left")

    async def close(self) -> None:
        """Give the socket back."""
        stream, self.stream, self.is_open = self.stream, None, False
        if stream is not None:
            try:
                stream.close()
                await stream.wait_closed()
            except OSError:
                pass  # it is gone

    # Reading

    async def _read(self) -> None:
        """One packet."""
        head = self.buffer[:1]
        await self.fill(head)
        kind = head[0]
        length = await self._length()
        self.heard = clock.ticks_ms()
        if kind >> 4 == 3:
            await self._take_message(kind, length)
        elif kind == 0x40 and length == 2:
            await self.fill(self.buffer[:2])
            self._acknowledge()
        elif kind == 0x90 and length == 3:
            await self.fill(self.buffer[:3])
            self._acknowledge(self.buffer[2] > 1)
        elif kind != 0xD0 or length:
            raise MqttError(f"the broker sent a packet (0x{kind:02x}, {length} bytes) that MQTT 3.1.1 has not")

    async def _take_message(self, kind: int, length: int) -> None:
        qos = kind >> 1 & 3
        if qos > 1 or length < 2:
            raise MqttError(f"the broker sent a message with QoS {qos} in {length} bytes, which nobody asked for")
        await self.fill(self.buffer[:2])
        size = self.buffer[0] << 8 | self.buffer[1]
        rest = length - 2 - size - 2 * qos
        if size > _MOST_TOPIC or rest < 0:
            raise MqttError(f"the broker sent a message with a topic of {size} bytes in {length} bytes")
        await self.fill(self.buffer[: size + 2 * qos])
        topic = bytes(self.buffer[:size])
        number = bytes(self.buffer[size : size + 2])
        payload = await self._payload(rest)
        self._on_message(topic, payload, bool(kind & 1))
        if qos:
            await self.send(0x40, (number,), 2)

    async def _payload(self, length: int) -> "memoryview | None":
        if length > self._longest:
            await self._skip(length)
            return None
        if length <= BUFFER_BYTES:
            view = self.buffer[:length]
        else:
            try:
                view = memoryview(bytearray(length))
            except MemoryError:
                await self._skip(length)
                return None
        await self.fill(view)
        return view

    async def _skip(self, length: int) -> None:
        while length:
            some = min(length, BUFFER_BYTES)
            await self.fill(self.buffer[:some])
            length -= some

    async def _length(self) -> int:
        length = 0
        for shift in (0, 7, 14, 21):
            await self.fill(self.buffer[:1])
            length |= (self.buffer[0] & 0x7F) << shift
            if self.buffer[0] < 0x80:
                return length
        raise MqttError("the broker sent a packet with a length that MQTT 3.1.1 has not")

    async def fill(self, view: memoryview) -> None:
        at, size = 0, len(view)
        while at < size:
            stream = self.stream
            if stream is None:
                raise MqttError("the connection to the broker has ended")
            got = await stream.readinto(view[at:] if at else view)
            if got == 0:
                raise MqttError("the broker closed the connection")
            at += got or 0  # None: it was a false alarm

    def _acknowledge(self, refused: bool = False) -> None:
        number = self.buffer[0] << 8 | self.buffer[1]
        event = self.acknowledged.get(number)
        if event is not None:
            if refused:
                self.refused.add(number)
            event.set()

    # Writing

    async def send(self, kind: int, parts: "Sequence[bytes]", length: int) -> None:
        head = bytearray((kind,))
        while True:
            length, low = length >> 7, length & 0x7F
            head.append(low | 0x80 if length else low)
            if not length:
                break
        async with self._lock:
            stream = self.stream
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
                raise MqttError(f"the connection to the broker broke: {error}")

    async def answer(self, event: asyncio.Event, patience: float) -> None:
        try:
            await asyncio.wait_for(event.wait(), patience)
        except asyncio.TimeoutError:
            self._end(f"the broker did not acknowledge a message within {patience} s")
        if self._ended:
            raise MqttError(self._ended)

    def next_packet(self) -> int:
        self._packet = self._packet % (_PACKETS - 1) + 1
        return self._packet

    async def _keep(self, reader: "asyncio.Task[Any] | None") -> None:
        """Show the broker that we are there, and notice when it is not."""
        self._reader = reader
        while True:
            await asyncio.sleep(self.keepalive / 2)
            if clock.ticks_diff(clock.ticks_ms(), self.heard) > self.keepalive * 1500:
                self._end(f"nothing came from the broker for {self.keepalive * 3 // 2} s")
                return
            if not self._lock.locked():  # who holds it is sending something himself
                try:
                    await self.send(0xC0, (), 0)
                except MqttError as error:
                    self._end(str(error))
                    return

    def _end(self, reason: str) -> None:
        if not self._ended:
            self._ended = reason
            if self._reader is not None and self._reader is not asyncio.current_task():
                self._reader.cancel()


def text(text: "str | bytes") -> bytes:
    raw = text.encode() if isinstance(text, str) else text
    return struct.pack(">H", len(raw)) + raw
