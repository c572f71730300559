# ruff: noqa: E501 a line of JavaScript reads better whole
"""Events and messages between components."""

import json

import pytest

from tests.program.components import component, lines_of, made, page, shown, tap
from tests.program.running import Board

pytestmark = pytest.mark.asyncio(loop_scope="module")

TELL = "heard(e) { console.log('%s', e.type, e.target.id, e.currentTarget.id) }"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("{}", ["page custom child child"]),
        ("{bubbles: true}", ["page custom child child", "page custom child parent"]),
        (
            "{bubbles: true, composed: true}",
            ["page custom child child", "parent custom inner inner", "page custom child parent"],
        ),
        ("{capturePhase: true}", ["captured custom child parent", "page custom child child"]),
    ],
)
async def test_an_event_goes_as_far_as_its_options_say(board: Board, options: str, expected: list[str]) -> None:
    parent = component(
        "c/parent",
        "<view id='inner' bindcustom='heard'><slot/></view>",
        "Component({methods: {%s}})" % (TELL % "parent"),
    )
    child = component(
        "c/child",
        "<view id='deep' bindcustom='heard'><button id='b' bindtap='go'/></view>",
        f"Component({{methods: {{ {TELL % 'child'}, go() {{ this.triggerEvent('custom', {{}}, {options}); console.log('done') }} }} }})",
    )
    pages = page(
        "<p id='parent' bindcustom='heard' capture-bind:custom='captured'><c id='child' bindcustom='heard'/></p>",
        "Page({%s, captured(e) { console.log('captured', e.type, e.target.id, e.currentTarget.id) }})"
        % (TELL % "page"),
        p="/c/parent",
        c="/c/child",
    )
    session = await board.run(made(pages, parent, child))
    tap(board, session, "b")
    await board.heard.line(session, "done")
    assert [line for line in board.heard.lines(session) if line != "done"] == expected


async def test_an_event_of_a_component_is_as_in_wechat(board: Board) -> None:
    script = "Component({methods: {go() { this.triggerEvent('sent', {a: [1], f() { return 2 }}) }} })"
    pages = page(
        "<view mark:outer='o'><x id='x' data-kind='k' mark:own='{{1}}' bind:sent='heard'/></view>",
        "Page({heard(e) { console.log(JSON.stringify([e.type, typeof e.timeStamp, e.target.id, e.target.dataset, e.currentTarget.dataset, e.mark, e.detail, e.detail.f()])) }})",
        x="/c/x",
    )
    session = await board.run(made(pages, component("c/x", "<button id='b' bindtap='go'/>", script)))
    tap(board, session, "b")
    assert json.loads(await board.heard.line(session, "[")) == [
        "sent",
        "number",
        "x",
        {"kind": "k"},
        {"kind": "k"},
        {"outer": "o", "own": 1},
        {"a": [1]},
        2,
    ]


async def test_a_tap_in_a_component_is_its_own_and_then_its_owners(board: Board) -> None:
    script = "Component({methods: {tap(e) { console.log('inner', this.is, e.target.id, e.currentTarget.id) }} })"
    pages = page(
        "<view id='v' bindtap='tap'><x id='x' bindtap='tap'/></view>",
        "Page({tap(e) { console.log('page', this.route, e.target.id, e.currentTarget.id) }})",
        x="/c/x",
    )
    session = await board.run(made(pages, component("c/x", "<button id='b' bindtap='tap'/>", script)))
    tap(board, session, "b")
    await board.heard.until(lambda: len(board.heard.lines(session)) == 3)
    assert board.heard.lines(session) == ["inner c/x b b", "page pages/a/a x x", "page pages/a/a x v"]


async def test_slotted_content_is_heard_by_its_own_owner(board: Board) -> None:
    script = "Component({methods: {tap(e) { console.log('component', e.target.id) }} })"
    pages = page(
        "<x id='x'><button id='b' bindtap='tap'/></x>", "Page({tap(e) { console.log('page', e.target.id) }})", x="/c/x"
    )
    session = await board.run(made(pages, component("c/x", "<view id='v' bindtap='tap'><slot/></view>", script)))
    tap(board, session, "b")
    await board.heard.until(lambda: len(board.heard.lines(session)) == 2)
    assert board.heard.lines(session)[0] == "page b"
    assert board.heard.lines(session)[1].startswith("component")


async def test_an_unknown_method_is_named_with_its_component(board: Board) -> None:
    session = await board.run(made(page("<x/>", x="/c/x"), component("c/x", "<button id='b' bindtap='nope'/>")))
    tap(board, session, "b")
    await board.heard.line(session, 'c/x has no method "nope" for the event tap', "warn")


async def test_what_is_typed_in_a_component_reaches_its_data_and_its_observers(board: Board) -> None:
    script = "Component({data: {v: 'old'}, observers: {v(v) { console.log('observed', v) }}, methods: {typed(e) { console.log('typed', this.data.v, e.detail.value) }} })"
    session = await board.run(
        made(
            page("<x/>", x="/c/x"),
            component("c/x", "<input id='i' model:value='{{v}}' bindinput='typed'/>{{v}}", script),
        )
    )
    tap(board, session, "i", "input", {"value": "new"})
    await board.heard.line(session, "typed new new")
    assert board.heard.lines(session)[0] == "observed new"
    await board.heard.until(lambda: "new" in board.heard.texts(session))


async def test_what_is_typed_reaches_the_page_through_the_components_between(board: Board) -> None:
    script = "Component({properties: {value: String}})"
    pages = page(
        "<x model:value='{{name}}'/><text id='t'>{{name}}</text>",
        "Page({data: {name: 'old'}, onLoad() { console.log('up') }, told() {}})",
        x="/c/x",
    )
    session = await board.run(made(pages, component("c/x", "<input id='i' model:value='{{value}}'/>", script)))
    tap(board, session, "i", "input", {"value": "new"})
    await board.heard.until(lambda: shown(board, session).find(id="t").text_content() == "new")


async def test_a_message_goes_up_to_the_first_that_takes_it(board: Board) -> None:
    child = "Component({created() { this.dispatch('early', 1) }, attached() { this.dispatch('known', {n: 1}); this.dispatch('pages', 2); this.dispatch('nobody', 3); console.log('done') } })"
    taking = "Component({messages: {%s}})"
    parts = [
        page(
            "<o><m><c/></m></o>",
            "Page({messages: {pages(e) { console.log('page', e.value) }, known() { console.log('never') }}})",
            o="/c/o",
            m="/c/m",
            c="/c/c",
        ),
        component(
            "c/o", "<slot/>", taking % "known() { console.log('never') }, early(e) { console.log('outer', e.value) }"
        ),
        component("c/m", "<slot/>", taking % "known(e) { console.log('middle', e.value.n, e.target.is, this.is) }"),
        component("c/c", "", child),
    ]
    _, lines = await lines_of(board, *parts, count=4)
    assert lines == ["outer 1", "middle 1 c/c c/m", "page 2", "done"]


async def test_swans_set_data_takes_a_path_and_a_value(board: Board) -> None:
    script = "Component({data: {o: {a: [0]}}, attached() { this.setData('o.a[0]', 5, () => console.log('shown')); console.log(this.getData('o.a[0]'), this.getData('none')) } })"
    session, lines = await lines_of(board, page("<x/>", x="/c/x"), component("c/x", "{{o.a[0]}}", script), count=2)
    assert lines == ["5 undefined", "shown"]
    assert shown(board, session).root.text_content() == "5"
