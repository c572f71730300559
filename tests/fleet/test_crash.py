"""What kill -9 of the fleet service may cost: nothing."""

import asyncio
import signal
import sys

import pytest

from firmware_tools.fleet.home import FleetHome
from firmware_tools.fleet.server import run_fleet
from firmware_tools.fleet.service import FleetService
from firmware_tools.fleet.telemetry import TelemetryQuery
from tests.brokers import Mosquitto
from tests.fleet.devices import connected_device, eventually

pytestmark = pytest.mark.broker
EPOCH = "00112233aabbccdd"


async def test_a_service_killed_between_commit_and_receipt_loses_and_repeats_nothing(
    home: FleetHome, mosquitto: Mosquitto
) -> None:
    async with run_fleet(home) as fleet:
        await fleet.operations.enroll("kitchen", "")
    async with connected_device("north", "kitchen", mosquitto.url) as device:
        for last in (30, 60):  # dies at each: what it had stored must not be stored again
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.fleet.dying_fleet", str(home.directory), stdout=asyncio.subprocess.PIPE
            )
            assert process.stdout
            assert await process.stdout.readline() == b"online\n"
            await device.send_batch(EPOCH, range(1, last + 1))
            assert await process.wait() == -signal.SIGKILL
            assert not device.responses
        async with run_fleet(home) as fleet:
            await eventually(lambda: fleet.service.connected_at is not None, "the fleet connects")
            stored = await records(fleet.service)
            assert stored == list(range(1, 61)), "what was committed is there, once"
            await device.send_batch(EPOCH, range(1, 71))  # no receipt came, so the device sends again
            await device.receipt(EPOCH, 70)
            assert await records(fleet.service) == list(range(1, 71))


async def records(service: FleetService) -> list[int]:

    query = TelemetryQuery(device="kitchen", limit=1000)
    found = await service.read(lambda _, telemetry: telemetry.records(query))
    return sorted(record["sequence"] for record in found)
