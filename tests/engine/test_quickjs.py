"""The engine by itself: calls, limits, promise jobs, and errors of the functions that it is given."""

import pytest

from device_runtime.engine import MemoryLimitError, ScriptError, TimeLimitError
from device_runtime.engine.quickjs import QuickJSEngine


def test_a_call_passes_values_and_runs_the_promise_jobs() -> None:
    engine = QuickJSEngine()
    engine.evaluate_file(
        "a.js", "var jobs = 0; function add(a, b) { Promise.resolve().then(() => jobs++); return a.n + b }"
    )
    assert engine.call("add", {"n": 2}, 3) == 5
    engine.evaluate_file("b.js", "function count() { return jobs }")
    assert engine.call("count") == 1


def test_an_error_says_where_in_which_file() -> None:
    engine = QuickJSEngine()
    engine.evaluate_file("a.js", "\n\nfunction f() {\n  nope();\n}")
    with pytest.raises(ScriptError, match="nope is not defined") as caught:
        engine.call("f")
    assert caught.value.source == "a.js:4:3"
    with pytest.raises(ScriptError) as caught:
        engine.evaluate_file("c.js", "let x = ;")
    assert caught.value.source.startswith("c.js:1:")


def test_a_time_limit_stops_a_loop_and_the_engine_goes_on() -> None:
    engine = QuickJSEngine()
    engine.evaluate_file(
        "a.js", "function f() { for (;;) { try { for (;;) {} } catch (e) {} } } function g() { return 1 }"
    )
    with pytest.raises(TimeLimitError), engine.limit(0.02):
        engine.call("f")
    assert engine.call("g") == 1


def test_a_memory_limit_is_its_own_error() -> None:
    engine = QuickJSEngine(memory_bytes=8 * 1024 * 1024)
    engine.evaluate_file("a.js", "function f() { const a = []; for (;;) a.push('x'.repeat(1000) + a.length) }")
    with pytest.raises(MemoryLimitError, match="8 MB"):
        engine.call("f")


def test_what_a_bound_function_raises_comes_out_even_if_the_program_catches_it() -> None:
    engine = QuickJSEngine()

    def fail(*_: object) -> None:
        raise KeyError("ours")

    engine.bind("timer", fail)
    engine.evaluate_file("a.js", "function f() { try { setTimeout(() => {}, 1) } catch (e) {} return 1 }")
    with pytest.raises(KeyError, match="ours"):
        engine.call("f")


def test_engines_share_nothing() -> None:
    first, second = QuickJSEngine(), QuickJSEngine()
    first.evaluate_file("a.js", "globalThis.mark = 1; Object.prototype.mark = 2")
    second.evaluate_file("a.js", "function f() { return typeof mark }")
    assert second.call("f") == "undefined"
