# ruff: noqa: E501 a line of JavaScript reads better whole
"""What a program sees of its worker: lifecycles, data, errors, timers, promises, modules."""

import base64
import json

import pytest

from tests.npm import npm_package
from tests.program.running import Board, button, program, text, variable, view

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_lifecycles_come_in_the_order_of_the_framework(board: Board) -> None:
    page = (
        "Page({onLoad(q){console.log('load', q.x, this.route, this.options.x)}, onShow(){console.log('show')},"
        " onReady(){console.log('ready')}, onHide(){console.log('hide')}, onUnload(){console.log('unload')}})"
    )
    app = "App({onLaunch(o){console.log('launch', o.path, o.query.x)}, onShow(){console.log('app show')}, onHide(){console.log('app hide')}})"
    session = await board.run(program({"pages/a/a": page}, app=app), "/pages/a/a?x=1%202")
    session.hide()
    session.show()
    await board.heard.until(lambda: len(board.heard.lines(session)) >= 9)
    assert board.heard.lines(session) == [
        "launch pages/a/a 1 2",
        "app show",
        "load 1 2 pages/a/a 1 2",
        "show",
        "ready",
        "hide",
        "app hide",
        "app show",
        "show",
    ]
    assert board.heard.order[session.app_id].index("stack") < len(board.heard.order[session.app_id])


async def test_a_page_reaches_the_screen_after_its_stack_entry_with_the_data_of_on_load(board: Board) -> None:
    source = program(
        {"pages/a/a": "Page({data:{n:1}, onLoad(){this.setData({n:2})}})"}, views={"pages/a/a": view(text("n"))}
    )
    session = await board.run(source)
    heard = board.heard
    pages, transition, target = heard.stacks[session.app_id][0]
    assert [(page["route"], transition, target) for page in pages] == [("pages/a/a", "replace", "")]
    assert pages[0]["window"]["navigationBarTitleText"] == "App"
    kinds = heard.order[session.app_id]
    assert kinds.index("stack") < kinds.index("patch")
    assert heard.patches[session.app_id][0][1][0][3][1] == "2"  # type: ignore[index]


async def test_set_data_sends_one_patch_a_turn_and_then_calls_back(board: Board) -> None:
    page = """Page({data:{n:0, list:[]}, tap(e){
      this.setData({n:1}); this.setData({n:2, 'list[1].name':'x'}, () => console.log('shown', this.data.n));
      console.log(JSON.stringify(this.data)); }})"""
    source = program({"pages/a/a": page}, views={"pages/a/a": view(text("n"), button("tap"))})
    session = await board.run(source)
    before = len(board.heard.patches[session.app_id])
    session.node_event(1, 2, "tap", {}, [], 5.0)
    await board.heard.line(session, "shown 2")
    assert len(board.heard.patches[session.app_id]) == before + 1
    assert board.heard.texts(session)[-1] == "2"
    assert '{"n":2,"list":[null,{"name":"x"}]}' in board.heard.lines(session)[0].replace("[,", "[null,")


async def test_a_handler_gets_an_event_as_in_wechat(board: Board) -> None:
    page = """Page({tap(e){ console.log(JSON.stringify([e.type, e.timeStamp, e.target.id, e.currentTarget.dataset,
      e.detail, e.touches, e.changedTouches, e.mark])) }})"""
    session = await board.run(program({"pages/a/a": page}, views={"pages/a/a": view(button("tap"))}))
    session.node_event(1, 1, "tap", {"x": 3}, [{"identifier": 0}], 12.5)
    line = await board.heard.line(session, "[")
    assert line == '["tap",12.5,"the-id",{"kind":"k"},{"x":3},[{"identifier":0}],[{"identifier":0}],{}]'


