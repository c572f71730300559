# ruff: noqa: E501 a line of JavaScript reads better whole
"""What hostile programs do: each is the body of a handler, or runs before the program's own code.

``said`` is a part of what the program is told in its log (a regular expression), ``ends`` of the sentence that it is
ended with. Without ``ends`` the program goes on. Quotas are those of ``QUOTAS``.
"""

from dataclasses import dataclass

from device_runtime.program.limits import Limits

QUOTAS = Limits(
    event_seconds=0.2,
    overrun_seconds=1.0,
    memory_mb=24,
    nodes=2000,
    patch_mb=1,
    calls_a_second=40,
    waiting_calls=40,
    timers=200,
    log_lines_a_second=50,
)


@dataclass(frozen=True)
class Attack:
    name: str
    code: str
    said: str = ""
    ends: str = ""


TIME = r"took longer than 0\.2 s"
STUCK = "it did not come back from one operation in time and was ended"
MEMORY = "it needs more than the 24 MB it may have"
EITHER = f"{MEMORY}|{STUCK}"


def _all(said: str, ends: str, **attacks: str) -> list[Attack]:
    return [Attack(name.replace("_", " "), code, said, ends) for name, code in attacks.items()]


LOOPS = _all(
    TIME,
    "",
    for_ever="for (;;) {}",
    with_catch_and_finally="for (;;) { try { for (;;) {} } catch (e) {} finally { for (;;) {} } }",
    a_getter="this.setData({get a() { for (;;) {} }})",
    to_json="this.setData({a: {toJSON() { for (;;) {} }}})",
    to_string="`${{toString() { for (;;) {} }}}`",
    value_of="setTimeout(() => {}, {valueOf() { for (;;) {} }})",
    value_of_an_argument="wx.pageScrollTo({scrollTop: {valueOf() { for (;;) {} }}})",
    own_keys_of_a_proxy="this.setData({a: new Proxy({}, {ownKeys() { for (;;) {} }})})",
    get_of_a_proxy="wx.echo(new Proxy({}, {get() { for (;;) {} }}))",
    a_proxy_of_endless_length="this.setData({a: new Proxy([], {get: (t, k) => k === 'length' ? 1e15 : 1})})",
    a_sort_comparator="[3, 2, 1].sort(() => { for (;;) {} })",
    a_replace_callback="'aaa'.replace(/a/g, () => { for (;;) {} })",
    a_generator="for (const x of (function* () { for (;;) yield 1 })()) ;",
    a_stack_getter="const e = new Error('x'); Object.defineProperty(e, 'stack', {get() { for (;;) {} }}); throw e",
    a_message_getter="const e = new Error('x'); Object.defineProperty(e, 'message', {get() { for (;;) {} }}); throw e",
    recursion_that_catches="const f = () => { try { f() } catch (e) { f() } }; f()",
    a_regular_expression="/(a+)+$/.test('a'.repeat(40) + 'b')",
    another_regular_expression="/^(([a-z])+.)+[A-Z]([a-z])+$/.test('a'.repeat(5000))",
    a_regular_expression_that_looks_ahead="/(?=(a+)+b)c/.test('a'.repeat(40))",
    an_array_like="Array.prototype.indexOf.call({length: 2 ** 53 - 1}, 1)",

)  # fmt: skip

# One operation of the engine that it cannot be stopped in, or promise jobs, between which it does not always look at the
# clock: it is stopped, or the kernel's alarm ends the worker.
NATIVE = _all(
    "",
    STUCK,
    splicing="const a = new Array(200000).fill(0); for (;;) { a.splice(0, 1); a.push(1) }",
    promise_jobs="const f = () => { Promise.resolve().then(f) }; f()",
    an_async_loop="(async () => { for (;;) await null })()",
    a_thenable_that_resolves_to_itself="(async () => { await {then(r) { r(this) }} })()",
    microtasks="const f = () => queueMicrotask(f); f()",
    replace_all="'a'.repeat(1e4).replaceAll('a', 'b'.repeat(1e5))",
    upper_case="for (;;) 'x'.repeat(3e6).toLocaleUpperCase()",
    copying_within="const a = new Uint8Array(1e7); for (;;) a.copyWithin(1, 0)",
    slicing_buffers="const b = new ArrayBuffer(1e7); for (;;) b.slice(0)",
    searching="const s = 'a'.repeat(1e6); for (;;) s.indexOf('a'.repeat(5e5) + 'b')",
    a_power_of_big_numbers="10n ** 10n ** 7n",
    squares_of_big_numbers="let x = 3n; for (;;) x = x * x",
    text_of_a_big_number="(3n ** 600000n).toString()",
)

