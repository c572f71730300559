"""A real fleet, a real mosquitto, the device's own agent and program store; the attacker owns broker and keys."""

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from device_runtime.host.provisioning import load_provisioning
from device_runtime.program.store import ProgramStore
from device_runtime.sync.agent import Identity, SyncAgent
from device_runtime.sync.messages import Desired, ProgramTarget, RootTarget, sign_desired, topic
from device_runtime.sync.telemetry import TelemetryQueue
from device_runtime.sync.transport import Backoff, MqttTransport
from device_runtime.trust.layer import TrustLayer
from firmware_tools.fleet.content import ContentStore
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.home import FleetHome, init_home
from firmware_tools.fleet.publish import sign_release
from firmware_tools.fleet.server import RunningFleet, run_fleet
from firmware_tools.fleet.telemetry import TelemetryQuery
from firmware_tools.fleet.trust import ceremony, signatures
from firmware_tools.fleet.trust.keys import make_key, open_signer
from firmware_tools.fleet.trust.releases import published
from firmware_tools.fleet.trust.repository import Repository
from firmware_tools.sign.keys import load_private_key
from tests.brokers import running_mosquitto
from tests.fleet.packages import small_package
from tests.sync.test_agent import PACE
from tests.sync.test_with_fleet import StoreInstaller
from tests.sync.waiting import until

pytestmark = pytest.mark.broker

APP = "org.example.lamp"


class Site:
    """A fleet's home, and one device, ``kitchen``."""

    def __init__(self, folder: Path, broker: str) -> None:
        self.folder, self.broker = folder, broker
        self.home: FleetHome = init_home(folder / "fleet", "north", broker=broker, listen="127.0.0.1:0")
        self.repository = Repository(self.home.directory)
        self.person = folder / "person.pem"
        self.public = make_key(self.person, "anna", "")
        self.telemetry: TelemetryQueue | None = None
        self.layer: TrustLayer | None = None
        self.store: ProgramStore | None = None

    def begin_trust(self) -> None:
        ceremony.init(self.repository, "north", [self.public], [self.public], threshold=1)
        self.sign("root", "targets")

    def sign(self, *roles: str) -> None:
        for role in roles:
            travelling = self.folder / f"{role}.json"
            travelling.write_bytes((self.repository.staged / f"{role}.json").read_bytes())
            signatures.sign(travelling, open_signer(f"pem:{self.person}", self.public, Path("/"), lambda _: ""))
            signatures.accept(self.repository, travelling)

    @asynccontextmanager
    async def device(self, provisioning: str) -> AsyncIterator[None]:
        """The device's agent for the length of an ``async with`` block, as ``Device`` puts it together."""
        file = self.folder / "kitchen.toml"
        file.write_text(provisioning)
        told = load_provisioning(file)
        self.telemetry = TelemetryQueue(self.folder / "telemetry.db")
        self.layer = TrustLayer(
            self.folder / "trust", "north", told.fleet_key, told.root, self.telemetry.record, fresh=0.0, patience=2.0
        )
        self.store = ProgramStore(self.folder / "store", self.layer.keys.sealing)
        agent = SyncAgent(
            Identity("north", "kitchen", "speaker", "0.1.0"),
            self.layer.keys.desired,
            self.folder / "sync",
            MqttTransport(self.broker, "kitchen", backoff=Backoff(0.01, 0.1)),
            StoreInstaller(self.store),
            self.telemetry,
            gate=self.layer,
            pace=dataclasses.replace(PACE, ask=600.0),
        )
        agent.start()
        try:
            yield
        finally:
            await agent.stop()
            self.telemetry.close()

    def installed(self, code: int) -> bool:
        program = self.store.installed().get(APP) if self.store is not None else None
        return program is not None and program.version_code == code


@asynccontextmanager
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    with running_mosquitto(tmp_path / "broker") as broker:
        yield Site(tmp_path, broker.url)


async def enroll(fleet: RunningFleet) -> str:
    provisioning, _ = await fleet.operations.enroll("kitchen", "")
    return provisioning.to_toml()


