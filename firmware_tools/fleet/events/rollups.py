"""Sums of telemetry by minute, hour and day, made in the transaction that stores the records.

So a sum holds each record that is stored, once, whatever was killed or repeated. A portion of records is summed up in
memory first: the database sees one row a series and bucket.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, func, select, tuple_
from sqlalchemy.sql.expression import case

from firmware_tools.fleet.events.bulk import Merging, portions, upsert
from firmware_tools.fleet.events.decoding import Record
from firmware_tools.fleet.events.tables import rollups, series

STEPS = (60, 3_600, 86_400)
"""How long buckets are, in seconds; each holds the one before it a whole number of times."""
MOST_SERIES = 2_000
"""Series of one device. Records of further ones are stored, but in no sum: a device that makes up names must not fill
the database with sums of single records."""

Key = tuple[str, str, str, str]
"""Device, source, name, field."""


class Bucket:
    """The values of one series in one bucket."""

    __slots__ = ("count", "last", "last_time", "least", "most", "total")

    def __init__(self) -> None:
        self.count, self.total = 0, 0.0
        self.least, self.most = float("inf"), float("-inf")
        self.last, self.last_time = 0.0, -1.0

    def add(self, value: float, time: float) -> None:
        """Take in one value."""
        self.count += 1
        self.total += value
        if value < self.least:
            self.least = value
        if value > self.most:
            self.most = value
        if time >= self.last_time:
            self.last, self.last_time = value, time

    def merge(self, other: "Bucket") -> None:
        """Take in all values of a shorter bucket."""
        self.count += other.count
        self.total += other.total
        self.least, self.most = min(self.least, other.least), max(self.most, other.most)
        if other.last_time >= self.last_time:
            self.last, self.last_time = other.last, other.last_time


@dataclass(slots=True)
class SeriesIds:
    """Ids of series that are committed, so that few are asked for. Ids never change and are never given again; so a
    forgotten one is only asked for again."""

    known: dict[Key, int] = field(default_factory=dict)
    most: int = 200_000

    def learn(self, fresh: Mapping[Key, int]) -> None:
        """Note what a transaction that is committed has found."""
        if len(self.known) + len(fresh) > self.most:
            self.known.clear()
        self.known.update(fresh)


class Sums:
    """What one portion of records adds to the sums: ``add`` records, then ``write``."""

    def __init__(self) -> None:
        self._minutes: dict[Key, dict[int, Bucket]] = {}

    def add(self, device: str, records: Iterable[Record]) -> None:
        """Take in records of one device."""
        minutes = self._minutes
        for record in records:
            time = record.time
            minute = int(time) // 60 * 60
            source, name = record.source, record.name
            for key, value in (("", 1.0), *record.values.items()):
                kind = type(value)
                if kind is not float and kind is not int:
                    continue
                buckets = minutes.get(series := (device, source, name, key))
                if buckets is None:
                    buckets = minutes[series] = {}
                bucket = buckets.get(minute)
                if bucket is None:
                    bucket = buckets[minute] = Bucket()
                bucket.add(float(value), time)

    def write(self, connection: Connection, ids: SeriesIds) -> dict[Key, int]:
        """Add the sums to those in the database; returns ids that ``ids`` may learn once the transaction is committed.

        Rows are written in one order, so that two workers wait for each other and never in a circle.
        """
        fresh = _find(connection, [key for key in self._minutes if key not in ids.known])
        rows = []
        for key, minutes in self._minutes.items():
            number = ids.known.get(key) or fresh.get(key)
            if number is not None:
                rows += [_row(number, step, start, bucket) for step, start, bucket in _cascade(minutes)]
        rows.sort()  # by their key, which comes first
        _ADDING.run(connection, rows)
        return fresh


def _added(new: Any) -> Mapping[str, Any]:
    old = rollups.c
    later = new.last_time >= old.last_time
    return {
        "count": old.count + new.count,
        "total": old.total + new.total,
        "least": case((new.least < old.least, new.least), else_=old.least),
        "most": case((new.most > old.most, new.most), else_=old.most),
        "last": case((later, new.last), else_=old.last),
        "last_time": case((later, new.last_time), else_=old.last_time),
    }


_ADDING = Merging(rollups, ("series", "step", "time"), _added)


def _cascade(minutes: Mapping[int, Bucket]) -> Iterable[tuple[int, int, Bucket]]:
    """Each bucket of minutes, and the hours and days that they make."""
    shorter = minutes
    for step in STEPS:
        if step == STEPS[0]:
            longer = dict(minutes)
        else:
            longer = {}
            for start, bucket in shorter.items():
                longer.setdefault(start // step * step, Bucket()).merge(bucket)
        for start, bucket in longer.items():
            yield step, start, bucket
        shorter = longer


def _row(number: int, step: int, start: int, bucket: Bucket) -> tuple[Any, ...]:
    """In the order of the table's columns."""
    return (
        number,
        step,
        start,
        bucket.count,
        bucket.least,
        bucket.most,
        bucket.total,
        bucket.last,
        bucket.last_time,
    )


def _find(connection: Connection, keys: list[Key]) -> dict[Key, int]:
    """The ids of series, made where there is none and the device may have more."""
    found = _ids(connection, keys)
    missing = sorted(key for key in keys if key not in found)
    if not missing:
        return found
    counts = _counts(connection, {key[0] for key in missing})
    wanted = []
    for key in missing:
        if counts.get(key[0], 0) < MOST_SERIES:
            counts[key[0]] = counts.get(key[0], 0) + 1
            wanted.append(key)
    for portion in portions(wanted):
        values = [dict(zip(("device", "source", "name", "field"), key, strict=True)) for key in portion]
        connection.execute(upsert(connection, series).on_conflict_do_nothing(), values)
    return found | _ids(connection, wanted)


def _ids(connection: Connection, keys: list[Key]) -> dict[Key, int]:
    found: dict[Key, int] = {}
    columns = (series.c.device, series.c.source, series.c.name, series.c.field)
    for portion in portions(keys):
        statement = select(series.c.id, *columns).where(tuple_(*columns).in_(portion))
        for number, *key in connection.execute(statement):
            found[key[0], key[1], key[2], key[3]] = number
    return found


def _counts(connection: Connection, devices: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for portion in portions(sorted(devices)):
        statement = select(series.c.device, func.count()).where(series.c.device.in_(portion)).group_by(series.c.device)
        counts.update({device: count for device, count in connection.execute(statement)})  # noqa: C416 - rows, not pairs
    return counts
