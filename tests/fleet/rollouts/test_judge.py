"""The rules of a rollout: tables, and what holds whatever the numbers are."""

import math
from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_tools.fleet.rollouts.judge import (
    ACTIVE,
    TRANSITIONS,
    Counts,
    DeviceState,
    RolloutState,
    Seen,
    Standing,
    judge_device,
    judge_stage,
)
from firmware_tools.fleet.rollouts.options import Amount, Plan, Stage

STAGE = Stage(Amount(1.0), False, 600.0, 0.9, Amount(0.1))
PLAN = Plan((STAGE,))
SEEN = Seen("handed", True, "other", True, True, 1000.0, None, "")


@pytest.mark.parametrize(
    ("seen", "becomes"),
    [
        ({"standing": "other"}, None),
        ({"standing": "coming"}, None),
        ({"standing": "there"}, "reached"),
        ({"standing": "there", "fresh": False}, None),
        ({"standing": "failed"}, "failed"),
        ({"standing": "failed", "fresh": False}, None),
        ({"standing": "there", "ours": False}, "superseded"),
        ({"standing": "other", "handed_at": 0.0}, "failed"),  # the timeout
        ({"standing": "other", "handed_at": 0.0, "online": False}, None),
        ({"standing": "coming", "handed_at": 0.0}, None),
        ({"state": "reached", "standing": "there", "reached_at": 1900.0}, None),
        ({"state": "reached", "standing": "there", "reached_at": 1400.0}, "good"),
        ({"state": "reached", "standing": "there", "reached_at": 1400.0, "online": False}, None),
        ({"state": "reached", "standing": "there", "reached_at": 1400.0, "trouble": "it ended"}, "failed"),
        ({"state": "reached", "standing": "failed", "reached_at": 1400.0}, "failed"),
        ({"state": "reached", "standing": "other", "reached_at": 1400.0}, "failed"),
        ({"state": "reached", "standing": "coming", "reached_at": 1400.0}, "handed"),
        ({"state": "failed", "standing": "failed"}, None),
        ({"state": "failed", "standing": "there"}, "reached"),
        ({"state": "failed", "standing": "there", "failed_for": "health"}, None),
        ({"state": "restoring", "standing": "there", "ours": False}, None),
        ({"state": "restoring", "standing": "other", "ours": False}, "restored"),
        ({"state": "restoring", "standing": "other", "ours": False, "fresh": False}, None),
        ({"state": "good", "standing": "failed"}, None),
        ({"state": "planned", "standing": "there"}, None),
    ],
)
def test_what_becomes_of_a_device(seen: dict[str, Any], becomes: str | None) -> None:
    change = judge_device(replace(SEEN, **seen), 2000.0, soak=600.0, timeout=1500.0)
    assert (change and change.state) == becomes


@pytest.mark.parametrize(
    ("counts", "age", "kind"),
    [
        (Counts(), 0, "succeeded"),
        (Counts(handed=10), 0, "wait"),
        (Counts(good=9, reached=1), 0, "succeeded"),
        (Counts(good=8, reached=2), 0, "wait"),
        (Counts(good=8, failed=2), 0, "errors"),
        (Counts(good=9, failed=1), 0, "succeeded"),
        (Counts(good=18, failed=2), 0, "succeeded"),
        (Counts(good=17, failed=2, accepted=2), 0, "succeeded"),
        (Counts(handed=10, away=10), 0, "wait"),
        (Counts(handed=10, away=10), 90_000, "wait"),  # nobody has shown that it works
        (Counts(good=8, handed=2, away=2), 0, "succeeded"),  # 2 of 10 may be missing
        (Counts(good=6, handed=4, away=4), 0, "wait"),
        (Counts(good=6, handed=4, away=4), 90_000, "succeeded"),
        (Counts(failed=1), 0, "errors"),
    ],
)
def test_what_is_said_of_a_stage(counts: Counts, age: float, kind: str) -> None:
    assert judge_stage(STAGE, PLAN, counts, counts, age, last=False).kind == kind


def test_a_stage_in_which_all_is_settled_and_too_few_are_good_has_come_short() -> None:
    for errors, counts in ((0.5, Counts(good=7, failed=3)), (1.0, Counts(failed=3))):
        stage = replace(STAGE, errors=Amount(errors))
        assert judge_stage(stage, PLAN, counts, counts, 0, last=False).kind == "short"