async def failure(fleet: RunningFleet, holds: Callable[[str], bool]) -> str:
    """Wait until the operator can read a failure of the program that holds this: in the telemetry, since the honest
    fleet's next document may take the place of a forged one at once."""
    query = TelemetryQuery(device="kitchen", name="failed", limit=1000)
    for _ in range(2000):
        records = await fleet.service.read(lambda _, telemetry: telemetry.records(query))
        for record in records:
            if holds(record["values"]["error"]):
                return str(record["values"]["error"])
        await asyncio.sleep(0.01)
    raise AssertionError("the operator never reads it")


async def forge_desired(site: Site, package: bytes, version: int = 50, **changes: object) -> None:
    """The thief of the fleet's machine, or of a copy of its key: signs what it likes, and puts it on the broker."""
    key = load_private_key(site.home.key_file)
    sealed, opened = sign_release(package, "evil.ma", key)
    ContentStore(site.home.content).add(sealed)
    target = ProgramTarget(opened.manifest.version.code, opened.manifest.version.name, opened.sha256, opened.size)
    desired = Desired("north", "kitchen", version, 1_795_000_000, {APP: target})
    transport = MqttTransport(site.broker, "mallory", backoff=Backoff(0.01, 0.1))
    transport.start(_Silent())
    await until(lambda: transport.connected)
    payload = sign_desired(dataclasses.replace(desired, **changes), key)  # type: ignore[arg-type]
    await transport.publish(topic("north", "kitchen", "desired"), payload, retain=True)
    await transport.stop()


class _Silent:
    def will(self) -> None: ...

    def on_connected(self) -> None: ...

    def on_disconnected(self, reason: str) -> None: ...

    def on_message(self, name: str, payload: bytes, retained: bool) -> None: ...


async def connected(fleet: RunningFleet) -> None:
    await until(lambda: fleet.service.connected_at is not None)


