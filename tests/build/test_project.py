"""What a project's configuration says is honoured, and what only other tools can build is named."""

import json
from pathlib import Path
from typing import Any

import pytest

from device_runtime.errors import CygnetError
from firmware_tools.build.program import build_program
from tests.build.programs import KEY, build, component, page, view_of, write

TABS = {
    "pages": ["pages/a/a", "pages/b/b", "pages/c/c"],
    "tabBar": {
        "custom": True,
        "list": [{"pagePath": "pages/a/a", "text": "A"}, {"pagePath": "pages/b/b", "text": "B"}],
    },
}


def pages(*letters: str) -> dict[str, str]:
    files: dict[str, str] = {}
    for letter in letters:
        files |= page("<view/>", path=f"pages/{letter}/{letter}")
    return files


def test_a_custom_tab_bar_ends_each_tab_page(tmp_path: Path) -> None:
    bar = {**component("custom-tab-bar/index", "<view/>"), "custom-tab-bar/index.wxss": ".bar{a:b}"}
    built = build(tmp_path, pages("a", "b", "c"), bar, app=TABS)
    for letter in "ab":
        view = view_of(built, f"pages/{letter}/{letter}")
        assert view["body"][-1] == ["component", "custom-tab-bar", {}, {}, [], {}, []]
        assert view["components"]["custom-tab-bar"]["path"] == "custom-tab-bar/index"
        assert view["styles"] == ["custom-tab-bar/index.css"]
    assert view_of(built, "pages/c/c")["components"] == {}
    assert built.package.manifest.document["cygnet"]["tab_bar"]["custom"] is True


