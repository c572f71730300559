"""Database and content: what they keep, and what they say when they cannot."""

import hashlib
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_runtime.sync.messages import BLOCK_BYTES, Desired, Reported, State, TelemetryBatch, TelemetryRecord
from firmware_tools.fleet import database as database_module
from firmware_tools.fleet.content import ContentStore
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.errors import FleetError, StorageError
from firmware_tools.fleet.events.rollups import SeriesIds
from firmware_tools.fleet.inbox import MOST_BATCHES, Inbox, Work
from firmware_tools.fleet.outgoing import Outgoing
from firmware_tools.fleet.presence import Presence
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.storing import store_work
from firmware_tools.fleet.strangers import Strangers
from firmware_tools.fleet.team import Alone
from firmware_tools.fleet.telemetry import TelemetryQuery, TelemetryStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "fleet.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{path}")
    with opened.transaction() as connection:
        Registry(connection).enroll("kitchen", "", time.time())
    yield opened
    opened.close()


def batch(sequences: list[int]) -> TelemetryBatch:
    return TelemetryBatch("0011223344556677", tuple(TelemetryRecord(s, 1.0 * s, "t", "n", {}) for s in sequences))


def test_the_database_is_in_write_ahead_mode_and_reopens(database: Database, path: Path) -> None:
    with sqlite3.connect(path) as raw:
        assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    database.close()
    with Database(f"sqlite:///{path}").transaction() as connection:
        assert Registry(connection).device_ids() == {"kitchen"}


def test_what_an_older_cygnet_said_without_digests_becomes_a_version_of_its_own_once(
    database: Database, path: Path
) -> None:
    with database.transaction() as connection:
        version = Registry(connection).device("kitchen").desired_version
    database.close()
    with sqlite3.connect(path) as raw:
        raw.execute("DELETE FROM fleet_meta WHERE name = 'desired_digests'")  # as it was then
    for _ in range(2):
        opened = Database(f"sqlite:///{path}")
        with opened.transaction() as connection:
            assert Registry(connection).device("kitchen").desired_version == version + 1
        opened.close()


def test_a_database_of_another_schema_is_refused(database: Database, path: Path) -> None:
    database.close()
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE fleet_meta SET value = '99'")
    with pytest.raises(StorageError, match=r"schema version 99, this cygnet knows version 1"):
        Database(f"sqlite:///{path}")


def test_a_database_of_something_else_is_refused(path: Path) -> None:
    with sqlite3.connect(path) as raw:
        raw.execute("CREATE TABLE devices (x)")
    with pytest.raises(StorageError, match="holds other tables of the same names"):
        Database(f"sqlite:///{path}")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("nonsense", "cannot be used"),
        ("nosuchdatabase://x", "cannot be used"),
        ("sqlite:////no/such/folder/fleet.db", "check that its directory exists"),
    ],
)
def test_a_database_that_cannot_be_opened_is_one_sentence(url: str, sentence: str) -> None:
    with pytest.raises(StorageError, match=sentence):
        Database(url)


def test_a_file_that_is_no_database_is_one_sentence(path: Path) -> None:
    path.write_bytes(b"x" * 5000)
    with pytest.raises(StorageError, match="damaged or something else"):
        Database(f"sqlite:///{path}")


def test_a_locked_database_is_one_sentence_and_stores_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "_BUSY_MILLISECONDS", 50)
    database = Database(f"sqlite:///{path}")
    with sqlite3.connect(path) as raw:
        raw.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="another process holds it locked"), database.transaction() as connection:
            Registry(connection).enroll("hall", "", 1.0)
    with database.transaction() as connection:
        assert Registry(connection).device_ids() == set()