GREED_SAID = f"out of memory|InternalError|{TIME}|^null"
GREED = _all(
    GREED_SAID,
    "",
    a_map="const m = new Map(); for (let i = 0;; i++) m.set(i, {i})",
    a_set="const m = new Set(); for (let i = 0;; i++) m.add('k' + i)",
    a_weak_map="const m = new WeakMap(); const k = []; for (;;) { const o = {}; k.push(o); m.set(o, o) }",
    symbols="const a = []; for (let i = 0;; i++) a.push(Symbol.for('s' + i))",
    closures="let f = null; for (;;) { const g = f; f = () => g }",
    spreading_a_generator="[...(function* () { for (;;) yield 1 })()]",
    filling_an_array="Array.from({length: 1e9}, () => ({}))",
    repeating_a_text="'x'.repeat(2 ** 29)",
    padding_a_text="''.padEnd(2 ** 30 - 2, 'ab')",
    doubling_an_array="let a = [1]; for (;;) a = a.concat(a)",
    typed_arrays="const all = []; for (;;) all.push(new Uint8Array(1e6))",
    splitting_a_text="'a'.repeat(5e6).split('')",
    a_regular_expression="'ab'.repeat(500000).replace(/(a|b)*?c/g, '')",
)

# Storms of what is there for programs: time or memory, whichever comes first.
STORMS = _all(
    GREED_SAID,
    "",
    set_data="for (let i = 0;; i++) this.setData({n: i})",
    calls="for (;;) wx.echo({a: 1, success() {}, fail() {}})",
    listeners="for (;;) wx.onNetworkStatusChange(() => {})",
    selector_queries="for (;;) wx.createSelectorQuery().selectAll('view').boundingClientRect().exec()",
    selecting_components="for (;;) this.selectAllComponents('.a .b .c')",
    canvas_commands="const c = wx.createCanvasContext('x'); for (;;) { c.fillRect(1, 2, 3, 4); c.draw() }",
    observers="for (;;) wx.createIntersectionObserver(this).relativeToViewport().observe('.x', () => {})",
    navigation="for (;;) wx.navigateTo({url: '/pages/a/a?x=' + 'y'.repeat(1000), fail() {}})",
    animations="const a = wx.createAnimation({}); for (;;) a.rotate(1).step()",
    events_between_pages="wx.navigateTo({url: '/pages/b/b', success(r) { for (;;) r.eventChannel.emit('x', {a: 1}) }})",
    requiring="for (let i = 0;; i++) try { require('./x' + i) } catch (e) {}",
    timers_set_and_cleared="for (;;) clearTimeout(setTimeout(() => {}, 1e9))",
    a_worklet_that_follows_itself="const s = wx.worklet.shared(0); wx.worklet.derived(() => { s.value = s.value + 1 })",
)  # fmt: skip

