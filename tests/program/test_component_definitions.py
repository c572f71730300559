# ruff: noqa: E501 a line of JavaScript reads better whole
"""What Component() and Behavior() understand: properties, data, methods, behaviors, options."""

from typing import Any

import pytest

from tests.program.components import component, lines_of, made, page, shown, tap, unit
from tests.program.running import Board

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHILD = "/c/c"


def child(script: str, template: str = "<slot/>", config: Any = None) -> dict[str, str]:
    return component("c/c", template, script, config)


@pytest.mark.parametrize(
    ("declared", "passed", "expected"),
    [
        ("String", "{{'a'}}", '"a"'),
        ("String", "{{1.5}}", '"1.5"'),
        ("String", "{{null}}", '""'),
        ("String", "{{[1, 2]}}", '"1,2"'),
        ("Number", "{{'12'}}", "12"),
        ("Number", "{{'x'}}", "0"),
        ("Number", "7", "7"),
        ("Boolean", "{{''}}", "false"),
        ("Boolean", "{{'false'}}", "true"),
        ("Boolean", None, "true"),
        ("Array", "{{[1]}}", "[1]"),
        ("Array", "{{5}}", "[]"),
        ("Object", "{{ {a: 1} }}", '{"a":1}'),
        ("Object", "{{5}}", "null"),
        ("null", "{{5}}", "5"),
        ("null", "{{nothing}}", "null"),
        ("{type: Number, optionalTypes: [String, Object]}", "{{'x'}}", '"x"'),
        ("{type: Number, optionalTypes: [String, Object]}", "{{ {a: 1} }}", '{"a":1}'),
        ("{type: Number, optionalTypes: [String]}", "{{true}}", "1"),
        ("{type: Object, value: {d: 1}}", "{{ {e: 2} }}", '{"e":2}'),
    ],
)
async def test_a_property_takes_its_type(board: Board, declared: str, passed: str | None, expected: str) -> None:
    script = f"Component({{properties: {{p: {declared}}}, attached() {{ console.log(JSON.stringify(this.data.p)) }} }})"
    attribute = "p" if passed is None else f'p="{passed}"'
    _, lines = await lines_of(board, page(f"<x {attribute}/>", x=CHILD), child(script), count=1)
    assert lines == [expected]


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("String", '""'),
        ("Number", "0"),
        ("Boolean", "false"),
        ("Array", "[]"),
        ("Object", "null"),
        ("null", "null"),
        ("{type: String, value: 'v'}", '"v"'),
        ("{value: 3}", "3"),
        ("{type: Array, value: () => [1]}", "[1]"),
        ("{type: Object, value: {a: [1]}}", '{"a":[1]}'),
    ],
)
async def test_a_property_that_nobody_passes_has_its_value(board: Board, declared: str, expected: str) -> None:
    script = f"Component({{properties: {{p: {declared}}}, attached() {{ console.log(JSON.stringify(this.properties.p)) }} }})"
    _, lines = await lines_of(board, page("<x/>", x=CHILD), child(script), count=1)
    assert lines == [expected]


async def test_set_data_of_a_property_fits_it_to_its_type(board: Board) -> None:
    script = """Component({properties: {n: Number, s: String}, attached() {
      this.setData({n: '5', s: 6}); console.log(JSON.stringify(this.data)) } })"""
    session, lines = await lines_of(board, page("<x/>", x=CHILD), child(script, "{{n + 1}}"), count=1)
    assert lines == ['{"n":5,"s":"6"}']
    assert shown(board, session).root.text_content() == "6"


async def test_instances_share_no_data(board: Board) -> None:
    script = """Component({properties: {p: {type: Object, value: {k: []}}}, data: {list: [1]},
      attached() { this.data.list.push(2); this.data.p.k.push(3); console.log(JSON.stringify(this.data)) } })"""
    _, lines = await lines_of(board, page("<x/><x/>", x=CHILD), child(script), count=2)
    assert lines == ['{"list":[1,2],"p":{"k":[3]}}'] * 2


@pytest.mark.parametrize(
    ("observer", "expected"),
    [
        ("function (a, b, path) { console.log('saw', a, b, path.join()) }", ["saw 2 1 n", "saw 3 2 n"]),
        ("'changed'", ["saw 2 1", "saw 3 2"]),
    ],
)
async def test_the_observer_of_a_property_is_a_function_or_a_methods_name(
    board: Board, observer: str, expected: list[str]
) -> None:
    script = f"""Component({{properties: {{n: {{type: Number, value: 1, observer: {observer}}}}},
      methods: {{ changed(a, b) {{ console.log('saw', a, b) }} }} }})"""
    pages = page(
        '<x n="{{n}}"/>', "Page({data: {n: 2}, onReady() { this.setData({n: 3}); this.setData({n: 3}) }})", x=CHILD
    )
    _, lines = await lines_of(board, pages, child(script), count=2)
    assert lines == expected


