"""A board lets through, refuses, tells and counts what a Linux device does, for the same plan and the same events."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.micro.privacy.gates import Case, linux, micro
from tests.privacy.room import item

_CATEGORIES = ("usage", "diagnostics", "speech", "voice", "location")
_NAMES = ("a", "b", "c")
_FIELDS = ("x", "y", "z")
_WORDS = ("one", "two", "three", "four")

_bounds = st.tuples(st.integers(-5, 5), st.integers(0, 12))
_steps = st.sampled_from([None, 0.1, 0.25, 0.5, 1, 2, 3])


@st.composite
def _number(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["integer", "number"]))
    least, more = draw(_bounds)
    bounds = {"min": least, "max": least + more}
    made: dict[str, Any] = {"type": kind} | {name: bounds[name] for name in bounds if draw(st.integers(0, 3))}
    step = draw(_steps)
    if step is not None and (kind == "number" or step == int(step)):
        made["step"] = step
    return made


_field = st.one_of(
    st.just("boolean"),
    st.just("text"),
    st.integers(1, 12).map(lambda most: {"type": "text", "max": most}),
    st.lists(st.sampled_from(_WORDS), min_size=1, max_size=4, unique=True).map(lambda of: {"type": "choice", "of": of}),
    _number(),
)


@st.composite
def _item(draw: st.DrawFn, name: str) -> dict[str, Any]:
    destination = draw(st.sampled_from(["fleet", "fleet", "fleet", "device"]))
    made = item(
        name,
        category=draw(st.sampled_from(_CATEGORIES)),
        derived_from=draw(st.lists(st.sampled_from(_CATEGORIES), max_size=2, unique=True)),
        destination=destination,
        retention_days=0 if destination == "device" else draw(st.sampled_from([7, 30])),
        purpose=draw(st.sampled_from(["improvement", "improvement", "safety"])),
        fields=draw(st.dictionaries(st.sampled_from(_FIELDS), _field, max_size=3)),
    )
    if destination == "fleet" and draw(st.integers(0, 9)) == 0:
        made |= {"precision": "aggregated", "fields": {"x": "boolean"}}
    return made


@st.composite
def _plan(draw: st.DrawFn) -> list[dict[str, Any]]:
    names = draw(st.lists(st.sampled_from(_NAMES), min_size=1, max_size=3, unique=True))
    return [draw(_item(name)) for name in names]


_value = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-7, 14),
    st.integers(-30, 60).map(lambda tenths: tenths / 10),
    st.integers(-100, 200).map(lambda parts: parts / 20),
    st.sampled_from([1e9, 2.5000001, 2**40]),
    st.sampled_from([*_WORDS, "", "five", "x" * 13]),
)
_wild = st.tuples(
    st.just("event"),
    st.sampled_from([*_NAMES, "other"]),
    st.dictionaries(st.sampled_from([*_FIELDS, "w"]), _value, max_size=3),
)


@st.composite
def _fitting(draw: st.DrawFn, field: Any) -> Any:
    """A value that a field may have, or hardly not."""
    if isinstance(field, str):
        return draw(st.booleans()) if field == "boolean" else draw(st.sampled_from(_WORDS))
    if field["type"] == "choice":
        return draw(st.sampled_from(field["of"]))
    if field["type"] == "text":
        return "x" * draw(st.integers(0, field["max"] + 1))
    least = field.get("min", 0)
    step = field.get("step", 1 if field["type"] == "integer" else 0.25)
    value = least + draw(st.integers(-1, 30)) * step
    # Rounded: a value beside its step by the last bit alone is put on it by Linux, and refused by a board.
    value = round(value, 6)
    return draw(st.sampled_from([value, value, value + step / 3, float(value), value + 1e-7]))


@st.composite
def _planned(draw: st.DrawFn, items: list[dict[str, Any]]) -> tuple[str, str, dict[str, Any]]:
    """An event that the plan has."""
    of = draw(st.sampled_from(items))
    names = draw(st.lists(st.sampled_from(sorted(of["fields"])), unique=True)) if of["fields"] else []
    return "event", of["name"], {name: draw(_fitting(of["fields"][name])) for name in names}


@st.composite
def _case(draw: st.DrawFn) -> Case:
    items = None if draw(st.integers(0, 11)) == 0 else draw(_plan())
    earlier = draw(_plan()) if items is not None and draw(st.integers(0, 3)) == 0 else None
    names = [each["name"] for each in earlier or items or ({"name": "*"},)]
    decisions = [(name, draw(st.integers(0, 5)) > 0) for name in names if draw(st.integers(0, 5))]
    fitting = _planned(items) if items else _wild
    waits = st.tuples(st.just("wait"), st.sampled_from([5, 61, 86_400]))
    step = st.one_of(fitting, fitting, fitting, _wild, st.just(("hear",)), waits)
    # Few events are told many times: what may be told of what was heard is a matter of how often.
    steps = [each for each in draw(st.lists(step, max_size=8)) for _ in range(draw(st.sampled_from([1, 1, 2, 40])))]
    return Case(items, decisions, steps, earlier, draw(st.sampled_from(["", "", "Example AG"])))


def _outline(made: dict[str, Any], case: Case) -> dict[str, Any]:
    """Which sentence is said where several things are wrong depends on the order of an event's values, and boards'
    dictionaries have none; and one sentence names what boards lack."""
    answers = [
        answer if len(step) < 3 or len(step[2]) < 2 else answer[:9]
        for answer, step in zip(made["answers"], case.steps, strict=True)
    ]
    return made | {
        "answers": ["aggregated" if "only counted across the fleet" in answer else answer for answer in answers]
    }


def test_any_plan_and_any_events_have_the_same_answers(micropython: str, tmp_path: Path) -> None:
    cases: list[Case] = []

    @settings(max_examples=400, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(case=_case())
    def gather(case: Case) -> None:
        cases.append(case)

    gather()
    told = 0
    for case, made in zip(cases, micro(micropython, tmp_path, cases), strict=True):
        expected = linux(case)
        assert _outline(made, case) == _outline(expected, case), case
        told += sum(not answer for answer in expected["answers"])
    assert told > 300, "most would be refused otherwise, and nothing said"


LEVEL = item("level", fields={"at": {"type": "number", "min": -90, "max": 90, "step": 0.1}})


@pytest.mark.parametrize(
    ("value", "passes"),
    [
        (46.9, True), (46.948, False), (46.95, False), (47, True), (-90, True), (90.1, False), (0.3, True),
        (-0.1, True), (0.7, True), (46.900000001, False), (True, False),
        ("46.9", False), (1e300, False),
    ],
)  # fmt: skip
def test_numbers_are_as_coarse_as_the_plan_says(micropython: str, tmp_path: Path, value: object, passes: bool) -> None:
    case = Case([LEVEL], [("level", True)], [("event", "level", {"at": value})])
    (made,) = micro(micropython, tmp_path, [case])
    assert _outline(made, case) == _outline(linux(case), case)
    assert (made["answers"] == [""]) is passes


@pytest.mark.parametrize(
    ("then", "now", "holds"),
    [
        ({"type": "text", "max": 10}, {"type": "text", "max": 10}, True),
        ({"type": "text", "max": 10}, {"type": "text", "max": 11}, False),
        ("text", "boolean", False),
        ({"type": "choice", "of": ["a", "b"]}, {"type": "choice", "of": ["b"]}, True),
        ({"type": "choice", "of": ["a"]}, {"type": "choice", "of": ["a", "b"]}, False),
        ({"type": "number", "step": 0.1}, {"type": "number", "step": 0.3}, True),
        ({"type": "number", "step": 0.2}, {"type": "number", "step": 0.3}, False),
        ({"type": "number", "step": 0.2}, {"type": "number"}, False),
        ({"type": "number"}, {"type": "number", "step": 0.2}, True),
        ({"type": "integer", "min": 0, "max": 9}, {"type": "integer", "min": 1, "max": 8}, True),
        ({"type": "integer", "min": 0, "max": 9}, {"type": "integer", "min": -1, "max": 9}, False),
        ({"type": "integer", "min": 0, "max": 9}, {"type": "integer", "min": 0}, False),
        ({"type": "integer", "min": 0, "max": 9}, {"type": "number", "min": 0, "max": 9}, False),
        ({"type": "number"}, {"type": "integer"}, True),
    ],
)
def test_a_yes_holds_for_a_field_that_tells_no_more(
    micropython: str, tmp_path: Path, then: object, now: object, holds: bool
) -> None:
    case = Case(
        [item("a", fields={"x": now})], [("a", True)], [("event", "a", {})], earlier=[item("a", fields={"x": then})]
    )
    (made,) = micro(micropython, tmp_path, [case])
    assert _outline(made, case) == _outline(linux(case), case)
    assert (made["answers"] == [""]) is holds


CLICKS = item("clicks", fields={"button": {"type": "choice", "of": ["left", "right"]}})
HEARS = item("words", category="speech", destination="device", fields={}, retention_days=0)
NOTE = item("note", derived_from=["speech"], fields={"word": "text"})


@pytest.mark.parametrize(
    ("case", "answers"),
    [
        (Case([CLICKS], steps=[("event", "clicks", {"button": "left"})]), ["nobody has agreed yet"]),
        (Case([CLICKS], [("clicks", False)], [("event", "clicks", {})]), ["said no"]),
        (Case([CLICKS], [("clicks", True)], [("event", "clicks", {"button": "left"})]), [""]),
        (Case([CLICKS], [("clicks", False)], [("event", "clicks", {})], organisation="Example AG"), ["said no"]),
        (Case([CLICKS], (), [("event", "clicks", {})], organisation="Example AG"), [""]),
        (Case([CLICKS], [("clicks", True)], [("event", "clicks", {"button": "up"})]), ["must be one of left, right"]),
        (Case([CLICKS], [("clicks", True)], [("event", "clicks", {"who": 1})]), ["holds 'who', which the data plan"]),
        (Case([CLICKS], [("clicks", True)], [("event", "taps", {})]), ["has no item 'taps' for the fleet"]),
        (Case([CLICKS], [("clicks", True)], [("hear",)]), ["has no item of the category speech"]),
        (Case([HEARS], (), [("hear",)]), ["nobody has agreed yet to the item words"]),
        (
            Case([HEARS, NOTE], [("words", True), ("note", True)], [("hear",), ("event", "note", {"word": "x"})]),
            ["", ""],
        ),
        (
            Case([HEARS, item("heard")], [("words", True), ("heard", True)], [("hear",), ("event", "heard", {})]),
            ["", ""],
        ),
        (
            Case(
                [HEARS, item("heard")],
                [("words", True), ("heard", True)],
                [("event", "heard", {"station": "x"}), ("hear",), ("event", "heard", {"station": "x"})],
            ),
            ["", "", "has seen speech"],
        ),
        (
            Case(
                [HEARS, CLICKS, NOTE],
                [("words", True), ("clicks", True)],
                [("hear",), *[("event", "clicks", {"button": "left"})] * 65, ("wait", 86_400), ("event", "clicks", {})],
            ),
            ["", *[""] * 64, "256 bits a day", "", ""],
        ),
        (Case(None, [("*", True)], [("event", "any", {"thing": "at all"})]), [""]),
        (Case(None, (), [("event", "any", {})]), ["nobody has agreed yet to the item *"]),
        (
            Case(None, (), [("hear",), ("event", "any", {"thing": 1})], organisation="Example AG"),
            ["", "has seen speech"],
        ),
        (
            Case([item("heard", retention_days=31)], [("heard", True)], [("event", "heard", {})], [item("heard")]),
            ["nobody has agreed yet"],
        ),
        (
            Case([item("heard", retention_days=7)], [("heard", True)], [("event", "heard", {})], [item("heard")]),
            [""],
        ),
    ],
)  # fmt: skip
def test_both_answer_so(micropython: str, tmp_path: Path, case: Case, answers: list[str]) -> None:
    (made,) = micro(micropython, tmp_path, [case])
    expected = _outline(linux(case), case)
    assert _outline(made, case) == expected
    for answer, sentence in zip(made["answers"], answers, strict=True):
        assert sentence in answer
        assert bool(sentence) == bool(answer)


def test_what_is_told_of_refusals_of_who_has_heard_something_counts_among_its_bits(
    micropython: str, tmp_path: Path
) -> None:
    minute: list[tuple[Any, ...]] = [*[("event", "taps", {})] * 3, ("wait", 61)]
    case = Case([HEARS], [("words", True)], [("hear",), *minute * 25, ("wait", 86_400), *minute])
    (made,) = micro(micropython, tmp_path, [case])
    expected = linux(case)
    assert made["told"] == expected["told"]
    told = [(values["why"], values["count"]) for values in made["told"]]
    # 14 bits each of 256; three were refused since the last, which is told as two.
    assert told == [("unplanned", 1), *[("unplanned", 2)] * 17, ("spent", 1), ("unplanned", 16)]
