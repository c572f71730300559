"""Telemetry in the database, on SQLite and on PostgreSQL: each record once, sums that agree, nothing kept too long."""

import json
import re
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select

from device_runtime.sync.fields import ProtocolError
from device_runtime.sync.messages import (
    Priority,
    TelemetryBatch,
    TelemetryRecord,
    decode_telemetry,
    deflate,
    encode,
)
from device_runtime.values import Value
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.errors import FleetError, StorageError
from firmware_tools.fleet.events import rollups as rollups_module
from firmware_tools.fleet.events.decoding import Batch, decode_batch
from firmware_tools.fleet.events.export import csv_lines, read_page
from firmware_tools.fleet.events.intake import Taken, take_in
from firmware_tools.fleet.events.retention import Retention, prune_some
from firmware_tools.fleet.events.rollups import STEPS, SeriesIds
from firmware_tools.fleet.events.tables import lanes, runs, series
from firmware_tools.fleet.moving import copy_database
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.schema import telemetry
from firmware_tools.fleet.telemetry import TelemetryQuery, TelemetryStore
from tests.postgres import Postgres

EPOCHS = ("00112233aabbccdd", "8899aabbccddeeff")
DAY = 86_400.0
NOTHING: Mapping[str, Value] = {}


def opened(url: str) -> Database:
    database = Database(url)
    with database.transaction() as connection:
        for device in ("hall", "kitchen"):
            Registry(connection).enroll(device, "", 1.0)
    return database


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = opened(database_url)
    yield database
    database.close()


def batch(
    sequences: Sequence[int], epoch: str = EPOCHS[0], priority: Priority = "event", more: Mapping[str, Value] = NOTHING
) -> Batch:
    """Records whose time, name and values follow from their number, so that a wrong one shows."""
    records = tuple(
        TelemetryRecord(n, 7.0 * n, "app", f"n{n % 3}", {"x": n, "even": n % 2 == 0, "text": "ü\x00", **more})
        for n in sequences
    )
    return decode_batch(encode(TelemetryBatch(epoch, records, priority)))


def store(
    database: Database, batches: Sequence[tuple[str, Batch]], now: float = 1.0, ids: SeriesIds | None = None
) -> Taken:
    ids = ids or SeriesIds()
    with database.transaction() as connection:
        taken = take_in(connection, batches, now, ids)
    ids.learn(taken.series)
    return taken


def stored(connection: Connection) -> list[tuple[str, str, int, float, str, Any]]:
    columns = (
        telemetry.c.device,
        telemetry.c.epoch,
        telemetry.c.sequence,
        telemetry.c.time,
        telemetry.c.name,
        telemetry.c["values"],
    )
    return sorted(tuple(row) for row in connection.execute(select(*columns)))


class _CrashError(Exception):
    """The worker dies before its transaction is committed."""


def _die(crashes: bool) -> None:
    if crashes:
        raise _CrashError


