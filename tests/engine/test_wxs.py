"""Template modules: what wxs means, what it can reach, and how it fails."""

import pytest

from device_runtime.engine import MemoryLimitError, ScriptError, TimeLimitError
from device_runtime.engine.wxs import WxsRuntime
from device_runtime.values import Value


def runtime(**files: str) -> WxsRuntime:
    named = {f"{name.replace('_', '/')}.wxs": text.encode() for name, text in files.items()}
    return WxsRuntime(named, seconds=0.2)


@pytest.mark.parametrize(
    ("body", "values", "expected"),
    [
        ("return a + b", [1, 2], 3),
        ("return a.map(function (x) { return x.n * 2 })", [[{"n": 1}, {"n": 2}]], [2, 4]),
        ("return typeof a + typeof b", [None], "objectundefined"),
        ("return a.constructor + b.constructor", [[], {}], "ArrayObject"),
        ("return a.constructor === 'String' && b.constructor === 'Number'", ["x", 2], True),
        ("return f.constructor + getDate(0).constructor + getRegExp('a').constructor", [], "FunctionDateRegExp"),
        ("return getRegExp('^-?\\d+(\\.\\d+)?$').test(a)", ["12.5"], True),
        ("return 'tab\\tquote\\'back\\\\slash\\x41'", [], "tab\tquote'back\\slashA"),
        ("return getDate(2020, 1, 29).getDate()", [], 29),
        ("return JSON.parse(JSON.stringify(a)).b[1]", [{"b": [1, 2]}], 2),
        ("return { kept: 1, f: f, nothing: undefined, list: [undefined] }", [], {"kept": 1, "list": [None]}),
        ("return 'a-b c'.split(getRegExp('[- ]')).concat(['d']).slice(1)", [], ["b", "c", "d"]),
        ("return undefined", [], None),
    ],
)  # fmt: skip
def test_wxs_means_what_it_means_in_wechat(body: str, values: list[Value], expected: Value) -> None:
    modules = runtime(m=f"function f(a, b) {{ {body} }}\nmodule.exports = {{ f: f }};")
    assert modules.call("m.wxs", ["f"], values) == expected


def test_an_undefined_value_arrives_as_undefined() -> None:
    modules = runtime(m="module.exports = function (a, b) { return (a === undefined) + ',' + (b === null) }")
    assert modules.call("m.wxs", [], [None, None], undefined=(0,)) == "true,true"


def test_modules_require_each_other_relatively_and_in_circles() -> None:
    modules = runtime(
        a_one="var two = require('../b/two.wxs'); exports.name = 'one';"
        "exports.both = function () { return exports.name + two.name() }",
        b_two="var one = require('../a/one'); exports.name = function () { return 'two of ' + one.name }",
    )  # fmt: skip
    assert modules.call("a/one.wxs", ["both"], []) == "onetwo of one"
    assert modules.value("a/one.wxs", []) == {"name": "one"}
    assert modules.is_function("a/one.wxs", ["both"])
    assert not modules.is_function("a/one.wxs", ["name"])
    assert not modules.is_function("a/one.wxs", ["missing", "deeper"])


def test_a_module_is_run_once() -> None:
    modules = runtime(m="var n = 0; exports.next = function () { return ++n }")
    assert [modules.call("m.wxs", ["next"], []) for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("source", "message", "where"),
    [
        ("\nexports.f = function () {\n  return nope();\n}", "nope is not defined", "m.wxs:3:"),
        ("\nthrow new Error('early')", "early", "m.wxs:2:"),
        ("var a = ;", "unexpected token", "m.wxs:1:"),
        ("require('./other.wxs')", "there is no module ./other.wxs", "m.wxs:1:"),
        ("require('../../etc/passwd')", "there is no module", "m.wxs:1:"),
        ("exports.f = 1", "f of m.wxs is no function", "m.wxs"),
    ],
)
def test_an_error_says_what_and_where(source: str, message: str, where: str) -> None:
    with pytest.raises(ScriptError, match=message) as caught:
        runtime(m=source).call("m.wxs", ["f"], [])
    assert caught.value.source.startswith(where)


def test_a_missing_module_is_named() -> None:
    with pytest.raises(ScriptError, match=r"the package has no gone\.wxs; build the program again"):
        runtime().call("gone.wxs", ["f"], [])


