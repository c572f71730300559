# ruff: noqa: E501 a line of JavaScript reads better whole
"""Finding modules, and rewriting their source without moving a line."""

import pytest
from hypothesis import given, settings
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
    "miniprogram_npm/p/lib/deep.js": b"",
    "miniprogram_npm/q/package.json": b'{"main": "dist/main"}',
    "miniprogram_npm/q/dist/main.js": b"",
    "miniprogram_npm/q/index.js": b"",
    "miniprogram_npm/q/miniprogram_npm/p/index.js": b"",
    "miniprogram_npm/@s/r.js/package.json": b'{"main": "./r.cjs"}',
    "miniprogram_npm/@s/r.js/r.cjs": b"",
    "miniprogram_npm/out/package.json": b'{"main": "../p/index.js"}',
    "miniprogram_npm/odd/package.json": b"[",
    "miniprogram_npm/odd/index.js": b"",
    "a/miniprogram_npm/p/index.js": b"",
    "a/q.js": b"",
    "utils/date.js": b"",
}


@pytest.mark.parametrize(
    ("importer", "request_", "found"),
    [
        ("a/b/c.js", "../x", "a/x.js"),
        ("a/b/c.js", "../x.js", "a/x.js"),
        ("a/b/c.js", "/lib", "lib/index.js"),
        ("a/b/c.js", "/lib/", "lib/index.js"),
        ("lib/index.js", "p", "miniprogram_npm/p/index.js"),
        ("a/b/c.js", "d.json", "d.json"),
        ("app.js", "./d", "d.json"),
        ("app.js", "../../../a/x", "a/x.js"),
        ("app.js", "./none", None),
        ("app.js", "", None),
        ("app.js", "p/lib/deep", "miniprogram_npm/p/lib/deep.js"),
        # the nearest miniprogram_npm upwards, as in WeChat
        ("a/x.js", "p", "a/miniprogram_npm/p/index.js"),
        ("miniprogram_npm/q/dist/main.js", "p", "miniprogram_npm/q/miniprogram_npm/p/index.js"),
        ("miniprogram_npm/p/lib/deep.js", "q", "miniprogram_npm/q/dist/main.js"),
        # a package before a file of the same name, and its main before its index
        ("a/x.js", "q", "miniprogram_npm/q/dist/main.js"),
        ("a/x.js", "./q", "a/q.js"),
        ("app.js", "@s/r.js", "miniprogram_npm/@s/r.js/r.cjs"),
        ("app.js", "out", None),
        ("app.js", "odd", "miniprogram_npm/odd/index.js"),
        ("app.js", "./miniprogram_npm/q", "miniprogram_npm/q/dist/main.js"),
    ],
)
def test_a_request_finds_its_file(importer: str, request_: str, found: str | None) -> None:
    assert ModuleFiles(FILES, LineSpace()).resolve(importer, request_) == found


@pytest.mark.parametrize(
    ("request_", "found"),
    [
        ("@utils/date", "utils/date.js"),
        ("~/a/x", "a/x.js"),
        ("helpers", "utils/date.js"),
        ("@utils", None),
    ],
)
def test_an_alias_of_app_json_leads_to_its_folder(request_: str, found: str | None) -> None:
    aliases = {"@utils/*": "utils/*", "~/*": "/*", "helpers": "/utils/date"}
    assert ModuleFiles(FILES, LineSpace(), aliases).resolve("a/b/c.js", request_) == found


def test_a_subpackage_s_code_waits_until_it_is_loaded() -> None:
    files = {"app.js": b"", "sub/x.js": b"", "sub/pages/p.js": b"", "subway.js": b""}
    modules = ModuleFiles(files, LineSpace(), subpackages=["sub"])
    assert modules.resolve("app.js", "./subway") == "subway.js"
    assert modules.resolve("app.js", "./sub/x") == ["sub/x.js", "sub"]
    assert modules.resolve("sub/pages/p.js", "../x") == "sub/x.js"
    assert modules.resolve("app.js", "./sub/x", True) == "sub/x.js"
    assert modules.resolve("app.js", "./sub/x") == "sub/x.js"


def test_opening_a_page_of_a_subpackage_loads_it() -> None:
    modules = ModuleFiles({"app.js": b"", "sub/x.js": b""}, LineSpace(), subpackages=["/sub/"])
    assert modules.resolve("", "/sub/x.js") == "sub/x.js"
    assert modules.resolve("app.js", "./sub/x") == "sub/x.js"


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
        "/* a */ exports.a = 1; // export const b = 1",
        "import(1)".replace("import", "o.import"),
    ],
)
def test_a_script_is_left_as_it_is(source: str) -> None:
    module = _module(source)
    assert module["kind"] == "script"
    assert source in str(module["code"])


def test_npm_packages_are_run_for_production_and_a_programs_own_files_as_they_are() -> None:
    source = (
        b"if (process.env.NODE_ENV !== 'x' && a.process.env.NODE_ENV) { 'process.env.NODE_ENV' + process.env.OTHER }"
    )
    files = {"miniprogram_npm/p/index.js": source, "a.js": source}
    modules = ModuleFiles(files, LineSpace())
    code = str(modules.module("miniprogram_npm/p/index.js")["code"])
    assert "$cygnet.env.NODE_ENV !== 'x' && a.process.env.NODE_ENV" in code
    assert "process.env.OTHER" in code
    assert source.decode() in str(modules.module("a.js")["code"])


def test_an_import_on_demand_makes_no_module_of_a_script() -> None:
    module = _module("(function (root) { root.load = () => import('./x') })(this)")
    assert module["kind"] == "script"
    assert "$cygnet.import('./x')" in str(module["code"])


@pytest.mark.parametrize(("end", "lines"), [("\n", 4), ("\r\n", 4), ("\r", 4)])
def test_every_line_end_of_javascript_counts_as_one(end: str, lines: int) -> None:
    space = LineSpace()
    modules = ModuleFiles({"a.js": end.join(["a", "`b", "c`", "d"]).encode()}, space)
    code = str(modules.module("a.js")["code"])
    assert "\r" not in code
    assert str(space.locate(code.split("\n").index("d") + 1, 1)) == f"a.js:{lines}:1"


@settings(deadline=None)
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
