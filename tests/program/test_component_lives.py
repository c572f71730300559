# ruff: noqa: E501 a line of JavaScript reads better whole
"""The lives of components: their order, their pages', and what goes wrong in them."""

import pytest

from device_runtime.program.session import ProgramSession
from tests.program.components import component, lines_of, made, page, shown, tap
from tests.program.running import Board

pytestmark = pytest.mark.asyncio(loop_scope="module")

NAMES = ("created", "attached", "ready", "moved", "detached")
PAGE_NAMES = ("onLoad", "onShow", "onReady", "onHide", "onUnload")


def lives(name: str, more: str = "") -> str:
    """A component that tells its life."""
    told = ", ".join(f"{life}() {{ console.log('{name} {life}') }}" for life in NAMES)
    outer = ", ".join(f"{life}(x) {{ console.log('{name} page {life}') }}" for life in ("show", "hide"))
    return f"Component({{lifetimes: {{ {told} }}, pageLifetimes: {{ {outer} }}, {more} }})"


def page_lives(more: str = "") -> str:
    told = ", ".join(f"{life}() {{ console.log('{life}') }}" for life in PAGE_NAMES)
    return f"Page({{ {told}, {more} }})"


async def test_the_lives_of_a_page_and_its_components_come_in_wechats_order(board: Board) -> None:
    parts = [
        page("<o><l/></o><p/>", page_lives(), o="/c/o", l="/c/l", p="/c/p"),
        component("c/o", "<s/><slot/>", lives("outer"), s="/c/s"),
        component("c/s", "", lives("shadow")),
        component("c/l", "", lives("light")),
        component("c/p", "", lives("plain")),
        page("", "Page({onLoad() { console.log('other') }})", "pages/b/b"),
    ]
    session, lines = await lines_of(board, *parts, count=19, app={"pages": ["pages/a/a", "pages/b/b"]})
    assert lines == [
        "shadow created", "outer created", "light created", "plain created",
        "outer attached", "shadow attached", "light attached", "plain attached",
        "onLoad",
        "outer page show", "shadow page show", "light page show", "plain page show",
        "onShow",
        "shadow ready", "outer ready", "light ready", "plain ready",
        "onReady",
    ]  # fmt: skip
    session.open("/pages/b/b", "redirectTo")
    await board.heard.line(session, "other")
    assert board.heard.lines(session)[19:] == [
        "onUnload",
        "light detached", "shadow detached", "outer detached", "plain detached",
        "other",
    ]  # fmt: skip


async def test_components_hear_when_their_page_goes_to_the_back(board: Board) -> None:
    parts = [page("<o/>", page_lives(), o="/c/o"), component("c/o", "", lives("outer"))]
    session, _ = await lines_of(board, *parts, count=7)
    session.hide()
    session.show()
    await board.heard.until(lambda: len(board.heard.lines(session)) == 11)
    assert board.heard.lines(session)[7:] == ["outer page hide", "onHide", "outer page show", "onShow"]


async def test_components_hear_of_another_size_of_their_page(board: Board) -> None:
    script = "Component({pageLifetimes: {resize(r) { console.log('component', r.size.windowWidth) }}})"
    pages = page(
        "<o/>",
        "Page({onReady() { console.log('up') }, onResize(r) { console.log('page', r.size.windowWidth) }})",
        o="/c/o",
    )
    session, _ = await lines_of(board, pages, component("c/o", "", script), count=1)
    session.capability_event("windowResize", {"windowWidth": 500, "windowHeight": 300})
    await board.heard.line(session, "page 500")
    assert board.heard.lines(session) == ["up", "component 500", "page 500"]


async def test_components_hear_that_the_page_has_been_routed_to(board: Board) -> None:
    script = "Component({pageLifetimes: {routeDone() { console.log('routed') }}})"
    parts = [
        page(
            "<o/>", "Page({onReady() { console.log('ready') }, onRouteDone() { console.log('page routed') }})", o="/c/o"
        ),
        component("c/o", "", script),
    ]
    _, lines = await lines_of(board, *parts, count=3)
    assert lines == ["ready", "routed", "page routed"]


async def test_lifetimes_may_stand_at_the_top_or_be_methods_names(board: Board) -> None:
    script = """Component({created() { console.log('top created') }, attached() { console.log('not this') }, detached: 'bye', ready: 'hi',
      lifetimes: {attached() { console.log('lifetimes attached') }}, methods: {hi() { console.log('hi') }, bye() { console.log('bye') }} })"""
    pages = page("<o wx:if='{{on}}'/>", "Page({data: {on: true}, onReady() { this.setData({on: false}) }})", o="/c/o")
    _, lines = await lines_of(board, pages, component("c/o", "", script), count=4)
    assert lines == ["top created", "lifetimes attached", "hi", "bye"]


