"""Many processes for one fleet, on a real PostgreSQL and mosquitto: each thing is done once, whoever dies."""

import asyncio
import random
import signal
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select, text, update

from device_runtime.sync.messages import Reported, State, TelemetryBatch, TelemetryRecord, encode
from firmware_tools.fleet import listening
from firmware_tools.fleet.client import FleetClient
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.events.rollups import SeriesIds
from firmware_tools.fleet.home import FleetHome, init_home
from firmware_tools.fleet.inbox import Work
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.schema import telemetry as telemetry_table
from firmware_tools.fleet.server import RunningFleet, run_fleet
from firmware_tools.fleet.storing import store_work
from firmware_tools.fleet.team import Alone, FencedError
from firmware_tools.fleet.workers import roll
from firmware_tools.fleet.workers.roll import Presented
from firmware_tools.fleet.workers.tables import workers as workers_table
from firmware_tools.fleet.workers.worker import RunningWorker, run_worker
from firmware_tools.sign.keys import load_private_key
from tests.brokers import Mosquitto
from tests.fleet.devices import PlainDevice, connected_device, eventually
from tests.fleet.test_content_worker import older_mqtt as older_mqtt
from tests.fleet.test_service import seen, stored
from tests.postgres import Postgres
from tests.sync.amqtt_broker import running_amqtt

pytestmark = [pytest.mark.broker, pytest.mark.xdist_group("postgres")]
EPOCH = "00112233aabbccdd"
DEVICES = [f"kiosk-{number}" for number in range(6)]


@pytest.fixture
def large_home(tmp_path: Path, mosquitto: Mosquitto, postgres: Postgres) -> FleetHome:
    return init_home(tmp_path / "fleet", "north", broker=mosquitto.url, listen="127.0.0.1:0", database=postgres.url())


@asynccontextmanager
async def crew(home: FleetHome, count: int) -> AsyncIterator[tuple[RunningFleet, list[RunningWorker]]]:
    """A fleet and so many workers beside it, all hearing, with :data:`DEVICES` enrolled."""
    async with AsyncExitStack() as stack:
        fleet = await stack.enter_async_context(run_fleet(home))
        workers = [await stack.enter_async_context(run_worker(home)) for _ in range(count)]
        await settled(fleet, workers)
        for device in DEVICES:
            await fleet.operations.enroll(device, "")
        for worker in workers:
            await eventually(lambda worker=worker: worker.service.hearing.enrolled >= set(DEVICES), "a worker is told")  # type: ignore[misc]
        yield fleet, workers


async def settled(fleet: RunningFleet, workers: list[RunningWorker]) -> None:
    """All hear, and know of each other."""
    crews = [worker.crew for worker in workers]

    def all_know() -> bool:
        assert fleet.crew is not None
        numbers = {crew.members.number for crew in [fleet.crew, *crews]}
        hearing = [member for member in fleet.crew.members.members if member.hears]
        return len(numbers) == 1 and len(hearing) == 1 + len(crews)

    await eventually(all_know, "all processes know of each other")


async def deliver(device: PlainDevice, last: int, size: int = 10) -> None:
    """Records up to ``last`` as a device sends them: the next batch when the receipt of this one is there."""
    for first in range(1, last + 1, size):
        await device.send_batch(EPOCH, range(first, first + size))
        await device.receipt(EPOCH, first + size - 1)


async def eventually_seen(fleet: RunningFleet, device: str, **expected: object) -> None:
    """Wait until the database says this of a device."""
    async with asyncio.timeout(15):
        while True:
            found = await seen(fleet, device)
            if all(getattr(found, name) == value for name, value in expected.items()):
                return
            await asyncio.sleep(0.02)


def report(number: int) -> Reported:
    """A report that can be told from others."""
    return Reported(1, 0, f"board {number}", "cygnet", {})


