"""One whole system for the tests of this folder: broker, fleet and speaker, each its own process."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from firmware_tools.demo.stages import Stage, Walk
from firmware_tools.demo.system import DemoSystem


class RunningDemo:
    """A demo that is set up, and the walk through its stages."""

    def __init__(self, directory: Path) -> None:
        self.stages: list[Stage] = []
        self.system = DemoSystem(directory)
        self.walk = Walk(self.system, lambda _title: None, self.stages.append)


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[RunningDemo]:
    running = RunningDemo(tmp_path)
    try:
        await running.walk.setup()
        yield running
    finally:
        await asyncio.to_thread(running.system.stop)