REFUSED = [
    Attack("recursion", "const f = () => f() + 1; f()", "RangeError: Maximum call stack size exceeded"),
    Attack("async recursion", "const f = async () => { await f() }; f()", "RangeError: Maximum call stack size exceeded"),
    Attack("a nested JSON text", "JSON.parse('['.repeat(1e6) + ']'.repeat(1e6))", "RangeError: Maximum call stack"),
    Attack("a nested value as JSON", "let a = []; for (let i = 0; i < 1e5; i++) a = [a]; JSON.stringify(a)", "RangeError: Maximum"),
    Attack("a nested value in data", "let a = []; for (let i = 0; i < 1e5; i++) a = [a]; this.setData({a})", "nested deeper than 60 levels"),
    Attack("a value of 64 levels", "let a = 1; for (let i = 0; i < 64; i++) a = [a]; this.setData({a})", "nested deeper than 60 levels"),
    Attack("a path of 400 steps", "this.setData({['a' + '.b'.repeat(400)]: 1})", "a path of more than 60 steps"),
    Attack("a shift of big numbers", "1n << 1000000000n", "RangeError: BigInt is too large"),
    Attack("a rope", "let s = 'x'; for (;;) s += s", "InternalError: string too long"),
    Attack("a regular expression of 100,000 groups", "new RegExp('('.repeat(1e5) + ')'.repeat(1e5))", "too many captures"),
    Attack("joining a long array", "new Array(1e8).join('xxxxxxxxxx')", "RangeError: array too large"),
    Attack("sorting a long array", "const a = []; a.length = 4294967295; a.sort()", "RangeError: array too large"),
    Attack("reversing an array-like", "Array.prototype.reverse.call({length: 2 ** 53 - 1})", "RangeError: array too large"),
    Attack("a large buffer", "new ArrayBuffer(2 ** 40)", "RangeError: invalid array buffer length"),
    Attack("a buffer that may grow", "new ArrayBuffer(1, {maxByteLength: 2 ** 40})", "RangeError: invalid max array buffer"),
    Attack("code from text", "(async () => {}).constructor('x')", "EvalError: code cannot be made from text"),
    Attack("too many nodes", "this.setData({list: new Array(3000).fill(0)})", "the page would have more than 2000 nodes"),
    Attack("a loop over a number", "this.setData({list: 1e9})", "a loop over 1000000000 items; at most"),
    Attack("an index beyond lists", "this.setData({'list[99999999]': 1})", "has an index larger than 99999"),
    Attack("a patch too large", "this.setData({n: 'x'.repeat(2e6)})", "the program is ended: a change of its page is larger than the 1 MB", "a change of its page is larger than the 1 MB that screens take at once"),
    Attack("a value too large", "this.setData({n: 'x'.repeat(17e6)})", "more than 16 MB, or more than 64 levels"),
    Attack("a call too large", "wx.echo({a: 'x'.repeat(17e6)})", "echo:fail RangeError: more than 16 MB"),
    Attack("too many timers", "for (;;) setTimeout(() => {}, 1e9)", "setTimeout: more than 200 timers are waiting"),
    Attack("timers that make timers", "const f = () => { for (let i = 0; i < 150; i++) setTimeout(f, 0) }; f()", "more than 200 timers are waiting"),
    Attack("too many calls at once", "for (let i = 0; i < 100; i++) wx.slow({fail: e => { throw new Error(e.errMsg) }})", "slow:fail more than 40 calls are waiting"),
    Attack("too many calls in a second", "for (let i = 0; i < 300; i++) wx.setStorageSync('a', 1)", "setStorageSync:fail more than 40 calls in a second"),
    Attack("storing without end", "for (let i = 0;; i++) wx.setStorageSync('k' + i, 'x'.repeat(100000))", "more than 40 calls in a second"),
    Attack("a stack of numbers", "const e = new Error('x'); e.stack = '    at f (eval_script:' + '9'.repeat(5000) + ':1)\\n'; throw e", "Error: x"),
    Attack("a stack of odd lines", "const e = new Error('x'); e.stack = '    at f (eval_script:0:0)\\n    at f (eval_script:99999999:1)'; throw e", "Error: x"),
    Attack("a cause that is a circle", "const e = new Error('a'); e.cause = e; throw e", "Error: a; caused by Error: a"),
    Attack("a proxy that is thrown", "throw new Proxy({}, {get() { throw 1 }, getPrototypeOf() { throw 2 }})", "a value that cannot be read|in tap"),
    Attack("a revoked proxy that is thrown", "const {proxy, revoke} = Proxy.revocable({}, {}); revoke(); throw proxy", "cannot be read|in tap"),
    Attack("null that is thrown", "throw null", "null"),
    Attack("a symbol that is thrown", "throw Symbol('x')", r"Symbol\(x\)"),
    Attack("a feigned end of memory", "const e = new Error('out of memory'); e.name = 'InternalError'; throw e", "out of memory", MEMORY),
    Attack("the entry of the base library", "__cygnet.launch({})", "__cygnet is not defined"),
    Attack("a BigInt in a call", "wx.setStorageSync('a', 10n)", "is a BigInt"),
    Attack("__proto__ in data", "this.setData({['__proto__']: {b: 1}})", "a path through __proto__"),
    Attack("a getter in data", "this.setData({get a() { throw new Error('trap') }})", "the value at a cannot be read: Error: trap"),
    Attack("data that cannot be written", "this.data = new Proxy({}, {defineProperty() { throw 3 }}); this.setData({n: 2})", "3"),
    Attack("data that cannot be read", "Object.defineProperty(this, 'data', {get() { throw new Error('no data') }}); this.setData({n: 2})", "no data"),
]  # fmt: skip

