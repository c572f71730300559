"""What a template says of components, slots and modules, as instructions of docs/view-format.md."""

from typing import Any

import pytest

from firmware_tools.build.dialects import SWAN, WECHAT, Dialect
from firmware_tools.build.source import SourceText
from firmware_tools.build.templates import Owner, TemplateCompiler, UsedComponent, compile_template

A = ["variable", "a"]
COMPONENTS = {
    "x": UsedComponent("c/x"),
    "y": UsedComponent("c/y"),
    "item": UsedComponent("c/default", "item"),
    "bare": UsedComponent(None, "bare"),
    "far": UsedComponent(None),
    "later": UsedComponent(None, None, "x"),
    "plain": UsedComponent(None, None, "text"),
}
OWNER = Owner(COMPONENTS, is_component=True, prefix="c1-")


def document(
    source: str, dialect: Dialect = WECHAT, files: dict[str, str] | None = None, owner: Owner = OWNER
) -> tuple[Any, list[str], dict[str, str]]:
    """The document of a component ``c/own``, the warnings, and the files of its modules."""
    warnings: list[str] = []
    compiler = TemplateCompiler(dialect, (files or {}).get, warnings)
    made = compiler.compile(compiler.files.add(SourceText(f"c/own{dialect.template}", source)), owner)
    return made, warnings, compiler.files.code.files


def body(source: str, dialect: Dialect = WECHAT, **files: str) -> Any:
    made, warnings, _ = document(source, dialect, {name.replace("__", "/"): text for name, text in files.items()})
    assert warnings == []
    return made["body"]


def element(tag: str = "view", **members: Any) -> list[Any]:
    """An element instruction; members that are not given are empty."""
    names = ("attributes", "dataset", "events", "two_way", "children")
    empty: dict[str, Any] = {"attributes": {}, "dataset": {}, "events": [], "two_way": {}, "children": []}
    word = "component" if tag in COMPONENTS else "element"
    made = [word, tag, *({**empty, **members}[name] for name in names)]
    return [*made, members["extras"]] if "extras" in members else made


def k(value: Any) -> list[Any]:
    return ["constant", value]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<x/>", element("x")),
        ('<x some-prop="1" aB="{{a}}" c/>', element("x", attributes={"some-prop": k("1"), "aB": A, "c": k(True)})),
        ('<x data-a-b="{{a}}" id="i" class="k {{a}}" slot="s"/>', element(
            "x", dataset={"aB": A},
            attributes={"id": k("i"), "class": ["join", [k("k "), A]], "slot": k("s")},
        )),
        ('<x bind:my-event="f" bindother-one="g" catch:tap="{{a}}"/>', element(
            "x", events=[["my-event", "bind", k("f")], ["other-one", "bind", k("g")], ["tap", "catch", A]],
        )),
        ('<x bindTap="f"/>', element("x", events=[["Tap", "bind", k("f")]])),
        ('<view capture-bind:tap="a" capture-catchtap="b" mut-bind:tap="c"/>', element(
            events=[["tap", "capture-bind", k("a")], ["tap", "capture-catch", k("b")], ["tap", "mut-bind", k("c")]],
        )),
        ('<x model:value="{{a.b}}"/>', element(
            "x", attributes={"value": ["member", A, k("b")]}, two_way={"value": ["member", A, k("b")]},
        )),
        ('<view mark:id="{{a}}" mark:other="o"/>', element(extras={"marks": {"id": A, "other": k("o")}})),
        ('<x generic:item="y" generic:b="bare"/>', element("x", extras={"generics": {"item": "y", "b": "bare"}})),
        ("<item/>", element("item")),
        ("<bare/>", element("bare")),
        ("<x>t<view>{{a}}</view></x>", element("x", children=[["text", k("t")], element(children=[["text", A]])])),
        ("<slot/>", ["slot", k(""), {}]),
        ("<slot name='n'></slot>", ["slot", k("n"), {}]),
        ('<slot name="{{a}}" list-item="{{a}}" index="1"/>', ["slot", A, {"listItem": A, "index": k("1")}]),
        ('<slot name="n" slot="s" class="x" bindtap="f" data-x="1"/>', ["slot", k("n"), {"slot": k("s")}]),
        ('<view slot:list-item="row" slot:index>{{row}}{{index}}</view>', element(
            children=[["text", ["join", [["variable", "row"], ["variable", "index"]]]]],
            extras={"slot_values": [["listItem", "row"], ["index", "index"]]},
        )),
        ('<far class="k" id="i" prop="1">t</far>', element(
            attributes={"class": k("k"), "id": k("i")}, children=[["text", k("t")]],
        )),
        ("<far/>", element(children=[["text", k("<far>")]])),
        ('<later prop="{{a}}"/>', element("x", attributes={"prop": A})),
        ("<plain>t</plain>", element("text", children=[["text", k("t")]])),
    ],
)  # fmt: skip
def test_an_element_becomes_its_instruction(source: str, expected: Any) -> None:
    assert body(source) == [expected]


