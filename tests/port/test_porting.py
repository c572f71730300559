"""What a report says of whole programs."""

import json
from pathlib import Path
from typing import Any

import pytest

from device_runtime.errors import CygnetError
from device_runtime.host.board import find_board
from firmware_tools.port.findings import Report, Severity
from firmware_tools.port.porting import port_program
from tests.port.programs import KEY, SWAN, WECHAT, Files, finding, names, report_of, write

INDEX = "pages/index/index"


def page(report: Report, route: str = INDEX) -> Any:
    (found,) = [one for one in report.pages if one.route == route]
    return found


@pytest.mark.parametrize("files", [WECHAT, SWAN])
def test_a_program_that_asks_for_nothing_has_nothing_missing(files: Files, tmp_path: Path) -> None:
    ported = port_program(write(tmp_path / "program", files), KEY)
    assert ported.built is not None
    assert ported.report.findings == []
    assert [(one.route, one.severity) for one in ported.report.pages] == [("app", None), (INDEX, None)]
    assert ported.report.name == ("hello" if files is WECHAT else "你好")


@pytest.mark.parametrize(
    ("script", "name", "severity"),
    [
        ("wx.login()", "login", Severity.BREAKS),
        ("wx.scanCode()", "scanCode", Severity.DEGRADED),
        ("wx.onUserCaptureScreen(f)", "onUserCaptureScreen", Severity.DEGRADED),
        ("wx.offUserCaptureScreen(f)", "offUserCaptureScreen", Severity.HARMLESS),
        ("wx.shareVideoMessage()", "shareVideoMessage", Severity.HARMLESS),
        ("wx.noSuchThingSync()", "noSuchThingSync", Severity.BREAKS),
        ("if (wx.canIUse('login')) wx.login()", "login", Severity.DEGRADED),
        ("if (wx.login) {}", "login", Severity.DEGRADED),
        ("wx.setStorage({ encrypt: true })", "setStorage.encrypt", Severity.DEGRADED),
        ("wx.setStorageSync('a', 1)", "", None),
        ("wx.vibrateShort()", "vibrateShort", Severity.DEGRADED),
        ("wx[name]()", "wx[…]", Severity.UNCLEAR),
        ("promisifyAll(wx)", "wx, handed on", Severity.UNCLEAR),
        ("uni.request({})", "uni.…", Severity.UNCLEAR),
        ("requirePlugin('hello')", "hello", Severity.BREAKS),
        ("wx.authorize({ scope: 'scope.camera' })", "authorize(scope.camera)", Severity.DEGRADED),
    ],
)
def test_a_use_is_judged_by_the_table_of_apis(
    script: str, name: str, severity: Severity | None, tmp_path: Path
) -> None:
    report = report_of(tmp_path, {f"{INDEX}.js": f"{script}\nPage({{}})"})
    assert report.built
    if severity is None:
        assert report.findings == []
        return
    found = finding(report, name)
    assert found.severity is severity
    assert str(found.places[0]) == f"{INDEX}.js:1"
    assert found.places[0].excerpt.startswith(script[:20])
    assert page(report).severity is (severity if severity is not Severity.HARMLESS else None)


def test_guarded_uses_are_counted_apart(tmp_path: Path) -> None:
    found = finding(report_of(tmp_path, {"app.js": "wx.canIUse('login') && wx.login()\nwx.login()\nApp({})"}), "login")
    assert (found.severity, found.count, found.guarded) == (Severity.BREAKS, 2, 1)
    assert [place.note for place in found.places] == ["guarded by `canIUse`", ""]


def test_what_works_is_counted_with_its_limits(tmp_path: Path) -> None:
    report = report_of(tmp_path, {"app.js": "wx.request({}); wx.login(); wx.getStorageSync('a'); App({})"})
    verdicts = {api.name: api.verdict for api in report.apis}
    assert verdicts == {"request": "limits", "login": "missing", "getStorageSync": "works"}
    assert report.working == 2


