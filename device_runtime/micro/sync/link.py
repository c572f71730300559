"""The board's connection to its broker: made, kept, made again; and blocks of content asked for over it."""

import asyncio
import json
import os

from .. import clock
from .messages import SyncError, encode, unload
from .mqtt import BUFFER_BYTES, Connection, MqttError

try:
    from collections.abc import Callable
    from ssl import SSLContext
    from typing import Any

    from ..watchdog import Watchdog
    from ..wifi import Wifi
except ImportError:
    pass

_LONGEST_PAUSE = 60
_GOOD_MS = 60_000
"""A connection that stood so long lets the pauses begin anew."""
_HEADER = 2048


class Link:
    """Runs for ever. ``connected`` says whether messages can be sent now; ``session`` numbers the connection."""

    def __init__(
        self,
        identity: "dict[str, Any]",
        root: str,
        wifi: "Wifi | None",
        watchdog: "Watchdog | None",
        next_session: "Callable[[], int]",
        log: "Callable[[str, str, str], None]",
        longest: int,
    ) -> None:
        """``hear(channel, payload)`` gets ``desired`` and ``response``; a payload that was too long is None."""
        self.hear: Callable[[str, memoryview | None], None] = lambda _channel, _payload: None
        self.identity, self.root, self._wifi, self._watchdog = identity, root, wifi, watchdog
        self._next_session, self._log, self._longest = next_session, log, longest
        self._connection: Connection | None = None
        self._desired, self._response = self.topic("desired").encode(), self.topic("response").encode()
        self._trouble = ""
        self._buffer = memoryview(bytearray(BUFFER_BYTES))  # once: memory in pieces has no room for it later
        self.tls: SSLContext | None = None
        """The ``SSLContext``, once made."""
        self.proving = 300
        """Seconds in which a new certificate has to connect before the one of before has its turn."""
        self.shows = 0
        """Whether a certificate is shown (1); while one is on trial, if it is that one (2) or the one of before (3)."""
        self.tried = 0
        """Ticks at which one on trial was shown first."""
        self._told_time = not identity.get("ntp")
        self.waiting = ""
        """The id of the block that is asked for now; see :mod:`.fetching`."""
        self.answer: tuple[dict[str, Any], bytes] | None = None
        self.answered = asyncio.Event()
        self.on_connected: Callable[[], None] | None = None
        self.session = 0

    @property
    def connected(self) -> bool:
        """Whether there is a connection."""
        return self._connection is not None

    def topic(self, channel: str) -> str:
        """The topic of one of this board's channels."""
        return topic_of(self.identity, channel)

    async def run(self) -> None:
        """Connect, and again when the connection ended, with pauses of up to a minute that grow."""
        attempt = 0
        while True:
            began = clock.ticks_ms()
            try:
                if self._wifi is not None:
                    await self._wifi.connect()
                if not self._told_time:
                    from .opening import ask_time

                    self._told_time = ask_time(self.identity["ntp"], self._watchdog, self._log)
                reason = await self._talk()
            except (MqttError, OSError, MemoryError) as error:
                reason = str(error)
                if self.shows > 1:
                    self.tls = None  # another certificate may have its turn
            if clock.ticks_diff(clock.ticks_ms(), began) > _GOOD_MS:
                attempt = 0
            if reason != self._trouble:
                self._trouble = reason
                self._log("warning", "sync", reason)
            longest = min(_LONGEST_PAUSE, 2**attempt)
            attempt = min(attempt + 1, 6)
            # Not all boards of a fleet at once when their broker is back.
            await asyncio.sleep(longest * (0.5 + os.urandom(1)[0] / 512))

    async def publish(self, channel: str, parts: "list[bytes]", qos: int = 1, retain: bool = False) -> None:
        """Send a message. Raises :class:`MqttError`: not connected, or the broker does not acknowledge it."""
        if self._connection is None:
            raise MqttError("there is no connection to the broker")
        await self._connection.publish(self.topic(channel), parts, qos, retain)

    async def goodbye(self) -> None:
        """Leave: say so, and end."""
        if self._connection is not None:
            try:
                await self.publish("state", [encode({"status": "offline", "session": self.session})], retain=True)
                await self._connection.goodbye()
            except (MqttError, AttributeError):
                pass  # the will says the same, a little later

    def hear_block(self, header: "dict[str, Any]", data: memoryview) -> None:
        """A response with a block came; late and repeated ones are ignored."""
        if self.waiting and header.get("id") == self.waiting:
            self.waiting = ""
            self.answer = (header, bytes(data))
            self.answered.set()

    # One connection

    async def _talk(self) -> str:
        from .opening import open_session

        self.session = self._next_session()
        connection = Connection(self._receive, self._longest, self._buffer)
        try:
            reader = await open_session(connection, self, self.identity, self.root, self._watchdog)
            del open_session
            unload()
            self._connection = connection
            self._trouble = ""
            self._log("info", "sync", f"connected to {self.identity['broker']['host']}")
            if self.on_connected is not None:
                self.on_connected()
            return await reader
        finally:
            self._connection = None
            self.answered.set()
            await connection.close()

    def _receive(self, topic: bytes, payload: "memoryview | None", _retained: bool) -> None:
        if topic == self._desired:
            self.hear("desired", payload)
        elif topic == self._response:
            self.hear("response", payload)


def topic_of(identity: "dict[str, Any]", channel: str) -> str:
    """The topic of one channel of a board."""
    return f"cygnet/1/{identity['fleet']}/{identity['device']}/{channel}"


def split_response(payload: memoryview) -> "tuple[dict[str, Any], memoryview]":
    """The header and the bytes of a response. Raises :class:`SyncError`."""
    head = bytes(payload[:_HEADER])
    end = head.find(b"\n")
    try:
        header = json.loads(head[:end]) if end >= 0 else None
    except (ValueError, MemoryError):
        header = None
    if not isinstance(header, dict):
        raise SyncError("a response has no line of JSON at its beginning")
    return header, payload[end + 1 :]