async def test_a_lifted_finger_is_a_changed_touch_and_no_touch(board: Board) -> None:
    page = "Page({tap(e){ console.log(JSON.stringify([e.touches, e.changedTouches])) }})"
    session = await board.run(program({"pages/a/a": page}, views={"pages/a/a": view(button("tap"))}))
    session.node_event(1, 1, "tap", {}, [], 1.0, [{"identifier": 3}])
    assert await board.heard.line(session, "[") == '[[],[{"identifier":3}]]'


async def test_a_two_way_binding_writes_data_and_view_before_the_handler_runs(board: Board) -> None:
    page = "Page({data:{a:{b:'old'}}, typed(e){ console.log('data', this.data.a.b) }})"
    body = view(
        ["text", ["member", variable("a"), ["constant", "b"]]],
        ["element", "input", {"value": ["member", variable("a"), ["constant", "b"]]}, {},
         [["input", "bind", ["constant", "typed"]]], {"value": ["member", variable("a"), ["constant", "b"]]}, []],
    )  # fmt: skip
    session = await board.run(program({"pages/a/a": page}, views={"pages/a/a": body}))
    session.node_event(1, 2, "input", {"value": "new"}, [], 0.0)
    await board.heard.line(session, "data new")
    await board.heard.until(lambda: "new" in board.heard.texts(session))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ("{get a(){ throw new Error('trap') }}", "the value at a cannot be read: Error: trap"),
        ("(() => { const c = {}; c.c = c; return {c} })()", "is nested deeper than 60 levels, or refers to itself"),
        ("{a: {toJSON(){ throw new Error('no') }}}", "the value at a has a toJSON that throws Error: no"),
        ("{a: new Proxy({}, {ownKeys(){ throw new Error('keys') }})}", "the value at a cannot be read: Error: keys"),
        ("{a: [1, {b: 10n}]}", "the value at a[1].b is a BigInt"),
        ("{'a..b': 1}", "has a path that cannot be read"),
        ("{'a.__proto__.x': 1}", "has a path through __proto__"),
        ("{'a[9999999]': 1}", "has an index larger than"),
        ("5", "the first argument must be an object, not 5"),
    ],
)
async def test_set_data_of_what_cannot_cross_says_where_and_why(board: Board, changes: str, message: str) -> None:
    page = f"Page({{onLoad(){{ try {{ this.setData({changes}) }} catch (e) {{ console.log('said', e.message) }} }}}})"
    session = await board.run(program({"pages/a/a": page}))
    assert message in await board.heard.line(session, "said")


async def test_set_data_keeps_functions_and_leaves_out_undefined_with_a_warning(board: Board) -> None:
    page = """Page({onLoad(){ this.setData({a: {f(){ return 1 }, u: undefined, n: 1}, u: undefined, lone: '\\ud800', d: new Date(0)});
      console.log(this.data.a.f()); console.log(JSON.stringify(this.data)) }})"""
    session = await board.run(program({"pages/a/a": page}))
    line = await board.heard.line(session, "{")
    assert line == '{"a":{"n":1},"lone":"\ufffd","d":"1970-01-01T00:00:00.000Z"}'
    assert board.heard.lines(session) == ["1", line]
    warnings = board.heard.lines(session, "warn")
    assert [warning.partition("left out ")[2].partition(";")[0] for warning in warnings] == ["u"]


async def test_each_page_has_its_own_copy_of_the_data(board: Board) -> None:
    page = """Page({data:{list:[]}, own: {a: []}, onLoad(q){ this.data.list.push(1); this.own.a.push(1);
      console.log('sizes', this.data.list.length, this.own.a.length);
      if (!q.second) wx.navigateTo({url: 'a?second=1'}) }})"""
    session = await board.run(program({"pages/a/a": page}))
    await board.heard.until(lambda: board.heard.lines(session).count("sizes 1 1") == 2)


