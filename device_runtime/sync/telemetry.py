"""Telemetry that is not lost: a queue in SQLite from which a record goes only when the fleet has said that it has it.

Durability: write-ahead log with ``synchronous=NORMAL``, each record a transaction of its own. When ``record``
returns, the record is in the kernel, so killing the process loses nothing; a power cut may lose the last moments
but never harms the file. No ``fsync`` happens on the event loop: checkpoints, which need one, run in a thread.
"""

import asyncio
import json
import logging
import secrets
import sqlite3
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from device_runtime.sync.fields import MAX_INTEGER, ProtocolError, canonical_json
from device_runtime.sync.messages import (
    MAX_RECORDS,
    TelemetryBatch,
    TelemetryReceipt,
    TelemetryRecord,
    decode_telemetry,
    encode,
)
from device_runtime.values import Value

log = logging.getLogger(__name__)

BUDGET_BYTES = 16 * 1024 * 1024
MAX_RECORD_BYTES = 8 * 1024
"""The longest record, as JSON."""
BATCH_BYTES = 128 * 1024
_ROW_BYTES = 32
"""What SQLite adds to a row: ids, lengths, page slack; an estimate for the budget."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS queue (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS record (sequence INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL);
"""


class TelemetryQueue:
    """Records on their way to the fleet. Used from one thread, the event loop's.

    Attributes:
        epoch: names this file for ever; drawn when it is made.
        on_record: called after each accepted record.
    """

    def __init__(
        self,
        path: Path,
        *,
        budget: int = BUDGET_BYTES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Open the queue, or make it. A broken file is put aside, and a new one made.

        Args:
            path: the SQLite file; its folder is made when missing.
            budget: bytes of records that are kept; beyond it the oldest are dropped and counted.
            clock: Unix time in seconds.
        """
        self._path, self._budget, self._clock = path, budget, clock
        self.on_record: Callable[[], None] | None = None
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._database = self._open()
        except sqlite3.DatabaseError as error:
            aside = path.with_name(path.name + ".broken")
            log.warning("the telemetry queue %s is broken (%s); it is put aside as %s", path, error, aside.name)
            for ending in ("-wal", "-shm"):
                path.with_name(path.name + ending).unlink(missing_ok=True)
            path.replace(aside)
            self._database = self._open()
        self.epoch = str(self._database.execute("SELECT value FROM queue WHERE name = 'epoch'").fetchone()[0])
        self._count, self._bytes = self._measure()
        self._lost = 0
        self._sent = 0

    def record(self, source: str, name: str, values: Mapping[str, Value]) -> bool:
        """Take one event; when this returns true, killing the process does not lose it.

        Args:
            source: what tells, as an app id or ``sync``; at most 128 characters.
            name: what happened; at most 64 characters.
            values: what JSON can say; at most 64 members and 8 KiB.

        Returns:
            Whether the disk took it; where not, it is counted and told with the next record that the disk takes.

        Raises:
            ProtocolError: the fleet would refuse such a record.
        """
        body = _body(TelemetryRecord(1, self._clock(), source, name, values))
        accepted = self._insert(body)
        if accepted and self._lost:
            lost, self._lost = self._lost, 0
            self._insert(self._own("records_lost", {"records": lost}))
        if self._bytes > self._budget:
            try:
                self._drop_oldest()
            except sqlite3.OperationalError as error:
                log.warning("the oldest telemetry cannot be dropped: %s", error)
        if accepted and self.on_record is not None:
            self.on_record()
        return accepted

    def pending(self) -> int:
        """How many records wait for their receipt."""
        return self._count

    def next_batch(self, most: int = MAX_RECORDS) -> TelemetryBatch | None:
        """The oldest records, at most ``most``; the same again until their receipt came."""
        records: list[TelemetryRecord] = []
        size = 0
        rows = self._database.execute("SELECT sequence, body FROM record ORDER BY sequence LIMIT ?", (most,))
        for sequence, body in rows.fetchall():
            size += len(body) + _ROW_BYTES
            if records and size > BATCH_BYTES:
                break
            moment, source, name, values = json.loads(body)
            records.append(TelemetryRecord(sequence, moment, source, name, values))
        if not records:
            return None
        self._sent = max(self._sent, records[-1].sequence)
        return TelemetryBatch(self.epoch, tuple(records))

    def acknowledge(self, receipt: TelemetryReceipt) -> None:
        """The fleet has stored these: forget them. What was never sent is kept, whatever the receipt says."""
        if receipt.epoch != self.epoch:
            return
        try:
            self._forget(min(receipt.sequence, self._sent))
        except sqlite3.OperationalError as error:
            log.warning("stored telemetry is kept, and sent again, until the disk can forget it: %s", error)

    async def tidy(self) -> None:
        """Move the write-ahead log into the file, in a thread; call it now and then."""
        await asyncio.to_thread(self._checkpoint)

    def close(self) -> None:
        """Close the file; records stay for the next start."""
        self._database.close()

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._path, isolation_level=None, timeout=5)
        try:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            database.execute("PRAGMA wal_autocheckpoint = 0")
            if database.execute("PRAGMA quick_check").fetchone()[0] != "ok":
                raise sqlite3.DatabaseError("its pages contradict each other")  # noqa: TRY301 - one way out
            database.executescript(_SCHEMA)
            database.execute("INSERT OR IGNORE INTO queue VALUES ('epoch', ?)", (secrets.token_hex(8),))
        except BaseException:
            database.close()
            raise
        return database

    def _checkpoint(self) -> None:
        database = sqlite3.connect(self._path, isolation_level=None, timeout=0)
        try:
            database.execute("PRAGMA wal_checkpoint(PASSIVE)")
        except sqlite3.OperationalError as error:
            log.debug("the telemetry log waits for the next checkpoint: %s", error)
        finally:
            database.close()

    def _insert(self, body: bytes) -> bool:
        try:
            self._database.execute("INSERT INTO record (body) VALUES (?)", (body,))
        except sqlite3.OperationalError as error:
            if self._lost == 0:
                log.warning("telemetry is lost until the disk takes it again: %s", error)
            self._lost += 1
            return False
        self._count += 1
        self._bytes += len(body) + _ROW_BYTES
        return True

    def _drop_oldest(self) -> None:
        """Make a tenth of the budget free, and say so in a record."""
        excess = self._bytes - self._budget * 9 // 10
        last = count = 0
        for sequence, size in self._database.execute("SELECT sequence, length(body) FROM record ORDER BY sequence"):
            last, count, excess = sequence, count + 1, excess - size - _ROW_BYTES
            if excess <= 0:
                break
        self._forget(last)
        self._database.execute(
            "INSERT INTO queue VALUES ('dropped', ?) ON CONFLICT (name) DO UPDATE SET value = value + ?", (count, count)
        )
        (total,) = self._database.execute("SELECT value FROM queue WHERE name = 'dropped'").fetchone()
        log.warning("telemetry exceeds its %d bytes: the %d oldest records are dropped", self._budget, count)
        # The total is in each such record, since such a record can itself be dropped later.
        self._insert(self._own("records_dropped", {"records": count, "total": int(total)}))

    def _forget(self, last: int) -> None:
        count, size = self._measure(last)
        self._database.execute("DELETE FROM record WHERE sequence <= ?", (last,))
        self._count -= count
        self._bytes -= size

    def _own(self, name: str, values: Mapping[str, Value]) -> bytes:
        return _body(TelemetryRecord(1, self._clock(), "telemetry", name, values))

    def _measure(self, last: int = MAX_INTEGER) -> tuple[int, int]:
        """The number of records up to a sequence, and their bytes."""
        count, size = self._database.execute(
            "SELECT count(*), coalesce(sum(length(body)), 0) FROM record WHERE sequence <= ?", (last,)
        ).fetchone()
        return count, size + count * _ROW_BYTES


def _body(record: TelemetryRecord) -> bytes:
    """The record as it is stored; checked as the fleet will check it."""
    checked = decode_telemetry(encode(TelemetryBatch("00000000", (record,)))).records[0]
    body = canonical_json([checked.time, checked.source, checked.name, checked.values])
    if len(body) > MAX_RECORD_BYTES:
        raise ProtocolError(f"a telemetry record of {len(body)} bytes is longer than {MAX_RECORD_BYTES} bytes")
    return body
