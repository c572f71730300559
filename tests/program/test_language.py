# ruff: noqa: E501 a line of JavaScript reads better whole
"""JavaScript of today, as it was written, in a real worker: syntax and library of ES2023, and what surrounds them.

Every row is an expression of its own file, a script or an ES module; it is run and must give ``true``.
"""

import json

import pytest

from tests.program.running import Board, program

pytestmark = pytest.mark.asyncio(loop_scope="module")

SYNTAX = {
    "private fields and methods": "class A { #x = 1; #m() { return this.#x } get v() { return this.#m() } static has(o) { return #x in o } }; export default new A().v === 1 && A.has(new A()) && !A.has({})",
    "static blocks": "class A { static #y = 2; static z; static { A.z = A.#y } }; export default A.z === 2",
    "fields and accessors": "class A { a = 1; static b = 2; ['c' + 1] = 3; static get d() { return 4 } }; export default new A().a + A.b + new A().c1 + A.d === 10",
    "subclasses of builtins": "class E extends Error { name = 'E' }; class L extends Array { get last() { return this.at(-1) } }; export default new E('x') instanceof Error && L.of(1, 2).last === 2",
    "new.target and super": "class A { constructor() { this.n = new.target.name } m() { return 1 } }; class B extends A { m() { return super.m() + 1 } }; export default new B().n === 'B' && new B().m() === 2",
    "optional chaining": "const o = { a: null }; export default o.a?.b === undefined && o.f?.() === undefined && o.a?.[1]?.c === undefined && delete o?.a",
    "nullish and logical assignment": "let a = null, b = 1, c = 0; a ??= 3; b &&= 5; c ||= 7; export default a === 3 && b === 5 && c === 7 && (null ?? 4) === 4",
    "generators": "function* g() { const x = yield 1; yield* [x, 3]; return 4 }; const i = g(); export default i.next().value === 1 && i.next(2).value === 2 && i.next().value === 3 && i.next().done",
    "spread, rest, defaults": "const f = (a, { b = 2, ...r } = {}, ...[c = 3]) => a + b + c + Object.keys(r).length; export default f(1, { q: 0 }) === 7 && [...'ab', ...new Set([1])].length === 3 && { ...{ a: 1 } }.a === 1",
    "templates": "const tag = (s, ...v) => s.raw[0] + v[0]; export default `a${`b${1}`}` === 'ab1' && tag`\\n${2}` === '\\\\n2'",
    "numbers": "export default 1_000 + 0b11 + 0o17 + 0xff === 1273 && 2 ** 10 === 1024",
    "BigInt": "export default 2n ** 64n === 18446744073709551616n && BigInt.asUintN(8, 257n) === 1n && typeof 1n === 'bigint'",
    "catch without a binding": "let r; try { null.x } catch { r = 1 } export default r === 1",
    "labels and switch": "let n = 0; outer: for (const i of [1, 2, 3]) { for (;;) { if (i === 2) break outer; n += i; continue outer } } switch (n) { case 1: { n = 9 } } export default n === 9",
    "getters, symbols, computed names": "const k = 'x'; const o = { get [k]() { return 1 }, [Symbol.toPrimitive]: () => 7, async *[Symbol.asyncIterator]() {}, __proto__: { p: 1 } }; export default o.x === 1 && +o === 7 && o.p === 1",
    "regular expressions": r"export default /(?<y>\d{4})/.exec('in 2020').groups.y === '2020' && /(?<=\$)\d+(?!x)/.exec('a$42')[0] === '42' && /a(b)/d.exec('xab').indices[1][0] === 2 && /^.$/su.test('\u{1f600}') && /[\p{L}--[a-z]]/v.test('A') && !/[\p{L}--[a-z]]/v.test('a') && 'aXbX'.replaceAll('X', '-') === 'a-b-' && [...'a1b2'.matchAll(/\d/g)].length === 2 && /\p{Script=Han}/u.test('\u6c49')",
    "the last match": r"/(b)(c)?/.test('abd'); const r = [RegExp.$1, RegExp.$2, RegExp.lastMatch, RegExp['$`'], RegExp.rightContext, RegExp.lastParen, RegExp.input]; 'x-y'.replace(/-(y)/, ''); /z/.test('a'); export default r.join() === 'b,,b,a,d,,abd' && RegExp.$1 === 'y' && RegExp['$&'] === '-y' && RegExp.$9 === '' && 'a1b2'.replace(/\d/g, (n) => n * 2) === 'a2b4' && 'a1b2'.split(/\d/).join() === 'a,b,' && [...'a1b2'.matchAll(/\d/g)].length === 2",
    "sticky and flags": r"const r = /a/gy; r.lastIndex = 1; export default r.test('ba') && r.flags === 'gy' && !r.test('ba')",
    "hashbang and unicode names": "const \u53d8\u91cf = 1, \\u0061b = 2; export default \u53d8\u91cf + ab === 3",
    "automatic semicolons": "let a = 1\nlet b = a\n++b\nconst f = () => {\n return\n 5 }\nexport default b === 2 && f() === undefined",
    "export forms": "const a = 1; export { a as b }; export const { c, d: [e] } = { c: 1, d: [2] }; export default (() => a + c + e === 4)()",
    "async functions in any place": "const o = { async m() { return 1 }, f: async () => 2 }; class A { static async s() { return 3 } }; export default (async () => (await o.m()) + (await o.f()) + (await A.s()) === 6)()",
    "for await and async generators": "async function* g() { yield 1; yield* [Promise.resolve(2)]; } export default (async () => { let n = 0; for await (const x of g()) n += x; for await (const x of [Promise.resolve(4)]) n += x; return n === 7 })()",
    "destructuring in loops and swaps": "let [a, b] = [1, 2]; [a, b] = [b, a]; let n = 0; for (const [k, { v }] of Object.entries({ x: { v: 3 } })) n += v + k.length; export default a === 2 && n === 4",
    "let in loops is a binding a turn": "const fs = []; for (let i = 0; i < 3; i++) fs.push(() => i); export default fs.map((f) => f()).join() === '0,1,2'",
    "tail of a module": "export default typeof module === 'object' && this === undefined && (function () { return this })() === undefined",
    "import.meta and import()": "export default (async () => (await import('./one.js')).one === 1 && typeof import.meta === 'object')()",
}