MIXED = """
const inner = Behavior({
  properties: {p: {type: String, value: 'inner'}, q: {type: String, value: 'inner'}},
  data: {o: {a: 'inner', b: 'inner', c: 'inner'}, list: ['inner'], d: 'inner'},
  methods: {m() { return 'inner' }, only() { return 'inner only' }},
  lifetimes: {attached() { console.log('attached inner') }},
  observers: {d() { console.log('observed inner') }},
});
const first = Behavior({
  behaviors: [inner],
  properties: {q: {type: String, value: 'first'}},
  data: {o: {b: 'first', c: 'first'}, list: ['first'], e: 'first'},
  methods: {m() { return 'first' }, twice() { return 'first' }},
  attached() { console.log('attached first') },
});
const second = Behavior({
  behaviors: [inner],
  data: {o: {c: 'second'}, e: 'second'},
  methods: {twice() { return 'second' }},
  attached() { console.log('attached second') },
  observers: {d() { console.log('observed second') }},
});
"""


async def test_behaviors_are_mixed_in_the_documented_order(board: Board) -> None:
    script = (
        MIXED
        + """Component({behaviors: [first, second], data: {o: {z: 'own'}, d: 'own'}, methods: {m() { return 'own' }},
      observers: {d() { console.log('observed own') }},
      attached() { console.log('attached own'); console.log(JSON.stringify(this.data)); console.log(this.m(), this.twice(), this.only());
        this.setData({d: 1}); console.log(this.hasBehavior(inner), this.hasBehavior(Behavior({})), this.hasBehavior('wx://form-field')) } })"""
    )
    _, lines = await lines_of(board, page("<x/>", x=CHILD), child(script), count=10)
    assert lines == [
        "attached inner",
        "attached first",
        "attached second",
        "attached own",
        '{"o":{"a":"inner","b":"inner","c":"second","z":"own"},"list":["inner"],"d":"own","e":"second","p":"inner","q":"inner"}',
        "own second inner only",
        "observed inner",
        "observed second",
        "observed own",
        "true false false",
    ]


async def test_a_definition_filter_changes_who_uses_it_and_may_call_those_below(board: Board) -> None:
    script = """
    const third = Behavior({definitionFilter(user, below) { user.data = {...user.data, third: ((user.data || {}).third || 0) + 1}; console.log('third', below.length) }});
    const second = Behavior({behaviors: [third], definitionFilter(user, below) { user.data = {...user.data, second: 1}; below[0](user); console.log('second', below.length) }});
    Component({behaviors: [second], data: {from: 'own'}, attached() { console.log(JSON.stringify(this.data)) } })"""
    _, lines = await lines_of(board, page("<x/>", x=CHILD), child(script), count=4)
    assert lines[:3] == ["third 0", "third 0", "second 1"]
    assert lines[3] == '{"third":1,"from":"own","second":1}'


@pytest.mark.parametrize("scheme", ["wx", "swan"])
async def test_the_built_in_behaviors_are_known(board: Board, scheme: str) -> None:
    script = f"""Component({{behaviors: ['{scheme}://form-field', '{scheme}://form-field-group', '{scheme}://form-field-button'],
      attached() {{ console.log(JSON.stringify(this.data), this.hasBehavior('wx://form-field'), this.hasBehavior('wx://component-export')) }} }})"""
    _, lines = await lines_of(board, page("<x name='n' value='{{5}}'/>", x=CHILD), child(script), count=1)
    assert lines == ['{"name":"n","value":5} true false']


async def test_a_form_tells_what_its_own_form_fields_hold(board: Board) -> None:
    pages = page(
        '<form id="f" bindsubmit="sent"><view><x name="field"/></view><x/></form><x name="outside"/>',
        "Page({sent(e) { console.log(JSON.stringify(e.detail.value)) }})",
        x=CHILD,
    )
    script = "Component({behaviors: ['wx://form-field'], attached() { this.setData({value: [1]}) } })"
    session = await board.run(made(pages, child(script)))
    tap(board, session, "f", "submit", {"value": {"plain": "p"}})
    assert await board.heard.line(session, "{") == '{"plain":"p","field":[1]}'


