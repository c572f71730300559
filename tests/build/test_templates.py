"""What templates mean is tested by what a screen shows of them."""

from typing import Any

import pytest

from device_runtime.view.template import load_template
from firmware_tools.build.dialects import SWAN, WECHAT, Dialect, SourceError
from firmware_tools.build.templates import compile_template
from tests.view.pages import Screen


def show(source: str, data: dict[str, Any] | None = None, dialect: Dialect = WECHAT, **files: str) -> Any:
    """The outline of a page; files are named with ``__`` for ``/`` and without their ending."""
    named = {name.replace("__", "/") + dialect.template: text for name, text in files.items()}
    return Screen(source, data or {}, dialect, named).outline()


def view(*children: Any, **attributes: Any) -> list[Any]:
    return ["view", attributes, [], list(children)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<view>a</view>", [view("a")]),
        ("<view class=big hidden>a</view>", [view("a", **{"class": "big"}, hidden=True)]),
        ("<view class='a \"b\"' id=x/>", [view(**{"class": 'a "b"'}, id="x")]),
        ("<view n={{1+1}}/>", [view(n=2)]),
        ("<view n=\"{{n == \"5\" ? 'y' : 'n'}}\" />", [view(n="y")]),
        ('<view n="{{n > 3 && 1 < 2}}"/>', [view(n=True)]),
        ('<view n="{{n &gt; 3 &amp;&amp; true}}"/>', [view(n=True)]),
        ("<view>{{n < 9 ? '<b>' : '</view>'}}</view>", [view("<b>")]),
        ("<view>a < b, {{n}} > 2</view>", [view("a < b, 5 > 2")]),
        ("<view>&lt;b&gt; &amp;amp; &#65;&#x42; &copy &nope;</view>", [view("<b> &amp; AB &copy &nope;")]),
        ('<view url="/a?x=1&copy=2"/>', [view(url="/a?x=1&copy=2")]),
        ("<view><!-- <view> {{ --> a</view>", [view(" a")]),
        ("<view><image src=a.png><view>x</view></view>", [view(["image", {"src": "a.png"}, [], []], view("x"))]),
        ("<view><image src=a.png/>x</view>", [view(["image", {"src": "a.png"}, [], []], "x")]),
        (
            "<image> \n <!-- c --> </image><input></input><view/>",
            [["image", {}, [], []], ["input", {}, [], []], view()],
        ),
        ("<view>\n  <view/>\n\n  <view/>\n</view>", [view(view(), view())]),
        ("<view>a</view> <view>b</view>", [view("a"), " ", view("b")]),
        ("<view>\n a\n b </view>", [view("\n a\n b ")]),
        ("<view\n  a = 'x'\n  b\n= \"y\"\n>z</view >", [view("z", a="x", b="y")]),
        ("<view>{{}}</view>", [view("")]),
        ("<view a=' {{n}} ' b='{{n}}{{n}}' c='' />", [view(a=" 5 ", b="55", c="")]),
        ("<block><view/><block>x</block></block>", [view(), "x"]),
        ("<view>{{'}}'}}{{ {a: {b: 2}}.a.b }}</view>", [view("}}2")]),
        ("<!DOCTYPE x><?xml?><view/>", [view()]),
        ("<scroll-view scroll-y bindscroll='s'/>", [["scroll-view", {"scroll-y": True}, ["scroll"], []]]),
        ("<view bind-x='1'/>", [view(**{"bind-x": "1"})]),
    ],
)
def test_markup_is_read_as_people_write_it(source: str, expected: Any) -> None:
    assert show(source, {"n": 5}) == expected


