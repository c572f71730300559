import pytest

from device_runtime.view.wxs import WxsFunction
from firmware_tools.build.dialects import SWAN
from tests.view.pages import Screen

NEST = '<view id="a" {a}><view id="b" {b}><text id="c" {c}>x</text></view></view>'


def heard(screen: Screen, node: int, event_type: str) -> list[str | WxsFunction]:
    return [call.handler for call in screen.view.route(node, event_type)]


@pytest.mark.parametrize(
    ("a", "b", "c", "event_type", "expected"),
    [
        ('bindtap="a"', 'bind:tap="b"', 'bindtap="c"', "tap", ["c", "b", "a"]),
        ('bindtap="a"', 'catchtap="b"', 'bindtap="c"', "tap", ["c", "b"]),
        ('bindtap="a"', 'catch:tap=""', 'bindtap="c"', "tap", ["c"]),
        ('bindtap="a"', "catchtap", 'bindtap="c"', "tap", ["c"]),
        ('bindtap="a"', "", 'catchtap="c"', "tap", ["c"]),
        ('capture-bind:tap="a"', 'capture-bind:tap="b"', 'bindtap="c"', "tap", ["a", "b", "c"]),
        ('capture-bind:tap="a"', 'capture-catch:tap="b"', 'bindtap="c"', "tap", ["a", "b"]),
        ('mut-bind:tap="a"', 'bindtap="b"', 'mut-bind:tap="c"', "tap", ["c", "b"]),
        ('mut-bind:tap="a"', 'mut-bind:tap="b"', "", "tap", ["b"]),
        ('bindinput="a"', 'bindinput="b"', 'bindinput="c"', "input", ["c"]),
        ('bindscroll="a"', 'bindscroll="b"', "", "scroll", []),
        ('bindtouchmove="a"', "", "", "touchmove", ["a"]),
        ('bindlongpress="a"', "", "", "longpress", ["a"]),
        ('bindtransitionend="a"', "", "", "transitionend", ["a"]),
        ('bind:my-event="a"', "", "", "my-event", []),
        ('bindtap="{{name}}"', "", "", "tap", ["fromData"]),
        ('bindtap="{{nothing}}"', "", "", "tap", []),
        ('bindlongtap="a"', "", "", "tap", []),
    ],
)
def test_who_hears_an_event_in_which_order(a: str, b: str, c: str, event_type: str, expected: list[str]) -> None:
    screen = Screen(NEST.format(a=a, b=b, c=c), {"name": "fromData"})
    target = screen.node(id="c")
    assert heard(screen, target, event_type) == expected
    assert heard(screen, target + 1, event_type) == expected  # the text in it


def test_a_call_says_where_it_happened_and_whose_handler_it_is() -> None:
    screen = Screen(
        """<view wx:for="{{list}}" wx:key="id" id="row-{{item.id}}" data-element-type="row" data-indexOf="{{index}}"
          data-item="{{item}}" data-none="{{item.x.y}}" bindtap="onRow">
          <text id="t{{index}}" data-n="{{1}}">x</text></view>""",
        {"list": [{"id": 7}, {"id": 8}]},
    )
    (call,) = screen.view.route(screen.node(id="t1"), "tap")
    assert (call.handler, call.node) == ("onRow", screen.node(id="row-8"))
    assert (call.target_id, call.target_dataset) == ("t1", {"n": 1})
    assert call.current_id == "row-8"
    assert call.current_dataset == {"elementType": "row", "indexof": 1, "item": {"id": 8}}


def test_datasets_and_handlers_are_those_of_the_moment() -> None:
    screen = Screen('<view id="a" data-n="{{n}}" data-i="{{n + 1}}" bindtap="t">x</view>', {"n": 1})
    screen.update({"n": 5})
    (call,) = screen.view.route(screen.node(id="a"), "tap")
    assert call.current_dataset == {"n": 5, "i": 6}


def test_a_row_that_moved_knows_its_new_index() -> None:
    screen = Screen(
        '<view wx:for="{{list}}" wx:key="*this" id="{{item}}" data-i="{{index}}" bindtap="t"/>',
        {"list": ["a", "b", "c"]},
    )
    node = screen.node(id="c")
    screen.update({"list": ["c", "a", "b"]})
    assert screen.node(id="c") == node
    assert screen.view.route(node, "tap")[0].current_dataset == {"i": 0}


def test_an_event_on_a_node_that_is_gone_is_heard_by_nobody() -> None:
    screen = Screen('<view bindtap="a"><text wx:if="{{on}}" id="t" bindtap="b">x</text></view>', {"on": True})
    node = screen.node(id="t")
    screen.update({"on": False})
    for gone in (node, node + 1, 0, -5, 10**9):
        assert heard(screen, gone, "tap") == []


def test_events_bubble_out_of_loops_branches_and_templates() -> None:
    screen = Screen(
        """<template name="t"><text id="deep" bindtap="inner" data-v="{{v}}">x</text></template>
        <view bindtap="outer"><block wx:for="{{[1]}}"><view wx:if="{{true}}" bindtap="middle">
        <template is="t" data="{{v: item}}"/></view></block></view>""",
        {},
    )
    calls = screen.view.route(screen.node(id="deep"), "tap")
    assert [call.handler for call in calls] == ["inner", "middle", "outer"]
    assert all(call.target_dataset == {"v": 1} for call in calls)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('<input id="x" model:value="{{a.b}}">', "a.b"),
        ('<input id="x" model:value="{{ name }}">', "name"),
        ('<input id="x" model:value="{{list[1].v}}">', "list[1].v"),
        ('<input id="x" value="{{a.b}}">', None),
        ('<view wx:for="{{list}}" wx:if="{{index == 1}}"><input id="x" model:value="{{item.v}}"></view>', "list[1].v"),
        ('<view wx:for="{{o}}"><input id="x" model:value="{{item}}"></view>', "o.k"),
        ('<view wx:for="{{[1]}}"><input id="x" model:value="{{item}}"></view>', None),
        ('<view wx:for="{{list}}" wx:if="{{!index}}"><input id="x" model:value="{{index}}"></view>', None),
        ('<template name="t"><input id="x" model:value="{{p.b}}"></template><template is="t" data="{{p: a}}"/>', "a.b"),
        ('<template name="t"><input id="x" model:value="{{b}}"></template><template is="t" data="{{...a}}"/>', "a.b"),
        ('<template name="t"><input id="x" model:value="{{b}}"></template><template is="t" data="{{b: 1}}"/>', None),
    ],
)
def test_a_two_way_attribute_says_which_data_it_writes(source: str, expected: str | None) -> None:
    screen = Screen(source, {"a": {"b": 1}, "list": [{"v": 1}, {"v": 2}], "o": {"k": 1}})
    bound = screen.view.two_way_path(screen.node(id="x"), "value")
    assert bound == (None if expected is None else (0, expected))
    assert screen.view.two_way_path(screen.node(id="x"), "other") is None


def test_a_two_way_attribute_asks_the_screen_for_the_events_that_carry_its_value() -> None:
    (insert,) = Screen('<switch model:checked="{{on}}" bindchange="changed">', {"on": True}).view.snapshot()
    assert insert[3][3] == ["change", "input"]  # type: ignore[index]


def test_swan_writes_two_way_attributes_between_equals_signs() -> None:
    screen = Screen('<input id="x" value="{= a.b =}">', {"a": {"b": "v"}}, SWAN)
    node = screen.node(id="x", value="v")
    assert screen.view.two_way_path(node, "value") == (0, "a.b")
    assert screen.update({"a.b": "w"}) == [["set", node, "value", "w"]]