async def test_components_come_move_and_go_with_an_update(board: Board) -> None:
    script = """Component({properties: {n: Number}, created() { console.log('created') }, attached() { console.log('attached', this.data.n) },
      ready() { console.log('ready', this.data.n) }, moved() { console.log('moved', this.data.n) }, detached() { console.log('detached', this.data.n) } })"""
    pages = page(
        "<o wx:for='{{list}}' wx:key='*this' n='{{item}}'/>",
        """Page({data: {list: [1, 2]}, onReady() { console.log('-'); this.setData({list: [2, 3, 1]}, () => { console.log('shown'); this.setData({list: [1]}) }) }})""",
        o="/c/o",
    )
    _, lines = await lines_of(board, pages, component("c/o", "", script), count=14)
    assert lines[:6] == ["created", "created", "attached 1", "attached 2", "ready 1", "ready 2"]
    rest = lines[lines.index("-") + 1 :]
    assert rest[:-5].count("created") == 1
    assert "attached 3" in rest
    assert sum(line.startswith("moved") for line in rest) == 1
    assert rest[-4:] == ["ready 3", "shown", "detached 2", "detached 3"]


async def test_an_error_in_one_lifetime_stops_no_other_and_is_told_to_error(board: Board) -> None:
    bad = """Component({
  created() { throw new Error('in created') },
  attached() { throw new Error('in attached') },
  observers: {n() { throw new Error('in observer') }},
  properties: {n: Number},
  lifetimes: {error(e) { console.log('error', e.message) }, ready() { console.log('ready') }} })"""
    parts = [
        page("<x n='1'/><y/>", "Page({onReady() { console.log('page ready') }})", x="/c/x", y="/c/y"),
        component("c/x", "", bad),
        component("c/y", "", lives("other")),
    ]
    session = await board.run(made(*parts))
    await board.heard.line(session, "page ready")
    assert board.heard.lines(session) == [
        "error in created", "error in observer", "other created", "error in attached", "other attached", "other page show", "ready", "other ready", "page ready",
    ]  # fmt: skip
    assert [(text.split("\n")[0], source.rpartition(":")[0]) for text, source in board.heard.errors(session)] == [
        ("Error: in created", "c/x.js:2"),
        ("Error: in observer", "c/x.js:4"),
        ("Error: in attached", "c/x.js:3"),
    ]


@pytest.mark.parametrize(
    ("script", "message", "source"),
    [
        ("const a = 1;\nnope()", "nope is not defined", "c/x.js:2"),
        ("// nothing", "c/x.js calls no Component()", "c/x.js:1"),
        ("Page({})", "c/x.js is used as a component and calls Page(); it must call Component()", "c/x.js:1"),
        ("const b = Behavior({}); b.behaviors = [b];\nComponent({behaviors: [b]})", "Maximum call stack", "c/x.js:1"),
        ("Component(5)", "the argument must be an object, not 5", "c/x.js:1"),
        ("Component({get data() { throw new Error('trap') }})", "trap", "c/x.js:1"),
    ],
)
async def test_a_page_is_shown_without_a_component_that_cannot_be_defined(
    board: Board, script: str, message: str, source: str
) -> None:
    parts = [
        page("<x/>rest<y/>", "Page({onReady() { console.log('up') }})", x="/c/x", y="/c/y"),
        component("c/x", "never", script),
        component("c/y", "good"),
    ]
    session = await board.run(made(*parts))
    _, at = await board.heard.error(session, message)
    assert at.startswith(source)
    await board.heard.line(session, "up")
    assert shown(board, session).root.text_content() == "restgood"


async def test_a_component_may_be_called_by_a_module_that_its_file_requires(board: Board) -> None:
    maker = {"lib/make.js": "module.exports = (name) => Component({attached() { console.log(name, this.is) }})"}
    early = {"lib/direct.js": "Component({attached() { console.log('direct', this.is) }})"}
    parts = [
        page("<x/><y/><z/>", x="/c/x", y="/c/y", z="/c/z"),
        component("c/x", "", "require('../lib/make.js')('x')"),
        component("c/y", "", "require('../lib/direct.js')"),
        component("c/z", "", "require('./x.js'); require('../lib/make.js')('z')"),
        maker,
        early,
    ]
    _, lines = await lines_of(board, *parts, count=3)
    assert lines == ["x c/x", "direct c/y", "z c/z"]


