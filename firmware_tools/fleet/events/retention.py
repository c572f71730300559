"""How long telemetry is kept: records by priority, sums by the length of their buckets; deleted a little at a time."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, exists, select, tuple_, update

from device_runtime.sync.messages import PRIORITIES, Priority
from firmware_tools.fleet.events.bulk import append, portions
from firmware_tools.fleet.events.rollups import STEPS
from firmware_tools.fleet.events.tables import lanes, rollups, runs
from firmware_tools.fleet.schema import telemetry
from firmware_tools.fleet.traffic import store as traffic_store

_DAY = 86_400.0
_FORGOTTEN_DAYS = 365
"""After which a lane without records is forgotten: by then, no device sends from it."""


@dataclass(frozen=True, slots=True)
class Retention:
    """For how many days what is kept, 0 for ever."""

    alarm: int = 0
    event: int = 0
    metric: int = 0
    minutes: int = 0
    hours: int = 0
    days: int = 0

    def of(self, priority: Priority) -> int:
        """Days that records of a priority are kept."""
        return {"alarm": self.alarm, "event": self.event, "metric": self.metric}[priority]


FOR_EVER = Retention()


def prune_some(connection: Connection, retention: Retention, now: float, most: int) -> int:
    """Delete up to ``most`` records, and as many sums, that are too old; returns how many went, 0 when nothing is."""
    gone = 0
    for priority in PRIORITIES:
        if days := retention.of(priority):
            gone += prune_records(connection, now - days * _DAY, most - gone, priority)
    for step, days in zip(STEPS, (retention.minutes, retention.hours, retention.days), strict=True):
        if days and gone < most:
            gone += _prune_sums(connection, step, now - days * _DAY, most - gone)
    if retention.days and gone < most:  # bytes of a device and day go with the sums of its days
        gone += traffic_store.prune(connection, now - retention.days * _DAY, most - gone)
    if not gone and (longest := _longest(retention)):
        before = now - (longest + _FORGOTTEN_DAYS) * _DAY
        has_records = exists().where(runs.c.device == lanes.c.device, runs.c.epoch == lanes.c.epoch)
        connection.execute(delete(lanes).where(lanes.c.received_at < before, ~has_records))
    return gone


def _longest(retention: Retention) -> int:
    """The longest time that any record is kept; 0 for ever."""
    kept = [retention.of(priority) for priority in PRIORITIES]
    return 0 if 0 in kept else max(kept)


def prune_records(connection: Connection, before: float, most: int, priority: Priority | None = None) -> int:
    """Delete up to ``most`` records that were received before a time, oldest first; returns how many went.

    Their numbers stay known to the lane, so that nothing brings one back.
    """
    chosen = PRIORITIES if priority is None else (priority,)
    oldest = (
        select(runs)
        .where(runs.c.priority.in_(chosen), runs.c.received_at < before)
        .order_by(runs.c.received_at, runs.c.device, runs.c.epoch, runs.c.first)
        .limit(max(1, most))
    )
    gone = 0
    for run in connection.execute(oldest).fetchall():
        count = min(run.last - run.first + 1, most - gone)
        if count <= 0:
            break
        last = run.first + count - 1
        of_lane = [(table.c.device == run.device) & (table.c.epoch == run.epoch) for table in (telemetry, runs, lanes)]
        connection.execute(delete(telemetry).where(of_lane[0], telemetry.c.sequence.between(run.first, last)))
        connection.execute(delete(runs).where(of_lane[1], runs.c.first == run.first))
        if last < run.last:
            rest = (
                run.device,
                run.epoch,
                last + 1,
                run.last,
                run.priority,
                run.time_from,
                run.time_to,
                run.received_at,
            )
            append(connection, runs, tuple(column.name for column in runs.columns), [rest])
        connection.execute(update(lanes).where(of_lane[2], lanes.c.pruned < last).values(pruned=last))
        gone += count
    return gone


def _prune_sums(connection: Connection, step: int, before: float, most: int) -> int:
    keys = (rollups.c.series, rollups.c.step, rollups.c.time)
    old = select(*keys).where(rollups.c.step == step, rollups.c.time < before - step).limit(most)
    found = [tuple(row) for row in connection.execute(old)]
    for portion in portions(found):
        connection.execute(delete(rollups).where(tuple_(*keys).in_(portion)))
    return len(found)
