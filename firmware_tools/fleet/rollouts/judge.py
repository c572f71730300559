"""The rules of a rollout, without clock or database: what becomes of a device, of a stage, of the rollout.

``docs/rollouts.md`` draws both state machines.
"""

import math
from dataclasses import dataclass
from typing import Literal

from firmware_tools.fleet.rollouts.options import Plan, Stage

RolloutState = Literal["draft", "running", "approval", "paused", "done", "aborted"]
Happening = Literal[
    "start", "gate", "approve", "next", "finish", "pause", "resume", "error-pause", "error-abort", "abort"
]
TRANSITIONS: dict[tuple[RolloutState, Happening], RolloutState] = {
    ("draft", "start"): "running",
    ("draft", "abort"): "aborted",
    ("running", "gate"): "approval",
    ("running", "next"): "running",
    ("running", "finish"): "done",
    ("running", "pause"): "paused",
    ("running", "error-pause"): "paused",
    ("running", "error-abort"): "aborted",
    ("running", "abort"): "aborted",
    ("approval", "approve"): "running",
    ("approval", "pause"): "paused",
    ("approval", "error-pause"): "paused",
    ("approval", "error-abort"): "aborted",
    ("approval", "abort"): "aborted",
    ("paused", "resume"): "running",
    ("paused", "abort"): "aborted",
    ("done", "abort"): "aborted",
}
"""Every transition that there is; whatever is not here is refused."""
ACTIVE: tuple[RolloutState, ...] = ("running", "approval", "paused")
"""States in which a rollout goes on, or can."""
ENDED: tuple[RolloutState, ...] = ("done", "aborted")
"""States in which a rollout is over; one that is done and takes late joiners always still hands out to these."""
FOLLOWED_DAYS = 30
"""How long devices of a rollout that has ended are followed still: those on their way, and those that were off."""

DeviceState = Literal[
    "planned",
    "handed",
    "reached",
    "good",
    "failed",
    "skipped",
    "superseded",
    "withdrawing",
    "returning",
    "restoring",
    "restored",
]
IN_HAND: tuple[DeviceState, ...] = ("handed", "reached", "good", "failed")
"""The rollout gave the device what it should have."""
FOLLOWED: tuple[DeviceState, ...] = ("handed", "reached", "failed", "restoring")
"""What the device says may change these."""
OUT: tuple[DeviceState, ...] = ("skipped", "superseded")
"""Not counted in any threshold."""

Standing = Literal["there", "coming", "failed", "other"]
"""What a device says of the version that it should have: it has it, it is on the way (or cannot be fetched for now), it
failed, or it says nothing of it."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One device of a rollout as it is now. Times are Unix seconds.

    ``ours``: what it should have is still what the rollout gave it. ``fresh``: its report was made knowing that.
    ``trouble``: why it is unhealthy though it has the version, or empty.
    """

    state: DeviceState
    ours: bool
    standing: Standing
    fresh: bool
    online: bool
    handed_at: float
    reached_at: float | None
    failed_for: str
    error: str = ""
    cause: str = ""
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of a device."""

    state: DeviceState
    error: str = ""
    cause: str = ""


def judge_device(seen: Seen, now: float, soak: float, timeout: float) -> Change | None:
    """What becomes of a device, None when it stays as it is."""
    if seen.state == "restoring":
        back = seen.fresh and seen.standing in ("other", "failed")
        return Change("restored") if back else None
    if seen.state not in ("handed", "reached", "failed"):
        return None
    if not seen.ours:
        return Change("superseded", "something else was assigned since")
    match seen.state:
        case "handed":
            return _judge_handed(seen, now, timeout)
        case "reached":
            return _judge_reached(seen, now, soak)
        case _:
            # It tried again by itself and got there. What was unhealthy stays so.
            return Change("reached") if seen.standing == "there" and seen.failed_for != "health" else None


def _judge_handed(seen: Seen, now: float, timeout: float) -> Change | None:
    if seen.standing == "there" and seen.fresh:
        return Change("reached")
    if seen.standing == "failed" and seen.fresh:
        return Change("failed", seen.error, seen.cause)
    # Who fetches in vain, or is away, has not failed.
    if timeout and seen.online and seen.standing == "other" and now - seen.handed_at >= timeout:
        return Change("failed", f"it is online and has not begun within {timeout:g} s", "timeout")
    return None


def _judge_reached(seen: Seen, now: float, soak: float) -> Change | None:
    if seen.trouble:
        return Change("failed", seen.trouble, "health")
    if seen.standing == "failed":
        return Change("failed", seen.error, seen.cause)
    if seen.standing == "other":
        return Change("failed", "it had the version and has another one again", "fault")
    if seen.standing == "coming":
        return Change("handed")
    # One that is away cannot be seen to be healthy.
    if seen.online and seen.reached_at is not None and now - seen.reached_at >= soak:
        return Change("good")
    return None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many devices of a set are in which state. ``away``: how many of those that are planned, handed or reached are
    not online. ``accepted``: of those that failed, how many somebody saw and let be."""

    planned: int = 0
    handed: int = 0
    reached: int = 0
    good: int = 0
    failed: int = 0
    accepted: int = 0
    away: int = 0

    @property
    def eligible(self) -> int:
        """The devices of which shares are taken."""
        return self.planned + self.handed + self.reached + self.good + self.failed - self.accepted

    @property
    def open(self) -> int:
        """The devices of which it is not known yet."""
        return self.planned + self.handed + self.reached

    @property
    def errors(self) -> int:
        """The failures that count."""
        return self.failed - self.accepted


VerdictKind = Literal["wait", "succeeded", "errors", "short"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be said of a stage, and why in a sentence."""

    kind: VerdictKind
    reason: str


def judge_stage(stage: Stage, plan: Plan, own: Counts, so_far: Counts, age: float, *, last: bool) -> Verdict:
    """Whether a stage has succeeded, failed, or goes on.

    Args:
        stage: its thresholds.
        plan: the rollout's.
        own: the devices that this stage added.
        so_far: those of this stage and of all before it. Errors count in both: a device of an earlier stage may fail
            late, and a bad stage must not be lost among the good ones before it.
        age: how long ago it began, in seconds.
        last: it is the last one, which ends when everything has been handed out.
    """
    for counts in (own, so_far):
        most = stage.errors.floor_of(counts.eligible)
        if counts.errors > most:
            reason = f"{counts.errors} of {counts.eligible} devices failed; at most {stage.errors.text()} may"
            return Verdict("errors", reason)
    if own.eligible == 0:
        return Verdict("succeeded", "the stage has no devices")
    excused = own.away if age >= plan.away_seconds else min(own.away, math.floor(plan.away_share * own.eligible))
    needed = max(1, math.ceil(round(stage.success * (own.eligible - excused), 6)))
    waiting = own.open - own.away
    if own.good >= needed and not (last and own.planned):
        return Verdict("succeeded", f"{own.good} of {own.eligible} devices have it and are healthy")
    if waiting == 0 and own.away <= excused and (own.good or not own.away):
        reason = f"only {own.good} of {own.eligible} devices have it and are healthy, {needed} are needed"
        return Verdict("short", reason)
    return Verdict("wait", _waits(own, needed, waiting))


def _waits(own: Counts, needed: int, waiting: int) -> str:
    have = f"{own.good} of {own.eligible} devices have it and are healthy, {needed} are needed"
    if waiting == 0 and own.away:
        return f"{have}; the other {own.away} are not online"
    return f"{have}; {waiting} are on the way, {own.away} are not online"
