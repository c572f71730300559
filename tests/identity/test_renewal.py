"""A device renews its certificate by itself, and keeps the old one until the new one has connected."""

import dataclasses
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from device_runtime.host.identity_folder import DeviceIdentity, IdentityFolder, identity_of
from device_runtime.host.provisioning import load_provisioning
from device_runtime.keys import encode_public_key, key_ring
from device_runtime.sync.agent import Identity, SyncAgent
from device_runtime.sync.certificates import Holder, certification_request, new_key, sign
from device_runtime.sync.identity import IdentityDocument
from device_runtime.sync.identity_messages import IdentityAnswer, RenewRequest, renew_bytes
from device_runtime.sync.renewal import Renewal
from device_runtime.sync.telemetry import TelemetryQueue
from device_runtime.sync.transport import Backoff, MqttTransport
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.home import FleetHome
from firmware_tools.fleet.identity.authority import Authority
from firmware_tools.fleet.identity.certificates import Certificates
from firmware_tools.fleet.identity.office import IdentityOffice
from firmware_tools.fleet.identity.profiles import issue_client
from firmware_tools.fleet.identity.settings import BrokerKind
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.server import RunningFleet, run_fleet
from firmware_tools.sign.keys import load_private_key
from tests.brokers import free_port
from tests.fleet.devices import eventually
from tests.fleet.test_agent import QUICK
from tests.identity.world import make_home, running_broker
from tests.sync.shelf import Shelf
from tests.trust.power import every_cut

pytestmark = pytest.mark.broker
DAY = 86_400
LIFE = 730


def give_identity(home: FleetHome, folder: Path, age: float, device: str = "kitchen") -> IdentityFolder:
    """An identity whose certificate was issued ``age`` days ago, as ``cygnet fleet identity issue`` makes one."""
    authority = Authority(home.directory, "north")
    issuer, key, now = authority.issuer(), new_key(), time.time() - age * DAY
    certificate = issue_client(issuer, Holder("north", "device", device), key.public_key(), now, LIFE)
    database = Database(f"sqlite:///{home.database_file}")
    try:
        with database.transaction() as connection:
            Registry(connection).enroll(device, "", now)
            Certificates(connection).record(certificate, issuer.id, now)
    finally:
        database.close()
    made = IdentityFolder(folder)
    folder.mkdir()
    document = IdentityDocument(
        "north",
        device,
        home.settings().broker.device_url,
        encode_public_key(load_private_key(home.key_file).public_key()),
        "",
        (certificate, issuer.certificate),
        tuple(authority.roots()),
    )
    made.found(document, made.stage(document, key))
    return made


def identity(folder: IdentityFolder) -> DeviceIdentity:
    found = identity_of(load_provisioning(folder.provisioning_file))
    assert found is not None
    return found


@asynccontextmanager
async def agent_of(folder: IdentityFolder, tmp_path: Path, proving: float = 30.0) -> AsyncIterator[MqttTransport]:
    """The device's own agent, which asks at once whether a renewal is due, and again each fifth of a second."""
    told, own = load_provisioning(folder.provisioning_file), identity(folder)
    telemetry = TelemetryQueue(tmp_path / "telemetry.db")
    transport = MqttTransport(told.broker, "cygnet-north-kitchen-x", tls=own.files, backoff=Backoff(0.02, 0.2))
    agent = SyncAgent(
        Identity(told.fleet, told.device, "speaker", "cygnet"),
        key_ring([told.fleet_key]),
        tmp_path / "agent",
        transport,
        Shelf(tmp_path / "shelf"),
        telemetry,
        renewal=Renewal(own, time.time, telemetry.record, every=0.2, soon=0.01, patience=2.0, proving=proving),
        pace=QUICK,
    )
    agent.start()
    try:
        yield transport
    finally:
        await agent.stop()
        telemetry.close()


async def recorded(fleet: RunningFleet, name: str) -> list[object]:
    from firmware_tools.fleet.telemetry import TelemetryQuery

    return list(
        await fleet.service.read(lambda _, telemetry: telemetry.records(TelemetryQuery(name=name, device="kitchen")))
    )


async def until_recorded(fleet: RunningFleet, name: str) -> None:
    with fleet.service.feed.watch() as watcher:
        if await recorded(fleet, name):
            return
        async for _ in watcher.events(15):
            if await recorded(fleet, name):
                return
    raise AssertionError(f"no telemetry record {name}")


@pytest.mark.parametrize("kind", ["mosquitto", "nats"])
async def test_a_device_renews_by_itself_and_goes_on_with_the_new_certificate(kind: BrokerKind, tmp_path: Path) -> None:
    port = free_port()
    home = make_home(tmp_path, port, kind)
    folder = give_identity(home, tmp_path / "kitchen", age=600)
    before = identity(folder).certificate()
    with running_broker(home, kind, port, tmp_path / "broker"):
        async with run_fleet(home) as fleet, agent_of(folder, tmp_path) as transport:
            await until_recorded(fleet, "certificate_renewed")
            after = identity(folder)
            assert transport.shown == after.files
    assert after.certificate().not_valid_after_utc > before.not_valid_after_utc
    assert after.certificate().public_key() != before.public_key()
    assert len(list((tmp_path / "kitchen").iterdir())) == 4, "of the old identity nothing is left"