CROSSINGS = _all(
    "",
    "",
    revoked_proxies="const {proxy, revoke} = Proxy.revocable(function () {}, {}); revoke(); for (const f of [() => console.log(proxy), () => this.setData({a: proxy}), () => wx.echo({a: proxy}), () => Promise.reject(proxy), () => this.triggerEvent('x', proxy)]) try { f() } catch (e) {}",
    circles="const c = {}; c.c = c; for (const f of [() => this.setData({c}), () => wx.setStorageSync('c', c), () => wx.echo({c, fail() {}}), () => this.triggerEvent('x', c), () => console.log(c)]) try { f() } catch (e) {}",
    sparse_arrays="const a = []; a[9999] = 1; this.setData({a}); wx.echo({a})",
    array_likes_of_huge_length="wx.echo({a: {length: 1e15}}); wx.echo({a: Object.setPrototypeOf({length: 1e15}, Array.prototype)})",
    symbols="this.setData({a: Symbol('x'), [Symbol('k')]: 1, b: Object(Symbol('y'))}); wx.echo({a: Symbol('x')})",
    detached_buffers="const b = new ArrayBuffer(8); const v = new Uint8Array(b); b.transfer(); wx.echo({b, v, fail() {}}); this.setData({b, v}); console.log(b, v); try { wx.arrayBufferToBase64(b) } catch (e) {}",
    views_out_of_bounds="const b = new ArrayBuffer(8, {maxByteLength: 16}); const v = new Uint8Array(b, 4), d = new DataView(b, 4); b.resize(2); wx.echo({v, fail() {}}); wx.echo({d, fail() {}}); console.log(v, d); try { wx.arrayBufferToBase64(v) } catch (e) {}",
    feigned_buffers="wx.echo({a: Object.create(Uint8Array.prototype), b: Object.setPrototypeOf({}, ArrayBuffer.prototype), fail() {}})",
    names_of_prototypes="this.setData({constructor: 1, hasOwnProperty: 2, toString: 3, length: 4}); wx.echo({constructor: 1, toString: 2, ['__proto__']: {x: 1}})",
    lone_surrogates="this.setData({n: '\\ud800'}); wx.setStorageSync('\\ud800', '\\udfff'); console.log('\\ud800'); wx.navigateTo({url: '\\ud800', fail() {}}); this.selectComponent('\\ud800'); wx.echo({['\\ud800']: 1}); Promise.reject(new Error('\\ud800'))",
    zeros="this.setData({n: 'a\\0b', ['k\\0']: 1}); wx.setStorageSync('\\0', '\\0'); try { require('\\0') } catch (e) {}",
    odd_numbers="this.setData({n: NaN, a: Infinity, b: -0, c: 1e308, d: 2 ** 53, e: -(2 ** 63), f: 2 ** 64}); wx.echo({a: NaN, b: Infinity, c: 2 ** 64, d: 1e300})",
    a_path_over_a_list="this.setData({list: [1]}); this.setData({'list.length': 5, 'list.x': 1, 'list[0].y': 2})",
    addresses="for (const url of [null, 5, {}, [], '', '/', '?', '//', '../../..', 'x'.repeat(1e5), '/pages/a/a?' + 'a=b&'.repeat(1000), '/pages/a/a?%', '/pages/a/a?%ff=%00', {toString() { throw 1 }}, Symbol('a')]) try { wx.redirectTo({url, fail() {}}) } catch (e) {}",
    steps_back="for (const delta of [NaN, -1, 1e99, 'x', {}, null, 0, 1.5, -Infinity]) try { wx.navigateBack({delta, fail() {}}) } catch (e) {}",
    events_of_a_new_page="wx.navigateTo({url: '/pages/b/b', events: new Proxy({}, {ownKeys() { throw 1 }, get() { throw 2 }}), fail() {}})",
    options_that_throw="wx.setStorage({get key() { throw new Error('k') }, data: 1}); wx.request({get url() { throw 1 }}); try { wx.navigateTo({get success() { throw 2 }}) } catch (e) {}",
    details_that_throw="this.triggerEvent('tap', new Proxy({}, {ownKeys() { throw 1 }}), new Proxy({}, {get: () => true})); try { this.triggerEvent(Symbol('x')) } catch (e) {}",
    every_api_with_nothing="for (const k of Reflect.ownKeys(wx)) if (typeof wx[k] === 'function') try { const r = wx[k](); if (r && r.catch) r.catch(() => {}) } catch (e) {}",
    every_api_with_junk="for (const k of Reflect.ownKeys(wx)) for (const j of [null, 5, 'x', [], () => {}, Symbol('s'), 10n, new Proxy({}, {get: (t, k) => k}), {url: 5, src: 5, key: 5, data: 10n, filePath: {}, selector: 1, scrollTop: 'x', title: {}, color: []}]) if (typeof wx[k] === 'function') try { const r = wx[k](j, j, j, j); if (r && r.catch) r.catch(() => {}) } catch (e) {}",
    every_method_with_junk="const seen = new Set(['tap', 'constructor', 'onVoiceIntent']); for (let o = this; o; o = Object.getPrototypeOf(o)) for (const k of Reflect.ownKeys(o)) if (!seen.has(k)) { seen.add(k); for (const j of [undefined, null, 5, 'x', [], () => {}, Symbol('s'), 10n, new Proxy({}, {get: (t, k) => k}), {a: 5}]) try { if (typeof this[k] === 'function') this[k](j, j, j, j) } catch (e) {} }",
    every_method_elsewhere="for (const k of Reflect.ownKeys(Object.getPrototypeOf(this))) for (const self of [null, {}, 5, new Proxy(this, {}), Object.create(this)]) try { if (typeof this[k] === 'function') this[k].call(self, {}, {}, {}) } catch (e) {}",
    data_that_is_frozen="this.data = Object.freeze({n: 1, a: Object.freeze([1])}); this.setData({n: 2})",
    the_console="console.table(new Proxy([], {get() { throw 1 }})); console.table([[[[]]]], 5); console.log('%d %s %o %c', 10n, Symbol('x')); for (let i = 0; i < 1000; i++) console.group()",
    a_large_value_in_the_console="const o = {}; for (let i = 0; i < 90; i++) o['k' + i] = new Array(90).fill(o); console.log(o)",
    objects_without_prototype="const o = Object.create(null); o.a = 1; this.setData({o}); this.setData(o); wx.echo(o)",
    dates="new Date(8.64e15 + 1).toLocaleString(); console.log(new Date(NaN)); this.setData({d: new Date(NaN)})",
    long_selectors="this.selectAllComponents('view '.repeat(10000)); this.selectAllComponents(':not('.repeat(10000))",
    a_flood_of_the_log="for (let i = 0; i < 5000; i++) console.log(i)",
    a_flood_of_errors="for (let i = 0; i < 500; i++) Promise.reject(new Error('e' + i))",
    a_flood_of_warnings="for (let i = 0; i < 5000; i++) wx['a' + i]",
    titles="for (let i = 0; i < 1000; i++) wx.setNavigationBarTitle({title: 'x'.repeat(1000), fail() {}})",
    callbacks_of_set_data="const f = () => this.setData({n: Math.random()}, f); f()",
    intervals="for (let i = 0; i < 100; i++) setInterval(() => {}, 0)",
    pages_without_end="let left = 50; const f = () => { if (left-- > 0) wx.redirectTo({url: '/pages/a/a', success: f}) }; f()",
    calls_after_calls="let left = 30; const f = () => { if (left-- > 0) for (let i = 0; i < 50; i++) wx.echo({success: f, fail() {}}) }; f()",
)  # fmt: skip