async def test_a_component_that_uses_itself_ends_where_its_template_ends_it(board: Board) -> None:
    tree = component(
        "c/tree",
        "{{depth}}<tree wx:if='{{depth > 0}}' depth='{{depth - 1}}'/>",
        "Component({properties: {depth: Number}})",
        tree="/c/tree",
    )
    session, _ = await lines_of(
        board, page("<tree depth='{{3}}'/>", "Page({onReady() { console.log('up') }})", tree="/c/tree"), tree, count=1
    )
    assert shown(board, session).root.text_content() == "3210"


async def test_a_component_without_an_end_is_refused_and_the_program_goes_on(board: Board) -> None:
    tree = component("c/tree", "<tree/>", "Component({})", tree="/c/tree")
    session = await board.run(made(page("<tree/>", "Page({onReady() { console.log('up') }})", tree="/c/tree"), tree))
    await board.heard.error(session, "cannot be shown")
    await board.heard.line(session, "up")


async def test_a_page_with_components_goes_out_as_one_snapshot(board: Board) -> None:
    script = "Component({data: {n: 0}, attached() { this.setData({n: this.data.n + 1}) } })"
    pages = page(
        "<x/>{{m}}",
        "Page({data: {m: 0}, onLoad() { this.setData({m: 1}) }, onShow() { this.setData({m: 2}) }, onReady() { console.log('up') }})",
        x="/c/x",
    )
    session, _ = await lines_of(board, pages, component("c/x", "{{n}}/", script), count=1)
    patches = board.heard.patches[session.app_id]
    assert len(patches) == 1
    assert [operation[0] for operation in patches[0][1]] == ["insert"] * len(patches[0][1])
    assert shown(board, session).root.text_content() == "1/2"


async def test_the_stack_names_the_styles_of_a_pages_components(board: Board) -> None:
    styled = component("c/x", "", "Component({})", y="/c/y") | {"c/x.wxss": ".a { color: red }"}
    inner = component("c/y") | {"c/y.wxss": ".b { color: red }"}
    parts = [
        page("<x/>", "Page({onReady() { console.log('up') }})", x="/c/x"),
        styled | {"c/x.wxml": "<y/>"},
        inner,
        page("", path="pages/b/b"),
    ]
    session, _ = await lines_of(board, *parts, count=1, app={"pages": ["pages/a/a", "pages/b/b"]})
    session.open("/pages/b/b", "navigateTo")
    await board.heard.until(lambda: len(board.heard.stacks[session.app_id]) > 1)
    pages = board.heard.stacks[session.app_id][-1][0]
    assert sorted(pages[0]["styles"]) == ["c/x.css", "c/y.css"]
    assert pages[1]["styles"] == []


async def test_instances_that_are_gone_are_left_alone(board: Board) -> None:
    script = """Component({attached() { setTimeout(() => { this.setData({n: 1}); this.triggerEvent('x'); console.log('late', this.selectComponent('.a'), this.id === '', this.is) }, 1) },
      detached() { this.setData({n: 2}); console.log('detached', this.data.n) } })"""
    pages = page("<x wx:if='{{on}}'/>", "Page({data: {on: true}, onReady() { this.setData({on: false}) }})", x="/c/x")
    session, lines = await lines_of(board, pages, component("c/x", "", script), count=2)
    assert lines == ["detached 2", "late null true c/x"]
    assert board.heard.lines(session, "warn") == []


async def _tapped(board: Board, session: ProgramSession, identity: str, line: str) -> str:
    tap(board, session, identity)
    return await board.heard.line(session, line)


async def test_the_custom_tab_bar_is_a_component_of_each_tab_page(board: Board) -> None:
    bar = component("custom-tab-bar/index", "<view id='bar'>{{selected}}</view>", "Component({data: {selected: 0}})")
    script = """Page({onShow() { if (this.getTabBar()) this.getTabBar().setData({selected: '%s'}); console.log('%s', this.getTabBar().is) }})"""
    app = {
        "pages": ["pages/a/a", "pages/b/b"],
        "tabBar": {
            "custom": True,
            "list": [{"pagePath": "pages/a/a", "text": "a"}, {"pagePath": "pages/b/b", "text": "b"}],
        },
    }
    parts = [page("A", script % ("a", "a")), page("B", script % ("b", "b"), "pages/b/b"), bar]
    session, _ = await lines_of(board, *parts, count=1, app=app)
    session.open("/pages/b/b", "switchTab")
    await board.heard.line(session, "b custom-tab-bar/index")
    await board.heard.until(lambda: len(board.heard.patches[session.app_id]) == 2)
    assert shown(board, session).root.text_content() == "Aa"
    assert shown(board, session, 2).root.text_content() == "Bb"