def test_a_custom_tab_bar_that_is_missing_is_a_warning(tmp_path: Path) -> None:
    built = build(tmp_path, pages("a", "b", "c"), app=TABS)
    assert view_of(built)["components"] == {}
    assert built.warnings == (
        "app.json: tabBar.custom is true, but there is no component custom-tab-bar/index, no bar is shown",
    )


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"pages/a/a.js": None, "pages/a/a.ts": ""}, "a.ts is TypeScript and has no compiled pages/a/a.js beside it"),
        ({"x.js": None, "x.ts": ""}, "x.ts is TypeScript and has no compiled x.js beside it"),
        ({"pages/a/a.less": ""}, "pages/a/a.less is Less and has no compiled pages/a/a.wxss beside it"),
        ({"app.scss": ""}, "app.scss is Sass and has no compiled app.wxss beside it"),
        ({"x.sass": ""}, "x.sass is Sass and has no compiled x.wxss beside it"),
        ({"app.js": None, "app.ts": ""}, "app.ts is TypeScript and has no compiled app.js beside it"),
        ({"x.js": None}, "the component 'x' has no script x.js"),
    ],
)
def test_what_another_compiler_must_compile_is_named(
    tmp_path: Path, files: dict[str, str | None], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CYGNET_COMPILERS", str(tmp_path / "none"))
    every: dict[str, str | None] = {**page("<x/>", {"x": "/x"}), **component("x"), "app.js": "App({})", **files}
    write(tmp_path, {name: text for name, text in every.items() if text is not None})
    write(tmp_path, {"app.json": '{"pages": ["pages/a/a"]}'})
    with pytest.raises(CygnetError) as fault:
        build_program(tmp_path, KEY)
    assert sentence in str(fault.value)


def test_a_source_beside_what_it_was_compiled_to_is_left_out(tmp_path: Path) -> None:
    built = build(
        tmp_path, page("<view/>"), {"pages/a/a.ts": "", "pages/a/a.wxss": "", "pages/a/a.less": "", "u.d.ts": ""}
    )
    assert not [name for name in built.package.entries if name.endswith((".ts", ".less"))]


def test_of_a_developers_folders_only_what_is_asked_for_is_in_the_package(tmp_path: Path) -> None:
    built = build(
        tmp_path,
        page("<x/>", {"x": "/dist/x/x"}, path="pages/test/a"),
        component("dist/x/x"),
        component("dist/y/y"),
        {"dist/x/a.png": "", "dist/notes.txt": "", "tests/a.test.js": "(", "tests/a.png": "", "pages/test/b.txt": ""},
        app={"pages": ["pages/test/a"]},
    )
    assert {name for name in built.package.entries if name.startswith(("dist", "tests", "pages/test/b"))} == {
        "dist/x/x.js", "dist/x/x.json", "dist/x/x.view", "dist/x/a.png", "pages/test/b.txt",
    }  # fmt: skip


def test_what_is_another_parts_or_a_tools_is_not_in_the_package(tmp_path: Path) -> None:
    settings = json.dumps({"cloudfunctionRoot": "cloud/", "pluginRoot": "./plugin", "qcloudRoot": "../server"})
    files = {
        "cloud/f/index.js": "(", "plugin/index.js": "", "gulpfile.js": "(", "x.config.js": "", "y.config.js": "",
        "config.js": "", "jsconfig.json": "{}", "project.config.json": settings, "app.js": "require('./x.config')",
    }  # fmt: skip
    built = build(tmp_path, page("<view/>"), files)
    assert {name for name in built.package.entries if name in files} == {"config.js", "x.config.js", "app.js"}


@pytest.mark.parametrize(
    ("rule", "left_out"),
    [
        ({"type": "folder", "value": "docs"}, ["docs/a.txt", "docs/in/b.txt"]),
        ({"type": "folder", "value": "./docs/in/"}, ["docs/in/b.txt"]),
        ({"type": "file", "value": "docs/a.txt"}, ["docs/a.txt"]),
        ({"type": "suffix", "value": ".PNG"}, ["c.png"]),
        ({"type": "prefix", "value": "b."}, ["docs/in/b.txt"]),
        ({"type": "glob", "value": "docs/**/*.txt"}, ["docs/in/b.txt"]),
        ({"type": "glob", "value": "*.png"}, ["c.png"]),
        ({"type": "regexp", "value": "\\.(png|svg)$"}, ["c.png"]),
    ],
)
def test_pack_options_keep_files_out(tmp_path: Path, rule: dict[str, str], left_out: list[str]) -> None:
    settings = {"packOptions": {"ignore": [rule]}}
    others = {"docs/a.txt": "", "docs/in/b.txt": "", "c.png": ""}
    built = build(tmp_path, page("<view/>"), others, {"project.config.json": json.dumps(settings)})
    assert sorted(others.keys() - built.package.entries.keys()) == left_out
    assert built.warnings == ()


def test_what_pack_options_include_is_kept(tmp_path: Path) -> None:
    options = {"ignore": [{"type": "folder", "value": "docs"}, 5], "include": [{"type": "suffix", "value": "b.txt"}]}
    settings = json.dumps({"packOptions": options})
    built = build(tmp_path, page("<view/>"), {"docs/a.txt": "", "docs/b.txt": "", "project.config.json": settings})
    assert [name for name in built.package.entries if name.startswith("docs/")] == ["docs/b.txt"]
    assert built.warnings == ("project.config.json: packOptions.ignore holds 5, which is no rule, ignored",)


@pytest.mark.parametrize(
    ("app", "routes"),
    [
        ({"entryPagePath": "pages/b/b"}, ("pages/b/b", "pages/a/a", "pages/c/c")),
        ({"entryPagePath": "/pages/b/b"}, ("pages/b/b", "pages/a/a", "pages/c/c")),
        ({"entryPagePath": "pages/z/z"}, ("pages/a/a", "pages/b/b", "pages/c/c")),
    ],
)
def test_the_entry_page_is_the_first(tmp_path: Path, app: dict[str, Any], routes: tuple[str, ...]) -> None:
    listed = {"pages": ["pages/a/a", "pages/b/b", "pages/c/c"], **app}
    assert build(tmp_path, pages("a", "b", "c"), app=listed).package.manifest.pages == routes


def test_variables_of_the_theme_are_replaced_by_its_light_values(tmp_path: Path) -> None:
    theme = json.dumps({"light": {"bar": "#eeeeee", "text": "black"}, "dark": {"bar": "#111111", "text": "white"}})
    built = build(
        tmp_path,
        page("<view/>", navigationBarBackgroundColor="@bar", navigationBarTitleText="@other"),
        {"theme.json": theme},
        app={"darkmode": True, "window": {"navigationBarBackgroundColor": "@bar", "navigationBarTextStyle": "@text"}},
    )
    assert built.package.manifest.window["navigationBarBackgroundColor"] == "#eeeeee"
    own = json.loads(built.package.entries["pages/a/a.json"])
    assert (own["navigationBarBackgroundColor"], own["navigationBarTitleText"]) == ("#eeeeee", "@other")


@pytest.mark.parametrize(
    "script",
    [
        "#!/usr/bin/env node\nPage({})",
        "export default 1; Page({})",
        "import {a} from '/lib'; export * from '/lib'; Page(a)",
        "class A { static #x = 1; static { A.y = 2 } get [`z`]() { return this.a ??= 1n } } Page({})",
        "!function (r, f) { typeof exports === 'object' ? module.exports = f() : r.x = f() }(this, () => 1); Page({})",
        "(function () { with ({a: 1}) { return arguments.callee } })(); Page({})",
        "var s = '\\\nimport x from 1\\\nexport default 2'; Page({})",
        "/*\nexport default 5\n*/ var o = 010; Page({})",
        "return Page({})",
        "const f = async () => { for await (const x of []) { await x } }; Page({f, async* g() {}})",
        "Page({ a: /[\\p{L}--[a-z]]/v.test('') })",
        "var await = 1; Page({})",
    ],
)
def test_a_script_is_accepted_in_each_form_that_the_device_takes(tmp_path: Path, script: str) -> None:
    built = build(tmp_path, page("<view/>"), {"pages/a/a.js": script, "lib.js": "export const a = {}"})
    assert "pages/a/a.js" in built.package.entries


@pytest.mark.parametrize(
    ("script", "place"),
    [
        ("var a = ;", ":1:9: "),
        ("\n\n  Page({,})", ":3:9: "),
        ("export const a = ;", ":1:18: "),
        ("import a from\nPage({})", ":2:1: "),
        ("}", ":1:1: "),
    ],
)
def test_the_place_of_a_syntax_error_is_that_in_the_file(tmp_path: Path, script: str, place: str) -> None:
    with pytest.raises(CygnetError) as fault:
        build(tmp_path, page("<view/>"), {"pages/a/a.js": script})
    assert f"pages/a/a.js{place}" in str(fault.value)


def test_components_outside_of_the_package_are_drawn_as_boxes_with_a_warning(tmp_path: Path) -> None:
    used = {"p": "plugin://hello/list", "d": "dynamicLib://box/list", "q": "plugin://hello/other"}
    built = build(
        tmp_path,
        page("<p><view/></p><d/><q a='1'/>", used, componentPlaceholder={"d": "text", "q": "x"}),
        component("x"),
        app={"usingComponents": {"x": "/x"}},
    )
    assert [made[:2] for made in view_of(built)["body"]] == [
        ["element", "view"],
        ["element", "text"],
        ["component", "x"],
    ]
    assert list(view_of(built)["components"]) == ["x"]
    assert built.warnings == (
        "pages/a/a.json:1:22: <p> is plugin://hello/list, which is not in the program; an empty box stands in for it",
        "pages/a/a.json:1:50: <d> is dynamicLib://box/list, which is not in the program; <text> stands in for it",
        "pages/a/a.json:1:80: <q> is plugin://hello/other, which is not in the program; <x> stands in for it",
    )


def test_generics_have_a_default_or_none(tmp_path: Path) -> None:
    json_text = json.dumps(
        {
            "component": True,
            "componentGenerics": {"row": True, "cell": {"default": "./cell"}, "no": {"default": "./no"}},
        }
    )
    built = build(
        tmp_path,
        page('<list generic:row="row"/>', {"list": "/c/list", "row": "/c/row"}),
        component("c/list", "<row/><cell/><no/>", json_text),
        component("c/row"),
        component("c/cell"),
    )
    assert view_of(built)["body"][0][7] == {"generics": {"row": "row"}}
    assert view_of(built, "c/list")["components"] == {
        "cell": {"path": "c/cell", "generic": "cell", "placeholder": None},
        "no": {"path": None, "generic": "no", "placeholder": None},
        "row": {"path": None, "generic": "row", "placeholder": None},
    }
    assert {"c/row.view", "c/cell.view"} <= built.package.entries.keys()
    assert built.warnings == ("c/list.json:1:87: there is no component ./no, the default of 'no'",)


@pytest.mark.parametrize(
    ("comment", "maps"),
    [
        ("\n//# sourceMappingURL=a.js.map", ["pages/a/a.js.map"]),
        ("\n//@ sourceMappingURL=../../maps/a.map\n", ["maps/a.map"]),
        ("\n//# sourceMappingURL=none.map", []),
        ("\n//# sourceMappingURL=data:application/json;base64,e30=", []),
        ("\n//# sourceMappingURL=../../../../up.map", []),
        ("", []),
    ],
)
def test_a_source_map_comes_with_the_script_that_names_it(tmp_path: Path, comment: str, maps: list[str]) -> None:
    files = {"pages/a/a.js": f"Page({{}}){comment}", "pages/a/a.js.map": "{}", "maps/a.map": "{}", "other.map": "{}"}
    built = build(tmp_path, page("<view/>"), files, source_maps=True)
    assert [name for name in built.package.entries if name.endswith(".map")] == maps


def test_a_swan_program_has_components_and_modules_too(tmp_path: Path) -> None:
    files = {
        "app.json": '{"pages": ["pages/a/a"], "usingComponents": {"x-card": "/c/card"}}',
        "app.js": "App({})",
        "project.swan.json": "{}",
        "pages/a/a.js": "Page({})",
        "pages/a/a.json": '{"usingComponents": {"x-far": "dynamicLib://lib/far"}}',
        "pages/a/a.swan": '<import-sjs src="/u.sjs" module="u"/><filter module="f">export default {g: a => a}</filter>'
        '<x-card s-for="item, i in list" s-key="id" title="{= t =}" o="{{{a: u.x(f.g(item))}}}"/><x-far/>',
        "u.sjs": "export default {x: 1}",
        "c/card.swan": '<view class="k"><slot name="s"></slot></view>',
        "c/card.json": '{"component": true}',
        "c/card.js": "Component({})",
        "c/card.css": ".k { width: 1rpx }",
        "c/notes.css": ".n {}",
    }
    built = build_program(write(tmp_path, files), KEY)
    assert {name for name in built.package.entries if not name.startswith("META-INF")} == {
        "app.js",
        "c/card.css", "c/card.js", "c/card.json", "c/card.view", "manifest.json", "pages/a/a.js", "pages/a/a.json",
        "pages/a/a.swan.f.wxs", "pages/a/a.view", "u.sjs.wxs",
    }  # fmt: skip
    view = view_of(built)
    assert view["modules"] == ["u.sjs.wxs", "pages/a/a.swan.f.wxs"]
    assert view["styles"] == ["c/card.css"]
    card = view["body"][0][6][0]
    assert card[:2] == ["component", "x-card"]
    assert card[5] == {"title": ["variable", "t"]}
    assert built.package.entries["c/card.css"] == b".c1-k { width: calc(1 * var(--rpx)) }"
    assert [warning.partition(":")[0] for warning in built.warnings] == ["pages/a/a.json"]


def test_a_file_that_a_reached_script_asks_for_in_vain_is_named(tmp_path: Path) -> None:
    script = """const a = require('./none');
// require('./commented')
/* import x from './commented' */
const text = "from , ";
require('/lib'); require('tool');
Page({})"""
    files = {"pages/a/a.js": script, "lib.js": "import x from '../up'", "config/tool.js": "require('child_process')"}
    assert build(tmp_path, page("<view/>"), files).warnings == (
        "pages/a/a.js:1:11: there is no file ./none",
        "pages/a/a.js:5:18: there is no file tool",
        "lib.js:1:10: there is no file ../up",
    )


def test_an_imported_style_whose_name_differs_in_case_is_hinted_at(tmp_path: Path) -> None:
    files = {"pages/a/a.wxss": '@import "../../Parts/Base.wxss";', "parts/base.wxss": ".a{b:c}"}
    built = build(tmp_path, page("<view/>"), files)
    (warning,) = built.warnings
    assert warning == (
        "pages/a/a.wxss:1:1: there is no file ../../Parts/Base.wxss (Parts/Base.wxss), it is left out; "
        "parts/base.wxss is there: write upper and lower case as in its name"
    )


SWAN_FILES = {"pages/a/a.swan": "<view/>", "pages/a/a.js": "Page({})"}


@pytest.mark.parametrize(
    ("files", "dialect"),
    [
        # A folder that is named and has no app.json, as the project's own has.
        ({**page("<view/>"), "project.config.json": '{"miniprogramRoot": "miniprogram/"}'}, "wechat"),
        # Project files of both platforms: the templates tell.
        ({**SWAN_FILES, "project.config.json": '{"miniprogramRoot": "mini/"}', "project.swan.json": "{}"}, "swan"),
        ({**page("<view/>"), "project.config.json": "{}", "project.swan.json": "{}"}, "wechat"),
        ({**SWAN_FILES, "project.config.json": "{}"}, "swan"),
    ],
)
def test_a_project_file_that_does_not_fit_the_program_does_not_matter(
    tmp_path: Path, files: dict[str, str], dialect: str
) -> None:
    assert build(tmp_path, files).package.manifest.dialect == dialect


@pytest.mark.parametrize(
    ("name", "settings", "expected"),
    [
        ("project.swan.json", {"projectname": "%E4%BD%A0%E5%A5%BD"}, ("local.p", "你好", "")),
        ("project.swan.json", {"appid": 17767960, "projectname": 5}, ("17767960", "5", "")),
        ("project.config.json", {"description": "项目配置文件"}, ("local.p", "p", "")),
        ("project.config.json", {"description": "项目配置文件: https://x.example"}, ("local.p", "p", "")),
        ("project.config.json", {"description": "Lamps"}, ("local.p", "p", "Lamps")),
    ],
)
def test_what_the_developer_tools_write_becomes_the_manifest(
    tmp_path: Path, name: str, settings: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    files = SWAN_FILES if "swan" in name else page("<view/>")
    document = build(tmp_path / "p", files, {name: json.dumps(settings)}).package.manifest.document
    assert (document["app_id"], document["name"], document.get("description", "")) == expected
