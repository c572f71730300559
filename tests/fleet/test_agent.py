"""The device's own agent against the fleet's own service: both ends of the protocol as they ship."""

from pathlib import Path

import pytest

from device_runtime.host.provisioning import load_provisioning
from device_runtime.keys import key_ring
from device_runtime.program.package import read_package
from device_runtime.sync.agent import Identity, SyncAgent
from device_runtime.sync.pace import Pace
from device_runtime.sync.telemetry import TelemetryQueue
from device_runtime.sync.transport import Backoff, MqttTransport
from firmware_tools.fleet.documents import device_document
from firmware_tools.fleet.server import RunningFleet
from tests.brokers import Mosquitto
from tests.fleet.devices import eventually
from tests.fleet.packages import small_package
from tests.sync.shelf import Shelf

pytestmark = pytest.mark.broker
QUICK = Pace(report=0.05, batch=0.1, receipt=2, resend=Backoff(0.05, 0.2), retry=Backoff(0.05, 0.2))


async def steps(fleet: RunningFleet) -> dict[str, str]:
    device = await fleet.service.read(lambda registry, _: registry.device("kitchen"))
    return {program["app_id"]: program["step"] for program in device_document(device)["programs"]}


async def shown(fleet: RunningFleet, wanted: dict[str, str]) -> None:
    """Wait until the registry says this of the device's programs."""
    with fleet.service.feed.watch() as watcher:
        if await steps(fleet) == wanted:
            return
        async for event in watcher.events(15):
            assert event is not None, f"still {await steps(fleet)}, not {wanted}"
            if await steps(fleet) == wanted:
                return


async def test_a_device_follows_its_assignments_through_a_broker_that_dies(
    fleet: RunningFleet, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    provisioning, _ = await fleet.operations.enroll("kitchen", "Kitchen")
    file = tmp_path / "kitchen.toml"
    file.write_text(provisioning.to_toml())
    told = load_provisioning(file)
    trusted = key_ring([told.fleet_key])

    shelf, telemetry = Shelf(tmp_path / "shelf"), TelemetryQueue(tmp_path / "telemetry.db")
    transport = MqttTransport(told.broker, f"device-{told.device}", backoff=Backoff(0.05, 0.2))
    agent = SyncAgent(
        Identity(told.fleet, told.device, "speaker", "cygnet"),
        trusted,
        tmp_path / "agent",
        transport,
        shelf,
        telemetry,
        pace=QUICK,
    )
    agent.start()
    try:
        await fleet.operations.publish(small_package(code=1), "lamp.ma")
        await fleet.operations.assign("kitchen", "org.example.lamp", None, launch=True)
        await shown(fleet, {"org.example.lamp": "in step"})
        package = read_package(shelf.bytes_of("org.example.lamp"), "lamp.ma", trusted)
        assert package.manifest.version.code == 1
        await eventually(lambda: shelf.launches == ["org.example.lamp"], "it is launched once it is installed")

        mosquitto.kill()
        await fleet.operations.publish(small_package(code=2), "lamp.ma")
        await fleet.operations.assign("kitchen", "org.example.lamp", None, launch=False)
        for number in range(100):
            telemetry.record("test", "tick", {"number": number})
        mosquitto.start_again()
        await shown(fleet, {"org.example.lamp": "in step"})
        assert shelf.installed()["org.example.lamp"].version_code == 2
        await eventually(lambda: telemetry.pending() == 0, "all telemetry is with the fleet")

        await fleet.operations.unassign("kitchen", "org.example.lamp")
        await shown(fleet, {})
        assert not shelf.installed()
    finally:
        await agent.stop()
    await eventually(lambda: fleet.service._states["kitchen"].status == "offline", "the goodbye")
    assert fleet.service.counters.malformed == {}
