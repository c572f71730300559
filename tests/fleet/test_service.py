"""The fleet's side of the protocol, on a real mosquitto."""

import asyncio
import contextlib
import hashlib
import sqlite3

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from device_runtime.keys import key_ring
from device_runtime.program.package import read_package
from device_runtime.sync.messages import (
    BLOCK_BYTES,
    ContentRequest,
    ProgramReport,
    Reported,
    State,
    TelemetryReceipt,
    decode_reported,
    encode,
)
from firmware_tools.fleet import database as database_module
from firmware_tools.fleet import hearing as hearing_module
from firmware_tools.fleet.documents import device_document
from firmware_tools.fleet.errors import ConflictError, NotFoundError
from firmware_tools.fleet.home import FleetHome
from firmware_tools.fleet.records import Device, Release
from firmware_tools.fleet.server import RunningFleet, run_fleet
from firmware_tools.fleet.telemetry import TelemetryQuery
from firmware_tools.sign.keys import load_private_key
from tests.brokers import Mosquitto
from tests.fleet.devices import connected_device, eventually
from tests.fleet.packages import small_package

pytestmark = pytest.mark.broker
EPOCH = "00112233aabbccdd"


def public_key(home: FleetHome) -> Ed25519PublicKey:
    return load_private_key(home.key_file).public_key()


async def stored(fleet: RunningFleet, device: str) -> list[int]:
    query = TelemetryQuery(device=device, limit=10_000)
    records = await fleet.service.read(lambda _, telemetry: telemetry.records(query))
    return sorted(record["sequence"] for record in records)


async def seen(fleet: RunningFleet, device: str) -> Device:
    return await fleet.service.read(lambda registry, _: registry.device(device))


async def publish_and_assign(fleet: RunningFleet, device: str, code: int = 1) -> Release:
    release, _ = await fleet.operations.publish(small_package(code=code), "lamp.ma")
    await fleet.operations.assign(device, release.app_id, code, launch=True)
    return release


async def test_a_whole_program_reaches_a_device_block_by_block(
    fleet: RunningFleet, home: FleetHome, mosquitto: Mosquitto
) -> None:
    await fleet.operations.enroll("kitchen", "Kitchen speaker")
    release = await publish_and_assign(fleet, "kitchen")
    async with connected_device("north", "kitchen", mosquitto.url) as device:
        desired = await device.newest_desired(public_key(home), 2)
        target = desired.programs[release.app_id]
        data = b""
        while len(data) < target.size:
            request = ContentRequest(f"r{len(data)}", target.sha256, len(data), BLOCK_BYTES)
            data += (await device.ask_block(request)).data
    assert hashlib.sha256(data).hexdigest() == target.sha256
    assert target.launch
    package = read_package(data, "lamp.ma", key_ring([public_key(home)]))
    assert package.manifest.app_id == "org.example.lamp"


@pytest.mark.parametrize(
    ("offset", "length", "sentence"),
    [
        (2**31 - 1, 1, "is outside the content's"),
        (0, None, ""),
    ],
)
async def test_a_block_outside_the_content_is_refused(
    fleet: RunningFleet, mosquitto: Mosquitto, offset: int, length: int | None, sentence: str
) -> None:
    await fleet.operations.enroll("kitchen", "")
    release = await publish_and_assign(fleet, "kitchen")
    async with connected_device("north", "kitchen", mosquitto.url) as device:
        block = await device.ask_block(ContentRequest("r", release.sha256, offset, length or BLOCK_BYTES))
        assert (sentence in block.error) if sentence else not block.error
        beyond = await device.ask_block(ContentRequest("end", release.sha256, release.size, 1))
        assert f"offset {release.size} is outside" in beyond.error
        last = await device.ask_block(ContentRequest("last", release.sha256, release.size - 10, BLOCK_BYTES))
        assert len(last.data) == 10