@pytest.mark.parametrize(
    ("exported", "expected"),
    [
        ("behaviors: ['wx://component-export'], export() { return {mine: this.data.n} }", "only 1"),
        ("behaviors: [Behavior({behaviors: ['wx://component-export'], export() { return {mine: 2} }})]", "only 2"),
        ("behaviors: ['wx://component-export'], export() {}", "whole 1"),
        ("export() { return {mine: 3} }", "whole 1"),
    ],
)
async def test_others_see_what_a_component_exports(board: Board, exported: str, expected: str) -> None:
    script = f"Component({{data: {{n: 1}}, {exported} }})"
    pages = page(
        '<x id="c"/>',
        "Page({onReady() { const c = this.selectComponent('#c'); console.log(c.data ? 'whole ' + c.data.n : 'only ' + c.mine) }})",
        x=CHILD,
    )
    _, lines = await lines_of(board, pages, child(script), count=1)
    assert lines == [expected]


async def test_pure_data_are_observed_and_never_sent(board: Board) -> None:
    script = """Component({options: {pureDataPattern: /^_/}, properties: {_given: Number}, data: {_own: 1, seen: 0},
      observers: {'_own, _given'(a, b) { this.setData({seen: a * 10 + b}) }},
      attached() { this.setData({_own: 4}); console.log(JSON.stringify(this.data)) } })"""
    pages = page('<x _given="{{3}}"/>', x=CHILD)
    session, lines = await lines_of(board, pages, child(script, "{{_own}}/{{seen}}"), count=1)
    assert lines == ['{"_own":4,"seen":43,"_given":3}']
    assert shown(board, session).root.text_content() == "/43"


async def test_the_pattern_of_pure_data_may_stand_in_the_json(board: Board) -> None:
    script = "Component({data: {_a: 1, b: 2}, attached() { this.setData({_a: 5, b: 6}) } })"
    session, _ = await lines_of(
        board,
        page("<x/>", "Page({onReady() { console.log('up') }})", x=CHILD),
        child(script, "{{_a}}-{{b}}", {"pureDataPattern": "^_"}),
        count=1,
    )
    assert shown(board, session).root.text_content() == "-6"


async def test_a_page_keeps_pure_data_to_itself(board: Board) -> None:
    pages = page(
        "{{_a}}-{{b}}",
        "Page({options: {pureDataPattern: /^_/}, data: {_a: 1, b: 2}, onLoad() { this.setData({_a: 3, b: 4}); console.log(this.data._a) }})",
    )
    session, lines = await lines_of(board, pages, count=1)
    assert lines == ["3"]
    assert shown(board, session).root.text_content() == "-4"


@pytest.mark.parametrize(
    ("options", "config", "classes"),
    [
        ("", None, "c1-a"),
        ("addGlobalClass: true", None, "c1-a a"),
        ("styleIsolation: 'apply-shared'", None, "c1-a a"),
        ("styleIsolation: 'shared'", None, "c1-a a"),
        ("", {"styleIsolation": "shared"}, "c1-a a"),
        ("styleIsolation: 'isolated'", {"styleIsolation": "shared"}, "c1-a"),
    ],
)
async def test_style_isolation_comes_from_the_options_or_the_json(
    board: Board, options: str, config: Any, classes: str
) -> None:
    script = f"Component({{options: {{ {options} }} }})"
    session, _ = await lines_of(
        board,
        page("<x/>", "Page({onReady() { console.log('up') }})", x=CHILD),
        child(script, '<view id="v" class="a"/>', config),
        count=1,
    )
    assert shown(board, session).find(id="v").attributes["class"] == classes


async def test_external_classes_are_the_owners(board: Board) -> None:
    script = "Component({externalClasses: ['my-class']})"
    session, _ = await lines_of(
        board,
        page('<x my-class="red big"/>', "Page({onReady() { console.log('up') }})", x=CHILD),
        child(script, '<view id="v" class="own my-class"/>'),
        count=1,
    )
    assert shown(board, session).find(id="v").attributes["class"] == "c1-own red big"


async def test_slots_virtual_hosts_and_generics_are_passed_to_the_view(board: Board) -> None:
    outer = component(
        "c/outer",
        '<slot name="b"/><slot name="a"/><thing id="g"/>',
        "Component({options: {multipleSlots: true, virtualHost: true}})",
        {"componentGenerics": {"thing": {"default": "/c/plain"}}},
    )
    plain = component("c/plain", "plain")
    fancy = component("c/fancy", "fancy")
    pages = page(
        '<o generic:thing="f"><view slot="a">A</view><view slot="b">B</view></o><o/>',
        "Page({onReady() { console.log('up') }})",
        o="/c/outer",
        f="/c/fancy",
    )
    session, _ = await lines_of(board, pages, outer, plain, fancy, count=1)
    tree = shown(board, session)
    assert tree.root.text_content() == "BAfancyplain"
    assert all(node.tag != "o" for node in tree.root.walk())


