"""One device and its fleet over a real broker, in good weather and bad."""

import asyncio
import dataclasses
import json
import logging
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.sync.agent import Identity, SyncAgent
from device_runtime.sync.messages import ContentBlock, Desired, State, sign_desired, topic
from device_runtime.sync.pace import Pace
from device_runtime.sync.telemetry import TelemetryQueue
from device_runtime.sync.transport import Backoff, MqttTransport
from tests.brokers import Mosquitto, running_mosquitto
from tests.sync.amqtt_broker import running_amqtt
from tests.sync.fleet_end import DEVICE, FLEET, KEY, TRUSTED, FleetEnd, running_fleet, target_of
from tests.sync.model_shelf import ModelShelf
from tests.sync.recorder import record_until_killed
from tests.sync.shelf import Shelf
from tests.sync.waiting import until

pytestmark = pytest.mark.broker
PACE = Pace(
    report=0.01,
    watch=0.05,
    ask=1.0,  # for when the fleet's end finds the broker later than the device
    batch=0.02,
    receipt=0.5,
    resend=Backoff(0.01, 0.1),
    retry=Backoff(0.05, 0.1),
)
BLOCK = 4096


@dataclasses.dataclass
class Kiosk:
    """A device under test."""

    agent: SyncAgent
    shelf: Shelf
    telemetry: TelemetryQueue
    transport: MqttTransport
    settings: list[Any]


@asynccontextmanager
async def kiosk(
    url: str, folder: Path, shelf: Shelf | None = None, models: ModelShelf | None = None, **content: Any
) -> AsyncIterator[Kiosk]:
    shelf = shelf or Shelf(folder / "shelf")
    telemetry = TelemetryQueue(folder / "telemetry.db")
    transport = MqttTransport(url, f"{FLEET}-{DEVICE}", backoff=Backoff(0.01, 0.05))
    settings: list[Any] = []
    agent = SyncAgent(
        Identity(FLEET, DEVICE, "speaker", "0.1.0"),
        TRUSTED,
        folder / "sync",
        transport,
        shelf,
        telemetry,
        models=models,
        on_settings=settings.append,
        pace=PACE,
        content_options={"block_bytes": BLOCK, "patience": 0.5} | content,
    )
    agent.start()
    try:
        yield Kiosk(agent, shelf, telemetry, transport, settings)
    finally:
        await agent.stop()
        telemetry.close()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with running_mosquitto(tmp_path / "broker") as running:
        yield running


@pytest.fixture
async def fleet(broker: Mosquitto) -> AsyncIterator[FleetEnd]:
    async with running_fleet(broker.url) as running:
        await running.transport.online()
        yield running


def package(size: int) -> bytes:
    return os.urandom(size)


async def test_a_desired_program_is_downloaded_installed_launched_and_reported(
    broker: Mosquitto, fleet: FleetEnd, tmp_path: Path
) -> None:
    data = fleet.add(package(10 * BLOCK + 17))
    async with kiosk(broker.url, tmp_path) as device:
        await fleet.desire({"weather": target_of(data, 3, launch=True)}, settings={"volume": 4})
        await until(lambda: fleet.phase("weather") == "running")
        assert device.shelf.bytes_of("weather") == data
        assert device.settings == [{"volume": 4}]
        assert fleet.bytes_asked() == len(data), "each byte is asked for once"
        report = fleet.reported[-1]
        assert (report.desired_version, report.board, report.runtime) == (1, "speaker", "0.1.0")
        assert report.session == fleet.states[-1].session
        assert report.programs["weather"].version_code == 3
        assert list((tmp_path / "sync" / "content").iterdir()) == [], "what is installed is not kept twice"
    await until(lambda: fleet.states[-1].status == "offline")


async def test_a_broker_of_mqtt_3_1_1_only_is_enough(tmp_path: Path) -> None:
    async with running_amqtt() as url, running_fleet(url) as fleet, kiosk(url, tmp_path) as device:
        await fleet.transport.online()
        data = fleet.add(package(10 * BLOCK))
        await fleet.desire({"weather": target_of(data, launch=True)})
        device.telemetry.record("app", "tap", {})
        await until(lambda: fleet.phase("weather") == "running" and "tap" in fleet.names())
        assert device.shelf.bytes_of("weather") == data


