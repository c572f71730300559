"""Code modules of templates reach the package as CommonJS that runs, whatever form they were written in."""

import json
import posixpath
from typing import Any

import jsbox
import pytest

from firmware_tools.build.dialects import SWAN, WECHAT, SourceError
from firmware_tools.build.source import SourceText
from firmware_tools.build.template_files import TemplateFiles


def modules(
    source: str, files: dict[str, str], dialect: Any = SWAN
) -> tuple[dict[str, str], dict[str, str], list[str]]:
    """The modules of a template ``p/t``: by name, by path, and the warnings."""
    warnings: list[str] = []
    templates = TemplateFiles(dialect, files.get, warnings)
    template = templates.add(SourceText(f"p/t{dialect.template}", source))
    return template.modules, templates.code.files, warnings


def value_of(files: dict[str, str], path: str, expression: str) -> Any:
    """What an expression on the module ``m`` at a path gives, with ``require`` as the device has it."""
    runtime = jsbox.Runtime()
    runtime.bind_function(
        "host", lambda importer, target: posixpath.normpath(posixpath.join(posixpath.dirname(importer), target))
    )
    runtime.eval(f"""
        const files = {json.dumps(files)}, loaded = {{}};
        function load(path) {{
            if (!(path in loaded)) {{
                const module = loaded[path] = {{exports: {{}}}};
                const body = '(function (exports, require, module) {{' + files[path] + '\\n}})';
                (0, eval)(body)(module.exports, (target) => load(host(path, target)), module);
            }}
            return loaded[path].exports;
        }}
        const m = load({json.dumps(path)});
    """)
    return json.loads(str(runtime.eval(f"JSON.stringify({expression})")))


@pytest.mark.parametrize(
    ("tag", "code", "expression", "expected"),
    [
        ("wxs", "module.exports = {f: function (a) { return a + 1 }}", "m.f(1)", 2),
        ("wxs", "var class = 1; module.exports = {class: class + 1, b: {x: class}.x}", "[m.class, m.b]", [2, 1]),
        ("wxs", "exports.a = require('./b.wxs').b", "m.a", "b"),
        ("wxs", "// require('./none.wxs')\nmodule.exports.a = 'require(\"./no.wxs\")'", "m.a.length", 19),
        ("import-sjs", "export default {f: a => a + 1}", "m.f(1)", 2),
        ("import-sjs", "const f = (a) => a * 2;\nexport default { f };", "m.f(2)", 4),
        ("import-sjs", "export default function f(a) { return a + 1 }", "m(1)", 2),
        ("import-sjs", "export function f(a) { return a + 1 }\nexport const n = 5;", "[m.f(1), m.n]", [2, 5]),
        ("import-sjs", "const a = 1; export { a, a as b }; export default { c: 3 }", "[m.a, m.b, m.c]", [1, 1, 3]),
        ("import-sjs", "import d, {n as k} from './s.sjs'; export default {x: [d.d, k]}", "m.x", ["d", 1]),
        ("import-sjs", "import * as s from './s.sjs'; export default {x: s.n}", "m.x", 1),
        ("import-sjs", "export { n as z, default as y } from './s.sjs'", "[m.z, m.y.d]", [1, "d"]),
        ("import-sjs", "const s = require('./s.sjs'); module.exports = {x: s.n}", "m.x", 1),
        ("import-sjs", "import a from '../lib/deep'; export default a", "m.s", "d"),
        ("filter", "export default {max: (...all) => Math.max(...all)}", "m.max(1, 3, 2)", 3),
        ("filter", "module.exports = {x: 1}", "m.x", 1),
    ],
)  # fmt: skip
def test_a_module_means_the_same_in_the_package(tag: str, code: str, expression: str, expected: Any) -> None:
    files = {
        "p/b.wxs": "exports.b = 'b'",
        "p/s.sjs": "export default {d: 'd'}\nexport const n = 1",
        "lib/deep.sjs": "import s from '/p/s.sjs'\nexport default {s: s.d}",
    }
    names, made, warnings = modules(f'<{tag} module="m">{code}</{tag}>', files, WECHAT if tag == "wxs" else SWAN)
    assert value_of(made, names["m"], expression) == expected
    assert all(path.endswith(".wxs") for path in made)
    assert warnings == []


@pytest.mark.parametrize(
    ("element", "path"),
    [
        ('<import-sjs src="./s.sjs" module="m"/>', "p/s.sjs.wxs"),
        ('<import-sjs src="/lib/s" module="m"></import-sjs>', "lib/s.sjs.wxs"),
        ('<filter src="../lib/f.filter.js" module="m"></filter>', "lib/f.filter.js.wxs"),
        ('<filter src="../lib/f" module="m"></filter>', "lib/f.filter.js.wxs"),
        ('<filter module="m">export default {}</filter>', "p/t.swan.m.wxs"),
    ],
)
def test_a_module_has_a_path_of_its_own(element: str, path: str) -> None:
    files = {
        "p/s.sjs": "export default {}",
        "lib/s.sjs": "export default {}",
        "lib/f.filter.js": "export default {}",
    }
    names, made, _ = modules(element, files)
    assert names == {"m": path}
    assert set(made) == {path}


def test_modules_may_require_each_other() -> None:
    files = {
        "p/a.wxs": "exports.a = 1; exports.b = require('./b.wxs').b",
        "p/b.wxs": "require('./a.wxs'); exports.b = 2",
    }
    names, made, _ = modules('<wxs src="a.wxs" module="m"/>', files, WECHAT)
    assert value_of(made, names["m"], "[m.a, m.b]") == [1, 2]


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("import a from './none.sjs'; export default a", "p/t.swan:1:39: there is no file ./none.sjs (p/none.sjs)"),
        ("export default {\n a: 1,,\n}", "p/t.swan:2:7: "),
        ("\nimport './bad.sjs'", "p/bad.sjs:1:19: unexpected token"),
    ],
)
def test_a_faulty_module_is_refused_with_its_place(code: str, sentence: str) -> None:
    with pytest.raises(SourceError) as fault:
        modules(f'<import-sjs module="m">{code}</import-sjs>', {"p/bad.sjs": "export default {} }"})
    assert str(fault.value).startswith(sentence)