# What runs before anything else of the program; then it does what programs do.
POLLUTION = {
    "a setter at Array.prototype[0]": "Object.defineProperty(Array.prototype, 0, {set() {}, get() {}, configurable: true})",
    "a setter at Array.prototype[0] that throws": "Object.defineProperty(Array.prototype, 0, {set() { throw new Error('set') }, get() { throw new Error('get') }, configurable: true})",
    "a setter at Array.prototype[3] that throws": "Object.defineProperty(Array.prototype, 3, {set() { throw new Error('set') }, configurable: true})",
    "items on Array.prototype": "for (let i = 0; i < 10; i++) Array.prototype[i] = 'P'",
    "items on Array.prototype that cannot be written": "for (let i = 0; i < 10; i++) Object.defineProperty(Array.prototype, i, {value: 'P', writable: false})",
    "a proxy behind Array.prototype": "Object.setPrototypeOf(Array.prototype, new Proxy({}, {set() { throw new Error('set') }, get(t, k) { return Object.prototype[k] }, getOwnPropertyDescriptor() { throw 1 }}))",
    "nothing behind Array.prototype": "Object.setPrototypeOf(Array.prototype, null)",
    "setters on Object.prototype that throw": "for (const k of NAMES) Object.defineProperty(Object.prototype, k, {__proto__: null, set() { throw new Error('set ' + k) }, get: undefined, configurable: true})",
    "setters on Object.prototype that swallow": "for (const k of NAMES) Object.defineProperty(Object.prototype, k, {__proto__: null, set() {}, get: undefined, configurable: true})",
    "getters on Object.prototype that throw": "for (const k of NAMES) if (!DEFINING.includes(k)) Object.defineProperty(Object.prototype, k, {__proto__: null, set(v) { Object.defineProperty(this, k, {__proto__: null, value: v, writable: true, enumerable: true, configurable: true}) }, get() { throw new Error('get ' + k) }, configurable: true})",
    "values on Object.prototype": "for (const k of NAMES) if (k !== 'get' && k !== 'set') Object.prototype[k] = 'P'",
    "get and set on Object.prototype": "Object.prototype.get = () => 'G'; Object.prototype.set = () => {}",
    "one name of Object.prototype for another": "delete Object.prototype.__lookupGetter__; Object.defineProperty(Object.prototype, 'type', {set() { throw new Error('type') }, configurable: true})",
    "then on Object.prototype": "Object.prototype.then = function (resolve) { resolve('T') }",
    "then on Object.prototype that throws": "Object.defineProperty(Object.prototype, 'then', {get() { throw new Error('then') }, configurable: true})",
    "then on Object.prototype that never ends": "Object.prototype.then = function () {}",
    "toJSON that throws": "Object.prototype.toJSON = () => { throw new Error('j') }",
    "toJSON that gives itself": "Object.prototype.toJSON = function () { return this }",
    "toJSON without end": "Object.prototype.toJSON = function () { return {a: this} }",
    "the methods of Object": "for (const k of Reflect.ownKeys(Object)) if (typeof Object[k] === 'function') Object[k] = () => { throw new Error('O') }",
    "the methods of Reflect": "for (const k of Reflect.ownKeys(Reflect)) if (typeof Reflect[k] === 'function') Reflect[k] = () => { throw new Error('R') }",
    "the methods of arrays": "for (const k of Reflect.ownKeys(Array.prototype)) if (typeof Array.prototype[k] === 'function' && k !== 'constructor') Array.prototype[k] = () => { throw new Error('A') }",
    "the constructor of arrays": "Object.defineProperty(Array.prototype, 'constructor', {get() { throw new Error('species') }, configurable: true})",
    "the species of arrays": "Object.defineProperty(Array, Symbol.species, {get() { throw new Error('species') }, configurable: true})",
    "a species of proxies": "class S { constructor() { return new Proxy([], {defineProperty() { throw new Error('sp') }}) } } Object.defineProperty(Array, Symbol.species, {value: S, configurable: true})",
    "Array.isArray and Array.from": "Array.isArray = Array.from = () => { throw 1 }",
    "the methods of texts": "for (const k of Reflect.ownKeys(String.prototype)) if (typeof String.prototype[k] === 'function' && k !== 'constructor') String.prototype[k] = () => { throw new Error('S') }",
    "an item of String.prototype": "Object.defineProperty(String.prototype, 0, {get() { throw new Error('S0') }, configurable: true})",
    "call, apply and bind": "Function.prototype.call = Function.prototype.apply = Function.prototype.bind = Function.prototype.toString = () => { throw new Error('F') }",
    "members of Function.prototype": "for (const k of ['get', 'set', 'value', 'then', 'construct']) Object.defineProperty(Function.prototype, k, {__proto__: null, get() { throw new Error('FP') }, configurable: true})",
    "the methods of promises": "for (const k of Reflect.ownKeys(Promise.prototype)) if (typeof Promise.prototype[k] === 'function' && k !== 'constructor') Promise.prototype[k] = () => { throw new Error('P') }; globalThis.Promise = 5",
    "the constructor of promises": "Object.defineProperty(Promise.prototype, 'constructor', {get() { throw new Error('PC') }, configurable: true})",
    "the methods of maps and sets": "for (const P of [Map, Set, WeakMap, WeakSet]) for (const k of Reflect.ownKeys(P.prototype)) if (k !== 'constructor') Object.defineProperty(P.prototype, k, {get() { throw new Error('M') }, configurable: true}); Map = Set = WeakMap = null",
    "the methods of expressions": "for (const k of Reflect.ownKeys(RegExp.prototype)) if (k !== 'constructor') Object.defineProperty(RegExp.prototype, k, {get() { throw new Error('RX') }, set() { throw new Error('RX') }, configurable: true})",
    "lastIndex": "Object.defineProperty(Object.prototype, 'lastIndex', {get() { throw 1 }, set() { throw 1 }, configurable: true}); RegExp.prototype.exec = () => 5",
    "JSON": "JSON.parse = JSON.stringify = () => { throw new Error('J') }; JSON = null",
    "iterators": "Array.prototype[Symbol.iterator] = () => { throw new Error('I') }; String.prototype[Symbol.iterator] = Map.prototype[Symbol.iterator] = null",
    "toPrimitive": "Object.defineProperty(Object.prototype, Symbol.toPrimitive, {value() { throw new Error('TP') }, configurable: true})",
    "toString and valueOf": "Object.prototype.toString = Object.prototype.valueOf = () => { throw new Error('TS') }",
    "toStringTag": "Object.defineProperty(Object.prototype, Symbol.toStringTag, {get() { throw new Error('tag') }, configurable: true})",
    "isConcatSpreadable and unscopables": "for (const s of [Symbol.isConcatSpreadable, Symbol.unscopables]) Object.defineProperty(Object.prototype, s, {get() { throw new Error('ics') }, configurable: true})",
    "prepareStackTrace": "Error.prepareStackTrace = () => 5",
    "prepareStackTrace that gives frames": "Error.prepareStackTrace = (e, frames) => frames",
    "prepareStackTrace that throws": "Error.prepareStackTrace = () => { throw new Error('pst') }",
    "prepareStackTrace without end": "Error.prepareStackTrace = () => { for (;;) {} }",
    "prepareStackTrace that gives a function": "Error.prepareStackTrace = () => () => {}",
    "stackTraceLimit": "Error.stackTraceLimit = 0",
    "stackTraceLimit that throws": "Object.defineProperty(Error, 'stackTraceLimit', {get() { throw new Error('stl') }, configurable: true})",
    "no Error": "globalThis.TypeError = globalThis.RangeError = globalThis.SyntaxError = null",
    "members of Error.prototype": "for (const k of ['name', 'message', 'stack', 'cause']) Object.defineProperty(Error.prototype, k, {get() { throw new Error('EP') }, set() { throw 1 }, configurable: true})",
    "hasInstance of Error": "Object.defineProperty(Error, Symbol.hasInstance, {value() { throw new Error('HI') }})",
    "hasInstance of Promise": "Object.defineProperty(Promise, Symbol.hasInstance, {value() { throw new Error('HI') }})",
    "frozen prototypes": "for (const o of [Object, Array, Function, String, Promise, Map, RegExp, Error, Number]) { Object.freeze(o); Object.freeze(o.prototype) }",
    "a frozen global object": "Object.freeze(globalThis)",
    "no globals": "for (const k of Reflect.ownKeys(globalThis)) if (!KEPT.includes(k)) try { delete globalThis[k] } catch (e) {}",
    "globals that are null": "for (const k of Reflect.ownKeys(globalThis)) if (!KEPT.includes(k)) try { globalThis[k] = null } catch (e) {}",
    "traps for what was global": "for (const k of ['__host', '__argument', '__cygnet', 'argument']) Object.defineProperty(globalThis, k, {get() { throw new Error('G') }})",
    "a proxy behind the global object": "try { Object.setPrototypeOf(globalThis, new Proxy({}, {get() { throw new Error('gp') }, has() { throw new Error('gh') }})) } catch (e) {}",
    "typed arrays and buffers": "const T = Object.getPrototypeOf(Uint8Array.prototype); for (const k of ['buffer', 'byteOffset', 'byteLength', 'length', 'set', 'constructor']) Object.defineProperty(T, k, {get() { throw new Error('T') }, configurable: true}); ArrayBuffer.prototype.slice = () => { throw 1 }; for (const C of [Uint8Array.prototype, ArrayBuffer.prototype]) Object.defineProperty(C, 'constructor', {get() { throw 1 }}); Object.defineProperty(ArrayBuffer, Symbol.species, {get() { throw 1 }, configurable: true})",
    "the methods of dates": "for (const k of Reflect.ownKeys(Date.prototype)) if (k !== 'constructor') Object.defineProperty(Date.prototype, k, {get() { throw new Error('D') }, configurable: true}); Date.now = () => { throw 1 }; globalThis.performance = null",
    "Math and Number": "for (const k of Reflect.ownKeys(Math)) try { Math[k] = () => { throw 1 } } catch (e) {} Number.isSafeInteger = Number.prototype.toString = Number.prototype.valueOf = () => { throw 1 }",
    "queueMicrotask": "globalThis.queueMicrotask = () => { throw 1 }",
    "Proxy": "globalThis.Proxy = null",
    "String, Number and their kin": "globalThis.parseInt = globalThis.encodeURIComponent = globalThis.isNaN = globalThis.Number = () => { throw 1 }",
    "the constructor of async functions": "Object.defineProperty(Object.getPrototypeOf(async function () {}), 'constructor', {get() { throw 1 }, configurable: true})",
}  # fmt: skip