async def test_progress_is_reported_while_a_package_comes(broker: Mosquitto, fleet: FleetEnd, tmp_path: Path) -> None:
    data = fleet.add(package(8 * BLOCK))
    released = asyncio.Event()
    fleet.alter = lambda block: block if block.offset < 3 * BLOCK or released.is_set() else None
    async with kiosk(broker.url, tmp_path):
        await fleet.desire({"weather": target_of(data)})
        await until(lambda: fleet.phase("weather") == "downloading" and fleet.reported[-1].programs["weather"].received)
        await until(lambda: fleet.reported[-1].programs["weather"].received == 3 * BLOCK)
        assert fleet.reported[-1].programs["weather"].size == len(data)
        released.set()
        await until(lambda: fleet.phase("weather") == "installed")


async def test_a_device_that_vanishes_is_called_lost_with_its_session(
    broker: Mosquitto, fleet: FleetEnd, tmp_path: Path
) -> None:
    async with kiosk(broker.url, tmp_path) as device:
        await until(lambda: fleet.states)
        first = fleet.states[-1].session
        device.transport._link.abort()  # type: ignore[union-attr]
        await until(lambda: len(fleet.states) >= 3)
        assert fleet.states[0] == State("online", first)
        assert State("lost", first) in fleet.states
        await until(lambda: fleet.states[-1].status == "online")
        assert fleet.states[-1].session > first


async def test_sessions_rise_across_restarts(broker: Mosquitto, fleet: FleetEnd, tmp_path: Path) -> None:
    for start in range(3):
        async with kiosk(broker.url, tmp_path):
            await until(lambda start=start: [state.status for state in fleet.states].count("online") == start + 1)  # type: ignore[misc]
    sessions = [state.session for state in fleet.states if state.status == "online"]
    assert sessions == sorted(set(sessions))


async def test_a_device_that_starts_before_its_broker_gets_what_it_should_have(
    broker: Mosquitto, tmp_path: Path
) -> None:
    broker.kill()
    async with kiosk(broker.url, tmp_path) as device, running_fleet(broker.url) as fleet:
        device.telemetry.record("test", "before", {})
        await until(lambda: device.transport.trouble)
        broker.start_again()
        await fleet.transport.online()
        await fleet.desire({"weather": target_of(fleet.add(package(100)))})
        await until(lambda: fleet.phase("weather") == "installed")
        await until(lambda: "before" in fleet.names())


async def test_a_download_goes_on_where_it_was_when_the_broker_is_killed(
    broker: Mosquitto, fleet: FleetEnd, tmp_path: Path
) -> None:
    data = fleet.add(package(40 * BLOCK))
    target = target_of(data)
    part = tmp_path / "sync" / "content" / f"{target.sha256}.part"
    held = asyncio.Event()
    fleet.alter = lambda block: block if block.offset < 20 * BLOCK or held.is_set() else None
    async with kiosk(broker.url, tmp_path, patience=2.0) as device:
        await fleet.desire({"weather": target})
        await until(lambda: part.exists() and part.stat().st_size == 20 * BLOCK)
        broker.kill()
        await until(lambda: not device.transport.connected)
        held.set()
        seen = len(fleet.requests)
        broker.start_again()
        await until(lambda: fleet.phase("weather") == "installed")
        assert device.shelf.bytes_of("weather") == data
    assert min(request.offset for request in fleet.requests[seen:]) == 20 * BLOCK, "what has arrived stays"
    assert fleet.bytes_asked() <= len(data) + 4 * BLOCK, "only what was on its way is asked for again"


async def test_a_download_goes_on_where_it_was_after_a_restart_of_the_device(
    broker: Mosquitto, fleet: FleetEnd, tmp_path: Path
) -> None:
    data = fleet.add(package(20 * BLOCK))
    target = target_of(data)
    part = tmp_path / "sync" / "content" / f"{target.sha256}.part"
    fleet.alter = lambda block: block if block.offset < 10 * BLOCK else None
    async with kiosk(broker.url, tmp_path):
        await fleet.desire({"weather": target})
        await until(lambda: part.exists() and part.stat().st_size == 10 * BLOCK)
    fleet.alter = lambda block: block
    seen = len(fleet.requests)
    async with kiosk(broker.url, tmp_path) as device:
        await until(lambda: fleet.phase("weather") == "installed")
        assert device.shelf.bytes_of("weather") == data
    assert min(request.offset for request in fleet.requests[seen:]) == 10 * BLOCK


