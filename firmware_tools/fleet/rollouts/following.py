"""What devices say, as what becomes of them in a rollout: read at once, judged one by one, written at once."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Text, bindparam, cast, select, update

from device_runtime.sync.fields import one_line
from device_runtime.sync.messages import MAX_ERROR
from firmware_tools.fleet.rollouts.health import troubles
from firmware_tools.fleet.rollouts.judge import FOLLOWED, Change, Seen, Standing, judge_device
from firmware_tools.fleet.rollouts.records import Rollout
from firmware_tools.fleet.rollouts.schema import rollout_devices
from firmware_tools.fleet.rollouts.subjects import Subject
from firmware_tools.fleet.schema import devices


def follow(connection: Connection, rollout: Rollout, subject: Subject, now: float) -> bool:
    """Note what the devices of a rollout have come to; whether that changed anything."""
    changes: dict[str, Change] = {}
    plan, sick = rollout.plan, troubles(connection, rollout)
    said = _Said(subject)
    for row in _rows(connection, rollout, subject):
        device, stage, state, handed_at, handed_version, reached_at, failed_for, status, version, report, target = row
        standing, error, cause = said.standing(report)
        seen = Seen(
            state=state,
            ours=target == rollout.target,
            standing=standing,
            fresh=said.version(version) >= handed_version,
            online=status == "online",
            handed_at=handed_at or now,
            reached_at=reached_at,
            failed_for=failed_for,
            error=error,
            cause=cause,
            trouble=one_line(sick[device], MAX_ERROR) if device in sick else "",
        )
        change = judge_device(seen, now, plan.stages[stage].soak, plan.timeout)
        if change is not None:
            changes[device] = change
    if changes:
        _write(connection, rollout, changes, now)
    return bool(changes)


class _Said:
    """What devices say, by the JSON of it: thousands that take the same release say the same, so that little of it is
    read."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._standings: dict[str | None, tuple[Standing, str, str]] = {}
        self._versions: dict[str | None, int] = {None: -1}

    def standing(self, text: str | None) -> tuple[Standing, str, str]:
        """As :meth:`Subject.standing`, the sentence and the cause as they are kept."""
        known = self._standings.get(text)
        if known is None:
            standing, error, cause = self._subject.standing(None if text is None else json.loads(text))
            known = self._standings[text] = standing, one_line(error, MAX_ERROR), cause[:16]
        return known

    def version(self, text: str | None) -> int:
        """The version of the desired document that a device knows; -1 where it does not say."""
        known = self._versions.get(text)
        if known is None:
            version = None if text is None else json.loads(text)
            known = self._versions[text] = version if isinstance(version, int) else -1
        return known


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
        cast(devices.c.reported["desired_version"], Text).label("version"),
        cast(subject.reported(), Text).label("report"),
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