async def test_content_that_the_fleet_does_not_have_is_refused_in_words(
    fleet: RunningFleet, mosquitto: Mosquitto
) -> None:
    await fleet.operations.enroll("kitchen", "")
    async with connected_device("north", "kitchen", mosquitto.url) as device:
        block = await device.ask_block(ContentRequest("r", "0" * 64, 0, 10))
    assert block.error == "this fleet has no content 0000000000000000…"


async def test_a_batch_that_comes_twice_is_stored_once_and_acknowledged_twice(
    fleet: RunningFleet, mosquitto: Mosquitto
) -> None:
    await fleet.operations.enroll("kitchen", "")
    async with connected_device("north", "kitchen", mosquitto.url) as device:
        await device.send_batch(EPOCH, range(1, 51))
        await device.receipt(EPOCH, 50)
        await device.send_batch(EPOCH, range(1, 51))
        await eventually(lambda: device.responses.count(TelemetryReceipt(EPOCH, 50)) == 2, "the second receipt")
        await device.send_batch(EPOCH, range(40, 61))
        await device.receipt(EPOCH, 60)
    assert await stored(fleet, "kitchen") == list(range(1, 61))


async def test_the_same_sequence_of_another_epoch_or_device_is_another_record(
    fleet: RunningFleet, mosquitto: Mosquitto
) -> None:
    for name in ("kitchen", "car"):
        await fleet.operations.enroll(name, "")
    async with (
        connected_device("north", "kitchen", mosquitto.url) as kitchen,
        connected_device("north", "car", mosquitto.url) as car,
    ):
        await kitchen.send_batch(EPOCH, range(1, 3))
        await kitchen.send_batch("ffffffffffffffff", range(1, 3))
        await car.send_batch(EPOCH, range(1, 3))
        await kitchen.receipt("ffffffffffffffff", 2)
        await car.receipt(EPOCH, 2)
    assert await stored(fleet, "kitchen") == [1, 1, 2, 2]
    assert await stored(fleet, "car") == [1, 2]


async def test_a_device_that_is_not_enrolled_is_refused_counted_and_shown(
    fleet: RunningFleet, mosquitto: Mosquitto
) -> None:
    async with connected_device("north", "intruder", mosquitto.url) as device:
        await device.say_online()
        await device.send_batch(EPOCH, range(1, 10))
        await eventually(lambda: fleet.service.counters.refused == 2, "two refused messages")
        (stranger,) = fleet.service.strangers.all()
        assert (stranger.device, stranger.messages) == ("intruder", 2)
        assert not device.responses
        assert not await stored(fleet, "intruder")
        await fleet.operations.enroll("intruder", "let in after all")
        await device.send_batch(EPOCH, range(1, 10))
        await device.receipt(EPOCH, 9)
    assert not fleet.service.strangers.all()


