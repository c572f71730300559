"""A screen without a browser: speaks the screen protocol and keeps every page as a browser would."""

import asyncio
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import aiohttp

from device_runtime.view.mirror import MirrorNode, MirrorTree
from firmware_tools.demo.processes import DemoError

SAMPLE_RATE = 16_000
_CHUNK_SECONDS = 0.04


class DemoScreen:
    """Use as an asynchronous context manager; then wait for what should appear, ``patience`` times as long as usual."""

    def __init__(self, url: str, *, patience: float = 1) -> None:
        self._url = url.rstrip("/")
        self._patience = patience
        self._session: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self.pages: dict[tuple[str, int], MirrorTree] = {}
        self.stacks: dict[str, list[int]] = {}
        self.front: str | None = None
        self.questions: dict[str, dict[str, Any]] = {}
        """The device's own questions that are open, by their ids."""
        self.privacy: dict[str, Any] = {}
        """The page *Privacy* as it was last shown."""
        self.messages: list[tuple[float, dict[str, Any]]] = []
        """Everything received, each with the monotonic time of its arrival."""

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession()
        try:
            self._socket = await self._session.ws_connect(f"{self._url}/ws", max_msg_size=0)
        except (aiohttp.ClientError, OSError) as error:
            await self._session.close()
            raise DemoError(f"the screen at {self._url} does not answer: {error}") from error
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._socket is not None:
            await self._socket.close()
        if self._reader is not None:
            await self._reader
        if self._session is not None:
            await self._session.close()

    async def _read(self) -> None:
        assert self._socket is not None  # noqa: S101 - set before the task is made
        async for message in self._socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                self._take(message.json())
                self._changed.set()

    def _take(self, message: dict[str, Any]) -> None:
        self.messages.append((time.monotonic(), message))
        kind, app_id = message["type"], message.get("app_id", "")
        if kind == "foreground":
            self.front = app_id
        elif kind == "stack":
            self.stacks[app_id] = [page["id"] for page in message["pages"]]
            for key in [key for key in self.pages if key[0] == app_id]:
                if key[1] not in self.stacks[app_id] or message.get("snapshot"):
                    del self.pages[key]
        elif kind == "exited":
            self.stacks.pop(app_id, None)
            self.pages = {key: page for key, page in self.pages.items() if key[0] != app_id}
        elif kind == "patch":
            self.pages.setdefault((app_id, message["page"]), MirrorTree()).apply(message["operations"])
        elif kind == "ui" and not app_id and message["id"]:
            self.questions[message["id"]] = message
        elif kind == "ui_done":
            self.questions.pop(message["id"], None)
        elif kind == "privacy":
            self.privacy = message

    def page(self, app_id: str) -> MirrorTree | None:
        """The top page of a program, or ``None`` where it shows none."""
        stack = self.stacks.get(app_id)
        return self.pages.get((app_id, stack[-1])) if stack else None

    async def wait_for(self, what: str, condition: Callable[[], Any], seconds: float) -> Any:
        """Wait until ``condition()`` gives something true, and give that.

        Raises:
            DemoError: it did not within ``seconds``; ``what`` says what was waited for.
        """
        seconds *= self._patience
        end = time.monotonic() + seconds
        while True:
            found = condition()
            if found:
                return found
            self._changed.clear()
            if self._reader is not None and self._reader.done():
                raise DemoError(f"the screen was closed by the device while waiting for {what}")
            try:
                await asyncio.wait_for(self._changed.wait(), max(0.0, end - time.monotonic()))
            except TimeoutError as error:
                raise DemoError(f"{what} did not happen within {seconds:g} s") from error

    async def send(self, **message: Any) -> None:
        """Send one message of the screen protocol."""
        if self._socket is None:
            raise DemoError("the screen is not connected")
        await self._socket.send_json(message)

    async def tap(self, app_id: str, node: MirrorNode) -> None:
        """Tap a node of the program's top page."""
        await self._touch(app_id, node, "tap", {})

    async def switch(self, app_id: str, node: MirrorNode, *, on: bool) -> None:
        """Move a switch of the program's top page."""
        await self._touch(app_id, node, "change", {"value": on})

    async def _touch(self, app_id: str, node: MirrorNode, event: str, detail: dict[str, Any]) -> None:
        page = self.stacks[app_id][-1]
        await self.send(type="node", app_id=app_id, page=page, node=node.id, event=event, detail=detail)

    async def play_into_microphone(self, samples: bytes) -> None:
        """Stream 16 kHz mono int16 samples as the browser's microphone does: in small chunks, in real time, or as much
        slower as the screen is patient."""
        if self._socket is None:
            raise DemoError("the screen is not connected")
        size, pause = int(SAMPLE_RATE * _CHUNK_SECONDS) * 2, _CHUNK_SECONDS * self._patience
        start = time.monotonic()
        for number, offset in enumerate(range(0, len(samples), size)):
            await self._socket.send_bytes(samples[offset : offset + size])
            await asyncio.sleep(max(0.0, start + (number + 1) * pause - time.monotonic()))

    async def fetch(self, path: str) -> bytes:
        """Get a resource of the screen server, such as a spoken answer.

        Raises:
            DemoError: it is not there.
        """
        if self._session is None:
            raise DemoError("the screen is not connected")
        async with self._session.get(f"{self._url}{path}") as response:
            if response.status != 200:
                raise DemoError(f"{self._url}{path} answers HTTP {response.status}")
            return await response.read()
