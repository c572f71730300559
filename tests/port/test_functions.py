"""Which functions of shared scripts a page comes to."""

import pytest

from firmware_tools.port.functions import live_parts, outline
from firmware_tools.port.javascript import Script


def parts(source: str) -> list[str]:
    return [part.name for part in outline(Script(source)).parts]


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("function a() { b() } function c() {}", ["a", "c"]),
        ("async function a() {}", ["a"]),
        ("const a = () => b(), c = function () {}", ["a", "c"]),
        ("class A { b() {} }", ["A"]),
        ("module.exports = { a() {}, b: () => 1, c: function () {} }", ["a", "b", "c"]),
        ("module.exports = { a, b: c }", ["a", "b"]),
        ("exports.a = b; exports.c = function () {}", ["a", "c"]),
        ("export function a() {} export const b = () => {}", ["a", "b"]),
        ("export default { a() {} }", ["a"]),
        ("(function () { function a() {} })()", ["a"]),
        ("function a() { function b() {} }", ["a"]),
        ("if (x) { y() } for (;;) {} while (z) {}", []),
    ],
)
def test_the_named_parts_of_a_script_are_its_outermost_functions_and_exports(source: str, names: list[str]) -> None:
    assert parts(source) == names


def live(page: str, **shared: str) -> set[str]:
    files = {"page.js": page, **{f"{name}.js": source for name, source in shared.items()}}
    found = live_parts({name: outline(Script(source)) for name, source in files.items()}, {"page.js"})
    return {f"{file.removesuffix('.js')}.{name}" for file, name in found}


UTIL = "function get() { ask() } function ask() {} function pay() {} module.exports = { get, pay }"


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ("const u = require('./util'); Page({ onLoad() { u.get() } })", {"util.get", "util.ask"}),
        ("const { pay } = require('./util'); Page({ onTap() { pay() } })", {"util.pay"}),
        ("const u = require('./util'); Page({})", set()),
    ],
)
def test_a_page_comes_to_what_it_mentions_and_what_that_mentions(page: str, found: set[str]) -> None:
    assert live(page, util=UTIL) == found


def test_what_a_script_does_when_it_is_required_is_always_come_to() -> None:
    assert live("require('./util')", util="function start() {} start()") == {"util.start"}


def test_an_export_under_another_name_leads_to_what_it_stands_for() -> None:
    assert live("u.open()", util="function go() {} module.exports = { open: go }") == {"util.open", "util.go"}


def test_scripts_lead_to_one_another() -> None:
    found = live(
        "api.login()",
        api="exports.login = function () { user.enter() }",
        user="function enter() {} exports.enter = enter",
    )
    assert found == {"api.login", "user.enter"}