async def test_a_restarted_device_follows_what_it_knew_without_any_broker(
    broker: Mosquitto, fleet: FleetEnd, tmp_path: Path
) -> None:
    async with kiosk(broker.url, tmp_path) as device:
        await fleet.desire({"weather": target_of(fleet.add(package(50)))}, settings={"a": 1})
        await until(lambda: fleet.phase("weather") == "installed")
        shelf = device.shelf
    broker.kill()
    shelf._programs["stray"] = shelf._programs["weather"]
    (tmp_path / "shelf" / "stray").touch()
    async with kiosk(broker.url, tmp_path, shelf) as device:
        assert device.settings == [{"a": 1}]
        await until(lambda: set(shelf.installed()) == {"weather"})


async def test_lost_answers_are_asked_for_again(broker: Mosquitto, fleet: FleetEnd, tmp_path: Path) -> None:
    data = fleet.add(package(10 * BLOCK))
    lost: set[int] = set()

    def lose_each_once(block: ContentBlock) -> ContentBlock | None:
        if block.offset % (2 * BLOCK) or block.offset in lost:
            return block
        lost.add(block.offset)
        return None

    fleet.alter = lose_each_once
    async with kiosk(broker.url, tmp_path, patience=0.1) as device:
        await fleet.desire({"weather": target_of(data)})
        await until(lambda: fleet.phase("weather") == "installed")
        assert device.shelf.bytes_of("weather") == data
    assert len(lost) == 5


async def test_what_the_broker_forgot_is_asked_for_and_said_again(
    broker: Mosquitto, fleet: FleetEnd, tmp_path: Path
) -> None:
    async with kiosk(broker.url, tmp_path) as device:
        await fleet.desire({"weather": target_of(fleet.add(package(100)))})
        await until(lambda: fleet.phase("weather") == "installed")
        asked, reports = fleet.asked_for_desired, len(fleet.reported)
        broker.kill()  # with every retained message
        await until(lambda: not device.transport.connected)
        broker.start_again()
        await until(lambda: fleet.asked_for_desired > asked and len(fleet.reported) > reports)
        assert fleet.phase("weather") == "installed"
    newcomer: list[tuple[str, bytes, bool]] = []
    async with running_fleet(broker.url) as second:
        second.on_message = lambda *message: newcomer.append(message)  # type: ignore[method-assign]
        await until(lambda: any(name.endswith("reported") and retained for name, _, retained in newcomer))


async def test_a_device_to_which_the_fleet_says_again_what_it_said_reports_again(
    broker: Mosquitto, fleet: FleetEnd, tmp_path: Path
) -> None:
    async with kiosk(broker.url, tmp_path):
        await fleet.desire({"weather": target_of(fleet.add(package(100)))})
        await until(lambda: fleet.phase("weather") == "installed")
        for _ in range(3):
            reports = len(fleet.reported)
            await fleet.say_desired(fleet.payload)
            await until(lambda before=reports: len(fleet.reported) > before)  # type: ignore[misc]
        assert fleet.reported[-1].desired_version == fleet.version


OTHER_KEY = Ed25519PrivateKey.from_private_bytes(b"\x08" * 32)