LIBRARY = {
    "array copies": "[3, 1].toSorted().join() === '1,3' && [1, 2].toReversed()[0] === 2 && [1, 2].with(0, 9)[0] === 9 && [1, 2, 3].toSpliced(0, 1).length === 2",
    "array searches": "[1, 2, 3].findLast((x) => x < 3) === 2 && [1, 2].findLastIndex((x) => x > 5) === -1 && [1].includes(1) && [1, 2].at(-1) === 2",
    "array flattening": "[1, [2, [3]]].flat(Infinity).length === 3 && [1].flatMap((x) => [x, x]).length === 2",
    "stable sort": "[[1, 'b'], [0, 'a'], [1, 'a']].sort((a, b) => a[0] - b[0]).map((x) => x.join('')).join() === '0a,1b,1a'",
    "objects": "Object.fromEntries(Object.entries({ a: 1 })).a === 1 && Object.hasOwn({ a: 1 }, 'a') && Object.getOwnPropertyDescriptors({ a: 1 }).a.value === 1",
    "groupBy": "Object.groupBy([1, 2, 3], (x) => (x % 2 ? 'o' : 'e')).o.length === 2 && Map.groupBy([1], (x) => x).get(1).length === 1",
    "strings": "'a'.padStart(3, '-') === '--a' && ' a '.trimEnd() === ' a' && 'ab'.at(-1) === 'b' && '\\ud800'.isWellFormed() === false && String.raw`\\n`.length === 2 && 'e\\u0301'.normalize('NFC').length === 1",
    "promises": "Promise.any([Promise.reject(1), 2]).then((x) => Promise.allSettled([x, Promise.reject(3)])).then(([a, b]) => a.value === 2 && b.reason === 3)",
    "promises that settle later": "Promise.race([new Promise(() => {}), Promise.resolve(1)]).finally(() => 0).then((x) => x === 1)",
    "errors": "new Error('x', { cause: 1 }).cause === 1 && new AggregateError([1], 'm').errors.length === 1 && typeof new Error().stack === 'string'",
    "Proxy and Reflect": "new Proxy({}, { get: (t, k) => k, has: () => true }).abc === 'abc' && Reflect.ownKeys({ [Symbol.iterator]: 1, a: 2 }).length === 2",
    "maps and sets": "new Map([[NaN, 1]]).get(NaN) === 1 && new Set([1, 1]).size === 1 && new WeakMap([[{}, 1]]) instanceof WeakMap && new WeakSet() instanceof WeakSet",
    "WeakRef": "(() => { const kept = {}; return new WeakRef(kept).deref() === kept && typeof FinalizationRegistry === 'function' })()",
    "binary data": "new DataView(new ArrayBuffer(8)).getFloat32(0) === 0 && new Uint8ClampedArray([300])[0] === 255 && new BigInt64Array(1)[0] === 0n && new Uint8Array([1, 2]).slice(1)[0] === 2 && Uint8Array.from([3, 1]).toSorted()[0] === 1",
    "JSON": "JSON.stringify({ a: [1, undefined], b: undefined, c: '\\ud800' }) === '{\"a\":[1,null],\"c\":\"\\\\ud800\"}' && JSON.parse('[1]', (k, v) => (k === '0' ? 2 : v))[0] === 2",
    "symbols": "Symbol('d').description === 'd' && Symbol.for('a') === Symbol.for('a') && typeof Symbol.asyncIterator === 'symbol'",
    "numbers and maths": "Number.isInteger(5) && Math.hypot(3, 4) === 5 && Math.trunc(-1.5) === -1 && Math.clz32(1) === 31 && (0.1).toFixed(20).startsWith('0.1000000000000000055') && (25).toString(36) === 'p'",
    "dates": "new Date(Date.UTC(2020, 1, 29)).toISOString() === '2020-02-29T00:00:00.000Z' && Number.isNaN(Date.parse('no date')) && new Date('2020/01/02 03:04:05').getMinutes() === 4 && new Date('2020-1-2').getDate() === 2",
    "URIs": "decodeURIComponent(encodeURIComponent('\u6c49 &')) === '\u6c49 &' && escape('\u00e4') === '%E4'",
    "text as bytes": "new TextDecoder().decode(new TextEncoder().encode('\u6c49')) === '\u6c49' && atob(btoa('hi')) === 'hi'",
    "timers and jobs": "new Promise((done) => { const seen = []; setTimeout(() => { seen.push(3); done(seen.join() === '1,2,3') }, 1); queueMicrotask(() => seen.push(2)); seen.push(1) })",
    "names of function kinds": "(async () => {}).constructor.name === 'AsyncFunction' && (function* () {}).constructor.name === 'GeneratorFunction' && (async function* () {}).constructor.name === 'AsyncGeneratorFunction' && (() => {}).constructor === Function",
}