@pytest.mark.parametrize(
    ("source", "dialect", "expected"),
    [
        ('<view wx:if="{{a}}">1</view> <!-- c -->\n<view wx:elif="{{b}}">2</view><view wx:else>3</view>', WECHAT, "2"),
        ('<view wx:if="{{}}">1</view><view wx:else>2</view>', WECHAT, "2"),
        ('<view wx:for="{{l}}">{{index}}{{item}}</view>', WECHAT, "0x1y"),
        ('<view wx:for-items="{{l}}">{{index}}{{item}}</view>', WECHAT, "0x1y"),
        ('<view wx:for="{{l}}" wx:for-item="v" wx:for-index="i">{{i}}{{v}}</view>', WECHAT, "0x1y"),
        ('<block wx:for="{{l}}" wx:for-item="a"><text wx:for="{{l}}">{{a}}{{item}}</text></block>', WECHAT, "xxxyyxyy"),
        ('<block wx:for="{{m}}"><text wx:for="{{item}}">{{item}}</text></block>', WECHAT, "123"),
        ('<view wx:for="{{l}}" wx:if="{{index}}">{{item}}</view>', WECHAT, "y"),
        ('<view wx:if="{{a}}">1</view><view wx:else wx:for="{{l}}">{{item}}</view>', WECHAT, "xy"),
        ('<view wx:for=" {{l}} ">{{item}}</view>', WECHAT, "xy"),
        ('<view s-if="a">1</view><view s-elif="b > 0">2</view><view s-else>3</view>', SWAN, "2"),
        ('<view s-if="{{a}}">1</view><view s-else-if="{{b}}">2</view>', SWAN, "2"),
        ('<view s-for="l">{{index}}{{item}}</view>', SWAN, "0x1y"),
        ('<view s-for="{{l}}">{{index}}{{item}}</view>', SWAN, "0x1y"),
        ('<view s-for="v in l">{{v}}</view>', SWAN, "xy"),
        ('<view s-for="v, i in l">{{i}}{{v}}</view>', SWAN, "0x1y"),
        ('<view s-for="(v, i) in l">{{i}}{{v}}</view>', SWAN, "0x1y"),
        ('<view s-for="v, i in l trackBy v">{{i}}{{v}}</view>', SWAN, "0x1y"),
        ('<view s-for="v in {{l}}">{{v}}</view>', SWAN, "xy"),
        ('<view s-for="l" s-for-item="v" s-for-index="i" s-key="v">{{i}}{{v}}</view>', SWAN, "0x1y"),
        ('<view s-for="v in a ? [] : l">{{v}}</view>', SWAN, "xy"),
    ],
)
def test_branches_and_loops_in_both_dialects(source: str, dialect: Dialect, expected: str) -> None:
    screen = Screen(source, {"a": 0, "b": 1, "l": ["x", "y"], "m": [[1, 2], [3]]}, dialect)
    assert screen.text() == expected
    assert screen.warnings == []


@pytest.mark.parametrize(
    ("key", "dialect", "expected"),
    [
        ('wx:for="{{l}}" wx:key="id"', WECHAT, ["id"]),
        ('wx:for="{{l}}" wx:key="*this"', WECHAT, []),
        ('wx:for="{{l}}" wx:key="item"', WECHAT, []),
        ('wx:for="{{l}}" wx:key="{{item.id}}"', WECHAT, ["id"]),
        ('wx:for="{{l}}" wx:key="item.a.b"', WECHAT, ["a", "b"]),
        ('wx:for="{{l}}" wx:key="index"', WECHAT, None),
        ('wx:for="{{l}}"', WECHAT, None),
        ('s-for="v in l trackBy v.id"', SWAN, ["id"]),
        ('s-for="v in l" s-key="id"', SWAN, ["id"]),
    ],
)
def test_a_loops_key_is_a_path_below_its_item(key: str, dialect: Dialect, expected: Any) -> None:
    document = compile_template(f"<view {key}/>", "a", dialect, lambda _: None)
    assert document["body"][0][4] == expected


