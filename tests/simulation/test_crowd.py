"""A crowd of simulated devices and a real fleet on a real broker."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from device_runtime.keys import decode_public_key, key_ring
from device_runtime.sync.agent import Pace
from device_runtime.sync.transport import Backoff
from firmware_tools.fleet.server import RunningFleet
from firmware_tools.fleet.telemetry import TelemetryQuery
from firmware_tools.simulation.crowd import Crowd
from firmware_tools.simulation.device import SOURCE, Setting
from firmware_tools.simulation.weather import WEATHERS, Weather
from tests.brokers import Mosquitto
from tests.fleet.conftest import fleet, home, mosquitto
from tests.fleet.packages import small_package

__all__ = ["fleet", "home", "mosquitto"]
pytestmark = pytest.mark.broker
QUICK = Pace(report=0.1, watch=1, ask=3, batch=0.3, receipt=2, resend=Backoff(0.1, 0.5), retry=Backoff(0.2, 1.0))


async def crowd_of(
    running: RunningFleet, broker: Mosquitto, folder: Path, count: int, weather: Weather, seed: int = 1
) -> Crowd:
    names = [f"sim-{number:03}" for number in range(count)]
    provisioning = [(await running.operations.enroll(name, ""))[0] for name in names]
    setting = Setting(
        running.service.fleet,
        broker.url,
        key_ring([decode_public_key(provisioning[0].fleet_key)]),
        folder,
        pace=QUICK,
        connect=Backoff(0.1, 1.0),
        keepalive=5,
        patience=1.0,
    )
    return Crowd(names, setting, weather, seed)


async def release(running: RunningFleet, names: Sequence[str], code: int) -> None:
    await running.operations.publish(small_package(code=code, size=30_000), "lamp.ma")
    for name in names:
        await running.operations.assign(name, "org.example.lamp", code, launch=True)


async def numbers_of(running: RunningFleet, device: str) -> list[int]:
    rows = await running.service.read(
        lambda _, telemetry: telemetry.records(TelemetryQuery(device=device, source=SOURCE, limit=10_000))
    )
    return sorted(row["values"]["number"] for row in rows)


@pytest.mark.parametrize("name", ["calm", "storm"])
async def test_after_any_weather_every_device_is_in_step_and_no_record_is_lost_or_there_twice(
    fleet: RunningFleet, mosquitto: Mosquitto, tmp_path: Path, name: str
) -> None:
    weather = WEATHERS[name].but({"dark": 1, "full": 2, "cuts": 900, "reboots": 300}) if name == "storm" else Weather()
    crowd = await crowd_of(fleet, mosquitto, tmp_path / "devices", 12, weather)
    names = [device.name for device in crowd.devices]
    async with crowd.living(ramp=0.5, records=0.2):
        await release(fleet, names, 1)
        await crowd.settle(4)
        await release(fleet, names, 2)
        await crowd.settle(4)
        crowd.calm_down()
        crowd.fall_silent()
        assert await crowd.settle(60, desired_version=3), crowd.census()
        census = crowd.census()
    for device in crowd.devices:
        assert await numbers_of(fleet, device.name) == list(range(device.diary.recorded))
    assert (census.cuts > 0 and census.reboots > 0) == (name == "storm")
