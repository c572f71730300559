// The parts of the language that the base library uses, taken before any program can change them.
//
// All files of this folder are evaluated as one strict function, in the order of BASE_FILES in quickjs.py. Program
// code runs later and may replace Array.prototype.push, Promise, JSON, ...; so the library calls only what it holds
// here, walks arrays by index, and keeps its tables in Maps and objects without a prototype. Template literals,
// spread, for-of and array destructuring stay out: QuickJS looks up `concat` and iterators for them.

const host = globalThis.__host;
const argument = globalThis.__argument;

const { apply, construct, defineProperty, getOwnPropertyDescriptor, getPrototypeOf, ownKeys } = Reflect;
// A bound Function.prototype.call: half the time of a function that takes its arguments as a list.
const uncurry = (method) => apply(Function.prototype.bind, Function.prototype.call, [method]);

const ObjectPrototype = Object.prototype;
const createObject = Object.create;
const hasOwn = Object.hasOwn;
const objectKeys = Object.keys;
const ownSymbols = Object.getOwnPropertySymbols;
const freeze = Object.freeze;
const objectTag = uncurry(Object.prototype.toString);
const functionText = uncurry(Function.prototype.toString);
const isArray = Array.isArray;
const join = uncurry(Array.prototype.join);
const splice = uncurry(Array.prototype.splice);
const spliced = uncurry(Array.prototype.toSpliced);
const isIndex = Number.isSafeInteger;
const toText = String;
const toNumber = Number;
const slice = uncurry(String.prototype.slice);
const indexOf = uncurry(String.prototype.indexOf);
const startsWith = uncurry(String.prototype.startsWith);
const endsWith = uncurry(String.prototype.endsWith);
const repeat = uncurry(String.prototype.repeat);
const toWellFormed = uncurry(String.prototype.toWellFormed);
const isWellFormed = uncurry(String.prototype.isWellFormed);
const regExpExec = uncurry(RegExp.prototype.exec);
const encodePart = encodeURIComponent;
const parseJSON = JSON.parse;
const stringifyJSON = JSON.stringify;
const charCode = uncurry(String.prototype.charCodeAt);
const { floor, cos: cosine, sin: sine } = Math;
const now = Date.now;
const clock = (() => {
  const { performance } = globalThis;
  const read = performance.now;
  return () => apply(read, performance, []);
})();
const NativeError = Error;
const NativeTypeError = TypeError;
const NativeFunction = Function;
const NativePromise = Promise;
const NativeProxy = Proxy;
const NativeRegExp = RegExp;
const evaluate = globalThis.eval;
const NativeMap = Map;
const mapGet = uncurry(Map.prototype.get);
const mapSet = uncurry(Map.prototype.set);
const mapHas = uncurry(Map.prototype.has);
const mapDelete = uncurry(Map.prototype.delete);
const mapClear = uncurry(Map.prototype.clear);
const mapForEach = uncurry(Map.prototype.forEach);
const mapSize = uncurry(getOwnPropertyDescriptor(Map.prototype, 'size').get);
const setForEach = uncurry(Set.prototype.forEach);
const setSize = uncurry(getOwnPropertyDescriptor(Set.prototype, 'size').get);
const NativeWeakMap = WeakMap;
const weakGet = uncurry(WeakMap.prototype.get);
const weakSet = uncurry(WeakMap.prototype.set);
const nativeThen = uncurry(Promise.prototype.then);
const NativeUint8Array = Uint8Array;
const isView = ArrayBuffer.isView;
const bufferLength = uncurry(getOwnPropertyDescriptor(ArrayBuffer.prototype, 'byteLength').get);
const typedArray = getPrototypeOf(Uint8Array.prototype);
const viewBuffer = uncurry(getOwnPropertyDescriptor(typedArray, 'buffer').get);
const viewOffset = uncurry(getOwnPropertyDescriptor(typedArray, 'byteOffset').get);
const typedLength = uncurry(getOwnPropertyDescriptor(typedArray, 'length').get);
const viewLength = uncurry(getOwnPropertyDescriptor(typedArray, 'byteLength').get);
const bufferSlice = uncurry(ArrayBuffer.prototype.slice);
const NativeRangeError = RangeError;
const NativeBigInt = BigInt;
const NativeDate = Date;
const dateText = uncurry(Date.prototype.toISOString);
const dateTime = uncurry(Date.prototype.getTime);
const timezoneOffset = uncurry(Date.prototype.getTimezoneOffset);
const utcYear = uncurry(Date.prototype.getUTCFullYear);
const utcMonth = uncurry(Date.prototype.getUTCMonth);
const utcDay = uncurry(Date.prototype.getUTCDate);
const utcWeekday = uncurry(Date.prototype.getUTCDay);
const utcHours = uncurry(Date.prototype.getUTCHours);
const utcMinutes = uncurry(Date.prototype.getUTCMinutes);
const utcSeconds = uncurry(Date.prototype.getUTCSeconds);
const toFixed = uncurry(Number.prototype.toFixed);
const numberValue = uncurry(Number.prototype.valueOf);
const bigintValue = uncurry(BigInt.prototype.valueOf);

delete globalThis.__host;
delete globalThis.__argument;

// Appends without touching Array.prototype, whose setters a program may have defined.
function append(list, item) {
  defineProperty(list, list.length, { __proto__: null, value: item, writable: true, enumerable: true, configurable: true });
}

function isObject(value) {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

// A property that cannot be mistaken for an assignment: a key such as __proto__ becomes an ordinary member.
function putOwn(object, key, value) {
  defineProperty(object, key, { __proto__: null, value, writable: true, enumerable: true, configurable: true });
}

function hidden(object, key, value) {
  defineProperty(object, key, { __proto__: null, value, writable: true, enumerable: false, configurable: true });
}

function arrayBufferLength(value) {
  try {
    return bufferLength(value);
  } catch {
    return -1;
  }
}

// Code is data that came with the package: eval and new Function are closed, as in WeChat. Libraries that look for
// the global object with Function('return this')() still find it.
(() => {
  const EvalErrorKept = EvalError;
  const deny = () => {
    throw new EvalErrorKept('code cannot be made from text in a mini-program; put it in a file of the package');
  };
  const closed = function Function(...parts) {
    const body = parts.length === 1 ? parts[0] : '';
    if (typeof body === 'string' && regExpExec(/^\s*return this;?\s*$/, body)) return () => globalThis;
    return deny();
  };
  closed.prototype = NativeFunction.prototype;
  hidden(NativeFunction.prototype, 'constructor', closed);
  hidden(globalThis, 'Function', closed);
  hidden(globalThis, 'eval', () => deny());
  // They keep their names: libraries tell an async function or a generator by its constructor's.
  const others = [async function () {}, function* () {}, async function* () {}];
  for (let index = 0; index < others.length; index++) {
    const prototype = getPrototypeOf(others[index]);
    const refuse = function () {
      return deny();
    };
    refuse.prototype = prototype;
    defineProperty(refuse, 'name', { __proto__: null, value: prototype.constructor.name, configurable: true });
    hidden(prototype, 'constructor', refuse);
  }
})();

// Memory that threads share: there are no threads, and what it takes no limit counts.
delete globalThis.SharedArrayBuffer;
delete globalThis.Atomics;