def test_templates_come_from_the_file_and_its_imports_but_not_from_theirs() -> None:
    warnings: list[str] = []
    files = {
        "lib/cards.wxml": '<import src="deep"/><template name="card">[{{t}}<template is="deep"/>]</template>'
        '<template name="own">imported</template><view>not shown</view>',
        "lib/deep.wxml": '<template name="deep">deep</template>',
    }
    source = """<import src="/lib/cards.wxml" /><template name="own">own</template>
    <template is="card" data="{{t: 1}}"/><template is="own"/><template is="{{which}}"/><template is="deep"/>"""
    document = compile_template(source, "pages/a.wxml", WECHAT, files.get, warnings)
    assert len(document["templates"]) == 4
    screen = Screen(source, {"which": "card"}, WECHAT, files)
    assert screen.text() == "[1deep]own[deep]"
    assert warnings == ["pages/a.wxml:2:102: there is no template 'deep', nothing is shown"]
    screen.update({"which": "nothing"})
    assert screen.text() == "[1deep]own"


def test_files_may_import_each_other() -> None:
    files = {"pages/b.wxml": '<import src="a"/><template name="b">b<template is="a"/></template>'}
    source = '<import src="b"/><template name="a">a</template><template is="b"/>'
    screen = Screen(source, {}, WECHAT, {**files, "pages/a.wxml": source})
    assert screen.text() == "ba"


def test_an_included_file_is_put_in_place_without_its_templates() -> None:
    files = {
        "parts/head.wxml": '<template name="t">T</template>'
        '<view>{{item}}{{title}}<template is="t"/><include src="foot"/></view>',
        "parts/foot.wxml": "<text>{{index}}</text>",
    }
    source = '<include wx:for="{{[5, 6]}}" src="../parts/head.wxml"/><template is="t"/>'
    assert Screen(source, {"title": "x"}, WECHAT, files).text() == "5xT06xT1"


@pytest.mark.parametrize(
    ("data", "dialect", "expected"),
    [
        ("{{a}}", WECHAT, "1"),
        ("{{a, b}}", WECHAT, "12"),
        ("{{a: 5, ...o}}", WECHAT, "57"),
        ("{{...o, b: 3}}", WECHAT, "3"),
        ("{{ {a: 4} }}", WECHAT, "4"),
        ("{{o}}", WECHAT, ""),
        ("", WECHAT, ""),
        ("{{{a, b: 9}}}", SWAN, "19"),
        ("{{{...o}}}", SWAN, "7"),
        ("{{o}}", SWAN, "7"),
    ],
)
def test_a_template_sees_what_is_passed_in_and_nothing_else(data: str, dialect: Dialect, expected: str) -> None:
    source = f'<template name="t">{{{{a}}}}{{{{b}}}}</template><template is="t" data="{data}"/>'
    assert Screen(source, {"a": 1, "b": 2, "o": {"b": 7}}, dialect).text() == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<view", "the tag <view> is not closed"),
        ('<view a="x>', "is not closed with"),
        ("<!-- x", "the comment is not closed"),
        ("<view>{{ a </view>", "t.wxml:1:7: {{ is not closed"),
        ('<view a="{{ b">x</view>', "t.wxml:1:10: {{ is not closed"),
        ("<view a={{b>x</view>", "is not closed with }}"),
        ('<view\n  a="{{b +}}"/>', "t.wxml:2:11: a value is missing"),
        ('<wxs module="m">\nvar a = ;</wxs>', "t.wxml:2:9: unexpected token"),
        ('<wxs module="m">var a = ;</wxs>', "t.wxml:1:25: unexpected token"),
        ('<wxs module="m">require("./no.wxs")</wxs>', r"t.wxml:1:25: there is no file ./no.wxs \(no.wxs\)"),
        ('<wxs module="m" src="./no.wxs"/>', r"t.wxml:1:22: there is no file ./no.wxs \(no.wxs\)"),
        ('<view wx:for="{{a}}" wx:for-item="a b"/>', "wx:for-item must be a name"),
        ('<include src="../../up"/>', "leads out of the program"),
        (
            '<include src="loop"/>',
            r"loop.wxml:1:1: files include each other without end: t.wxml -> loop.wxml -> loop.wxml",
        ),
        ('<template is="a" data="{{x}} y"/>', "data must be one"),
        ("<view>" * 95, "nested more than 90"),
    ],
)
def test_a_faulty_template_is_refused_with_its_place(source: str, expected: str) -> None:
    files = {"loop.wxml": '<include src="loop"/>'}
    with pytest.raises(SourceError, match=expected) as caught:
        compile_template(source, "t.wxml", WECHAT, files.get)
    assert str(caught.value).count("\n") == 0


