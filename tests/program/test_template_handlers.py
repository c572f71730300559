"""Template modules that answer events and changes: wxs beside the view, in a real worker."""

from typing import Any

import pytest

from device_runtime.program.session import ProgramSession
from device_runtime.view.mirror import MirrorNode, MirrorTree
from tests.program.components import component, made, page, shown, tap
from tests.program.running import Board

pytestmark = pytest.mark.asyncio(loop_scope="module")

MOVE = """
<wxs module="m">
  module.exports = {
    move: function (event, owner) {
      var state = event.instance.getState();
      state.steps = (state.steps || 0) + event.detail.by;
      event.instance.setStyle({ transform: 'translateX(' + state.steps + 'rpx)' });
      owner.selectComponent('.mark').addClass('far off');
      event.instance.removeClass('still');
      owner.callMethod('moved', { steps: state.steps, has: event.instance.hasClass('still') });
      return state.steps < 10;
    },
    opened: function (value, old, owner, instance) {
      instance.setStyle('opacity: ' + (value ? 1 : 0) + '; --old: ' + old);
    },
    later: function (event, owner) {
      owner.setTimeout(function () { owner.triggerEvent('late', { at: 2 }) }, 1);
    }
  };
</wxs>
<view id="around" bindtap="outer">
  <view id="box" class="still box {{more}}" style="left: {{left}}" bind:tap="{{m.move}}" bind:longpress="{{m.later}}"
    open="{{open}}" change:open="{{m.opened}}">box</view>
  <view class="mark">mark</view>
</view>
"""
SCRIPT = """{
  data: { open: false, left: '1px', more: '' },
  METHODS
  moved(a) { console.log('moved', a.steps, a.has); },
  outer() { console.log('outer'); },
}"""


async def until(board: Board, session: ProgramSession, identity: str, **attributes: Any) -> MirrorNode:
    def look() -> MirrorNode | None:
        node = shown(board, session).find(id=identity)
        return node if all(node.attributes.get(name) == value for name, value in attributes.items()) else None

    return await board.heard.until(look)


async def test_a_handler_styles_nodes_and_calls_the_page(board: Board) -> None:
    session = await board.run(made(page(MOVE, f"Page({SCRIPT.replace('METHODS', '')})")))
    tap(board, session, "box", detail={"by": 4})
    await board.heard.line(session, "moved 4 false")
    await board.heard.line(session, "outer")
    box = await until(board, session, "box", style="left: 1px; transform: translateX(4rpx)")
    assert box.attributes["class"] == "box"
    assert shown(board, session).find(**{"class": "mark far off"}).text_content() == "mark"


async def test_a_handler_that_returns_false_stops_the_event(board: Board) -> None:
    session = await board.run(made(page(MOVE, f"Page({SCRIPT.replace('METHODS', '')})")))
    tap(board, session, "box", detail={"by": 40})
    await board.heard.line(session, "moved 40")
    tap(board, session, "around")
    await board.heard.line(session, "outer")
    assert board.heard.lines(session) == ["moved 40 false", "outer"]


async def test_what_is_laid_over_a_node_outlives_its_bindings_and_reaches_late_screens(board: Board) -> None:
    methods = "onShow() { setTimeout(() => this.setData({ left: '9px', more: 'x', open: true }), 1); },"
    session = await board.run(made(page(MOVE, f"Page({SCRIPT.replace('METHODS', methods)})")))
    laid = {"style": "left: 9px; opacity: 1; --old: false", "class": "still box x"}
    await until(board, session, "box", **laid)
    session.attach("late")
    snapshot = await board.heard.until(
        lambda: [item for item in board.heard.patches[session.app_id] if item[2] == "late"]
    )
    late = MirrorTree()
    late.apply(snapshot[0][1])
    assert late.find(id="box").attributes["style"] == laid["style"]


async def test_in_a_component_classes_are_its_own_and_events_come_from_it(board: Board) -> None:
    inner = component(
        "c/c", MOVE, "Component({ data: { open: false }, methods: { moved(a) { console.log(a.steps) } } })"
    )
    outer = page(
        "<c id='host' bindlate='late'/>",
        "Page({ late(e) { console.log('late', e.detail.at, e.target.id) } })",
        c="/c/c",
    )
    session = await board.run(made(outer, inner))
    tap(board, session, "box", detail={"by": 1})
    await board.heard.line(session, "1")
    await until(board, session, "box", **{"class": "c1-box"})
    tap(board, session, "box", kind="longpress")
    await board.heard.line(session, "late 2 host")


async def test_a_handler_that_throws_is_told_with_its_place_and_the_page_goes_on(board: Board) -> None:
    template = (
        "<wxs module='m'>\nmodule.exports.f = function () { return nope() }</wxs>"
        "<view id='a' bindtap='{{m.f}}'/><view id='b' bindtap='ok'/>"
    )
    session = await board.run(made(page(template, "Page({ ok() { console.log('ok') } })")))
    tap(board, session, "a")
    _, source = await board.heard.error(session, "nope is not defined")
    assert "wxs:2:" in source
    tap(board, session, "b")
    await board.heard.line(session, "ok")