ABSENT = "window self document navigator location localStorage XMLHttpRequest fetch WebSocket URL URLSearchParams Intl structuredClone process Buffer require_ crypto WebAssembly SharedArrayBuffer Atomics alert Image setImmediate requestAnimationFrame"

GLOBAL_OBJECT = {
    "Function('return this')()": "Function('return this')() === globalThis",
    "new Function('return this')()": "new Function('return this;')() === globalThis",
    "global": "typeof global === 'object' && global === globalThis",
    "lodash": "(typeof global == 'object' && global && global.Object === Object && global) === globalThis",
    "core-js": "(() => { const check = (it) => it && it.Math === Math && it; return check(typeof globalThis == 'object' && globalThis) || check(typeof window == 'object' && window) || check(typeof self == 'object' && self) || check(typeof global == 'object' && global) })() === globalThis",
    "a sloppy function": "(function () { return this })() === globalThis",
    "writing a global": "(() => { globalThis.shared_a = 1; global.shared_b = 2; return shared_a + shared_b === 3 })()",
}


async def verdict(board: Board, code: str, *, module: bool) -> list[str]:
    """What the program logs of ``code``, an ES module with a default export or an expression of a script."""
    files = {"pages/a/x.js": code if module else f"module.exports = ({code})", "pages/a/one.js": "export const one = 1"}
    page = f"const x = require('./x'); Promise.resolve({'x.default' if module else 'x'}).then((v) => console.log('got', v)); Page({{}})"
    session = await board.run(program({"pages/a/a": page}, files=files))
    await board.heard.until(lambda: board.heard.lines(session) or board.heard.errors(session))
    await board.sessions.stop(session.app_id)
    return board.heard.lines(session) + [text for text, _ in board.heard.errors(session)]


@pytest.mark.parametrize("feature", SYNTAX)
async def test_syntax_of_es2023_runs_as_it_is(board: Board, feature: str) -> None:
    assert await verdict(board, SYNTAX[feature], module=True) == ["got true"]


@pytest.mark.parametrize("feature", LIBRARY)
async def test_the_library_of_es2023_is_there(board: Board, feature: str) -> None:
    assert await verdict(board, LIBRARY[feature], module=False) == ["got true"]


