"""Rollouts in the database: made, read, counted, and what happened to them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, and_, delete, func, insert, select, true, update

from firmware_tools.fleet.errors import ConflictError, FleetError, NotFoundError
from firmware_tools.fleet.rollouts.groups import GroupRegistry
from firmware_tools.fleet.rollouts.judge import ACTIVE, ENDED, FOLLOWED_DAYS, TRANSITIONS, Counts, Happening
from firmware_tools.fleet.rollouts.options import parse_plan
from firmware_tools.fleet.rollouts.query import parse_query
from firmware_tools.fleet.rollouts.query_sql import condition
from firmware_tools.fleet.rollouts.records import (
    Brake,
    Counted,
    Event,
    Failure,
    Kind,
    Rollout,
    RolloutDevice,
    Which,
    rollout_of,
)
from firmware_tools.fleet.rollouts.schema import (
    pruned_rollouts,
    rollout_brake,
    rollout_devices,
    rollout_events,
    rollouts,
)
from firmware_tools.fleet.rollouts.subjects import find
from firmware_tools.fleet.schema import devices
from firmware_tools.fleet.selecting import portions

MOST_DEVICES = 1_000
"""The most devices of a rollout in one answer."""
MOST_ROLLOUTS = 1_000
"""The most rollouts in one answer."""
_SENTENCES = 50
_ON_THE_WAY = ("handed", "reached", "withdrawing", "returning", "restoring")
_FOLLOWED_SECONDS = FOLLOWED_DAYS * 86_400
_DID: dict[str, str] = {
    "start": "started",
    "approve": "approved",
    "pause": "paused",
    "resume": "resumed",
    "abort": "aborted",
}


class RolloutStore:
    """Rollouts as one transaction sees them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._groups = GroupRegistry(connection)

    def create(
        self,
        kind: Kind,
        subject: str,
        version: str | int | None,
        document: Mapping[str, Any],
        name: str,
        actor: str,
        now: float,
    ) -> Rollout:
        """Make a rollout, which does nothing until it is started.

        Raises:
            NotFoundError: the release or the group does not exist.
            FleetError: the plan, the query or the name is wrong.
        """
        found = find(self._connection, kind, subject, version)
        plan = parse_plan(document)
        name = name or f"{found.subject} {found.version_name}"
        if len(name) > 100 or not name.isprintable():
            raise FleetError("a rollout's name is at most 100 printable characters")
        if plan.query:
            parse_query(plan.query)
        elif plan.group:
            self._groups.group(plan.group)
        made = self._connection.execute(
            insert(rollouts).values(
                name=name,
                kind=kind,
                subject=found.subject,
                target=found.target,
                version_code=found.version_code,
                version_name=found.version_name,
                plan=dict(document),
                state="draft",
                reason="it has not been started",
                stage=-1,
                created_at=now,
                created_by=actor,
            )
        ).inserted_primary_key
        rollout = self.rollout(made[0] if made else 0)
        self.note(rollout, actor, "created", f"{rollout.what()} for {self.whom(rollout)}", now)
        return rollout

    def rollout(self, number: int) -> Rollout:
        """One rollout. Raises :class:`NotFoundError`."""
        row = self._connection.execute(select(rollouts).where(rollouts.c.id == number)).one_or_none()
        if row is None:
            raise NotFoundError(f"there is no rollout {number}; list them with `cygnet fleet rollout list`")
        return rollout_of(row)

    def locked(self, number: int) -> Rollout:
        """One rollout, which no other worker changes until this transaction ends. It is written before it is read, so
        that databases of either kind let one worker in after the other. Raises :class:`NotFoundError`."""
        raised = update(rollouts).where(rollouts.c.id == number).values(revision=rollouts.c.revision + 1)
        self._connection.execute(raised)
        return self.rollout(number)

    def page(self, which: Which | None = None, after: int | None = None, limit: int = MOST_ROLLOUTS) -> list[Rollout]:
        """Rollouts, the newest first: those below the number ``after``, and of these all, or ``which`` alone."""
        conditions = [rollouts.c.id < after if after is not None else true()]
        if which is not None:
            ended = rollouts.c.state.in_(ENDED)
            conditions.append(ended if which == "ended" else ~ended)
        query = select(rollouts).where(*conditions).order_by(rollouts.c.id.desc()).limit(limit)
        return [rollout_of(row) for row in self._connection.execute(query)]

    def to_advance(self, now: float) -> list[int]:
        """The rollouts of which something may come by itself, the oldest first: those that go on, those that ended and
        still have devices on their way (for a month), and those that take everybody who comes later."""
        on_the_way = select(rollout_devices.c.rollout).where(rollout_devices.c.state.in_(_ON_THE_WAY))
        ended = rollouts.c.state.in_(ENDED) & (rollouts.c.ended_at > now - _FOLLOWED_SECONDS)
        ids = select(rollouts.c.id).where(
            rollouts.c.state.in_(ACTIVE) | (ended & rollouts.c.id.in_(on_the_way)) | takes_always(rollouts)
        )
        return list(self._connection.scalars(ids.order_by(rollouts.c.id)))

    def members(self, rollout: Rollout) -> ColumnElement[bool]:
        """What holds of a row of ``devices`` that the rollout is for now. Raises :class:`NotFoundError`."""
        plan = rollout.plan
        if plan.query:
            chosen = condition(parse_query(plan.query))
        elif plan.group:
            chosen = self._groups.condition(plan.group)
        else:
            chosen = devices.c.id.in_(plan.devices)
        return and_(chosen, devices.c.id.not_in(plan.exclude)) if plan.exclude else chosen

    def whom(self, rollout: Rollout) -> str:
        """Whom it is for, in words."""
        plan = rollout.plan
        return (
            f"group {plan.group}"
            if plan.group
            else f"the query {plan.query}"
            if plan.query
            else f"{len(plan.devices)} devices by name"
        )

    def using_group(self, name: str) -> list[Rollout]:
        """The rollouts that still need a group."""
        query = select(rollouts).where(~rollouts.c.state.in_(ENDED)).order_by(rollouts.c.id.desc())
        found = [rollout_of(row) for row in self._connection.execute(query)]
        return [rollout for rollout in found if rollout.plan.group == name]

    def others(self, rollout: Rollout) -> list[Rollout]:
        """Other rollouts of the same subject that are going on."""
        here = (rollouts.c.kind == rollout.kind, rollouts.c.subject == rollout.subject)
        query = select(rollouts).where(*here, rollouts.c.id != rollout.id, rollouts.c.state.in_(ACTIVE))
        return [rollout_of(row) for row in self._connection.execute(query.order_by(rollouts.c.id))]

    # Changing

    def happen(self, rollout: Rollout, happening: Happening, reason: str, now: float, **more: Any) -> Rollout:
        """Let something happen to a rollout that is locked.

        Raises:
            ConflictError: it cannot happen in its state.
        """
        state = TRANSITIONS.get((rollout.state, happening))
        if state is None:
            did = _DID.get(happening, happening)
            raise ConflictError(f"rollout {rollout.id} ({rollout.name}) cannot be {did}: it is {rollout.state}")
        values: dict[str, Any] = {"state": state, "reason": reason, **more}
        if state in ENDED:
            values["ended_at"] = now
        self._connection.execute(update(rollouts).where(rollouts.c.id == rollout.id).values(values))
        return self.rollout(rollout.id)

    def explain(self, rollout: Rollout, reason: str) -> None:
        """Say why a rollout is where it is."""
        self._connection.execute(update(rollouts).where(rollouts.c.id == rollout.id).values(reason=reason))

    def note(self, rollout: Rollout, actor: str, action: str, text: str, now: float) -> None:
        """Put something on the timeline."""
        values = {"rollout": rollout.id, "time": now, "actor": actor, "action": action}
        self._connection.execute(insert(rollout_events).values(**values, stage=rollout.stage, text=text))

    def add(self, rollout: Rollout, rows: Sequence[Mapping[str, Any]], now: float) -> None:
        """Put devices into a rollout."""
        if rows:
            values = {"rollout": rollout.id, "state": "planned", "joined_at": now}
            self._connection.execute(insert(rollout_devices), [{**values, **row} for row in rows])

    def move(self, rollout: Rollout, chosen: Iterable[str], **values: Any) -> None:
        """Change devices of a rollout, all alike."""
        for some in portions(list(chosen)):
            here = (rollout_devices.c.rollout == rollout.id, rollout_devices.c.device.in_(some))
            self._connection.execute(update(rollout_devices).where(*here).values(values))

    def move_all(self, rollout: Rollout, states: Sequence[str], **values: Any) -> int:
        """Change the devices of a rollout that are in one of these states; how many they were."""
        here = (rollout_devices.c.rollout == rollout.id, rollout_devices.c.state.in_(states))
        return self._connection.execute(update(rollout_devices).where(*here).values(values)).rowcount

    # The emergency stop

    def brake(self) -> Brake | None:
        """The emergency stop, if it is on."""
        row = self._connection.execute(select(rollout_brake)).first()
        return None if row is None else Brake(row.time, row.actor, row.reason)

    def set_brake(self, actor: str, reason: str, now: float) -> None:
        """Turn the emergency stop on."""
        self._connection.execute(delete(rollout_brake))
        self._connection.execute(insert(rollout_brake).values(id=1, time=now, actor=actor, reason=reason))

    def lift_brake(self) -> bool:
        """Turn the emergency stop off; whether it was on."""
        return self._connection.execute(delete(rollout_brake)).rowcount > 0

    # Reading

    def pruned_at(self, rollout: Rollout) -> float | None:
        """When its devices one by one were given up, because they were old; None while they are kept."""
        query = select(pruned_rollouts.c.pruned_at).where(pruned_rollouts.c.rollout == rollout.id)
        return self._connection.scalar(query)

    def counts(self, rollout: Rollout) -> dict[int, dict[Counted, int]]:
        """By stage: how many devices are in each state, with ``away`` and ``accepted`` as in :class:`Counts`."""
        kept = select(pruned_rollouts.c.counts).where(pruned_rollouts.c.rollout == rollout.id)
        if (counts := self._connection.scalar(kept)) is not None:
            return {int(stage): of_stage for stage, of_stage in counts.items()}
        online = (devices.c.status == "online").label("online")
        columns = (rollout_devices.c.stage, rollout_devices.c.state, rollout_devices.c.accepted, online)
        query = (
            select(*columns, func.count().label("number"))
            .join(devices, devices.c.id == rollout_devices.c.device)
            .where(rollout_devices.c.rollout == rollout.id)
            .group_by(*columns)
        )
        found: dict[int, dict[Counted, int]] = {stage: {} for stage in range(len(rollout.plan.stages))}
        for row in self._connection.execute(query):
            stage = found.setdefault(row.stage, {})
            stage[row.state] = stage.get(row.state, 0) + row.number
            if row.state in ("planned", "handed", "reached") and not row.online:
                stage["away"] = stage.get("away", 0) + row.number
            if row.state == "failed" and row.accepted:
                stage["accepted"] = stage.get("accepted", 0) + row.number
        return found

    def counts_of(self, numbers: Sequence[int]) -> dict[int, dict[Counted, int]]:
        """Of these rollouts by number: how many devices are in each state."""
        columns = (rollout_devices.c.rollout, rollout_devices.c.state)
        found: dict[int, dict[Counted, int]] = {number: {} for number in numbers}
        for some in portions(numbers):
            here = select(*columns, func.count().label("number")).where(rollout_devices.c.rollout.in_(some))
            for row in self._connection.execute(here.group_by(*columns)):
                found[row.rollout][row.state] = row.number
            kept = select(pruned_rollouts.c.rollout, pruned_rollouts.c.counts)
            for row in self._connection.execute(kept.where(pruned_rollouts.c.rollout.in_(some))):
                found[row.rollout] = _summed(row[1].values())
        return found

    def devices(
        self, rollout: Rollout, *, state: str = "", stage: int | None = None, after: str = "", limit: int = 100
    ) -> list[RolloutDevice]:
        """Devices of a rollout by id, those after the id ``after``; none where they are no longer kept."""
        if self.pruned_at(rollout) is not None:
            return []
        table = rollout_devices
        conditions = [table.c.rollout == rollout.id, table.c.device > after]
        conditions.append(table.c.state == state if state else true())
        conditions.append(table.c.stage == stage if stage is not None else true())
        query = select(table, devices.c.status).join(devices, devices.c.id == table.c.device).where(*conditions)
        return [
            RolloutDevice(
                row.device,
                row.stage,
                row.state,
                row.error,
                row.cause,
                row.accepted,
                row.status == "online",
                row.joined_at,
                row.handed_at,
                row.reached_at,
                row.ended_at,
            )
            for row in self._connection.execute(query.order_by(table.c.device).limit(min(limit, MOST_DEVICES)))
        ]

    def sentences(self, rollout: Rollout) -> list[Failure]:
        """Why devices failed or were skipped: each sentence with how many said it and one that did."""
        kept = select(pruned_rollouts.c.failures).where(pruned_rollouts.c.rollout == rollout.id)
        if (failures := self._connection.scalar(kept)) is not None:
            return [Failure(**failure) for failure in failures]
        table = rollout_devices
        columns = (table.c.state, table.c.error, table.c.cause)
        count = func.count().label("number")
        query = (
            select(*columns, count, func.min(table.c.device).label("example"))
            .where(table.c.rollout == rollout.id, table.c.error != "")
            .group_by(*columns)
            .order_by(count.desc(), table.c.error)
            .limit(_SENTENCES)
        )
        return [
            Failure(row.state, row.error, row.cause, row.number, row.example) for row in self._connection.execute(query)
        ]

    def events(self, rollout: Rollout, after: int = 0) -> list[Event]:
        """The timeline, oldest first, what came after the event ``after``."""
        here = (rollout_events.c.rollout == rollout.id, rollout_events.c.id > after)
        rows = self._connection.execute(select(rollout_events).where(*here).order_by(rollout_events.c.id))
        return [Event(row.id, row.time, row.actor, row.action, row.stage, row.text) for row in rows]


