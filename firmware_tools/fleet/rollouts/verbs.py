"""What a person does with a rollout, in one transaction each; the rules of :mod:`judge` say when it may be done."""

from sqlalchemy import Connection, select

from firmware_tools.fleet.errors import ConflictError, FleetError
from firmware_tools.fleet.rollouts.engine import roll_back
from firmware_tools.fleet.rollouts.groups import GroupRegistry
from firmware_tools.fleet.rollouts.judge import ACTIVE
from firmware_tools.fleet.rollouts.plan import divide
from firmware_tools.fleet.rollouts.records import Rollout
from firmware_tools.fleet.rollouts.schema import rollout_devices, rollouts
from firmware_tools.fleet.rollouts.store import RolloutStore
from firmware_tools.fleet.schema import devices

MAX_REASON = 300
_PAUSES = ("pause", "error", "short", "stop")


class RolloutVerbs:
    """The operator's verbs on rollouts, as one transaction sees them; ``actor`` is who does it, ``now`` Unix time in
    seconds."""

    def __init__(self, connection: Connection, actor: str, now: float) -> None:
        self._connection, self._actor, self._now = connection, actor, now
        self.store = RolloutStore(connection)

    def start(self, number: int) -> Rollout:
        """Divide the devices into stages and begin.

        Raises:
            ConflictError: it was started before, the emergency stop is on, or another rollout has devices of it.
            FleetError: it has no devices.
        """
        rollout = self.store.locked(number)
        self._refuse_when_stopped("started")
        chosen = GroupRegistry(self._connection).devices_of(self.store.members(rollout))
        if rollout.state == "draft":
            if not chosen:
                raise FleetError(f"no device is in {self.store.whom(rollout)} now; `cygnet fleet devices` lists them")
            self._take_from_others(rollout, set(chosen))
        rollout = self.store.happen(rollout, "start", "it begins", self._now, started_at=self._now)
        places = divide(rollout.id, chosen, rollout.plan.stages)
        rows = [{"device": place.device, "position": place.position, "stage": place.stage} for place in places]
        self.store.add(rollout, rows, self._now)
        self._note(rollout, "start", f"for {len(chosen)} devices")
        return rollout

    def pause(self, number: int, reason: str = "") -> Rollout:
        """Hand nothing out any more; what was handed out goes its way. Raises :class:`ConflictError`."""
        rollout = self.store.locked(number)
        text = _because(f"paused by {self._actor}", reason)
        rollout = self.store.happen(rollout, "pause", text, self._now)
        self._note(rollout, "pause", text)
        return rollout

    def resume(self, number: int) -> Rollout:
        """Go on. Failures for which it was paused are accepted: they count no more. Raises :class:`ConflictError`."""
        rollout = self.store.locked(number)
        self._refuse_when_stopped("resumed")
        last = [event.action for event in self.store.events(rollout) if event.action in _PAUSES]
        rollout = self.store.happen(rollout, "resume", "it goes on", self._now, stage_since=self._now)
        accepted = 0
        if last and last[-1] in ("error", "short"):
            accepted = self.store.move_all(rollout, ("failed",), accepted=True)
        self._note(rollout, "resume", f"{accepted} failures are accepted" if accepted else "it goes on")
        return rollout

    def approve(self, number: int, *, at_once: bool = False) -> Rollout:
        """Say yes to the stage that waits for it; ``at_once``: go on to the next stage now, whatever this one still
        waits for.

        Raises:
            ConflictError: nothing waits for approval (or runs).
        """
        rollout = self.store.locked(number)
        self._refuse_when_stopped("approved")
        following = rollout.stage + 1
        if at_once and rollout.state == "running" and 0 < following < len(rollout.plan.stages):
            text = f"stage {following + 1} begins without waiting for stage {following}"
            values = {"stage": following, "stage_since": self._now, "approved": following}
            rollout = self.store.happen(rollout, "next", text, self._now, **values)
            self._note(rollout, "stage", text)
            return rollout
        if at_once and rollout.state == "running":
            raise ConflictError(f"rollout {number} is in its last stage; there is none to go on to")
        text = f"stage {following + 1} is approved by {self._actor}"
        rollout = self.store.happen(rollout, "approve", text, self._now, approved=following)
        self._note(rollout, "approve", text)
        return rollout

    def abort(self, number: int, *, back: bool, reason: str = "") -> Rollout:
        """End it; ``back``: devices get back what each had before. Raises :class:`ConflictError`."""
        rollout = self.store.locked(number)
        if rollout.state == "done" and not back:
            raise ConflictError(f"rollout {number} is done; it can only be rolled back: add --roll-back")
        if rollout.state == "done" and self.store.pruned_at(rollout) is not None:
            raise ConflictError(
                f"rollout {number} cannot be rolled back: it ended so long ago that what each device had before is no "
                "longer kept; make a rollout of the older version"
            )
        text = _because(f"aborted by {self._actor}", reason)
        rollout = self.store.happen(rollout, "abort", text, self._now)
        self._note(rollout, "abort", text)
        if back:
            roll_back(self.store, rollout, self._actor, self._now)
        return rollout

    def stop_all(self, reason: str = "") -> list[Rollout]:
        """The emergency stop: pause every rollout, take back what devices have not switched to yet, and let nothing be
        handed out until it is lifted."""
        text = _because(f"emergency stop by {self._actor}", reason)
        stopped: list[Rollout] = []
        ids = self._connection.scalars(
            select(rollouts.c.id).where(rollouts.c.state.in_((*ACTIVE, "done"))).order_by(rollouts.c.id)
        )
        for number in list(ids):
            rollout = self.store.locked(number)
            taken = self.store.move_all(rollout, ("handed",), state="withdrawing")
            if rollout.state in ("running", "approval"):
                rollout = self.store.happen(rollout, "pause", text, self._now)
            elif not taken:
                continue
            self._note(rollout, "stop", f"{text}; {taken} devices that had not switched yet keep what they had")
            stopped.append(rollout)
        self.store.set_brake(self._actor, text, self._now)
        return stopped

    def lift_stop(self) -> bool:
        """End the emergency stop; rollouts stay paused until each is resumed. Whether it was on."""
        return self.store.lift_brake()

    def _take_from_others(self, rollout: Rollout, chosen: set[str]) -> None:
        """Refuse devices that another rollout of the same subject has, or take them from it where that is wished."""
        table = rollout_devices
        for other in self.store.others(rollout):
            held = self._connection.execute(
                select(table.c.device, table.c.state)
                .join(devices, devices.c.id == table.c.device)
                .where(table.c.rollout == other.id, table.c.state.in_(("planned", "handed", "reached", "failed")))
            ).all()
            shared = [row for row in held if row.device in chosen]
            if not shared:
                continue
            if not rollout.plan.supersede:
                raise ConflictError(
                    f"rollout {other.id} ({other.name}) is {other.state} and has {len(shared)} of these devices for "
                    f"{rollout.subject} in hand; abort it first, or make this one with --supersede to take them from it"
                )
            self.store.locked(other.id)
            planned = [row.device for row in shared if row.state == "planned"]
            text = f"rollout {rollout.id}, which is newer, has it now"
            self.store.move(other, planned, state="superseded", error=text, ended_at=self._now)
            words = f"rollout {rollout.id} takes {len(shared)} devices over"
            self.store.note(other, self._actor, "superseded", words, self._now)

    def _refuse_when_stopped(self, what: str) -> None:
        brake = self.store.brake()
        if brake is not None:
            raise ConflictError(
                f"nothing is {what} now: {brake.reason}; lift it with `cygnet fleet rollout stop --lift`"
            )

    def _note(self, rollout: Rollout, action: str, text: str) -> None:
        self.store.note(rollout, self._actor, action, text, self._now)


def _because(text: str, reason: str) -> str:
    if len(reason) > MAX_REASON or not reason.isprintable():
        raise FleetError(f"a reason is at most {MAX_REASON} printable characters")
    return f"{text}: {reason}" if reason else text