async def test_a_device_installs_what_both_the_fleet_and_its_metadata_name(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        here.begin_trust()
        async with run_fleet(here.home) as fleet:
            await connected(fleet)
            toml = await enroll(fleet)
            assert "root = " in toml
            await fleet.operations.publish(small_package(code=1), "lamp.ma")
            await fleet.operations.assign("kitchen", APP, 1, launch=True)
            async with here.device(toml):
                await until(lambda: here.installed(1))
                await forge_desired(here, small_package(code=9, size=1000))
                sentence = await failure(fleet, lambda error: "9.ma" in error)
                assert (
                    "no role of the fleet's signed metadata (targets version 1) names programs/org.example.lamp/9.ma"
                    in (sentence)
                )
                assert here.installed(1), "arbitrary software, signed with the stolen online key of the fleet"
                await forge_desired(here, small_package(code=1, size=1000), version=1000)
                sentence = await failure(fleet, lambda error: "are desired, expected" in error)
                assert "which the role house version 2 signed for programs/org.example.lamp/1.ma" in sentence


@pytest.mark.slow
async def test_a_release_that_its_developer_has_not_signed_is_not_assigned(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        here.begin_trust()
        ceremony.add_developer(here.repository, "lights", [here.public], [APP], [])
        here.sign("targets", "lights")
        async with run_fleet(here.home) as fleet:
            await connected(fleet)
            toml = await enroll(fleet)
            await fleet.operations.publish(small_package(code=1), "lamp.ma")
            with pytest.raises(FleetError, match="is published, but lights has not signed it yet"):
                await fleet.operations.assign("kitchen", APP, 1, launch=False)
            await fleet.rollouts.create_group("all", 'id ~ "*"', [], "")
            plan = {"group": "all"}
            rollout = await fleet.rollouts.create("program", APP, 1, plan, "", "anna")
            with pytest.raises(FleetError, match="is published, but lights has not signed it yet"):
                await fleet.rollouts.start(rollout.id, "anna")
            staged = json.loads((here.repository.staged / "lights.json").read_bytes())
            assert list(staged["signed"]["targets"]) == [f"programs/{APP}/1.ma"]
            here.sign("lights")
            await fleet.operations.assign("kitchen", APP, 1, launch=False)
            async with here.device(toml):
                await until(lambda: here.installed(1))


async def test_a_fleet_that_runs_uses_the_root_that_it_is_given_and_goes_on_with_what_it_had(tmp_path: Path) -> None:
    async with site(tmp_path) as here, run_fleet(here.home) as fleet:
        await connected(fleet)
        toml = await enroll(fleet)
        await fleet.operations.publish(small_package(code=1), "lamp.ma")
        await fleet.operations.assign("kitchen", APP, 1, launch=False)
        async with here.device(toml):
            await until(lambda: here.installed(1))
            assert here.layer is not None
            assert not here.layer.has_root
            before = await fleet.service.read(lambda registry, _: registry.device("kitchen").desired_version)
            here.begin_trust()
            layer = here.layer
            await until(lambda: layer.root_version == 1)
            assert f"programs/{APP}/1.ma" in published(here.repository), "what was published before is signed for, too"
            after = await fleet.service.read(lambda registry, _: registry.device("kitchen").desired_version)
            assert after == before + 1, "a document that names another root is another version, and one is enough"
            await fleet.operations.publish(small_package(code=2), "lamp.ma")
            await fleet.operations.assign("kitchen", APP, 2, launch=False)
            await until(lambda: here.installed(2))


@pytest.mark.slow
async def test_a_device_of_before_gets_the_root_once_and_keeps_it(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        async with run_fleet(here.home) as fleet:
            await connected(fleet)
            toml = await enroll(fleet)
            assert "root" not in toml
            await fleet.operations.publish(small_package(code=1), "lamp.ma")
            await fleet.operations.assign("kitchen", APP, 1, launch=False)
            async with here.device(toml):
                await until(lambda: here.installed(1))
                assert here.layer is not None
                assert not here.layer.has_root, "a fleet without a root is as it was"
        here.begin_trust()
        async with run_fleet(here.home) as fleet, here.device(toml):
            await connected(fleet)
            assert here.layer is not None
            layer = here.layer
            await until(lambda: layer.root_version == 1)
            await fleet.operations.publish(small_package(code=2), "lamp.ma")
            await fleet.operations.assign("kitchen", APP, 2, launch=False)
            await until(lambda: here.installed(2))
            other = RootTarget(1, "00" * 32)
            await forge_desired(here, small_package(code=9, size=1000), version=90, root=other)
            await failure(fleet, lambda error: "no role of the fleet's signed metadata" in error)
        assert json.loads((tmp_path / "trust" / "pin.json").read_bytes())["sha256"] != other.sha256
        assert here.installed(2)


async def test_a_stolen_fleet_key_is_replaced_and_devices_follow_without_being_enrolled_again(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        here.begin_trust()
        stolen = load_private_key(here.home.key_file)
        async with run_fleet(here.home) as fleet:
            await connected(fleet)
            toml = await enroll(fleet)
            await fleet.operations.publish(small_package(code=1), "lamp.ma")
            await fleet.operations.assign("kitchen", APP, 1, launch=False)
            async with here.device(toml):
                await until(lambda: here.installed(1))
                # Fast-forward: after this, no version of the fleet's would ever be high enough.
                await forge_desired(here, small_package(code=9, size=1000), version=2**53 - 1)
                await failure(fleet, lambda error: "no role" in error)
        ceremony.recover(here.repository)
        here.sign("root", "targets")
        assert load_private_key(here.home.key_file).private_bytes_raw() != stolen.private_bytes_raw()
        async with run_fleet(here.home) as fleet:
            await connected(fleet)
            async with here.device(toml):
                assert here.layer is not None
                layer = here.layer
                await until(lambda: layer.root_version == 2)
                await fleet.operations.publish(small_package(code=2), "lamp.ma")
                await fleet.operations.assign("kitchen", APP, 2, launch=False)
                await until(lambda: here.installed(2))
            async with here.device(toml):
                assert here.installed(2), "and after a restart"


@pytest.mark.slow
async def test_a_stolen_broker_that_answers_with_rubbish_stops_installing_and_nothing_else(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        here.begin_trust()
        async with run_fleet(here.home) as fleet:
            await connected(fleet)
            toml = await enroll(fleet)
            await fleet.operations.publish(small_package(code=1), "lamp.ma")
            await fleet.operations.assign("kitchen", APP, 1, launch=False)
            (here.repository.metadata / "timestamp.json").rename(tmp_path / "honest.json")
            (here.repository.metadata / "timestamp.json").write_bytes(b"{" * 9000)
            async with here.device(toml):
                sentence = await failure(fleet, lambda error: "timestamp" in error)
                assert "is refused: it is not metadata of TUF" in sentence
                (tmp_path / "honest.json").replace(here.repository.metadata / "timestamp.json")
                await until(lambda: here.installed(1))