@pytest.mark.parametrize(
    ("page", "text_part", "source"),
    [
        ("Page({\n  onLoad() {\n    nope();\n  }\n})", "ReferenceError: nope is not defined", "pages/a/a.js:3:5"),
        ("Page({\n  async onLoad() {\n    await null;\n    throw new Error('later');\n  }})", "later", "pages/a/a.js:4"),
        ("Page({onLoad(){\n  new Promise(() => {\n throw new Error('in promise') })}})", "in promise", "pages/a/a.js:3"),
        ("Page({onLoad(){ Promise.resolve()\n.then(() => { throw new TypeError('chain') })}})", "chain", "pages/a/a.js:2"),
        ("Page({onLoad(){ setTimeout(() => {\n\n null.x }, 1) }})", "TypeError", "pages/a/a.js:3"),
        ("Page({onLoad(){ wx.nextTick(() => {\n\n null.x }, 1) }})", "TypeError", "pages/a/a.js:3"),
        ("let a = 1;\nlet b = = 2;\nPage({})", "SyntaxError", "pages/a/a.js:2:9"),
        ("Page({onLoad(){\n this.load() }, async load(){\n throw new Error('method') }})", "method", "pages/a/a.js:3"),
        ("import {x} from './m';\nPage({\n onLoad(){ x() }})", "from module", "pages/a/m.js:2"),
        ("import x from './m';\n\nPage({});\nnope()", "nope is not defined", "pages/a/a.js:4:1"),
        ("require('./absent');", 'module "./absent" is not in the package', "pages/a/a.js:1"),
        ("'use strict'\nasync function load() {\n await null; throw new Error('lost') }\nPage({onLoad(){ load() }})", "lost", "pages/a/a.js:3"),
        ("const load = async () => {\n  throw new Error('arrow') };\nPage({onLoad(){ load() }})", "arrow", "pages/a/a.js:2"),
        ("export const load = async x => x.y,\n b = 1\nPage({onLoad(){ load() }})", "TypeError", "pages/a/a.js:1"),
        ("throw {code: 5}", "{ code: 5 }", ""),
    ],
)  # fmt: skip
async def test_an_error_names_the_place_in_the_programs_own_source(
    board: Board, page: str, text_part: str, source: str
) -> None:
    files = {"pages/a/m.js": "export default 1;\nexport function x() { throw new Error('from module') }"}
    session = await board.run(program({"pages/a/a": page}, files=files))
    found, at = await board.heard.error(session, text_part)
    assert at.startswith(source)
    assert "base/" not in found


@pytest.mark.parametrize(
    "code",
    [
        "try { await reject() } catch (e) {}",
        "reject().catch(() => {})",
        "const p = reject(); p.then(() => {}, () => {})",
        "await Promise.allSettled([reject()])",
        "await Promise.race([reject(), 1]).catch(() => {})",
        "const p = reject(); try { await p } catch (e) {} return p.catch(() => {})",
        "try { await wx.unknownThing() } catch (e) { if (e.errMsg !== 'unknownThing:fail not supported on this host') throw 1 }",
    ],
)
async def test_a_rejection_that_is_handled_is_not_reported(board: Board, code: str) -> None:
    page = f"""Page({{async onLoad(){{ const reject = () => new Promise((_, no) => no(new Error('handled')));
      {code} }}, onReady(){{ setTimeout(() => console.log('done'), 5) }}}})"""
    session = await board.run(program({"pages/a/a": page}))
    await board.heard.line(session, "done")
    assert board.heard.errors(session) == []


async def test_the_app_hears_of_errors_and_rejections_and_the_program_goes_on(board: Board) -> None:
    app = """App({onError(text){ console.log('heard', text.split('\\n')[0]) ; throw new Error('in onError') },
      onUnhandledRejection(r){ console.log('rejected', r.reason, r.promise instanceof Promise) }})"""
    page = (
        "Page({onLoad(){ Promise.reject('why'); throw new RangeError('bad') }, onReady(){ console.log('still here') }})"
    )
    session = await board.run(program({"pages/a/a": page}, app=app))
    await board.heard.line(session, "still here")
    await board.heard.line(session, "heard RangeError: bad")
    await board.heard.line(session, "rejected why true")
    await board.heard.error(session, "in onError")