@pytest.mark.parametrize(
    ("channel", "payload"),
    [
        ("state", b"{"),
        ("state", b'{"status":"asleep","session":1}'),
        ("reported", b'{"session":1}'),
        ("telemetry", b'{"epoch":"00112233aabbccdd","records":[]}'),
        ("telemetry", b"\xff" * 1000),
        ("request", b'{"type":"content","id":"r","sha256":"../../etc/passwd","offset":0,"length":5}'),
    ],
)
async def test_a_malformed_message_is_dropped_and_counted(
    fleet: RunningFleet, mosquitto: Mosquitto, channel: str, payload: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    await fleet.operations.enroll("kitchen", "")
    async with connected_device("north", "kitchen", mosquitto.url) as device:
        for _ in range(3):
            await device.say(channel, payload)  # type: ignore[arg-type]
        await eventually(lambda: fleet.service.counters.malformed.get("kitchen") == 3, "three malformed messages")
        await device.send_batch(EPOCH, range(1, 3))
        await device.receipt(EPOCH, 2)
    dropped = [record for record in caplog.records if "dropped a message of kitchen" in record.getMessage()]
    assert len(dropped) == 1


async def test_presence_follows_the_device_and_its_will(fleet: RunningFleet, mosquitto: Mosquitto) -> None:
    await fleet.operations.enroll("kitchen", "")
    assert (await seen(fleet, "kitchen")).status == "never"
    events: list[str] = []
    async with connected_device("north", "kitchen", mosquitto.url, session=7) as device:
        with fleet.service.feed.watch() as watcher:
            await device.say_online()
            async for event in watcher.events(5):
                assert event is not None
                if event["type"] == "devices":
                    events.append(event["devices"][0]["status"])
                    break
        assert events == ["online"]
        link = device.transport._link
        assert link is not None
        link.abort()  # the broker sees the connection break and publishes the will
        await eventually(lambda: fleet.service._states["kitchen"].status == "lost", "the will arrives")
        await eventually(lambda: device.transport.connected, "the device comes back")
        device.session = 8
        await device.say_online()
        await eventually(lambda: fleet.service._states["kitchen"].session == 8, "the device is back")
    # A late will of the first connection changes nothing.
    async with connected_device("north", "kitchen", mosquitto.url, session=8) as device:
        await device.say_online()
        heard = fleet.service.counters.messages
        await device.say("state", b'{"status":"lost","session":7}')
        await eventually(lambda: fleet.service.counters.messages > heard, "the late will arrives")
        assert fleet.service._states["kitchen"] == State("online", 8)
        await device.say("state", b'{"status":"offline","session":8}')
        await eventually(lambda: fleet.service._states["kitchen"].status == "offline", "the goodbye")
        await device.send_batch(EPOCH, range(1, 2))  # which may have been said before the goodbye
        await device.receipt(EPOCH, 1)
        assert fleet.service._states["kitchen"].status == "offline"
        await device.ask_desired()  # who speaks is there
        await eventually(lambda: fleet.service.is_online("kitchen"), "the request")
        await device.send_batch(EPOCH, range(2, 3))
        await device.receipt(EPOCH, 2)
    assert (await seen(fleet, "kitchen")).status == "online"


async def test_what_a_device_has_is_shown_beside_what_it_should_have(fleet: RunningFleet, mosquitto: Mosquitto) -> None:
    await fleet.operations.enroll("kitchen", "")
    release = await publish_and_assign(fleet, "kitchen")
    half = ProgramReport(1, "1.1.0", "downloading", received=release.size // 2, size=release.size)
    async with connected_device("north", "kitchen", mosquitto.url) as device:
        await device.report(Reported(1, 2, "speaker", "cygnet 0.1", {release.app_id: half}))
        await device.send_batch(EPOCH, range(1, 2))
        await device.receipt(EPOCH, 1)
    (program,) = device_document(await seen(fleet, "kitchen"))["programs"]
    assert program["step"] == "downloading"
    assert program["should"] is not None
    assert program["has"] is not None
    assert program["should"].version_code == program["has"].version_code == 1
    assert program["has"].received == release.size // 2


async def test_the_desired_version_only_rises_even_past_what_a_restored_database_knows(
    fleet: RunningFleet, home: FleetHome, mosquitto: Mosquitto
) -> None:
    await fleet.operations.enroll("kitchen", "")
    async with connected_device("north", "kitchen", mosquitto.url) as device:
        await device.ask_desired(have=41)
        assert (await device.newest_desired(public_key(home), 42)).version == 42
        await publish_and_assign(fleet, "kitchen")
        assert (await device.newest_desired(public_key(home), 43)).version == 43
        await fleet.operations.assign("kitchen", "org.example.lamp", 1, launch=True)  # as it is already
        await fleet.operations.unassign("kitchen", "org.example.lamp")
        last = await device.newest_desired(public_key(home), 44)
        assert (last.version, dict(last.programs)) == (44, {})


async def test_a_killed_broker_gets_every_retained_document_again(
    fleet: RunningFleet, home: FleetHome, mosquitto: Mosquitto
) -> None:
    names = [f"device-{number}" for number in range(20)]
    for name in names:
        await fleet.operations.enroll(name, "")
    await publish_and_assign(fleet, names[3])
    mosquitto.kill()
    await eventually(lambda: fleet.service.connected_at is None, "the fleet notices")
    await publish_and_assign(fleet, names[4])  # while the broker is away
    mosquitto.start_again()
    await eventually(lambda: fleet.service.connected_at is not None, "the fleet is back")
    for name, version in ((names[3], 2), (names[4], 2), (names[19], 1)):
        async with connected_device("north", name, mosquitto.url) as device:
            desired = await device.newest_desired(public_key(home), version)
            assert desired.version == version


async def test_devices_that_died_with_the_broker_are_found_to_be_lost(home: FleetHome, mosquitto: Mosquitto) -> None:
    async with run_fleet(home, lost_after=0.2) as fleet:
        await eventually(lambda: fleet.service.connected_at is not None, "the fleet connects")
        await fleet.operations.enroll("kitchen", "")
        async with connected_device("north", "kitchen", mosquitto.url) as device:
            await device.say_online()
            await eventually(lambda: "kitchen" in fleet.service._states, "the device is heard")
            mosquitto.kill()
        mosquitto.start_again()
        await eventually(lambda: fleet.service._states["kitchen"].status == "lost", "it is found to be lost")
        assert (await seen(fleet, "kitchen")).status == "lost"


async def test_a_version_cannot_be_published_with_other_bytes(fleet: RunningFleet) -> None:
    first, new = await fleet.operations.publish(small_package(), "lamp.ma")
    assert new
    assert await fleet.operations.publish(small_package(), "lamp.ma") == (first, False)
    with pytest.raises(ConflictError, match=r"raise version\.code in its cygnet\.json"):
        await fleet.operations.publish(small_package(size=10), "lamp.ma")
    _, new = await fleet.operations.publish(small_package(code=2, size=10), "lamp.ma")
    assert new
    await fleet.operations.enroll("kitchen", "")
    assert (await fleet.operations.assign("kitchen", first.app_id, None, launch=False)).version_code == 2
    with pytest.raises(NotFoundError, match="version 3 is not published"):
        await fleet.operations.assign("kitchen", first.app_id, 3, launch=False)
    with pytest.raises(NotFoundError, match="device cellar is not enrolled"):
        await fleet.operations.assign("cellar", first.app_id, None, launch=False)


async def test_two_services_cannot_serve_one_home(fleet: RunningFleet, home: FleetHome) -> None:
    with pytest.raises(Exception, match="is served already by another process"):
        async with run_fleet(home):
            pass


async def test_a_locked_database_withholds_receipts_until_it_is_free(
    home: FleetHome, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "_BUSY_MILLISECONDS", 50)
    async with run_fleet(home) as fleet:
        await eventually(lambda: fleet.service.connected_at is not None, "the fleet connects")
        await fleet.operations.enroll("kitchen", "")
        async with connected_device("north", "kitchen", mosquitto.url) as device:
            with contextlib.closing(sqlite3.connect(home.database_file)) as other:
                other.execute("BEGIN IMMEDIATE")
                await device.say_online()
                await device.send_batch(EPOCH, range(1, 4))
                await eventually(lambda: "another process holds it locked" in fleet.service.trouble, "the trouble")
                assert not device.responses
                other.rollback()
            await eventually(lambda: fleet.service.trouble == "", "the end of the trouble")
            assert (await seen(fleet, "kitchen")).status == "online", "what was said meanwhile is not forgotten"
            await device.send_batch(EPOCH, range(1, 4))
            await device.receipt(EPOCH, 3)


async def test_a_flood_is_stored_and_the_service_still_answers(fleet: RunningFleet, mosquitto: Mosquitto) -> None:
    release, _ = await fleet.operations.publish(small_package(), "lamp.ma")
    names = [f"device-{number}" for number in range(8)]
    for name in names:
        await fleet.operations.enroll(name, "")

    async def flood(name: str) -> None:
        async with connected_device("north", name, mosquitto.url) as device:
            for first in range(1, 401, 2):
                await device.send_batch(EPOCH, range(first, first + 2))
                if first % 40 == 1:
                    await device.report_nothing()
            await device.receipt(EPOCH, 400)
            block = await device.ask_block(ContentRequest("r", release.sha256, 0, BLOCK_BYTES))
            assert len(block.data) == BLOCK_BYTES

    await asyncio.gather(*(flood(name) for name in names))
    for name in names:
        assert await stored(fleet, name) == list(range(1, 401))
    assert fleet.service.counters.dropped == 0


async def test_a_device_that_comes_back_with_its_broker_is_told_once_what_it_holds_already(
    fleet: RunningFleet, home: FleetHome, mosquitto: Mosquitto
) -> None:
    await fleet.operations.enroll("kitchen", "")
    await publish_and_assign(fleet, "kitchen")
    async with connected_device("north", "kitchen", mosquitto.url) as device:
        held = await device.newest_desired(public_key(home), 2)
        mosquitto.kill()
        await eventually(lambda: not fleet.service.connected_at, "the fleet has lost the broker")
        device.desired.clear()
        mosquitto.start_again()
        await eventually(lambda: len(device.desired) == 1, "everything is published when the broker is back")
        await device.ask_desired(held.version)
        release, _ = await fleet.operations.publish(small_package(app_id="org.example.other"), "other.ma")
        await device.ask_block(ContentRequest("r", release.sha256, 0, 10))
        await device.ask_desired(held.version)
        await eventually(lambda: len(device.desired) == 2, "who asks once more is told")
    assert len(device.desired) == 2


async def test_a_report_that_says_the_same_again_is_only_a_sign_of_life_until_the_device_is_enrolled_anew(
    fleet: RunningFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[bytes] = []

    def decode(payload: bytes) -> Reported:
        read.append(payload)
        return decode_reported(payload)

    monkeypatch.setattr(hearing_module, "decode_reported", decode)
    await fleet.operations.enroll("kitchen", "")
    name, first, other = "cygnet/1/north/kitchen/reported", report_of("speaker"), report_of("head unit")
    for payload in (first, first, other, first):
        fleet.service.on_message(name, payload, False)
    assert read == [first, other, first]
    assert fleet.service.is_online("kitchen")
    fleet.service.on_message("cygnet/1/north/kitchen/state", encode(State("lost", 1)), False)
    fleet.service.on_message(name, first, False)
    assert fleet.service.is_online("kitchen"), "it is there, whatever it says"
    assert read == [first, other, first]
    await fleet.operations.enroll("kitchen", "Kitchen")
    fleet.service.on_message(name, first, False)
    assert read == [first, other, first, first]
    monkeypatch.setattr(hearing_module, "SAME_SECONDS", 0.0)
    fleet.service.on_message(name, first, False)
    assert read[4:] == [first], "later it is read again: the database may have lost it"
    monkeypatch.setattr(hearing_module, "SAME_SECONDS", 1e9)
    fleet.service.hearing.read_anew()
    fleet.service.on_message(name, first, False)
    assert read[5:] == [first]


async def test_an_empty_report_is_no_sign_of_life(fleet: RunningFleet) -> None:
    await fleet.operations.enroll("kitchen", "")
    fleet.service.on_message("cygnet/1/north/kitchen/reported", b"", False)
    assert not fleet.service.is_online("kitchen")
    assert fleet.service.counters.malformed == {"kitchen": 1}


def report_of(board: str) -> bytes:
    return encode(Reported(1, 1, board, "cygnet", {}))
