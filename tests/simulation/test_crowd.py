"""A crowd of simulated devices and a real fleet on a real broker."""

import asyncio
import gc
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.keys import decode_public_key, key_ring
from device_runtime.sync.messages import RootTarget
from device_runtime.sync.pace import Pace
from device_runtime.sync.transport import Backoff
from firmware_tools.fleet.content import ContentStore
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.publish import sign_release
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.server import RunningFleet, run_fleet
from firmware_tools.fleet.telemetry import TelemetryQuery
from firmware_tools.sign.keys import load_private_key
from firmware_tools.simulation.crowd import Crowd
from firmware_tools.simulation.device import SOURCE, Setting
from firmware_tools.simulation.weather import WEATHERS, Weather
from tests.brokers import Mosquitto, running_mosquitto
from tests.fleet.conftest import fleet, home, mosquitto
from tests.fleet.packages import small_package
from tests.trust.test_with_fleet import Site

__all__ = ["fleet", "home", "mosquitto"]
pytestmark = pytest.mark.broker
QUICK = Pace(report=0.1, watch=1, ask=3, batch=0.3, receipt=2, resend=Backoff(0.1, 0.5), retry=Backoff(0.2, 1.0))


async def crowd_of(
    running: RunningFleet, broker: Mosquitto, folder: Path, count: int, weather: Weather, seed: int = 1
) -> Crowd:
    names = [f"sim-{number:03}" for number in range(count)]
    provisioning = [(await running.operations.enroll(name, ""))[0] for name in names]
    version, _, sha256 = provisioning[0].root.partition(":")
    setting = Setting(
        running.service.fleet,
        broker.url,
        key_ring([decode_public_key(provisioning[0].fleet_key)]),
        folder,
        pace=QUICK,
        connect=Backoff(0.1, 1.0),
        keepalive=5,
        patience=1.0,
        root=RootTarget(int(version), sha256) if sha256 else None,
    )
    return Crowd(names, setting, weather, seed)


async def release(running: RunningFleet, names: Sequence[str], code: int) -> None:
    await running.operations.publish(small_package(code=code, size=30_000), "lamp.ma")
    await assign(running, names, code)


async def assign(running: RunningFleet, names: Sequence[str], code: int) -> None:
    for name in names:
        await running.operations.assign(name, "org.example.lamp", code, launch=True)


async def numbers_of(running: RunningFleet, device: str) -> list[int]:
    rows = await running.service.read(
        lambda _, telemetry: telemetry.records(TelemetryQuery(device=device, source=SOURCE, limit=10_000))
    )
    return sorted(row["values"]["number"] for row in rows)


@pytest.mark.parametrize("name", [pytest.param("calm", marks=pytest.mark.slow), "storm"])
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


async def test_devices_of_a_fleet_with_a_root_install_what_is_signed_for_and_nothing_else(tmp_path: Path) -> None:
    """A release is signed by the fleet's stolen key, and by nobody whom the signed metadata names."""
    with running_mosquitto(tmp_path / "broker") as broker:
        here = Site(tmp_path, broker.url)
        here.begin_trust()
        async with run_fleet(here.home) as running:
            crowd = await crowd_of(running, broker, tmp_path / "devices", 4, WEATHERS["rough"].but({"cuts": 600}))
            names = [device.name for device in crowd.devices]
            async with crowd.living():
                await release(running, names, 1)
                crowd.calm_down()
                assert await crowd.settle(60, desired_version=2), crowd.census()
                await asyncio.to_thread(publish_behind_the_metadata, here, 2)
                await running.service.change(lambda registry: assign_all(registry, names, 2), names)
                for name in names:
                    await refusal(running, name)
                assert [device.installed_version("org.example.lamp") for device in crowd.devices] == [1] * 4


def publish_behind_the_metadata(here: Site, code: int) -> None:
    """As a thief of the machine does: content and a row of the database, and nothing that the metadata names."""
    sealed, package = sign_release(small_package(code=code), "evil.ma", load_private_key(here.home.key_file))
    ContentStore(here.home.content).add(sealed)
    database = Database(f"sqlite:///{here.home.database_file}")
    try:
        with database.transaction() as connection:
            Registry(connection).publish(package.manifest, package.sha256, package.size, 1.0)
    finally:
        database.close()


def assign_all(registry: Registry, names: Sequence[str], code: int) -> None:
    for name in names:
        registry.assign(name, "org.example.lamp", code, launch=False)


async def refusal(running: RunningFleet, device: str) -> None:
    """Wait until the operator can read that the metadata does not name it."""
    query = TelemetryQuery(device=device, name="failed", limit=100)
    for _ in range(3000):
        records = await running.service.read(lambda _, telemetry: telemetry.records(query))
        if any("no role of the fleet's signed metadata" in record["values"]["error"] for record in records):
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{device} never says why it does not install")


async def test_a_crowd_leaves_the_garbage_collector_as_it_was(tmp_path: Path) -> None:
    before = gc.get_threshold(), gc.get_freeze_count()
    setting = Setting("north", "mqtt://127.0.0.1:9", key_ring([Ed25519PrivateKey.generate().public_key()]), tmp_path)
    crowd = Crowd(["sim-1", "sim-2"], setting, Weather(), 1)
    async with crowd.living():
        assert gc.get_threshold() != before[0]
        await asyncio.sleep(0)
    assert (gc.get_threshold(), gc.get_freeze_count()) == before
