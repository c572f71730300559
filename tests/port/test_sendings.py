# ruff: noqa: E501 a row of a table reads better whole
"""What a script sends, however it is written: events, requests, sockets, files, pages; and whether it hears."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_tools.build.dialects import load_project
from firmware_tools.port.outflows import Outflow
from firmware_tools.port.plan_remarks import outflows_of
from firmware_tools.port.python_sendings import python_sendings
from firmware_tools.port.texts import Guess
from tests.port.programs import WECHAT, Files, write


def outflows(folder: Path, files: Files) -> list[Outflow]:
    directory = write(folder, {**WECHAT, **files})
    return list(outflows_of(directory, load_project(directory)))


def told(one: Outflow) -> str:
    """Kind, name or address, and fields with ``…`` where there may be others."""
    subject = one.name if one.origin is None and not one.path else f"{one.origin or '?'} {one.shown_path}"
    more = [] if one.whole else ["…"]
    return " ".join([one.kind, str(subject), *one.fields, *more]).strip()


SENT: list[tuple[str, list[str]]] = [
    ("wx.reportEvent('heard', { sound: label, loud: 1 })", ["event heard sound loud"]),
    ("wx.reportAnalytics('heard')", ["event heard"]),
    ("swan.reportEvent(`heard`, undefined)", ["event heard"]),
    ("wx.reportEvent('heard', { ...rest, a })", ["event heard a …"]),
    ("wx.reportEvent('heard', values)", ["event heard …"]),
    ("const values = { a: 1 }; wx.reportEvent('heard', values)", ["event heard a"]),
    ("wx.reportEvent(good ? 'kept' : 'lost', {})", ["event kept", "event lost"]),
    ("const NAME = 'heard'; wx.reportEvent(NAME, {})", ["event heard"]),
    ("const E = { heard: 'h' }; wx.reportEvent(E.heard, {})", ["event h"]),
    ("wx.reportEvent(name, {})", ["event None"]),
    ("wx.reportEvent('page_' + name, {})", ["event None"]),
    ("const { reportEvent } = wx; reportEvent('heard', {})", ["event heard"]),
    ("wx['reportEvent']('heard', {})", ["event heard"]),
    ("const track = (name, values) => wx.reportEvent(name, values); track('a', { x: 1 }); track('b')", ["event a x", "event b …"]),
    ("Page({ track(name) { wx.reportEvent(name, { page: 1 }) }, onShow() { this.track('shown') } })", ["event shown page"]),
    ("exports.track = function (name) { wx.reportEvent(name) }; exports.track('a')", ["event a"]),
    ("wx.reportMonitor('a', 1)", ["event monitor name value"]),
    ("wx.reportPerformance(1, 2, 'x')", ["event performance id value dimensions"]),
    ("wx.request({ url: 'https://a.example/v1/x' })", ["request https://a.example /v1/x"]),
    ("wx.request({ url: 'https://A.example' })", ["request https://a.example /"]),
    ("wx.request({ url: `https://a.example/v1/${city}/now?units=c&for=${day}#top` })", ["request https://a.example /v1/{city}/now units for"]),
    ("wx.request({ url: 'https://a.example/x?' + query })", ["request https://a.example /x …"]),
    ("wx.request({ url: 'https://a.example/' + encodeURIComponent(this.data.id) })", ["request https://a.example /{id}"]),
    ("wx.request({ url: 'https://a.example/x' + rest })", ["request https://a.example /x{rest} …"]),
    ("const BASE = 'https://a.example'; wx.request({ url: BASE + '/x', data: { q, n: 1 } })", ["request https://a.example /x q n"]),
    ("const c = { base: 'https://a.example/api' }; wx.request({ url: `${c.base}/x` })", ["request https://a.example /api/x"]),
    ("wx.request({ url: config.base + '/x' })", ["request ? {base}/x"]),
    ("wx.request({ url: 'https://a.example/x', data: JSON.stringify({ q: 1 }) })", ["request https://a.example /x q"]),
    ("wx.request({ url: 'https://a.example/x', data })", ["request https://a.example /x …"]),
    ("wx.request({ ...options, url: 'https://a.example/x' })", ["request https://a.example /x …"]),
    ("wx.request(options)", ["request ? {…} …"]),
    ("const b = 'https://a.example'; function go(path, data) { return new Promise((success, fail) => wx.request({ url: b + path, data, success, fail })) } go('/a', { x: 1 }); go(`/b/${id}`)", ["request https://a.example /a x", "request https://a.example /b/{id} …"]),
    ("const go = ({ url, data }) => wx.request({ url: 'https://a.example' + url, data }); go({ url: '/a', data: { x: 1 } })", ["request https://a.example /a x"]),
    ("wx.downloadFile({ url: 'https://a.example/pic.png' })", ["download https://a.example /pic.png"]),
    ("wx.uploadFile({ url: 'https://a.example/clips', name: 'clip', filePath, formData: { note } })", ["upload https://a.example /clips note clip"]),
    ("wx.connectSocket({ url: 'wss://a.example/live' })", ["socket wss://a.example /live"]),
    ("wx.getRecorderManager().start({})", ["record"]),
    ("const s = wx.createInferenceSession({}); s.listen(); s.listen()", ["listen"]),
    ("house.listen()", []),
    ("wx.openShare()", ["share"]),
    ("Page({ onShareAppMessage() {} })", ["share"]),
    ("wx.setStorageSync('a', 1)", []),
    ("// wx.reportEvent('a')", []),
]  # fmt: skip


@pytest.mark.parametrize(("source", "sent"), SENT)
def test_what_a_script_sends_is_found_however_it_is_written(source: str, sent: list[str], tmp_path: Path) -> None:
    assert [told(one) for one in outflows(tmp_path, {"app.js": f"{source}\n;App({{}})"})] == sent


GUESSES: list[tuple[str, Guess]] = [
    ("true", Guess("boolean")),
    ("!on", Guess("boolean")),
    ("a === b", Guess("boolean")),
    ("1", Guess("integer")),
    ("1.5", Guess("number")),
    ("list.length", Guess("integer")),
    ("Math.round(a * 10)", Guess("integer")),
    ("'on'", Guess("choice", ("on",))),
    ("a > b ? 'on' : 'off'", Guess("choice", ("on", "off"))),
    ("a ? b : 'off'", Guess("text")),
    ("name", Guess("text")),
    ("`${a}`", Guess("text")),
]


@pytest.mark.parametrize(("value", "guess"), GUESSES)
def test_it_is_guessed_what_a_value_is(value: str, guess: Guess, tmp_path: Path) -> None:
    (one,) = outflows(tmp_path, {"app.js": f"wx.reportEvent('a', {{ x: {value} }}); App({{}})"})
    assert one.fields == {"x": guess}


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (Guess("choice", ("a", "b")), Guess("choice", ("b", "c")), Guess("choice", ("a", "b", "c"))),
        (Guess("integer"), Guess("number"), Guess("number")),
        (Guess("boolean"), Guess("text"), Guess("text")),
    ],
)
def test_two_guesses_of_one_field_are_put_together(one: Guess, other: Guess, both: Guess) -> None:
    assert one | other == both


def test_places_are_those_of_the_calls_that_say_what_is_sent(tmp_path: Path) -> None:
    source = "const track = (name) => wx.reportEvent(name, {});\n\ntrack('one');\ntrack('two');\nApp({});\n"
    assert [(one.name, str(one.place)) for one in outflows(tmp_path, {"app.js": source})] == [
        ("one", "app.js:3"),
        ("two", "app.js:4"),
    ]


SHARED: list[tuple[Files, list[str]]] = [
    (
        {
            "utils/request.js": "const BASE = 'https://a.example';\nfunction request(path, data) { wx.request({ url: BASE + path, data }) }\nmodule.exports = { request };",
            "app.js": "const { request } = require('./utils/request');\nrequest('/one', { a: 1 });\nApp({});",
            "pages/index/index.js": "const http = require('../../utils/request');\nPage({ onLoad() { http.request(`/two/${id}`) } })",
        },
        ["app.js:2 request https://a.example /one a", "pages/index/index.js:2 request https://a.example /two/{id} …"],
    ),
    (
        {
            "http.js": "const send = (method, path, data) => new Promise((success) => wx.request({ url: `https://a.example${path}`, method, data, success }));\nexports.get = (path, query) => send('GET', path, query);\nexports.post = (path, body) => send('POST', path, body);",
            "app.js": "import * as http from './http';\nhttp.get('/one', { a: true });\nhttp.post('/two', { b: 1 });\nApp({});",
        },
        ["app.js:2 request https://a.example /one a", "app.js:3 request https://a.example /two b"],
    ),
    (
        {
            "track.js": "export default function track(name, values) { wx.reportEvent(name, values) }",
            "app.js": "import log from './track';\nconst EVENT = 'opened';\nlog(EVENT, { page: 1 });\nApp({});",
        },
        ["app.js:3 event opened page"],
    ),
    (
        {
            "track.js": "module.exports = (name) => wx.reportEvent(name, {});",
            "app.js": "const track = require('./track');\ntrack('opened');\nApp({});",
        },
        ["track.js:1 event None"],
    ),
    (
        {
            "track.js": "function track(name) { wx.reportEvent(name, {}) }\nmodule.exports = { track };",
            "app.js": "function track(x) { console.log(x) }\ntrack('opened');\nrequire('./other');\nApp({});",
            "other.js": "require('./track')",
        },
        ["track.js:1 event None"],
    ),
    (
        {
            "config.js": "const ROOT = 'https://a.example/';\nmodule.exports = { one: ROOT + 'one', two: `${ROOT}two`, EVENT: 'opened' };",
            "app.js": "const api = require('./config');\nconst { EVENT } = require('./config');\nwx.request({ url: api.one });\nwx.reportEvent(EVENT, {});\nwx.request({ url: api.three });\nApp({});",
        },
        ["app.js:3 request https://a.example /one", "app.js:4 event opened", "app.js:5 request ? {three} …"],
    ),
    (
        {
            "config.js": "export const ROOT = 'https://a.example';\nexports.old = 'https://b.example';\nconst all = { deep: '/deep' };\nexport default all;",
            "app.js": "import { ROOT } from './config';\nimport * as c from './config';\nimport all from './config';\nwx.request({ url: `${ROOT}/x` });\nwx.request({ url: c.old });\nwx.request({ url: ROOT + all.deep });\nApp({});",
        },
        ["app.js:4 request https://a.example /x", "app.js:5 request https://b.example /", "app.js:6 request https://a.example /deep"],
    ),
    (
        {
            "one.js": "const { TWO } = require('./two');\nmodule.exports = { ONE: TWO };",
            "two.js": "const { ONE } = require('./one');\nmodule.exports = { TWO: ONE };",
            "app.js": "const { ONE } = require('./one');\nwx.reportEvent(ONE, {});\nApp({});",
        },
        ["app.js:2 event None"],
    ),
    (
        {"app.js": "function go(path) { return path ? go('/deeper') : wx.request({ url: 'https://a.example' + path }) }\nApp({});"},
        ["app.js:1 request https://a.example {path} …"],
    ),
    (
        {"app.js": "const a = (n) => b(n); const b = (n) => a(n) || wx.reportEvent(n, {});\nApp({});"},
        ["app.js:1 event None"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("files", "sent"), SHARED, ids=range(len(SHARED)))
def test_what_a_shared_function_sends_is_told_where_it_is_called(files: Files, sent: list[str], tmp_path: Path) -> None:
    assert [f"{one.place} {told(one)}" for one in outflows(tmp_path, files)] == sent


def test_pictures_of_servers_are_asked_for_there(tmp_path: Path) -> None:
    template = '<image src="https://a.example/pic.png?size=2" />'
    assert [told(one) for one in outflows(tmp_path, {"pages/index/index.wxml": template})] == [
        "shown https://a.example /pic.png size"
    ]


IN_PYTHON: list[tuple[str, list[Any]]] = [
    ('call("telemetry", name="lamp", values={"on": True, "minutes": len(x)})', [("event", "lamp", {"on": Guess("boolean"), "minutes": Guess("integer")}, True)]),
    ('call("telemetry", name="lamp" if on else "dark")', [("event", "lamp", {}, True), ("event", "dark", {}, True)]),
    ('call("telemetry", name=name, values=values)', [("event", None, {}, False)]),
    ('call("telemetry", name="a", values={"b": 1.5, "c": "x", "d": y, "e": a > b})', [("event", "a", {"b": Guess("number"), "c": Guess("choice", ("x",)), "d": Guess("text"), "e": Guess("boolean")}, True)]),
    ('call("inference.listen", session=1)', [("listen", "", {}, True)]),
    ('call("sensor.read", name="temperature")', [("sensor", "temperature", {}, True)]),
    ('call("led.set", name="lamp", on=True)', []),
    ('other("telemetry", name="lamp")', []),
    ("def broken(", []),
]  # fmt: skip


@pytest.mark.parametrize(("source", "sent"), IN_PYTHON)
def test_what_a_module_in_python_sends_is_found(source: str, sent: list[Any]) -> None:
    found = python_sendings(f"from cygnet import call\n\n{source}\n")
    assert [(one.kind, one.name, dict(one.fields), one.whole) for one in found] == sent


def test_the_place_of_a_call_in_python_is_its_own() -> None:
    source = "from cygnet import call as ask\n\n\ndef f():\n    ask('telemetry', name='a')\n"
    (sending,) = python_sendings(source)
    assert source[sending.offset :].startswith("ask(")


_PIECES = st.sampled_from(
    ["wx.request({", "wx.reportEvent(", "url:", "data:", "`https://a.example/", "${", "}", "`", "'x'", "(", ")", "{", "}",
     "[", "]", "+", "?", ":", ",", ";", "...", "=>", "const a =", "a", "a.b", "function f(a) {", "f(", "f", "JSON.stringify(",
     "exports.f =", "export default", "require('./app')", "wx.createInferenceSession().listen()", "\n", "!", "1"]
)  # fmt: skip


@given(st.lists(_PIECES, max_size=40).map(" ".join))
def test_no_script_is_too_broken_to_be_looked_at(source: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for one in outflows(Path(folder), {"app.js": f"wx.reportEvent(f(a));{source}"}):
            assert told(one)
