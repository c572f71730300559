from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from firmware_tools.fleet.home import init_home
from tests.brokers import running_mosquitto
from tests.viewing.world import World, made_world


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[str]:
    with running_mosquitto(tmp_path) as running:
        yield running.url


@pytest.fixture
async def world(tmp_path: Path, broker: str) -> AsyncIterator[World]:
    home = init_home(tmp_path / "fleet", "north", broker=broker, listen="127.0.0.1:0")
    async with made_world(home, tmp_path, broker) as made:
        yield made
