"""Batches into the database: each record once, however batches repeat, overlap, overtake or are cut off by a crash.

A lane's row is locked for the transaction, so of two workers with the same batch one waits for the other and then finds
its records stored. Runs say which sequence numbers are stored; a lane's highest number says of most batches, at once,
that all of it is new.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec
from sqlalchemy import Connection, bindparam, select, tuple_, update

from firmware_tools.fleet.events.bulk import append, portions, upsert
from firmware_tools.fleet.events.decoding import Batch, Record
from firmware_tools.fleet.events.losses import note_losses
from firmware_tools.fleet.events.rollups import Key, SeriesIds, Sums
from firmware_tools.fleet.events.tables import lanes, runs
from firmware_tools.fleet.privacy.erased import drop_erased, erased_of
from firmware_tools.fleet.privacy.intake import note_privacy
from firmware_tools.fleet.schema import telemetry

_COLUMNS = ("device", "epoch", "sequence", "time", "source", "name", "values", "received_at")
_RUN_COLUMNS = ("device", "epoch", "first", "last", "priority", "time_from", "time_to", "received_at")

Lane = tuple[str, str]
"""Device and epoch."""


@dataclass(slots=True)
class Taken:
    """What came of batches: records that were new, by device, how many were not, and ids of series that the caller may
    note once the transaction is committed."""

    new: list[tuple[str, Sequence[Record]]] = field(default_factory=list)
    repeated: int = 0
    series: dict[Key, int] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many records were new."""
        return sum(len(records) for _, records in self.new)

    def counts(self) -> Counter[tuple[str, str]]:
        """New records by device and name."""
        return Counter((device, record.name) for device, records in self.new for record in records)

    def newest(self, most: int) -> list[tuple[str, Record]]:
        """The last ``most`` of the new records."""
        chosen: list[tuple[str, Record]] = []
        for device, records in reversed(self.new):
            left = most - len(chosen)
            if left <= 0:
                break
            chosen[:0] = [(device, record) for record in records[-left:]]
        return chosen


def take_in(connection: Connection, batches: Iterable[tuple[str, Batch]], now: float, ids: SeriesIds) -> Taken:
    """Store what is new of some batches, and add it to the sums and to the counted losses.

    Args:
        connection: a transaction of the writer; nothing is stored before it is committed.
        batches: each with its device, which is enrolled.
        now: Unix time in seconds.
        ids: series that are known; this adds none to it.
    """
    by_lane: dict[Lane, list[Batch]] = defaultdict(list)
    for device, batch in batches:
        by_lane[device, batch.epoch].append(batch)
    held = _lock(connection, by_lane, now)
    erased = erased_of(connection, {device for device, _ in by_lane})
    taken, sums = Taken(), Sums()
    rows, fresh_runs, highest = [], [], []
    encode = msgspec.json.Encoder().encode
    for (device, epoch), of_lane in sorted(by_lane.items()):
        high, pruned = held[device, epoch]
        offered = _merge(of_lane)
        new = _unknown(connection, (device, epoch), offered, high, pruned)
        taken.repeated += sum(len(batch.records) for batch in of_lane) - len(new)
        if not new:
            continue
        kept = drop_erased(erased.get(device, ()), new)
        taken.new.append((device, kept))
        priority = of_lane[-1].priority
        rows += [(device, epoch, r.sequence, r.time, r.source, r.name, encode(r.values).decode(), now) for r in kept]
        fresh_runs += [
            (device, epoch, run[0].sequence, run[-1].sequence, priority, *_span(run), now) for run in _runs(new)
        ]
        highest.append(
            {
                "the_device": device,
                "the_epoch": epoch,
                "high": max(high, new[-1].sequence),
                "priority": priority,
                "received_at": now,
            }
        )
        sums.add(device, kept)
    if not fresh_runs:
        return taken
    append(connection, telemetry, _COLUMNS, rows)
    append(connection, runs, _RUN_COLUMNS, fresh_runs)
    matches = (lanes.c.device == bindparam("the_device"), lanes.c.epoch == bindparam("the_epoch"))
    connection.execute(update(lanes).where(*matches), highest)
    note_losses(connection, taken.new)
    note_privacy(connection, taken.new, now)
    taken.series = sums.write(connection, ids)
    return taken


def _lock(connection: Connection, by_lane: Iterable[Lane], now: float) -> dict[Lane, tuple[int, int]]:
    """Each lane's highest and pruned number; nobody else changes a lane until the transaction ends."""
    held: dict[Lane, tuple[int, int]] = {}
    columns = (lanes.c.device, lanes.c.epoch)
    for portion in portions(sorted(by_lane)):
        # On SQLite this takes the right to write before anything is read.
        values = [
            {
                "device": device,
                "epoch": epoch,
                "priority": "event",
                "high": 0,
                "pruned": 0,
                "received_at": now,
            }
            for device, epoch in portion
        ]
        connection.execute(upsert(connection, lanes).on_conflict_do_nothing(), values)
        statement = (
            select(*columns, lanes.c.high, lanes.c.pruned)
            .where(tuple_(*columns).in_(portion))
            .order_by(*columns)
            .with_for_update()
        )
        for device, epoch, high, pruned in connection.execute(statement):
            held[device, epoch] = (high, pruned)
    return held


def _merge(batches: Sequence[Batch]) -> Sequence[Record]:
    """The records of one lane in order, each once."""
    if len(batches) == 1:
        return batches[0].records
    merged = {record.sequence: record for batch in batches for record in batch.records}
    return [merged[sequence] for sequence in sorted(merged)]


def _unknown(connection: Connection, lane: Lane, records: Sequence[Record], high: int, pruned: int) -> Sequence[Record]:
    first, last = records[0].sequence, records[-1].sequence
    if first > high:
        return records
    if last <= pruned:
        return []
    overlapping = select(runs.c.first, runs.c.last).where(
        runs.c.device == lane[0],
        runs.c.epoch == lane[1],
        runs.c.first <= last,
        runs.c.last >= first,
    )
    known = sorted((run.first, run.last) for run in connection.execute(overlapping))
    new, index = [], 0
    for record in records:
        while index < len(known) and known[index][1] < record.sequence:
            index += 1
        if record.sequence > pruned and not (index < len(known) and known[index][0] <= record.sequence):
            new.append(record)
    return new


def _runs(records: Sequence[Record]) -> Iterable[Sequence[Record]]:
    """The records in stretches without a gap."""
    if records[-1].sequence - records[0].sequence == len(records) - 1:
        yield records
        return
    start = 0
    for index in range(1, len(records) + 1):
        if index == len(records) or records[index].sequence != records[index - 1].sequence + 1:
            yield records[start:index]
            start = index


def _span(records: Sequence[Record]) -> tuple[float, float]:
    times = [record.time for record in records]
    return min(times), max(times)
