"""Values and functions of wxs modules in templates; the modules here are Python's."""

from collections.abc import Sequence
from typing import Any

import pytest

from device_runtime.errors import CygnetError
from device_runtime.view.javascript import UNDEFINED
from device_runtime.view.wxs import WxsFunction
from tests.view.components import ComponentScreen, Program, each, el, slot, when, wxs

FILE = "utils/math.wxs"


class Modules:
    """One module: ``double``, ``kind``, ``fail``, ``size`` and ``on.tap``."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def value(self, path: str, keys: Sequence[str]) -> Any:
        if path != FILE or keys[0] == "missing":
            raise CygnetError(f"{path} has no {keys[0]}")
        return 42 if keys[0] == "size" else WxsFunction(path, tuple(keys))

    def call(self, path: str, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        self.calls.append((tuple(keys), list(arguments)))
        if path != FILE or keys[0] == "fail":
            raise CygnetError("math.wxs:3: no")
        if keys[0] == "kind":
            return "undefined" if arguments[0] is UNDEFINED else type(arguments[0]).__name__
        return arguments[0] * 2


def shown(*body: Any, data: dict[str, Any] | None = None, modules: Modules | None = None) -> ComponentScreen:
    program = Program()
    return ComponentScreen(program, program.page(*body, modules=[FILE]), data, modules or Modules())


def test_a_call_is_made_again_only_when_an_argument_changes() -> None:
    modules = Modules()
    body = each("{{list}}", ["text", wxs(0, "double", "{{item.v}}")], "|", ["text", wxs(0, "size", None)], ";")
    screen = shown(body, data={"list": [{"v": 1}, {"v": 2}]}, modules=modules)
    assert screen.text() == "2|42;4|42;"
    modules.calls.clear()
    assert [operation[0] for operation in screen.update({"list[1].v": 5, "list[0].w": 1})] == ["text"]
    assert modules.calls == [(("double",), [5])]


@pytest.mark.parametrize(
    ("argument", "expected"),
    [("{{a.b}}", "undefined"), ("{{a}}", "dict"), ("{{[nothing]}}", "list"), ("{{null}}", "NoneType")],
)
def test_a_function_is_told_what_is_undefined(argument: str, expected: str) -> None:
    modules = Modules()
    assert shown(["text", wxs(0, "kind", argument)], data={"a": {}}, modules=modules).text() == expected
    assert UNDEFINED not in modules.calls[0][1] or expected == "undefined"


def test_what_fails_is_told_once_and_shows_nothing() -> None:
    screen = shown(*[["text", wxs(0, "fail", "1")]] * 3, ["text", wxs(0, "missing", None)], "end")
    assert screen.text() == "end"
    assert screen.warnings == ["utils/math.wxs.fail(): math.wxs:3: no", f"{FILE}.missing: {FILE} has no missing"]


def test_without_modules_their_values_are_undefined() -> None:
    program = Program()
    page = program.page(["text", wxs(0, "double", "1")], ["text", wxs(0, "size", None)], modules=[FILE])
    assert ComponentScreen(program, page).text() == ""


def test_a_function_of_a_module_hears_events_among_the_owners_methods() -> None:
    screen = shown(el("view", {"bind:tap": "method"}, el("text", {"id": "t", "bind:tap": wxs(0, "on.tap", None)}, "x")))
    calls = screen.view.route(screen.node(id="t"), "tap")
    assert [call.handler for call in calls] == [WxsFunction(FILE, ("on", "tap")), "method"]


def test_a_change_observer_is_told_the_first_value_and_each_other_one() -> None:
    program = Program()
    program.add("c-a", slot(), properties={"p": ("Number", 0)})
    watch = wxs(0, "seen", None)
    watched = {"change:prop": watch, "change:class": watch, "change:title": watch}
    view = el("view", {"id": "v", "prop": "{{v}}", "class": "{{v}}", "title": "x", **watched})
    page = each("{{n}}", view, el("c-a", {"p": "{{v}}", "change:p": watch, "id": "h"}))
    screen = ComponentScreen(program, program.page(page, modules=[FILE]), {"v": 1, "n": 1}, Modules())
    function = WxsFunction(FILE, ("seen",))
    element, host = screen.node(id="v"), screen.node(id="h")
    assert screen.view.take_wxs_changes() == [
        ["wxs-change", 0, element, function, 1, None],
        ["wxs-change", 0, element, function, "1", None],
        ["wxs-change", 0, element, function, "x", None],
        ["wxs-change", 0, host, function, 1, None],
    ]
    screen.update({"v": 2})
    assert screen.view.take_wxs_changes() == [
        ["wxs-change", 0, element, function, 2, 1],
        ["wxs-change", 0, element, function, "2", "1"],
        ["wxs-change", 0, host, function, 2, 1],
    ]
    screen.update({"v": 2})
    assert screen.view.take_wxs_changes() == []


def test_components_have_modules_and_observers_of_their_own() -> None:
    program = Program()
    view = el("view", {"prop": "{{p}}", "change:prop": wxs(0, "seen", None)}, ["text", wxs(0, "double", "{{p}}")])
    program.add("c-a", view, properties={"p": ("Number", 0)}, modules=[FILE])
    screen = ComponentScreen(
        program, program.page(when("{{v}}", el("c-a", {"p": "{{v}}", "id": "h"}))), {"v": 3}, Modules()
    )
    assert screen.text() == "6"
    ((_, owner, node, *_),) = screen.view.take_wxs_changes()
    assert (owner, node) == (screen.node(id="h"), screen.node("view"))
