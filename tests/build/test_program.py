"""A source folder becomes the same signed package each time, or one sentence says what is wrong with it."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.errors import CygnetError
from device_runtime.view.template import load_template
from firmware_tools.build.program import build_program, write_package

KEY = Ed25519PrivateKey.generate()

WECHAT = {
    "app.json": '{"pages": ["pages/index/index", "pages/more/more"], "window": {"navigationBarTitleText": "Hi"},\n'
    '"tabBar": {"color": "#111", "list": [{"pagePath": "pages/index/index", "text": "One", "iconPath": "./a.png"}]},\n'
    '"subPackages": [{"root": "extra", "pages": ["far/far"]}]}',
    "app.js": "App({})",
    "app.wxss": "page { padding: 10rpx }",
    "project.config.json": '{"appid": "wx1234567890abcdef", "projectname": "hello"}',
    "pages/index/index.wxml": '<import src="/parts/row.wxml"/><view bindtap="go">{{a}}</view><template is="row"/>',
    "pages/index/index.js": "Page({data: {a: 1}})",
    "pages/index/index.wxss": '@import "../../parts/base.wxss"; .x { width: 1rpx }',
    "pages/more/more.wxml": "<view/>",
    "pages/more/more.js": "import x from '../../lib'; Page(x)",
    "pages/more/more.json": '{"navigationBarTitleText": "More"}',
    "extra/far/far.wxml": "<view/>",
    "extra/far/far.js": "Page({})",
    "parts/row.wxml": '<template name="row"><text>row</text></template>',
    "parts/base.wxss": ".base { color: red }",
    "lib.js": "export default {}",
    "a.png": "not really a picture",
    "README.md": "for developers",
    "tests/index.test.js": "nothing for devices",
    "node_modules/x/index.js": "(",
    ".hidden": "secret",
}
SWAN = {
    "app.json": '{"pages": ["pages/index/index"]}',
    "app.js": "App({})",
    "app.css": ".x { width: 2rpx }",
    "project.swan.json": '{"appid": "12345678"}',
    "pages/index/index.swan": '<view s-if="a > 1" bindtap="go">{{a}}</view>',
    "pages/index/index.js": "Page({})",
}


def write(directory: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return directory


def test_a_wechat_program_is_packaged_with_compiled_templates_and_styles(tmp_path: Path) -> None:
    built = build_program(write(tmp_path / "hello", WECHAT), KEY)
    assert sorted(built.package.entries) == [
        "META-INF/digests.json", "META-INF/signature.json", "a.png", "app.css", "app.js",
        "extra/far/far.js", "extra/far/far.view", "lib.js", "manifest.json",
        "pages/index/index.css", "pages/index/index.js", "pages/index/index.view",
        "pages/more/more.js", "pages/more/more.json", "pages/more/more.view",
    ]  # fmt: skip
    assert built.warnings == ()
    assert built.package.entries["app.css"] == b"page { padding: calc(10 * var(--rpx)) }"
    assert b".base { color: red }" in built.package.entries["pages/index/index.css"]
    load_template(json.loads(built.package.entries["pages/index/index.view"]))


def test_the_manifest_is_made_from_wechats_own_files(tmp_path: Path) -> None:
    manifest = build_program(write(tmp_path / "hello", WECHAT), KEY).package.manifest
    assert (manifest.app_id, manifest.name, manifest.dialect) == ("wx1234567890abcdef", "hello", "wechat")
    assert manifest.pages == ("pages/index/index", "pages/more/more", "extra/far/far")
    assert manifest.window["navigationBarTitleText"] == "Hi"
    assert manifest.tab_bar is not None
    assert (manifest.tab_bar.tabs[0].route, manifest.tab_bar.tabs[0].icon) == ("pages/index/index", "a.png")
    assert manifest.version.code == 1


def test_a_swan_program_is_recognised_and_packaged(tmp_path: Path) -> None:
    built = build_program(write(tmp_path / "hello", SWAN), KEY)
    assert built.package.manifest.dialect == "swan"
    assert {"app.css", "pages/index/index.view"} <= built.package.entries.keys()
    assert "pages/index/index.swan" not in built.package.entries


def test_cygnet_json_says_what_the_dialects_cannot(tmp_path: Path) -> None:
    own = {
        "app_id": "org.example.hello",
        "version": {"code": 7, "name": "2.1"},
        "name": "Hello",
        "description": "Says hello",
        "icon": "a.png",
        "permissions": [{"name": "request", "reason": "to ask the weather"}],
        "network": {"request": ["https://weather.example"]},
        "voice": {"slots": {"who": ["you", "me"]}, "intents": [{"name": "greet", "phrases": ["greet {who}"]}]},
    }
    manifest = build_program(write(tmp_path / "p", {**WECHAT, "cygnet.json": json.dumps(own)}), KEY).package.manifest
    assert (manifest.app_id, manifest.version.code, manifest.icon) == ("org.example.hello", 7, "a.png")
    assert manifest.permissions["request"].reason == "to ask the weather"
    assert manifest.request_domains == ("https://weather.example",)
    assert manifest.voice.slots == {"who": ("you", "me")}


def test_the_same_source_makes_the_same_bytes_wherever_it_lies(tmp_path: Path) -> None:
    first = build_program(write(tmp_path / "one", WECHAT), KEY).data
    second = build_program(write(tmp_path / "two", dict(reversed(WECHAT.items()))), KEY).data
    assert first == second


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"app.json": None}, "holds no app.json"),
        ({"app.json": '{"pages": ["a",]}'}, "app.json:1:16: not JSON"),
        ({"app.json": "[]"}, "app.json:1: must hold one JSON object"),
        ({"app.json": '{\n"pages": []}'}, "app.json:2: pages must be a list of at least one route"),
        ({"app.json": '{"pages": ["a"],\n"subPackages": [1]}'}, "app.json:2: each of subPackages must have a root"),
        (
            {"pages/index/index.wxml": None, "pages/more/more.js": None, "extra/far/far.js": None},
            "app.json:1: the page 'pages/index/index' has no template pages/index/index.wxml",
        ),
        ({"pages/more/more.js": "let a = 1;\nlet b = ;\n"}, "pages/more/more.js:2:9: unexpected token"),
        ({"app.js": "import a from"}, "app.js:1:"),
        ({"pages/index/index.wxml": "<view>{{ a + }}</view>"}, "pages/index/index.wxml:1:"),
        ({"pages/index/index.wxml": '<import src="../../../x.wxml"/>'}, "leads out of the program"),
        ({"app.js": "\udcff"}, "app.js is not UTF-8 text"),
        (
            {"images/Icon.png": "", "images/icon.png": ""},
            "entries 'images/Icon.png' and 'images/icon.png' are in one place",
        ),
        ({"images/a.png": "", "Images/b.png": ""}, "entries 'images/a.png' and 'Images/b.png' are in one place"),
        ({"caf\xe9.png": "", "cafe\u0301.png": ""}, "are in one place on boards, macOS and Windows"),
        ({"what?.png": ""}, "the entry 'what?.png' has a name that the file systems of boards and Windows do not take"),
        ({"lib/aux.js": ""}, "the entry 'lib/aux.js' has a name that the file systems of boards and Windows do not"),
        ({"cygnet.json": '{\n"vioce": {}}'}, "cygnet.json:2: unknown member 'vioce'; did you mean 'voice'?"),
        ({"cygnet.json": '{"app_id": "../x"}'}, "app_id must be 1 to 128 letters"),
        ({"cygnet.json": '{"version": {"code": "1", "name": "1"}}'}, "version.code must be a whole number"),
        (
            {"cygnet.json": '{"voice": {"intents": [{"name": "a", "phrases": ["go {where}"]}]}}'},
            "intent a, phrase 'go {where}', at character 4",
        ),
        ({"cygnet.json": '{"network": {"request": "https://a"}}'}, "cygnet.json:1: network.request must be a list"),
        (
            {"cygnet.json": '{\n"data_plan": [{"name": "a"}]}'},
            "cygnet.json:2: the member data_plan[0].category is missing; it must be a string",
        ),
    ],
)
def test_faulty_source_is_refused_with_its_place(tmp_path: Path, change: dict[str, str | None], sentence: str) -> None:
    files = {name: text for name, text in {**WECHAT, **change}.items() if text is not None}
    directory = tmp_path / "hello"
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(CygnetError) as fault:
        build_program(directory, KEY)
    assert sentence in str(fault.value)
    assert "\n" not in str(fault.value)


def test_a_folder_without_a_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(CygnetError, match=r"holds no mini-program; a program is app\.json with \.wxml"):
        build_program(tmp_path, KEY)
    with pytest.raises(CygnetError, match="is not a folder"):
        build_program(tmp_path / "nowhere", KEY)


def test_a_link_out_of_the_program_is_refused(tmp_path: Path) -> None:
    directory = write(tmp_path / "hello", WECHAT)
    (tmp_path / "secret.txt").write_text("mine")
    (directory / "stolen.txt").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(CygnetError, match="is a link to a file outside the program"):
        build_program(directory, KEY)


def test_a_package_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "out" / "hello.ma"
    write_package(b"bytes", target)
    assert target.read_bytes() == b"bytes"
    with pytest.raises(CygnetError, match="cannot be written"):
        write_package(b"bytes", tmp_path / "out" / "hello.ma" / "below-a-file.ma")
    assert [path.name for path in target.parent.iterdir()] == ["hello.ma"]


def test_subpackages_and_aliases_of_app_json_are_in_the_manifest(tmp_path: Path) -> None:
    app = json.loads(WECHAT["app.json"]) | {
        "subPackages": [{"root": "/extra/", "name": "e", "independent": True, "pages": ["far/far"]}],
        "preloadRule": {"pages/index/index": {"network": "all", "packages": ["e"]}},
        "resolveAlias": {"@parts/*": "parts/*"},
    }
    manifest = build_program(write(tmp_path / "hello", WECHAT | {"app.json": json.dumps(app)}), KEY).package.manifest
    assert [(part.root, part.name, part.independent) for part in manifest.subpackages] == [("extra", "e", True)]
    assert manifest.aliases == {"@parts/*": "parts/*"}


def test_source_maps_travel_when_asked_for_and_without_the_sources_that_they_repeat(tmp_path: Path) -> None:
    content = {"version": 3, "sources": ["a.ts"], "names": ["x"], "mappings": "AAAA"}
    files = WECHAT | {
        "lib.js": WECHAT["lib.js"] + "\n//# sourceMappingURL=lib.js.map",
        "app.js": WECHAT["app.js"] + "\n//# sourceMappingURL=app.js.map",
        "lib.js.map": json.dumps(content | {"sourcesContent": ["export default {}" * 100]}),
        "app.js.map": "{",
        "gone.js.map": "{}",
    }
    folder = write(tmp_path / "hello", files)
    assert not any(name.endswith(".map") for name in build_program(folder, KEY).package.entries)
    built = build_program(folder, KEY, source_maps=True)
    maps = {name: json.loads(data) for name, data in built.package.entries.items() if name.endswith(".map")}
    assert maps == {"lib.js.map": {"version": 3, "sources": ["a.ts"], "mappings": "AAAA"}}
    (warning,) = built.warnings
    assert warning.startswith("app.js.map: not JSON: ")
    assert warning.endswith("; the source map is left out")


def test_a_page_that_is_not_there_is_left_out(tmp_path: Path) -> None:
    files = {name: text for name, text in WECHAT.items() if name not in ("pages/index/index.wxml", "extra/far/far.js")}
    directory = write(tmp_path / "hello", files)
    built = build_program(directory, KEY)
    assert built.warnings == (
        f"{directory}/app.json:1: the page 'pages/index/index' has no template pages/index/index.wxml; it is left out",
        f"{directory}/app.json:3: the page 'extra/far/far' has no script extra/far/far.js; it is left out",
    )
    assert built.package.manifest.pages == ("pages/more/more",)
    assert built.package.manifest.tab_bar is None
    assert "extra/far/far.view" not in built.package.entries


@pytest.mark.parametrize(
    ("script", "place"),
    [
        ("let a = 1;\nlet b = ;\n", "2:9: unexpected token"),
        ("import a from", "1:"),
        ("let fine = /a/;\nlet bad = '/(/' + /+/;\n", "2:19: nothing to repeat"),
        ("if (x) /[b-a]/.test(y)", "1:8: invalid class range"),
    ],
)
def test_a_broken_script_that_pages_share_fails_when_it_is_required(tmp_path: Path, script: str, place: str) -> None:
    directory = write(tmp_path / "hello", {**WECHAT, "lib.js": script})
    built = build_program(directory, KEY)
    (warning,) = built.warnings
    assert warning.startswith(f"{directory}/lib.js:{place}")
    assert warning.endswith("; it fails when it is required")
    assert "lib.js" in built.package.entries