def test_content_of_a_block_with_a_slot_goes_to_that_slot() -> None:
    source = (
        '<x><block slot="s" wx:for="{{a}}"><view/><x slot="t"/></block><block slot:v><view>{{v}}</view></block></x>'
    )
    [[*_, children]] = body(source)
    assert [child[2] for child in children[0][6]] == [{"slot": k("s")}, {"slot": k("t")}]
    assert children[1][7] == {"slot_values": [["v", "v"]]}


def test_a_document_names_only_components_that_it_uses() -> None:
    made, _, _ = document('<x generic:g="y"/><template name="t"><item/></template>')
    assert made["components"] == {
        "item": {"path": "c/default", "generic": "item", "placeholder": None},
        "x": {"path": "c/x", "generic": None, "placeholder": None},
        "y": {"path": "c/y", "generic": None, "placeholder": None},
    }
    assert (made["prefix"], made["modules"]) == ("c1-", [])


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("m.f(a)", ["wxs", 0, ["f"], [A]]),
        ("m.f()", ["wxs", 0, ["f"], []]),
        ("m.f", ["wxs", 0, ["f"], None]),
        ("m['f'](a, 1)", ["wxs", 0, ["f"], [A, k(1)]]),
        ("m.g.f(a)", ["wxs", 0, ["g", "f"], [A]]),
        ("m(a)", ["wxs", 0, [], [A]]),
        ("m.f(a).b", ["member", ["wxs", 0, ["f"], [A]], k("b")]),
        ("m.f({a, b: 1}, [a, ...a], {...a})", ["wxs", 0, ["f"], [
            ["object", [["a", A], ["b", k(1)]]], ["array", [A, ["spread", A]]], ["object", [[None, A]]]]]),
        ("m.f(m.g(a))", ["wxs", 0, ["f"], [["wxs", 0, ["g"], [A]]]]),
        ("a ? m.f(a) : !m.x", ["conditional", A, ["wxs", 0, ["f"], [A]], ["unary", "!", ["wxs", 0, ["x"], None]]]),
        ("m[a]", ["member", ["wxs", 0, [], None], A]),
        ("m?.f(a)", ["wxs", 0, ["f"], [A]]),
        ("m.f(a,)", ["wxs", 0, ["f"], [A]]),
        ("a.m", ["member", A, k("m")]),
    ],
)  # fmt: skip
def test_names_of_modules_are_told_from_data(expression: str, expected: Any) -> None:
    source = f'<view x="{{{{{expression}}}}}"/><wxs module="m">module.exports = 1</wxs>'
    assert body(source)[0][2] == {"x": expected}


@pytest.mark.parametrize(("source", "dialect"), [("<filter>a</filter>", WECHAT), ("<wxs>a</wxs>", SWAN)])
def test_a_code_tag_of_another_dialect_is_a_plain_tag(source: str, dialect: Dialect) -> None:
    assert body(source, dialect)[0][6] == [["text", k("a")]]


def test_loop_variables_and_slot_values_hide_modules() -> None:
    source = """<wxs module="m">1</wxs><view wx:for="{{m}}" wx:for-item="m" wx:if="{{m}}">{{m}}</view>
    <view slot:m>{{m}}</view><view>{{m}}</view>"""
    loop, content, outside = body(source)
    assert loop[1] == ["wxs", 0, [], None]
    assert loop[6] == [["if", [[["variable", "m"], [element(children=[["text", ["variable", "m"]]])]]]]]
    assert content[6] == [["text", ["variable", "m"]]]
    assert outside[6] == [["text", ["wxs", 0, [], None]]]


def test_functions_of_modules_are_handlers_and_watch_properties() -> None:
    source = """<wxs module="m">1</wxs>
    <view bindtap="{{m.tap}}" prop="{{a}}" change:prop="{{m.changed}}" catch:touchmove="{{a ? m.move : ''}}"/>"""
    [made] = body(source)
    assert made[4] == [
        ["tap", "bind", ["wxs", 0, ["tap"], None]],
        ["prop", "change", ["wxs", 0, ["changed"], None]],
        ["touchmove", "catch", ["conditional", A, ["wxs", 0, ["move"], None], k("")]],
    ]


