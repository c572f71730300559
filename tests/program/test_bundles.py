# ruff: noqa: E501 a line of JavaScript reads better whole
"""Bundles that mini-programs use, from npm as they are: CommonJS, ES modules, UMD, minified, and what compilers emit."""

import pytest

from tests.npm import npm_files
from tests.program.running import Board, program

pytestmark = pytest.mark.asyncio(loop_scope="module")

LODASH = ("lodash", "4.17.21")
TSLIB = ("tslib", "2.8.1")
AXIOS = ("axios", "0.19.2")
MOMENT = ("moment", "2.30.1")
BABEL = ("@babel/runtime", "7.26.10")

# name: (packages, code that logs, what it logs)
BUNDLES = {
    "lodash": ([LODASH], "const _ = require('lodash'); console.log(_.chunk([1, 2, 3], 2).length, _.merge({ a: { b: 1 } }, { a: { c: 2 } }))", ["2 { a: { b: 1, c: 2 } }"]),
    "lodash minified": ([LODASH], "const _ = require('lodash/lodash.min'); console.log(_.sum([1, 2]), _.get({ a: [{ b: 3 }] }, 'a[0].b'))", ["3 3"]),
    "lodash by function": ([LODASH], "console.log(require('lodash/fp/curry') !== undefined, require('lodash/debounce') === require('lodash/debounce.js'))", ["true true"]),
    "lodash-es": ([("lodash-es", "4.17.21")], "import { chunk, isEqual } from 'lodash-es'; import sum from 'lodash-es/sum'; console.log(chunk([1, 2, 3], 2).length, isEqual([1], [1]), sum([1, 2]))", ["2 true 3"]),
    "underscore": ([("underscore", "1.13.7")], "const _ = require('underscore/underscore-umd-min'); console.log(_.range(3), _.template)", ["[ 0, 1, 2 ] [Function: template]"]),
    "dayjs": ([("dayjs", "1.11.13")], "const d = require('dayjs'); d.extend(require('dayjs/plugin/utc')); require('dayjs/locale/zh-cn'); console.log(d('2020-01-02').format('YYYY年M月D日'), d.utc(0).format(), d('2020-01-02').locale('zh-cn').format('dddd'))", ["2020年1月2日 1970-01-01T00:00:00Z 星期四"]),
    "moment": ([MOMENT], "const m = require('moment'); console.log(m('2020-01-02').format('LL')); require('moment/locale/zh-cn'); console.log(m('2020-01-02').format('LL'))", ["January 2, 2020", "2020年1月2日"]),
    "moment minified": ([MOMENT], "const m = require('moment/min/moment-with-locales.min.js'); m.locale('zh-cn'); console.log(m('2020-01-02').format('LL'))", ["2020年1月2日"]),
    "mobx-miniprogram": ([("mobx-miniprogram", "6.12.3")], "const { observable, action, autorun } = require('mobx-miniprogram'); const s = observable({ n: 1, get d() { return this.n * 2 }, up: action(function () { this.n++ }) }); autorun(() => console.log(s.d)); s.up()", ["2", "4"]),
    "mobx by its main file": ([("mobx", "6.13.7")], "const { observable, autorun } = require('mobx'); const s = observable({ n: 1 }); autorun(() => console.log(s.n)); s.n = 4", ["1", "4"]),
    "redux by its main file": ([("redux", "5.0.1")], "const { createStore } = require('redux'); const s = createStore((n = 0, a) => (a.type === 'up' ? n + 1 : n)); s.dispatch({ type: 'up' }); console.log(s.getState())", ["1"]),
    "immer by its main file": ([("immer", "10.1.1")], "const { produce } = require('immer'); console.log(produce([1], (d) => { d.push(2) }))", ["[ 1, 2 ]"]),
    "mobx as ES module": ([("mobx", "6.13.7")], "import { makeAutoObservable, autorun } from 'mobx/dist/mobx.esm.production.min.js'; const s = makeAutoObservable({ n: 1, get d() { return this.n * 2 } }); autorun(() => console.log(s.d)); s.n = 4", ["2", "8"]),
    "immer": ([("immer", "10.1.1")], "const { produce } = require('immer/dist/cjs/immer.cjs.production.js'); console.log(produce({ a: [1] }, (d) => { d.a.push(2) }))", ["{ a: [ 1, 2 ] }"]),
    "redux": ([("redux", "4.2.1"), BABEL], "const { createStore, combineReducers } = require('redux/dist/redux.min.js'); const s = createStore(combineReducers({ n: (n = 0, a) => (a.type === 'up' ? n + 1 : n) })); s.subscribe(() => console.log(s.getState())); s.dispatch({ type: 'up' })", ["{ n: 1 }"]),
    "zustand": ([("zustand", "4.5.7")], "const { createStore } = require('zustand/vanilla'); const s = createStore((set) => ({ n: 0, up() { set((s) => ({ n: s.n + 1 })) } })); s.subscribe((x) => console.log(x.n)); s.getState().up()", ["1"]),
    "rxjs": ([("rxjs", "7.8.2"), TSLIB], "const { of, timer, map, toArray } = require('rxjs'); of(1, 2).pipe(map((x) => x * 2), toArray()).subscribe((x) => console.log(x)); timer(1).subscribe(() => console.log('later'))", ["[ 2, 4 ]", "later"]),
    "rxjs minified": ([("rxjs", "7.8.2")], "const r = require('rxjs/dist/bundles/rxjs.umd.min.js'); r.of(1).pipe(r.operators.map((x) => x + 1)).subscribe((x) => console.log(x))", ["2"]),
    "crypto-js": ([("crypto-js", "4.2.0")], "const C = require('crypto-js'); const key = C.enc.Hex.parse('00112233445566778899aabbccddeeff'); const made = C.AES.encrypt('hi', key, { iv: key }); console.log(C.SHA256('a').toString().slice(0, 8), C.AES.decrypt(made, key, { iv: key }).toString(C.enc.Utf8))", ["ca978112 hi"]),
    "axios with the adapter for mini-programs": ([AXIOS, ("axios-miniprogram-adapter", "0.3.5")], "const axios = require('axios/dist/axios.min.js'); axios.defaults.adapter = require('axios-miniprogram-adapter'); axios.get('https://a.example/b').then((r) => console.log(r.status, r.data))", ['200 { got: "https://a.example/b" }']),
    "mqtt": ([("mqtt", "4.3.8")], "const m = require('mqtt/dist/mqtt.min.js'); console.log(typeof m.connect)", ["function"]),
    "async": ([("async", "3.2.6")], "const a = require('async/dist/async.min.js'); a.mapSeries([1, 2], (x, done) => setTimeout(() => done(null, x * 2), 1), (error, found) => console.log(error, found))", ["null [ 2, 4 ]"]),
    "i18next": ([("i18next", "23.16.8")], "const i = require('i18next/i18next.min.js'); i.init({ lng: 'zh', compatibilityJSON: 'v3', resources: { zh: { translation: { k: 'hi {{n}}' } } } }); console.log(i.t('k', { n: 1 }))", ["hi 1"]),
    "pako": ([("pako", "2.1.0")], "const p = require('pako'); console.log(p.inflate(p.deflate('hello'), { to: 'string' }))", ["hello"]),
    "big.js": ([("big.js", "6.2.2")], "const Big = require('big.js'); console.log(String(new Big('0.1').plus('0.2')))", ["0.3"]),
    "eventemitter3": ([("eventemitter3", "5.0.1")], "const E = require('eventemitter3'); const e = new E(); e.once('x', (v) => console.log(v)); e.emit('x', 5)", ["5"]),
    "marked": ([("marked", "4.3.0")], "const { marked } = require('marked/marked.min.js'); console.log(marked('# a').trim())", ['<h1 id="a">a</h1>']),
    "zod": ([("zod", "3.24.4")], "const { z } = require('zod/lib/index.js'); console.log(z.object({ a: z.number() }).safeParse({ a: 'x' }).success)", ["false"]),
    "core-js": ([("core-js-bundle", "3.42.0")], "require('core-js-bundle/minified.js'); console.log(new URL('http://a/b?c=1').searchParams.get('c'), structuredClone({ a: [1] })); (async () => { await null; console.log('still async') })()", ["1 { a: [ 1 ] }", "still async"]),
    "regenerator": ([("regenerator-runtime", "0.14.1")], "const r = require('regenerator-runtime'); console.log(r === regeneratorRuntime, r.isGeneratorFunction(function* () {})); const g = r.mark(function f() { return r.wrap(function (c) { for (;;) switch ((c.prev = c.next)) { case 0: c.next = 2; return 1; case 2: return c.abrupt('return', c.sent); case 3: case 'end': return c.stop() } }, f) })(); console.log(g.next().value, g.next(7).value)", ["true true", "1 7"]),
    "what tsc emits": ([TSLIB], "const t = require('tslib'); class A { m() { return 1 } } function B() { return A.apply ? t.__assign({}, { b: 2 }) : 0 } console.log(B(), t.__spreadArray([1], t.__read([2]), false)); t.__awaiter(this, void 0, void 0, function* () { const x = yield Promise.resolve(3); console.log(x) })", ["{ b: 2 } [ 1, 2 ]", "3"]),
    "what Babel emits": ([BABEL], "const go = require('@babel/runtime/helpers/asyncToGenerator'); const R = require('@babel/runtime/regenerator'); const slice = require('@babel/runtime/helpers/slicedToArray'); const inherits = require('@babel/runtime/helpers/inherits'); function A() {} function B() {} inherits(B, A); console.log(slice([1, 2], 2), new B() instanceof A); go(R.mark(function f() { return R.wrap(function (c) { for (;;) switch ((c.prev = c.next)) { case 0: c.next = 2; return Promise.resolve(3); case 2: console.log(c.sent); case 3: case 'end': return c.stop() } }, f) }))()", ["[ 1, 2 ] true", "3"]),
}  # fmt: skip


@pytest.mark.parametrize("name", BUNDLES)
async def test_a_bundle_of_npm_runs(board: Board, name: str) -> None:
    packages, code, expected = BUNDLES[name]
    files: dict[str, str] = {}
    for package in packages:
        files |= npm_files(*package)
    session = await board.run(program({"pages/a/a": f"{code};\nPage({{}})"}, files=files, permissions=["request"]))
    await board.heard.until(lambda: len(board.heard.lines(session)) >= len(expected) or board.heard.errors(session))
    await board.sessions.stop(session.app_id)
    assert board.heard.errors(session) == []
    assert board.heard.lines(session) == expected


async def test_a_random_number_that_nobody_gives_is_said_by_the_library_as_in_wechat(board: Board) -> None:
    """crypto-js 4 wants `crypto.getRandomValues`, which mini-programs have not, for keys that are made from a text."""
    page = "const C = require('crypto-js'); C.AES.encrypt('hi', 'passphrase'); Page({})"
    session = await board.run(program({"pages/a/a": page}, files=npm_files("crypto-js", "4.2.0")))
    await board.heard.error(session, "Native crypto module could not be used to get secure random number")
