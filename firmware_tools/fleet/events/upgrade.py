"""What an older cygnet stored without runs and sums gets them, once, when its database is opened."""

import logging

from sqlalchemy import Connection, func, insert, select, text

from firmware_tools.fleet.events.decoding import Record
from firmware_tools.fleet.events.rollups import SeriesIds, Sums
from firmware_tools.fleet.events.tables import lanes, runs
from firmware_tools.fleet.schema import fleet_meta, telemetry

log = logging.getLogger(__name__)

_MARK = ("telemetry_runs", "1")
_LONGEST_RUN = 500
_REPLACED = ("telemetry_by_time", "telemetry_by_age", "telemetry_by_device")
"""Indexes on records that runs stand for; each made storing a tenth to a fifth slower."""


def settle(connection: Connection) -> None:
    """Give records that have none their runs and sums, and drop indexes that runs replace."""
    name, value = _MARK
    if connection.scalar(select(fleet_meta.c.value).where(fleet_meta.c.name == name)) is not None:
        return
    count = connection.scalar(select(func.count()).select_from(telemetry)) or 0
    if count:
        log.info("%d telemetry records of an older cygnet are indexed and summed up; this happens once", count)
        _make_runs(connection)
        _make_sums(connection)
    for index in _REPLACED:
        connection.execute(text(f"DROP INDEX IF EXISTS {index}"))
    connection.execute(insert(fleet_meta).values(name=name, value=value))


def _make_runs(connection: Connection) -> None:
    of_lane = (telemetry.c.device, telemetry.c.epoch)
    # Numbers without a gap rise as fast as the rows are counted: their difference names the stretch.
    number = func.row_number().over(partition_by=of_lane, order_by=telemetry.c.sequence)
    stretch = (telemetry.c.sequence - number).label("stretch")
    rows = select(*of_lane, telemetry.c.sequence, telemetry.c.time, telemetry.c.received_at, stretch).subquery()
    portion = rows.c.sequence.op("/")(_LONGEST_RUN)  # whole numbers: both databases round down
    found = select(
        rows.c.device,
        rows.c.epoch,
        func.min(rows.c.sequence),
        func.max(rows.c.sequence),
        text("'event'"),
        func.min(rows.c.time),
        func.max(rows.c.time),
        func.max(rows.c.received_at),
    ).group_by(rows.c.device, rows.c.epoch, rows.c.stretch, portion)
    connection.execute(insert(runs).from_select([column.name for column in runs.columns], found))
    newest = select(
        *of_lane, text("'event'"), func.max(telemetry.c.sequence), text("0"), func.max(telemetry.c.received_at)
    ).group_by(*of_lane)
    connection.execute(insert(lanes).from_select([column.name for column in lanes.columns], newest))


def _make_sums(connection: Connection) -> None:
    ids = SeriesIds()
    every = select(runs.c.device, runs.c.epoch, runs.c.first, runs.c.last)
    for device, epoch, first, last in connection.execute(every).fetchall():
        of_run = select(telemetry).where(
            telemetry.c.device == device, telemetry.c.epoch == epoch, telemetry.c.sequence.between(first, last)
        )
        records = [
            Record(r.sequence, r.time, r.source, r.name, r._mapping["values"]) for r in connection.execute(of_run)
        ]
        sums = Sums()
        sums.add(device, records)
        ids.learn(sums.write(connection, ids))
