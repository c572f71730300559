"""Rollouts and groups as the JSON of the API: all that a page needs to show them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypedDict

from firmware_tools.fleet.rollouts.judge import RolloutState
from firmware_tools.fleet.rollouts.records import Brake, Counted, Event, Failure, Kind, Rollout
from firmware_tools.fleet.rollouts.store import RolloutStore


class _Facts(TypedDict):
    id: int
    name: str
    kind: Kind
    subject: str
    version_code: int
    version_name: str
    state: RolloutState
    reason: str
    stage: int
    created_at: float
    created_by: str
    started_at: float | None
    ended_at: float | None
    counts: Mapping[Counted, int]


class RolloutSummary(_Facts):
    """A rollout in brief. ``stage`` counts from 1 and is 0 before the first; ``counts``: how many devices are in each
    state."""

    stages: int


class WindowDocument(TypedDict):
    """A maintenance window: in words, whether it is open, and when it opens next."""

    text: str
    open: bool
    opens_at: float


class StageDocument(TypedDict):
    """A stage. ``soak`` is in seconds, ``success`` a share (0 to 1); of ``counts``, ``away`` are not online, and
    ``accepted`` are failures that an operator went on with."""

    number: int
    size: str
    approval: bool
    soak: float
    success: float
    errors: str
    counts: Mapping[Counted, int]


class RolloutDocument(_Facts):
    """A rollout with its stages (each with its thresholds and counts), why devices failed, its timeline (where
    ``actor`` is ``cygnet`` for what happened by itself), and when its maintenance window opens. ``plan`` holds the
    members as they were given. ``pruned_at``: since when its devices are no longer kept one by one, because it ended
    long ago; the counts and failures are those of then."""

    stage_since: float | None
    plan: Mapping[str, Any]
    whom: str
    window: WindowDocument | None
    stages: Sequence[StageDocument]
    failures: Sequence[Failure]
    events: Sequence[Event]
    pruned_at: float | None
    now: float


class Overview(TypedDict):
    """Rollouts, newest first; ``next``: the number after which the next page begins, or null; the emergency stop where
    it is on; ``trouble``: why one cannot go on, or empty."""

    rollouts: Sequence[RolloutSummary]
    next: int | None
    stop: Brake | None
    trouble: str


def rollout_summary(rollout: Rollout, counts: Mapping[Counted, int]) -> RolloutSummary:
    """A rollout in a list, as the JSON of the API."""
    return {**_facts(rollout, counts), "stages": len(rollout.plan.stages)}


def _facts(rollout: Rollout, counts: Mapping[Counted, int]) -> _Facts:
    return {
        "id": rollout.id,
        "name": rollout.name,
        "kind": rollout.kind,
        "subject": rollout.subject,
        "version_code": rollout.version_code,
        "version_name": rollout.version_name,
        "state": rollout.state,
        "reason": rollout.reason,
        "stage": rollout.stage + 1,
        "created_at": rollout.created_at,
        "created_by": rollout.created_by,
        "started_at": rollout.started_at,
        "ended_at": rollout.ended_at,
        "counts": dict(counts),
    }


def rollout_document(store: RolloutStore, rollout: Rollout, now: float) -> RolloutDocument:
    """All about a rollout but its devices one by one. Stages count from 1, and 0 is before the first; times are Unix
    seconds."""
    counts, plan = store.counts(rollout), rollout.plan
    totals: dict[Counted, int] = {}
    for stage in counts.values():
        for name, number in stage.items():
            totals[name] = totals.get(name, 0) + number
    window = plan.window
    return {
        **_facts(rollout, totals),
        "stage_since": rollout.stage_since,
        "plan": rollout.document,
        "whom": store.whom(rollout),
        "window": None
        if window is None
        else {"text": window.text(), "open": window.is_open(now), "opens_at": window.next_opening(now)},
        "stages": [
            {
                "number": number + 1,
                "size": stage.size.text(),
                "approval": stage.approval,
                "soak": stage.soak,
                "success": stage.success,
                "errors": stage.errors.text(),
                "counts": counts.get(number, {}),
            }
            for number, stage in enumerate(plan.stages)
        ],
        "failures": store.sentences(rollout),
        "events": [replace(event, stage=event.stage + 1) for event in store.events(rollout)],
        "pruned_at": store.pruned_at(rollout),
        "now": now,
    }
