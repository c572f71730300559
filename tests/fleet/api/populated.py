"""A running fleet with something of everything in it, so that the API has answers with content."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from device_runtime.sync.messages import ModelReport, ProgramReport, Reported
from firmware_tools.fleet.home import FleetHome, init_home
from firmware_tools.fleet.server import RunningFleet, run_fleet
from tests.brokers import running_mosquitto
from tests.fleet.devices import connected_device, eventually
from tests.fleet.packages import small_package
from tests.fleet.test_runtimes import runtime
from tests.inference.model_packages import digits_package

EPOCH = "00112233aabbccdd"
APP = "org.example.weather"
"""The app id of the examples in the API's description."""


@asynccontextmanager
async def populated_fleet(folder: Path, database: str = "") -> AsyncIterator[tuple[RunningFleet, FleetHome]]:
    """Devices that are online, silent, failing and strangers; programs, a model and a runtime; groups, tags; rollouts
    that are drafts, going on and aborted; telemetry. ``database``: SQLAlchemy's URL of another one than SQLite."""
    with running_mosquitto(folder) as broker:
        home = init_home(folder / "fleet", "north", broker=broker.url, listen="127.0.0.1:0", database=database)
        async with run_fleet(home) as fleet:
            await eventually(lambda: fleet.service.connected_at is not None, "the fleet connects")
            await _publish(fleet)
            await _enroll(fleet)
            async with connected_device("north", "kitchen", broker.url) as device:
                await device.say_online()
                await device.report(
                    Reported(
                        1,
                        1,
                        "virtual-speaker",
                        "cygnet 0.1",
                        {APP: ProgramReport(1, "1.1.0", "failed", 5, 100, "it does not start", "fault")},
                        models={"digits": ModelReport(2, "1.2", "installed")},
                    )
                )
                await device.send_batch(EPOCH, range(1, 30))
                await device.receipt(EPOCH, 29)
                async with connected_device("north", "stranger", broker.url) as stranger:
                    await stranger.say_online()
                    await eventually(lambda: bool(fleet.service.strangers.all()), "a stranger is heard")
                await _roll_out(fleet)
                yield fleet, home


async def _publish(fleet: RunningFleet) -> None:
    for code in (1, 2):
        await fleet.operations.publish(small_package(APP, code, size=1000, models=["digits", "numbers"]), "lamp.ma")
    await fleet.operations.publish_model(digits_package(2), "digits.ma")
    await fleet.operations.publish_runtime(runtime("0.2.0"), "runtime.ma")


async def _enroll(fleet: RunningFleet) -> None:
    for device in ("kitchen", "hall", "car"):
        await fleet.operations.enroll(device, device.title())
        await fleet.operations.assign(device, APP, 1, launch=True)
    await fleet.operations.enroll("pico", "", mac=True)
    await fleet.operations.assign_runtime("pico", None)
    await fleet.rollouts.tag("kitchen", ["kitchen", "floor=1"], [])
    await fleet.rollouts.create_group("kitchens", "tag = kitchen", [], "by query")
    await fleet.rollouts.create_group("cars", None, ["car"], "a list")


async def _roll_out(fleet: RunningFleet) -> None:
    window = {"spans": ["00:00-24:00"], "zone": "Europe/Berlin"}
    for plan in (
        {"group": "cars", "stages": [1, {"size": "100%", "approval": True}]},
        {"query": "all", "supersede": True, "soak": 0, "window": window},
        {"devices": ["hall"]},
    ):
        made = await fleet.rollouts.create("program", APP, 2, plan, "", "ada")
        if "devices" not in plan:
            await fleet.rollouts.start(made.id, "ada")
    await fleet.rollouts.abort(1, "ada", back=True, reason="ugly")
