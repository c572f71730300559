"""Rollouts from end to end: a real broker, the fleet as it runs, and the devices' own agents."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from device_runtime.host.provisioning import load_provisioning
from device_runtime.keys import key_ring
from device_runtime.sync.agent import Identity, SyncAgent
from device_runtime.sync.pace import Pace
from device_runtime.sync.telemetry import TelemetryQueue
from device_runtime.sync.transport import Backoff, MqttTransport
from firmware_tools.fleet.client import FleetClient
from firmware_tools.fleet.home import FleetHome
from firmware_tools.fleet.rollouts.documents import RolloutDocument
from firmware_tools.fleet.server import RunningFleet, run_fleet
from tests.brokers import Mosquitto
from tests.fleet.devices import eventually
from tests.fleet.packages import small_package
from tests.fleet.rollouts.waiting import until
from tests.sync.shelf import Shelf

pytestmark = pytest.mark.broker
APP = "org.example.lamp"
QUICK = Pace(report=0.05, watch=0.5, batch=0.1, receipt=2, resend=Backoff(0.05, 0.2), retry=Backoff(0.5, 1.0))


@dataclass
class Clock:
    """The fleet's time for rollouts, which a test moves."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class World:
    """A fleet's home, its broker, and devices that come and go while the fleet may be restarted."""

    home: FleetHome
    folder: Path
    clock: Clock = field(default_factory=Clock)
    shelves: dict[str, Shelf] = field(default_factory=dict)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[RunningFleet]:
        async with run_fleet(self.home, rollout_period=0.1, clock=self.clock) as fleet:
            await eventually(lambda: fleet.service.connected_at is not None, "the fleet connects")
            yield fleet

    @asynccontextmanager
    async def device(self, fleet: RunningFleet, name: str) -> AsyncIterator[Shelf]:
        """The agent of one device, with a shelf for its programs that stays when it is switched off."""
        provisioning, _ = await fleet.operations.enroll(name, "")
        file = self.folder / name / "provisioning.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(provisioning.to_toml())
        told = load_provisioning(file)
        shelf = self.shelves.setdefault(name, Shelf(self.folder / name / "shelf"))
        telemetry = TelemetryQueue(self.folder / name / "telemetry.db")
        agent = SyncAgent(
            Identity(told.fleet, told.device, "speaker", "cygnet"),
            key_ring([told.fleet_key]),
            self.folder / name / "agent",
            MqttTransport(told.broker, f"device-{name}", backoff=Backoff(0.05, 0.2)),
            shelf,
            telemetry,
            pace=QUICK,
        )
        agent.start()
        try:
            yield shelf
        finally:
            await agent.stop()
            telemetry.close()

    @asynccontextmanager
    async def devices(self, fleet: RunningFleet, *names: str) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for name in names:
                await stack.enter_async_context(self.device(fleet, name))
            yield

    def versions(self) -> dict[str, int]:
        """The version that each device really has."""
        installed = {name: shelf.installed().get(APP) for name, shelf in self.shelves.items()}
        return {name: program.version_code for name, program in installed.items() if program}


@pytest.fixture
def world(home: FleetHome, mosquitto: Mosquitto, tmp_path: Path) -> World:
    return World(home, tmp_path / "devices")


def in_state(state: str) -> Callable[[RolloutDocument], bool]:
    return lambda found: found["state"] == state


async def publish(fleet: RunningFleet, *codes: int) -> None:
    for code in codes:
        await fleet.operations.publish(small_package(code=code, size=5_000), "lamp.ma")


async def begin(fleet: RunningFleet, code: int | None = None, **plan: Any) -> int:
    """Make a rollout and start it."""
    if not {"group", "devices"} & plan.keys():
        plan["query"] = "all"
    rollout = await fleet.rollouts.create("program", APP, code, {"soak": 0, **plan}, "", "ada")
    await fleet.rollouts.start(rollout.id, "ada")
    return rollout.id


NAMES = ("kitchen", "hall", "car", "shop")


async def test_three_stages_that_all_go_well(world: World) -> None:
    async with world.serving() as fleet, world.devices(fleet, *NAMES):
        await publish(fleet, 1)
        number = await begin(fleet, stages=["1", "50%", "100%"])
        found = await until(fleet, number, in_state("done"), "it is done")
        assert world.versions() == dict.fromkeys(NAMES, 1)
        assert [stage["counts"].get("good") for stage in found["stages"]] == [1, 1, 2]
        assert [event.action for event in found["events"] if event.action == "stage"] == ["stage"] * 3


async def test_a_bad_release_is_stopped_at_the_first_stage_and_rolls_back_by_itself(world: World) -> None:
    async with world.serving() as fleet, world.devices(fleet, *NAMES):
        await publish(fleet, 1)
        number = await begin(fleet)
        await until(fleet, number, in_state("done"), "the good one is everywhere")
        await publish(fleet, 2)
        for shelf in world.shelves.values():
            shelf.refuse[APP] = "the program does not start"
        bad = await begin(fleet, stages=["1", "100%"], errors=0, on_error="roll-back")
        found = await until(fleet, bad, lambda it: it["counts"].get("restored") == 1, "the first device is back")
        assert found["state"] == "aborted"
        assert found["reason"] == "1 of 1 devices failed; at most 0 may"
        assert [failure.error for failure in found["failures"]] == ["the program does not start"]
        devices = await fleet.service.read(lambda registry, _: registry.devices())
        assert {device.should[APP].version_code for device in devices} == {1}
        assert world.versions() == dict.fromkeys(NAMES, 1)


