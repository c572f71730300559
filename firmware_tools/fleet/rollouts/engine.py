"""One step of one rollout, in one transaction: look at its devices, judge, hand out a portion.

All that a step knows is in the database, and it changes all or nothing: a fleet that is killed goes on where it was,
and of several workers one takes a step after the other (:meth:`RolloutStore.locked`).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from firmware_tools.fleet.audit import log as audit_log
from firmware_tools.fleet.rollouts.following import follow
from firmware_tools.fleet.rollouts.groups import GroupRegistry
from firmware_tools.fleet.rollouts.judge import Verdict, judge_stage
from firmware_tools.fleet.rollouts.plan import stage_of_late
from firmware_tools.fleet.rollouts.records import Rollout
from firmware_tools.fleet.rollouts.schema import rollout_devices, rollouts
from firmware_tools.fleet.rollouts.store import RolloutStore, counts_of, is_newer
from firmware_tools.fleet.rollouts.subjects import Before, Subject, subject_of
from firmware_tools.fleet.schema import devices
from firmware_tools.fleet.selecting import of_devices, portions

ITSELF = "cygnet"
"""Who did what nobody did."""
AT_ONCE = 500
"""So many devices are handed out in one transaction: others want the database, too."""
_JOINED_AT_ONCE = 2_000
_UNPROVEN = ("handed", "reached", "failed", "withdrawing")
_GONE = "gone"
_DEEDS = {"error": "stop", "short": "stop", "gate": "wait", "stage": "advance", "done": "finish"}
"""What of its timeline is in the audit log, and how that calls it."""


@dataclass(slots=True)
class Step:
    """What a step did. ``told``: the devices that should have something else now. ``changed``: anything was changed.
    ``more``: the next step has something to do at once. ``portion``: that is only to hand out (or take back) the next
    portion. ``said``: what to put into the log. ``deeds``: what it did by itself, with why, for the audit log."""

    told: list[str] = field(default_factory=list)
    changed: bool = False
    more: bool = False
    portion: bool = False
    said: list[str] = field(default_factory=list)
    deeds: list[tuple[str, str]] = field(default_factory=list)


def advance(connection: Connection, number: int, now: float, at_once: int = AT_ONCE, *, portion: bool = False) -> Step:
    """Take one step of a rollout.

    Args:
        connection: of the transaction.
        number: which.
        now: Unix time in seconds.
        at_once: how many devices are handed out in it.
        portion: the step before, just now, said that only another portion is to come: nobody is looked at again.

    Raises:
        NotFoundError: there is no such rollout, or its group is gone.
    """
    step = _Advance(connection, number, now, at_once).take(portion)
    for action, text in step.deeds:  # last: whoever writes there waits for the end of this transaction
        audit_log.record(connection, audit_log.ITSELF, f"rollout.{action}", str(number), {"reason": text}, now=now)
    return step


class _Advance:
    def __init__(self, connection: Connection, number: int, now: float, at_once: int) -> None:
        self._connection, self._now, self._at_once = connection, now, at_once
        self._store = RolloutStore(connection)
        self._rollout = self._store.locked(number)
        self._subject: Subject = subject_of(connection, self._rollout)
        self._step, self._waits_for = Step(), ""

    def take(self, portion: bool) -> Step:
        if not portion:
            self._step.changed = follow(self._connection, self._rollout, self._subject, self._now)
        self._give_back("withdrawing", "planned")
        self._give_back("returning", "restoring")
        stopped = self._store.brake() is not None
        going_on = ("running", "done")
        if not portion:
            if self._rollout.state in going_on and not stopped:
                self._let_in()
            if self._rollout.state in ("running", "approval"):
                self._judge()
        if self._rollout.state in going_on and not stopped:
            self._hand_out()
        if self._waits_for and self._waits_for != self._rollout.reason:
            self._store.explain(self._rollout, self._waits_for)
            self._step.changed = True
        # When it has gone on to another state or stage, the next step looks at everything.
        more, portion = self._step.more, self._step.portion
        self._step.more, self._step.portion = more or portion, portion and not more
        return self._step

    # Giving back

    def _give_back(self, queued: str, then: str) -> None:
        """Give a portion of the devices that wait for it what they had before, where what they should have is what the
        rollout gave them still."""
        table, assigned = rollout_devices, self._subject.assigned()
        query = (
            select(table.c.device, table.c.before, assigned.target.label("target"))
            .select_from(table)
            .join(devices, devices.c.id == table.c.device)
            .outerjoin(assigned.table, assigned.on)
            .where(table.c.rollout == self._rollout.id, table.c.state == queued)
            .order_by(table.c.position)
            .limit(self._at_once)
        )
        rows = self._connection.execute(query).all()
        if not rows:
            return
        ours: dict[str, Before] = {row.device: row.before for row in rows if row.target == self._rollout.target}
        others = [row.device for row in rows if row.device not in ours]
        self._subject.give_back(ours)
        self._store.move(self._rollout, others, state="superseded", error="something else was assigned since")
        # Why a device failed stays to be read when it has got back what it had.
        fresh: dict[str, Any] = {"error": "", "cause": "", "accepted": False} if then == "planned" else {}
        self._store.move(self._rollout, ours, state=then, **fresh)
        self._note_versions(list(ours))
        self._step.told += ours
        self._step.changed = True
        self._step.portion = self._step.portion or len(rows) == self._at_once

    # Late joiners

    def _let_in(self) -> None:
        """Let in devices that came into the group since."""
        rollout, table = self._rollout, rollout_devices
        if rollout.plan.late == "never" or (rollout.state == "done" and rollout.plan.late != "always"):
            return
        inside = self._store.members(rollout)
        back = select(devices.c.id).where(inside)
        again = (table.c.rollout == rollout.id, table.c.state == "skipped", table.c.cause == _GONE)
        returned = self._connection.execute(
            update(table).where(*again, table.c.device.in_(back)).values(state="planned", error="", cause="")
        ).rowcount
        query = (
            select(devices.c.id)
            .where(inside, devices.c.id.not_in(select(table.c.device).where(table.c.rollout == rollout.id)))
            .where(devices.c.id.not_in(self._in_other_hands()))
            .order_by(devices.c.id)
            .limit(_JOINED_AT_ONCE)
        )
        new = self._connection.scalars(query).all()
        places = [stage_of_late(rollout.id, device, rollout.plan.stages) for device in new]
        rows = [{"device": place.device, "position": place.position, "stage": place.stage} for place in places]
        self._store.add(rollout, rows, self._now)
        if new or returned:
            text = f"{len(new) + returned} devices came into {self._store.whom(rollout)}"
            self._store.note(rollout, ITSELF, "joined", text, self._now)
            self._step.changed = True

    def _in_other_hands(self) -> Any:
        """Devices that another rollout of the same subject has, or will have, in hand; of a rollout that is done, also
        those that a newer one ever had."""
        rollout, table = self._rollout, rollout_devices
        query = (
            select(table.c.device)
            .join(rollouts, rollouts.c.id == table.c.rollout)
            .where(rollouts.c.kind == rollout.kind, rollouts.c.subject == rollout.subject, rollouts.c.id != rollout.id)
        )
        going_on = rollouts.c.state.in_(("running", "approval", "paused")) & table.c.state.in_(("planned", *_UNPROVEN))
        newer = is_newer(rollouts, rollout.started_at, rollout.id) & table.c.state.in_((*_UNPROVEN, "good"))
        return query.where(going_on | newer)

    # Judging

    def _judge(self) -> None:
        rollout, store = self._rollout, self._store
        if rollout.stage < 0:
            if rollout.state == "running":
                self._next()
            return
        stage, plan = rollout.plan.stages[rollout.stage], rollout.plan
        counts = store.counts(rollout)
        own = counts_of([counts[rollout.stage]])
        so_far = counts_of(counts[number] for number in range(rollout.stage + 1))
        age = self._now - (rollout.stage_since or self._now)
        verdict = judge_stage(stage, plan, own, so_far, age, last=rollout.stage == len(plan.stages) - 1)
        match verdict.kind:
            case "errors":
                self._fail(verdict)
            case "short" if rollout.state == "running":
                self._pause(verdict, "short")
            case "succeeded" if rollout.state == "running":
                self._said("succeeded", f"stage {rollout.stage + 1}: {verdict.reason}")
                self._next()
            case "wait" if rollout.state == "running":
                self._waits_for = verdict.reason

    def _next(self) -> None:
        """Go on to the next stage, to the question whether that may begin, or to the end."""
        rollout, store = self._rollout, self._store
        number, stages = rollout.stage + 1, rollout.plan.stages
        self._step.changed = self._step.more = True
        if number == len(stages):
            self._rollout = store.happen(rollout, "finish", "all stages have succeeded", self._now)
            self._said("done", "all stages have succeeded")
        elif stages[number].approval and rollout.approved < number:
            reason = f"stage {number + 1} ({stages[number].size.text()}) waits for approval"
            self._rollout = store.happen(rollout, "gate", reason, self._now)
            self._said("gate", reason)
        else:
            reason = f"stage {number + 1} ({stages[number].size.text()}) begins"
            self._rollout = store.happen(rollout, "next", reason, self._now, stage=number, stage_since=self._now)
            self._said("stage", reason)

    def _fail(self, verdict: Verdict) -> None:
        rollout = self._rollout
        if rollout.plan.on_error == "pause":
            self._pause(verdict, "error")
            return
        self._rollout = self._store.happen(rollout, "error-abort", verdict.reason, self._now)
        self._said("error", f"aborted: {verdict.reason}")
        if rollout.plan.on_error == "roll-back":
            count = roll_back(self._store, self._rollout, ITSELF, self._now)
            self._step.deeds.append(("roll-back", f"{count} devices get back what they had before"))
        self._step.changed = self._step.more = True

    def _pause(self, verdict: Verdict, action: str) -> None:
        self._rollout = self._store.happen(self._rollout, "error-pause", verdict.reason, self._now)
        self._said(action, f"paused: {verdict.reason}")
        self._step.changed = True

    def _said(self, action: str, text: str) -> None:
        self._store.note(self._rollout, ITSELF, action, text, self._now)
        if action in _DEEDS:
            self._step.deeds.append((_DEEDS[action], text))
        self._step.said.append(f"rollout {self._rollout.id} ({self._rollout.name}): {text}")

    # Handing out

    def _hand_out(self) -> None:
        rollout, table = self._rollout, rollout_devices
        last = len(rollout.plan.stages) - 1 if rollout.state == "done" else rollout.stage
        waiting = (table.c.rollout == rollout.id, table.c.state == "planned", table.c.stage <= last)
        limit = self._allowed()
        window = rollout.plan.window
        if window is not None and not window.is_open(self._now):
            if self._connection.scalar(select(func.count()).select_from(table).where(*waiting)):
                self._waits_for = f"waits for its maintenance window: {window.text()}"
            return
        query = select(table.c.device).where(*waiting).order_by(table.c.stage, table.c.position)
        chosen = list(self._connection.scalars(query.limit(limit))) if limit else []
        if not chosen:
            return
        inside = self._still_inside(chosen)
        given = self._take_over(inside)
        refused = self._subject.give(given, launch=rollout.plan.launch, urgent=rollout.plan.urgent)
        for device, sentence in refused.items():
            self._store.move(rollout, [device], state="skipped", error=sentence, cause="", ended_at=self._now)
        done = [device for device in given if device not in refused]
        values = {"state": "handed", "handed_at": self._now, "reached_at": None, "error": "", "cause": ""}
        self._store.move(rollout, done, **values)
        self._note_versions(done)
        self._step.told += done
        self._step.changed = True
        self._step.portion = self._step.portion or len(chosen) == limit

    def _allowed(self) -> int:
        """How many may be handed out in this step."""
        most = self._rollout.plan.per_minute
        if not most:
            return self._at_once
        lately = select(func.count()).where(
            rollout_devices.c.rollout == self._rollout.id, rollout_devices.c.handed_at > self._now - 60
        )
        return max(0, min(self._at_once, most - (self._connection.scalar(lately) or 0)))

    def _still_inside(self, chosen: Sequence[str]) -> list[str]:
        """Those that are in the group still; the others are left out, until they come back."""
        inside = self._store.members(self._rollout)
        found: set[str] = set()
        for some in portions(chosen):
            found.update(GroupRegistry(self._connection).devices_of(inside & of_devices(devices.c.id, some)))
        gone = [device for device in chosen if device not in found]
        text = f"it is no longer in {self._store.whom(self._rollout)}"
        self._store.move(self._rollout, gone, state="skipped", error=text, cause=_GONE)
        return [device for device in chosen if device in found]

    def _take_over(self, chosen: Sequence[str]) -> list[str]:
        """Note what these had before; those that are not to get it are left out.

        What another rollout has given a device and not yet proven there is not what it goes back to: it goes back to
        what it had before that one.
        """
        rollout = self._rollout
        before = self._subject.before(chosen)
        kept: dict[str, Before] = {device: before.get(device) for device in chosen}
        for other in self._store.others(rollout):
            held = self._held_by(other, list(kept))
            if other.begun > rollout.begun:
                text = f"rollout {other.id}, which is newer, has it"
                self._store.move(rollout, held, state="superseded", error=text, ended_at=self._now)
                kept = {device: had for device, had in kept.items() if device not in held}
                continue
            text = f"rollout {rollout.id}, which is newer, has it now"
            self._store.move(other, held, state="superseded", error=text, ended_at=self._now)
            kept |= held
        given = self._without_newer(kept)
        here = (rollout_devices.c.rollout == rollout.id, rollout_devices.c.device == bindparam("the_device"))
        if given:
            rows = [{"the_device": device, "had": kept[device]} for device in given]
            self._connection.execute(update(rollout_devices).where(*here).values(before=bindparam("had")), rows)
        return given

    def _without_newer(self, kept: Mapping[str, Before]) -> list[str]:
        """Those of these devices that should not have a newer version already; the others are left out."""
        newer: dict[int, list[str]] = defaultdict(list)
        for device, had in kept.items():
            if had is not None and had.get("code", 0) > self._rollout.version_code:
                newer[had["code"]].append(device)
        if self._rollout.plan.downgrade:
            newer.clear()
        for code, some in newer.items():
            text = f"it should have version {code}, which is newer"
            self._store.move(self._rollout, some, state="skipped", error=text, cause="", ended_at=self._now)
        left_out = {device for some in newer.values() for device in some}
        return [device for device in kept if device not in left_out]

    def _held_by(self, other: Rollout, chosen: Sequence[str]) -> dict[str, Before]:
        held: dict[str, Before] = {}
        table = rollout_devices
        for some in portions(chosen):
            query = select(table.c.device, table.c.before).where(
                table.c.rollout == other.id, table.c.state.in_(_UNPROVEN), of_devices(table.c.device, some)
            )
            held |= {row.device: row.before for row in self._connection.execute(query)}
        return held

    def _note_versions(self, chosen: Sequence[str]) -> None:
        """From which version of their desired documents on these devices know."""
        version = select(devices.c.desired_version).where(devices.c.id == rollout_devices.c.device).scalar_subquery()
        self._store.move(self._rollout, chosen, handed_version=version)


def roll_back(store: RolloutStore, rollout: Rollout, actor: str, now: float) -> int:
    """Queue every device that a rollout gave something to get back what it had before; how many they are."""
    count = store.move_all(rollout, ("handed", "reached", "good", "failed", "withdrawing"), state="returning")
    store.note(rollout, actor, "rolled back", f"{count} devices get back what they had before", now)
    return count