def check_interleaving(database: Database, actions: list[tuple[str, str, list[int], bool]]) -> None:
    """Send batches as the actions say, some in portions that are lost with their worker; then compare everything."""
    ids, sent = SeriesIds(), set()
    told = 0
    for device, epoch, sequences, crashes in actions:
        offered = [(device, batch(sequences, epoch)), (device, batch(sequences[::2], epoch))]
        try:
            with database.transaction() as connection:
                taken = take_in(connection, offered, 1.0, ids)
                _die(crashes)
        except _CrashError:
            continue
        ids.learn(taken.series)
        told += taken.count
        assert taken.count + taken.repeated == len(sequences) + len(sequences[::2])
        sent |= {(device, epoch, sequence) for sequence in sequences}
    with database.transaction() as connection:
        rows = stored(connection)
        summed = [TelemetryStore(connection).sums(TelemetryQuery(), "x", step) for step in STEPS]
        covered = [
            (run.device, run.epoch, sequence)
            for run in connection.execute(select(runs))
            for sequence in range(run.first, run.last + 1)
        ]
    assert [(device, epoch, sequence) for device, epoch, sequence, *_ in rows] == sorted(sent) == sorted(covered)
    assert told == len(sent)
    for _, _, sequence, time, name, values in rows:
        assert (time, name) == (7.0 * sequence, f"n{sequence % 3}")
        assert values == {"x": sequence, "even": sequence % 2 == 0, "text": "ü\x00"}
    for step, sums in zip(STEPS, summed, strict=True):
        expected: dict[tuple[str, str, int], list[int]] = defaultdict(list)
        for device, _, sequence, time, name, _ in sorted(rows, key=lambda row: row[3]):
            expected[device, name, int(time) // step * step].append(sequence)
        assert {
            (each["device"], each["name"], each["time"]): (
                each["count"],
                each["least"],
                each["most"],
                round(each["mean"] * each["count"]),
                each["last"],
            )
            for each in sums
        } == {key: (len(xs), min(xs), max(xs), sum(xs), max(xs)) for key, xs in expected.items()}


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["hall", "kitchen"]),
        st.sampled_from(EPOCHS),
        st.one_of(
            st.tuples(st.integers(1, 60), st.integers(1, 20)).map(lambda pair: list(range(pair[0], sum(pair)))),
            st.sets(st.integers(1, 80), min_size=1, max_size=12).map(sorted),
        ),
        st.booleans(),
    ),
    max_size=10,
)


@settings(max_examples=40, deadline=None)
@given(ACTIONS)
def test_however_batches_repeat_overlap_and_workers_die_each_record_is_stored_and_summed_once(
    actions: list[tuple[str, str, list[int], bool]],
) -> None:
    database = opened("sqlite://")
    check_interleaving(database, actions)
    database.close()


@pytest.mark.xdist_group("postgres")
def test_the_same_on_postgresql(postgres: Postgres) -> None:
    database = opened(postgres.url())

    @settings(max_examples=10, deadline=None, database=None)
    @given(ACTIONS)
    def check(actions: list[tuple[str, str, list[int], bool]]) -> None:
        with database.transaction() as connection:
            connection.exec_driver_sql(
                "TRUNCATE telemetry, telemetry_lanes, telemetry_runs, telemetry_series, telemetry_rollups"
            )
        check_interleaving(database, actions)

    check()
    database.close()


@pytest.mark.xdist_group("postgres")
def test_of_two_workers_with_the_same_batches_one_stores_each_record(postgres: Postgres) -> None:
    url = postgres.url()
    workers = [opened(url), Database(url)]
    start, counts = threading.Barrier(2), [0, 0]
    faults: list[BaseException] = []

    def work(number: int) -> None:
        ids = SeriesIds()
        try:
            for first in range(1, 400, 40):
                # Half of what each has, the other has too; and each has the devices in another order.
                offered = [(device, batch(range(first, first + 60))) for device in ("hall", "kitchen")]
                start.wait(30)
                counts[number] += store(workers[number], offered[:: 1 if number else -1], ids=ids).count
        except BaseException as fault:  # noqa: BLE001 - shown by the test's thread
            faults.append(fault)
            start.abort()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    with workers[0].transaction() as connection:
        assert len(stored(connection)) == sum(counts) == 2 * 420
        sums = TelemetryStore(connection).sums(TelemetryQuery(), "", 86_400)
    assert sum(each["count"] for each in sums) == 2 * 420
    for worker in workers:
        worker.close()


