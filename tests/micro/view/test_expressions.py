"""A board evaluates expressions as JavaScript does: the table of the Linux side, on both interpreters."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_runtime.micro.view import javascript as micro_js
from device_runtime.micro.view.binder import ExpressionReader
from device_runtime.micro.view.reader import Reader
from device_runtime.view import javascript as js
from firmware_tools.build.expressions import parse_expression
from firmware_tools.build.source import SourceText
from tests.micro.board import run_json
from tests.view.expression_table import DATA, EXPRESSIONS

ELSEWHERE = ("emoji[1]", "emoji[2]", "5e-324")
"""Half a character of two, which no UTF-8 can carry; a number so small that MicroPython writes it with more digits."""


def instruction(expression: str) -> str:
    return json.dumps(parse_expression(SourceText("table", expression), expression, 0))


@pytest.mark.parametrize(("expression", "expected"), EXPRESSIONS)
def test_an_expression_gives_what_javascript_gives(expression: str, expected: str) -> None:
    read = ExpressionReader(Reader(io.StringIO(instruction(expression)))).read((0, {}), 0)
    value = read[0](read, [DATA, None])
    if value == 0 and type(value) is float:
        assert expected == ("-0" if str(value)[0] == "-" else "0")
    elif type(value) in (str, list, dict):
        assert json.dumps(value, ensure_ascii=False, separators=(",", ":")) == expected
    else:
        assert micro_js.to_string(value) == expected


_TABLE = """
import io
from micro.view.binder import ExpressionReader
from micro.view.reader import Reader
from micro.view import javascript as js
made = []
for text in given["instructions"]:
    read = ExpressionReader(Reader(io.StringIO(text))).read((0, {}), 0)
    value = read[0](read, [given["data"], None])
    if isinstance(value, (str, list, dict)):
        made.append(["json", value])
    elif isinstance(value, float) and value == 0:
        made.append(["text", "-0" if str(value)[0] == "-" else "0"])
    else:
        made.append(["text", js.to_string(value)])
answer(made)
"""


def test_micropython_gives_what_javascript_gives(micropython: str, tmp_path: Path) -> None:
    table = [(source, expected) for source, expected in EXPRESSIONS if source not in ELSEWHERE]
    given_ = {"instructions": [instruction(source) for source, _ in table], "data": DATA}
    made = run_json(micropython, _TABLE, given_, tmp_path)
    for (source, expected), (kind, value) in zip(table, made, strict=True):
        if kind == "json":
            assert value == json.loads(expected), source
        else:
            assert value == expected, source


_plain = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=6),
    st.sampled_from(["1e3", " 7", "0x1F", "0b12", "-.5", "+1.", ".", "Infinity", "-Infinity", "1e", "007", "1_0"]),
)  # fmt: skip
_value = st.recursive(
    _plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3)
)
_NAMES = ("add", "multiply", "divide", "remainder", "strict_equals", "loose_equals", "less", "identical")


@given(left=_value, right=_value)
def test_two_values_meet_as_on_linux(left: Any, right: Any) -> None:
    for name in _NAMES:
        made, expected = getattr(micro_js, name)(left, right), getattr(js, name)(left, right)
        assert repr(made) == repr(expected), name
    for name in ("to_string", "to_number", "to_int32", "truthy", "negate", "type_of", "property_key", "exported"):
        assert repr(getattr(micro_js, name)(left)) == repr(getattr(js, name)(left)), name
    key = js.property_key(right)
    assert repr(micro_js.member(left, key)) == repr(js.member(left, key))
