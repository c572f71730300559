# ruff: noqa: E501 a line of JavaScript reads better whole
"""What ``this`` of a component has."""

import pytest

from tests.program.components import component, lines_of, made, page
from tests.program.running import Board

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("this.is", "c/x"),
        ("this.id", "x"),
        ("JSON.stringify(this.dataset)", '{"kind":"k","n":2}'),
        ("this.data === this.properties", "true"),
        ("this.data === this.__data__", "true"),
        (
            "(() => { const deep = this.selectComponent('#deep'); this.setData({deep, more: [deep]}); return this.data.deep === deep && this.data.more[0] === deep })()",
            "true",
        ),
        ("this.getPageId()", "pageId:1"),
        ("this.renderer", "webview"),
        ("this.hasBehavior('wx://form-field')", "false"),
        ("this.selectComponent('#deep').is", "c/y"),
        ("this.selectComponent('.none')", "null"),
        ("this.selectComponent('#x')", "null"),
        ("this.selectAllComponents('.y').length", "2"),
        ("this.selectAllComponents('view').length", "0"),
        ("this.selectComponent('view > .y') === this.selectAllComponents('.y')[1]", "true"),
        ("this.selectOwnerComponent().route", "pages/a/a"),
        ("this.selectComponent('#deep').selectOwnerComponent() === this", "true"),
        ("this.getTabBar()", "null"),
        ("this.getRelationNodes('./y').length", "0"),
        ("typeof this.createSelectorQuery().select", "function"),
        ("typeof this.getOpenerEventChannel().emit", "function"),
        (
            "(this.setInitialRenderingCache(null), this.setPassiveEvent(true), this.clearAnimatedStyle('.a', []))",
            "undefined",
        ),
        ("typeof this.router.navigateTo + typeof this.pageRouter.switchTab", "functionfunction"),
        (
            "(() => { let got; this.getPassiveEvent((c) => { got = c }); return JSON.stringify(got) })()",
            '{"touchmove":false,"touchstart":false,"wheel":false}',
        ),
        (
            "(() => { let got = ''; this.groupSetData(() => { this.setData({a: 1}); got = this.data.a }); return got })()",
            "1",
        ),
        (
            "(() => { try { this.setData.call({}, {}) } catch (e) { return e.message } })()",
            "setData must be called on a page or component, as this.setData(...)",
        ),
        ("(() => { this.id = 'own'; return this.id })()", "own"),
        ("(() => { const heir = Object.create(this); heir.setData({a: 2}); return this.data.a + heir.is })()", "2c/x"),
    ],
)
async def test_an_instance_has_its_members(board: Board, code: str, expected: str) -> None:
    script = f"Component({{ready() {{ console.log(String({code})) }} }})"
    parts = [
        page("<x id='x' data-kind='k' data-n='{{2}}'/>", x="/c/x"),
        component("c/x", "<y id='deep' class='y'/><view><y class='y z'/></view>", script, y="/c/y"),
        component("c/y"),
    ]
    _, lines = await lines_of(board, *parts, count=1)
    assert lines == [expected]


async def test_a_router_starts_from_its_component(board: Board) -> None:
    script = "Component({ready() { this.router.navigateTo({url: './next?x=1'}) } })"
    parts = [
        page("<x/>", x="/c/x"),
        component("c/x", "", script),
        page("", "Page({onLoad(q) { console.log('next', this.route, q.x) }})", "c/next"),
    ]
    _, lines = await lines_of(board, *parts, count=1, app={"pages": ["pages/a/a", "c/next"]})
    assert lines == ["next c/next 1"]


async def test_animations_of_key_frames_reach_the_nodes_that_a_selector_chooses(board: Board) -> None:
    script = """Component({ready() { this.animate('.a', [{opacity: 0}, {opacity: 1, ease: 'linear'}], 20, () => console.log('over'));
      this.clearAnimation('.a', {opacity: true}, () => console.log('cleared')) } })"""
    session, lines = await lines_of(
        board, page("<x/>", x="/c/x"), component("c/x", "<view class='a'/><view/><view class='a'/>", script), count=2
    )
    assert sorted(lines) == ["cleared", "over"]
    calls = [
        operation
        for _, operations, _ in board.heard.patches[session.app_id]
        for operation in operations
        if operation[0] == "call"
    ]
    frames = [{"opacity": 0}, {"opacity": 1, "ease": "linear"}]
    assert [call[2:] for call in calls] == [["animate", [frames, 20]]] * 2 + [["clearAnimation", [["opacity"]]]] * 2


async def test_an_update_performance_listener_is_told_of_each_update(board: Board) -> None:
    script = """Component({ready() { this.setUpdatePerformanceListener({withDataPaths: true}, (r) => console.log(JSON.stringify(r.dataPaths), r.updateEndTimestamp >= r.updateStartTimestamp));
      this.setData({'a[0].b': 1}) } })"""
    _, lines = await lines_of(board, page("<x/>", x="/c/x"), component("c/x", "", script), count=1)
    assert lines == ['[["a",0,"b"]] true']


async def test_a_component_survives_a_program_that_breaks_the_language(board: Board) -> None:
    breaking = """
    const bad = () => { throw new Error('polluted') };
    for (const type of [Array, String, Map, Set, WeakMap, RegExp, Promise, Function, Number]) {
      for (const key of Object.getOwnPropertyNames(type.prototype)) {
        if (key !== 'constructor') try { Object.defineProperty(type.prototype, key, {get: bad, set: bad, configurable: true}) } catch (e) {}
      }
    }
    for (const key of Object.getOwnPropertyNames(Object)) { try { Object[key] = bad } catch (e) {} }
    JSON.stringify = bad; Reflect.apply = bad;
    Object.prototype.get = bad; Object.prototype.value = 7; Object.prototype.type = bad; Object.prototype.target = bad;
    """
    child = "Component({properties: {n: {type: Number, value: 1}}, relations: {'./p': {type: 'parent', linked(p) { console.log('linked') }}}, observers: {'n, o.**'(n) { console.log('n', n) }}, attached() { this.triggerEvent('hi', {a: 1}) } })"
    parent = "Component({relations: {'./c': {type: 'child'}}, options: {pureDataPattern: /^_/}, attached() { this.setData({_x: 1, y: 2}) } })"
    pages = page(
        "<p><c id='c' n='{{n}}' bind:hi='hi'/></p>",
        breaking
        + "Page({data: {n: 5}, hi(e) { console.log('hi', e.detail.a) }, onReady() { this.setData({n: 6}); console.log('is', this.selectComponent('#c').data.n) }})",
        p="/c/p",
        c="/c/c",
    )
    session = await board.run(made(pages, component("c/p", "<slot/>", parent), component("c/c", "", child)))
    await board.heard.line(session, "is 6")
    assert board.heard.errors(session) == []
    assert board.heard.lines(session) == ["n 5", "hi 1", "linked", "n 6", "is 6"]
