"""What a board refuses, how events find handlers, and what two-way bindings lead to."""

import io
import json
from typing import Any

import pytest

from device_runtime.micro.view.errors import TemplateError, ViewError
from device_runtime.micro.view.loader import load_template
from device_runtime.micro.view.page import PageView
from device_runtime.micro.view.paths import parse_path
from device_runtime.micro.view.routing import route
from device_runtime.micro.view.template import Template
from device_runtime.view import paths
from device_runtime.view.page import PageView as LinuxView
from device_runtime.view.template import load_template as load_linux
from tests.micro.view.test_same_patches import document


def loaded(source: str) -> Template:
    return load_template(io.StringIO(document(source)))


def page(source: str, data: dict[str, Any], most: int = 200) -> PageView:
    view = PageView(loaded(source), data, None, most)
    view.render()
    return view


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ('[["component","my-card",{},{},[],{},[]]]', "components are not for boards"),
        ('[["slot",["constant",""],{}]]', "slots are not for boards"),
        ('[["text",["wxs",0,["f"],[]]]]', "code in templates"),
        ('[["element","view",{},{},[["prop","change",["constant","f"]]],{},[]]]', "code in templates"),
        ('[["video"]]', "expected"),
        ('[["video", 1]]', "is not an instruction"),
        ('[["text",["eval","x"]]]', "is not an expression"),
        ('[["text",["unary","delete",["undefined"]]]]', "is not an operator"),
        ('[["text",["constant",1]', "cut short"),
        ('[["text",["constant",1],2]]', "is expected, not"),
        ('[["text",["constant","', "cut short"),
        ('[["text",["constant",nonsense]]]', "is no value"),
        ("[" + '["element","view",{},{},[],{},[' * 30, "too deep for a board"),
        ('[["text",' + '["unary","!",' * 60, "too deep for a board"),
    ],
)
def test_what_boards_do_not_have_is_refused_in_a_sentence(body: str, sentence: str) -> None:
    with pytest.raises(TemplateError, match=sentence) as caught:
        load_template(io.StringIO(f'{{"format":2,"templates":[],"scopes":[],"body":{body}'))
    assert "\n" not in str(caught.value)


def test_another_format_is_refused() -> None:
    with pytest.raises(TemplateError, match="build the program again"):
        load_template(io.StringIO('{"format":3,"body":[]}'))


def test_a_document_is_read_the_same_in_pieces_of_any_size() -> None:
    class Slow(io.StringIO):
        def read(self, size: int | None = -1) -> str:
            return super().read(size and 1)

    text = document('<view class="a\\"ü😀 {{x}}" wx:for="{{[...a, 1, \'\\n\']}}">{{item}}</view>')
    shown = []
    for stream in (io.StringIO(text), Slow(text)):
        view = PageView(load_template(stream), {"a": [2], "x": 1})
        view.render()
        shown.append(view.snapshot())
    assert shown[0] == shown[1]


def test_a_page_with_too_many_nodes_is_refused_and_can_be_shown_again() -> None:
    view = page('<view wx:for="{{list}}">{{item}}</view>', {"list": [1, 2, 3]}, most=10)
    with pytest.raises(ViewError, match="most that this board shows"):
        view.update({"list": [1, 2, 3, 4, 5, 6]}, [])
    assert view.snapshot() == []
    view.data["list"] = [1]
    view.render()
    assert len(view.snapshot()) == 1


def test_nodes_that_are_gone_do_not_count() -> None:
    rows = '<view wx:for="{{list}}" wx:key="*this">{{item}}</view><text wx:if="{{list.length}}">x</text>'
    view = page(rows, {"list": [1]}, most=10)
    for number in range(50):
        view.update({"list": [number, number + 1]}, None)
        view.update({"list": []}, None)
    assert view.snapshot() == []


def test_what_a_program_wrote_in_place_is_shown_by_the_next_set_data_of_it() -> None:
    data: dict[str, Any] = {"n": 0, "rows": [{"v": 1}], "other": 1}
    view = page('<text>{{n}}</text><text wx:for="{{rows}}">{{item.v}}</text>', data)
    data["n"] += 1
    data["rows"][0]["v"] = 2
    operations: list[Any] = []
    view.update({"other": 2}, operations)
    assert operations == []
    view.update({"n": data["n"], "rows": data["rows"]}, operations)
    assert [one[2] for one in operations] == ["1", "2"]


EVENTS = """
<view id="outer" data-a="{{a}}" bindtap="outer" capture-bind:tap="first" bindscroll="no">
  <view id="middle" {catch}:tap="middle" mut-bind:tap="one">
    <button id="inner" data-row-id="{{3}}" mut-bind:tap="two" bindtap="{{handler}}" bindchange="changed">x</button>
  </view>
</view>
"""


@pytest.mark.parametrize("catch", ["bind", "catch", "capture-catch", "capture-bind"])
@pytest.mark.parametrize("kind", ["tap", "change", "scroll", "longpress"])
def test_events_are_heard_as_on_linux(catch: str, kind: str) -> None:
    text = document(EVENTS.replace("{catch}", catch))
    data: dict[str, Any] = {"a": [1], "handler": "inner"}
    micro = PageView(load_template(io.StringIO(text)), dict(data))
    micro.render()
    linux = LinuxView(load_linux(json.loads(text)), dict(data))
    linux.render()
    for node in range(7):
        expected = [
            (one.handler, {"id": one.target_id, "dataset": one.target_dataset},
             {"id": one.current_id, "dataset": one.current_dataset})
            for one in linux.route(node, kind)
        ]  # fmt: skip
        assert route(micro, node, kind) == expected


TWO_WAY = """
<input id="plain" model:value="{{a.b}}"/><input id="none" value="{{a.b}}"/>
<block wx:for="{{rows}}" wx:for-item="row"><block wx:for="{{row.cells}}"><input id="x" model:value="{{item.v}}"/>
<input id="y" model:value="{{row.name}}"/><input id="z" model:value="{{index}}"/></block></block>
<template name="field"><input id="t" model:value="{{value}}"/><input id="u" model:value="{{deep}}"/></template>
<template is="field" data="{{value: text, ...a}}"/>
"""


def test_two_way_bindings_lead_to_the_same_data_as_on_linux() -> None:
    text = document(TWO_WAY)
    data: dict[str, Any] = {
        "a": {"b": 1, "deep": 2}, "text": "", "rows": [{"name": "", "cells": [{}, {}]}, {"name": "", "cells": [{}]}],
    }  # fmt: skip
    micro = PageView(load_template(io.StringIO(text)), data)
    micro.render()
    linux = LinuxView(load_linux(json.loads(text)), data)
    linux.render()
    found = []
    for node in range(1, 30):
        bound = linux.two_way_path(node, "value")
        assert micro.two_way_path(node, "value") == (None if bound is None else bound[1])
        found.append(bound)
    assert len([one for one in found if one]) == 9


@pytest.mark.parametrize(
    "key", ["a", "a.b", "a[9999]", "a[100000]", "a[3]", "a[3].b[0]", "a.0", "0", "ä.b", "", ".", "a.", ".a", "a..b",
            "[0]", "a[", "a[]", "a[x]", "a]", "a[1]b", "a[99999999999]", "a b.c", "a[01]"],
)  # fmt: skip
def test_data_paths_are_those_of_linux(key: str) -> None:
    try:
        expected = list(paths.parse_path(key))
    except Exception:  # noqa: BLE001 - whatever Linux says
        with pytest.raises(ViewError):
            parse_path(key)
    else:
        assert parse_path(key) == expected
