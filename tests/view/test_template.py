import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_runtime.view.errors import TemplateError
from device_runtime.view.template import load_template
from firmware_tools.build.dialects import WECHAT
from firmware_tools.build.templates import compile_template

ONE = ["constant", 1]
TEXT = ["text", ONE]


def document(*body: Any, templates: Any = (), scopes: Any = ()) -> dict[str, Any]:
    return {"format": 2, "body": list(body), "templates": list(templates), "scopes": list(scopes)}


def nested(wrap: Any, depth: int, core: Any) -> Any:
    for _ in range(depth):
        core = wrap(core)
    return core


def element(**members: Any) -> list[Any]:
    parts: dict[str, Any] = {"tag": "v", "attributes": {}, "dataset": {}, "events": [], "two_way": {}, "children": []}
    return ["element", *(parts | members).values()]


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (None, "not a compiled template"),
        ([], "not a compiled template"),
        ({}, "not a compiled template"),
        ({"format": 2, "body": {}, "templates": [], "scopes": []}, "not a compiled template"),
        ({"format": 1, "body": [], "templates": [], "scopes": []}, "format 1"),
        (document("x"), r"body\[0\]: x is not an instruction"),
        (document(TEXT, ["run", "code"]), r"body\[1\]: .* is not an instruction"),
        (document(["text", "x"]), "not an expression"),
        (document(["text", ["call", ["variable", "f"], []]]), "not an expression"),
        (document(["text", ["constant", {}]]), "not an expression"),
        (document(["text", ["constant", b"x"]]), "not an expression"),
        (document(["text", ["variable", 1]]), "not an expression"),
        (document(["text", ["variable", "x" * 5000]]), "not an expression"),
        (document(["text", ["unary", "delete", ONE]]), "not an expression"),
        (document(["text", ["binary", "**", ONE, ONE]]), "not an expression"),
        (document(["text", ["binary", "+", ONE]]), "not an expression"),
        (document(["text", ["logical", "+", ONE, ONE]]), "not an expression"),
        (document(["text", ["join", "x"]]), "not an expression"),
        (document(["text", ["object", ["x"]]]), "not a member"),
        (document(["text", ["array", [["spread"]]]]), "not an expression"),
        (document(element(tag="")), "a name must be"),
        (document(element(tag=3)), "not an instruction"),
        (document(element(attributes=[])), "not an instruction"),
        (document(element(attributes={"": ONE})), "a name must be"),
        (document(element(attributes={"a": "x"})), r"body\[0\] <v> a: x is not an expression"),
        (document(element(events=[["tap", "steal", ONE]])), "not an event handler"),
        (document(element(events=[["tap", "bind"]])), "not an event handler"),
        (document(element(children=["x"])), "not an instruction"),
        (document(["if", []]), "not an instruction"),
        (document(["if", [[ONE]]]), "not a branch"),
        (document(["for", ONE, "item", "index", None, "a:1"]), "not an instruction"),
        (document(["for", ONE, "", "index", None, "a:1", []]), "a name must be"),
        (document(["for", ONE, "item", "index", [1], "a:1", []]), "key of a loop"),
        (document(["template", ONE, 0, None]), "no scope 0"),
        (document(["template", ONE, True, None]), "not an instruction"),
        (document(scopes=[{"a": 0}]), "names no template"),
        (document(scopes=[{"a": True}], templates=[[]]), "names no template"),
        (document(scopes=["a"]), "must map names"),
        (document(templates=["a"]), "list of instructions"),
        (document(nested(lambda inner: element(children=[inner]), 150, TEXT)), "nested more than 100"),
        (document(nested(lambda inner: ["if", [[ONE, [inner]]]], 150, TEXT)), "nested more than 100"),
        (document(["text", nested(lambda inner: ["unary", "-", inner], 150, ONE)]), "nested more than 100"),
        (document(*[TEXT] * 100_001), "more than 200000"),
    ],
)
def test_a_document_that_breaks_the_format_is_refused(bad: Any, expected: str) -> None:
    with pytest.raises(TemplateError, match=expected):
        load_template(bad)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from(["text", "element", "if", "for", "template", "constant", "variable", "member", "join", "object"]),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=20,
)  # fmt: skip


@given(st.lists(_json, max_size=4), st.lists(_json, max_size=2))
def test_any_document_is_loaded_or_refused(body: list[Any], templates: list[Any]) -> None:
    try:
        load_template(document(*body, templates=templates))
    except TemplateError:
        return


_SAMPLE = compile_template(
    """<template name="t"><text>{{a + 1}}</text></template>
    <view wx:for="{{list}}" wx:key="id" class="a {{item.b ? 1 : 2}}"
    data-x="{{[1, ...list]}}" bindtap="t"><input model:value="{{v}}"><template is="t" data="{{...item, a: 1}}"/></view>
    <text wx:if="{{!x}}">{{x}}</text>""",
    "a.wxml",
    WECHAT,
    dict[str, str]().get,
)


@given(st.data())
def test_a_document_with_one_part_exchanged_is_loaded_or_refused(data: st.DataObject) -> None:
    changed = json.loads(json.dumps(_SAMPLE))
    at: Any = changed
    while True:
        keys = list(at) if isinstance(at, dict) else list(range(len(at)))
        key = data.draw(st.sampled_from(keys))
        if isinstance(at[key], (dict, list)) and at[key] and data.draw(st.booleans() | st.just(True)):
            at = at[key]
            continue
        at[key] = data.draw(_json)
        break
    try:
        load_template(changed)
    except TemplateError:
        return
