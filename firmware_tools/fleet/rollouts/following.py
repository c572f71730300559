"""What devices say, as what becomes of them in a rollout: read at once, judged one by one, written at once."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from device_runtime.sync.fields import one_line
from device_runtime.sync.messages import MAX_ERROR
from firmware_tools.fleet.rollouts.health import troubles
from firmware_tools.fleet.rollouts.judge import FOLLOWED, Change, Seen, judge_device
from firmware_tools.fleet.rollouts.records import Rollout
from firmware_tools.fleet.rollouts.schema import rollout_devices
from firmware_tools.fleet.rollouts.subjects import Subject
from firmware_tools.fleet.schema import devices


def follow(connection: Connection, rollout: Rollout, subject: Subject, now: float) -> bool:
    """Note what the devices of a rollout have come to; whether that changed anything."""
    changes: dict[str, Change] = {}
    plan, sick = rollout.plan, troubles(connection, rollout)
    for row in _rows(connection, rollout, subject):
        standing, error, cause = subject.standing(row.report)
        seen = Seen(
            state=row.state,
            ours=row.target == rollout.target,
            standing=standing,
            fresh=isinstance(row.version, int) and row.version >= row.handed_version,
            online=row.status == "online",
            handed_at=row.handed_at or now,
            reached_at=row.reached_at,
            failed_for=row.cause,
            error=one_line(error, MAX_ERROR),
            cause=cause[:16],
            trouble=one_line(sick.get(row.device, ""), MAX_ERROR),
        )
        change = judge_device(seen, now, plan.stages[row.stage].soak, plan.timeout)
        if change is not None:
            changes[row.device] = change
    if changes:
        _write(connection, rollout, changes, now)
    return bool(changes)


def _rows(connection: Connection, rollout: Rollout, subject: Subject) -> Sequence[Any]:
    table, assigned = rollout_devices, subject.assigned()
    columns = (
        table.c.device,
        table.c.stage,
        table.c.state,
        table.c.handed_at,
        table.c.handed_version,
        table.c.reached_at,
        table.c.cause,
        devices.c.status,
        devices.c.reported["desired_version"].label("version"),
        subject.reported().label("report"),
        assigned.target.label("target"),
    )
    query = (
        select(*columns)
        .select_from(table)
        .join(devices, devices.c.id == table.c.device)
        .outerjoin(assigned.table, assigned.on)
        .where(table.c.rollout == rollout.id, table.c.state.in_(FOLLOWED))
    )
    return connection.execute(query).all()


def _write(connection: Connection, rollout: Rollout, changes: Mapping[str, Change], now: float) -> None:
    by_state: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for device, change in changes.items():
        by_state[change.state].append({"the_device": device, "error": change.error, "cause": change.cause})
    here = (rollout_devices.c.rollout == rollout.id, rollout_devices.c.device == bindparam("the_device"))
    for state, changed in by_state.items():
        values: dict[str, Any] = {"state": state}
        rows: Sequence[Mapping[str, Any]] = changed
        if state == "restored":  # why it failed stays to be read
            rows = [{"the_device": row["the_device"]} for row in changed]
        else:
            values |= {"error": bindparam("error"), "cause": bindparam("cause")}
        if state == "reached":
            values["reached_at"] = now
        elif state in ("good", "failed", "superseded", "restored"):
            values["ended_at"] = now
        if state in ("handed", "reached"):
            values |= {"accepted": False, "ended_at": None}
        connection.execute(update(rollout_devices).where(*here).values(values), rows)
