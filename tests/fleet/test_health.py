"""Whether the service is well, as a load balancer and `cygnet fleet health` see it."""

import asyncio
import sqlite3

import aiohttp
import pytest
from click.testing import CliRunner, Result

from firmware_tools.cli import cygnet
from firmware_tools.fleet import health as health_module
from firmware_tools.fleet.errors import FleetError, SilentFleetError
from firmware_tools.fleet.health import Health, ask_health
from firmware_tools.fleet.home import FleetHome
from firmware_tools.fleet.server import RunningFleet
from tests.brokers import Mosquitto, free_port
from tests.fleet.devices import eventually

pytestmark = pytest.mark.broker


@pytest.fixture(autouse=True)
def always_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_module, "_ASK_EVERY", 0.0)


def command(url: str, *options: str) -> Result:
    return CliRunner().invoke(cygnet, ["fleet", "--fleet", url, "health", *options])


async def test_a_fleet_that_is_well_says_so_without_a_token_and_tells_no_more(fleet: RunningFleet) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{fleet.url}/healthz") as response:
        assert response.status == 200
        assert await response.json() == {"status": "ok", "database": True, "storing": True, "broker": True}
    result = await asyncio.to_thread(command, fleet.url)
    assert (result.exit_code, result.output) == (0, "ok\n")


async def test_a_broker_that_is_away_degrades_it_and_is_no_reason_to_turn_people_away(
    fleet: RunningFleet, mosquitto: Mosquitto
) -> None:
    mosquitto.kill()
    await eventually(lambda: not fleet.transport.connected, "the fleet notices")
    async with aiohttp.ClientSession() as session, session.get(f"{fleet.url}/healthz") as response:
        assert (response.status, (await response.json())["status"]) == (200, "degraded")
    assert (await asyncio.to_thread(command, fleet.url)).exit_code != 0
    assert (await asyncio.to_thread(command, fleet.url, "--serving")).exit_code == 0


async def test_a_database_that_refuses_makes_it_fail(fleet: RunningFleet, home: FleetHome) -> None:
    with sqlite3.connect(home.database_file) as raw:
        raw.execute("ALTER TABLE fleet_meta RENAME TO elsewhere")
    async with aiohttp.ClientSession() as session, session.get(f"{fleet.url}/healthz") as response:
        assert response.status == 503
    assert await ask_health(fleet.url) == Health("failing", database=False, storing=True, broker=True)
    result = await asyncio.to_thread(command, fleet.url, "--serving")
    assert result.exit_code != 0
    with sqlite3.connect(home.database_file) as raw:
        raw.execute("ALTER TABLE elsewhere RENAME TO fleet_meta")
    assert (await ask_health(fleet.url)).status == "ok"


async def test_what_cannot_be_stored_makes_it_fail(fleet: RunningFleet) -> None:
    fleet.service.announcer.trouble = "the disk is full"
    assert await ask_health(fleet.url) == Health("failing", database=True, storing=False, broker=True)


async def test_however_many_ask_the_database_is_asked_once_a_second(
    fleet: RunningFleet, home: FleetHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health_module, "_ASK_EVERY", 3600.0)
    assert (await ask_health(fleet.url)).status == "ok"
    with sqlite3.connect(home.database_file) as raw:
        raw.execute("ALTER TABLE fleet_meta RENAME TO elsewhere")
    found = await asyncio.gather(*(ask_health(fleet.url) for _ in range(20)))
    assert {each.status for each in found} == {"ok"}  # what it had a moment ago
    with sqlite3.connect(home.database_file) as raw:
        raw.execute("ALTER TABLE elsewhere RENAME TO fleet_meta")


async def test_where_nobody_answers_or_somebody_else_that_is_said() -> None:
    with pytest.raises(SilentFleetError, match="no fleet answers"):
        await ask_health(f"http://127.0.0.1:{free_port()}", seconds=5)

    async def other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(other, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(FleetError, match="older one"):
            await ask_health(f"http://127.0.0.1:{port}")
