"""The telemetry queue: what it accepted is there after kill -9, and goes only with a receipt."""

import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from device_runtime.sync.messages import ProtocolError, TelemetryReceipt, TelemetryRecord, decode_telemetry, encode
from device_runtime.sync.priorities import priority_of
from device_runtime.sync.telemetry import BATCH_BYTES, MAX_RECORD_BYTES, TelemetryQueue
from device_runtime.sync.telemetry_file import CHANGES_A_CHECKPOINT, TelemetryFile
from tests.sync.recorder import record_until_killed


def drain(queue: TelemetryQueue) -> list[TelemetryRecord]:
    """Everything in the queue, as a fleet that answers each batch would get it."""
    records: list[TelemetryRecord] = []
    while (batch := queue.next_batch()) is not None:
        assert decode_telemetry(encode(batch)) == batch
        records += batch.records
        queue.acknowledge(TelemetryReceipt(batch.epoch, batch.records[-1].sequence))
    return records


def test_a_record_comes_out_as_it_went_in(tmp_path: Path) -> None:
    queue = TelemetryQueue(tmp_path / "t.db", clock=lambda: 1_790_000_000.25)
    queue.record("app", "tap", {"x": 1, "where": ["ü", None, {"deep": True}]})
    assert drain(queue) == [
        TelemetryRecord(1, 1_790_000_000.25, "app", "tap", {"x": 1, "where": ["ü", None, {"deep": True}]})
    ]


def test_the_same_batch_comes_until_its_receipt(tmp_path: Path) -> None:
    queue = TelemetryQueue(tmp_path / "t.db")
    for number in range(7):
        queue.record("app", "n", {"n": number})
    first = queue.next_batch(3)
    assert first is not None
    assert queue.next_batch(3) == first
    queue.acknowledge(TelemetryReceipt(queue.epoch, 2))
    assert [record.sequence for record in drain(queue)] == [3, 4, 5, 6, 7]


def test_a_receipt_of_another_epoch_or_of_what_was_not_sent_forgets_nothing(tmp_path: Path) -> None:
    queue = TelemetryQueue(tmp_path / "t.db")
    queue.record("app", "a", {})
    queue.acknowledge(TelemetryReceipt(queue.epoch, 99))
    queue.next_batch()
    queue.acknowledge(TelemetryReceipt("00000000", 99))
    assert queue.pending() == 1
    queue.record("app", "b", {})
    queue.acknowledge(TelemetryReceipt(queue.epoch, 99))
    assert [record.name for record in drain(queue)] == ["b"]


def test_sequences_never_come_twice_even_after_everything_was_sent(tmp_path: Path) -> None:
    queue = TelemetryQueue(tmp_path / "t.db")
    queue.record("app", "a", {})
    drain(queue)
    epoch = queue.epoch
    queue.close()
    queue = TelemetryQueue(tmp_path / "t.db")
    queue.record("app", "b", {})
    assert [record.sequence for record in drain(queue)] == [1]
    assert queue.epoch != epoch, "a new start numbers in a lane of its own"


def test_each_file_has_its_own_epoch(tmp_path: Path) -> None:
    assert TelemetryQueue(tmp_path / "1.db").epoch != TelemetryQueue(tmp_path / "2.db").epoch


def test_what_was_accepted_survives_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    for _ in range(3):
        accepted = record_until_killed(path)
        queue = TelemetryQueue(path)
        assert queue.pending() >= accepted
        queue.close()
    records = drain(TelemetryQueue(path))
    assert [record.values["n"] for record in records] == list(range(len(records)))


def test_beyond_the_budget_the_oldest_go_and_that_is_told(tmp_path: Path) -> None:
    queue = TelemetryQueue(tmp_path / "t.db", budget=20_000)
    for number in range(1000):
        assert queue.record("app", "n", {"n": number})
    records = drain(queue)
    numbers = [record.values["n"] for record in records if record.name == "n"]
    assert numbers == list(range(1000 - len(numbers), 1000)), "the newest are kept, in order"
    told = [record.values for record in records if record.name == "records_dropped"]
    assert told[-1]["total"] == sum(int(str(each["records"])) for each in told) == 1000 - len(numbers)


