# ruff: noqa: E501 a line of JavaScript reads better whole
"""Data observers and setData in components."""

import pytest

from tests.program.components import component, lines_of, made, page, shown, tap
from tests.program.running import Board

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    ("watched", "changes", "called"),
    [
        ("a", "{a: 1}", "1"),
        ("a", "{b: 1}", None),
        ("a", "{'a.b': 1}", None),
        ("a, b", "{b: 2}", "undefined,2"),
        ("a,b", "{a: 1, b: 2}", "1,2"),
        ("a.b", "{'a.b': 3}", "3"),
        ("a.b", "{a: {b: 4}}", "4"),
        ("a.b", "{'a.c': 4}", None),
        ("a.b", "{'a.b.c': 5}", None),
        ("list[1]", "{'list[1]': 6}", "6"),
        ("list[1]", "{list: [7, 8]}", "8"),
        ("list[1]", "{'list[0]': 6}", None),
        ("some.field.**", "{'some.field.deep[0].x': 1}", '{"deep":[{"x":1}]}'),
        ("some.field.**", "{'some.field': 2}", "2"),
        ("some.field.**", "{some: {field: 3}}", "3"),
        ("some.field.**", "{'some.other': 3}", None),
        ("**", "{zzz: 1}", '{"seen":"","zzz":1}'),
    ],
)
async def test_an_observer_hears_of_the_fields_it_names(
    board: Board, watched: str, changes: str, called: str | None
) -> None:
    script = f"""Component({{data: {{seen: ''}}, observers: {{'{watched}'(...values) {{
        console.log(values.map((v) => typeof v === 'object' ? JSON.stringify(v) : String(v)).join()) }} }},
      attached() {{ this.setData({changes}); console.log('done') }} }})"""
    _, lines = await lines_of(
        board, page("<x/>", x="/c/c"), component("c/c", "", script), count=1 if called is None else 2
    )
    assert lines == ["done"] if called is None else [called, "done"]


async def test_an_observer_hears_even_of_a_value_that_stays(board: Board) -> None:
    script = (
        "Component({data: {n: 1}, observers: {n() { console.log('heard') }}, attached() { this.setData({n: 1}) } })"
    )
    _, lines = await lines_of(board, page("<x/>", x="/c/c"), component("c/c", "", script), count=1)
    assert lines == ["heard"]


async def test_an_observer_that_cannot_be_read_is_reported_with_its_place(board: Board) -> None:
    session = await board.run(
        made(page("<x/>seen", x="/c/c"), component("c/c", "", "\nComponent({observers: {'a..b'() {}}})"))
    )
    _, source = await board.heard.error(session, 'observers: "a..b" cannot be read; write fields as a, b.c[2] or d.**')
    assert source.startswith("c/c.js:2")
    assert shown(board, session).root.text_content() == "seen"


async def test_what_observers_set_joins_in_one_update_of_the_view(board: Board) -> None:
    script = """Component({data: {a: 0, b: 0, c: 0}, observers: {
        a(a) { this.setData({b: a + 1}); console.log('a', this.data.b) },
        b(b) { if (this.data.c < 2) this.setData({c: this.data.c + 1}); console.log('b', b) },
        'b, c'(b, c) { if (c === 1) this.setData({b: 10}); console.log('b, c', b, c) }},
      methods: {go() { this.setData({a: 1}); console.log('done', JSON.stringify(this.data)) }} })"""
    pages = page("<x id='x'/>", "Page({onReady() { this.selectComponent('#x').go() }})", x="/c/c")
    session, lines = await lines_of(board, pages, component("c/c", "{{a}} {{b}} {{c}}", script), count=6)
    assert lines == ["a 2", "b 2", "b, c 2 1", "b 10", "b, c 10 2", 'done {"a":1,"b":10,"c":2}']
    assert shown(board, session).root.text_content() == "1 10 2"
    assert len(board.heard.patches[session.app_id]) == 2


async def test_observers_come_before_the_view_and_observers_of_properties_after_it(board: Board) -> None:
    child = """Component({properties: {n: {type: Number, observer(n) { console.log('child property', n) }}},
      observers: {n(n) { console.log('child', n) }} })"""
    parent = """Component({properties: {n: {type: Number, observer(n) { console.log('parent property', n) }}},
      observers: {n(n) { console.log('parent', n) }}, methods: {go() { this.setData({n: 5}); console.log('set') }} })"""
    parts = [
        page("<x id='x'/>", "Page({onReady() { this.selectComponent('#x').go() }})", x="/c/parent"),
        component("c/parent", "<y n='{{n}}'/>", parent, y="/c/child"),
        component("c/child", "", child),
    ]
    _, lines = await lines_of(board, *parts, count=6)
    assert lines[-5:] == ["parent 5", "child 5", "child property 5", "parent property 5", "set"]


