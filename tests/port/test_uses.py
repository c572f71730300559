"""Which names of ``wx`` and ``swan`` a script uses, however it writes them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_runtime.program.apis import read_table
from firmware_tools.port.facts import ScriptFacts, Use
from firmware_tools.port.scripts import read_script

# A table of the tests' own, so that they say nothing of what the host can do today.
_ROWS = [
    {"names": "login scanCode request connectSocket uploadFile canIUse", "topic": "Test", "support": "full"},
    {"names": "cloud ai", "topic": "Test", "support": "none", "kind": "object", "note": "none"},
    {"names": "ai.ocrIdCard", "topic": "Test", "support": "none", "note": "none"},
    {"names": "showToast", "topic": "Test", "support": "part", "lacks": ["image"]},
    {"names": "getNetworkType", "topic": "Test", "support": "part", "lacks": ["weakNet"]},
    {"names": "getFileSystemManager", "topic": "Test", "support": "part", "kind": "factory", "lacks": ["openSync"]},
    {"names": "download", "topic": "Test", "support": "part", "lacks": ["profile"]},
]
APIS = read_table(
    {"api": _ROWS, "typings": {"both": "", "swan_only": "", "neither": ""}, "components": {"names": "", "lacks": {}}}
).apis


def read(source: str) -> ScriptFacts:
    return read_script(source, APIS)


def used(source: str) -> list[str]:
    return sorted(use.name for use in read(source).uses)


def use_of(source: str, name: str) -> Use:
    (found,) = [use for use in read(source).uses if use.name == name and use.how != "value"]
    return found


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("wx.login({})", ["login"]),
        ("swan.login()", ["login"]),
        ("wx['login']()", ["login"]),
        ("wx[`login`]()", ["login"]),
        ('wx["log\\u0069n"]()', ["login"]),
        ("wx?.login?.({})", ["login"]),
        ("(0, wx.login)({})", ["login"]),
        ("promisify(wx.login)()", ["login"]),
        ("globalThis.wx.login()", ["login"]),
        ("wx[a ? 'login' : 'scanCode']()", ["login", "scanCode"]),
        ("swan.ai.ocrIdCard({})", ["ai.ocrIdCard"]),
        ("wx.cloud.database()", ["cloud"]),
        ("'login' in wx", ["login"]),
        ("const api = wx; api.login()", ["login"]),
        ("var _wx = wx, n = 1; _wx.login()", ["login"]),
        ("const api = typeof wx !== 'undefined' ? wx : swan; api.login()", ["login"]),
        ("let api = wx || swan; api.login()", ["login"]),
        ("this.$wx = wx; this.$wx.login()", ["login"]),
        ("const a = { api: wx }; a.api.login()", ["login"]),
        ("const a = wx; const b = a; b.login()", ["login"]),
        ("!function(e){var t=wx;t.login({success:function(t){t.scanCode()}})}()", ["login"]),
        ("const go = wx.login; go({})", ["login", "login"]),
        ("const { login, showToast: toast } = wx; login(); toast()", ["login", "login", "showToast", "showToast"]),
        ("const { login = none } = wx", ["login"]),
        ("`${wx.login()}`", ["login"]),
        ("wx\n  .login()", ["login"]),
        ("wx.login().then(wx.scanCode)", ["login", "scanCode"]),
        # What is not the host's.
        ("const o = { wx: 1 }; o.wx", []),
        ("// wx.login()\n/* wx.login() */ 'wx.login()'", []),
        ("a.wx.b()", []),
        ("wx.then", ["then"]),
        ("wx.$store.x()", []),
        ("function f(t) { return t.login() } const t = wx", []),
        ("const t = wx; list.map(t => t.login())", []),
        ("label: for (;;) {}", []),
    ],
)
def test_every_way_to_write_a_use_is_found(source: str, names: list[str]) -> None:
    assert used(source) == names


@pytest.mark.parametrize(
    ("source", "kind", "subject"),
    [
        ("wx[name]()", "dynamic", "wx[name]"),
        ("wx[`on${name}`]()", "dynamic", "wx[`on${name}`]"),
        ("for (const k in wx) x(k)", "dynamic", "for (const k in wx"),
        ("const { login, ...rest } = wx", "dynamic", "{ login, ...rest }"),
        ("promisifyAll(wx, {})", "handed", "promisifyAll(wx,"),
        ("a.b.use(wx)", "handed", "a.b.use(wx)"),
        ("module.exports = wx", "handed", "module.exports = wx"),
        ("const f = () => wx", "handed", "=> wx"),
        ("var wx = require('./sdk'); wx.login()", "shadowed", "wx"),
        ("uni.request({}); uni.login()", "wrapper", "uni: request, login"),
        ("my.alert({})", "wrapper", "my: alert"),
        ("import Taro from '@tarojs/taro'; Taro.login()", "wrapper", "Taro: login"),
        ("requirePlugin('hello').x()", "plugin", "hello"),
        ("wx.login(); require(path)", "require", "require(path)"),
        ("wx.login(); 'open", "unreadable", ""),
    ],
)
def test_what_cannot_be_decided_is_said_with_its_place(source: str, kind: str, subject: str) -> None:
    remarks = [(remark.kind, remark.subject) for remark in read(source).remarks]
    assert remarks == [(kind, subject)]


@pytest.mark.parametrize(
    "source",
    [
        "typeof wx === 'undefined'", "if (wx) {}", "function f(wx) {}", "f.call(wx, 1)", "wx && wx.login()",
        "const my = {}; my.alert()", "function g(qq) { qq.x() }", "x = wx === swan",
    ],
)  # fmt: skip
def test_what_means_nothing_is_not_remarked_on(source: str) -> None:
    assert read(source).remarks == []


def test_names_that_the_program_puts_on_wx_are_its_own() -> None:
    facts = read("wx.$http = 1; wx.helper = f; Object.assign(wx, { more: 1 }); Object.defineProperty(wx, 'one', {})")
    assert facts.assigned == {"$http", "helper", "more", "one"}
    assert facts.uses == []


def test_a_script_that_cannot_be_cut_into_tokens_is_searched_by_its_text() -> None:
    facts = read("wx.login(); require('./a'); /")
    assert [use.name for use in facts.uses] == ["login"]
    assert facts.requests == [("./a", 12)]


@pytest.mark.parametrize(
    ("source", "guarded"),
    [
        ("if (wx.canIUse('scanCode')) { wx.scanCode() }", True),
        ("if (wx.canIUse('scanCode')) wx.scanCode()", True),
        ("if (a && wx.canIUse('scanCode')) { wx.scanCode() }", True),
        ("wx.canIUse('scanCode') && wx.scanCode()", True),
        ("wx.canIUse('scanCode') ? wx.scanCode() : other()", True),
        ("function f() { if (!wx.canIUse('scanCode')) return; wx.scanCode() }", True),
        ("function f() { if (!wx.canIUse('scanCode')) { a() } else { wx.scanCode() } }", True),
        ("function f() { const can = wx.canIUse('scanCode'); if (can) wx.scanCode() }", True),
        ("function can() { return wx.canIUse('scanCode') } function f() { if (can()) { wx.scanCode() } }", True),
        ("const { canIUse } = wx; if (wx.canIUse('scanCode')) wx.scanCode()", True),
        ("wx.scanCode()", False),
        ("if (wx.canIUse('login')) { wx.scanCode() }", False),
        ("if (wx.canIUse('scanCode')) { a() } wx.scanCode()", False),
        ("function f() { if (!wx.canIUse('scanCode')) { a() } wx.scanCode() }", False),
        ("if (wx.scanCode) { wx.scanCode() }", False),
    ],
)
def test_a_use_behind_can_i_use_is_guarded(source: str, guarded: bool) -> None:
    (found,) = [use for use in read(source).uses if use.name == "scanCode" and use.how == "call"]
    assert found.guarded is guarded


@pytest.mark.parametrize("source", ["if (wx.scanCode) {}", "typeof wx.scanCode", "wx.scanCode && a()", "!wx.scanCode"])
def test_a_question_about_existence_is_told_from_a_call(source: str) -> None:
    assert [use.how for use in read(source).uses] == ["test"]


@pytest.mark.parametrize(
    ("source", "name", "lacking"),
    [
        ("wx.showToast({ title: 'a', image: '/b.png' })", "showToast", ["image"]),
        ("wx.showToast({ 'image': 1 })", "showToast", ["image"]),
        ("wx.showToast({ image })", "showToast", ["image"]),
        ("const o = { image: 1 }; wx.showToast(o)", "showToast", ["image"]),
        ("const { showToast } = wx; showToast({ image: 1 })", "showToast", ["image"]),
        ("wx.getNetworkType({ success: res => res.weakNet })", "getNetworkType", ["weakNet"]),
        ("wx.getNetworkType({ success(res) { a(res.weakNet) } })", "getNetworkType", ["weakNet"]),
        ("wx.getNetworkType({ success: ({ weakNet }) => 1 })", "getNetworkType", ["weakNet"]),
        ("wx.getNetworkType().then(function (r) { return r.weakNet })", "getNetworkType", ["weakNet"]),
        ("async () => { const r = await wx.getNetworkType(); r.weakNet }", "getNetworkType", ["weakNet"]),
        ("async () => { const { weakNet } = await wx.getNetworkType() }", "getNetworkType", ["weakNet"]),
        ("wx.getFileSystemManager().openSync('a')", "getFileSystemManager", ["openSync"]),
        ("const fs = wx.getFileSystemManager(); fs.openSync(); fs.readFile()", "getFileSystemManager", ["openSync"]),
        ("this.fs = wx.getFileSystemManager(); this.fs.openSync()", "getFileSystemManager", ["openSync"]),
        ("if (wx.canIUse('showToast.object.image')) wx.showToast({ image: 1 })", "showToast", []),
        ("wx.showToast({ title: 'image' })", "showToast", []),
        ("wx.download({ success: res => res.data.profile })", "download", []),
        ("wx.showToast({ inner: { image: 1 } })", "showToast", []),
    ],
)
def test_options_and_members_that_are_lacking_are_found(source: str, name: str, lacking: list[str]) -> None:
    assert [option for option, _ in use_of(source, name).lacking] == lacking


@pytest.mark.parametrize(
    ("source", "opaque"),
    [
        ("wx.showToast(options)", True),
        ("wx.showToast({ ...options })", True),
        ("wx.showToast({ title: 'a' })", False),
        ("wx.showToast()", False),
    ],
)
def test_options_that_are_written_elsewhere_are_said(source: str, opaque: bool) -> None:
    assert use_of(source, "showToast").opaque is opaque


@pytest.mark.parametrize(
    ("source", "requests"),
    [
        ("const a = require('./a')", ["./a"]),
        ("require.async('./a').then(f)", ["./a"]),
        ("import a, { b } from './a'", ["./a"]),
        ("import './a'", ["./a"]),
        ("export * from './a'", ["./a"]),
        ("import('./a')", ["./a"]),
        ("a.require('./a'); Array.from('./b')", []),
    ],
)
def test_what_a_script_requires_is_found(source: str, requests: list[str]) -> None:
    assert [request for request, _ in read(source + "; wx.login()").requests] == requests


def test_a_large_script_without_a_word_of_the_host_is_searched_for_requires_alone() -> None:
    facts = read("const a = require('./a'); import b from './b'; " + "f(1);" * 10_000)
    assert facts.requests == [("./a", 10), ("./b", 35)]
    assert facts.outline.parts == ()


@pytest.mark.parametrize(
    ("source", "origin", "role"),
    [
        ("wx.request({ url: 'https://API.example.com/a' })", "https://api.example.com", "request"),
        ("wx.request({ url: `https://api.example.com/${id}` })", "https://api.example.com", "request"),
        ("wx.uploadFile({ url: 'http://1.2.3.4:8080' })", "http://1.2.3.4:8080", "request"),
        ("http.get('https://api.example.com/a')", "https://api.example.com", "request"),
        ("wx.connectSocket({ url: 'wss://s.example.com' })", "wss://s.example.com", "socket"),
        ("const baseURL = 'https://api.example.com'", "https://api.example.com", "constant"),
        ("const a = { apiHost: dev ? '' : 'https://api.example.com' }", "https://api.example.com", "constant"),
        ("const logo = 'https://img.example.com/a.png'", "https://img.example.com", "mention"),
        ("const home = 'https://example.com'", "https://example.com", "mention"),
    ],
)
def test_servers_are_told_from_other_addresses(source: str, origin: str, role: str) -> None:
    assert [(address.origin, address.role) for address in read(source).addresses] == [(origin, role)]


@pytest.mark.parametrize(
    "source", ["const a = 'https://'", "const a = `https://${host}/a`", "const a = 'see http://a b'"]
)
def test_what_names_no_host_is_no_address(source: str) -> None:
    assert read(source).addresses == []


def test_the_members_of_definitions_are_found_through_what_merges_them() -> None:
    facts = read("const base = { onLoad() {} }; Page(Object.assign({}, base, { onShareTimeline() {}, a: 1 }))")
    (definition,) = facts.definitions
    assert [name for _, name, _ in definition.members] == ["onLoad", "onShareTimeline", "a"]
    facts = read("Component({ lifetimes: { attached() {} }, pageLifetimes: { resize() {} } })")
    assert ("pageLifetimes", "resize") in [(group, name) for group, name, _ in facts.definitions[0].members]


_PIECES = st.sampled_from(
    ["wx", "swan", ".", "login", "(", ")", "{", "}", "[", "]", ",", ";", "=", "=>", "?", "?.", "...", "`", "${", "'",
     " in ", "const ", "function ", "if(", "return ", "canIUse('login')", "Page(", "exports.", "class ", ":", "&&",
     "\n", "/", "a"]
)  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(st.lists(_PIECES, max_size=40).map("".join))
def test_no_script_is_too_broken_to_be_read(source: str) -> None:
    read(f"wx.login();{source}")
