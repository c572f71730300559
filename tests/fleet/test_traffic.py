"""Bytes that devices send and receive: counted once, whoever hears them, and kept by day."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, insert, inspect, select

from device_runtime.sync.messages import (
    Channel,
    ContentRequest,
    Reported,
    State,
    TelemetryBatch,
    TelemetryRecord,
    encode,
    topic,
)
from firmware_tools.cli.fleet_traffic import traffic_lines
from firmware_tools.fleet.client import FleetClient
from firmware_tools.fleet.content import ContentStore
from firmware_tools.fleet.content_worker import run_content_worker
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.errors import FleetError, StorageError
from firmware_tools.fleet.events.retention import FOR_EVER, Retention, prune_some
from firmware_tools.fleet.home import FleetHome
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.server import RunningFleet, run_fleet
from firmware_tools.fleet.service import FleetService
from firmware_tools.fleet.team import Alone
from firmware_tools.fleet.traffic import store
from firmware_tools.fleet.traffic.counting import Sums
from firmware_tools.fleet.traffic.keeping import TrafficKeeper
from firmware_tools.fleet.traffic.schema import traffic
from tests.brokers import Mosquitto
from tests.fleet.devices import DEADLINE, PlainDevice, connected_device, eventually

EPOCH = "00112233aabbccdd"
DATA = bytes(range(256)) * 40
DAY = 86_400


def size(channel: Channel, payload: bytes, device: str = "kitchen") -> int:
    return len(topic("north", device, channel)) + len(payload)


async def today(fleet: RunningFleet, home: FleetHome, device: str = "kitchen", messages: int = 0) -> dict[str, Any]:
    """What the API says of today, once it has received so many messages: what is sent is counted when the broker has
    taken it. Empty where nothing was counted."""
    async with asyncio.timeout(DEADLINE):
        while True:
            await fleet.service.traffic_keeper.store()
            answer = await FleetClient(fleet.url, home.token()).call("GET", f"/api/devices/{device}/traffic")
            assert (answer["since"] is None) == (not answer["days"])
            found: dict[str, Any] = answer["days"][-1] if answer["days"] else {}
            if not messages or (found and found["received"]["messages"] >= messages):
                return found


def heard(device: PlainDevice, answers: int) -> bool:
    return len(device.responses) == answers


@pytest.mark.broker
async def test_what_a_device_sends_and_gets_is_counted_by_channel_with_its_topics_and_what_is_retained_only_once(
    fleet: RunningFleet, home: FleetHome, mosquitto: Mosquitto
) -> None:
    await fleet.operations.enroll("kitchen", "")
    sha = await fleet.service.add_content(DATA)
    async with connected_device("north", "kitchen", mosquitto.url) as device:
        online = encode(State("online", 1))
        reported = encode(Reported(1, 1, "test", "test", {}))
        request = ContentRequest("r1", sha, 0, 1_000)
        batch = encode(TelemetryBatch(EPOCH, (TelemetryRecord(1, 1_700_000_000.0, "test", "ping", {"value": 1}),)))
        await device.say("state", online, retain=True)
        await device.say("reported", reported, retain=True)
        await device.say("telemetry", b"no telemetry")
        for times in (1, 2):  # sent again, and on the wire again
            await device.say("telemetry", batch)
            await eventually(partial(heard, device, times), "a receipt")
        receipts = sum(size("response", encode(receipt)) for receipt in device.responses)
        block = await device.ask_block(request)
        await eventually(lambda: bool(device.desired), "it hears what it should have")
        sent = (await today(fleet, home))["sent"]
    assert sent == {
        "telemetry": 2 * size("telemetry", batch) + size("telemetry", b"no telemetry"),
        "state": size("state", online),
        "reported": size("reported", reported),
        "request": size("request", encode(request)),
        "screen": 0,
        "messages": 6,
    }
    found = (await today(fleet, home, messages=4))["received"]
    assert found == {
        "desired": size("desired", device.desired[0]),
        "content": size("response", encode(block)),
        "response": receipts,
        "messages": 4,
    }
    assert (await today(fleet, home))["sent"] == sent  # storing what is stored adds nothing


@pytest.mark.broker
async def test_what_a_broker_has_retained_is_not_counted_when_a_fleet_starts_and_the_rest_outlives_it(
    home: FleetHome, mosquitto: Mosquitto
) -> None:
    async with run_fleet(home) as fleet:
        await eventually(lambda: fleet.service.connected_at is not None, "the fleet connects")
        await fleet.operations.enroll("kitchen", "")
        async with connected_device("north", "kitchen", mosquitto.url) as device:
            await device.say_online()
            await eventually(lambda: fleet.service.is_online("kitchen"), "the device is heard")
    async with run_fleet(home) as fleet:
        await eventually(lambda: fleet.service.counters.messages > 0, "what is retained is heard")
        assert (await today(fleet, home))["sent"]["state"] == size("state", encode(State("online", 1)))


@pytest.mark.broker
async def test_who_is_not_enrolled_is_neither_counted_nor_found(
    fleet: RunningFleet, home: FleetHome, mosquitto: Mosquitto
) -> None:
    async with connected_device("north", "stranger", mosquitto.url) as device:
        await device.say_online()
        await eventually(lambda: fleet.service.counters.refused == 1, "it is refused")
    with pytest.raises(FleetError, match="device stranger is not enrolled"):
        await today(fleet, home, "stranger")
    await fleet.operations.enroll("stranger", "")
    found = await today(fleet, home, "stranger", messages=1)  # its desired document
    assert found["sent"]["messages"] == 0


@pytest.mark.broker
async def test_content_that_a_content_worker_gives_is_counted_by_it(home: FleetHome, mosquitto: Mosquitto) -> None:
    home.settings_file.write_text(f"{home.settings_file.read_text()}\n[content]\nworkers = 1\n")
    async with run_fleet(home) as fleet:
        await eventually(lambda: fleet.service.connected_at is not None, "the fleet connects")
        await fleet.operations.enroll("kitchen", "")
        sha = await fleet.service.add_content(DATA)
        async with run_content_worker(home, 1) as worker:
            await eventually(lambda: bool(worker.mode), "the worker hears")
            async with connected_device("north", "kitchen", mosquitto.url) as device:
                block = await device.ask_block(ContentRequest("r1", sha, 0, 1_000))
        found = await today(fleet, home, messages=2)
        assert found["received"]["content"] == size("response", encode(block))
        assert found["received"]["messages"] == 2
        assert found["sent"]["messages"] == 1


class Others(Alone):
    """A team of processes in which this one owns no device."""

    is_alone = False
    leads = False

    def __init__(self, *, shared: bool) -> None:
        self.shared = shared

    def owns(self, device: str) -> bool:
        del device
        return False


@pytest.mark.parametrize(
    ("shared", "counted"),
    [
        pytest.param(True, {"telemetry", "request", "screen"}, id="a shared subscription gave this process alone"),
        pytest.param(False, {"screen"}, id="every process heard"),
    ],
)
async def test_a_message_that_every_process_hears_is_counted_by_the_device_s_own(
    shared: bool, counted: set[str], tmp_path: Any
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'fleet.db'}")
    with database.transaction() as connection:
        Registry(connection).enroll("kitchen", "", 1.0)

    async def send(topic: str, payload: bytes, *, qos: int, retain: bool) -> None: ...

    key, content = Ed25519PrivateKey.generate(), ContentStore(tmp_path / "content")
    service = FleetService("north", key, database, content, send, team=Others(shared=shared))
    async with service.running():
        channels: tuple[Channel, ...] = ("state", "reported", "telemetry", "request", "screen")
        for channel in channels:
            service.on_message(topic("north", "kitchen", channel), b"{}", False)
    with database.transaction() as connection:
        row = connection.execute(select(traffic)).mappings().one()
    assert {channel for channel in channels if row[f"sent_{channel}"]} == counted
    assert row["sent_messages"] == len(counted)
    database.close()


def keeper(database: Database, now: float, fails: list[bool] | None = None) -> TrafficKeeper:
    async def write(work: Callable[[], None]) -> None:
        if fails and fails.pop(0):
            raise StorageError("the disk is full", passing=True)
        work()

    return TrafficKeeper(database, write, lambda: now)


async def test_processes_add_to_one_sum_a_device_and_day(database_url: str) -> None:
    database = Database(database_url)
    for process in (keeper(database, 10 * DAY + 5), keeper(database, 10 * DAY + 9), keeper(database, 11 * DAY)):
        for number in range(1_050):
            process.traffic.sent(f"d{number:04}", "telemetry", 100)
        process.traffic.received("d0007", "content", 2**40)
        await process.store()
    with database.transaction() as connection:
        rows = connection.execute(select(traffic).where(traffic.c.device == "d0007").order_by(traffic.c.day)).mappings()
        found = [
            (row["day"], row["sent_telemetry"], row["sent_messages"], row["received_content"], row["received_messages"])
            for row in rows
        ]
        devices = connection.execute(select(traffic.c.device)).all()
    assert found == [(10, 200, 2, 2**41, 2), (11, 100, 1, 2**40, 1)]
    assert len(devices) == 2_100
    database.close()


async def test_an_end_in_the_middle_of_storing_loses_nothing_and_adds_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'fleet.db'}")
    began, may_go_on = threading.Event(), threading.Event()
    add = store.add

    def held_up(connection: Connection, sums: Iterable[tuple[str, int, Sums]]) -> None:
        add(connection, sums)
        began.set()
        assert may_go_on.wait(DEADLINE)

    monkeypatch.setattr(store, "add", held_up)
    process = TrafficKeeper(database, asyncio.to_thread)
    process.traffic.sent("kitchen", "telemetry", 100)
    storing = asyncio.create_task(process.store())
    await asyncio.to_thread(began.wait, DEADLINE)
    storing.cancel()
    await asyncio.gather(storing, return_exceptions=True)
    process.traffic.sent("kitchen", "telemetry", 20)
    last = asyncio.create_task(process.store())
    await asyncio.sleep(0)  # it has begun, and its thread works beside the one that nobody awaits
    asyncio.get_running_loop().call_later(0.05, may_go_on.set)
    await last
    with database.transaction() as connection:
        assert connection.execute(select(traffic.c.sent_telemetry)).scalars().all() == [120]
    database.close()


async def test_what_the_database_refuses_is_stored_later_on_the_day_it_was_counted(
    tmp_path: Any, caplog: pytest.LogCaptureFixture
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'fleet.db'}")
    fails = [False, True, False, False]
    process = keeper(database, 10 * DAY, fails)
    process.traffic.sent("kitchen", "state", 10)
    await process.store()
    assert "stored later: the disk is full" in caplog.text
    process.traffic.sent("kitchen", "state", 5)
    await process.store()
    with database.transaction() as connection:
        row = connection.execute(select(traffic)).mappings().one()
    assert (row["day"], row["sent_state"], row["sent_messages"]) == (10, 15, 2)
    database.close()


def test_days_go_when_the_sums_of_telemetry_of_that_age_do(database_url: str) -> None:
    database = Database(database_url)
    columns = {name: 0 for name in traffic.columns.keys() if name not in ("device", "day")}  # noqa: SIM118 - a collection
    with database.transaction() as connection:
        rows = [{"device": f"d{number}", "day": day, **columns} for number in range(5) for day in (89, 90, 100)]
        connection.execute(insert(traffic), rows)
        assert prune_some(connection, FOR_EVER, 100 * DAY, 100) == 0
        assert prune_some(connection, Retention(days=10), 100 * DAY + 60, 3) == 3
        assert prune_some(connection, Retention(days=10), 100 * DAY + 60, 100) == 2
        kept = set(connection.scalars(select(traffic.c.day)))
    assert kept == {90, 100}
    database.close()


def test_a_database_of_an_older_cygnet_gets_the_table(tmp_path: Any) -> None:
    url = f"sqlite:///{tmp_path / 'fleet.db'}"
    for _ in range(2):
        database = Database(url)
        with database.transaction() as connection:
            assert traffic.name in inspect(connection).get_table_names()
            traffic.drop(connection)
        database.close()


def test_the_command_line_says_it_in_three_lines() -> None:
    now = time.time()
    midnight = now // DAY * DAY
    sent = {"telemetry": 2_048, "state": 100, "reported": 0, "request": 0, "screen": 0, "messages": 4}
    received = {"desired": 500, "content": 3 * 1024 * 1024, "response": 0, "messages": 2}
    days = [
        {"time": midnight - DAY, "sent": sent, "received": received},
        {"time": midnight, "sent": sent, "received": received},
    ]
    lines = list(traffic_lines({"since": 1_795_737_600.0, "days": days}, now))
    assert lines == [
        "Sent: 2 KB today, 4 KB in 30 days (telemetry 4 KB, state 200 B; 8 messages)",
        "Received: 3.0 MB today, 6.0 MB in 30 days (desired 1000 B, content 6.0 MB; 4 messages)",
        "Counted are topics and payloads, by days of UTC, since 2026-11-27",
    ]
    assert list(traffic_lines({"since": None, "days": []}, now)) == []