async def test_timers_fire_in_order_and_stop_when_cleared(board: Board) -> None:
    page = """Page({onLoad(){
      let n = 0; const t = setInterval((x) => { console.log('tick', x); if (++n === 3) clearInterval(t) }, 2, 'arg');
      setTimeout(() => console.log('b'), 30); setTimeout(() => console.log('a'), 10);
      clearTimeout(setTimeout(() => console.log('never'), 0));
      setTimeout(() => { Promise.resolve().then(() => console.log('micro')); }, 0);
      setTimeout(() => console.log('end'), 60) }})"""
    session = await board.run(program({"pages/a/a": page}))
    await board.heard.until(lambda: "end" in board.heard.lines(session))
    await board.heard.until(lambda: board.heard.lines(session).count("tick arg") == 3)
    lines = board.heard.lines(session)
    assert "never" not in lines
    assert lines.index("a") < lines.index("b") < lines.index("end")


async def test_a_thing_that_is_no_function_is_no_timer(board: Board) -> None:
    session = await board.run(program({"pages/a/a": "Page({onLoad(){ setTimeout('code', 1) }})"}))
    await board.heard.error(session, 'setTimeout: the first argument must be a function, not "code"')


@pytest.mark.parametrize(
    ("files", "entry", "expected"),
    [
        ({"u.js": "exports.v = 1"}, "require('../../u').v", "1"),
        ({"u.js": "module.exports = 'abs'"}, "require('/u.js')", "abs"),
        ({"lib/index.js": "exports.v = 'index'"}, "require('../../lib').v", "index"),
        ({"d.json": '{"k": [1]}'}, "require('../../d.json').k[0]", "1"),
        ({"miniprogram_npm/left/index.js": "module.exports = 'npm'"}, "require('left')", "npm"),
        ({"miniprogram_npm/left/index.js": "module.exports = process.env.NODE_ENV"}, "require('left')", "production"),
        ({"miniprogram_npm/left/index.js": "export default process.env.NODE_ENV"}, "require('left').default", "production"),
        ({"u.js": "module.exports = {n: 0}"}, "(require('../../u').n++, require('/u').n)", "1"),
        (
            {"a.js": "exports.early = 1; exports.b = require('./b').seen", "b.js": "exports.seen = require('./a').early"},
            "require('/a').b",
            "1",
        ),
        ({"u.js": "exports.sloppy = (function () { return this === globalThis })()"}, "require('/u').sloppy", "true"),
        ({"u.js": "export const v = 2; export default function () { return this }"}, "(0, require('/u').default)()", "undefined"),
        ({"u.js": "export let n = 0; export function up() { n++ }"}, "(require('/u').up(), require('/u').n)", "1"),
        ({"u.js": "export { a as b } from './w'; export * from './w'", "w.js": "export const a = 'w'"},
         "require('/u').b + require('/u').a", "ww"),
        ({"u.js": "import d, {x, y as z} from './w'; import * as all from './w'; module.exports = [d.x, x, z, all.y].join()",
          "w.js": "exports.x = 1; exports.y = 2"}, "require('/u')", "1,1,2,2"),
        ({"u.js": "import data from './d.json'; export default data.k", "d.json": '{"k": "json"}'},
         "require('/u').default", "json"),
        ({"u.js": "import d, {x} from './w'; export default d + x", "w.js": "exports.__esModule = true; exports.default = 'd'; exports.x = 'x'"},
         "require('/u').default", "dx"),
        ({"u.js": "import d from './w'; export default typeof d + d.y", "w.js": "module.exports = function f() {}; module.exports.y = 1"},
         "require('/u').default", "function1"),
        ({"u.js": "export const a = 1; module.exports = {b: 2, a: exports.a}"}, "require('/u').b + require('/u').a", "3"),
        ({"a.js": "const b = require('./b'); exports.name = () => b.name() + 'a'", "b.js": "const a = require('./a'); exports.name = () => typeof a.name + 'b'"},
         "require('/a').name()", "functionba"),
        ({"even.js": "import {odd} from './odd'; export function even(n) { return n === 0 || odd(n - 1) }",
          "odd.js": "import {even} from './even'; export function odd(n) { return n !== 0 && even(n - 1) }"},
         "require('/even').even(10)", "true"),
        ({"u.js": "const a = 1\nexport {\n a,\n}\nexport const {p, q: [r = 5], ...rest} = {p: 1, q: [], s: 9}, last = 2\nexport class C {}"},
         "JSON.stringify(require('/u'))", '{"a":1,"p":1,"r":5,"rest":{"s":9},"last":2}'),
        ({"u.js": "export default class extends Array {}\n(0, 1)"}, "require('/u').default.prototype instanceof Array", "true"),
        ({"u.js": "const re = /export default 1/; const t = `import ${'x'} from`; export const v = re.test('export default 1')"},
         "require('/u').v", "true"),
    ],
)  # fmt: skip
async def test_modules(board: Board, files: dict[str, str], entry: str, expected: str) -> None:
    page = f"const got = {entry}; Page({{onLoad(){{ console.log('got', got) }}}})"
    session = await board.run(program({"pages/a/a": page}, files=files))
    await board.heard.until(lambda: board.heard.lines(session) or board.heard.errors(session))
    assert board.heard.errors(session) == []
    assert board.heard.lines(session) == [f"got {expected}"]