def test_the_budget_counts_what_an_earlier_process_left(tmp_path: Path) -> None:
    queue = TelemetryQueue(tmp_path / "t.db")
    for _ in range(100):
        queue.record("app", "n", {"text": "x" * 1000})
    queue.close()
    queue = TelemetryQueue(tmp_path / "t.db", budget=50_000)
    queue.record("app", "last", {})
    assert queue.pending() < 60


def test_batches_stay_below_their_size(tmp_path: Path) -> None:
    queue = TelemetryQueue(tmp_path / "t.db")
    for _ in range(60):
        queue.record("app", "n", {"text": "x" * 7000})
    sizes = []
    while (batch := queue.next_batch()) is not None:
        sizes.append(len(encode(batch)))
        queue.acknowledge(TelemetryReceipt(batch.epoch, batch.records[-1].sequence))
    assert len(sizes) == 4
    assert max(sizes) < BATCH_BYTES + 8192


@pytest.mark.parametrize(
    ("source", "name", "values"),
    [
        ("x" * 129, "n", {}),
        ("app", "two\nlines", {}),
        ("app", "n", {"x": float("nan")}),
        ("app", "n", {"x": b"bytes"}),
        ("app", "n", {"x": "y" * MAX_RECORD_BYTES}),
        ("app", "n", {str(number): 1 for number in range(65)}),
    ],
    ids=["long source", "lines", "nan", "bytes", "long", "many"],
)
def test_a_record_that_the_fleet_would_refuse_is_refused_at_once(
    tmp_path: Path, source: str, name: str, values: dict[str, Any]
) -> None:
    queue = TelemetryQueue(tmp_path / "t.db")
    with pytest.raises(ProtocolError):
        queue.record(source, name, values)
    assert queue.pending() == 0


def test_a_broken_file_is_put_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "t.db"
    path.write_bytes(b"this is no database" * 1000)
    queue = TelemetryQueue(path)
    assert queue.record("app", "a", {})
    assert (tmp_path / "t.db.broken").exists()
    assert "put aside" in caplog.text


_OPENED_ON_A_FULL_DISK = """
import pathlib, resource, sys
from device_runtime.errors import CygnetError
from device_runtime.sync.telemetry import TelemetryQueue
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    TelemetryQueue(pathlib.Path(sys.argv[1]))
except CygnetError as error:
    print(error)
"""


