"""Telemetry in the database: stored exactly once, and asked for in the ways the operator page and scripts need."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, bindparam, cast, delete, func, insert, select

from device_runtime.sync.messages import TelemetryBatch, TelemetryRecord
from firmware_tools.fleet.schema import telemetry

MOST_ROWS = 10_000


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
        self._connection = connection

    def store(self, device: str, batch: TelemetryBatch, now: float) -> Sequence[TelemetryRecord]:
        """Store what is new of a batch, and return that. The rest was stored before; it arrives again when a
        receipt was lost on its way."""
        first, last = batch.records[0].sequence, batch.records[-1].sequence
        known = set(
            self._connection.scalars(
                select(telemetry.c.sequence).where(
                    telemetry.c.device == device,
                    telemetry.c.epoch == batch.epoch,
                    telemetry.c.sequence.between(first, last),
                )
            )
        )
        new = [record for record in batch.records if record.sequence not in known]
        if new:
            self._connection.execute(
                insert(telemetry),
                [
                    {
                        "device": device,
                        "epoch": batch.epoch,
                        "sequence": record.sequence,
                        "time": record.time,
                        "source": record.source,
                        "name": record.name,
                        "values": dict(record.values),
                        "received_at": now,
                    }
                    for record in new
                ],
            )
        return new

    def prune(self, before: float, most: int) -> int:
        """Delete up to ``most`` records that were received before a time, oldest first; returns how many went.

        A device cannot bring one back: what has a receipt is not sent again.
        """
        oldest = (
            select(telemetry.c.device, telemetry.c.epoch, telemetry.c.sequence)
            .where(telemetry.c.received_at < before)
            .order_by(telemetry.c.received_at)
            .limit(most)
        )
        rows = [row._asdict() for row in self._connection.execute(oldest)]
        if rows:
            matches = [telemetry.c[name] == bindparam(f"the_{name}") for name in ("device", "epoch", "sequence")]
            self._connection.execute(
                delete(telemetry).where(*matches),
                [{f"the_{name}": value for name, value in row.items()} for row in rows],
            )
        return len(rows)

    def records(self, query: TelemetryQuery) -> list[dict[str, Any]]:
        """The newest matching records, newest first."""
        statement = (
            select(telemetry)
            .where(*_conditions(query))
            .order_by(telemetry.c.time.desc(), telemetry.c.sequence.desc())
            .limit(min(query.limit, MOST_ROWS))
        )
        return [dict(row._mapping) for row in self._connection.execute(statement)]

    def rates(self, query: TelemetryQuery, step: float) -> list[dict[str, Any]]:
        """How many records of each name fell into each ``step`` seconds, as ``{"time", "name", "count"}`` by time."""
        bucket = cast(func.floor(telemetry.c.time / step), Integer).label("bucket")
        statement = (
            select(bucket, telemetry.c.name, func.count().label("count"))
            .where(*_conditions(query))
            .group_by(bucket, telemetry.c.name)
            .order_by(bucket)
            .limit(MOST_ROWS)
        )
        return [
            {"time": row.bucket * step, "name": row.name, "count": row._mapping["count"]}
            for row in self._connection.execute(statement)
        ]


def _conditions(query: TelemetryQuery) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    for column, wanted in ((telemetry.c.device, query.device), (telemetry.c.source, query.source)):
        if wanted:
            conditions.append(column == wanted)
    if query.name:
        conditions.append(telemetry.c.name == query.name)
    if query.since is not None:
        conditions.append(telemetry.c.time >= query.since)
    if query.until is not None:
        conditions.append(telemetry.c.time < query.until)
    return conditions
