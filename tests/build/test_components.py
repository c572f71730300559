"""Tags are resolved to components at build time, and only what is reached is in the package."""

from pathlib import Path

import pytest

from device_runtime.errors import CygnetError
from tests.build.programs import build, component, page, view_of

ENTRY = {"generic": None, "placeholder": None}


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/components/x/x", "components/x/x"),
        ("../../components/x/x", "components/x/x"),
        ("components/x/x", "components/x/x"),
        ("/components/y", "components/y/index"),
        ("./own", "pages/a/own"),
        ("own", "pages/a/own"),
        ("lib/button", "miniprogram_npm/lib/button/index"),
        ("@org/lib/button/index", "miniprogram_npm/@org/lib/button/index"),
        ("lib", "miniprogram_npm/lib/index"),
        ("~/x/x", "components/x/x"),
    ],
)
def test_a_path_of_a_component_is_found_as_wechat_finds_it(tmp_path: Path, target: str, path: str) -> None:
    built = build(
        tmp_path,
        page("<x/>", {"x": target}),
        component("components/x/x"),
        component("components/y/index"),
        component("pages/a/own"),
        component("miniprogram_npm/lib/button/index"),
        component("miniprogram_npm/@org/lib/button/index"),
        component("miniprogram_npm/lib/index"),
        app={"resolveAlias": {"~/*": "/components/*"}},
    )
    assert view_of(built)["components"] == {"x": {"path": path, **ENTRY}}
    assert view_of(built)["body"] == [["component", "x", {}, {}, [], {}, []]]
    assert f"{path}.js" in built.package.entries
    assert built.warnings == ()


def test_those_of_the_app_hold_everywhere_and_nearer_ones_win(tmp_path: Path) -> None:
    built = build(
        tmp_path,
        page("<x/><y/>", {"y": "/near"}),
        component("near", "<x/><y/>"),
        component("far"),
        app={"usingComponents": {"x": "far", "y": "far"}},
    )
    assert {tag: entry["path"] for tag, entry in view_of(built)["components"].items()} == {"x": "far", "y": "near"}
    assert {tag: entry["path"] for tag, entry in view_of(built, "near")["components"].items()} == {
        "x": "far",
        "y": "far",
    }


def test_components_may_use_each_other_and_themselves(tmp_path: Path) -> None:
    tree = '{"component": true, "usingComponents": {"tree": "./tree", "leaf": "./leaf"}}'
    built = build(
        tmp_path,
        page("<tree/>", {"tree": "/c/tree"}),
        component("c/tree", '<tree wx:if="{{deep}}"/><leaf/>', tree),
        component("c/leaf", "<tree/>", tree),
    )
    assert view_of(built, "c/tree")["prefix"] == "c1-"
    assert view_of(built, "c/leaf")["prefix"] == "c2-"
    assert view_of(built, "c/leaf")["components"]["tree"]["path"] == "c/tree"


def test_a_tag_may_hide_a_builtin(tmp_path: Path) -> None:
    built = build(tmp_path, page("<button/>", {"button": "/b"}), component("b", "<button/>"))
    assert view_of(built)["body"][0][0] == "component"
    assert view_of(built, "b")["body"][0][0] == "element"


@pytest.mark.parametrize(
    ("used", "sentence"),
    [
        (
            {"x": "/components/z/z"},
            "pages/a/a.json:1:22: there is no component /components/z/z for <x>; did you mean '/components/x/x'?",
        ),
        ({"x": "@vant/weapp/button/index"}, "there is no component @vant/weapp/button/index for <x>"),
        ({"x": "../../../up"}, "there is no component ../../../up for <x>"),
    ],
)
def test_a_component_that_is_missing_is_named_and_stood_in_for(
    tmp_path: Path, used: dict[str, str], sentence: str
) -> None:
    built = build(tmp_path, page('<x class="c" bind:y="f"/><x>text</x>', used), component("components/x/x"))
    assert len(built.warnings) == 1
    assert sentence in built.warnings[0]
    assert built.warnings[0].endswith("; an empty box stands in for it")
    assert view_of(built)["body"] == [
        ["element", "view", {"class": ["constant", "c"]}, {}, [["y", "bind", ["constant", "f"]]], {},
         [["text", ["constant", "<x>"]]]],
        ["element", "view", {}, {}, [], {}, [["text", ["constant", "text"]]]],
    ]  # fmt: skip
    built = build(tmp_path, page("<view/>", used))
    assert len(built.warnings) == 1
    assert sentence in built.warnings[0]
    assert built.warnings[0].endswith("; it is not used")


@pytest.mark.parametrize(
    ("json_text", "sentence"),
    [
        ('{"usingComponents": []}', "pages/a/a.json:1:2: usingComponents must be a JSON object"),
        ('{"usingComponents": {}', "pages/a/a.json:1:23: not JSON"),
        ("[]", "pages/a/a.json:1:1: must hold one JSON object"),
    ],
)
def test_faulty_json_is_refused_with_its_place(tmp_path: Path, json_text: str, sentence: str) -> None:
    with pytest.raises(CygnetError) as fault:
        build(tmp_path, {**page("<x/>"), "pages/a/a.json": json_text})
    assert sentence in str(fault.value)


