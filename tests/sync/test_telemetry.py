"""The telemetry queue: what it accepted is there after kill -9, and goes only with a receipt."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from device_runtime.sync.messages import ProtocolError, TelemetryReceipt, TelemetryRecord, decode_telemetry, encode
from device_runtime.sync.telemetry import BATCH_BYTES, MAX_RECORD_BYTES, TelemetryQueue
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
    assert (queue.epoch, [record.sequence for record in drain(queue)]) == (epoch, [2])


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
    assert [record.sequence for record in records] == list(range(1, len(records) + 1))


def test_beyond_the_budget_the_oldest_go_and_that_is_told(tmp_path: Path) -> None:
    queue = TelemetryQueue(tmp_path / "t.db", budget=20_000)
    for number in range(2000):
        assert queue.record("app", "n", {"n": number})
    records = drain(queue)
    numbers = [record.values["n"] for record in records if record.name == "n"]
    assert numbers == list(range(2000 - len(numbers), 2000)), "the newest are kept, in order"
    told = [record for record in records if record.name == "records_dropped"]
    # Each record, dropped ones and those that told of drops included, is in the last total or still here.
    assert int(str(told[-1].values["total"])) + len(records) == records[-1].sequence


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


def test_a_disk_that_takes_nothing_is_counted_and_told_later(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "t.db"
    queue = TelemetryQueue(path)
    queue._database.execute("PRAGMA busy_timeout = 0")
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    assert [queue.record("app", "n", {}) for _ in range(3)] == [False] * 3
    blocker.close()
    assert queue.record("app", "n", {})
    assert [(record.name, record.values) for record in drain(queue)] == [("n", {}), ("records_lost", {"records": 3})]
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
