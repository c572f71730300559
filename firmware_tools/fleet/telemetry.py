"""Telemetry in the database: stored exactly once, and asked for in the ways the operator page and scripts need."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, Select, and_, cast, func, select

from device_runtime.sync.messages import TelemetryBatch, encode
from firmware_tools.fleet.events.decoding import Record, decode_batch
from firmware_tools.fleet.events.intake import take_in
from firmware_tools.fleet.events.losses import all_losses
from firmware_tools.fleet.events.retention import prune_records
from firmware_tools.fleet.events.rollups import STEPS, SeriesIds
from firmware_tools.fleet.events.tables import rollups, runs, series
from firmware_tools.fleet.schema import telemetry

MOST_ROWS = 10_000
_RUNS_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class TelemetryQuery:
    """Which records are wanted. Times are Unix seconds, ``since`` inclusive and ``until`` exclusive."""

    device: str = ""
    source: str = ""
    name: str = ""
    since: float | None = None
    until: float | None = None
    limit: int = 100


class TelemetryStore:
    """The telemetry as one transaction sees it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def store(self, device: str, batch: TelemetryBatch, now: float) -> Sequence[Record]:
        """Store what is new of a batch, and return that. The rest was stored before; it arrives again when a
        receipt was lost on its way."""
        taken = take_in(self.connection, [(device, decode_batch(encode(batch)))], now, SeriesIds())
        return [record for _, records in taken.new for record in records]

    def prune(self, before: float, most: int) -> int:
        """Delete up to ``most`` records that were received before a time, oldest first; returns how many went.

        A device cannot bring one back: its number stays known.
        """
        return prune_records(self.connection, before, most)

    def records(self, query: TelemetryQuery) -> list[dict[str, Any]]:
        """The newest matching records, newest first."""
        limit = min(query.limit, MOST_ROWS)
        if query.name:
            return self._rows(select(telemetry).where(*conditions(query)), limit)
        found: list[dict[str, Any]] = []
        for of_runs, oldest_left in self._newest_runs(query):
            inside = and_(
                telemetry.c.device == of_runs.c.device,
                telemetry.c.epoch == of_runs.c.epoch,
                telemetry.c.sequence.between(of_runs.c.first, of_runs.c.last),
            )
            found += self._rows(select(telemetry).join(of_runs, inside).where(*conditions(query)), limit)
            found.sort(key=lambda row: (row["time"], row["sequence"]), reverse=True)
            del found[limit:]
            if len(found) == limit and found[-1]["time"] >= oldest_left:
                break
        return found

    def rates(self, query: TelemetryQuery, step: float) -> list[dict[str, Any]]:
        """How many records of each name fell into each ``step`` seconds, as ``{"time", "name", "count"}`` by time.

        Whole minutes are counted from the sums, from the beginning of the minute (hour, day) that ``since`` lies in.
        """
        if (bucket_of := _sum_step(step)) is not None:
            return self._summed_rates(query, step, bucket_of)
        bucket = cast(func.floor(telemetry.c.time / step), Integer).label("bucket")
        statement = select(bucket, telemetry.c.name, func.count().label("count")).where(*conditions(query))
        if not query.name:
            inside = and_(
                telemetry.c.device == runs.c.device,
                telemetry.c.epoch == runs.c.epoch,
                telemetry.c.sequence.between(runs.c.first, runs.c.last),
            )
            statement = statement.join(runs, inside).where(*run_conditions(query))
        statement = statement.group_by(bucket, telemetry.c.name).order_by(bucket).limit(MOST_ROWS)
        return [
            {"time": row.bucket * step, "name": row.name, "count": row._mapping["count"]}
            for row in self.connection.execute(statement)
        ]

    def sums(self, query: TelemetryQuery, field: str, step: int) -> list[dict[str, Any]]:
        """A numeric field's count, least, greatest, mean and last value, by device and ``step`` seconds (one of
        :data:`STEPS`), oldest first."""
        statement = (
            select(series.c.device, series.c.source, series.c.name, rollups)
            .join(series, series.c.id == rollups.c.series)
            .where(rollups.c.step == step, series.c.field == field, *_series_conditions(query, step))
            .order_by(rollups.c.time.desc(), rollups.c.series)
            .limit(MOST_ROWS)
        )
        rows = self.connection.execute(statement).mappings().fetchall()
        return [
            {
                "device": row["device"],
                "source": row["source"],
                "name": row["name"],
                "time": row["time"],
                "count": row["count"],
                "least": row["least"],
                "most": row["most"],
                "mean": row["total"] / row["count"],
                "last": row["last"],
            }
            for row in reversed(rows)
        ]

    def losses(self, device: str = "") -> list[dict[str, Any]]:
        """What devices told that they had to drop: ``{"device", "cause", "priority", "records", "last_time"}``."""
        return all_losses(self.connection, device)

    def _summed_rates(self, query: TelemetryQuery, step: float, bucket_of: int) -> list[dict[str, Any]]:
        bucket = cast(func.floor(rollups.c.time / step), Integer).label("bucket")
        statement = (
            select(bucket, series.c.name, func.sum(rollups.c.count).label("count"))
            .join(series, series.c.id == rollups.c.series)
            .where(rollups.c.step == bucket_of, series.c.field == "", *_series_conditions(query, bucket_of))
            .group_by(bucket, series.c.name)
            .order_by(bucket)
            .limit(MOST_ROWS)
        )
        return [
            {"time": row.bucket * step, "name": row.name, "count": int(row._mapping["count"])}
            for row in self.connection.execute(statement)
        ]

    def _rows(self, statement: Select[Any], limit: int) -> list[dict[str, Any]]:
        newest = statement.order_by(telemetry.c.time.desc(), telemetry.c.sequence.desc()).limit(limit)
        return [dict(row._mapping) for row in self.connection.execute(newest)]

    def _newest_runs(self, query: TelemetryQuery) -> Iterator[tuple[Any, float]]:
        """The runs that may hold matching records, newest first, some at a time; with each portion, the time after
        which no record of a later portion is."""
        offset = 0
        while True:
            page = (
                select(runs)
                .where(*run_conditions(query))
                .order_by(runs.c.time_to.desc(), runs.c.device, runs.c.epoch, runs.c.first)
                .limit(_RUNS_AT_ONCE)
                .offset(offset)
            )
            times = [row.time_to for row in self.connection.execute(page)]
            if times:
                yield page.subquery(), times[-1]
            if len(times) < _RUNS_AT_ONCE:
                return
            offset += _RUNS_AT_ONCE


