"""Stages, windows and the members of a plan."""

import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.rollouts.options import parse_plan, parse_seconds
from firmware_tools.fleet.rollouts.plan import divide, position, stage_of_late
from firmware_tools.fleet.rollouts.windows import parse_window

names = st.lists(st.integers(0, 10_000).map(lambda number: f"d{number}"), unique=True, max_size=120)
sizes = st.sampled_from([["100%"], ["1%", "10%", "100%"], ["1", "5", "50%", "100%"], ["3", "100%"], ["0.5%", "100%"]])


@given(st.integers(1, 1000), names, sizes)
def test_every_device_is_in_one_stage_and_each_stage_contains_exactly_what_its_size_says(
    rollout: int, devices: list[str], texts: list[str]
) -> None:
    stages = parse_plan({"query": "all", "stages": texts}).stages
    places = divide(rollout, devices, stages)
    assert sorted(place.device for place in places) == sorted(devices)
    assert places == divide(rollout, reversed(devices), stages), "the order in which they are named says nothing"
    so_far = 0
    for number, text in enumerate(texts):
        so_far = max(
            so_far,
            min(len(devices), int(text)) if text.isdigit() else math.ceil(float(text[:-1]) * len(devices) / 100 - 1e-9),
        )
        assert sum(place.stage <= number for place in places) == so_far
    assert [place.position for place in places] == sorted(place.position for place in places)


def test_another_rollout_begins_with_other_devices() -> None:
    devices = [f"d{number}" for number in range(1000)]
    stages = parse_plan({"query": "all", "stages": ["10%", "100%"]}).stages
    first, second = ({place.device for place in divide(n, devices, stages) if place.stage == 0} for n in (1, 2))
    assert len(first & second) < 40
    assert position(1, "kitchen") == 7318092299597328, "positions never change: a rollout goes on after an update"


def test_who_comes_late_goes_where_its_position_falls_and_into_no_stage_by_number() -> None:
    stages = parse_plan({"query": "all", "stages": ["5", "50%", "100%"]}).stages
    places = [stage_of_late(1, f"d{number}", stages) for number in range(1000)]
    assert {place.stage for place in places} == {1, 2}
    assert 400 < sum(place.stage == 1 for place in places) < 600


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        ({}, "name one of the three"),
        ({"query": "all", "group": "x"}, "name one of the three"),
        ({"query": "all", "stages": []}, "a list of 1 to 20 stages"),
        ({"query": "all", "stages": ["10%"]}, "the last stage must be 100%, not 10%"),
        ({"query": "all", "stages": ["20%", "10%", "100%"]}, "stage 2: size 10% must be more than 20%"),
        ({"query": "all", "stages": ["5", "5", "100%"]}, "stage 2: size 5 must be more than 5"),
        ({"query": "all", "stages": ["0", "100%"]}, "stage 1: size must be more than nothing"),
        ({"query": "all", "stages": ["101%"]}, "stage 1: size must be a share such as 10% or a number"),
        ({"query": "all", "stages": [{"size": "100%", "soak": "ever"}]}, "stage 1: soak must be a time such as 90s"),
        ({"query": "all", "stages": [{"size": "100%", "sok": 1}]}, "sok is not a member of stage 1"),
        ({"query": "all", "success": 0.9}, "stage 1: success must be a share such as 95%"),
        ({"query": "all", "errors": -1}, "stage 1: errors must be a whole number"),
        ({"query": "all", "on_error": "panic"}, "on_error must be one of pause, abort, roll-back"),
        ({"query": "all", "late": True}, "late must be one of never, join, always"),
        ({"query": "all", "away_time": "400d"}, "away_time must be at most 366d"),
        ({"query": "all", "urgent": 1}, "urgent must be true or false"),
        ({"query": "all", "window": "22:00-06:00"}, "window must be as"),
        ({"query": "all", "window": {"spans": ["22-6"]}}, "the span '22-6' of a maintenance window must be as"),
        ({"query": "all", "window": {"spans": ["06:00-06:00"]}}, "has no length"),
        ({"query": "all", "window": {"spans": ["06:00-07:00"], "zone": "Mars/Base"}}, "there is no time zone"),
        ({"query": "all", "window": {"spans": ["06:00-07:00"], "zone": "../../etc/passwd"}}, "there is no time zone"),
        ({"devices": "kitchen"}, "devices must be a list"),
        ({"query": "all", "nonsense": 1}, "nonsense is not a member of a rollout; known are: stages"),
    ],
)
def test_what_is_wrong_with_a_plan_is_one_sentence(plan: dict[str, Any], sentence: str) -> None:
    with pytest.raises(FleetError) as refusal:
        parse_plan(plan)
    assert sentence in str(refusal.value)


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("10m", 600), ("1.5h", 5400), ("7d", 604_800), ("0s", 0)])
def test_times(text: str, seconds: float) -> None:
    assert parse_seconds(text, "x") == seconds


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("spans", "zone", "now", "is_open", "opens"),
    [
        (["22:00-06:00"], "UTC", "2026-11-27T21:59", False, "2026-11-27T22:00"),
        (["22:00-06:00"], "UTC", "2026-11-27T22:00", True, "2026-11-27T22:00"),
        (["22:00-06:00"], "UTC", "2026-11-28T05:59", True, "2026-11-28T05:59"),
        (["22:00-06:00"], "UTC", "2026-11-28T06:00", False, "2026-11-28T22:00"),
        (["02:00-03:00", "12:00-13:00"], "UTC", "2026-11-27T03:00", False, "2026-11-27T12:00"),
        (["00:00-24:00"], "UTC", "2026-11-27T23:59", True, "2026-11-27T23:59"),
        (["01:00-02:00"], "Asia/Shanghai", "2026-11-27T12:00", False, "2026-11-27T17:00"),
        # Berlin's clocks go forward on 29 March 2026 at 01:00 UTC: 04:00 is two hours after UTC, not one.
        (["04:00-05:00"], "Europe/Berlin", "2026-03-29T00:30", False, "2026-03-29T02:00"),
    ],
)
def test_a_window_is_of_wall_clock_time_where_the_operator_lives(
    spans: list[str], zone: str, now: str, is_open: bool, opens: str
) -> None:
    window = parse_window(spans, zone)
    assert window.is_open(at(now)) == is_open
    assert window.next_opening(at(now)) == at(opens)


minutes = st.integers(0, 1439)


@given(
    st.integers(1_600_000_000, 2_000_000_000),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]),
    st.lists(st.tuples(minutes, minutes).filter(lambda span: span[0] != span[1]), min_size=1, max_size=3),
)
def test_a_window_opens_within_two_days_and_not_before_it_says(
    now: int, zone: str, spans: list[tuple[int, int]]
) -> None:
    texts = [f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in spans]
    window = parse_window(texts, zone)
    opening = window.next_opening(now)
    assert now <= opening <= now + 2 * 86_400 + 3600
    assert (opening == now) == window.is_open(now)