@pytest.mark.parametrize(
    ("board", "missing"), [("virtual-speaker", True), ("rpi4-headunit", False)], ids=["screen only", "own microphone"]
)
def test_the_answer_is_for_a_board_if_one_is_named(board: str, missing: bool, tmp_path: Path) -> None:
    files = {"app.js": "wx.getRecorderManager(); App({})"}
    report = report_of(tmp_path, files, find_board(board))
    assert ("getRecorderManager" in names(report)) is missing
    if missing:
        assert finding(report, "getRecorderManager").message == f"the board {board} lacks `record.start`"


@pytest.mark.parametrize(
    ("template", "name", "severity"),
    [
        ("<map/>", "<map>", Severity.BREAKS),
        ("<frobnicate/>", "<frobnicate>", Severity.DEGRADED),
        ("<xr-scene/>", "<xr-…>", Severity.BREAKS),
        ("<div>a</div>", "<div>", Severity.DEGRADED),
        ('<button open-type="getPhoneNumber"/>', '<button open-type="getPhoneNumber">', Severity.DEGRADED),
        ('<button bindgetphonenumber="f"/>', "<button> getphonenumber", Severity.DEGRADED),
        ('<button session-from="a"/>', "<button session-from>", Severity.HARMLESS),
        ('<navigator target="miniProgram"/>', "<navigator target>", Severity.DEGRADED),
        ('<image src="https://img.example/a.png"/>', "https://img.example", Severity.DEGRADED),
        ('<button open-type="{{type}}"/>', '<button open-type="{{…}}">', Severity.UNCLEAR),
    ],
)
def test_a_template_is_judged_by_what_the_screen_draws(
    template: str, name: str, severity: Severity, tmp_path: Path
) -> None:
    report = report_of(tmp_path, {f"{INDEX}.wxml": f"<view>\n{template}</view>", f"{INDEX}.js": "Page({ f() {} })"})
    found = finding(report, name)
    assert found.severity is severity
    assert str(found.places[0]) == f"{INDEX}.wxml:2"


def test_templates_are_followed_through_imports_and_components(tmp_path: Path) -> None:
    files: Files = {
        f"{INDEX}.wxml": '<import src="../row"/><template is="row"/><own-box/>',
        f"{INDEX}.json": {"usingComponents": {"own-box": "/parts/box"}},
        "pages/row.wxml": '<template name="row"><camera/></template>',
        "parts/box.wxml": "<map/>",
        "parts/box.json": {"component": True},
        "parts/box.js": "wx.login(); Component({})",
    }
    report = report_of(tmp_path, files)
    assert {"<camera>", "<map>", "login"} <= names(report)
    state = page(report)
    assert state.components == 1
    through = {report.findings[number].name: file for number, file in state.touches}
    assert through == {"<camera>": "pages/row.wxml", "<map>": "parts/box.wxml", "login": "parts/box.js"}


def test_a_page_touches_only_the_functions_of_shared_scripts_that_it_comes_to(tmp_path: Path) -> None:
    report = report_of(
        tmp_path,
        {
            "app.json": {"pages": [INDEX, "pages/pay/pay"]},
            "util.js": "function get() {}\nfunction pay() { wx.requestPayment({}) }\nmodule.exports = { get, pay }",
            f"{INDEX}.js": "const u = require('../../util')\nPage({ onLoad() { u.get() } })",
            "pages/pay/pay.js": "const u = require('../../util')\nPage({ onTap() { u.pay() } })",
            "pages/pay/pay.wxml": "<view/>",
        },
    )
    assert page(report).severity is None
    assert page(report, "pages/pay/pay").severity is Severity.BREAKS
    assert finding(report, "requestPayment").places[0].part == "pay"