def test_limits_stop_a_module_and_the_next_call_works() -> None:
    modules = runtime(
        m="exports.loop = function () { for (;;) {} }; exports.ok = function () { return 1 };"
        "exports.fill = function () { var a = []; for (;;) a.push('x'.repeat(1e5) + a.length) }"
    )
    with pytest.raises(TimeLimitError):
        modules.call("m.wxs", ["loop"], [])
    with pytest.raises(MemoryLimitError):
        modules.call("m.wxs", ["fill"], [])
    assert modules.call("m.wxs", ["ok"], []) == 1


@pytest.mark.parametrize("name", ["eval", "Function", "__host", "__argument", "wx", "setTimeout", "require"])
def test_a_module_does_not_see(name: str) -> None:
    assert (
        runtime(m=f"exports.f = function () {{ return typeof globalThis.{name} }}").call("m.wxs", ["f"], [])
        == "undefined"
    )


def test_a_handler_gets_descriptors_and_a_state_that_stays() -> None:
    asked: list[tuple[Value, ...]] = []

    def descriptor(page: int, node: int, method: str, values: list[Value]) -> Value:
        asked.append((page, node, method, *values))
        answers: dict[str, Value] = {"select": [9], "dataset": {"x": 1}}
        return answers.get(method)

    modules = runtime(
        m="""
        exports.tap = function (event, owner) {
          var state = event.instance.getState();
          state.count = (state.count || 0) + 1;
          event.instance.setStyle({ 'margin-left': state.count + 'rpx', backgroundColor: 'red' });
          owner.selectComponent('.box').addClass('open');
          owner.callMethod('tapped', { count: state.count, x: event.instance.getDataset().x, detail: event.detail });
          return state.count === 1;
        };
        exports.seen = function (value, old, owner, instance) { instance.setStyle('left: ' + old + value) };
        """
    )
    modules.bind("descriptor", descriptor)
    tap = ("m.wxs", ("tap",))
    assert modules.handle(tap, {"type": "tap", "detail": {"d": 2}}, 1, 0, 5) is True
    assert asked == [
        (1, 5, "setStyle", "margin-left: 1rpx; background-color: red"),
        (1, 0, "select", ".box", True),
        (1, 9, "addClass", "open"),
        (1, 5, "dataset"),
        (1, 0, "callMethod", "tapped", {"count": 1, "x": 1, "detail": {"d": 2}}),
    ]
    assert modules.handle(tap, {"type": "tap"}, 1, 0, 5) is False
    modules.forget(1)
    assert modules.handle(tap, {"type": "tap"}, 1, 0, 5) is True
    asked.clear()
    modules.changed(("m.wxs", ("seen",)), ("new", "old"), 1, 0, 6)
    assert asked == [(1, 6, "setStyle", "left: oldnew")]


def test_timers_of_a_handler_are_asked_for_and_fired_once() -> None:
    wanted: list[tuple[int, float]] = []
    said: list[tuple[str, str]] = []
    modules = runtime(
        m="exports.tap = function (event, owner) { owner.setTimeout(function () { console.log('late', [1]) }, 50);"
        "owner.clearTimeout(owner.setTimeout(function () { console.log('never') }, 5)) }"
    )
    modules.bind("timer", lambda timer, milliseconds: wanted.append((timer, milliseconds)))
    modules.bind("log", lambda level, text: said.append((level, text)))
    modules.handle(("m.wxs", ("tap",)), {}, 1, 0, 5)
    for timer, _ in wanted * 2:
        modules.fire_timer(timer)
    assert [milliseconds for _, milliseconds in wanted] == [50, 5]
    assert said == [("log", "late [1]")]


def test_a_failure_of_the_host_is_not_swallowed_by_the_module() -> None:
    def fail(page: int, node: int, method: str, values: list[Value]) -> Value:
        raise KeyError(method)

    modules = runtime(m="exports.tap = function (event) { try { event.instance.setStyle('a') } catch (e) {} }")
    modules.bind("descriptor", fail)
    with pytest.raises(KeyError, match="setStyle"):
        modules.handle(("m.wxs", ("tap",)), {}, 1, 0, 5)
