# ruff: noqa: E501 a line of JavaScript reads better whole
"""Modules of templates (wxs) in a running program: bindings, handlers, ``change:`` observers, descriptors."""

import pytest

from tests.program.components import component, lines_of, made, page, shown, tap
from tests.program.running import Board

pytestmark = pytest.mark.asyncio(loop_scope="module")

UP = "Page({data: {n: 1, f: 5}, onReady() { console.log('up') }})"


async def test_a_binding_calls_a_module(board: Board) -> None:
    template = "<wxs module='m'>module.exports = {twice: function (n) { return n * 2 }, name: 'M', type: function (v) { return typeof v }}</wxs>{{m.twice(n)}}{{m.name}}{{m.type(none)}}"
    session, _ = await lines_of(board, page(template, UP), count=1)
    assert shown(board, session).root.text_content() == "2Mundefined"


async def test_a_component_passes_what_a_module_made_of_its_properties(board: Board) -> None:
    template = "<wxs module='m'>module.exports.classes = function (on) { return on ? 'a on' : 'a' }</wxs><view id='v' class='{{m.classes(on)}}'/>"
    parts = [
        page("<x on='{{true}}'/>", UP, x="/c/x"),
        component("c/x", template, "Component({properties: {on: Boolean}})"),
    ]
    session, _ = await lines_of(board, *parts, count=1)
    assert shown(board, session).find(id="v").attributes["class"] == "c1-a c1-on"


async def test_a_module_handles_events_before_the_page_and_may_end_their_way(board: Board) -> None:
    template = """<wxs module='m'>
      module.exports.tap = function (e, owner) { console.log(e.type, e.target.id, e.currentTarget.dataset.k, e.instance.hasClass('a')); owner.callMethod('told', {from: 'wxs'}); return e.target.dataset.stop !== 'yes' }</wxs>
      <view bindtap='heard'><button id='go' class='a' data-k='7' bindtap='{{m.tap}}'/><button id='stop' data-stop='yes' bindtap='{{m.tap}}'/></view>"""
    session = await board.run(
        made(
            page(
                template,
                "Page({told(v) { console.log('told', v.from) }, heard(e) { console.log('heard', e.target.id) }})",
            )
        )
    )
    tap(board, session, "go")
    await board.heard.line(session, "told wxs")
    assert board.heard.lines(session) == ["tap go 7 true", "heard go", "told wxs"]
    tap(board, session, "stop")
    await board.heard.until(lambda: board.heard.lines(session).count("told wxs") == 2)
    assert board.heard.lines(session)[3:] == ["tap stop undefined false", "told wxs"]


async def test_a_module_handles_what_a_component_triggers(board: Board) -> None:
    template = "<wxs module='m'>module.exports.hit = function (e) { console.log('wxs', e.detail.n); return false }</wxs><view bind:hit='heard'><x id='x' bind:hit='{{m.hit}}'/></view>"
    child = component(
        "c/x",
        "",
        "Component({ready() { this.triggerEvent('hit', {n: 4, f() {}}, {bubbles: true}); console.log('done') } })",
    )
    _, lines = await lines_of(
        board, page(template, "Page({heard() { console.log('never') }})", x="/c/x"), child, count=2
    )
    assert lines == ["wxs 4", "done"]


async def test_a_change_observer_hears_of_new_values_and_talks_to_its_owner(board: Board) -> None:
    template = """<wxs module='m'>module.exports.changed = function (now, old, owner, node) { console.log('changed', now, old, node.getDataset().k); owner.callMethod('told', [now]) }</wxs>
      <view id='v' data-k='d' prop='{{n}}' change:prop='{{m.changed}}'/>"""
    script = "Page({data: {n: 1}, told(v) { console.log('told', v[0]); if (v[0] === 1) this.setData({n: 2}) }})"
    _, lines = await lines_of(board, page(template, script), count=4)
    assert [line.split()[:2] for line in lines] == [["changed", "1"], ["told", "1"], ["changed", "2"], ["told", "2"]]
    assert lines[2] == "changed 2 1 d"


async def test_a_module_triggers_events_and_sets_timers(board: Board) -> None:
    template = """<wxs module='m'>module.exports.tap = function (e, owner) { e.instance.setTimeout(function () { owner.selectComponent('#b').triggerEvent('mine', {n: 3}) }, 5) }</wxs>
      <button id='b' bindtap='{{m.tap}}' bind:mine='heard'/>"""
    session = await board.run(
        made(page(template, "Page({heard(e) { console.log('heard', e.detail.n, e.target.id) }})"))
    )
    tap(board, session, "b")
    assert await board.heard.line(session, "heard") == "heard 3 b"


async def test_a_module_styles_nodes_of_its_owners_tree(board: Board) -> None:
    template = """<wxs module='m'>module.exports.drag = function (e, owner) {
        var list = owner.selectAllComponents('.item'); list[1].setStyle({left: '5px', backgroundColor: 'red'}); list[0].addClass('on').removeClass('off');
        e.instance.setStyle('top: 1px'); console.log(list.length, list[0].hasClass('on'), list[1].hasClass('on')) }</wxs>
      <view id='a' class='item off'/><view id='b' class='item' style='width: {{w}}px'/><button id='c' bindtouchmove='{{m.drag}}'/>"""
    parts = [
        page("<x id='x'/>", "Page({onReady() { console.log('up') }})", x="/c/x"),
        component("c/x", template, "Component({data: {w: 2}})"),
    ]
    session, _ = await lines_of(board, *parts, count=1)
    tap(board, session, "c", "touchmove")
    assert await board.heard.line(session, "2 ") == "2 true false"
    await board.heard.until(lambda: shown(board, session).find(id="c").attributes.get("style"))
    tree = shown(board, session)
    assert tree.find(id="a").attributes["class"] == "c1-item c1-on"
    assert tree.find(id="b").attributes["style"] == "width: 2px; left: 5px; background-color: red"
    assert tree.find(id="c").attributes["style"] == "top: 1px"


async def test_a_module_that_throws_is_reported_and_the_page_goes_on(board: Board) -> None:
    template = """<wxs module='m'>
      module.exports = {bad: function () { return null.x }, tap: function () { throw new Error('in tap') }}</wxs>
      <button id='b' bindtap='{{m.tap}}' bindlongpress='next'/><text id='t'>{{m.bad()}}ok</text>"""
    session = await board.run(made(page(template, "Page({onReady() { console.log('up') }})")))
    await board.heard.line(session, "up")
    assert shown(board, session).find(id="t").text_content() == "ok"
    assert any("bad()" in line for line in board.heard.lines(session, "warn"))
    tap(board, session, "b")
    text, _ = await board.heard.error(session, "in tap")
    assert text.startswith("pages/a/a")