@pytest.mark.parametrize(
    ("files", "name", "severity"),
    [
        ({"app.json": {"pages": [INDEX], "plugins": {}}}, "app.json plugins", Severity.BREAKS),
        ({"app.json": {"pages": [INDEX], "sitemapLocation": "a"}}, "app.json sitemapLocation", Severity.HARMLESS),
        ({"app.json": {"pages": [INDEX], "noSuch": 1}}, "app.json noSuch", Severity.HARMLESS),
        ({"app.json": {"pages": [INDEX], "window": {"pageOrientation": "landscape"}}}, "pageOrientation",
         Severity.DEGRADED),
        ({f"{INDEX}.json": {"pageOrientation": "landscape"}}, "pageOrientation", Severity.DEGRADED),
        ({f"{INDEX}.json": {"usingComponents": {"x": "plugin://a/b"}}}, "plugin://a/b", Severity.BREAKS),
        ({f"{INDEX}.json": {"usingComponents": {"x": "./none"}}}, "./none", Severity.BREAKS),
        ({f"{INDEX}.json": {"usingSwanComponents": {"x": "dynamicLib://a/b"}}}, "dynamicLib://a/b", Severity.BREAKS),
        ({f"{INDEX}.js": "Page({ onShareTimeline() {} })"}, "onShareTimeline", Severity.HARMLESS),
        ({f"{INDEX}.js": "Page({ onURLQueryChange() {} })"}, "onURLQueryChange", Severity.DEGRADED),
    ],
)  # fmt: skip
def test_configuration_and_lifecycles_are_judged_by_the_table_of_members(
    files: Files, name: str, severity: Severity, tmp_path: Path
) -> None:
    assert finding(report_of(tmp_path, files), name).severity is severity


def test_values_that_ask_for_nothing_are_not_told(tmp_path: Path) -> None:
    window = {"pageOrientation": "portrait", "navigationBarTitleText": "Hi"}
    report = report_of(tmp_path, {"app.json": {"pages": [INDEX], "window": window, "darkmode": False}})
    assert report.findings == []


SERVER = "wx.request({ url: 'https://api.example.com/a' }); wx.connectSocket({ url: 'wss://s.example.com' }); App({})"


def test_servers_and_permissions_that_are_not_declared_are_told_and_proposed(tmp_path: Path) -> None:
    report = report_of(tmp_path, {"app.js": SERVER})
    assert finding(report, "https://api.example.com").severity is Severity.BREAKS
    assert finding(report, "request").kind == "permission"
    assert report.manifest == {
        "app_id": "wx1234567890abcdef",
        "name": "hello",
        "version": {"code": 1, "name": "1.0.0"},
        "permissions": [{"name": "request", "reason": "to reach the program's own server"}],
        "network": {"request": ["https://api.example.com"], "socket": ["wss://s.example.com"]},
    }
    assert not (tmp_path / "cygnet.json").exists()


def test_the_proposed_manifest_is_written_on_request_and_grants_what_was_missing(tmp_path: Path) -> None:
    report = report_of(tmp_path, {"app.js": SERVER}, write_manifest=True)
    assert json.loads((tmp_path / "cygnet.json").read_text()) == report.manifest
    assert report.findings == []
    assert {one.origin for one in report.origins if one.declared} == {"https://api.example.com", "wss://s.example.com"}


def test_a_manifest_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    own = {
        "permissions": [{"name": "request", "reason": "prices"}],
        "network": {"request": ["https://api.example.com"]},
    }
    report = report_of(tmp_path, {"app.js": SERVER, "cygnet.json": own}, write_manifest=True)
    assert json.loads((tmp_path / "cygnet.json").read_text()) == own
    assert names(report) == {"wss://s.example.com"}


def test_pictures_of_a_server_need_it_to_be_declared(tmp_path: Path) -> None:
    files: Files = {
        "app.wxss": '@import "more.wxss"; /* url(https://no.example/a.png) */',
        "more.wxss": "page { background: url(//css.example/a.png) }",
        f"{INDEX}.wxml": '<image src="https://img.example/a.png"/>',
        f"{INDEX}.js": "Page({ data: { logo: 'https://data.example/logo.png' } })",
    }
    report = report_of(tmp_path, files)
    assert {one.origin: one.why for one in report.origins} == {
        "https://css.example": "shown", "https://img.example": "shown", "https://data.example": "name",
    }  # fmt: skip
    assert str(finding(report, "https://css.example").places[0]) == "more.wxss:1"
    assert report.manifest["network"] == {
        "request": ["https://css.example", "https://data.example", "https://img.example"]
    }


