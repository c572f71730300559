import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device_runtime.view.errors import TemplateError
from device_runtime.view.template import load_template
from firmware_tools.build.dialects import WECHAT
from firmware_tools.build.templates import compile_template

ONE = ["constant", 1]
TEXT = ["text", ONE]


USES = {"c-a": {"path": "components/a", "generic": None, "placeholder": None}}


def document(*body: Any, templates: Any = (), scopes: Any = (), **members: Any) -> dict[str, Any]:
    return {"format": 2, "body": list(body), "templates": list(templates), "scopes": list(scopes), **members}


def nested(wrap: Any, depth: int, core: Any) -> Any:
    for _ in range(depth):
        core = wrap(core)
    return core


def element(**members: Any) -> list[Any]:
    parts: dict[str, Any] = {"tag": "v", "attributes": {}, "dataset": {}, "events": [], "two_way": {}, "children": []}
    return ["element", *(parts | members).values()]


def component(**members: Any) -> list[Any]:
    return ["component", *element(**({"tag": "c-a"} | members))[1:]]


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (None, "not a compiled template"),
        ([], "not a compiled template"),
        ({}, "not a compiled template"),
        ({"format": 2, "body": {}, "templates": [], "scopes": []}, "not a compiled template"),
        ({"format": 1, "body": [], "templates": [], "scopes": []}, "format 1"),
        (document("x"), r"body\[0\]: 'x' is not an instruction"),
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
        (document(element(attributes={"a": "x"})), r"body\[0\] <v> a: 'x' is not an expression"),
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
        (document(prefix=1), "prefix must be a text without blanks"),
        (document(prefix="a b"), "prefix must be a text without blanks"),
        (document(modules="m"), "modules must be a list of paths"),
        (document(modules=[1]), "modules must be a list of paths"),
        (document(components=[]), "components must map tags"),
        (document(components={"c-a": "components/a"}), "'c-a' must have a path"),
        (document(components={"c-a": {"path": ""}}), "'c-a' must have a path"),
        (document(components={"c-a": {"path": 1, "generic": None, "placeholder": None}}), "'c-a' must have a path"),
        (document(component()), "components have no 'c-a'"),
        (document(component(attributes=[]), components=USES), "is not an instruction"),
        (document(["component", "c-a"], components=USES), "is not an instruction"),
        (document(component(tag=["c-a"]), components=USES), "is not an instruction"),
        (document(component(children=["x"]), components=USES), "is not an instruction"),
        (document(component(children=[element(attributes={"slot": "x"})]), components=USES), "not an expression"),
        (document([*component(), {"generics": {"a": 1}}], components=USES), "the generic 'a' must be a tag"),
        (document([*component(), {"generics": []}], components=USES), "generics must map"),
        (document([*element(), {"marks": []}]), "marks must map"),
        (document([*element(), {"marks": {"": ONE}}]), "a name must be"),
        (document([*element(), {"slot_values": [["a"]]}]), "is not a slot value"),
        (document([*element(), {"slot_values": [["a", ""]]}]), "a name must be"),
        (document([*element(), []]), "are no extras"),
        (document([*element(), {}, {}]), "are no extras"),
        (document(["slot", "x", {}]), "not an expression"),
        (document(["slot", ONE, []]), "is not an instruction"),
        (document(["slot", ONE, {"": ONE}]), "a name must be"),
        (document(element(events=[["prop", "change", "x"]])), "not an expression"),
        (document(["text", ["wxs", 0, ["f"], None]]), "there is no wxs module 0"),
        (document(["text", ["wxs", True, ["f"], None]], modules=["m", "n"]), "not an expression"),
        (document(["text", ["wxs", 0, [1], None]], modules=["m"]), "named by texts"),
        (document(["text", ["wxs", 0, ["f"], ["x"]]], modules=["m"]), "not an expression"),
        (document(["text", ["wxs", 0, ["f"], {}]], modules=["m"]), "not an expression"),
        (
            document(nested(lambda inner: component(children=[inner]), 150, TEXT), components=USES),
            "nested more than 100",
        ),
    ],
)
def test_a_document_that_breaks_the_format_is_refused(bad: Any, expected: str) -> None:
    with pytest.raises(TemplateError, match=expected):
        load_template(bad)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from(
        ["text", "element", "if", "for", "template", "constant", "variable", "member", "join", "object",
         "component", "slot", "wxs", "c-a"]
    ),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=20,
)  # fmt: skip


@given(st.lists(_json, max_size=4), st.lists(_json, max_size=2))
def test_any_document_is_loaded_or_refused(body: list[Any], templates: list[Any]) -> None:
    try:
        load_template(document(*body, templates=templates, components=USES))
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

_PARTS = document(
    [*component(
        attributes={"p": ["variable", "x"], "slot": ONE}, events=[["p", "change", ["wxs", 0, ["f"], None]]],
        children=[
            [*element(attributes={"slot": ["variable", "s"]}), {"slot_values": [["item", "it"]], "marks": {"m": ONE}}],
            ["for", ONE, "item", "index", None, "a:1", [["slot", ONE, {"slot": ONE, "v": ["wxs", 0, ["f"], [ONE]]}]]],
            ["if", [[ONE, [element(attributes={"slot": ONE})]]]],
        ],
    ), {"generics": {"g": "c-a"}}],
    components=USES, modules=["m.wxs"], prefix="p-", templates=[[component()]], scopes=[{"t": 0}],
)  # fmt: skip


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from([_SAMPLE, _PARTS]), st.data())
def test_a_document_with_one_part_exchanged_is_loaded_or_refused(sample: dict[str, Any], data: st.DataObject) -> None:
    changed = json.loads(json.dumps(sample))
    at: Any = changed
    while True:
        keys = list(at) if isinstance(at, dict) else list(range(len(at)))
        if not keys:
            break
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
