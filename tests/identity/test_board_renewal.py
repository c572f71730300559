"""A microcontroller renews its certificate by itself: MicroPython's unix port, brokers that want one of everybody."""

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from sqlalchemy import delete, update

from device_runtime.keys import key_ring
from device_runtime.sync.certificates import holder_of, public_bytes
from device_runtime.sync.envelope import read_signed
from device_runtime.sync.fields import parse_object
from device_runtime.sync.messages import decode_response, encode
from device_runtime.sync.reissue_messages import CertificateAnswer, ReissueRequest
from firmware_tools.fleet.home import FleetHome
from firmware_tools.fleet.identity.authority import Authority
from firmware_tools.fleet.identity.certificates import CertificateRecord, Certificates
from firmware_tools.fleet.identity.office import IdentityOffice
from firmware_tools.fleet.identity.profiles import key_identifier
from firmware_tools.fleet.identity.schema import certificates
from firmware_tools.fleet.identity.settings import BrokerKind
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.schema import devices
from firmware_tools.fleet.server import RunningFleet, run_fleet
from firmware_tools.fleet.telemetry import TelemetryQuery
from firmware_tools.provision.identity import read_identity
from firmware_tools.sign.keys import load_private_key
from tests.brokers import free_port
from tests.identity.test_renewal import DAY, LIFE, give_identity, identity
from tests.identity.world import make_home, running_broker
from tests.micro.sync.board import Board

pytestmark = pytest.mark.broker
AT_ONCE = {"renew_soon": 0, "renew_settle": 0}


def board_of(micropython: str, folder: Path, home: FleetHome, age: float, **pace: int) -> Board:
    """A board that was provisioned with a certificate of this age in days."""
    made = give_identity(home, folder / "identity", age, "pico-1")
    files = read_identity(made.provisioning_file).files("pico-w")
    board = Board(micropython, folder / "board")
    board.provision(json.loads(files.pop("/cygnet/identity.json")), sync=AT_ONCE | pace)
    for name, data in files.items():
        (board.root / name[1:]).write_bytes(data)
    return board


async def issued(fleet: RunningFleet, device: str = "pico-1") -> list[CertificateRecord]:
    """What was issued to a device, newest first."""
    return await fleet.service.read(
        lambda registry, _: Certificates(registry.connection).of("device", device, time.time())
    )


async def revoke(fleet: RunningFleet, serial: str) -> None:
    """Revoke one certificate of a device, and no other."""

    def work(registry: Registry) -> None:
        chosen = update(certificates).where(certificates.c.serial == serial)
        registry.connection.execute(chosen.values(revoked_at=time.time(), reason="a test"))

    await fleet.service.change(work)


async def told_by(fleet: RunningFleet, name: str) -> Mapping[str, object]:
    """The values of a record of the board, once it is stored."""
    query = TelemetryQuery(name=name, device="pico-1")
    with fleet.service.feed.watch() as watcher:
        while True:
            found = await fleet.service.read(lambda _, telemetry: list(telemetry.records(query)))
            if found:
                values: Mapping[str, object] = found[0]["values"]
                return values
            async for event in watcher.events(30):
                assert event is not None, f"no record {name}"
                break


@pytest.mark.parametrize("kind", ["mosquitto", pytest.param("nats", marks=pytest.mark.slow)])
async def test_a_board_renews_by_itself_and_needs_its_former_certificate_no_more(
    kind: BrokerKind, micropython: str, tmp_path: Path
) -> None:
    port = free_port()
    home = make_home(tmp_path, port, kind)
    board = board_of(micropython, tmp_path, home, age=600)
    by_cable = (board.cygnet / "device.der").read_bytes()
    with running_broker(home, kind, port, tmp_path / "broker"):
        async with run_fleet(home) as fleet:
            async with board.powered():
                told = await told_by(fleet, "certificate_renewed")
            newest, oldest = await issued(fleet)
            await revoke(fleet, oldest.serial)
    assert told == {"serial": newest.serial, "not_after": newest.not_after}
    assert newest.not_after > oldest.not_after
    assert board.starts == 1, "a renewal is no start"
    board.log = ""
    with running_broker(home, kind, port, tmp_path / "broker"):
        async with run_fleet(home) as fleet, board.powered():
            await board.says("connected to")
            assert len(await issued(fleet)) == 2
    assert "no connection" not in board.log
    assert (board.cygnet / "device.der").read_bytes() == by_cable


async def test_a_certificate_that_the_broker_refuses_is_put_back_and_the_former_goes_on(
    micropython: str, tmp_path: Path
) -> None:
    """The broker is not told of new certificates here, since fleet.toml does not name it."""
    port = free_port()
    home = make_home(tmp_path, port)
    board = board_of(micropython, tmp_path, home, age=600, renew_proving=1)
    with running_broker(home, "nats", port, tmp_path / "broker"):
        async with run_fleet(home) as fleet, board.powered():
            await board.says("the new certificate was put back")
            assert len(await issued(fleet)) == 2
    assert board.record("certificate.json") is None


