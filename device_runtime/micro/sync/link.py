"""The board's connection to its broker: made, kept, made again; and blocks of content asked for over it."""

import asyncio
import binascii
import json
import os

from .. import clock
from .messages import SyncError, encode
from .mqtt import Connection, MqttError

try:
    from collections.abc import Callable
    from typing import Any

    from ..watchdog import Watchdog
    from ..wifi import Wifi
except ImportError:
    pass

_OPEN_SECONDS = 30
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
        wifi: "Wifi",
        watchdog: "Watchdog",
        next_session: "Callable[[], int]",
        hear: "Callable[[str, memoryview | None], None]",
        log: "Callable[[str, str, str], None]",
        longest: int,
    ) -> None:
        """``hear(channel, payload)`` gets ``desired`` and ``response``; a payload that was too long is None."""
        self._identity, self._root, self._wifi, self._watchdog = identity, root, wifi, watchdog
        self._next_session, self._hear, self._log, self._longest = next_session, hear, log, longest
        self._connection: Connection | None = None
        self._desired, self._response = self.topic("desired").encode(), self.topic("response").encode()
        self._tls: Any = None
        self._trouble = ""
        self._told_time = not identity.get("ntp")
        self._waiting = ""
        self._answer: tuple[dict[str, Any], bytes] | None = None
        self._answered = asyncio.Event()
        self.on_connected: Callable[[], None] | None = None
        self.session = 0

    @property
    def connected(self) -> bool:
        """Whether there is a connection."""
        return self._connection is not None

    def topic(self, channel: str) -> str:
        """The topic of one of this board's channels."""
        return f"cygnet/1/{self._identity['fleet']}/{self._identity['device']}/{channel}"

    async def run(self) -> None:
        """Connect, and again when the connection ended, with pauses of up to a minute that grow."""
        attempt = 0
        while True:
            began = clock.ticks_ms()
            try:
                await self._wifi.connect()
                self._ask_time()
                reason = await self._talk()
            except (MqttError, OSError) as error:
                reason = str(error)
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

    async def content(
        self, sha256: str, size: int, offset: int, length: int, wanted: "Callable[[], bool]", patience: int = 10
    ) -> bytes:
        """A block of content; without a connection this waits for one, as long as ``wanted()``.

        Raises:
            SyncError: the fleet does not have it or does not answer, or it is not wanted any more.
        """
        unanswered = 0
        while unanswered < 6:
            if not wanted():
                raise SyncError("something else is desired now")
            if self._connection is None:
                await asyncio.sleep(0.1)
                continue
            self._waiting = binascii.hexlify(os.urandom(8)).decode()
            self._answer = None
            self._answered.clear()
            request = {"type": "content", "id": self._waiting, "sha256": sha256, "offset": offset, "length": length}
            try:
                await self.publish("request", [encode(request)], qos=0)
                await asyncio.wait_for(self._answered.wait(), patience)
            except MqttError:
                await asyncio.sleep(0.1)
                continue
            except asyncio.TimeoutError:  # noqa: UP041 - MicroPython has no other
                unanswered += 1
                continue
            finally:
                self._waiting = ""
            if self._answer is None:
                continue  # the connection ended
            header, data = self._answer
            self._answer = None
            if header.get("error"):
                raise SyncError(f"the fleet does not give the content {sha256[:12]}: {str(header['error'])[:200]}")
            came = (header.get("sha256"), header.get("offset"), header.get("size"), len(data))
            if came != (sha256, offset, size, length):
                raise SyncError(f"the fleet gave {len(data)} bytes of the content {sha256[:12]}, asked for {length}")
            return data
        raise SyncError(f"the fleet did not answer {unanswered} requests for the content {sha256[:12]}")

    def hear_block(self, header: "dict[str, Any]", data: memoryview) -> None:
        """A response with a block came; late and repeated ones are ignored."""
        if self._waiting and header.get("id") == self._waiting:
            self._waiting = ""
            self._answer = (header, bytes(data))
            self._answered.set()

    # One connection

    async def _talk(self) -> str:
        identity, broker = self._identity, self._identity["broker"]
        self.session = self._next_session()
        connection = Connection(self._receive, self._longest)
        will = encode({"status": "lost", "session": self.session})
        self._watchdog.allow(_OPEN_SECONDS)
        opening = connection.open(
            broker["host"],
            broker["port"],
            self._context() if broker.get("tls") else None,
            "device-" + identity["device"],
            broker.get("username", ""),
            broker.get("password", ""),
            60,
            (self.topic("state"), will),
        )
        reader = None
        try:
            await asyncio.wait_for(opening, _OPEN_SECONDS)
            reader = asyncio.create_task(connection.run())
            await connection.subscribe(self.topic("desired"))
            await connection.subscribe(self.topic("response"))
            self._connection = connection
            self._trouble = ""
            self._log("info", "sync", f"connected to {broker['host']}:{broker['port']}")
            if self.on_connected is not None:
                self.on_connected()
            return await reader
        except asyncio.TimeoutError as error:  # noqa: UP041 - MicroPython has no other
            raise MqttError(f"the broker {broker['host']} did not answer within {_OPEN_SECONDS} s") from error
        finally:
            self._connection = None
            self._answered.set()
            if reader is not None:
                reader.cancel()
            await connection.close()

    def _receive(self, topic: bytes, payload: "memoryview | None", _retained: bool) -> None:
        if topic == self._desired:
            self._hear("desired", payload)
        elif topic == self._response:
            self._hear("response", payload)

    def _context(self) -> "Any":
        if self._tls is None:
            import ssl

            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.verify_mode = ssl.CERT_REQUIRED
            try:
                with open(self._root + "cygnet/ca.der", "rb") as file:
                    context.load_verify_locations(cadata=file.read())
            except (OSError, ValueError) as error:
                raise MqttError(f"cygnet/ca.der is no certificate: put the CA of the broker there ({error})") from error
            self._tls = context
        return self._tls

    def _ask_time(self) -> None:
        """By NTP, once a start, where the identity names a server."""
        if self._told_time:
            return
        try:
            import ntptime

            self._watchdog.allow(10)
            ntptime.host = self._identity["ntp"]
            ntptime.settime()
            self._told_time = True
        except (ImportError, OSError) as error:
            self._log("warning", "sync", f"no time from {self._identity['ntp']}: {error}")


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