@pytest.mark.parametrize(
    ("source", "dialect", "expected"),
    [
        ('<view wx:fi="{{a}}"/>', WECHAT, "t:1:7: unknown directive wx:fi, ignored; did you mean 'wx:if'?"),
        ('<view wx:fro="{{a}}"/>', WECHAT, "t:1:7: unknown directive wx:fro, ignored; did you mean 'wx:for'?"),
        ('<view wx:else-if="{{a}}"/>', WECHAT, "unknown directive wx:else-if, ignored; did you mean 'wx:elif'?"),
        ('<view wx:for-key="a"/>', WECHAT, "unknown directive wx:for-key, ignored; did you mean 'wx:key'?"),
        ('<view wx:foreach="{{a}}"/>', WECHAT, "t:1:7: unknown directive wx:foreach, ignored; did you mean 'wx:for'?"),
        ('<view s-if="a"/>', WECHAT, "t:1:7: s-if is of another dialect, ignored; here it starts wx:"),
        ('<view wx:if="{{a}}"/>', SWAN, "t:1:7: wx:if is of another dialect, ignored; here it starts s-"),
        ('<view s-iff="a"/>', SWAN, "t:1:7: unknown directive s-iff, ignored; did you mean 's-if'?"),
        ('<view wx:key="id"/>', WECHAT, "t:1:7: wx:key has no wx:for beside it"),
        ('<view wx:if="a"/>', WECHAT, "t:1:7: wx:if without {{ }} is a text, not an expression"),
        ('<view wx:for="{{a}}" wx:key="a + b"/>', WECHAT, "is not the name of a member of item, ignored"),
        ('<view class="a" class="b"/>', WECHAT, "t:1:17: the second class of <view> is ignored"),
        ('<view bindTap="x"/>', WECHAT, "t:1:7: no element sends an event 'Tap'; did you mean 'bindtap'?"),
        ('<view worklet:ongesture="x"/>', WECHAT, "t:1:7: worklet:ongesture has no effect here"),
        ("<slot/>", WECHAT, "<slot> means something in a component only"),
        ('<template name="a"/><template is="b"/>', WECHAT, "there is no template 'b', nothing is shown"),
        ('<template name="a"/><template name="a"/>', WECHAT, "t:1:31: the template 'a' is defined twice"),
        ("<template/>", WECHAT, "<template> has neither name nor is, nothing is shown"),
        ('<template name=""/>', WECHAT, "a template without a name cannot be used"),
        ('<template name="a"/><template is="a" data="x"/>', WECHAT, 'data must be of the form data="{{name,'),
        ('<view wx:else="">x</view>', WECHAT, "t:1:7: wx:else does not follow an element with wx:if and is ignored"),
        ('<view wx:if="{{a}}"/>text<view wx:else/>', WECHAT, "does not follow"),
        ('<view wx:if="{{a}}"/><view wx:else/><view wx:elif="{{b}}"/>', WECHAT, "wx:elif does not follow"),
        ('<view wx:if="{{a}}" wx:for="{{b}}"/><view wx:else/>', WECHAT, "put the wx:if on a <block>"),
        ('<input model:value="{{a + 1}}"/>', WECHAT, "t:1:21: model:value is bound to 'a + 1', which is no path"),
        ('<input model:value="{{a[b]}}"/>', WECHAT, "works one way only"),
        ('<import src="no"/>', WECHAT, "t:1:14: there is no file no (no), nothing is shown"),
        ("<include/>", WECHAT, "<include> has no src, nothing is shown"),
        ("<view>{{m.f(x)}}</view>", WECHAT, "t:1:12: only functions of a wxs module can be called in a template"),
        ("<view>&nope;</view>", WECHAT, "t:1:7: &nope; is no character and is shown as it is"),
        ('<wxs src="a.wxs"/>', WECHAT, "<wxs> has no module name and cannot be used"),
        ('<wxs module="m"/>', WECHAT, "<wxs> has neither src nor code"),
        ('<wxs module="m">var f = (a) => a</wxs>', WECHAT, "t:1:29: WeChat's wxs is ES5 and does not know '=>'"),
        ('<wxs module="m">1</wxs><wxs module="m">2</wxs>', WECHAT, "the module 'm' is defined twice"),
        ('<wxs module="m">1</wxs><view a="{{m[b](1)}}"/>', WECHAT, "the function of a module must be named"),
    ],
)
def test_a_likely_slip_is_a_warning_with_its_place(source: str, dialect: Dialect, expected: str) -> None:
    warnings: list[str] = []
    compile_template(source, "t", dialect, lambda _: None, warnings)
    assert len(warnings) == 1
    assert expected in warnings[0]


