from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from firmware_tools.fleet.home import FleetHome, init_home
from firmware_tools.fleet.server import RunningFleet, run_fleet
from tests.brokers import Mosquitto, running_mosquitto
from tests.fleet.devices import eventually
from tests.micro.sync.board import Board


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    with running_mosquitto(tmp_path, tls=True) as broker:
        yield broker


@pytest.fixture
def home(tmp_path: Path, mosquitto: Mosquitto) -> FleetHome:
    home = init_home(tmp_path / "fleet", "north", broker=mosquitto.url, listen="127.0.0.1:0")
    text = home.settings_file.read_text()
    ca = f'ca = "{mosquitto.authority.ca_file}"'
    home.settings_file.write_text(text.replace("[broker]\n", f"[broker]\n{ca}\n"))
    assert ca in home.settings_file.read_text()
    return home


@pytest.fixture
async def fleet(home: FleetHome) -> AsyncIterator[RunningFleet]:
    async with run_fleet(home) as running:
        await eventually(lambda: running.service.connected_at is not None, "the fleet connects")
        yield running


@pytest.fixture
def board(micropython: str, tmp_path: Path) -> Board:
    return Board(micropython, tmp_path / "board")