def test_a_disk_that_is_full_at_the_start_loses_nothing_that_waits(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    queue = TelemetryQueue(path)
    for number in range(50):
        assert queue.record("app", "a", {"number": number})
    queue.close()
    command = [sys.executable, "-c", _OPENED_ON_A_FULL_DISK, str(path)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "free some space on the disk and start again" in said
    assert [each.name for each in tmp_path.glob("*.broken")] == []
    queue = TelemetryQueue(path)
    assert queue.pending() == 50


def test_a_disk_that_takes_nothing_is_counted_and_told_later(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "t.db"
    queue = TelemetryQueue(path)
    queue._file._database.execute("PRAGMA busy_timeout = 0")
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    assert [queue.record("app", "n", {}) for _ in range(3)] == [False] * 3
    blocker.close()
    assert queue.record("app", "n", {})
    assert [(record.name, record.values) for record in drain(queue)] == [
        ("records_lost", {"records": 3, "priority": "event"}),
        ("n", {}),
    ]
    assert caplog.text.count("telemetry is lost") == 1


async def test_the_log_moves_into_the_file_while_recording_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    queue = TelemetryQueue(path)
    small = path.stat().st_size
    for number in range(3000):
        queue.record("app", "n", {"n": number})
        if number % 1000 == 999:
            await queue.tidy()
    assert path.stat().st_size > small
    assert len(drain(queue)) == 3000


async def test_the_log_is_moved_when_it_has_grown_and_at_once_after_an_erasure(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    queue = TelemetryQueue(path)
    queue.record("com.example.lamp", "secret", {"text": "a word that must go"})
    moved = path.read_bytes()
    await queue.tidy()
    assert path.read_bytes() == moved, "one record is not worth a write of the whole"
    for number in range(CHANGES_A_CHECKPOINT):
        queue.record("app", "n", {"number": number})
    await queue.tidy()
    assert b"a word that must go" in path.read_bytes()
    queue.erase("com.example.lamp")
    await queue.tidy()
    assert b"a word that must go" not in path.read_bytes()


async def test_a_move_that_the_disk_refuses_is_tried_again_with_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.db"
    queue = TelemetryQueue(path)
    queue.record("com.example.lamp", "secret", {"text": "a word that must go"})
    queue.close()
    queue = TelemetryQueue(path)
    queue.erase("com.example.lamp")
    with monkeypatch.context() as broken:
        broken.setattr(TelemetryFile, "checkpoint", lambda _: False)
        await queue.tidy()
    assert b"a word that must go" in path.read_bytes()
    await queue.tidy()
    assert b"a word that must go" not in path.read_bytes()


async def test_what_power_cuts_leave_in_the_log_is_moved_by_whoever_starts_next(tmp_path: Path) -> None:
    logs = []
    for start in range(5):
        folder, cut = tmp_path / str(start), tmp_path / str(start + 1)
        queue = TelemetryQueue(folder / "t.db")
        for number in range(20):
            queue.record("app", "n", {"start": start, "number": number})
        if not start:
            queue.record("com.example.lamp", "secret", {"text": "a word that must go"})
            queue.erase("com.example.lamp")
        drain(queue)
        shutil.copytree(folder, cut)  # as a power cut leaves it: closing would move the log
        logs.append((cut / "t.db-wal").read_bytes())
        queue.close()
    assert b"a word that must go" in logs[0]
    assert len({len(log) for log in logs[1:]}) == 1, "the log does not grow from start to start"
    assert not any(b"a word that must go" in log for log in logs[1:])
    assert b"a word that must go" not in (tmp_path / "4" / "t.db").read_bytes()


def names(queue: TelemetryQueue) -> list[str]:
    return [record.name for record in drain(queue)]


@pytest.mark.parametrize(
    ("source", "name", "priority"),
    [
        ("com.example.smoke", "alarm.smoke", "alarm"),
        ("com.example.smoke", "metric.temperature", "metric"),
        ("com.example.smoke", "tap", "event"),
        ("com.example.smoke", "performance", "metric"),
        ("com.example.smoke", "failed", "event"),
        ("sync", "failed", "alarm"),
        ("device", "program_stopped", "alarm"),
        ("device", "device_started", "event"),
    ],
)
def test_a_name_says_its_priority(source: str, name: str, priority: str) -> None:
    assert priority_of(source, name) == priority


def test_alarms_go_first_and_metrics_last_each_in_a_batch_of_its_own(tmp_path: Path) -> None:
    queue = TelemetryQueue(tmp_path / "t.db")
    for name in ("metric.a", "tap", "alarm.a", "metric.b", "alarm.b"):
        queue.record("app", name, {})
    first = queue.next_batch()
    assert first is not None
    assert first.priority == "alarm"
    assert decode_telemetry(encode(first)).priority == "alarm"
    assert names(queue) == ["alarm.a", "alarm.b", "tap", "metric.a", "metric.b"]


def test_beyond_the_budget_metrics_go_before_events_and_events_before_alarms(tmp_path: Path) -> None:
    queue = TelemetryQueue(tmp_path / "t.db", budget=60_000)
    for number in range(100):
        queue.record("app", "alarm.a", {"n": number})
    for number in range(300):
        queue.record("app", "metric.m", {"n": number})
    for number in range(800):
        queue.record("app", "tap", {"n": number})
    records = drain(queue)
    kept = Counter(record.name for record in records)
    told = [record.values for record in records if record.name == "records_dropped"]
    dropped = {
        priority: sum(int(str(each["records"])) for each in told if each["priority"] == priority)
        for priority in ("alarm", "event", "metric")
    }
    assert kept["alarm.a"] == 100
    assert kept["metric.m"] == 0
    assert dropped == {"alarm": 0, "event": 800 - kept["tap"], "metric": 300}


def test_a_restored_image_never_gives_a_number_to_another_record(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    queue = TelemetryQueue(path)
    queue.record("app", "before", {})
    queue.close()
    image = {file: file.read_bytes() for file in tmp_path.iterdir()}
    seen: dict[tuple[str, int], str] = {}
    for name in ("first life", "second life"):
        queue = TelemetryQueue(path)
        queue.record("app", name, {})
        while (batch := queue.next_batch()) is not None:
            for record in batch.records:
                assert seen.setdefault((batch.epoch, record.sequence), record.name) == record.name
            queue.acknowledge(TelemetryReceipt(batch.epoch, batch.records[-1].sequence))
        queue.close()
        for file in tmp_path.iterdir():
            file.unlink()
        for file, content in image.items():
            file.write_bytes(content)
    assert sorted(seen.values()) == ["before", "first life", "second life"]


def test_a_file_of_an_older_cygnet_is_sent_on_under_its_own_names(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    with sqlite3.connect(path) as older:
        older.execute("CREATE TABLE queue (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")
        older.execute("CREATE TABLE record (sequence INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL)")
        older.execute("INSERT INTO queue VALUES ('epoch', '00112233aabbccdd'), ('dropped', '5')")
        older.execute("""INSERT INTO record VALUES (7, '[1.5,"app","tap",{"x":1}]')""")
    older.close()
    queue = TelemetryQueue(path)
    queue.record("app", "new", {})
    batch = queue.next_batch()
    assert batch is not None
    assert (batch.epoch, batch.records) == ("00112233aabbccdd", (TelemetryRecord(7, 1.5, "app", "tap", {"x": 1}),))
    assert names(queue) == ["tap", "new"]


class Noon:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 20_500 * 86_400.0 + 43_200

    def __call__(self) -> float:
        return self.now


def test_the_days_bytes_hold_back_metrics_first_alarms_last_and_are_kept_through_a_restart(tmp_path: Path) -> None:
    clock, path = Noon(), tmp_path / "t.db"
    queue = TelemetryQueue(path, daily_bytes=1000, clock=clock)
    for name in ("metric.m", "tap", "alarm.a"):
        queue.record("app", name, {})
    seen = []
    for spent in (0, 600, 300, 100):  # shares: 600 for metrics, 900 for events, 1000 for alarms
        queue.spend(spent)
        queue.close()
        queue = TelemetryQueue(path, daily_bytes=1000, clock=clock)
        batch = queue.next_batch()
        seen.append((queue.sendable(), batch.priority if batch else None))
    assert seen == [(3, "alarm"), (2, "alarm"), (1, "alarm"), (0, None)]
    clock.now += 86_400
    assert names(queue) == ["alarm.a", "tap", "metric.m"]


def test_a_clock_that_jumps_back_makes_no_new_bytes(tmp_path: Path) -> None:
    clock = Noon()
    queue = TelemetryQueue(tmp_path / "t.db", daily_bytes=1000, clock=clock)
    queue.record("app", "alarm.a", {})
    queue.spend(1000)
    noon = clock.now
    for now in (0.0, noon - 86_400, noon - 86_400 + 60):
        clock.now = now
        assert queue.next_batch() is None
    clock.now = noon
    assert queue.next_batch() is not None, "a new day, counted from the clock that was put right"


def test_metrics_beyond_the_days_bytes_are_sampled_and_their_number_is_told(tmp_path: Path) -> None:
    clock = Noon()
    queue = TelemetryQueue(tmp_path / "t.db", daily_bytes=1000, clock=clock)
    queue.spend(700)
    for second in range(180):
        assert queue.record("app", "metric.m", {"second": second})
        clock.now += 1
    queue.close()
    queue = TelemetryQueue(tmp_path / "t.db", daily_bytes=1000, clock=clock)
    clock.now += 86_400
    first, *kept = drain(queue)
    assert (first.name, first.values) == ("records_sampled", {"records": 177, "priority": "metric"})
    assert [record.values["second"] for record in kept] == [0, 60, 120]


def test_a_full_disk_loses_nothing_uncounted(tmp_path: Path) -> None:
    queue = TelemetryQueue(tmp_path / "t.db")
    database = queue._file._database
    database.execute(f"PRAGMA max_page_count = {database.execute('PRAGMA page_count').fetchone()[0]}")
    taken = sum(queue.record("app", "n", {"text": "x" * 500}) for _ in range(50))
    assert taken < 50
    database.execute("PRAGMA max_page_count = 10000")
    queue.record("app", "n", {})
    records = drain(queue)
    lost = [record.values["records"] for record in records if record.name == "records_lost"]
    assert sum(record.name == "n" for record in records) == taken + 1
    assert lost == [50 - taken]
