"""The lamp timer, a program in Python for microcontrollers too, on the virtual speaker: installed, started and switched
by a typed request, and the screen shows the light."""

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.host.board import find_board
from device_runtime.host.device import Device
from device_runtime.keys import key_ring
from device_runtime.resources import resource_directory
from firmware_tools.build.program import build_program, write_package

_APP = "cygnet.examples.lamp-timer"
_KEY = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)


@asynccontextmanager
async def _speaker(state: Path) -> AsyncIterator[str]:
    """The address of a virtual speaker's screen; it does not listen, since that needs models."""
    board = find_board("virtual-speaker")
    board = dataclasses.replace(
        board,
        screen=dataclasses.replace(board.screen, port=0),
        voice=dataclasses.replace(board.voice, enabled=False),
    )
    device = Device(board, state, None, key_ring([_KEY.public_key()]))
    built = build_program(resource_directory("examples") / "lamp_timer", _KEY)
    package = state / "lamp.ma"
    write_package(built.data, package)
    device.store.install(package)
    url = await device.start()
    try:
        yield url
    finally:
        await device.stop()


async def _until(socket: aiohttp.ClientWebSocketResponse, kind: str) -> dict[str, Any]:
    """The next message of this kind."""
    seen = []
    async with asyncio.timeout(30):
        async for message in socket:
            document: dict[str, Any] = json.loads(message.data)
            if document["type"] == kind:
                return document
            seen.append(document)
    raise AssertionError(f"no {kind}: {seen}")


async def test_the_lamp_is_switched_and_seen(tmp_path: Path) -> None:
    async with (
        _speaker(tmp_path) as url,
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{url}ws", origin=url.rstrip("/")) as socket,
    ):
        for request, level in (("turn the lamp on", 1), ("lamp off", 0)):
            await socket.send_json({"type": "utterance", "text": request})
            lights = await _until(socket, "lights")
            assert lights["lights"] == [{"name": "lamp", "level": level, "color": "#ffffff"}]
