"""More telemetry than the store takes: the broker keeps it, and everything else goes on."""

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from sqlalchemy import func, select, text

from device_runtime.sync.messages import State, TelemetryBatch, TelemetryRecord, encode, topic
from firmware_tools.fleet import database as database_module
from firmware_tools.fleet import storing
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.home import FleetHome, init_home
from firmware_tools.fleet.inbox import MOST_BATCHES, Inbox, Work
from firmware_tools.fleet.schema import telemetry
from firmware_tools.fleet.server import RunningFleet, run_fleet
from firmware_tools.fleet.storing import Stored
from tests.brokers import Mosquitto, running_mosquitto
from tests.fleet.devices import connected_device, eventually

pytestmark = pytest.mark.broker
DEVICES = 20
EPOCH = "00112233aabbccdd"


@pytest.fixture
def roomy(tmp_path: Path) -> Iterator[Mosquitto]:
    """Mosquitto as docs/fleet.md says to configure it for floods."""
    with running_mosquitto(tmp_path, further=("max_queued_messages 0", "max_queued_bytes 268435456")) as broker:
        yield broker


def pour(url: str, count: int) -> None:
    """So many messages of one record as fast as the broker takes them; when this returns, it has them all."""
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(1_000)
    acknowledged = threading.Semaphore(0)
    client.on_publish = lambda *_: acknowledged.release()
    parts = urlsplit(url)
    client.connect(parts.hostname or "", parts.port or 0)
    client.loop_start()
    for index in range(count):
        record = TelemetryRecord(index // DEVICES + 1, 1_790_000_000.0, "test", "ping", {"number": index})
        client.publish(topic("north", f"d{index % DEVICES}", "telemetry"), encode(TelemetryBatch(EPOCH, (record,))), 1)
    for _ in range(count):
        assert acknowledged.acquire(timeout=60)
    client.disconnect()
    client.loop_stop()


async def stored(fleet: RunningFleet) -> int:
    return await fleet.service.read(
        lambda registry, _: registry.connection.scalar(select(func.count()).select_from(telemetry)) or 0
    )


async def test_of_20000_messages_at_once_none_is_dropped_while_the_database_is_locked_and_states_overtake_them(
    tmp_path: Path, roomy: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "_BUSY_MILLISECONDS", 50)  # so that transactions fail, not only wait
    home = init_home(tmp_path / "fleet", "north", broker=roomy.url, listen="127.0.0.1:0")
    async with run_fleet(home) as fleet, connected_device("north", "kitchen", roomy.url) as device:
        await fleet.transport.online()
        for name in ["kitchen", *(f"d{number}" for number in range(DEVICES))]:
            await fleet.operations.enroll(name, "")
        service = fleet.service
        with contextlib.closing(sqlite3.connect(home.database_file)) as other:
            other.execute("BEGIN IMMEDIATE")
            await asyncio.to_thread(pour, roomy.url, 20_000)
            assert service.counters.messages <= MOST_BATCHES, "the broker has the rest"
            await device.say_online()
            await eventually(lambda: service.is_online("kitchen"), "a state that was said after them all is heard")
            other.rollback()
        await eventually(lambda: service.counters.records >= 20_000, "all are stored")
        assert await stored(fleet) == 20_000
        assert service.counters.dropped == 0
        assert (await service.read(lambda registry, _: registry.device("kitchen"))).status == "online"


async def test_what_a_transaction_could_not_store_is_stored_by_a_later_one_without_the_device(
    home: FleetHome, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "_BUSY_MILLISECONDS", 50)
    async with run_fleet(home) as fleet, connected_device("north", "kitchen", mosquitto.url) as device:
        await fleet.transport.online()
        await fleet.operations.enroll("kitchen", "")
        with contextlib.closing(sqlite3.connect(home.database_file)) as other:
            other.execute("BEGIN IMMEDIATE")
            await device.send_batch(EPOCH, range(1, 4))
            await eventually(lambda: "another process holds it locked" in fleet.service.trouble, "the trouble")
            other.rollback()
        await device.receipt(EPOCH, 3)
        assert await stored(fleet) == 3


async def test_a_portion_that_is_itself_at_fault_is_dropped_and_counted_and_the_next_is_stored(
    home: FleetHome, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = storing.store_work

    def store(database: Database, fleet: str, work: Work, *rest: Any, **options: Any) -> Stored:
        if any(b"poison" in payload for _, payload in work.batches):
            with database.transaction() as connection:
                connection.execute(text("INSERT INTO telemetry (device) VALUES ('kitchen')"))
        return real(database, fleet, work, *rest, **options)

    monkeypatch.setattr("firmware_tools.fleet.service.store_work", store)
    async with run_fleet(home) as fleet, connected_device("north", "kitchen", mosquitto.url) as device:
        await fleet.transport.online()
        await fleet.operations.enroll("kitchen", "")
        await device.send_batch(EPOCH, range(1, 4), "poison")
        await eventually(lambda: fleet.service.counters.dropped == 1, "it is dropped")
        await device.send_batch(EPOCH, range(1, 6))
        await device.receipt(EPOCH, 5)
        assert await stored(fleet) == 5


async def test_the_inbox_asks_to_hold_early_enough_and_gives_room_back() -> None:
    inbox = Inbox()
    count = 0
    while not inbox.is_full:
        assert inbox.put_batch("kitchen", b"x" * 1000)
        count += 1
    assert all(inbox.put_batch("kitchen", b"x" * 128 * 1024) for _ in range(100)), "what is being read has room"
    assert not inbox.has_room
    while not inbox.has_room:
        work = await inbox.take()
    assert not inbox.is_full
    inbox.put_back(work)
    inbox.put_state("kitchen", State("online", 1), None)
    again = await inbox.take()
    assert again.batches[: len(work.batches)] == work.batches, "what comes back is first again"