def test_calls_whose_address_is_put_together_are_counted(tmp_path: Path) -> None:
    script = "wx.request({ url: base + '/a' }); wx.request({ url: 'https://a.example/b' }); App({})"
    assert report_of(tmp_path, {"app.js": script}).computed_requests == 1


def test_a_constant_that_looks_like_a_server_is_left_to_a_person(tmp_path: Path) -> None:
    report = report_of(tmp_path, {"app.js": "const baseURL = 'https://api.example.com'; App({})"})
    assert finding(report, "https://api.example.com").severity is Severity.UNCLEAR


def test_places_in_compiled_scripts_are_told_with_their_source(tmp_path: Path) -> None:
    # The second line of the script is the fifth of the source.
    source_map = {"version": 3, "sources": ["../../src/index.ts"], "names": [], "mappings": ";AAIA"}
    script = "Page({});\nwx.login();\n//# sourceMappingURL=index.js.map"
    report = report_of(tmp_path, {f"{INDEX}.js": script, f"{INDEX}.js.map": source_map})
    (place,) = finding(report, "login").places
    assert (place.file, place.line) == (f"{INDEX}.js", 2)
    assert place.origin.endswith("src/index.ts:5")


def test_everything_that_the_build_refuses_is_told_at_once(tmp_path: Path) -> None:
    pages = [f"pages/p{number}/p{number}" for number in range(4)]
    files: dict[str, str | dict[str, Any]] = {"app.json": {"pages": pages}}
    for route in pages:
        files |= {f"{route}.wxml": "<view/>", f"{route}.js": "Page({})"}
    files["pages/p1/p1.wxml"] = "<view>{{ a + }}</view>"
    files["pages/p3/p3.wxml"] = "<view>{{ b ( }}</view>"
    report = report_of(tmp_path, files)
    assert not report.built
    assert [refusal.partition(":")[0] for refusal in report.refusals] == ["pages/p1/p1.wxml", "pages/p3/p3.wxml"]
    assert {place.file for one in report.of(Severity.BREAKS) for place in one.places} == {
        "pages/p1/p1.wxml",
        "pages/p3/p3.wxml",
    }
    assert page(report, "pages/p2/p2").severity is None


def test_buttons_of_component_libraries_are_judged_where_they_are_used(tmp_path: Path) -> None:
    button = '<button open-type="{{openType}}" bindgetphonenumber="f"><slot/></button>'
    files: Files = {
        f"{INDEX}.wxml": '<own-button open-type="getPhoneNumber"/>',
        f"{INDEX}.json": {"usingComponents": {"own-button": "lib/button"}},
        "miniprogram_npm/lib/button.wxml": button,
        "miniprogram_npm/lib/button.json": {"component": True},
        "miniprogram_npm/lib/button.js": "Component({})",
    }
    report = report_of(tmp_path, files)
    assert {(one.name, one.severity.value) for one in report.findings} == {
        ('<own-button open-type="getPhoneNumber">', "degraded"),
        ('<button open-type="{{…}}">', "harmless"),
        ("<button> getphonenumber", "harmless"),
    }


def test_what_the_build_says_of_a_function_is_told_of_the_pages_that_come_to_it(tmp_path: Path) -> None:
    report = report_of(
        tmp_path,
        {
            "util.js": "function a() {}\nfunction b() { require('nothing-there') }\nmodule.exports = { a, b }",
            f"{INDEX}.js": "const u = require('../../util')\nPage({ onLoad() { u.a() } })",
        },
    )
    (found,) = [one for one in report.findings if one.kind == "build"]
    assert (found.places[0].line, found.places[0].part) == (2, "b")
    assert page(report).severity is None


def test_warnings_of_the_build_are_taken_over(tmp_path: Path) -> None:
    report = report_of(tmp_path, {f"{INDEX}.wxml": '<view wx:fro="{{a}}">a</view>'})
    (warning,) = report.warnings
    (found,) = [one for one in report.findings if one.kind == "build"]
    assert found.message in warning
    assert str(found.places[0]) == f"{INDEX}.wxml:1"


