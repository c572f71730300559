"""How long the devices of an ended rollout are kept one by one; then their counts and reasons are all that is left.

The rollout itself and its timeline stay. Nothing goes that a rollout needs which goes on: see :func:`_too_old`.
"""

from dataclasses import asdict

from sqlalchemy import ColumnElement, Connection, delete, exists, insert, select

from firmware_tools.fleet.rollouts.judge import ACTIVE
from firmware_tools.fleet.rollouts.schema import pruned_rollouts, rollout_devices, rollouts
from firmware_tools.fleet.rollouts.store import RolloutStore, is_newer, takes_always

_DAY = 86_400.0


def prune_some(connection: Connection, days: int, now: float, most: int) -> int:
    """Give up devices of one rollout that ended more than ``days`` ago (0: never), up to ``most`` in this transaction.

    With the first of them the counts of all are written down, and from then on it has no devices for anybody: what is
    half deleted is not seen. Returns how many went, 0 when nothing is left to do.
    """
    if not days:
        return 0
    has_devices = exists().where(rollout_devices.c.rollout == rollouts.c.id)
    begun = exists().where(pruned_rollouts.c.rollout == rollouts.c.id)
    old = _too_old(now - days * _DAY)
    query = select(rollouts.c.id).where(begun | old, has_devices).order_by(rollouts.c.id)
    number = connection.scalar(query.limit(1))
    if number is None:
        return 0
    store = RolloutStore(connection)
    rollout = store.locked(number)
    if store.pruned_at(rollout) is None:
        # Before the row was locked, somebody may have rolled it back.
        if connection.scalar(select(rollouts.c.id).where(rollouts.c.id == number, old)) is None:
            return 0
        counts = {
            # Who is there now says nothing of a rollout of long ago.
            str(stage): {state: count for state, count in of_stage.items() if state != "away"}
            for stage, of_stage in store.counts(rollout).items()
        }
        failures = [asdict(failure) for failure in store.sentences(rollout)]
        values = {"rollout": number, "pruned_at": now, "counts": counts, "failures": failures}
        connection.execute(insert(pruned_rollouts).values(values))
    table = rollout_devices
    some = select(table.c.device).where(table.c.rollout == number).order_by(table.c.device).limit(most)
    return connection.execute(delete(table).where(table.c.rollout == number, table.c.device.in_(some))).rowcount


def _too_old(before: float) -> ColumnElement[bool]:
    """What holds of rollouts whose devices nobody needs any more.

    One that takes late joiners always would hand out to everybody once more if it forgot whom it had. And an older one
    of the same subject that still lets devices in leaves those alone that a newer one has served. A draft is none of
    these: when it is started it is the newest, and asks what devices should have, not which rollout had them.
    """
    older = rollouts.alias()
    needed = exists().where(
        older.c.kind == rollouts.c.kind,
        older.c.subject == rollouts.c.subject,
        is_newer(rollouts, older.c.started_at, older.c.id),
        older.c.state.in_(ACTIVE) | takes_always(older),
    )
    return (rollouts.c.ended_at < before) & ~takes_always(rollouts) & ~needed
