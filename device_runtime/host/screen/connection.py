"""One connected screen: a bounded queue in front of a WebSocket, so that a slow screen never slows the device."""

import asyncio
import json
import math
from collections.abc import Mapping

from aiohttp import WSCloseCode, web

from device_runtime.host.screen.http import is_loopback

MAX_QUEUED_MESSAGES = 512
MAX_QUEUED_BYTES = 32 * 1024 * 1024


class Connection:
    """One connected screen: its socket, and what waits to be sent to it."""

    def __init__(self, target: str, socket: web.WebSocketResponse, request: web.Request, behind: set[str]) -> None:
        self.target = target
        self.behind = behind
        """Programs whose pages this screen does not hold yet: their snapshot is on its way."""
        self.is_here = is_loopback(request.remote)
        """Whether this screen is on the device itself, and not elsewhere in the network."""
        self._socket = socket
        self._request = request
        self._queue: asyncio.Queue[str] = asyncio.Queue(MAX_QUEUED_MESSAGES)
        self._queued_bytes = 0
        self.tasks: set[asyncio.Task[None]] = set()

    def send(self, text: str) -> bool:
        """Queue a message; False where the screen is too far behind, and then it is cut off."""
        if self._queue.full() or self._queued_bytes + len(text) > MAX_QUEUED_BYTES:
            self.cut()
            return False
        self._queue.put_nowait(text)
        self._queued_bytes += len(text)
        return True

    def cut(self) -> None:
        """End the connection without waiting for the other side."""
        if self._request.transport is not None:
            self._request.transport.abort()

    async def write(self) -> None:
        """Send what is queued, until the connection ends."""
        while True:
            text = await self._queue.get()
            self._queued_bytes -= len(text)
            await self._socket.send_str(text)

    async def close(self) -> None:
        await self._socket.close(code=WSCloseCode.GOING_AWAY, message=b"the device stops")


def _without_nan(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bytes):
        return None
    if isinstance(value, Mapping):
        return {str(name): _without_nan(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return value


def encode(message: Mapping[str, object]) -> str:
    """A message as JSON; what JSON cannot say (NaN, infinities, bytes) becomes null."""
    try:
        return json.dumps(message, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError):
        return json.dumps(_without_nan(message), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