@pytest.mark.parametrize(
    ("source", "expected", "warning"),
    [
        ("<view>a", [view("a")], "t.wxml:1:1: <view> is not closed; add </view>"),
        (
            "<view><text>a</view>b",
            [view(["text", {}, [], ["a"]]), "b"],
            "1:7: <text> is not closed and ends where </view>",
        ),
        ("a</view>b", ["ab"], "t.wxml:1:2: </view> closes nothing and is ignored"),
        ("<view>a</text></view>", [view("a")], "1:8: </text> closes nothing and is ignored; <view> of line 1 is open"),
        ("<view a=>b</view>", [view("b", a="")], "t.wxml:1:7: the attribute a has = but no value; it is empty"),
        ("<view <text>b</text></view>", [view(["text", {}, [], ["b"]])], "1:1: the tag <view> is not closed with >"),
        ('<view a="b"">c</view>', [view("c", a="b")], "1:12: '\"' is not the name of an attribute and is ignored"),
        ("<view></>a</view>", [view("a")], "1:7: this end tag names no element and is ignored"),
        ("<view>a</view x>", [view("a")], "1:15: 'x' in an end tag is ignored"),
        ('<view a="1" a="2"/>', [view(a="1")], "1:13: the second a of <view> is ignored"),
        ("<view><image><text/></view>", [view(["image", {}, [], []], ["text", {}, [], []])], "end it with />"),
        ("<view wx:if='{{0}}'/>a<view wx:else>b</view>", ["a", view("b")], "does not follow"),
    ],
)
def test_what_can_only_mean_one_thing_is_shown_with_a_warning(source: str, expected: Any, warning: str) -> None:
    warnings: list[str] = []
    document = compile_template(source, "t.wxml", WECHAT, lambda _: None, warnings)
    shown = Screen(load_template(document), {}).outline()
    assert [warning in told for told in warnings] == [True]
    assert "".join(item for item in shown if isinstance(item, str)) == "".join(
        i for i in expected if isinstance(i, str)
    )
    assert [item for item in shown if not isinstance(item, str)] == [i for i in expected if not isinstance(i, str)]


def test_attributes_need_no_blanks_between_them() -> None:
    assert show("<view a=\"1\"b='2'c/>") == [view(a="1", b="2", c=True)]


def test_the_same_source_compiles_to_the_same_document() -> None:
    source = '<template name="a">{{x}}</template><view wx:for="{{l}}"><template is="a" data="{{...item}}"/></view>'
    first = compile_template(source, "t", WECHAT, lambda _: None)
    assert compile_template(source, "t", WECHAT, lambda _: None) == first