@pytest.mark.slow
async def test_a_device_that_was_off_and_one_that_is_new_come_to_it_late(world: World) -> None:
    async with world.serving() as fleet, world.devices(fleet, "kitchen", "hall"):
        async with world.device(fleet, "car"):
            await publish(fleet, 1)
            await eventually(lambda: fleet.service._states["car"].status == "online", "the car is there")
        await eventually(lambda: fleet.service._states["car"].status == "offline", "the car is off")
        number = await begin(fleet, away_share="40%", late="always")
        found = await until(fleet, number, in_state("done"), "it does not wait for the car")
        assert found["counts"] == {"good": 2, "handed": 1, "away": 1}
        async with world.devices(fleet, "car", "new"):
            await until(fleet, number, lambda it: it["counts"].get("good") == 4, "both have it")
    assert world.versions() == dict.fromkeys(("kitchen", "hall", "car", "new"), 1)


@pytest.mark.slow
async def test_a_rollout_that_is_paused_stays_so_across_a_restart_and_goes_on(world: World) -> None:
    async with AsyncExitStack() as stack:
        async with world.serving() as fleet:
            await stack.enter_async_context(world.devices(fleet, *NAMES))
            await publish(fleet, 1)
            number = await begin(fleet, stages=["1", "100%"], soak="1h")
            await until(fleet, number, lambda it: it["counts"].get("reached") == 1, "the first has it")
            await fleet.rollouts.pause(number, "grace", "lunch")
        world.clock.now += 7200
        async with world.serving() as fleet:
            found = await until(fleet, number, lambda it: it["counts"].get("good") == 1, "it is followed while paused")
            assert (found["state"], found["reason"]) == ("paused", "paused by grace: lunch")
            assert len(world.versions()) == 1
            await fleet.rollouts.resume(number, "grace")
        async with world.serving() as fleet:
            await until(fleet, number, lambda it: it["counts"].get("reached") == 3, "the others have it")
            world.clock.now += 7200
            found = await until(fleet, number, in_state("done"), "it is done")
            assert [(event.actor, event.action) for event in found["events"]][:5] == [
                *(("ada", "created"), ("ada", "start"), ("cygnet", "stage"), ("grace", "pause"), ("grace", "resume"))
            ]


@pytest.mark.slow
async def test_an_abort_gives_back_what_each_device_had(world: World) -> None:
    async with world.serving() as fleet, world.devices(fleet, *NAMES):
        await publish(fleet, 1, 2)
        first = await begin(fleet, 1, devices=["kitchen", "hall"])
        await until(fleet, first, in_state("done"), "two have the old version")
        number = await begin(fleet, 2)
        await until(fleet, number, in_state("done"), "all have the new version")
        assert world.versions() == dict.fromkeys(NAMES, 2)
        await fleet.rollouts.abort(number, "grace", back=True, reason="it hums")
        await until(fleet, number, lambda it: it["counts"] == {"restored": 4}, "all are back")
        assert world.versions() == {"kitchen": 1, "hall": 1}


@pytest.mark.slow
async def test_nothing_goes_out_before_the_maintenance_window_opens(world: World) -> None:
    async with world.serving() as fleet, world.devices(fleet, "kitchen"):
        await publish(fleet, 1)
        number = await begin(fleet, window={"spans": ["22:00-05:00"], "zone": "Europe/Berlin"})
        found = await until(fleet, number, lambda it: "maintenance window" in it["reason"], "it waits")
        assert found["window"] == {
            "text": "22:00-05:00 Europe/Berlin",
            "open": False,
            "opens_at": world.clock.now + 13 * 3600,
        }
        assert not world.versions()
        world.clock.now += 13 * 3600
        await until(fleet, number, in_state("done"), "the window is open")
        assert world.versions() == {"kitchen": 1}


@pytest.mark.slow
async def test_a_newer_rollout_of_a_program_takes_its_devices_from_an_older_one(world: World, home: FleetHome) -> None:
    async with world.serving() as fleet, world.devices(fleet, "kitchen", "hall"):
        await publish(fleet, 1, 2)
        older = await begin(fleet, 1, stages=["1", "100%"], soak="1h")
        await until(fleet, older, lambda it: it["counts"].get("reached") == 1, "one has the old version")
        client = FleetClient(fleet.url, home.token())
        body = {"subject": APP, "query": "all", "soak": 0}
        plain = await client.call("POST", "/api/rollouts", body=body)
        with pytest.raises(Exception, match="make this one with --supersede to take them from it"):
            await client.call("POST", f"/api/rollouts/{plain['id']}/start", body={})
        newer = await client.call("POST", "/api/rollouts", body={**body, "supersede": True, "urgent": True})
        await client.call("POST", f"/api/rollouts/{newer['id']}/start", body={"by": "grace"})
        await until(fleet, newer["id"], in_state("done"), "the newer one is done")
        assert world.versions() == {"kitchen": 2, "hall": 2}
        found = await client.call("GET", f"/api/rollouts/{older}")
        assert found["counts"] == {"superseded": 2}
        devices = await fleet.service.read(lambda registry, _: registry.devices())
        assert all(device.should[APP].urgent for device in devices)
        await fleet.operations.assign("hall", APP, 1, launch=False)
        hall = await fleet.service.read(lambda registry, _: registry.device("hall"))
        assert not hall.should[APP].urgent, "it was urgent to have that release, not this one"
