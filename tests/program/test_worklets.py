# ruff: noqa: E501 a line of JavaScript reads better whole
"""Worklets: shared values, what follows them, and animations of them."""

import json

import pytest

from tests.program.components import component, made, page
from tests.program.running import Board

pytestmark = pytest.mark.asyncio(loop_scope="module")

MARKUP = "<view class='a' style='left: 1px'/><view class='b'/>"


async def said(board: Board, code: str) -> list[object]:
    """What a component's code gives to ``report`` up to ``report('end')``; ``w`` is ``wx.worklet``."""
    script = (
        "const report = (value) => console.log('R' + JSON.stringify(value === undefined ? null : value));"
        f"Component({{ready() {{ const w = wx.worklet; {code} }} }})"
    )
    session = await board.run(made(page("<x/>", x="/c/x"), component("c/x", MARKUP, script)))
    await board.heard.until(lambda: 'R"end"' in board.heard.lines(session))
    assert board.heard.errors(session) == []
    return [json.loads(line[1:]) for line in board.heard.lines(session) if line.startswith("R")][:-1]


@pytest.mark.parametrize(
    ("animation", "end"),
    [
        ("w.timing(10, {duration: 40})", 10),
        ("w.timing(10, {duration: 0})", 10),
        ("w.timing(10, {duration: 40, easing: w.Easing.bezier(0.1, 0.7, 0.9, 0.2)})", 10),
        ("w.timing(10, {duration: 30, easing: w.Easing.out(w.Easing.poly(4))})", 10),
        ("w.spring(10, {stiffness: 4000, damping: 200})", 10),
        ("w.spring(10, {stiffness: 4000, damping: 1, overshootClamping: true})", 10),
        ("w.decay({velocity: 100000, clamp: [0, 10]})", 10),
        ("w.delay(20, w.timing(10, {duration: 20}))", 10),
        ("w.sequence(w.timing(5, {duration: 20}), w.timing(10, {duration: 20}))", 10),
        ("w.repeat(w.timing(10, {duration: 20}), 2)", 10),
    ],
)
async def test_an_animation_leads_a_shared_value_to_its_end(board: Board, animation: str, end: int) -> None:
    code = f"""const s = w.shared(0); let last = -1; let same = 0;
      const watch = setInterval(() => {{
        same = s.value === last && s.value !== 0 ? same + 1 : 0; last = s.value;
        if (same > 8) {{ clearInterval(watch); report(s.value); report('end') }}
      }}, 10); s.value = {animation}"""
    assert await said(board, code) == [end]


async def test_who_waits_for_an_animation_hears_whether_it_ended(board: Board) -> None:
    code = """const s = w.shared(0);
      s.value = w.timing(1, {duration: 5000}, (done) => {
        report([done, s.value < 1]);
        s.value = w.timing(1, {duration: 20}, (done) => { report([done, s.value]); report('end') })
      });
      setTimeout(() => w.cancelAnimation(s), 30)"""
    assert await said(board, code) == [[False, True], [True, 1]]


async def test_a_value_that_is_set_ends_an_animation(board: Board) -> None:
    code = """const s = w.shared(0); s.value = w.timing(100, {duration: 5000}, (done) => report(done)); s.value = 7;
      setTimeout(() => { report(s.value); report('end') }, 60)"""
    assert await said(board, code) == [False, 7]


async def test_a_derived_value_follows_what_it_reads(board: Board) -> None:
    code = """const a = w.shared(1); const b = w.shared(2); const sum = w.derived(() => a.value + b.value);
      report(sum.value); a.value = 5; b.value = 6;
      setTimeout(() => { report(sum.value); report(w.runOnUI((x) => x + 1)(1)); report('end') }, 0)"""
    assert await said(board, code) == [3, 11, 2]


async def test_a_style_follows_shared_values_until_it_is_cleared(board: Board) -> None:
    script = """Component({ready() {
      this.s = wx.worklet.shared(1);
      this.applyAnimatedStyle('.a', () => ({ opacity: this.s.value, backgroundColor: 'red' }), {}, ({ styleId }) => { this.n = styleId });
      setTimeout(() => { this.s.value = 0.5 }, 0);
      setTimeout(() => { this.clearAnimatedStyle('.a', [this.n], () => console.log('cleared')); this.s.value = 0 }, 40);
      setTimeout(() => console.log('late'), 80);
    }})"""
    session = await board.run(made(page("<x/>", x="/c/x"), component("c/x", MARKUP, script)))
    await board.heard.line(session, "late")
    styles = [
        operation[3]
        for _, operations, _ in board.heard.patches[session.app_id]
        for operation in operations
        if operation[0] == "set" and operation[2] == "style"
    ]
    assert styles == [
        "left: 1px; opacity: 1; background-color: red",
        "left: 1px; opacity: 0.5; background-color: red",
    ]
    assert "cleared" in board.heard.lines(session)


async def test_what_is_no_function_cannot_be_followed(board: Board) -> None:
    code = "try { this.applyAnimatedStyle('.a', {}) } catch (e) { report(e.message) } report('end')"
    assert await said(board, code) == ["applyAnimatedStyle: the second argument must be a function"]
