from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from firmware_tools.fleet.home import FleetHome, init_home
from firmware_tools.fleet.server import RunningFleet, run_fleet
from tests.brokers import Mosquitto, running_mosquitto
from tests.fleet.devices import eventually


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    with running_mosquitto(tmp_path) as broker:
        yield broker


@pytest.fixture
def home(tmp_path: Path, mosquitto: Mosquitto) -> FleetHome:
    return init_home(tmp_path / "fleet", "north", broker=mosquitto.url, listen="127.0.0.1:0")


@pytest.fixture
async def fleet(home: FleetHome) -> AsyncIterator[RunningFleet]:
    async with run_fleet(home) as running:
        await eventually(lambda: running.service.connected_at is not None, "the fleet connects")
        yield running