def test_only_components_that_are_reached_are_in_the_package(tmp_path: Path) -> None:
    npm = "miniprogram_npm/lib"
    built = build(
        tmp_path,
        page("<a/>", {"a": "lib/a/index", "b": "lib/b/index"}),
        component(f"{npm}/a/index", script="const x = require('../common/x'); Component(x)"),
        component(f"{npm}/b/index"),
        component("own/unused"),
        component("own/mixed", script="exports.x = 1"),
        {f"{npm}/common/x.js": "export {y} from './y'", f"{npm}/common/y.js": "", f"{npm}/common/z.js": ""},
        {"app.js": "require('/own/mixed'); App({})", "util/any.js": ""},
    )
    scripts = sorted(name for name in built.package.entries if name.endswith(".js"))
    assert scripts == [
        "app.js", f"{npm}/a/index.js", f"{npm}/common/x.js", f"{npm}/common/y.js", "own/mixed.js",
        "pages/a/a.js", "util/any.js",
    ]  # fmt: skip
    assert sorted(name for name in built.package.entries if name.endswith(".view")) == [
        f"{npm}/a/index.view",
        "pages/a/a.view",
    ]


def test_a_page_names_the_styles_of_all_components_that_it_can_reach(tmp_path: Path) -> None:
    uses_b = '{"component": true, "usingComponents": {"b": "./b"}}'
    built = build(
        tmp_path,
        page('<import src="/t"/><a/>', {"a": "/a", "t": "/t", "unused": "/u"}),
        {
            "t.wxml": '<template name="t"><t/></template>',
            "t.js": "",
            "t.json": '{"component": true}',
            "t.wxss": ".t{a:b}",
        },
        {**component("a", "<b/>", uses_b), "a.wxss": ".a{a:b}"},
        {**component("b", "<b/>", uses_b), "b.wxss": ":host{a:b}"},
        {**component("u"), "u.wxss": ".u{a:b}"},
    )
    assert view_of(built)["styles"] == ["a.css", "t.css", "b.css"]
    prefix = view_of(built, "b")["prefix"]
    assert built.package.entries["b.css"].decode() == f".{prefix}host{{a:b}}"
    assert "u.css" not in built.package.entries


@pytest.mark.parametrize(
    ("json_text", "script", "files"),
    [
        ('{"component": true}', "Component({})", ["x.css"]),
        ('{"component": true, "styleIsolation": "apply-shared"}', "Component({})", ["x.css"]),
        ('{"component": true, "styleIsolation": "shared"}', "Component({})", ["x.css", "x.shared.css"]),
        ('{"component": true}', "Component({options: {styleIsolation: 'shared'}})", ["x.css", "x.shared.css"]),
        ('{"component": true}', 'Component({options:{styleIsolation:"page-shared"}})', ["x.css", "x.shared.css"]),
    ],
)
def test_a_style_that_is_for_others_too_is_there_without_prefix_as_well(
    tmp_path: Path, json_text: str, script: str, files: list[str]
) -> None:
    built = build(tmp_path, page("<x/>", {"x": "/x"}), component("x", "", json_text, script), {"x.wxss": ".a{b:c}"})
    assert view_of(built)["styles"] == files
    assert [built.package.entries[name].decode() for name in files] == [".c1-a{b:c}", ".a{b:c}"][: len(files)]


def test_a_swan_program_may_use_components_that_are_written_for_wechat(tmp_path: Path) -> None:
    built = build(
        tmp_path,
        {"pages/a/a.swan": '<x s-if="a"/><y/>', "pages/a/a.js": "Page({})"},
        {"pages/a/a.json": '{"usingComponents": {"x": "@org/lib/x/index", "y": "/y.swan"}}'},
        component("miniprogram_npm/@org/lib/x/index", '<wxs src="./m.wxs" module="m"/><i wx:if="{{m.f(a)}}">{{a}}</i>'),
        {"miniprogram_npm/@org/lib/x/index.wxss": '@import "../b.wxss";.a{width:1rpx}'},
        {"miniprogram_npm/@org/lib/x/m.wxs": "exports.f = function (a) { return a }"},
        {"miniprogram_npm/@org/lib/b.wxss": ".b{c:d}"},
        {"y.swan": "<view/>", "y.json": '{"component": true}', "y.js": "Component({})", "y.css": ".y{a:b}"},
    )
    assert built.warnings == ()
    assert view_of(built, "miniprogram_npm/@org/lib/x/index")["body"][0][0] == "if"
    assert view_of(built)["styles"] == ["miniprogram_npm/@org/lib/x/index.css", "y.css"]
    style = built.package.entries["miniprogram_npm/@org/lib/x/index.css"]
    assert style == b".c1-b{c:d}\n.c1-a{width:calc(1 * var(--rpx))}"
    assert "miniprogram_npm/@org/lib/x/m.wxs" in built.package.entries
    assert not [name for name in built.package.entries if name.endswith((".wxml", ".wxss", ".swan"))]


def test_what_baidu_alone_has_is_stood_in_for(tmp_path: Path) -> None:
    built = build(
        tmp_path,
        {"pages/a/a.swan": '<chart style="height: 9px"/>', "pages/a/a.js": "Page({})"},
        {"pages/a/a.json": '{"usingSwanComponents": {"chart": "dynamicLib://echartsLib/chart"}}'},
    )
    (warning,) = built.warnings
    assert warning == (
        "pages/a/a.json:1:26: <chart> is dynamicLib://echartsLib/chart, which is not in the program; "
        "an empty box stands in for it"
    )
    assert view_of(built)["body"][0][6] == [["text", ["constant", "<chart>"]]]