async def test_a_module_of_a_subpackage_runs_when_it_is_asked_for_asynchronously(board: Board) -> None:
    files = {"sub/x.js": "console.log('ran'); module.exports = {v: 1}"}
    page = """Page({ async onLoad() {
      try { require('../../sub/x') } catch (e) { console.log(e.name, e.message) }
      require('../../sub/x', (x) => console.log('called back', x.v), () => console.log('failed'));
      require('../../sub/none', null, null) } })"""
    session = await board.run(
        program({"pages/a/a": page}, files=files, subpackages=[{"root": "sub", "name": "s", "independent": False}])
    )
    await board.heard.line(session, "called back 1")
    assert board.heard.lines(session) == [
        (
            'ModuleError sub/x.js is in the subpackage "sub", which is not loaded yet (required by pages/a/a.js); '
            'use require.async("../../sub/x")'
        ),
        "ran",
        "called back 1",
    ]
    await board.heard.error(session, 'module "../../sub/none" is not in the package')


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("require.async('../../sub/x').then((x) => console.log(x.v, require('../../sub/x').v))", ["ran", "1 1"]),
        ("import('../../sub/x').then((x) => console.log(x.v))", ["ran", "1"]),
        (
            "wx.loadSubpackage({name: 's'}).then((r) => console.log(r.errMsg, require('../../sub/x').v))",
            ["ran", "loadSubpackage:ok 1"],
        ),
        ("swan.loadSubPackage({root: 'sub', success: () => console.log(require('../../sub/x').v)})", ["ran", "1"]),
        (
            "wx.loadSubpackage({name: 'none', fail: (e) => console.log(e.errMsg)})",
            ['loadSubpackage:fail the program has no subpackage "none"'],
        ),
        ("wx.loadSubpackage({name: 's'}).onProgressUpdate((p) => console.log(p.progress))", ["100"]),
        (
            "require.async('../../no').catch((e) => console.log(e.mod, e.errMsg.slice(0, 30)))",
            ['../../no ModuleError: module "../../no"'],
        ),
        ("require('../../no', () => {}, (e) => console.log(e.mod, e.errMsg.slice(0, 12)))", ["../../no ModuleError:"]),
        (
            "try { requirePlugin('p') } catch (e) { console.log(e.message) }",
            ['requirePlugin("p"): there are no plugins on this host'],
        ),
        ("requirePlugin.async('p').catch((e) => console.log(e.mod))", ["p"]),
    ],
)
async def test_a_subpackage_is_loaded_in_every_way_of_the_dialects(board: Board, code: str, lines: list[str]) -> None:
    files = {"sub/x.js": "console.log('ran'); module.exports = {v: 1}"}
    page = f"Page({{ onLoad() {{ {code} }} }})"
    parts = [{"root": "sub", "name": "s"}]
    session = await board.run(program({"pages/a/a": page}, files=files, subpackages=parts))
    await board.heard.until(lambda: len(board.heard.lines(session)) >= len(lines) or board.heard.errors(session))
    assert board.heard.errors(session) == []
    assert board.heard.lines(session) == lines


