"""One whole system for the tests of this folder: broker, fleet and speaker, each its own process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from firmware_tools.demo.person import Person
from firmware_tools.demo.screen import DemoScreen
from firmware_tools.demo.stages import LIGHT, LIGHTS, Stage, Walk
from firmware_tools.demo.system import DemoSystem


class RunningDemo:
    """A demo that is set up, and the walk through its stages."""

    def __init__(self, directory: Path) -> None:
        self.stages: list[Stage] = []
        self.system = DemoSystem(directory)
        self.walk = Walk(self.system, lambda _title: None, self.stages.append)

    @asynccontextmanager
    async def screen(self) -> AsyncIterator[DemoScreen]:
        """A screen at which the owner has said yes to what the lights send, and to all that was asked."""
        async with DemoScreen(self.system.screen_url) as screen:
            person = Person(screen)
            await person.decide(LIGHTS, LIGHT, allowed=True)
            await person.allow_what_is_asked()
            yield screen


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[RunningDemo]:
    running = RunningDemo(tmp_path)
    try:
        await running.walk.setup()
        yield running
    finally:
        await asyncio.to_thread(running.system.stop)