@pytest.mark.xdist_group("postgres")
def test_a_server_that_dies_is_a_sentence_and_the_next_transaction_finds_what_was_committed() -> None:
    from tests.postgres import running_postgres

    with running_postgres() as server:
        database = opened(server.url())
        store(database, [("hall", batch(range(1, 11)))])

        def die_before_the_commit() -> None:
            with database.transaction() as connection:
                take_in(connection, [("hall", batch(range(11, 21)))], 1.0, SeriesIds())
                server.kill()

        with pytest.raises(StorageError, match="the fleet's database postgresql"):
            die_before_the_commit()
        with pytest.raises(StorageError, match="is PostgreSQL running"):
            store(database, [("hall", batch(range(11, 21)))])
        server.start()
        assert store(database, [("hall", batch(range(1, 21)))]).count == 10
        database.close()


JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=5),
        st.just("\ud800"),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.text(max_size=3), inner, max_size=2)),
    max_leaves=3,
)
RECORD = st.fixed_dictionaries(
    {
        "sequence": st.one_of(st.integers(0, 40), JSON),
        "time": st.one_of(st.floats(0, 1e11), st.integers(0, 10**11), JSON),
        "source": st.one_of(st.text(max_size=130), JSON),
        "name": st.one_of(st.text("ab\n\x7f", max_size=3), JSON),
        "values": st.one_of(st.dictionaries(st.text(max_size=3), JSON, max_size=3), JSON),
    },
    optional={"further": JSON},
)
GOOD = st.fixed_dictionaries(
    {
        "time": st.floats(0, 1e11),
        "source": st.text("abc.", max_size=8),
        "name": st.text("abc", max_size=3),
        "values": st.dictionaries(st.text(max_size=3), JSON, max_size=3),
    }
)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.lists(RECORD, max_size=3),
        st.lists(GOOD, min_size=1, max_size=3).map(
            lambda records: [{**record, "sequence": number} for number, record in enumerate(records, 1)]
        ),
    ),
    st.sampled_from([EPOCHS[0], "x", 5, EPOCHS[0] + "\n"]),
    st.sampled_from([None, "alarm", "metric", "urgent", 7]),
)
def test_the_quick_reader_takes_what_the_protocol_takes(records: list[Any], epoch: object, priority: object) -> None:
    document = {"epoch": epoch, "records": records, **({"priority": priority} if priority else {})}
    payload = json.dumps(document).encode()
    try:
        expected = decode_telemetry(payload)
    except ProtocolError as error:
        with pytest.raises(ProtocolError, match=re.escape(str(error))):
            decode_batch(payload)
        return
    for found in (decode_batch(payload), decode_batch(deflate(payload))):
        assert (found.epoch, found.priority) == (expected.epoch, expected.priority)
        assert [TelemetryRecord(r.sequence, r.time, r.source, r.name, r.values) for r in found.records] == list(
            expected.records
        )


@pytest.mark.parametrize(
    "payload",
    [deflate(b"{" * 1000)[:-6], b"\x78not zlib", deflate(b" " * 300_000)],
    ids=["broken off", "not zlib", "a bomb"],
)
def test_a_deflated_batch_that_is_none_is_one_sentence(payload: bytes) -> None:
    with pytest.raises(ProtocolError, match="telemetry is deflated, but"):
        decode_batch(payload)


