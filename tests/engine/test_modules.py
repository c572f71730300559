# ruff: noqa: E501 a line of JavaScript reads better whole
"""Finding modules, and rewriting their source without moving a line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_runtime.engine.lines import LineSpace
from device_runtime.engine.modules import ModuleFiles

FILES = {
    "app.js": b"",
    "a/b/c.js": b"",
    "a/x.js": b"",
    "lib/index.js": b"",
    "d.json": b"{}",
    "miniprogram_npm/p/index.js": b"",
}


@pytest.mark.parametrize(
    ("importer", "request_", "found"),
    [
        ("a/b/c.js", "../x", "a/x.js"),
        ("a/b/c.js", "../x.js", "a/x.js"),
        ("a/b/c.js", "/lib", "lib/index.js"),
        ("a/b/c.js", "/lib/", "lib/index.js"),
        ("a/b/c.js", "p", "miniprogram_npm/p/index.js"),
        ("a/b/c.js", "d.json", "d.json"),
        ("app.js", "./d", "d.json"),
        ("app.js", "../../../a/x", "a/x.js"),
        ("app.js", "./none", None),
        ("app.js", "", None),
    ],
)
def test_a_request_finds_its_file(importer: str, request_: str, found: str | None) -> None:
    assert ModuleFiles(FILES, LineSpace()).resolve(importer, request_) == found


def _module(source: str) -> dict[str, object]:
    return dict(ModuleFiles({"m.js": source.encode()}, LineSpace()).module("m.js"))


@pytest.mark.parametrize(
    ("source", "imports", "getters"),
    [
        ("import a from 'x'", [[0, "default", "a"]], ""),
        ("import a, {b, c as d} from 'x';import * as e from \"y\"",
         [[0, "default", "a"], [0, "b", "b"], [0, "c", "d"], [1, "*", "e"]], ""),
        ("import 'x'", [], ""),
        ("import d from './d.json' with {type: 'json'}", [[0, "default", "d"]], ""),
        ("export const a = [1, 2], b = x => { return x, 1 }\nlet c = 1", [], '["a"]: () => a, ["b"]: () => b'),
        ("export let a = 1,\n b\nfoo()", [], '["a"]: () => a, ["b"]: () => b'),
        ("export async function* f() {}", [], '["f"]: () => f'),
        ("const a = 1; export {a as default, a as 'b c'}", [], '["default"]: () => a, ["b c"]: () => a'),
        ("export default function () {}", [], '["default"]: () => $cygnet_default'),
        ("export default class A {}", [], '["default"]: () => A'),
    ],
)  # fmt: skip
def test_import_and_export_statements_are_read(source: str, imports: list[object], getters: str) -> None:
    module = _module(source)
    assert module["kind"] == "module"
    assert module["imports"] == imports
    assert module["getters"] == getters


@pytest.mark.parametrize(
    "source",
    [
        "const s = 'import a from b'",
        "// import a from 'b'\nfoo()",
        "obj.import(1); obj.export = 2",
        "const o = {import: 1, export: 2}",
        "/* \nexport default 1 */ x",
        "`\nimport a from 'b'`",
    ],
)
def test_a_script_is_left_as_it_is(source: str) -> None:
    module = _module(source)
    assert module["kind"] == "script"
    assert source in str(module["code"])


@given(
    st.lists(
        st.sampled_from(
            ["import {\n a1\n} from 'x';\n", "export {\n b1,\n};\n", "let b1 = 1\n", "export const c1 =\n 2;\n", "\n", "f1();\n",
             "export default (\n1);\n", "export * from\n'y'\n"]
        ),
        unique=True,
    )
)  # fmt: skip
def test_no_line_moves(parts: list[str]) -> None:
    source = "".join(parts)
    module = _module(source)
    body = str(module.get("body", source))
    assert body.count("\n") == source.count("\n")
    for line, text in enumerate(source.split("\n")):
        if "f1()" in text:
            assert body.split("\n")[line] == text


@pytest.mark.parametrize(
    ("source", "marked"),
    [
        ("async function f() {}", ";f = $cygnet_f(f);async function f() {}"),
        ("'use strict'\nasync function f() {}", "'use strict';f = $cygnet_f(f);\nasync function f() {}"),
        ("{ async function f() {} }", "{;f = $cygnet_f(f); async function f() {} }"),
        ("x = async function () {}", "x = $cygnet_f(async function () {})"),
        ("x = async () => 1, y", "x = $cygnet_f(async () => 1), y"),
        ("a ? async x => x : b", "a ? $cygnet_f(async x => x) : b"),
        ("x = async () => { y }\nz", "x = $cygnet_f(async () => { y })\nz"),
        ("x = async () => y\nz()", "x = $cygnet_f(async () => y)\nz()"),
        ("g(async () => (await 1, 2))", "g($cygnet_f(async () => (await 1, 2)))"),
        ("({async m() {}})", "({async m() {}})"),
        ("async function* g() {}", "async function* g() {}"),
        ("o.async(1); async(2)", "o.async(1); async(2)"),
    ],
)
def test_async_functions_are_marked(source: str, marked: str) -> None:
    assert f"\n{marked}\n" in str(_module(source)["code"])
