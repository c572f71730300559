"""Rollouts and groups as the JSON of the API: all that a page needs to show them."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from firmware_tools.fleet.rollouts.records import Rollout
from firmware_tools.fleet.rollouts.store import RolloutStore


def rollout_summary(rollout: Rollout, counts: Mapping[str, int]) -> dict[str, Any]:
    """A rollout in a list, as the JSON of the API."""
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
        "stages": len(rollout.plan.stages),
        "created_at": rollout.created_at,
        "created_by": rollout.created_by,
        "started_at": rollout.started_at,
        "ended_at": rollout.ended_at,
        "counts": dict(counts),
    }


def rollout_document(store: RolloutStore, rollout: Rollout, now: float) -> dict[str, Any]:
    """A rollout with its stages (each with its thresholds and counts by state), why devices failed, its timeline, and
    when its maintenance window opens. Stages count from 1, and 0 is before the first; times are Unix seconds."""
    counts, plan = store.counts(rollout), rollout.plan
    totals: dict[str, int] = {}
    for stage in counts.values():
        for name, number in stage.items():
            totals[name] = totals.get(name, 0) + number
    window = plan.window
    return {
        **rollout_summary(rollout, totals),
        "stage_since": rollout.stage_since,
        "plan": dict(rollout.document),
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
        "events": [{**asdict(event), "stage": event.stage + 1} for event in store.events(rollout)],
        "now": now,
    }