def tampered(payload: bytes) -> bytes:
    document = json.loads(payload)
    document["signed"]["programs"] = {}
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("forge", "reason"),
    [
        (lambda good: tampered(sign_desired(dataclasses.replace(good, version=9), KEY)), "altered"),
        (lambda good: sign_desired(dataclasses.replace(good, version=9, programs={}), OTHER_KEY), "does not trust"),
        (
            lambda good: sign_desired(dataclasses.replace(good, version=9, programs={}, device="kiosk-2"), KEY),
            "meant for device kiosk-2",
        ),
        (lambda good: sign_desired(dataclasses.replace(good, version=9, programs={}, fleet="x"), KEY), "of fleet x"),
        (lambda good: sign_desired(dataclasses.replace(good, version=4, programs={}), KEY), "older than version 5"),
        (lambda good: sign_desired(dataclasses.replace(good, programs={}), KEY), "a second time with other content"),
        (lambda _: b"\xff\x00 not JSON", "not JSON"),
    ],
    ids=["tampered", "unknown key", "other device", "other fleet", "rollback", "same version", "garbage"],
)
async def test_a_desired_document_that_is_not_right_changes_nothing_and_is_told(
    broker: Mosquitto, fleet: FleetEnd, tmp_path: Path, caplog: pytest.LogCaptureFixture, forge: Any, reason: str
) -> None:
    async with kiosk(broker.url, tmp_path) as device:
        good = await fleet.desire({"weather": target_of(fleet.add(package(50)))}, version=5)
        await until(lambda: fleet.phase("weather") == "installed")
        for _ in range(3):
            await fleet.say_desired(forge(good), retain=False)
        await until(lambda: "desired_refused" in fleet.names())
        newer = fleet.add(package(60))
        await fleet.desire({"weather": target_of(newer, 2)}, version=10)
        await until(lambda: fleet.reported[-1].programs["weather"].version_code == 2)
        await until(lambda: fleet.phase("weather") == "installed")
        assert device.shelf.installs == ["weather", "weather"], "it was never removed in between"
    assert fleet.names().count("desired_refused") == 1, "a refusal that repeats itself is told once"
    refusals = [record for record in fleet.records.values() if record.name == "desired_refused"]
    assert reason in str(refusals[0].values["reason"])
    assert caplog.text.count(reason) == 1


async def test_a_device_that_may_not_publish_under_its_id_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with running_mosquitto(tmp_path / "broker", rights="topic read #\n") as broker:
        async with kiosk(broker.url, tmp_path) as device:
            await until(lambda: "refuses a message" in caplog.text)
            await until(lambda: device.telemetry.pending() > 0)
    state = topic(FLEET, DEVICE, "state")
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len([line for line in warnings if f"{state} (Not authorized): check what its user may do" in line]) == 1


async def test_a_rollback_is_refused_after_a_restart_too(broker: Mosquitto, fleet: FleetEnd, tmp_path: Path) -> None:
    async with kiosk(broker.url, tmp_path):
        await fleet.desire({}, version=5)
        await until(lambda: fleet.reported and fleet.reported[-1].desired_version == 5)
    (tmp_path / "sync" / "desired.json").unlink()
    async with kiosk(broker.url, tmp_path):
        old = Desired(FLEET, DEVICE, 4, 1, {})
        await fleet.say_desired(sign_desired(old, KEY))
        await until(lambda: "desired_refused" in fleet.names())
        assert fleet.reported[-1].desired_version != 4