async def test_a_page_of_a_subpackage_is_fetched_and_run_when_it_is_opened(board: Board) -> None:
    pages = {
        "pages/a/a": "console.log('main'); Page({ go() { wx.navigateTo({url: '/sub/p/p'}) } })",
        "sub/p/p": "const x = require('../x'); Page({ data: {n: x.v}, onLoad() { console.log('opened', x.v) } })",
    }
    views = {"pages/a/a": view(button("go")), "sub/p/p": view(text("n"))}
    files = {"sub/x.js": "console.log('ran'); exports.v = 42"}
    source = program(pages, files=files, views=views, subpackages=[{"root": "sub"}])
    session = await board.run(source)
    assert board.heard.lines(session) == ["main"]
    session.node_event(1, 1, "tap", {}, [], 0.0)
    await board.heard.line(session, "opened 42")
    await board.heard.until(lambda: '"42"' in json.dumps(board.heard.patches[session.app_id]))
    assert board.heard.lines(session) == ["main", "ran", "opened 42"]


async def test_a_program_that_is_larger_than_a_frame_starts_and_fetches_what_it_needs(board: Board) -> None:
    padding = "/*" + "x" * (9 * 1024 * 1024) + "*/"
    files = {"big1.js": padding + "exports.v = 1", "big2.js": padding + "exports.v = 2"}
    page = "Page({ onLoad() { console.log(require('/big1').v + require('/big2').v) } })"
    session = await board.run(program({"pages/a/a": page}, files=files))
    await board.heard.line(session, "3")


@pytest.mark.parametrize(
    "page",
    [
        "Page({onLoad(){ const s = '汉😀é'; nope() }})",
        "const f = async () => 1; Page({onLoad(){ nope() }})",
        "import './m'; import {v} from './m'; Page({onLoad(){ nope() }})",
        "export default 1; export const 汉 = 2; Page({onLoad(){ nope() }})",
        "import {\n v } from './m'; Page({onLoad(){ nope() }})",
        "\r\n\rPage({onLoad(){\r nope() }})",
        "#!/usr/bin/env node\nPage({onLoad(){ nope() }})",
        "\ufeffPage({onLoad(){ nope() }})",
    ],
)
async def test_places_are_those_that_were_written(board: Board, page: str) -> None:
    """Lines as editors count them, columns in UTF-16 units, whatever the engine was given and counts."""
    session = await board.run(program({"pages/a/a": page}, files={"pages/a/m.js": "export const v = 1"}))
    _, at = await board.heard.error(session, "nope is not defined")
    before = page.removeprefix("\ufeff").partition("nope")[0].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    assert at == f"pages/a/a.js:{len(before)}:{len(before[-1].encode('utf-16-le')) // 2 + 1}"


