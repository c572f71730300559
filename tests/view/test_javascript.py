import json
import math
from typing import Any

import pytest

from device_runtime.view.expressions import ExpressionBinder, Scope
from device_runtime.view.javascript import UNDEFINED, exported, identical, to_string, to_text
from device_runtime.view.wxs import WxsLink
from firmware_tools.build.expressions import parse_expression
from firmware_tools.build.source import SourceText
from tests.view.expression_table import DATA, EXPRESSIONS


def evaluate(expression: str, data: dict[str, Any]) -> Any:
    instruction = parse_expression(SourceText("table", expression), expression, 0)
    binder = ExpressionBinder([], WxsLink())
    return binder.bind(json.loads(json.dumps(instruction)), Scope(), "table").evaluate([data, None])


def shown(value: Any) -> str:
    if type(value) is float and value == 0 and math.copysign(1, value) < 0:
        return "-0"
    if type(value) in (str, list, dict):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return to_string(value)


@pytest.mark.parametrize(("expression", "expected"), EXPRESSIONS)
def test_an_expression_gives_what_javascript_gives(expression: str, expected: str) -> None:
    assert shown(evaluate(expression, DATA)) == expected


@pytest.mark.parametrize(
    "expression",
    [
        "missing.a",
        "missing.a.b[0].c",
        "none.a",
        "one.a.b",
        "list[7].a",
        "object.b.x.y",
        "missing[0]",
        "object?.x?.y",
        "word.a.b",
    ],
)
def test_a_member_of_nothing_is_undefined_and_renders_as_nothing(expression: str) -> None:
    value = evaluate(expression, DATA)
    assert value is UNDEFINED
    assert to_text(value) == ""


def test_a_null_from_the_engine_equals_null_and_undefined_but_no_other_value() -> None:
    data = {"x": None}
    assert evaluate("[x === null, x === undefined, x == undefined, x === 0, x === '', !x]", data) == [
        True, True, True, False, False, True,
    ]  # fmt: skip
    assert to_text(evaluate("x", data)) == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"), (-0.0, "0"), (0.1 + 0.2, "0.30000000000000004"), (1e21, "1e+21"), (123e-20, "1.23e-18"),
        (math.nan, "NaN"), (-math.inf, "-Infinity"), (2**53 + 1, "9007199254740992"), (10**400, "Infinity"),
        (True, "true"), ([1, None, [2.0, "x"]], "1,,2,x"), ({}, "[object Object]"), (b"x", "[object ArrayBuffer]"),
    ],
)  # fmt: skip
def test_a_value_is_shown_as_javascript_shows_it(value: Any, text: str) -> None:
    assert to_text(value) == text


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ({"a": [1, {"b": "x"}]}, {"a": [1, {"b": "x"}]}, True),
        ({"a": 1}, {"a": True}, False),
        ([0], [False], False),
        ({"a": 1}, {"b": 1}, False),
        ({"a": None}, {"b": None}, False),
        ([1], [1, 2], False),
        (1, 1.0, True),
        ("1", 1, False),
        (None, UNDEFINED, False),
    ],
)
def test_values_are_identical_only_if_they_render_the_same(left: Any, right: Any, same: bool) -> None:
    assert identical(left, right) is same


def test_what_json_cannot_carry_does_not_reach_a_screen() -> None:
    value = {"a": [math.nan, math.inf, 1], "b": UNDEFINED, "c": b"x"}
    assert exported(value) == {"a": [None, None, 1], "c": None}