async def test_properties_passed_at_first_are_observed_between_created_and_attached(board: Board) -> None:
    script = """Component({properties: {n: {type: Number, value: 1, observer(a, b) { console.log('property', a, b) }}},
      observers: {n(n) { console.log('observed', n) }}, created() { console.log('created', this.data.n) }, attached() { console.log('attached', this.data.n) } })"""
    _, lines = await lines_of(board, page("<x n='2'/><x n='1'/><x/>", x="/c/c"), component("c/c", "", script), count=9)
    assert lines == [
        "created 1", "observed 2", "property 2 1",
        "created 1", "observed 1",
        "created 1",
        "attached 2", "attached 1", "attached 1",
    ]  # fmt: skip


async def test_what_set_data_brought_is_there_when_it_returns(board: Board) -> None:
    child = "Component({properties: {n: Number}, attached() { console.log('attached', this.data.n) }, detached() { console.log('detached', this.data.n) } })"
    script = """Page({data: {list: []}, onReady() {
      this.setData({list: [1, 2]}); console.log(this.selectAllComponents('.c').map((c) => c.data.n).join());
      this.setData({list: [2]}); console.log(this.selectAllComponents('.c').length) }})"""
    pages = page("<x wx:for='{{list}}' wx:key='*this' class='c' n='{{item}}'/>", script, x="/c/c")
    _, lines = await lines_of(board, pages, component("c/c", "", child), count=5)
    assert lines == ["attached 1", "attached 2", "1,2", "detached 1", "1"]


async def test_lifetimes_may_set_data_that_bring_components(board: Board) -> None:
    inner = "Component({created() { console.log('inner created') }, attached() { console.log('inner attached') }, ready() { console.log('inner ready') } })"
    outer = """Component({data: {there: false}, attached() { console.log('outer attached'); this.setData({there: true}); console.log('set', !!this.selectComponent('#i')) },
      ready() { console.log('outer ready') } })"""
    parts = [
        page("<o/>", o="/c/o"),
        component("c/o", "<i id='i' wx:if='{{there}}'/>", outer, i="/c/i"),
        component("c/i", "", inner),
    ]
    _, lines = await lines_of(board, *parts, count=6)
    assert lines == ["outer attached", "inner created", "inner attached", "set true", "outer ready", "inner ready"]


async def test_a_binding_of_a_components_own_property_goes_both_ways(board: Board) -> None:
    inner = """Component({properties: {value: {type: String, observer(v) { console.log('inner', v) }}},
      methods: {type(v) { this.setData({value: v}) }} })"""
    middle = "Component({properties: {text: {type: String, observer(v) { console.log('middle', v) }}}, methods: {type(v) { this.selectComponent('#i').type(v) }} })"
    script = """Component({data: {o: {s: 'start'}}, observers: {'o.**'(o) { console.log('page', o.s) }},
      methods: {onReady() { this.selectComponent('#m').type('typed'); console.log('is', this.data.o.s) }} })"""
    parts = [
        page("<m id='m' model:text='{{o.s}}'/>{{o.s}}", script, m="/c/m"),
        component("c/m", "<i id='i' model:value='{{text}}'/>", middle, i="/c/i"),
        component("c/i", "{{value}}", inner),
    ]
    session, lines = await lines_of(board, *parts, count=6)
    assert lines[:2] == ["inner start", "middle start"]
    assert sorted(lines[2:5]) == ["inner typed", "middle typed", "page typed"]
    assert lines[5] == "is typed"
    assert shown(board, session).root.text_content() == "typedtyped"


async def test_data_have_the_object_that_was_set_and_the_view_a_copy(board: Board) -> None:
    script = """Component({properties: {list: {type: Array, observer() { console.log('property'); this.mark() }}}, data: {o: null, bytes: null},
      methods: {mark() { const {list} = this.data; list.forEach((item) => { item.seen = true }); this.setData({list}); },
        go() { const o = {a: 1}; this.setData({o, bytes: new Uint8Array([1])}); o.a = 2; console.log(this.data.o === o, this.data.bytes.length); this.setData({'o.b': 3}) }},
      ready() { this.go() } })"""
    pages = page("<x list='{{[{n: 1}]}}'/>", x="/c/c")
    session, lines = await lines_of(board, pages, component("c/c", "{{list[0].seen}} {{o.a}} {{o.b}}", script), count=2)
    assert lines == ["property", "true 1"]
    await board.heard.until(lambda: shown(board, session).root.text_content() == "true 1 3")


async def test_a_component_goes_on_after_an_observer_without_end(board: Board) -> None:
    script = """Component({data: {a: 1, b: 0}, observers: {a(a) { if (a === 2) this.setData({a: 2}) }, b(b) { console.log('b', b) }},
      methods: {endless() { this.setData({a: 2}) }, fine() { this.setData({a: 3, b: 4}) }} })"""
    template = "<button id='e' bindtap='endless'/><button id='f' bindtap='fine'/>{{a}} {{b}}"
    session = await board.run(made(page("<x/>", x="/c/c"), component("c/c", template, script)))
    tap(board, session, "e")
    await board.heard.error(session, "took longer than")
    tap(board, session, "f")
    await board.heard.line(session, "b 4")
    await board.heard.until(lambda: shown(board, session).root.text_content() == "3 4")