def request_of(files: Path | x509.Certificate) -> ReissueRequest:
    certificate = files if isinstance(files, x509.Certificate) else x509.load_der_x509_certificate(files.read_bytes())
    return ReissueRequest("1", f"{certificate.serial_number:x}")


async def ask(fleet: RunningFleet, request: ReissueRequest, device: str = "kitchen") -> CertificateAnswer:
    assert fleet.service.identities is not None
    answer = await fleet.service.identities.reissue(device, request)
    assert decode_response(encode(answer)) == answer
    return answer


def certificate_in(answer: CertificateAnswer, home: FleetHome) -> x509.Certificate:
    """What a device takes from an answer that its fleet signed."""
    key = load_private_key(home.key_file).public_key()
    signed = read_signed(parse_object(answer.envelope, "answer", 8192), key_ring([key]), "answer")
    assert (signed["type"], signed["fleet"], signed["device"]) == ("certificate", "north", "kitchen")
    return x509.load_der_x509_certificate(base64.b64decode(signed["certificate"]))


async def test_the_new_certificate_is_the_devices_and_for_the_same_key_and_a_lost_answer_is_given_again(
    tmp_path: Path,
) -> None:
    home = make_home(tmp_path, free_port())
    before = identity(give_identity(home, tmp_path / "kitchen", age=600)).certificate()
    async with run_fleet(home) as fleet:
        after = certificate_in(await ask(fleet, request_of(before)), home)
        again = certificate_in(await ask(fleet, request_of(before)), home)
        assert len(await issued(fleet, "kitchen")) == 2
        assert (await ask(fleet, request_of(after))).retry_after == DAY
        counted = fleet.service.identities.counters  # type: ignore[union-attr]
        assert counted.renewed == 1
    assert again == after
    assert holder_of(after) == holder_of(before)
    assert after.not_valid_after_utc > before.not_valid_after_utc
    assert isinstance(before.public_key(), EllipticCurvePublicKey)
    assert public_bytes(after.public_key()) == public_bytes(before.public_key())


def forget(registry: Registry, device: str) -> None:
    registry.connection.execute(delete(devices).where(devices.c.id == device))


async def test_who_is_given_no_newer_certificate(tmp_path: Path) -> None:
    home = make_home(tmp_path, free_port())
    ages = {"kitchen": 600, "hall": 600, "attic": LIFE + 1, "cellar": 100, "garage": 600}
    own = {
        device: request_of(identity(give_identity(home, tmp_path / device, age, device)).certificate())
        for device, age in ages.items()
    }
    async with run_fleet(home) as fleet:
        await fleet.service.change(lambda registry: Certificates(registry.connection).bar("hall", "", time.time()))
        await fleet.service.change(lambda registry: forget(registry, "garage"))
        cases = {
            "another's certificate": ("kitchen", own["cellar"]),
            "an unknown one": ("kitchen", ReissueRequest("1", "ab")),
            "a revoked one": ("hall", own["hall"]),
            "an expired one": ("attic", own["attic"]),
            "a device that is enrolled no more": ("garage", own["garage"]),
        }
        for what, (device, request) in cases.items():
            answer = await ask(fleet, request, device)
            assert answer.error, what
            assert not answer.retry_after, what
        assert (await ask(fleet, own["cellar"], "cellar")).retry_after == DAY
        assert [len(await issued(fleet, device)) for device in ages] == [1] * len(ages)


async def test_a_certificate_that_is_good_for_longer_than_a_new_one_would_be_stays(tmp_path: Path) -> None:
    home = make_home(tmp_path, free_port())
    with home.settings_file.open("a") as file:
        file.write("device_days = 30\n")
    before = identity(give_identity(home, tmp_path / "kitchen", age=600)).certificate()
    async with run_fleet(home) as fleet:
        assert (await ask(fleet, request_of(before))).retry_after == DAY


async def test_a_board_gets_a_certificate_of_the_ca_that_it_knows_and_counts_as_one_of_the_former(
    tmp_path: Path,
) -> None:
    home = make_home(tmp_path, free_port(), own_ca=True)
    office = IdentityOffice(home)
    before = identity(give_identity(home, tmp_path / "kitchen", age=600)).certificate()
    former = Authority(home.directory, "north").issuer()
    office.rotate(None)
    async with run_fleet(home) as fleet:
        after = certificate_in(await ask(fleet, request_of(before)), home)
    after.verify_directly_issued_by(former.certificate)
    assert key_identifier(former.certificate) != office.authority.issuer().id
    assert office.status().of_former_ca == 1


async def test_a_board_that_checks_macs_is_given_one(tmp_path: Path) -> None:
    home = make_home(tmp_path, free_port())
    before = identity(give_identity(home, tmp_path / "kitchen", age=600)).certificate()
    async with run_fleet(home) as fleet:
        await fleet.operations.enroll("kitchen", "", mac=True)
        answer = await ask(fleet, replace(request_of(before), id="2"))
    assert [mac["device"] for mac in json.loads(answer.envelope)["macs"]] == ["kitchen"]
