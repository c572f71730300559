"""The device's end against the fleet's real service and the real program store."""

import asyncio
import dataclasses
from collections.abc import Mapping
from pathlib import Path

import pytest

from device_runtime.host.fleet_settings import FleetSettings
from device_runtime.keys import key_ring
from device_runtime.program.store import InstalledProgram, ProgramStore
from device_runtime.sync.agent import Identity, SyncAgent
from device_runtime.sync.messages import ProgramTarget
from device_runtime.sync.telemetry import TelemetryQueue
from device_runtime.sync.transport import Backoff, MqttTransport
from device_runtime.update.rules import UpdateRules
from firmware_tools.fleet.documents import device_document
from firmware_tools.fleet.home import init_home
from firmware_tools.fleet.records import Device
from firmware_tools.fleet.server import RunningFleet, run_fleet
from firmware_tools.fleet.telemetry import TelemetryQuery
from firmware_tools.sign.keys import load_private_key
from tests.brokers import running_mosquitto
from tests.fleet.packages import small_package
from tests.sync.test_agent import PACE
from tests.sync.waiting import until

pytestmark = pytest.mark.broker


class StoreInstaller:
    """The program store without sessions: launching is remembered, not done."""

    def __init__(self, store: ProgramStore) -> None:
        self._store = store
        self.up: set[str] = set()

    def installed(self) -> Mapping[str, InstalledProgram]:
        return self._store.installed()

    def running(self) -> set[str]:
        return self.up

    def package_file(self, app_id: str) -> Path | None:
        return self._store.package_file(app_id)

    async def install(self, path: Path, app_id: str, target: ProgramTarget) -> None:
        await asyncio.to_thread(self._store.install, path, app_id, target.version_code)

    async def remove(self, app_id: str) -> None:
        await asyncio.to_thread(self._store.remove, app_id)

    async def launch(self, app_id: str) -> None:
        self.up.add(app_id)

    async def start(self, app_id: str) -> None:
        self.up.add(app_id)


async def test_a_release_is_assigned_updated_and_withdrawn_across_a_broker_crash(tmp_path: Path) -> None:
    with running_mosquitto(tmp_path / "broker") as broker:
        home = init_home(tmp_path / "fleet", "north", broker=broker.url, listen="127.0.0.1:0")
        trusted = key_ring([load_private_key(home.key_file).public_key()])
        store = ProgramStore(tmp_path / "store", trusted)
        telemetry = TelemetryQueue(tmp_path / "telemetry.db")
        agent = SyncAgent(
            Identity("north", "kitchen", "speaker", "0.1.0"),
            trusted,
            tmp_path / "sync",
            MqttTransport(broker.url, "kitchen", backoff=Backoff(0.01, 0.1)),
            StoreInstaller(store),
            telemetry,
            pace=dataclasses.replace(PACE, ask=600.0),
        )
        agent.start()
        try:
            async with run_fleet(home) as fleet:
                await until(lambda: fleet.service.connected_at is not None)
                await fleet.operations.enroll("kitchen", "Kitchen")
                first, _ = await fleet.operations.publish(small_package(code=1), "lamp.ma")
                await fleet.operations.assign("kitchen", first.app_id, 1, launch=True)
                await reported(fleet, first.app_id, 1, "running")

                broker.kill()
                await fleet.operations.publish(small_package(code=2), "lamp.ma")
                await fleet.operations.assign("kitchen", first.app_id, 2, launch=False)
                telemetry.record(first.app_id, "while_away", {"n": 1})
                broker.start_again()
                await reported(fleet, first.app_id, 2, "running")
                assert store.installed()[first.app_id].version_code == 2
                await until(lambda: telemetry.pending() == 0)
                names = await stored_names(fleet)
                assert names.count("while_away") == 1

                await fleet.operations.unassign("kitchen", first.app_id)
                await until(lambda: not store.installed())
        finally:
            await agent.stop()
            telemetry.close()


async def test_settings_are_followed_and_what_is_not_is_told(tmp_path: Path) -> None:
    with running_mosquitto(tmp_path / "broker") as broker:
        home = init_home(tmp_path / "fleet", "north", broker=broker.url, listen="127.0.0.1:0")
        trusted = key_ring([load_private_key(home.key_file).public_key()])
        telemetry = TelemetryQueue(tmp_path / "telemetry.db")
        settings = FleetSettings(UpdateRules(), 0, telemetry, telemetry.record)
        agent = SyncAgent(
            Identity("north", "kitchen", "speaker", "0.1.0"),
            trusted,
            tmp_path / "sync",
            MqttTransport(broker.url, "kitchen", backoff=Backoff(0.01, 0.1)),
            StoreInstaller(ProgramStore(tmp_path / "store", trusted)),
            telemetry,
            on_settings=settings.hear,
            settings_reports=settings.reports,
            pace=dataclasses.replace(PACE, ask=600.0),
        )
        try:
            async with run_fleet(home) as fleet:
                await until(lambda: fleet.service.connected_at is not None)
                await fleet.operations.enroll("kitchen", "Kitchen")
                await fleet.service.change(
                    lambda registry: registry.settings.publish("patient", {"update.idle_minutes": 7}, 1.0)
                )
                await fleet.service.change(
                    lambda registry: registry.assign_settings("kitchen", "patient", None), ["kitchen"]
                )
                agent.start()
                await shown(fleet, [("patient", 1, "in step")])
                assert settings.rules.now == UpdateRules(idle_minutes=7)
                await fleet.service.change(
                    lambda registry: registry.unassign_settings("kitchen", "patient"), ["kitchen"]
                )
                await until(lambda: settings.rules.now == UpdateRules())
                await shown(fleet, [])
        finally:
            await agent.stop()
            telemetry.close()


async def shown(fleet: RunningFleet, expected: list[tuple[str, int, str]]) -> None:
    """Wait until the fleet shows the settings of the device so."""
    found: list[tuple[str, int, str]] = []
    for _ in range(2000):  # 20 s at least
        device: Device = await fleet.service.read(lambda registry, _: registry.device("kitchen"))
        found = [(each["name"], each["version_code"], each["step"]) for each in device_document(device)["settings"]]
        if found == expected:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"the fleet shows {found}")


async def reported(fleet: RunningFleet, app_id: str, code: int, phase: str) -> None:
    """Wait until the fleet's database has it."""
    for _ in range(2000):  # 20 s at least
        device: Device = await fleet.service.read(lambda registry, _: registry.device("kitchen"))
        report = device.has.get(app_id)
        if report is not None and (report.version_code, report.phase, device.status) == (
            code,
            phase,
            "online",
        ):
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"the fleet never heard of {app_id} {code} {phase}")


async def stored_names(fleet: RunningFleet) -> list[str]:
    records = await fleet.service.read(
        lambda _, telemetry: telemetry.records(TelemetryQuery(device="kitchen", limit=1000))
    )
    return [record["name"] for record in records]