async def test_errors_and_the_console_show_the_places_of_the_original_source(board: Board) -> None:
    """One map lies beside its file, one is in it. Line 1 of the page comes from line 11, line 2 from line 33."""
    mapped = json.dumps({"version": 3, "sources": ["../../src/a.ts"], "names": [], "mappings": "AAUA;AAsBA"})
    inline = base64.b64encode(json.dumps({"version": 3, "sources": ["m.ts"], "mappings": "AAAA,iBAoDA"}).encode())
    page = "const m = require('./m'); console.log('from page');\nPage({ onLoad() { m.run() } })\n//# sourceMappingURL=a.js.map"
    module = "exports.run = function run() { throw new Error('in the module') }"
    app = "App({ onError(text) { console.log(text) } })"
    files = {
        "pages/a/a.js.map": mapped,
        "pages/a/m.js": f"{module}\n//# sourceMappingURL=data:application/json;base64,{inline.decode()}",
    }
    session = await board.run(program({"pages/a/a": page}, files=files, app=app))
    text, source = await board.heard.error(session, "in the module")
    assert source == "pages/a/m.ts:53:1"
    assert text.splitlines()[1:3] == ["    at run (pages/a/m.ts:53:1)", "    at onLoad (src/a.ts:33:1)"]
    logs = board.heard.logs[session.app_id]
    assert ("log", "from page", "src/a.ts:11:1") in logs
    assert any(text.startswith("Error: in the module\n    at run (pages/a/m.ts:53:1)") for _, text, _ in logs)


async def test_a_stack_through_a_minified_bundle_shows_its_source(board: Board) -> None:
    folder = npm_package("underscore", "1.13.7")
    files = {
        f"lib/{name}": (folder / name).read_text(encoding="utf-8")
        for name in ("underscore-umd-min.js", "underscore-umd-min.js.map")
    }
    page = "const _ = require('/lib/underscore-umd-min'); _.map([1], function each() { throw new Error('boom') }); Page({})"
    session = await board.run(program({"pages/a/a": page}, files=files))
    text, source = await board.heard.error(session, "boom")
    assert source.startswith("pages/a/a.js:1:")
    assert "(lib/modules/map.js:" in text or "(modules/map.js:" in text


async def test_a_map_that_is_damaged_is_ignored_with_one_warning(board: Board) -> None:
    page = "Page({ onLoad() { console.log(1); console.log(2); nope() } })"
    session = await board.run(program({"pages/a/a": page}, files={"pages/a/a.js.map": '{"version": 3}'}))
    _, source = await board.heard.error(session, "nope")
    assert source == "pages/a/a.js:1:51"
    assert board.heard.lines(session, "warn") == [
        "the source map pages/a/a.js.map is ignored: it lacks mappings or sources"
    ]


async def test_an_error_in_a_minified_bundle_of_half_a_megabyte_says_where(board: Board) -> None:
    bundle = "(function(){" + "var a=function(b){return b+1};" * 18_000 + "exports.f=function(){nope()}})();"
    page = "const f = require('/bundle').f; Page({ onLoad() { f() } })"
    session = await board.run(program({"pages/a/a": page}, files={"bundle.js": bundle}))
    assert len(bundle) > 500_000
    _, source = await board.heard.error(session, "nope")
    assert source == f"bundle.js:1:{bundle.index('nope') + 1}"
    broken = await board.run(program({"pages/a/a": page}, files={"bundle.js": bundle.replace("nope()", "nope(")}))
    _, source = await board.heard.error(broken, "SyntaxError")
    assert source.startswith(f"bundle.js:1:{bundle.index('nope') + 6}"[:-1])


async def test_a_missing_export_is_undefined_and_named(board: Board) -> None:
    page = "import {absent, v} from '../../u'; export {other} from '../../u'; console.log(typeof absent, v); Page({})"
    session = await board.run(program({"pages/a/a": page}, files={"u.js": "export const v = 1"}))
    await board.heard.line(session, "undefined 1")
    assert board.heard.lines(session, "warn") == [
        f'u.js does not export "{name}" (imported by pages/a/a.js); it is undefined there'
        for name in ("absent", "other")
    ]


