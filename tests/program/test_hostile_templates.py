# ruff: noqa: E501 a line of JavaScript reads better whole
"""Hostile templates, components and template modules: refused or stopped, and everybody else is well."""

from collections.abc import AsyncIterator, Mapping

import pytest
import pytest_asyncio

from device_runtime.program.session import ProgramSession
from device_runtime.program.sessions import Sessions
from tests.program import attacks
from tests.program.components import component, made, page
from tests.program.running import Board, Recorder, surroundings

pytestmark = pytest.mark.asyncio(loop_scope="module")

ALIVE = "onVoiceIntent() { return 'alive' }"
PAGE = f"Page({{data: {{n: 0, list: [1, 2], deep: 1}}, {ALIVE}}})"
CALLING = '<wxs module="m">%s</wxs><view wx:for="{{list}}">{{m.f(item)}}</view>'


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def board() -> AsyncIterator[Board]:
    recorder = Recorder()
    sessions = Sessions(surroundings(recorder, attacks.QUOTAS))
    await sessions.start()
    yield Board(sessions, recorder)
    await sessions.close()


async def run(board: Board, *parts: Mapping[str, str]) -> ProgramSession:
    session = await board.run(made(*parts))
    assert await session.intent("any", {}, "") == "alive"
    lines = "\n".join(line for _, line, _ in board.heard.logs.get(session.app_id, []))
    assert "Traceback" not in lines
    await board.sessions.stop(session.app_id)
    return session


def lines(board: Board, session: ProgramSession) -> str:
    return "\n".join(line for _, line, _ in board.heard.logs.get(session.app_id, []))


async def test_a_component_that_contains_itself_is_refused(board: Board) -> None:
    session = await run(board, page("<c/>", PAGE, c="/c/c"), component("c/c", "<view>x</view><c/>", c="/c/c"))
    assert "components use each other more than 32 deep" in lines(board, session)


async def test_a_component_that_contains_itself_twice_does_not_grow_without_end(board: Board) -> None:
    session = await run(board, page("<c/>", PAGE, c="/c/c"), component("c/c", "<c/><c/><view/>", c="/c/c"))
    assert "components use each other more than 32 deep" in lines(board, session)


async def test_templates_that_double_themselves_run_into_the_quota_of_nodes(board: Board) -> None:
    template = (
        '<template name="t"><view>{{n}}</view><template is="t" data="{{n: n + 1}}" wx:if="{{n < 30}}"/>'
        '<template is="t" data="{{n: n + 1}}" wx:if="{{n < 30}}"/></template><template is="t" data="{{n}}"/>'
    )
    session = await run(board, page(template, PAGE))
    assert "the page would have more than 2000 nodes" in lines(board, session)


async def test_loops_in_loops_run_into_the_quota_of_nodes(board: Board) -> None:
    loops = '<view wx:for="{{100}}" wx:key="*this"><view wx:for="{{100}}" wx:for-item="b">{{b}}</view></view>'
    session = await run(board, page(loops, PAGE))
    assert "pages/a/a cannot be shown: the page would have more than 2000 nodes" in lines(board, session)


async def test_a_page_at_its_limit_of_nodes_goes_on_changing(board: Board) -> None:
    script = f"""Page({{data: {{list: []}}, onLoad() {{
      for (let round = 0; round < 50; round++) {{
        this.setData({{list: new Array(900).fill(round)}}); this.setData({{list: []}}) }}
      console.log('changed') }}, {ALIVE}}})"""
    session = await run(board, page('<view wx:for="{{list}}" wx:key="none">{{item}}</view>', script))
    assert lines(board, session).endswith("changed")
    assert "nodes" not in lines(board, session)


@pytest.mark.parametrize(
    ("module", "said"),
    [
        ("module.exports.f = function () { while (true) {} }", "it took longer than"),
        ("while (true) {} module.exports.f = function () {}", "it took longer than"),
        ("module.exports.f = function (x) { return module.exports.f(x) + 1 }", "RangeError: Maximum call stack"),
        ("module.exports.f = function () { var a = []; while (true) a.push('x' + a.length) }", "it took longer than|16 MB"),
        ("module.exports.f = function () { var a = []; a.push(a); return a }", "nested deeper than"),
        ("module.exports.f = function () { return getRegExp('(a+)+$').test('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab') }", "it took longer than"),
        ("var p = [].__proto__; p.push = p.map = 5; module.exports.f = function (x) { return x }", ""),
        ("var p = ({}).__proto__; p.toJSON = function () { return this }; module.exports.f = function (x) { return x }", ""),
    ],
)  # fmt: skip
async def test_a_template_module_hurts_its_own_bindings(board: Board, module: str, said: str) -> None:
    session = await run(board, page(CALLING % module, PAGE))
    found = lines(board, session)
    assert any(part in found for part in said.split("|"))


async def test_many_slow_bindings_have_the_time_of_one_event(board: Board) -> None:
    script = f"Page({{data: {{list: []}}, tap() {{ this.setData({{list: [1,2,3,4,5,6,7,8,9]}}) }}, {ALIVE}}})"
    slow = "module.exports.f = function () { while (true) {} }"
    session = await board.run(made(page(CALLING % slow + '<view bindtap="tap"/>', script)))
    session.node_event(1, 1, "tap", {}, [], 0.0)
    assert await session.intent("any", {}, "") == "alive"
    await board.heard.error(session, "the handler tap took longer than 0.2 s")
    await board.sessions.stop(session.app_id)


async def test_a_timer_of_a_module_at_the_end_of_time_is_a_timer_of_now(board: Board) -> None:
    module = """module.exports.f = function (v, old, owner) { owner.setTimeout(function () { owner.callMethod('heard', {}) }, 1e300) }"""
    template = f'<wxs module="m">{module}</wxs><view change:n="{{{{m.f}}}}" n="{{{{n}}}}"/>'
    script = (
        f"Page({{data: {{n: 0}}, onReady() {{ this.setData({{n: 1}}) }}, heard() {{ console.log('heard') }}, {ALIVE}}})"
    )
    session = await board.run(made(page(template, script)))
    await board.heard.line(session, "heard")
    await board.sessions.stop(session.app_id)
