"""Telemetry that is not lost: a queue on the disk from which a record goes only when the fleet has said that it has it.

Records wait in lanes by priority: alarms are sent first, and dropped last when the disk's budget is used up. What is
dropped, for whatever reason, is counted and told in a record of its own. No ``fsync`` happens on the event loop:
checkpoints, which need one, run in a thread.
"""

import asyncio
import json
import logging
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from device_runtime.errors import CygnetError
from device_runtime.sync.fields import MAX_INTEGER, ProtocolError, canonical_json
from device_runtime.sync.messages import (
    MAX_RECORDS,
    PRIORITIES,
    Priority,
    TelemetryBatch,
    TelemetryReceipt,
    TelemetryRecord,
    decode_telemetry,
    encode,
)
from device_runtime.sync.metering import Meter
from device_runtime.sync.priorities import priority_of
from device_runtime.sync.telemetry_file import ROW_BYTES, Lane, TelemetryFile
from device_runtime.values import Value

log = logging.getLogger(__name__)

BUDGET_BYTES = 16 * 1024 * 1024
MAX_RECORD_BYTES = 8 * 1024
"""The longest record, as JSON."""
BATCH_BYTES = 128 * 1024
SAMPLE_SECONDS = 60.0
"""While the day's bytes for metrics are used up, one metric of each name is kept in so long."""
_MOST_SAMPLED = 1_000