def test_scripts_that_nothing_reaches_are_listed(tmp_path: Path) -> None:
    assert report_of(tmp_path, {"old/unused.js": "wx.login()"}).unreached == ["old/unused.js"]


def test_a_program_in_typescript_that_was_not_compiled_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CYGNET_COMPILERS", str(tmp_path / "none"))
    write(tmp_path, {**WECHAT, f"{INDEX}.ts": "wx.login({} as any); Page({})"})
    (tmp_path / f"{INDEX}.js").unlink()
    report = port_program(tmp_path, KEY).report
    assert not report.built
    assert {"TypeScript", "login"} <= names(report)


def test_the_framework_of_a_program_is_named(tmp_path: Path) -> None:
    report = report_of(tmp_path, {"package.json": {"dependencies": {"@dcloudio/uni-app": "3"}}})
    assert finding(report, "uni-app").severity is Severity.UNCLEAR


@pytest.mark.parametrize(
    "files",
    [
        {f"{INDEX}.js": "wx.login(); 'open"},
        {f"{INDEX}.js": "\x00\ufffd((("},
        {f"{INDEX}.wxml": "<view {{ <"},
        {f"{INDEX}.json": "{"},
        {f"{INDEX}.json": "[]"},
        {f"{INDEX}.json": {"usingComponents": ["a"]}},
        {f"{INDEX}.json": {"usingComponents": {"a": 1, "b": "../../../../etc/passwd"}, "componentGenerics": 3}},
        {"app.js": "require(require(wx))"},
        {"app.js": "//# sourceMappingURL=app.js.map\nwx.login()", "app.js.map": "{"},
        {f"{INDEX}.js": f"require('./index'); {'(' * 2000}wx.login()"},
    ],
)
def test_a_broken_program_is_refused_in_a_sentence_and_still_reported(files: Files, tmp_path: Path) -> None:
    report = report_of(tmp_path, files)
    for refusal in report.refusals:
        assert "Traceback" not in refusal
    assert report.pages


@pytest.mark.parametrize("content", ["{", "[]", '{"pages": 1}', '{"pages": []}'])
def test_a_program_whose_configuration_cannot_be_read_is_one_sentence(content: str, tmp_path: Path) -> None:
    write(tmp_path, {**WECHAT, "app.json": content})
    with pytest.raises(CygnetError, match=r"app\.json"):
        port_program(tmp_path, KEY)


def test_the_same_source_gives_the_same_report(tmp_path: Path) -> None:
    files: Files = {"app.js": SERVER, f"{INDEX}.wxml": "<map/><camera/>"}
    first = report_of(tmp_path, files)
    assert report_of(tmp_path, files) == first


@pytest.mark.parametrize("example", ["lights", "timer", "weather"])
def test_the_examples_ask_for_nothing_that_is_missing(example: str) -> None:
    report = port_program(Path(__file__).parents[2] / "examples" / example, KEY).report
    assert [one for one in report.findings if one.severity is not Severity.HARMLESS] == []
    assert all(one.severity is None for one in report.pages)


def test_what_one_command_mends_comes_after_what_needs_work(tmp_path: Path) -> None:
    report = report_of(tmp_path, {"app.js": f"wx.login(); {SERVER}"})
    assert [one.kind for one in report.of(Severity.BREAKS)] == ["api", "permission", "server", "server"]


def test_a_model_of_a_wechat_program_is_named_with_where_it_runs(tmp_path: Path) -> None:
    script = "wx.createInferenceSession({ model: 'models/mnist.onnx' }); Page({})"
    report = report_of(tmp_path, {f"{INDEX}.js": script, "models/mnist.onnx": "", "models/own.tflite": ""})
    found = finding(report, "a model in ONNX")
    assert found.severity is Severity.UNCLEAR
    assert [(place.file, place.line) for place in found.places] == [("models/mnist.onnx", 1)]
    assert "`cygnet model import`" in found.instead