def test_errors_count_in_the_stage_and_in_all_so_far() -> None:
    good, bad = Counts(good=100), Counts(good=8, failed=2)
    assert judge_stage(STAGE, PLAN, bad, Counts(good=108, failed=2), 0, last=False).kind == "errors"
    assert judge_stage(STAGE, PLAN, good, Counts(good=100, failed=20), 0, last=False).kind == "errors"


def test_the_last_stage_ends_when_everything_is_handed_out() -> None:
    counts = Counts(good=95, planned=5)
    assert judge_stage(STAGE, PLAN, counts, counts, 0, last=False).kind == "succeeded"
    assert judge_stage(STAGE, PLAN, counts, counts, 0, last=True).kind == "wait"


numbers = st.integers(0, 50)
some_counts = st.builds(
    lambda planned, handed, reached, good, failed, accepted, away: Counts(
        planned, handed, reached, good, failed, min(failed, accepted), min(away, planned + handed + reached)
    ),
    *[numbers] * 7,
)
shares = st.sampled_from([0.0, 0.05, 0.1, 0.5, 0.9, 1.0])
amounts = st.builds(Amount, shares) | st.builds(Amount, st.none(), st.integers(0, 20))
some_stages = st.builds(Stage, st.just(Amount(1.0)), st.booleans(), st.just(1.0), shares, amounts)
plans = st.builds(lambda share: replace(PLAN, away_share=share), shares)


@given(some_stages, plans, some_counts, some_counts, st.sampled_from([0.0, 1e6]), st.booleans())
def test_whatever_the_counts_are_the_verdict_follows_the_thresholds(
    stage: Stage, plan: Plan, own: Counts, before: Counts, age: float, last: bool
) -> None:
    names = ("planned", "handed", "reached", "good", "failed", "accepted", "away")
    so_far = Counts(*(getattr(own, name) + getattr(before, name) for name in names))
    verdict = judge_stage(stage, plan, own, so_far, age, last=last)
    too_many = any(each.errors > stage.errors.floor_of(each.eligible) for each in (own, so_far))
    assert (verdict.kind == "errors") == too_many
    if verdict.kind == "succeeded" and own.eligible:
        assert own.good >= 1, "somebody has shown that it works"
        assert own.good >= math.floor(stage.success * (own.eligible - own.away))
        assert not (last and own.planned)
    if verdict.kind == "short":
        assert own.open == own.away, "nobody who is there is waited for"
    # One more failure never helps a rollout on.
    worse = replace(own, failed=own.failed + 1)
    if too_many and (stage.errors.share is None):
        assert judge_stage(stage, plan, worse, so_far, age, last=last).kind == "errors"


@given(
    st.sampled_from(get_args(DeviceState)),
    st.booleans(),
    st.sampled_from(get_args(Standing)),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["", "health", "space"]),
    st.sampled_from(["", "it ended"]),
)
def test_whatever_a_device_says_it_becomes_good_only_by_way_of_reached_and_in_peace(
    state: DeviceState, ours: bool, standing: Standing, fresh: bool, online: bool, failed_for: str, trouble: str
) -> None:
    seen = Seen(state, ours, standing, fresh, online, 0.0, 0.0, failed_for, trouble=trouble)
    change = judge_device(seen, 1e9, soak=1.0, timeout=0.0)
    if state in ("planned", "good", "skipped", "superseded", "withdrawing", "returning", "restored"):
        assert change is None, "nothing that it says moves it"
    if change is not None and change.state == "good":
        assert (state, standing, ours, online, trouble) == ("reached", "there", True, True, "")
    if change is not None and change.state == "failed":
        assert ours
        assert standing != "coming" or trouble, "who fetches in vain has not failed"


def test_every_transition_leads_to_a_state_and_every_active_state_can_be_left() -> None:
    states = set(get_args(RolloutState))
    assert {state for state, _ in TRANSITIONS} | set(TRANSITIONS.values()) == states
    for state in ("draft", *ACTIVE, "done"):
        assert TRANSITIONS[state, "abort"] == "aborted"
    assert not [state for state, _ in TRANSITIONS if state == "aborted"], "there is no way back from there"