class TelemetryQueue:
    """Records on their way to the fleet. Used from one thread, the event loop's.

    Attributes:
        on_record: called after each accepted record.
    """

    def __init__(
        self,
        path: Path,
        *,
        budget: int = BUDGET_BYTES,
        daily_bytes: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Open the queue, or make it. A broken file is put aside, and a new one made.

        Args:
            path: the SQLite file; its folder is made when missing.
            budget: bytes of records that are kept; beyond it the oldest of the least priority are dropped and counted.
            daily_bytes: bytes that a day's telemetry may use on the wire, 0 for any number; see :mod:`.metering`.
            clock: Unix time in seconds.
        """
        self._budget, self._clock = budget, clock
        self.on_record: Callable[[], None] | None = None
        self._file = TelemetryFile(path)
        self._meter = Meter(daily_bytes, self._file, clock)
        self._old = self._file.lanes()
        self._current: dict[Priority, Lane] = {}
        self._next: dict[int, int] = {}
        self._counts: Counter[Priority] = Counter()
        self._bytes = 0
        for lane in self._old:
            count, size = self._file.measure(lane, MAX_INTEGER)
            self._counts[lane.priority] += count
            self._bytes += size
        self._lost: Counter[Priority] = Counter()
        self._sampled: dict[tuple[str, str], float] = {}
        self._sent: dict[int, int] = {}

    @property
    def epoch(self) -> str:
        """Names the lane of events of this start for ever."""
        return self._lane("event").epoch

    def record(self, source: str, name: str, values: Mapping[str, Value], priority: Priority | None = None) -> bool:
        """Take one event; when this returns true, killing the process does not lose it.

        Args:
            source: what tells, as an app id or ``sync``; at most 128 characters.
            name: what happened; at most 64 characters.
            values: what JSON can say; at most 64 members and 8 KiB.
            priority: which goes first and is dropped last; without it, the name says it (:mod:`.priorities`).

        Returns:
            Whether the disk took it, or it was left out as one of many metrics that today's bytes have no room for;
            where it did not, it is counted and told with the next record that the disk takes.

        Raises:
            ProtocolError: the fleet would refuse such a record.
        """
        body = _body(TelemetryRecord(1, self._clock(), source, name, values))
        chosen = priority or priority_of(source, name)
        try:
            if chosen == "metric" and not self._meter.allows("metric") and not self._is_sample(source, name):
                self._file.add_to_count("sampled", 1)
                return True
        except sqlite3.OperationalError as error:
            log.debug("a metric that is left out cannot be counted: %s", error)
            self._lost[chosen] += 1
            return False
        accepted = self._insert(chosen, body)
        if accepted and self._lost:
            lost, self._lost = self._lost, Counter()
            for of_priority, count in lost.items():
                if not self._insert("alarm", self._own("records_lost", {"records": count, "priority": of_priority})):
                    self._lost[of_priority] += count
        if self._bytes > self._budget:
            try:
                self._drop_oldest()
            except sqlite3.OperationalError as error:
                log.warning("the oldest telemetry cannot be dropped: %s", error)
        if accepted and self.on_record is not None:
            self.on_record()
        return accepted

    def set_daily_bytes(self, count: int) -> None:
        """Change what a day's telemetry may use on the wire, in bytes; 0 for any number."""
        self._meter.daily_bytes = count

    def pending(self) -> int:
        """How many records wait for their receipt."""
        return self._counts.total()

    def sendable(self) -> int:
        """How many of them may be sent now: of the others, the day's bytes are used up."""
        return sum(self._counts[priority] for priority in PRIORITIES if self._meter.allows(priority))

    def is_urgent(self) -> bool:
        """Whether an alarm waits."""
        return self._counts["alarm"] > 0 and self._meter.allows("alarm")

    def next_batch(self, most: int = MAX_RECORDS) -> TelemetryBatch | None:
        """The oldest records of the first priority that may be sent now, at most ``most``; the same again until their
        receipt came, unless something of a higher priority came meanwhile."""
        self._tell_sampled()
        for priority in PRIORITIES:
            if not self._counts[priority] or not self._meter.allows(priority):
                continue
            for lane in self._lanes(priority):
                if rows := self._file.oldest(lane, most):
                    return self._batch(lane, rows)
        return None

    def has_bytes(self) -> bool:
        """Whether something that is no alarm may still go over the wire today."""
        return self._meter.allows("event")

    def spend(self, count: int) -> None:
        """Note that so many bytes went over the wire for telemetry."""
        self._meter.spend(count)

    def acknowledge(self, receipt: TelemetryReceipt) -> None:
        """The fleet has stored these: forget them. What was never sent is kept, whatever the receipt says."""
        for lane in (*self._old, *self._current.values()):
            if lane.epoch == receipt.epoch:
                try:
                    self._forget(lane, min(receipt.sequence, self._sent.get(lane.id, 0)))
                except sqlite3.OperationalError as error:
                    log.warning("stored telemetry is kept, and sent again, until the disk can forget it: %s", error)

    def erase(self, app_id: str) -> None:
        """Delete what a program told and the fleet has not yet; of all programs if the id is empty.

        Raises:
            CygnetError: the disk refuses.
        """
        try:
            gone = self._file.erase(app_id)
        except sqlite3.OperationalError as error:
            raise CygnetError(f"what programs told cannot be deleted: {error}; free some space on the disk") from error
        priorities = {lane.id: lane.priority for lane in (*self._old, *self._current.values())}
        for lane, count, size in gone:
            self._counts[priorities[lane]] -= count
            self._bytes -= size

    async def tidy(self) -> None:
        """Move the write-ahead log into the file when it has grown, in a thread; call it now and then."""
        if (changes := self._file.begin_checkpoint()) is not None:
            self._file.end_checkpoint(changes, moved=await asyncio.to_thread(self._file.checkpoint))

    def close(self) -> None:
        """Close the file; records stay for the next start."""
        self._file.close()

    def _lane(self, priority: Priority) -> Lane:
        """The lane of this start."""
        if priority not in self._current:
            lane = self._file.make_lane(priority)
            self._current[priority], self._next[lane.id] = lane, 1
        return self._current[priority]

    def _lanes(self, priority: Priority) -> list[Lane]:
        """Lanes of a priority, oldest first."""
        lanes = [lane for lane in self._old if lane.priority == priority]
        return [*lanes, self._current[priority]] if priority in self._current else lanes

    def _batch(self, lane: Lane, rows: Sequence[tuple[int, bytes]]) -> TelemetryBatch:
        records: list[TelemetryRecord] = []
        size = 0
        for sequence, body in rows:
            size += len(body) + ROW_BYTES
            if records and size > BATCH_BYTES:
                break
            moment, source, name, values = json.loads(body)
            records.append(TelemetryRecord(sequence, moment, source, name, values))
        self._sent[lane.id] = max(self._sent.get(lane.id, 0), records[-1].sequence)
        return TelemetryBatch(lane.epoch, tuple(records), lane.priority)

    def _insert(self, priority: Priority, body: bytes) -> bool:
        try:
            self._add(priority, body)
        except sqlite3.OperationalError as error:
            if not self._lost:
                log.warning("telemetry is lost until the disk takes it again: %s", error)
            self._lost[priority] += 1
            return False
        return True

    def _add(self, priority: Priority, body: bytes) -> None:
        lane = self._lane(priority)
        self._file.add(lane, self._next[lane.id], body)
        self._note_added(lane, body)

    def _note_added(self, lane: Lane, body: bytes) -> None:
        self._next[lane.id] += 1
        self._counts[lane.priority] += 1
        self._bytes += len(body) + ROW_BYTES

    def _drop_oldest(self) -> None:
        """Make a tenth of the budget free, of the least priority first, and say so in a record."""
        excess = self._bytes - self._budget * 9 // 10
        for priority in reversed(PRIORITIES):
            dropped = 0
            for lane in self._lanes(priority):
                last = 0
                for sequence, size in self._file.sizes(lane):
                    if excess <= 0:
                        break
                    last, excess = sequence, excess - size
                if last:
                    dropped += self._drop(lane, last)
            if dropped:
                log.warning(
                    "telemetry exceeds its %d bytes: the %d oldest records of priority %s are dropped",
                    self._budget,
                    dropped,
                    priority,
                )

    def _drop(self, lane: Lane, last: int) -> int:
        """Drop a lane's records up to a sequence; how many there were. They are gone and counted, or neither."""
        count, size = self._file.measure(lane, last)
        alarms = self._lane("alarm")
        with self._file.transaction():
            self._file.forget(lane, last)
            total = self._file.add_to_count(f"dropped {lane.priority}", count)
            # The total is in each such record, since such a record can itself be dropped later.
            told = self._own("records_dropped", {"records": count, "total": total, "priority": lane.priority})
            self._file.add(alarms, self._next[alarms.id], told)
        self._note_added(alarms, told)
        self._counts[lane.priority] -= count
        self._bytes -= size
        return count

    def _is_sample(self, source: str, name: str) -> bool:
        """Whether a metric is the first of its name in a while."""
        now = self._clock()
        if len(self._sampled) >= _MOST_SAMPLED:
            self._sampled.clear()
        if 0 <= now - self._sampled.get((source, name), -SAMPLE_SECONDS) < SAMPLE_SECONDS:
            return False
        self._sampled[source, name] = now
        return True

    def _tell_sampled(self) -> None:
        """When there are bytes for metrics again, say how many were left out."""
        if not self._meter.daily_bytes or not self._meter.allows("metric"):
            return
        try:
            if count := self._file.count("sampled"):
                alarms, told = (
                    self._lane("alarm"),
                    self._own("records_sampled", {"records": count, "priority": "metric"}),
                )
                with self._file.transaction():
                    self._file.add_to_count("sampled", -count)
                    self._file.add(alarms, self._next[alarms.id], told)
                self._note_added(alarms, told)
        except sqlite3.OperationalError as error:
            log.debug("metrics that were left out are told later: %s", error)

    def _forget(self, lane: Lane, last: int) -> None:
        count, size = self._file.measure(lane, last)
        self._file.forget(lane, last)
        self._counts[lane.priority] -= count
        self._bytes -= size

    def _own(self, name: str, values: Mapping[str, Value]) -> bytes:
        return _body(TelemetryRecord(1, self._clock(), "telemetry", name, values))


def _body(record: TelemetryRecord) -> bytes:
    """The record as it is stored; checked as the fleet will check it."""
    checked = decode_telemetry(encode(TelemetryBatch("00000000", (record,)))).records[0]
    body = canonical_json([checked.time, checked.source, checked.name, checked.values])
    if len(body) > MAX_RECORD_BYTES:
        raise ProtocolError(f"a telemetry record of {len(body)} bytes is longer than {MAX_RECORD_BYTES} bytes")
    return body
