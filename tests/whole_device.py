"""A whole virtual speaker for tests: programs built, signed and installed, and one screen, which is its microphone."""

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.host.board import find_board
from device_runtime.host.device import Device
from device_runtime.host.privacy_settings import PrivacySettings
from device_runtime.keys import key_ring
from device_runtime.view.mirror import MirrorNode, MirrorTree
from firmware_tools.build.program import build_program, write_package

_KEY = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
_PIECE = 2 * 16_000 // 10
_SECONDS = 60


class Screen:
    """A screen as the device sees one: it remembers what is shown, and sends what it hears."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, url: str) -> None:
        self._socket = socket
        self.url = url
        """Where a browser finds the screen."""
        self.seen: list[dict[str, Any]] = []
        self.trees: dict[tuple[str, int], MirrorTree] = {}
        self.front: str | None = None
        self.pages: dict[str, list[int]] = {}
        self.listening: list[str] = []
        self.lights: dict[str, float] = {}

    async def launch(self, app_id: str, path: str = "") -> None:
        """Tap a program's tile."""
        await self._socket.send_json({"type": "launch", "app_id": app_id, "path": path})

    async def home(self) -> None:
        """Show the launcher."""
        await self._socket.send_json({"type": "home"})

    async def say(self, message: Mapping[str, Any]) -> None:
        """Send any message of a screen."""
        await self._socket.send_json(message)

    async def ask(self, text: str) -> None:
        """Type a request."""
        await self._socket.send_json({"type": "utterance", "text": text})

    async def microphone(self, state: str) -> None:
        """Say that the browser's microphone is ``on``, ``off`` or was ``refused``."""
        await self._socket.send_json({"type": "microphone", "state": state})

    async def hear(self, pcm: bytes) -> None:
        """Send sound of the browser's microphone: 16 kHz mono int16."""
        for start in range(0, len(pcm), _PIECE):
            await self._socket.send_bytes(pcm[start : start + _PIECE])

    async def tap(self, app_id: str, node: MirrorNode) -> None:
        """Touch something on the page in front."""
        page = self.pages[app_id][-1]
        at = {"x": 1, "y": 1, "identifier": 0, "pageX": 1, "pageY": 1, "clientX": 1, "clientY": 1}
        await self._socket.send_json(
            {
                "type": "node",
                "app_id": app_id,
                "page": page,
                "node": node.id,
                "event": "tap",
                "detail": {"x": 1, "y": 1},
                "touches": [],
                "changed_touches": [at],
                "time_stamp": 1,
            }
        )

    def page(self, app_id: str) -> MirrorNode:
        """The root of a program's page on top."""
        return self.trees.setdefault((app_id, self.pages[app_id][-1]), MirrorTree()).root

    async def until(self, condition: Callable[[], Any]) -> Any:
        """Take in what the device sends until ``condition`` holds; gives what it gave."""
        try:
            async with asyncio.timeout(_SECONDS):
                while not (value := condition()):
                    message = await self._socket.receive()
                    if message.type is not aiohttp.WSMsgType.TEXT:
                        raise AssertionError(f"the device closed the screen: {message}; it sent {self.seen[-5:]}")
                    self._take(json.loads(message.data))
        except TimeoutError as error:
            raise AssertionError(f"it did not come to be so; the device sent {self.seen[-12:]}") from error
        return value

    def _take(self, message: dict[str, Any]) -> None:
        self.seen.append(message)
        match message:
            case {"type": "foreground", "app_id": app_id}:
                self.front = app_id
            case {"type": "stack", "app_id": app_id, "pages": pages}:
                self.pages[app_id] = [page["id"] for page in pages]
            case {"type": "patch", "app_id": app_id, "page": page, "operations": operations}:
                self.trees.setdefault((app_id, page), MirrorTree()).apply(operations)
            case {"type": "listening", "programs": programs}:
                self.listening = programs
            case {"type": "lights", "lights": lights}:
                self.lights = {light["name"]: light["level"] for light in lights}

    def said(self) -> list[str]:
        """What the device said aloud."""
        return [message["text"] for message in self.seen if message["type"] == "speech"]

    def errors(self) -> list[str]:
        """What went wrong, as it was shown."""
        return [message["text"] for message in self.seen if message["type"] == "error"]


@asynccontextmanager
async def virtual_speaker(
    state: Path, *programs: Path, board: str = "virtual-speaker", asks: bool = False, understands: bool = False
) -> AsyncIterator[Screen]:
    """A device with these programs and one screen, which is asked what they may send if it ``asks``. Without
    ``understands`` it has no wake word and no recogniser, which take seconds to load."""
    made = find_board(board)
    made = dataclasses.replace(
        made,
        screen=dataclasses.replace(made.screen, port=0),
        audio=dataclasses.replace(made.audio, microphone="screen", speaker="screen"),
        voice=dataclasses.replace(made.voice, enabled=understands),
        privacy=PrivacySettings(organisation="" if asks else "tests"),
    )
    device = Device(made, state / "device", None, key_ring([_KEY.public_key()]))
    for number, folder in enumerate(programs):
        package = state / f"{number}.ma"
        write_package(build_program(folder, _KEY).data, package)
        device.store.install(package)
    url = await device.start()
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{url}ws", origin=url.rstrip("/"), max_msg_size=0) as socket,
        ):
            yield Screen(socket, url)
    finally:
        await device.stop()