async def test_a_function_in_the_data_reaches_a_property(board: Board) -> None:
    script = """Component({properties: {format: {type: null, value: (n) => 'default ' + n}, deep: Array},
      attached() { console.log(this.data.format(1)); console.log(this.data.deep.length ? this.data.deep[0].f(2) : 'none') },
      observers: {format(f) { console.log('new', typeof f) }} })"""
    pages = page(
        '<x format="{{format}}" deep="{{deep}}"/><x/>',
        """Page({data: {format(n) { return 'mine ' + n }, deep: [{f: (n) => n * 2}]},
          onReady() { this.setData({format: (n) => n}) }})""",
        x=CHILD,
    )
    _, lines = await lines_of(board, pages, child(script), count=6)
    assert lines == ["new function", "mine 1", "4", "default 1", "none", "new function"]


async def test_a_page_has_the_data_methods_and_lifetimes_of_its_behaviors(board: Board) -> None:
    script = """
    const b = Behavior({data: {x: 1, o: {a: 1}}, methods: {hello() { return 'hello ' + this.data.x }, onShow() { console.log('no') }},
      attached() { console.log('attached') }, ready() { console.log('ready') }, detached() { console.log('detached') },
      pageLifetimes: {show() { console.log('page show') }}, observers: {x(v) { console.log('x is', v) }}});
    Page({behaviors: [b], data: {o: {b: 2}}, onLoad() { console.log(this.hello(), JSON.stringify(this.data)); this.setData({x: 2}) },
      onShow() { console.log('show') }, onReady() { console.log('page ready'); wx.redirectTo({url: '/pages/b/b'}) }, onUnload() { console.log('unload') } })"""
    other = page("", "Page({onLoad() { console.log('other') }})", "pages/b/b")
    _, lines = await lines_of(board, page("", script), other, count=9, app={"pages": ["pages/a/a", "pages/b/b"]})
    assert (
        lines
        == [
            "attached",
            'hello 1 {"x":1,"o":{"a":1,"b":2}}',
            "x is 2",
            "page show",
            "show",
            "ready",
            "page ready",
            "unload",
            "detached",
            "other",
        ][: len(lines)]
    )


async def test_a_component_that_is_a_page_has_its_properties_from_the_query(board: Board) -> None:
    script = """Component({properties: {n: {type: Number, observer(v) { console.log('n', v) }}, s: String, absent: {type: String, value: 'own'}},
      observers: {s(v) { console.log('s', v) }},
      lifetimes: {created() { console.log('created') }, attached() { console.log('attached', JSON.stringify(this.data), this.is, this.route) }, ready() { console.log('ready') }},
      pageLifetimes: {show() { console.log('life show') }},
      methods: {onLoad(q) { console.log('load', q.s, this.options.n) }, onShow() { console.log('show') }, onReady() { console.log('page ready') } } })"""
    pages = unit("pages/a/a", "{{n}}{{s}}", script, {"component": True})
    session, lines = await lines_of(board, pages, count=9, path="/pages/a/a?n=5&s=%C3%A9&other=1")
    assert lines == [
        "created",
        "s é",
        "n 5",
        'attached {"n":5,"s":"é","absent":"own"} pages/a/a pages/a/a',
        "load é 5",
        "life show",
        "show",
        "ready",
        "page ready",
    ]
    assert shown(board, session).root.text_content() == "5é"


async def test_the_query_of_a_page_reaches_its_components(board: Board) -> None:
    pages = unit(
        "pages/a/a", "{{n}}<x n='{{n}}'/>", "Component({properties: {n: Number}})", {"component": True}, x=CHILD
    )
    script = "Component({properties: {n: Number}, attached() { console.log('attached', this.data.n) } })"
    session, lines = await lines_of(board, pages, child(script, "/{{n}}"), count=1, path="/pages/a/a?n=5")
    assert lines == ["attached 5"]
    assert shown(board, session).root.text_content() == "5/5"


async def test_a_component_of_a_subpackage_with_a_placeholder_is_there_at_once(board: Board) -> None:
    pages = unit(
        "pages/a/a",
        "<x/>",
        "Page({})",
        {"usingComponents": {"x": "/sub/x", "wait": "/c/c"}, "componentPlaceholder": {"x": "wait"}},
    )
    parts = [
        pages,
        child("Component({})", "waiting"),
        component("sub/x", "there", "Component({attached() { console.log('there') }})"),
    ]
    session, lines = await lines_of(board, *parts, count=1)
    assert lines == ["there"]
    assert shown(board, session).root.text_content() == "there"