def test_the_newest_records_are_found_through_their_runs(database: Database) -> None:
    for first in range(1, 2000, 20):
        device = ("hall", "kitchen")[first % 40 == 1]
        store(database, [(device, batch([n * 37 % 2003 for n in range(first, first + 1)]))])
        store(database, [(device, batch(range(3000 + first, 3000 + first + 20)))])
    with database.transaction() as connection:
        every, reader = stored(connection), TelemetryStore(connection)
        for query in (
            TelemetryQuery(limit=30),
            TelemetryQuery(limit=30, device="hall"),
            TelemetryQuery(limit=5000, since=2000.0, until=25_000.0),
            TelemetryQuery(limit=9, name="n1", until=900.0),
            TelemetryQuery(limit=9, source="nobody"),
        ):
            expected = [
                (device, sequence)
                for device, _, sequence, time, name, _ in sorted(every, key=lambda row: (-row[3], -row[2]))
                if query.device in ("", device)
                and query.name in ("", name)
                and query.source in ("", "app")
                and (query.since or 0) <= time < (query.until or 1e11)
            ][: query.limit]
            assert [(row["device"], row["sequence"]) for row in reader.records(query)] == expected
        for step in (10.0, 60.0, 120.0, 3600.0):
            counts: dict[tuple[float, str], int] = defaultdict(int)
            for _, _, _, time, name, _ in every:
                counts[time // step * step, name] += 1
            found = {(rate["time"], rate["name"]): rate["count"] for rate in reader.rates(TelemetryQuery(), step)}
            assert found == counts


def test_each_priority_is_kept_for_its_own_time_and_comes_back_never(database: Database) -> None:
    now = 400 * DAY
    for priority, epoch in (("alarm", "aaaaaaaa"), ("event", "eeeeeeee"), ("metric", "cccccccc")):
        for age, first in ((300, 1), (50, 11), (5, 21)):
            store(database, [("hall", batch(range(first, first + 10), epoch, priority))], now - age * DAY)  # type: ignore[arg-type]
    retention = Retention(alarm=0, event=90, metric=30, minutes=30)
    with database.transaction() as connection:
        while prune_some(connection, retention, now, 7):
            pass
        left: dict[str, set[int]] = defaultdict(set)
        for _, epoch, sequence, *_ in stored(connection):
            left[epoch[0]].add(sequence)
        steps = {step: len(TelemetryStore(connection).sums(TelemetryQuery(), "x", step)) for step in STEPS}
    assert left == {"a": set(range(1, 31)), "e": set(range(11, 31)), "c": set(range(21, 31))}
    assert steps[60] == 0, "the records' own times are of 1970, so their minutes are too old"
    assert steps[86_400] > 0
    again = [("hall", batch(range(1, 31), epoch)) for epoch in ("eeeeeeee", "cccccccc")]
    assert store(database, again, now).count == 0


def test_a_lane_that_nobody_can_send_from_any_more_is_forgotten(database: Database) -> None:
    store(database, [("hall", batch([1]))], 0.0)
    store(database, [("hall", batch([1], EPOCHS[1]))], 1000 * DAY)
    retention = Retention(alarm=10, event=10, metric=10)
    with database.transaction() as connection:
        assert prune_some(connection, retention, 1000 * DAY, 100) == 1
        assert prune_some(connection, retention, 1000 * DAY, 100) == 0
        assert list(connection.scalars(select(lanes.c.epoch))) == [EPOCHS[1]]


def test_losses_are_added_up_once_by_cause_and_priority(database: Database) -> None:
    def told(sequence: int, name: str, **values: Any) -> TelemetryRecord:
        return TelemetryRecord(sequence, 10.0 * sequence, "telemetry", name, values)

    records = (
        told(1, "records_dropped", records=5, total=5, priority="metric"),
        told(2, "records_dropped", records=7, total=12, priority="metric"),
        told(3, "records_lost", records=2),
        told(4, "records_sampled", records=90, priority="metric"),
        told(5, "records_dropped", records="many"),
        TelemetryRecord(6, 60.0, "app", "records_lost", {"records": 1000}),
    )
    offered = [("hall", decode_batch(encode(TelemetryBatch(EPOCHS[0], records))))]
    store(database, offered)
    store(database, offered)
    with database.transaction() as connection:
        found = TelemetryStore(connection).losses("hall")
    assert [(loss["cause"], loss["priority"], loss["records"], loss["last_time"]) for loss in found] == [
        ("dropped", "metric", 12, 20.0),
        ("lost", "event", 2, 30.0),
        ("sampled", "metric", 90, 40.0),
    ]


def test_a_device_that_makes_up_names_fills_the_sums_only_so_far(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollups_module, "MOST_SERIES", 10)
    for number in range(1, 30):
        store(database, [("hall", batch([number], more={f"made{number}": 1}))])
    store(database, [("kitchen", batch([1]))])
    with database.transaction() as connection:
        assert len(stored(connection)) == 30, "records are kept all the same"
        count = select(func.count()).select_from(series).where(series.c.device == "hall")
        assert connection.scalar(count) == 10
        assert TelemetryStore(connection).sums(TelemetryQuery(device="kitchen"), "x", 60)


def test_records_of_an_older_cygnet_get_their_runs_and_sums_once(tmp_path: Path) -> None:
    path = tmp_path / "fleet.db"
    database = opened(f"sqlite:///{path}")
    for sequences in (range(1, 501), range(501, 1001), [*range(1001, 1100), 2000, 2001]):
        store(database, [("hall", batch(sequences))], 5.0)
    with database.transaction() as connection:
        before = [TelemetryStore(connection).sums(TelemetryQuery(), "x", step) for step in STEPS]
    database.close()
    with sqlite3.connect(path) as raw:  # as it was then
        for name in ("lanes", "runs", "rollups", "series", "losses"):
            raw.execute(f"DROP TABLE telemetry_{name}")
        raw.execute("DELETE FROM fleet_meta WHERE name = 'telemetry_runs'")
        raw.execute("CREATE INDEX telemetry_by_time ON telemetry (time)")
    raw.close()
    for _ in range(2):
        database = Database(f"sqlite:///{path}")
        assert store(database, [("hall", batch(range(1, 500))), ("hall", batch([1999, 2000]))]).count <= 1
        with database.transaction() as connection:
            reader = TelemetryStore(connection)
            assert [row["sequence"] for row in reader.records(TelemetryQuery(limit=2))] == [2001, 2000]
            after = [reader.sums(TelemetryQuery(until=7.0 * 1100), "x", step) for step in STEPS]
            assert after[0] == [each for each in before[0] if each["time"] < 7.0 * 1100]
        database.close()
    with sqlite3.connect(path) as raw:
        assert raw.execute("SELECT name FROM sqlite_master WHERE name = 'telemetry_by_time'").fetchone() is None
    raw.close()


def test_an_export_has_every_record_once_page_by_page(database: Database) -> None:
    sent = []
    for number in range(1, 120, 2):  # each a run of its own: several pages
        for device in ("hall", "kitchen"):
            store(database, [(device, batch([number]))])
            sent.append((device, number))
    pages, after = [], None
    while True:
        with database.transaction() as connection:
            page = read_page(connection, TelemetryQuery(since=70.0), after)
        pages.append(page)
        after = page.after
        if after is None:
            break
    assert len(pages) > 5
    found = [(record["device"], record["sequence"]) for page in pages for record in page.records]
    assert found == sorted((device, number) for device, number in sent if number >= 10)
    text = csv_lines(pages[0].records, head=True)
    assert text.splitlines()[0] == "device,epoch,sequence,time,source,name,values,received_at"
    assert '""x"": 11}"' in text


def test_a_fleet_moves_to_another_database_and_goes_on(tmp_path: Path, database_url: str) -> None:
    source = f"sqlite:///{tmp_path / 'old.db'}"
    database = opened(source)
    store(database, [("hall", batch(range(1, 301))), ("kitchen", batch(range(1, 31), EPOCHS[1]))])
    with database.transaction() as connection:
        before = stored(connection), TelemetryStore(connection).sums(TelemetryQuery(), "x", 60)
    database.close()
    assert copy_database(source, database_url) > 330
    moved = Database(database_url)
    with moved.transaction() as connection:
        assert (stored(connection), TelemetryStore(connection).sums(TelemetryQuery(), "x", 60)) == before
    assert store(moved, [("hall", batch(range(1, 302), more={"fresh": 1}))]).count == 1, (
        "the series of the new field has an id"
    )
    moved.close()
    with pytest.raises(FleetError, match="holds devices already"):
        copy_database(source, database_url)