def test_each_file_has_modules_of_its_own_and_includers_lend_theirs() -> None:
    files = {
        "lib/t.wxml": '<wxs module="m" src="./t.wxs"/><template name="t">{{m.f(a)}}{{n.f()}}</template>',
        "lib/t.wxs": "module.exports = require('../util.wxs')",
        "util.wxs": "module.exports = {}",
        "lib/i.wxml": '<wxs module="i">exports.x = 1</wxs>{{i.x}}{{m.x}}{{n.x}}',
    }
    source = """<import src="/lib/t"/><wxs module="m">exports.own = 1</wxs><wxs module="n" src="/util.wxs"/>
    <template is="t" data="{{a}}"/><include src="/lib/i"/>"""
    made, warnings, modules = document(source, files=files)
    assert made["modules"] == ["c/own.wxml.m.wxs", "util.wxs", "lib/t.wxs", "lib/i.wxml.i.wxs"]
    assert made["templates"] == [[["text", ["join", [["wxs", 2, ["f"], [A]], ["undefined"]]]]]]
    assert made["body"][1] == [
        "text",
        ["join", [["wxs", 3, ["x"], None], ["wxs", 0, ["x"], None], ["wxs", 1, ["x"], None]]],
    ]
    assert modules["lib/t.wxs"] == 'module.exports = require("../util.wxs")'
    assert modules["lib/i.wxml.i.wxs"].strip() == "exports.x = 1"
    assert len(warnings) == 1
    assert warnings[0].startswith("lib/t.wxml:1:")


def test_the_lines_of_an_inline_module_are_those_of_the_template() -> None:
    _, _, modules = document('<view/>\n<wxs module="m">\nvar a = 1;\n</wxs>')
    assert modules["c/own.wxml.m.wxs"].split("\n")[2] == "var a = 1;"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('<image src="./a.png"/>', "/c/a.png"),
        ('<image src="../i/a.png"/>', "/i/a.png"),
        ('<image src="a.png"/>', "/c/a.png"),
        ('<image src="/a.png"/>', "/a.png"),
        ('<image src="https://x.example/a.png"/>', "https://x.example/a.png"),
        ('<image src="data:image/png;base64,"/>', "data:image/png;base64,"),
        ('<image src=""/>', ""),
        ('<x src="./a.png"/>', "./a.png"),
        ('<view src="./a.png"/>', "./a.png"),
    ],
)
def test_relative_resources_of_a_component_become_absolute(source: str, expected: str) -> None:
    assert body(source)[0][2]["src"] == k(expected)


def test_only_the_fixed_start_of_a_resource_becomes_absolute() -> None:
    [first, second] = body('<image src="./i/{{a}}.png"/><image src="{{a}}.png"/>')
    assert first[2]["src"] == ["join", [k("/c/i/"), A, k(".png")]]
    assert second[2]["src"] == ["join", [A, k(".png")]]


def test_resources_of_a_page_stay_and_those_of_what_it_includes_do_not() -> None:
    files = {"parts/p.wxml": '<image src="./p.png"/>'}
    source = '<image src="./a.png"/><include src="/parts/p"/>'
    made = compile_template(source, "pages/a/a.wxml", WECHAT, files.get)
    assert [image[2]["src"][1] for image in made["body"]] == ["./a.png", "/parts/p.png"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('<x value="{=a.b=}"/>', element(
            "x", attributes={"value": ["member", A, k("b")]}, two_way={"value": ["member", A, k("b")]})),
        ('<x p="{{{a: 1}}}"/>', element("x", attributes={"p": ["object", [["a", k(1)]]]})),
        ('<x p="{{{...a, b: 2}}}"/>', element("x", attributes={"p": ["object", [[None, A], ["b", k(2)]]]})),
        ('<view s-if="m.f(a)"/>', ["if", [[["wxs", 0, ["f"], [A]], [element()]]]]),
    ],
)  # fmt: skip
def test_swan_has_forms_of_its_own(source: str, expected: Any) -> None:
    assert body(f'{source}<filter module="m">export default {{}}</filter>', SWAN)[0] == expected


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ('<x generic:item="z"/>', "c/own.wxml:1:18: 'z' is no component here, ignored"),
        ('<x generic:item="{{a}}"/>', "generic:item must be the tag of a component, ignored"),
        ('<view generic:item="x"/>', "'x' is no component here, ignored"),
        ("<slot><view/></slot>", "c/own.wxml:1:1: what is in a <slot> is never shown"),
    ],
)
def test_what_has_no_meaning_is_ignored_with_a_warning(source: str, sentence: str) -> None:
    _, warnings, _ = document(source)
    assert len(warnings) == 1
    assert sentence in warnings[0]
