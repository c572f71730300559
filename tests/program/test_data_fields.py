# ruff: noqa: E501 a row of a table reads better whole
"""The fields of a data plan: what they let through, how much that tells, and which of two lets more through."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_runtime.program.data_fields import DataField, FieldKind, read_fields
from device_runtime.program.members import MemberError, Members

BIG = 10**400
"""A whole number that no float holds."""


def field(document: object) -> DataField:
    return read_fields(Members({"fields": {"x": document}}), "fields")["x"]


READ: list[tuple[object, DataField]] = [
    ("boolean", DataField("boolean")),
    ("integer", DataField("integer")),
    ("number", DataField("number")),
    ("text", DataField("text", longest=1_000)),
    ({"type": "boolean"}, DataField("boolean")),
    ({"type": "choice", "of": ["on", "off"]}, DataField("choice", ("on", "off"))),
    ({"type": "integer", "min": 0, "max": 10, "step": 5}, DataField("integer", least=0, most=10, step=5)),
    ({"type": "number", "min": -0.5, "max": 0.5, "step": 0.1}, DataField("number", least=-0.5, most=0.5, step=0.1)),
    ({"type": "number", "min": None, "step": 0.1}, DataField("number", step=0.1)),
    ({"type": "text", "max": 20}, DataField("text", longest=20)),
    ({"type": "bytes"}, DataField("bytes", longest=4 * 1024 * 1024)),
    ({"type": "audio", "max": 64_000}, DataField("audio", longest=64_000)),
    ({"type": "image"}, DataField("image", longest=4 * 1024 * 1024)),
]


@pytest.mark.parametrize(("document", "expected"), READ)
def test_a_field_is_read_as_it_is_written(document: object, expected: DataField) -> None:
    assert field(document) == expected


OBJECT = "boolean, integer, number, text, or an object with type (boolean, choice, integer, number, text, bytes, audio, image)"
WRONG: list[tuple[object, str]] = [
    ("string", f'fields.x must be {OBJECT}, not "string"'),
    ("choice", f'fields.x must be {OBJECT}, not "choice"'),
    ("any", f'fields.x must be {OBJECT}, not "any"'),
    (5, "fields.x must be a JSON object, not 5"),
    ({}, "the member fields.x.type is missing; it must be a string"),
    ({"type": "any"}, 'fields.x.type must be "boolean", "choice", "integer", "number", "text", "bytes", "audio" or "image", not "any"'),
    ({"type": "choice"}, "the member fields.x.of is missing; it must be a list"),
    ({"type": "choice", "of": []}, "fields.x.of must be 1 to 256 words, none of them twice, not []"),
    ({"type": "choice", "of": ["a", "a"]}, 'fields.x.of must be 1 to 256 words, none of them twice, not ["a", "a"]'),
    ({"type": "choice", "of": ["a", 1]}, "fields.x.of[1] must be a string, not 1"),
    ({"type": "choice", "of": [""]}, 'fields.x.of[0] must be a string that is not empty, not ""'),
    ({"type": "choice", "of": ["a\nb"]}, 'fields.x.of[0] must be one line of at most 100 characters: a person reads it, not "a\\nb"'),
    ({"type": "number", "setp": 5}, "fields.x.setp means nothing; fields.x has type, min, max, step"),
    ({"type": "boolean", "max": 5}, "fields.x.max means nothing; fields.x has type"),
    ({"type": "number", "min": "0"}, 'fields.x.min must be a number from -9007199254740991 to 9007199254740991, not "0"'),
    ({"type": "number", "max": True}, "fields.x.max must be a number from -9007199254740991 to 9007199254740991, not true"),
    ({"type": "number", "max": 1e300}, "fields.x.max must be a number from -9007199254740991 to 9007199254740991, not 1e+300"),
    ({"type": "number", "min": 2, "max": 1}, "fields.x.max must be at least min, which is 2, not 1"),
    ({"type": "number", "step": 0}, "fields.x.step must be a number from 1e-09 on, not 0"),
    ({"type": "number", "step": -1}, "fields.x.step must be a number from 1e-09 on, not -1"),
    ({"type": "integer", "min": 0.5}, "fields.x.min must be a whole number, since the field is one, not 0.5"),
    ({"type": "integer", "step": 0.1}, "fields.x.step must be a whole number, since the field is one, not 0.1"),
    ({"type": "text", "max": 0}, "fields.x.max must be a whole number from 1 on, not 0"),
    ({"type": "text", "max": 1_001}, "fields.x.max must be at most 1000, not 1001"),
    ({"type": "bytes", "max": 5_000_000}, "fields.x.max must be at most 4194304, not 5000000"),
]  # fmt: skip


@pytest.mark.parametrize(("document", "sentence"), WRONG)
def test_a_field_that_is_wrong_is_told_with_what_was_expected(document: object, sentence: str) -> None:
    with pytest.raises(MemberError) as failure:
        field(document)
    assert failure.value.reason == sentence


def test_a_bound_that_no_float_holds_is_refused_in_a_sentence() -> None:
    with pytest.raises(MemberError, match=r"fields\.x\.max must be a number from "):
        field({"type": "number", "max": BIG})


HALF = DataField("number", least=0, most=1, step=0.1)
ADMITTED: list[tuple[DataField, object, str]] = [
    (DataField("any"), {"what": "ever"}, ""),
    (DataField("boolean"), True, ""),
    (DataField("boolean"), 1, "true or false"),
    (DataField("choice", ("on", "off")), "on", ""),
    (DataField("choice", ("on", "off")), "On", "one of on, off"),
    (DataField("choice", ("on", "off")), ["on"], "one of on, off"),
    (DataField("integer"), 3, ""),
    (DataField("integer"), 3.0, ""),
    (DataField("integer"), 3.0000000000000004, "a whole number"),
    (DataField("integer"), True, "a whole number"),
    (DataField("integer"), BIG, ""),
    (DataField("integer", most=10), BIG, "a whole number to 10"),
    (DataField("integer", least=1, most=9, step=2), 3, ""),
    (DataField("integer", least=1, most=9, step=2), 4, "a whole number from 1 to 9 in steps of 2"),
    (DataField("number"), 0.123, ""),
    (DataField("number"), math.nan, "a number"),
    (DataField("number"), math.inf, "a number"),
    (DataField("number"), "1", "a number"),
    (HALF, 0.3, ""),
    (HALF, 3 * 0.1, ""),
    (HALF, 0.31, "a number from 0 to 1 in steps of 0.1"),
    (HALF, 0.300000001, "a number from 0 to 1 in steps of 0.1"),
    (HALF, -0.0, ""),
    (HALF, 1.1, "a number from 0 to 1 in steps of 0.1"),
    (DataField("number", most=0.3, step=0.1), 3 * 0.1, ""),
    (DataField("number", step=1e-9), 1e308, ""),
    (DataField("text", longest=2), "ab", ""),
    (DataField("text", longest=2), "abc", "text of at most 2 characters"),
    (DataField("bytes", longest=2_000), b"12", ""),
    (DataField("audio", longest=2_000), b"1" * 2_001, "audio of at most 2,000 bytes"),
    (DataField("image", longest=2_000), "picture", "image of at most 2,000 bytes"),
]


@pytest.mark.parametrize(("given_field", "value", "refusal"), ADMITTED, ids=range(len(ADMITTED)))
def test_a_value_is_let_through_or_refused_with_what_is_expected(
    given_field: DataField, value: object, refusal: str
) -> None:
    assert given_field.refusal(value) == refusal


@pytest.mark.parametrize(("value", "leaves"), [(3 * 0.1, "0.3"), (-0.0, "0"), (1.0, "1"), (1, "1"), (0.7, "0.7")])
def test_a_number_leaves_in_one_form_however_it_was_computed(value: float, leaves: str) -> None:
    assert json.dumps(HALF.settled(value)) == leaves


def test_what_is_no_number_leaves_as_it_is() -> None:
    assert DataField("text").settled("1.0") == "1.0"
    assert DataField("number").settled(1.0) == 1.0


CHOICES = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=4, unique=True).map(tuple)
WHOLE = st.integers(-30, 30).map(float)
STEPS = st.sampled_from((0.0, 0.1, 0.2, 0.25, 0.3, 0.5, 1.0, 2.0, 3.0))


@st.composite
def numbers(draw: st.DrawFn, kind: FieldKind) -> DataField:
    whole = kind == "integer"
    bounds = WHOLE if whole else st.one_of(WHOLE, WHOLE.map(lambda tenths: tenths / 10))
    ends = sorted([draw(bounds), draw(bounds)])
    step = draw(STEPS.filter(float.is_integer) if whole else STEPS)
    return DataField(
        kind,
        least=draw(st.sampled_from((None, ends[0]))),
        most=draw(st.sampled_from((None, ends[1]))),
        step=step,
    )


FIELDS = st.one_of(
    st.just(DataField("boolean")),
    CHOICES.map(lambda choices: DataField("choice", choices)),
    numbers("integer"),
    numbers("number"),
    st.builds(
        lambda kind, longest: DataField(kind, longest=longest),
        st.sampled_from(("text", "bytes", "audio", "image")),
        st.integers(1, 5),
    ),
)
VALUES = st.one_of(
    st.booleans(),
    st.sampled_from("abcdef"),
    st.text(max_size=6),
    st.binary(max_size=6),
    st.integers(-40, 40),
    st.integers(-400, 400).map(lambda tenths: tenths / 10),
    st.integers(-400, 400).map(lambda tenths: tenths * 0.1),
    st.floats(-40, 40),
)


@given(FIELDS)
def test_what_the_manifest_would_have_of_a_field_is_read_as_the_same_field(given_field: DataField) -> None:
    assert field(json.loads(json.dumps(given_field.document()))) == given_field


@given(FIELDS)
def test_no_field_is_finer_than_itself(given_field: DataField) -> None:
    assert not given_field.is_finer_than(given_field)


@given(FIELDS, FIELDS, VALUES)
def test_a_field_that_is_not_finer_than_another_lets_through_only_what_the_other_does(
    one: DataField, other: DataField, value: object
) -> None:
    if not one.is_finer_than(other) and not one.refusal(value):
        assert not other.refusal(value)


@given(FIELDS, VALUES)
def test_what_leaves_is_let_through_again_and_stays_as_it_is(given_field: DataField, value: object) -> None:
    if not given_field.refusal(value):
        settled = given_field.settled(value)
        assert not given_field.refusal(settled)
        assert given_field.settled(settled) == settled


def candidates() -> list[Any]:
    """Every value that a closed field of the strategy above may let through, in each form that it may have."""
    twentieths = range(-700, 701)
    numbers = [form for at in twentieths for form in (at / 20, at * 0.05)]
    return [True, False, *"abcdef", *numbers, *(round(number, 2) for number in numbers)]


CANDIDATES = candidates()


@given(FIELDS.filter(lambda one: one.is_closed))
def test_the_bits_of_a_closed_field_are_those_of_how_many_values_leave_by_it(given_field: DataField) -> None:
    leave = {json.dumps(given_field.settled(value)) for value in CANDIDATES if not given_field.refusal(value)}
    assert given_field.bits == math.log2(len(leave))


FINER = [
    (DataField("boolean"), DataField("any"), False),
    (DataField("any"), DataField("boolean"), True),
    (DataField("boolean"), DataField("integer"), True),
    (DataField("choice", ("a",)), DataField("choice", ("b", "a")), False),
    (DataField("choice", ("a", "c")), DataField("choice", ("b", "a")), True),
    (DataField("integer", least=0, most=10), DataField("number", least=0, most=10), False),
    (DataField("integer", least=0, most=1_000), DataField("number", least=0, most=10), True),
    (DataField("integer"), DataField("number", step=0.5), False),
    (DataField("integer"), DataField("number", step=2), True),
    (DataField("number", step=1), DataField("integer"), True),
    (DataField("number", step=0.5), DataField("number", step=0.1), False),
    (DataField("number", step=0.3), DataField("number", step=0.1), False),
    (DataField("number", step=0.1), DataField("number", step=0.3), True),
    (DataField("number"), DataField("number", step=0.3), True),
    (DataField("integer", least=1, step=2), DataField("integer", least=0, step=2), True),
    (DataField("integer", least=2, step=2), DataField("integer", least=0, step=2), False),
    (DataField("integer", least=0), DataField("integer"), False),
    (DataField("integer"), DataField("integer", least=0), True),
    (DataField("text", longest=5), DataField("text", longest=4), True),
    (DataField("text", longest=4), DataField("text", longest=5), False),
    (DataField("audio"), DataField("image"), True),
]


@pytest.mark.parametrize(("one", "other", "finer"), FINER)
def test_of_two_fields_one_is_finer(one: DataField, other: DataField, finer: bool) -> None:
    assert one.is_finer_than(other) is finer