@pytest.mark.parametrize("pattern", GLOBAL_OBJECT)
async def test_the_global_object_is_found_as_libraries_look_for_it(board: Board, pattern: str) -> None:
    assert await verdict(board, GLOBAL_OBJECT[pattern], module=False) == ["got true"]


async def test_what_browsers_and_node_have_beside_the_language_is_absent(board: Board) -> None:
    code = f"{json.dumps(ABSENT.split())}.filter((name) => name in globalThis).join() === ''"
    assert await verdict(board, code, module=False) == ["got true"]


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        (
            "localStorage.getItem('a')",
            "mini-programs have no localStorage: use wx.setStorageSync and wx.getStorageSync",
        ),
        ("new Intl.NumberFormat()", "mini-programs have no Intl: use toLocaleString, or a library such as dayjs"),
        ("fetch('x')", "mini-programs have no fetch: use wx.request"),
        ("if (process.env.NODE_ENV) {}", "process.env.NODE_ENV when the bundle is made"),
        ("Promise.resolve().then(() => window.x)", "the global object is globalThis"),
    ],
)
async def test_using_an_absent_global_says_what_to_use_instead(board: Board, code: str, hint: str) -> None:
    session = await board.run(program({"pages/a/a": f"{code};Page({{}})"}))
    text, _ = await board.heard.error(session, "is not defined")
    assert hint in text.splitlines()[0]


async def test_an_unknown_name_gets_no_hint(board: Board) -> None:
    session = await board.run(program({"pages/a/a": "const o = {}; toString_.call(1)"}))
    text, _ = await board.heard.error(session, "is not defined")
    assert text.splitlines()[0] == "ReferenceError: toString_ is not defined"


CONSOLE = {
    "console.group('G'); console.log('in'); console.group(); console.log('deep'); console.groupEnd(); console.groupEnd(); console.groupEnd(); console.log('out')": ["G", "  in", "    deep", "out"],
    "console.table([{ a: 1, b: 'x' }, { a: 22, c: [1] }])": ['(index) | a  | b   | c\n0       | 1  | "x" | \n1       | 22 |     | [ 1 ]'],
    "console.table({ x: { n: 1, m: 2 } }, ['m'])": ["(index) | m\nx       | 2"],
    "console.table(['p', 5]); console.table('plain')": ['(index) | Values\n0       | "p"\n1       | 5', "plain"],
    "console.count(); console.count('b'); console.count(); console.countReset(); console.count()": ["default: 1", "b: 1", "default: 2", "default: 1"],
    "console.assert(1, 'no'); console.assert(0, 'yes', { a: 1 }); console.assert(false)": ["Assertion failed: yes { a: 1 }", "Assertion failed"],
    "console.dir({ a: { b: 1 } }); console.dirxml(1, 2)": ["{ a: { b: 1 } }", "1 2"],
    "console.timeEnd('t'); console.log(new Uint8Array(3), [new Error('e', { cause: new TypeError('why') }).message])": ["t: this timer was not started", 'Uint8Array(3) [ 0, 0, 0 ] [ "e" ]'],
    "console.error(new AggregateError([new Error('a'), 5], 'many').message); console.info(`%c%s`, 'color: red', 'styled')": ["many", "styled"],
}  # fmt: skip


@pytest.mark.parametrize("code", CONSOLE)
async def test_the_console_writes_as_developers_know_it(board: Board, code: str) -> None:
    session = await board.run(program({"pages/a/a": f"{code};Page({{}})"}))
    written = [text for _, text, _ in board.heard.logs[session.app_id]]
    assert written == CONSOLE[code]


async def test_timers_of_the_console_tell_the_time(board: Board) -> None:
    code = "console.time('t'); console.timeLog('t', 'half', 1); console.timeEnd('t'); console.timeEnd('t'); Page({})"
    session = await board.run(program({"pages/a/a": code}))
    first, second, third = board.heard.lines(session)
    assert first.startswith("t: ")
    assert first.endswith(" ms half 1")
    assert second.startswith("t: ")
    assert second.endswith(" ms")
    assert third == "t: this timer was not started"


async def test_an_error_shows_what_caused_it(board: Board) -> None:
    page = "Page({ onLoad() { try { null.x } catch (e) { throw new Error('outer', { cause: e }) } } })"
    session = await board.run(program({"pages/a/a": page}))
    text, _ = await board.heard.error(session, "outer")
    assert text.splitlines()[0] == "Error: outer; caused by TypeError: cannot read property 'x' of null"