def is_newer(
    one: FromClause, started_at: ColumnElement[Any] | float | None, number: ColumnElement[Any] | int
) -> ColumnElement[bool]:
    """What holds of rows of ``rollouts`` (or an alias) that were started later than the rollout with this start and
    number; see :attr:`Rollout.begun`."""
    return (one.c.started_at > started_at) | ((one.c.started_at == started_at) & (one.c.id > number))


def takes_always(table: FromClause) -> ColumnElement[bool]:
    """What holds of a row of ``rollouts`` (or an alias) that is done and lets in everybody who comes later."""
    late = func.coalesce(table.c.plan["late"].as_string(), "")  # a plan has the members that were given
    return and_(table.c.state == "done", late == "always")


def _summed(stages: Iterable[Mapping[Counted, int]]) -> dict[Counted, int]:
    """Counts of stages as counts by state, without those of devices that are counted in a state already."""
    totals: dict[Counted, int] = {}
    for stage in stages:
        for name, number in stage.items():
            if name not in ("away", "accepted"):
                totals[name] = totals.get(name, 0) + number
    return totals


def counts_of(stages: Iterable[Mapping[Counted, int]]) -> Counts:
    """The sum of some stages' counts, as rules look at them."""
    names: tuple[Counted, ...] = ("planned", "handed", "reached", "good", "failed", "accepted", "away")
    totals: dict[str, int] = dict.fromkeys(names, 0)
    for stage in stages:
        for name in names:
            totals[name] += stage.get(name, 0)
        # What is to be taken back is handed out still.
        totals["handed"] += stage.get("withdrawing", 0)
    return Counts(**totals)
