from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from firmware_tools.fleet.home import FleetHome, init_home
from firmware_tools.fleet.server import RunningFleet, run_fleet
from tests.brokers import Mosquitto, running_mosquitto
from tests.fleet.devices import eventually
from tests.postgres import Postgres, running_postgres


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


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One server for all tests that a process runs; tests take a database of their own."""
    with running_postgres() as server:
        yield server


ENGINES = [pytest.param("sqlite"), pytest.param("postgresql", marks=pytest.mark.xdist_group("postgres"))]


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'events.db'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.url()