def test_a_full_disk_is_one_sentence_and_stores_nothing(database: Database) -> None:
    def store(connection: object, records: range) -> None:
        TelemetryStore(connection).store("kitchen", batch(list(records)), 1.0)  # type: ignore[arg-type]

    with database.transaction() as connection:
        store(connection, range(1, 10))
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")  # what SQLite does when the disk has no more

    def store_much() -> None:
        with database.transaction() as connection:
            for start in range(10, 20_000, 500):
                store(connection, range(start, start + 500))

    with pytest.raises(StorageError, match="the disk is full"):
        store_much()
    with database.transaction() as connection:
        assert len(TelemetryStore(connection).records(TelemetryQuery(limit=1000))) == 9


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sets(st.integers(1, 60), min_size=1).map(sorted), max_size=8))
def test_however_batches_overlap_each_record_is_stored_once(batches: list[list[int]]) -> None:
    database = Database("sqlite://")
    with database.transaction() as connection:
        Registry(connection).enroll("kitchen", "", 1.0)
        store = TelemetryStore(connection)
        new = [record.sequence for sequences in batches for record in store.store("kitchen", batch(sequences), 1.0)]
        rows = store.records(TelemetryQuery(limit=1000))
    assert sorted(new) == sorted(row["sequence"] for row in rows) == sorted(set().union(*batches))
    database.close()


def test_old_telemetry_is_pruned_a_portion_at_a_time(database: Database) -> None:
    with database.transaction() as connection:
        store = TelemetryStore(connection)
        store.store("kitchen", batch([1, 2, 3]), now := 1000.0)
        store.store("kitchen", batch([4, 5]), now + 100)
        assert store.prune(now + 50, most=2) == 2
        assert store.prune(now + 50, most=2) == 1
        assert store.prune(now + 50, most=2) == 0
        assert [row["sequence"] for row in store.records(TelemetryQuery())] == [5, 4]


def test_a_failed_transaction_leaves_no_half(database: Database) -> None:
    def enroll_and_fail() -> None:
        with database.transaction() as connection:
            registry = Registry(connection)
            registry.enroll("hall", "", 1.0)
            registry.assign("hall", "org.example.nothing", None, launch=False)

    with pytest.raises(FleetError):
        enroll_and_fail()
    with database.transaction() as connection:
        assert Registry(connection).device_ids() == {"kitchen"}


def test_a_device_that_claims_an_absurd_version_cannot_exhaust_the_numbers(database: Database) -> None:
    with database.transaction() as connection:
        registry = Registry(connection)
        assert not registry.record_reports({"kitchen": (Reported(1, 2**53 - 1, "b", "r", {}), 1.0)})
        assert registry.device("kitchen").desired_version == 1
        assert registry.record_reports({"kitchen": (Reported(1, 7, "b", "r", {}), 1.0)}) == {"kitchen"}
        assert registry.desired.one("north", "kitchen", 1.0).version == 8


def test_of_many_devices_that_speak_at_once_each_is_noted_for_itself(database: Database) -> None:
    many = [f"lamp-{number:04}" for number in range(1_200)]  # more than one statement names
    with database.transaction() as connection:
        registry = Registry(connection)
        for device in many:
            registry.enroll(device, "", 1.0)
        registry.record_states(
            {device: (State("online", n), None if n % 2 else 100.0 + n) for n, device in enumerate(many)}
        )
        said = {device: (Reported(n, 7 if n == 3 else 0, f"b{n}", "r", {}), 50.0 + n) for n, device in enumerate(many)}
        assert registry.record_reports(said) == {"lamp-0003"}
        registry.record_seen(dict.fromkeys(many, 600.0))
        assert registry.raise_past({"lamp-0003": 7, "lamp-0004": 9, "lamp-0005": 1}) == {"lamp-0004"}
        for n in (2, 3, 4, 1_198, 1_199):
            lamp = registry.device(many[n])
            assert (lamp.status, lamp.board) == ("online", f"b{n}")
            assert lamp.last_seen == max(600.0, 0 if n % 2 else 100.0 + n)
            assert lamp.desired_version == {3: 8, 4: 10}.get(n, 1)


def test_content_is_read_in_blocks_and_named_by_its_digest(tmp_path: Path) -> None:
    store, data = ContentStore(tmp_path), bytes(range(256)) * 600
    sha256 = store.add(data)
    assert sha256 == hashlib.sha256(data).hexdigest()
    assert store.add(data) == sha256
    blocks = [store.read_block(sha256, offset, BLOCK_BYTES) for offset in range(0, len(data), BLOCK_BYTES)]
    assert b"".join(block for block, _ in blocks) == data
    assert {size for _, size in blocks} == {len(data)}
    assert [file.name for file in tmp_path.iterdir()] == [sha256]