async def test_a_desired_file_that_was_changed_on_the_disk_is_not_followed(
    broker: Mosquitto, fleet: FleetEnd, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with kiosk(broker.url, tmp_path) as device:
        await fleet.desire({"weather": target_of(fleet.add(package(50)))})
        await until(lambda: fleet.phase("weather") == "installed")
        shelf = device.shelf
    broker.kill()
    file = tmp_path / "sync" / "desired.json"
    file.write_bytes(tampered(file.read_bytes()))
    async with kiosk(broker.url, tmp_path, shelf) as device:
        await until(lambda: device.transport.trouble)
        assert set(shelf.installed()) == {"weather"}
    assert "is not followed" in caplog.text


async def test_altered_content_is_deleted_told_and_fetched_again(
    broker: Mosquitto, fleet: FleetEnd, tmp_path: Path
) -> None:
    data = fleet.add(package(5 * BLOCK))

    def flip(block: ContentBlock) -> ContentBlock:
        return dataclasses.replace(block, data=bytes([block.data[0] ^ 1]) + block.data[1:])

    fleet.alter = flip
    async with kiosk(broker.url, tmp_path) as device:
        await fleet.desire({"weather": target_of(data)})
        await until(lambda: fleet.phase("weather") == "failed")
        failed = [report for report in fleet.reported if "weather" in report.programs]
        assert any("not the content" in report.programs["weather"].error for report in failed)
        assert device.shelf.installs == []
        fleet.alter = lambda block: block
        await until(lambda: fleet.phase("weather") == "installed")
        assert device.shelf.bytes_of("weather") == data


async def test_one_program_that_fails_does_not_hold_up_the_others(
    broker: Mosquitto, fleet: FleetEnd, tmp_path: Path
) -> None:
    good, missing, bad = fleet.add(package(50)), package(60), fleet.add(package(70))
    shelf = Shelf(tmp_path / "shelf")
    shelf.refuse["bad"] = "the package is signed by nobody\nwho is known"
    async with kiosk(broker.url, tmp_path, shelf):
        await fleet.desire({"bad": target_of(bad), "missing": target_of(missing), "good": target_of(good)})
        await until(lambda: fleet.phase("good") == "installed")
        await until(lambda: fleet.phase("missing") == fleet.phase("bad") == "failed")
        programs = fleet.reported[-1].programs
        assert programs["bad"].error == "the package is signed by nobody who is known"
        assert "there is no such content" in programs["missing"].error
        asked = len([request for request in fleet.requests if request.sha256 == target_of(bad).sha256])
        del shelf.refuse["bad"]
        fleet.add(missing)
        await until(lambda: fleet.phase("bad") == fleet.phase("missing") == "installed")
        assert asked == 1, "verified content is not fetched again for another try"


async def test_a_program_that_is_no_longer_desired_is_removed(
    broker: Mosquitto, fleet: FleetEnd, tmp_path: Path
) -> None:
    first, second = fleet.add(package(50)), fleet.add(package(60))
    async with kiosk(broker.url, tmp_path) as device:
        await fleet.desire({"a": target_of(first), "b": target_of(second)})
        await until(lambda: fleet.phase("a") == fleet.phase("b") == "installed")
        await fleet.desire({"b": target_of(second)})
        await until(lambda: set(fleet.reported[-1].programs) == {"b"})
        assert set(device.shelf.installed()) == {"b"}


async def test_a_newer_wish_breaks_off_a_download(broker: Mosquitto, fleet: FleetEnd, tmp_path: Path) -> None:
    old, new = fleet.add(package(20 * BLOCK)), fleet.add(package(50))
    fleet.alter = lambda block: None if block.size == len(old) else block
    async with kiosk(broker.url, tmp_path, patience=60.0) as device:
        await fleet.desire({"weather": target_of(old)})
        await until(lambda: fleet.requests)
        await fleet.desire({"weather": target_of(new, 2)})
        await until(lambda: fleet.phase("weather") == "installed")
        assert device.shelf.bytes_of("weather") == new
        await until(lambda: list((tmp_path / "sync" / "content").iterdir()) == [])


async def test_a_program_is_launched_once_for_each_version(broker: Mosquitto, fleet: FleetEnd, tmp_path: Path) -> None:
    first, second = fleet.add(package(50)), fleet.add(package(60))
    shelf = Shelf(tmp_path / "shelf")
    async with kiosk(broker.url, tmp_path, shelf):
        await fleet.desire({"a": target_of(first, launch=True)})
        await until(lambda: fleet.phase("a") == "running")
        await fleet.desire({"a": target_of(first, launch=True)})
        await until(lambda: fleet.reported[-1].desired_version == 2)
    async with kiosk(broker.url, tmp_path, shelf):
        await fleet.desire({"a": target_of(second, 2, launch=True)})
        await until(lambda: shelf.launches == ["a", "a"])


async def test_after_a_restart_a_launched_program_runs_again_but_takes_nobodys_screen(
    broker: Mosquitto, fleet: FleetEnd, tmp_path: Path
) -> None:
    shelf = Shelf(tmp_path / "shelf")
    async with kiosk(broker.url, tmp_path, shelf):
        await fleet.desire({"a": target_of(fleet.add(package(50)), launch=True)})
        await until(lambda: fleet.phase("a") == "running")
    shelf.up = []
    async with kiosk(broker.url, tmp_path, shelf):
        await until(lambda: shelf.up == ["a"])
    assert shelf.launches == ["a"]


async def test_after_a_restart_the_version_before_runs_while_another_cannot_come(
    broker: Mosquitto, fleet: FleetEnd, tmp_path: Path
) -> None:
    async with kiosk(broker.url, tmp_path) as device:
        await fleet.desire({"weather": target_of(fleet.add(package(100)), 1, launch=True)})
        await until(lambda: fleet.phase("weather") == "running")
        await fleet.desire({"weather": target_of(package(100), 2, launch=True)})
        await until(lambda: fleet.phase("weather") == "failed")
        assert fleet.reported[-1].programs["weather"].cause == "unreachable"
    device.shelf.up.clear()
    async with kiosk(broker.url, tmp_path, device.shelf):
        await until(lambda: device.shelf.up == ["weather"])
        assert device.shelf.installed()["weather"].version_code == 1


async def test_a_program_that_was_closed_is_reported_without_being_told(
    broker: Mosquitto, fleet: FleetEnd, tmp_path: Path
) -> None:
    async with kiosk(broker.url, tmp_path) as device:
        await fleet.desire({"a": target_of(fleet.add(package(50)), launch=True)})
        await until(lambda: fleet.phase("a") == "running")
        device.shelf.up = []
        await until(lambda: fleet.phase("a") == "installed")


async def test_a_full_disk_is_told_before_anything_is_fetched(
    broker: Mosquitto, fleet: FleetEnd, tmp_path: Path
) -> None:
    async with kiosk(broker.url, tmp_path, reserve=2**60):
        await fleet.desire({"weather": target_of(fleet.add(package(50)))})
        await until(lambda: fleet.phase("weather") == "failed")
        assert "free some space" in fleet.reported[-1].programs["weather"].error
    assert fleet.requests == []


async def test_telemetry_without_a_receipt_is_sent_until_it_has_one(
    broker: Mosquitto, fleet: FleetEnd, tmp_path: Path
) -> None:
    fleet.deaf_to_telemetry = True
    async with kiosk(broker.url, tmp_path) as device:
        for number in range(1200):
            device.telemetry.record("app", "tap", {"n": number})
        await device.transport.online()
        broker.kill()
        await until(lambda: not device.transport.connected)
        broker.start_again()
        await device.transport.online()
        fleet.deaf_to_telemetry = False
        await until(lambda: device.telemetry.pending() == 0)
    taps = [record.values["n"] for _, record in sorted(fleet.records.items()) if record.name == "tap"]
    assert taps == list(range(1200))


async def test_telemetry_survives_kill_9_and_reaches_the_fleet_once(
    broker: Mosquitto, fleet: FleetEnd, tmp_path: Path
) -> None:
    accepted = await asyncio.to_thread(record_until_killed, tmp_path / "telemetry.db")
    fleet.deaf_to_telemetry = True
    async with kiosk(broker.url, tmp_path) as device:
        await device.transport.online()
    fleet.deaf_to_telemetry = False
    async with kiosk(broker.url, tmp_path) as device:
        await until(lambda: device.telemetry.pending() == 0)
    counts = [record.values["n"] for _, record in sorted(fleet.records.items()) if record.name == "count"]
    assert len(counts) >= accepted
    assert counts == list(range(len(counts)))


async def test_receipts_for_what_was_never_sent_forget_nothing(
    broker: Mosquitto, fleet: FleetEnd, tmp_path: Path
) -> None:
    fleet.deaf_to_telemetry = True
    async with kiosk(broker.url, tmp_path) as device:
        await device.transport.online()
        head = f'{{"type":"telemetry","epoch":"{device.telemetry.epoch}","sequence":9007199254740991}}\n'
        await fleet.transport.publish(topic(FLEET, DEVICE, "response"), head.encode())
        await fleet.transport.publish(topic(FLEET, DEVICE, "response"), b"garbage")
        device.telemetry.record("app", "after", {})
        await until(lambda: device.telemetry.pending() >= 2)  # "after", and the refusal of the garbage
        fleet.deaf_to_telemetry = False
        await until(lambda: {"after", "response_refused"} <= set(fleet.names()))


async def test_a_stopped_agent_leaves_no_task_behind(
    broker: Mosquitto, fleet: FleetEnd, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = asyncio.all_tasks()
    async with kiosk(broker.url, tmp_path):
        await until(lambda: fleet.reported)
    assert asyncio.all_tasks() - before == set()
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
