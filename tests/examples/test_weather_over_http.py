"""The weather program in a real worker, over real HTTP, from the real service."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.capability.origin import NetworkPolicy
from device_runtime.capability.registry import CapabilityGate
from device_runtime.capability.request import HttpClient, request_capabilities
from device_runtime.capability.storage import ProgramStorage, storage_capabilities
from device_runtime.program.sessions import Sessions
from device_runtime.program.surroundings import Surroundings
from device_runtime.resources import resource_directory
from device_runtime.view.mirror import MirrorTree
from device_runtime.view.patches import Operation
from firmware_tools.build.program import build_program
from firmware_tools.demo.weather_service import CITIES, WeatherService, forecast
from firmware_tools.testing.selectors import select, visible_text
from tests.open_privacy import OpenPrivacy

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Screen:
    """Shows one page; a session listener."""

    def __init__(self) -> None:
        self.tree = MirrorTree()
        self.changed = asyncio.Event()
        self.errors: list[str] = []

    def on_stack(self, app_id: str, pages: list[dict[str, Any]], transition: str, target: str) -> None:
        pass

    def on_patch(self, app_id: str, page: int, operations: list[Operation], target: str) -> None:  # noqa: ARG002
        self.tree.apply(operations)
        self.changed.set()

    def on_log(self, app_id: str, level: str, text: str, source: str) -> None:  # noqa: ARG002
        if level == "error":
            self.errors.append(text)

    def on_exit(self, app_id: str, reason: str) -> None:  # noqa: ARG002
        if reason:
            self.errors.append(reason)

    async def shows(self, selector: str) -> str:
        async with asyncio.timeout(30):
            while not (found := select(self.tree.root, selector)):
                self.changed.clear()
                await self.changed.wait()
            return visible_text(found[0])


async def test_the_program_shows_and_says_what_the_service_serves(tmp_path: Path) -> None:
    service = WeatherService(lambda: NOW)
    client = HttpClient(NetworkPolicy(hosts={"https://weather.example": await service.start()}), OpenPrivacy())
    storage = ProgramStorage(tmp_path / "storage.sqlite")
    screen = Screen()
    gate = CapabilityGate([*request_capabilities(client), *storage_capabilities(storage)])
    sessions = Sessions(Surroundings(gate, screen, system=dict, storage=storage.load))
    package = build_program(resource_directory("examples") / "weather", Ed25519PrivateKey.generate()).package
    served: Any = forecast(CITIES["oslo"], NOW)
    try:
        session = await sessions.launch(package)
        assert await screen.shows(".temperature") == f"{round(served['now']['temperature'])}°"
        answer = await session.intent("now", {"city": "tokyo"}, "what is the weather in tokyo")
        assert answer is not None
        assert answer.startswith("In Tokyo it is ")
        await service.stop()
        offline = await session.intent("now", {"city": "london"}, "what is the weather in london")
        assert offline == "I cannot reach the weather service."
        assert screen.errors == []
    finally:
        await sessions.close()
        await client.close()
        storage.close()
        await service.stop()
