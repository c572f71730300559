// The parts of the language that the base library uses, taken before any program can change them.
//
// All files of this folder are evaluated as one strict function, in the order of BASE_FILES in quickjs.py. Program
// code runs later and may replace Array.prototype.push, Promise, JSON, ...; so the library calls only what it holds
// here, walks arrays by index, and keeps its tables in Maps and objects without a prototype. Template literals,
// spread of lists, for-of and array destructuring stay out: QuickJS looks up `concat` and iterators for them.

const askHost = globalThis.__host;
const takeArgument = globalThis.__argument;

const { apply, construct, defineProperty, getOwnPropertyDescriptor, getPrototypeOf, ownKeys } = Reflect;
// A bound Function.prototype.call: half the time of a function that takes its arguments as a list.
const uncurry = (method) => apply(Function.prototype.bind, Function.prototype.call, [method]);

const ObjectPrototype = Object.prototype;
const ArrayPrototype = Array.prototype;
const createObject = Object.create;
const hasOwn = Object.hasOwn;
const objectKeys = Object.keys;
const ownSymbols = Object.getOwnPropertySymbols;
const freeze = Object.freeze;
const objectTag = uncurry(Object.prototype.toString);
const functionText = uncurry(Function.prototype.toString);
const isArray = Array.isArray;
const join = uncurry(Array.prototype.join);
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
const imul = Math.imul;
const isInstance = uncurry(Function.prototype[Symbol.hasInstance]);
const NativeError = Error;
const NativeSyntaxError = SyntaxError;
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
const setBytes = uncurry(typedArray.set);
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

// Takes `count` items out of a list from `start` on, and gives them. Array's own method asks `constructor` and
// Symbol.species, which are a program's to change.
function splice(list, start, count) {
  const removed = [];
  const from = start > 0 ? start : 0;
  const until = from + count < list.length ? from + count : list.length;
  for (let index = from; index < until; index++) append(removed, list[index]);
  for (let index = until; index < list.length; index++) list[index - removed.length] = list[index];
  list.length -= removed.length;
  return removed;
}

// `instanceof` that asks no Symbol.hasInstance, and does not throw at a proxy.
function isMadeBy(value, maker) {
  try {
    return isInstance(maker, value);
  } catch {
    return false;
  }
}

// The quotas that are kept here (program/limits.py): the launch says what they are.
let limits = { timers: 10000, calls: 256, storage: 10485760 };

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

// Lists and objects of the host come through the binding, which assigns their members, while the prototypes are as they
// were; else, and where the binding refuses, as JSON, whose members are defined (engine/crossing.py).
const firstKeys = ownKeys(ObjectPrototype).length;

function argument(index) {
  if (ownKeys(ObjectPrototype).length === firstKeys && !hasOwn(ArrayPrototype, 0) && getPrototypeOf(ArrayPrototype) === ObjectPrototype) {
    try {
      return takeArgument(index);
    } catch {
      // JSON will do.
    }
  }
  return unmark(parseJSON(takeArgument(index, 'packed')));
}

function unmark(value) {
  if (typeof value !== 'object' || value === null) return value;
  if (isArray(value) || !hasOwn(value, '\r')) return unmarkMembers(value);
  const meant = value['\r'];
  if (typeof meant === 'string') return toNumber(meant);
  return typeof meant === 'number' ? takeArgument(meant, 'bytes') : unmarkMembers(meant);
}

function unmarkMembers(value) {
  const keys = objectKeys(value);
  for (let index = 0; index < keys.length; index++) putOwn(value, keys[index], unmark(value[keys[index]]));
  return value;
}

// Asks the worker.
function host(...values) {
  let answer;
  try {
    answer = apply(askHost, undefined, values);
  } catch (error) {
    if (!startsWith(readText(error, 'message'), 'host function failed: ValueError')) throw error;
    throw new NativeRangeError('more than 16 MB, or more than 64 levels of lists and objects, cannot leave the program at once');
  }
  return answer === '\r' ? argument(-1) : answer;
}

// A trace of the stack is a text, whatever a program would make of it: the engine's own hook would be called in the
// midst of the library.
hidden(NativeError, 'prepareStackTrace', undefined);

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