async def test_an_import_on_demand_is_a_promise(board: Board) -> None:
    page = "Page({async onLoad(){ const m = await import('../../u'); console.log('got', m.v) }})"
    session = await board.run(program({"pages/a/a": page}, files={"u.js": "export const v = 7"}))
    await board.heard.line(session, "got 7")


async def test_the_console_shows_values_as_developers_expect(board: Board) -> None:
    page = """Page({onLoad(){
      console.log('%s is %d', 'n', 5, {a: [1, 'x'], f(){}, get g(){ throw 1 }}, null, undefined, -0);
      console.warn([new Map([['k', new Set([1])]])], new Error('shown').message);
      const c = {}; c.self = c; console.info(c);
      console.log(new Proxy({}, {ownKeys(){ throw 1 }}));
      console.debug(Symbol('s'), 10n, class A {}, new Date(0)); }})"""
    session = await board.run(program({"pages/a/a": page}))
    await board.heard.line(session, "Symbol", "debug")
    logs = board.heard.logs[session.app_id]
    assert logs[0][:2] == ("log", 'n is 5 { a: [ 1, "x" ], f: [Function: f], g: [Getter] } null undefined -0')
    assert logs[0][2].startswith("pages/a/a.js:2:")
    assert logs[1][1] == '[ Map(1) { "k" => Set(1) { 1 } } ] shown'
    assert logs[2][1] == "{ self: [Circular] }"
    assert logs[3][1] == "[a value that cannot be read]"
    assert logs[4][1] == "Symbol(s) 10n [Function: A] 1970-01-01T00:00:00.000Z"


async def test_code_cannot_be_made_from_text(board: Board) -> None:
    page = """const tries = [() => eval('1'), () => new Function('return 1')(), () => (async () => {}).constructor('1')];
    Page({onLoad(){ for (const t of tries) { try { t(); console.log('ran') } catch (e) { console.log(e.name) } }
      console.log('global', Function('return this')() === globalThis) }})"""
    session = await board.run(program({"pages/a/a": page}))
    await board.heard.line(session, "global true")
    assert board.heard.lines(session) == ["EvalError", "EvalError", "EvalError", "global true"]


async def test_the_base_library_survives_a_program_that_breaks_the_language(board: Board) -> None:
    page = """
    const bad = () => { throw new Error('polluted') };
    for (const type of [Array, String, Map, Set, WeakMap, RegExp, Promise, Function, Number]) {
      for (const key of Object.getOwnPropertyNames(type.prototype)) {
        if (key === 'constructor') continue;
        try { Object.defineProperty(type.prototype, key, {get: bad, set: bad, configurable: true}) } catch (e) {}
      }
    }
    Object.defineProperty(Array.prototype, '0', {set: bad, configurable: true});
    for (const key of Object.getOwnPropertyNames(Object)) { try { Object[key] = bad } catch (e) {} }
    JSON.stringify = bad; JSON.parse = bad; Reflect.apply = bad; Math.floor = bad;
    Object.prototype.success = undefined;
    Object.prototype.get = bad; Object.prototype.enumerable = true; Object.prototype.mutable = 1;
    Page({data: {n: 1, list: [1, 2]}, onLoad(q){ this.setData({n: 2, 'list[1]': {a: 'b'}}) },
      tap(){ wx.setStorageSync('k', [1]); this.setData({n: wx.getStorageSync('k')[0] + 41}); setTimeout(() => wx.reportEvent('e', {}), 1) }})"""
    session = await board.run(program({"pages/a/a": page}, views={"pages/a/a": view(text("n"), button("tap"))}))
    session.node_event(1, 2, "tap", {}, [], 0.0)
    await board.heard.until(lambda: "42" in board.heard.texts(session))
    await board.heard.until(lambda: (session.app_id, "telemetry", {"name": "e", "values": {}}) in board.heard.calls)
    assert board.heard.errors(session) == []
