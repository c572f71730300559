"""A rollout, and what it knows of its devices, from the rows of the database. Times are Unix seconds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from sqlalchemy import Row

from firmware_tools.fleet.rollouts.judge import DeviceState, RolloutState
from firmware_tools.fleet.rollouts.options import Plan, parse_plan

Kind = Literal["program", "model", "runtime", "settings"]
Which = Literal["under way", "ended"]
"""The rollouts that have not ended, drafts among them; or those that have."""
Counted: TypeAlias = DeviceState | Literal["away", "accepted"]
"""What devices of a rollout are counted by: their states, and how many of them are not online, or failures accepted."""


@dataclass(frozen=True, slots=True)
class Rollout:
    """One rollout. ``stage`` counts from 0 and is -1 before the first has begun; ``reason`` is why it is in its state,
    in a sentence; ``target`` is what the kind's own table calls the release."""

    id: int
    name: str
    kind: Kind
    subject: str
    target: str
    version_code: int
    version_name: str
    plan: Plan
    document: Mapping[str, Any]
    state: RolloutState
    reason: str
    stage: int
    stage_since: float | None
    approved: int
    created_at: float
    created_by: str
    started_at: float | None
    ended_at: float | None

    @property
    def begun(self) -> tuple[float, int]:
        """Of two rollouts that were started, the one that has more here is the newer: who started it decided last,
        however long ago it was made. A draft has no place among them."""
        return self.started_at or 0.0, self.id

    def what(self) -> str:
        """What it brings, for people."""
        if self.kind == "runtime":
            return f"runtime {self.version_name}"
        if self.kind == "settings":
            return f"settings {self.subject} version {self.version_code}"
        return f"{self.subject} {self.version_name} (version {self.version_code})"


@dataclass(frozen=True, slots=True)
class RolloutDevice:
    """Where one device stands in a rollout."""

    device: str
    stage: int
    state: DeviceState
    error: str
    cause: str
    accepted: bool
    online: bool
    joined_at: float
    handed_at: float | None
    reached_at: float | None
    ended_at: float | None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a rollout: who did what; ``actor`` is ``cygnet`` for what happened by itself."""

    id: int
    time: float
    actor: str
    action: str
    stage: int
    text: str


@dataclass(frozen=True, slots=True)
class Failure:
    """Why devices failed or were skipped: one sentence, how many ``devices`` said it, and one of them."""

    state: DeviceState
    error: str
    cause: str
    devices: int
    example: str


@dataclass(frozen=True, slots=True)
class Brake:
    """The emergency stop is on, since when, by whom and why."""

    time: float
    actor: str
    reason: str


def rollout_of(row: Row[Any]) -> Rollout:
    """A row of rollouts."""
    return Rollout(
        row.id,
        row.name,
        row.kind,
        row.subject,
        row.target,
        row.version_code,
        row.version_name,
        parse_plan(row.plan),
        row.plan,
        row.state,
        row.reason,
        row.stage,
        row.stage_since,
        row.approved,
        row.created_at,
        row.created_by,
        row.started_at,
        row.ended_at,
    )