def _sum_step(step: float) -> int | None:
    """The longest buckets of sums that make up ``step`` seconds."""
    return max((each for each in STEPS if step % each == 0 and step >= each), default=None)


def conditions(query: TelemetryQuery) -> list[ColumnElement[bool]]:
    """Of records that match."""
    conditions: list[ColumnElement[bool]] = []
    for column, wanted in (
        (telemetry.c.device, query.device),
        (telemetry.c.source, query.source),
        (telemetry.c.name, query.name),
    ):
        if wanted:
            conditions.append(column == wanted)
    if query.since is not None:
        conditions.append(telemetry.c.time >= query.since)
    if query.until is not None:
        conditions.append(telemetry.c.time < query.until)
    return conditions


def run_conditions(query: TelemetryQuery) -> list[ColumnElement[bool]]:
    """Of runs that may hold matching records."""
    conditions: list[ColumnElement[bool]] = []
    if query.device:
        conditions.append(runs.c.device == query.device)
    if query.since is not None:
        conditions.append(runs.c.time_to >= query.since)
    if query.until is not None:
        conditions.append(runs.c.time_from < query.until)
    return conditions


def _series_conditions(query: TelemetryQuery, step: int) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    for column, wanted in (
        (series.c.device, query.device),
        (series.c.source, query.source),
        (series.c.name, query.name),
    ):
        if wanted:
            conditions.append(column == wanted)
    if query.since is not None:
        conditions.append(rollups.c.time > query.since - step)
    if query.until is not None:
        conditions.append(rollups.c.time < query.until)
    return conditions