@pytest.mark.parametrize(
    ("sha256", "offset", "length", "sentence"),
    [
        ("0" * 64, 0, 1, "has no content"),
        ("../fleet.key", 0, 1, "is not a SHA-256"),
        ("A" * 64, 0, 1, "is not a SHA-256"),
        (None, -1, 1, "outside the content's 10 bytes"),
        (None, 10, 1, "outside the content's 10 bytes"),
        (None, 0, 0, "a block has 1 to 65536 bytes"),
        (None, 0, BLOCK_BYTES + 1, "a block has 1 to 65536 bytes"),
    ],
)
def test_a_block_that_is_not_there_is_refused(
    tmp_path: Path, sha256: str | None, offset: int, length: int, sentence: str
) -> None:
    store = ContentStore(tmp_path)
    stored = store.add(b"0123456789")
    with pytest.raises(FleetError, match=sentence):
        store.read_block(sha256 or stored, offset, length)


def test_content_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "content").write_text("a file where the folder should be")
    with pytest.raises(StorageError, match="the content cannot be stored in"):
        ContentStore(tmp_path / "content").add(b"x")


async def test_the_inbox_keeps_the_latest_state_and_bounds_telemetry() -> None:
    inbox = Inbox()
    for session in range(10_000):
        inbox.put_state("kitchen", State("online", session), 1.0)
    accepted = sum(inbox.put_batch("kitchen", b"{}") for _ in range(MOST_BATCHES + 10))
    assert accepted == MOST_BATCHES
    work = await inbox.take()
    assert work.states == {"kitchen": (State("online", 9_999), 1.0)}
    inbox.put_state("kitchen", State("offline", 9_999), 2.0)
    inbox.put_back(work)  # what could not be stored does not hide what came since
    assert (await inbox.take()).states["kitchen"][0].status == "offline"


def test_telemetry_brings_a_device_back_unless_it_is_only_just_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1_000.0]
    monkeypatch.setattr("firmware_tools.fleet.presence.time.monotonic", lambda: clock[0])
    presence = Presence(Inbox(), Alone())
    presence.hear_state("kitchen", State("online", 3), 1.0)
    presence.hear_state("kitchen", State("lost", 3), 2.0)
    presence.hear_sign_of_life("kitchen", None, 2.1, late=True)
    assert not presence.is_online("kitchen"), "it may have been said before"
    clock[0] += 60
    presence.hear_sign_of_life("kitchen", None, 62.0, late=True, brings_back=False)
    assert not presence.is_online("kitchen"), "the broker may have kept it for a while"
    presence.hear_sign_of_life("kitchen", None, 62.0, late=True)
    assert presence.is_online("kitchen")


def test_who_begins_to_watch_while_something_is_stored_is_told_to_load_everything(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'fleet.db'}")
    with database.transaction() as connection:
        Registry(connection).enroll("kitchen", "", 1.0)
    work = Work(states={"kitchen": (State("online", 1), 1.0)})
    stored = store_work(database, "north", work, 1.0, SeriesIds(), shows=False)
    assert stored.changed is None
    stored = store_work(database, "north", Work(held={"kitchen": 0}), 1.0, SeriesIds(), shows=False)
    assert stored.changed == []
    database.close()


def test_strangers_are_bounded() -> None:
    strangers = Strangers()
    for number in range(1_000):
        strangers.note(f"s{number}", float(number))
    heard = strangers.all()
    assert len(heard) == 200
    assert heard[0].device == "s999"


async def test_an_older_desired_document_never_follows_a_newer_one() -> None:
    outgoing = Outgoing()

    def desired(version: int) -> Desired:
        return Desired("north", "kitchen", version, 0, {})

    outgoing.put_all([desired(4), desired(5), desired(3)])
    assert await outgoing.take(10) == [desired(5)]
    outgoing.put_all([desired(4)])  # read from the database before the change that made version 5
    outgoing.put_all([desired(5)])  # published again, since a broker may have forgotten it
    assert await outgoing.take(10) == [desired(5)]
    outgoing.put_all([Desired("north", name, 1, 0, {}) for name in "abc"])
    assert len(await outgoing.take(2)) == 2
    assert len(await outgoing.take(2)) == 1


def test_a_fleet_on_sqlite_needs_no_driver_of_postgresql() -> None:
    code = "import sys; sys.modules['psycopg'] = None; import firmware_tools.fleet.server"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
