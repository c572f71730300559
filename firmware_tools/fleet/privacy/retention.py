"""Events go when the plan of their program says so: from the records and from the sums, a little at a time.

Events whose plans name the same days go together. How far that has come is kept by the time at which runs were
received, so that each run is looked at once, and not again at every turn; where a release changes the plans, the events
of these days are looked through from the beginning.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection, Row, delete, insert, select, tuple_, update

from device_runtime.privacy.telling import HEAD
from device_runtime.sync.messages import PRIORITIES
from firmware_tools.fleet.events.bulk import portions
from firmware_tools.fleet.events.tables import rollups, runs, series
from firmware_tools.fleet.privacy.erasing import overwrite
from firmware_tools.fleet.privacy.plans import retention_days
from firmware_tools.fleet.privacy.schema import plan_pruning, points, sendings
from firmware_tools.fleet.schema import telemetry

_DAY = 86_400.0
SETTLED_SECONDS = 300.0
"""Runs that were received so long ago are there for everybody to see: none comes that was received before them."""
_ITEMS_AT_ONCE = 200

Items = Sequence[tuple[str, str]]
"""Programs, and the names of their events."""


def prune_planned(connection: Connection, now: float, most: int) -> bool:
    """Delete some of the events that are kept no longer than the plans say; whether there is more to look at.

    Args:
        connection: the transaction.
        now: Unix time in seconds.
        most: runs, and sums, that are looked at for each number of days.
    """
    by_days: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for item, days in sorted(retention_days(connection).items()):
        by_days[days].append(item)
    if not by_days:
        return False
    overwrite(connection)
    more = False
    for days, items in sorted(by_days.items()):
        before = now - days * _DAY
        more |= _prune_records(connection, days, items, before - SETTLED_SECONDS, most)
        more |= _prune_sums(connection, items, before, most)
    connection.execute(delete(plan_pruning).where(plan_pruning.c.days.not_in(by_days)))
    return more


def prune_told(connection: Connection, before: float) -> None:
    """Forget what devices told before a time of what left, and of how far their ledgers are if they told more since."""
    connection.execute(delete(sendings).where(sendings.c.received_at < before))
    newer = points.alias()
    later = newer.c.received_at > points.c.received_at
    told_since = select(newer.c.device).where(newer.c.device == points.c.device, later).exists()
    connection.execute(delete(points).where(points.c.act == HEAD, points.c.received_at < before, told_since))


def _prune_records(connection: Connection, days: int, items: Items, before: float, most: int) -> bool:
    at = _begun(connection, days, items)
    found = _runs(connection, at, before, most)
    for run in found:
        of_run = (
            telemetry.c.device == run.device,
            telemetry.c.epoch == run.epoch,
            telemetry.c.sequence.between(run.first, run.last),
        )
        for portion in portions(items, _ITEMS_AT_ONCE):
            named = tuple_(telemetry.c.source, telemetry.c.name).in_(portion)
            connection.execute(delete(telemetry).where(*of_run, named))
    if not found:
        return False
    reached = update(plan_pruning).where(plan_pruning.c.days == days).values(received_at=found[-1].received_at)
    connection.execute(reached)
    return len(found) >= most


def _runs(
    connection: Connection, after: float, before: float, most: int
) -> list[Row[tuple[str, str, int, int, float]]]:
    """The next runs by age, and all that were received at the same time as the last of them."""
    columns = (runs.c.device, runs.c.epoch, runs.c.first, runs.c.last, runs.c.received_at)
    of_all = runs.c.priority.in_(PRIORITIES)  # the index by age begins with it
    between = (runs.c.received_at > after, runs.c.received_at < before)
    times = select(runs.c.received_at).where(of_all, *between).order_by(runs.c.received_at).limit(most)
    last = max(connection.scalars(times), default=None)
    if last is None:
        return []
    chosen = select(*columns).where(of_all, runs.c.received_at > after, runs.c.received_at <= last)
    return list(connection.execute(chosen.order_by(runs.c.received_at)))


def _begun(connection: Connection, days: int, items: Items) -> float:
    """Up to when runs were looked through; 0 where the items are others than they were."""
    digest = hashlib.sha256(json.dumps(items).encode()).hexdigest()
    row = connection.execute(select(plan_pruning).where(plan_pruning.c.days == days)).first()
    if row is None:
        connection.execute(insert(plan_pruning).values(days=days, items=digest, received_at=0.0))
        return 0.0
    if row.items == digest:
        return float(row.received_at)
    connection.execute(update(plan_pruning).where(plan_pruning.c.days == days).values(items=digest, received_at=0.0))
    return 0.0


def _prune_sums(connection: Connection, items: Items, before: float, most: int) -> bool:
    """Sums go by the device's clock, with the beginning of what they hold."""
    keys = (rollups.c.series, rollups.c.step, rollups.c.time)
    gone = 0
    for portion in portions(items, _ITEMS_AT_ONCE):
        of_items = tuple_(series.c.source, series.c.name).in_(portion)
        old = select(*keys).join(series, series.c.id == rollups.c.series).where(of_items, rollups.c.time < before)
        found = [tuple(row) for row in connection.execute(old.limit(most))]
        for some in portions(found):
            connection.execute(delete(rollups).where(tuple_(*keys).in_(some)))
        gone = max(gone, len(found))
    return gone >= most