@pytest.mark.parametrize("kind", ["shared", "shared, MQTT 3.1.1", "no shared subscriptions"])
async def test_state_reports_and_telemetry_are_stored_once_whoever_hears_them(
    large_home: FleetHome, kind: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    if "3.1.1" in kind:
        request.getfixturevalue("older_mqtt")
    async with AsyncExitStack() as stack:
        url = large_home.settings().broker.url
        if "no" in kind:
            monkeypatch.setattr(listening, "_PROBE_SECONDS", 0.5)
            url = await stack.enter_async_context(running_amqtt())
            text = large_home.settings_file.read_text()
            large_home.settings_file.write_text(text.replace(large_home.settings().broker.url, url))
        fleet, workers = await stack.enter_async_context(crew(large_home, 2))
        services = [fleet.service, *(worker.service for worker in workers)]
        assert {worker.crew.shared for worker in workers} == {"no" not in kind}
        devices = [await stack.enter_async_context(connected_device("north", name, url)) for name in DEVICES]
        for device in devices:
            await device.say_online()
            await device.report(report(1))
        await asyncio.gather(*(deliver(device, 20, 5) for device in devices))
        for device in devices:
            assert await stored(fleet, device.device) == list(range(1, 21))
            await eventually_seen(fleet, device.device, status="online", board="board 1")
        assert sum(service.counters.records for service in services) == 20 * len(DEVICES)
        assert sum(service.counters.repeated for service in services) == 0, "no two stored the same"
        if "no" in kind:
            crews = [fleet.crew, *(worker.crew for worker in workers)]
            owned = [sum(each is not None and each.owns(name) for name in DEVICES) for each in crews]
            assert [service.counters.records for service in services] == [20 * count for count in owned]
        else:
            assert all(service.counters.records for service in services), "each has had some"


async def test_a_late_will_changes_nothing_and_a_request_is_answered_once(
    large_home: FleetHome, mosquitto: Mosquitto
) -> None:
    async with crew(large_home, 2) as (fleet, _), connected_device("north", DEVICES[0], mosquitto.url, 8) as device:
        await device.say_online()
        await device.say("state", encode(State("lost", 7)))
        await device.report(report(2))  # said after it, and stored with it or later
        await eventually_seen(fleet, device.device, board="board 2")
        assert (await seen(fleet, device.device)).status == "online"
        key = load_private_key(large_home.key_file).public_key()
        assert (await device.newest_desired(key, 1)).version == 1
        device.desired.clear()
        await device.ask_desired(have=40)
        assert (await device.newest_desired(key, 41)).version == 41
        await device.ask_desired(have=41)
        await eventually(lambda: len(device.desired) == 2, "the answer to the second request")


async def test_what_a_worker_stores_is_on_the_page_and_who_works_can_be_asked(
    large_home: FleetHome, mosquitto: Mosquitto
) -> None:
    async with crew(large_home, 1) as (fleet, (worker,)), AsyncExitStack() as stack:
        devices = [await stack.enter_async_context(connected_device("north", name, mosquitto.url)) for name in DEVICES]
        theirs = [device for device in devices if worker.crew.owns(device.device)]
        assert theirs
        with fleet.service.feed.watch() as watcher:
            await theirs[0].report(report(3))
            async for event in watcher.events(10):
                assert event is not None, "the page hears of it"
                if event["type"] == "devices" and event["devices"][0]["id"] == theirs[0].device:
                    break
        client = FleetClient(fleet.url, large_home.token())
        told = await client.call("GET", "/api/fleet")
        assert isinstance(told, dict)
        assert [(one["kind"], one["part"], one["parts"], one["leads"]) for one in told["workers"]] == [
            ("serve", 1, 2, True),
            ("worker", 2, 2, False),
        ]


async def test_a_device_that_is_enrolled_while_notices_are_cut_off_is_heard(
    large_home: FleetHome, mosquitto: Mosquitto
) -> None:
    async with crew(large_home, 1) as (fleet, (worker,)):
        database = Database(large_home.settings().database)
        try:
            with database.transaction() as connection:
                connection.execute(
                    text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")
                )
                Registry(connection).enroll("late", "", 1.0)  # and nobody is told
        finally:
            database.close()
        services = [fleet.service, worker.service]  # the broker gives what it says to either
        await eventually(lambda: all("late" in each.hearing.enrolled for each in services), "both have read anew")
        async with connected_device("north", "late", mosquitto.url) as device:
            await deliver(device, 10)
        assert await stored(fleet, "late") == list(range(1, 11))


async def test_a_worker_with_a_number_runs_once_on_a_machine(large_home: FleetHome) -> None:
    async with run_worker(large_home, 2) as worker, run_worker(large_home, 3), run_worker(large_home):
        assert worker.crew.name.endswith(":worker-2")
        with pytest.raises(FleetError, match=r"worker-2 of the fleet in .* runs already"):
            async with run_worker(large_home, 2):
                pass


async def test_sqlite_is_for_one_process_and_says_so(home: FleetHome) -> None:
    with pytest.raises(FleetError, match="move it to PostgreSQL with `cygnet fleet copy-database`"):
        async with run_worker(home):
            pass


@asynccontextmanager
async def worker_process(home: FleetHome) -> AsyncIterator[asyncio.subprocess.Process]:
    """`cygnet fleet worker` as an operator starts it, on the roll."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "firmware_tools.cli", "fleet", "--home", str(home.directory), "worker"),
        stdout=asyncio.subprocess.PIPE,
        stderr=(home.directory / "worker.log").open("ab"),
    )
    try:
        assert process.stdout
        assert (await process.stdout.readline()).startswith(b"Worker ")
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def hearing(fleet: RunningFleet, count: int) -> None:
    """Wait until so many processes hear."""
    assert fleet.crew is not None
    roll = fleet.crew
    await eventually(lambda: sum(member.hears for member in roll.members.members) == count, f"{count} processes hear")


async def test_when_the_one_that_leads_is_killed_another_does_and_stores_what_was_said_meanwhile(
    large_home: FleetHome, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with worker_process(large_home) as process, run_fleet(large_home) as fleet:
        await hearing(fleet, 2)
        assert fleet.crew is not None
        assert not fleet.crew.leads
        for name in DEVICES:
            await fleet.operations.enroll(name, "")
        theirs = [name for name in DEVICES if not fleet.crew.owns(name)]
        assert theirs
        key = load_private_key(large_home.key_file).public_key()
        async with connected_device("north", theirs[0], mosquitto.url) as device:
            await device.newest_desired(key, 1)
            database = Database(large_home.settings().database)
            with database.transaction() as connection:  # committed, and not told by who is killed now
                Registry(connection).raise_past({device.device: 8})
            database.close()
            process.kill()
            await process.wait()
            monkeypatch.setattr(roll, "LEASE_SECONDS", 2.0)
            await device.say_online()
            await device.report(report(4))
            await eventually_seen(fleet, device.device, status="online", board="board 4")
            assert fleet.crew.leads
            await device.newest_desired(key, 9)


async def test_a_worker_that_hung_overwrites_nothing_that_another_stored_meanwhile(
    large_home: FleetHome, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with worker_process(large_home) as process, run_fleet(large_home) as fleet:
        await hearing(fleet, 2)
        assert fleet.crew is not None
        for name in DEVICES:
            await fleet.operations.enroll(name, "")
        theirs = next(name for name in DEVICES if not fleet.crew.owns(name))
        async with connected_device("north", theirs, mosquitto.url) as device:
            await device.report(report(1))
            await eventually_seen(fleet, theirs, board="board 1")
            process.send_signal(signal.SIGSTOP)
            monkeypatch.setattr(roll, "LEASE_SECONDS", 2.0)
            for number in range(2, 6):
                await device.report(report(number))
            await eventually_seen(fleet, theirs, board="board 5")
            monkeypatch.undo()
            process.send_signal(signal.SIGCONT)
            await hearing(fleet, 2)
            await device.report(report(6))
            await eventually_seen(fleet, theirs, board="board 6")


def test_processes_that_open_an_empty_database_at_once_all_find_its_tables(postgres: Postgres) -> None:
    url = postgres.url()
    opened: list[roll.Roll] = []

    def open_it() -> None:
        database = Database(url)
        opened.append(roll.beat(database, Presented(f"w{len(opened)}", "worker", "one")))
        database.close()

    threads = [threading.Thread(target=open_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(opened) == 6


def test_what_is_stored_for_devices_that_others_have_by_now_is_not_stored_at_all(postgres: Postgres) -> None:
    database = Database(postgres.url())

    class Late(Alone):
        def fence(self, connection: Connection) -> None:
            roll.fence(connection, number)

    try:
        number = roll.beat(database, Presented("a", "worker", "one", hears=True)).number
        with database.transaction() as connection:
            Registry(connection).enroll("kitchen", "", 1.0)
        record = TelemetryRecord(1, 1.0, "test", "ping", {})
        batches = [("kitchen", encode(TelemetryBatch(EPOCH, (record,))))]
        work = Work(reported={"kitchen": (report(1), 1.0)}, batches=batches)
        roll.beat(database, Presented("b", "worker", "two", hears=True))
        with pytest.raises(FencedError):
            store_work(database, "north", work, 1.0, SeriesIds(), Late())
        work.keep_only(lambda device: device != "kitchen")
        store_work(database, "north", work, 1.0, SeriesIds(), Late())  # telemetry needs no fence
        with database.transaction() as connection:
            assert Registry(connection).device("kitchen").board == ""
            assert connection.scalar(select(func.count()).select_from(telemetry_table)) == 1
    finally:
        database.close()


def test_who_is_struck_off_is_fenced_and_comes_back_at_its_next_beat(postgres: Postgres) -> None:
    database = Database(postgres.url())
    try:
        first = Presented("a", "worker", "one", hears=True)
        second = Presented("b", "worker", "two", hears=True)
        roll.beat(database, first)
        seen_by_first = roll.beat(database, second)
        assert seen_by_first.place("a") == (0, 2)
        with database.transaction() as connection:
            roll.fence(connection, seen_by_first.number)
        with database.transaction() as connection:
            connection.execute(update(workers_table).where(workers_table.c.id == "a").values(beat_at=1.0))
        found = roll.beat(database, second)
        assert (list(found.gone), found.place("a"), found.place("b")) == (["one"], None, (0, 1))
        with database.transaction() as connection, pytest.raises(FencedError):
            roll.fence(connection, seen_by_first.number)
        assert roll.beat(database, first).place("a") == (1, 2), "as the youngest"
        assert roll.beat(database, first).number == roll.beat(database, second).number, "nothing changes by itself"
        roll.leave(database, "b")
        assert roll.beat(database, first).place("a") == (0, 1)
    finally:
        database.close()


def test_a_distribution_does_not_change_in_the_middle_of_a_transaction_that_stores(postgres: Postgres) -> None:
    database = Database(postgres.url())
    joined = threading.Event()
    try:
        number = roll.beat(database, Presented("a", "worker", "one", hears=True)).number

        def join() -> None:
            roll.beat(database, Presented("b", "worker", "two", hears=True))
            joined.set()

        with database.transaction() as connection:
            roll.fence(connection, number)
            thread = threading.Thread(target=join)
            thread.start()
            assert not joined.wait(0.3)
        thread.join(10)
        assert joined.is_set()
    finally:
        database.close()


def test_workers_that_store_for_the_same_devices_in_any_order_wait_for_each_other_and_lose_nothing(
    postgres: Postgres,
) -> None:
    url, rounds, names = postgres.url(), 5, [f"d{number}" for number in range(24)]
    databases = [Database(url) for _ in range(3)]
    failures: list[Exception] = []
    try:
        with databases[0].transaction() as connection:
            for name in names:
                Registry(connection).enroll(name, "", 1.0)

        def store(index: int) -> None:
            order, ids = random.Random(index), SeriesIds()  # noqa: S311 - a test's shuffling
            try:
                for number in range(rounds):
                    some = order.sample(names, 20)
                    record = TelemetryRecord(number + 1, 1.0, "test", "ping", {"value": number})
                    work = Work(
                        states={name: (State("online", 1), 1.0) for name in some[:5]},
                        reported={name: (report(number), 1.0) for name in some[5:10]},
                        seen=dict.fromkeys(some[10:15], 2.0),
                        held=dict.fromkeys(some[:3], 1),
                        # The same batch of every device comes to each of the workers.
                        batches=[
                            (name, encode(TelemetryBatch(EPOCH, (record,)))) for name in order.sample(names, len(names))
                        ],
                    )
                    store_work(databases[index], "north", work, 1.0, ids)
            except Exception as error:  # noqa: BLE001 - the test shows it, whatever it is
                failures.append(error)

        threads = [threading.Thread(target=store, args=(index,)) for index in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert not failures
        with databases[0].transaction() as connection:
            assert connection.scalar(select(func.count()).select_from(telemetry_table)) == rounds * len(names)
    finally:
        for database in databases:
            database.close()


async def test_an_older_document_that_was_published_last_is_followed_by_the_newest(
    large_home: FleetHome, mosquitto: Mosquitto
) -> None:
    key = load_private_key(large_home.key_file).public_key()
    name = DEVICES[0]
    async with crew(large_home, 1) as (fleet, (worker,)), connected_device("north", name, mosquitto.url) as device:
        older = await worker.service.read(lambda registry, _: registry.desired.one("north", name, 1.0))
        await fleet.service.change(lambda registry: registry.raise_past({name: 7}), [name])
        await device.newest_desired(key, 8)
        device.desired.clear()
        worker.service._publisher.put_all([older])  # read before that change, by a process that was slow
        await device.newest_desired(key, 8)