BEFORE = """
const KEPT = ['Page', 'App', 'wx', 'console', 'setTimeout', 'setInterval', 'clearInterval', 'require', 'Map', 'Promise', 'Error', 'Date'];
const DEFINING = ['data', 'behaviors', 'options', 'properties', 'observers', 'lifetimes', 'methods', 'relations', 'observer'];
const NAMES = ['type', 'id', 'a', 'detail', 'target', 'currentTarget', 'page', 'value', 'error', 'route', 'query', 'x',
  'statusCode', 'data', 'kind', 'code', 'body', 'imports', 'owner', 'handler', 'path', 'scene', 'name', 'matches', 'mark',
  'key', 'task', 'behaviors', 'options', 'properties', 'observers', 'lifetimes', 'methods', 'relations', 'observer',
  'cause', 'errors', 'handled', 'followed', 'bubbles', 'composed', 'hidden', 'index', 'input', 'groups', 'flags', 'enumerable'];
"""

# What programs do: each step by itself, so that one that the program has spoilt for itself does not end the others.
ROUTINE = """
const step = (f) => { try { f() } catch (e) {} };
Page({
  data: {n: 0, list: [1, 2], o: {a: [1]}},
  onLoad() {}, onShow() {}, onReady() {}, onHide() {},
  tap(event) {
    step(() => this.setData({n: 5, list: [1, 2, 3, 4], 'o.a[1]': {b: 2}}, () => {}));
    step(() => { wx.setStorageSync('k', {a: [1]}); wx.getStorageSync('k'); wx.getStorageInfoSync(); wx.setStorage({key: 'b', data: [1], success() {}}) });
    step(() => wx.echo({list: [1, {b: 2}], success() {}}));
    step(() => wx.request({url: 'https://x/', responseType: 'arraybuffer', success() {}}));
    step(() => { const t = setInterval(() => clearInterval(t), 1); setTimeout(() => {}, 1) });
    step(() => { this.selectAllComponents('button'); this.createSelectorQuery().select('button').boundingClientRect(() => {}).exec() });
    step(() => { const c = wx.createCanvasContext('c'); c.fillRect(1, 2, 3, 4); c.draw() });
    step(() => wx.createAnimation({}).rotate(5).step().export());
    step(() => wx.getSystemInfoSync());
    step(() => { console.log([1, {a: 2}], new Error('x'), new Map([[1, 2]])); console.table([{a: 1}]) });
    step(() => wx.canIUse('request.object.url'));
    step(() => Promise.reject(new Error('lost')));
    step(() => setTimeout(() => { throw new Error('thrown') }, 1));
    step(() => require('./m'));
    step(() => { (1234.5).toLocaleString(); new Date().toLocaleString() });
    step(() => this.triggerEvent('x', {a: [1]}));
    step(() => wx.navigateTo({url: '/pages/b/b?x=1', events: {got() {}}, success(r) { step(() => r.eventChannel.emit('x', 1)); wx.navigateBack() }, fail() {}}));
  },
  onVoiceIntent() { return 'alive' },
});
"""