async def test_a_certificate_that_does_not_connect_is_put_back(tmp_path: Path) -> None:
    """The broker is not told of new certificates here, since fleet.toml does not name it."""
    port = free_port()
    home = make_home(tmp_path, port)
    folder = give_identity(home, tmp_path / "kitchen", age=600)
    before = identity(folder).files
    with running_broker(home, "nats", port, tmp_path / "broker"):
        async with run_fleet(home) as fleet, agent_of(folder, tmp_path, proving=0.5) as transport:
            await until_recorded(fleet, "certificate_refused")
            assert transport.shown == before
    assert identity(folder).files == before


async def test_while_no_renewal_is_due_nothing_changes(tmp_path: Path) -> None:
    port = free_port()
    home = make_home(tmp_path, port)
    folder = give_identity(home, tmp_path / "kitchen", age=100)
    async with run_fleet(home) as fleet:
        answer = await ask(fleet, renewal(folder))
        assert answer.retry_after == DAY
        assert not answer.document


async def test_a_ca_is_rotated_under_a_device_that_is_online(tmp_path: Path) -> None:
    port = free_port()
    home = make_home(tmp_path, port, "mosquitto")
    office = IdentityOffice(home)
    folder = give_identity(home, tmp_path / "kitchen", age=1)
    former = identity(folder).trusted()
    office.rotate(None)
    with running_broker(home, "mosquitto", port, tmp_path / "broker"):
        async with run_fleet(home) as fleet, agent_of(folder, tmp_path):
            assert office.status().of_former_ca == 1
            with pytest.raises(Exception, match="former CA still"):
                office.finish_rotation(force=False)
            await until_recorded(fleet, "certificate_renewed")
    assert office.status().of_former_ca == 0
    assert set(office.finish_rotation(force=False)) == {"server", "fleet", "fleet-telemetry", "claim"}
    assert former[0] not in office.authority.roots()
    with running_broker(home, "mosquitto", port, tmp_path / "broker"):
        async with run_fleet(home) as fleet, agent_of(folder, tmp_path) as transport:
            await eventually(lambda: transport.connected, "the device comes in by the new CA alone")
            await eventually(lambda: "kitchen" in fleet.service._states, "and is heard")


def renewal(folder: IdentityFolder, device: str = "kitchen") -> RenewRequest:
    own = identity(folder)
    csr = certification_request(new_key(), device)
    signature = sign(own.key(), renew_bytes("north", device, csr))
    return RenewRequest("1", csr, f"{own.certificate().serial_number:x}", signature)


async def ask(fleet: RunningFleet, request: RenewRequest, device: str = "kitchen") -> IdentityAnswer:
    assert fleet.service.identities is not None
    return await fleet.service.identities.answer(device, request)


Change = Callable[[RenewRequest], RenewRequest]


CHANGES: dict[str, Change] = {
    "signed with another key": lambda request: dataclasses.replace(request, signature=sign(new_key(), b"x")),
    "no signature": lambda request: dataclasses.replace(request, signature=bytes(70)),
    "an unknown certificate": lambda request: dataclasses.replace(request, serial="ab"),
    "another than was signed": lambda request: dataclasses.replace(request, csr=certification_request(new_key(), "x")),
}


async def test_a_renewal_needs_the_present_key(tmp_path: Path) -> None:
    home = make_home(tmp_path, free_port())
    folder = give_identity(home, tmp_path / "kitchen", age=600)
    async with run_fleet(home) as fleet:
        for what, change in CHANGES.items():
            answer = await ask(fleet, change(renewal(folder)))
            assert answer.error, what
            assert not answer.document


async def test_who_may_not_renew_and_that_a_lost_answer_is_given_again(tmp_path: Path) -> None:
    home = make_home(tmp_path, free_port())
    folder = give_identity(home, tmp_path / "kitchen", age=600)
    expired = give_identity(home, tmp_path / "hall", age=LIFE + 1, device="hall")
    async with run_fleet(home) as fleet:
        assert (await ask(fleet, renewal(expired, "hall"), "hall")).error
        assert (await ask(fleet, renewal(folder, "hall"), "hall")).error  # of another device
        request = renewal(folder)
        first, again = await ask(fleet, request), await ask(fleet, request)
        assert first.document == again.document != b""
        await fleet.service.change(lambda registry: Certificates(registry.connection).bar("kitchen", "", time.time()))
        assert (await ask(fleet, request)).error


def test_the_power_may_go_at_any_step_of_a_renewal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = make_home(tmp_path, 1)
    issuer = Authority(home.directory, "north").issuer()
    for number, cut in enumerate(every_cut(monkeypatch)):
        folder = give_identity(home, tmp_path / f"device{number}", age=1, device=f"device{number}")
        own, key = identity(folder), new_key()
        before = own.certificate()
        holder = Holder("north", "device", f"device{number}")
        certificate = issue_client(issuer, holder, key.public_key(), time.time(), LIFE)
        told = load_provisioning(folder.provisioning_file)
        document = IdentityDocument(
            "north", holder.name, told.broker, "k", "", (certificate, issuer.certificate), (issuer.root,)
        )
        with cut():
            own.stage(document, key)
            own.keep()
        after = identity(folder)  # certificate and key fit, and all three files are there
        assert after.certificate() in (certificate, before)
        folder.tidy()
        assert identity(folder).certificate() == after.certificate()
