from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from firmware_tools.fleet.access import passwords
from firmware_tools.fleet.home import FleetHome, init_home
from tests.brokers import free_port
from tests.fleet.access.office import Office, open_office


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a hash costs is for attackers; test_passwords.py looks at the real one."""
    monkeypatch.setattr(passwords, "COST", passwords.Cost(2**8, 8, 1))


@pytest.fixture
def home(tmp_path: Path) -> FleetHome:
    broker = f"mqtt://127.0.0.1:{free_port()}"  # nobody is there, and nobody is needed
    return init_home(tmp_path / "fleet", "north", broker=broker, listen="127.0.0.1:0")


@pytest.fixture
async def office(home: FleetHome) -> AsyncIterator[Office]:
    async with open_office(home) as opened:
        yield opened
