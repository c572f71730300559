// Promises that are rejected and that nobody handles are reported, as a browser does, once the promise jobs that
// are due have run. The engine has no hook for this, so `then`, `await` (which reads `constructor`) and the
// Promise constructor are observed. A promise counts as handled once something listens to it.
//
// The promise of an async function is seen where the base library or an instrumented call gets hold of it: the
// result of every lifecycle method, handler, timer and page method, and of the async functions that
// engine/async_functions.py marks in the source.

const watched = new NativeWeakMap();
let rejected = [];
let following = false;

function stateOf(promise) {
  let state = weakGet(watched, promise);
  if (state === undefined) {
    state = { handled: false, followed: false };
    weakSet(watched, promise, state);
  }
  return state;
}

function follow(promise) {
  const state = stateOf(promise);
  if (state.followed) return;
  state.followed = true;
  following = true; // our own `then` reads `constructor` too
  try {
    nativeThen(promise, undefined, (reason) => {
      if (state.handled) return;
      if (rejected.length === 0) host('rejection');
      append(rejected, { promise, reason, state });
    });
  } finally {
    following = false;
  }
}

// Anything a program returned: only real promises are followed, others are left alone.
function watch(value) {
  if (typeof value !== 'object' || value === null) return;
  try {
    if (isMadeBy(value, NativePromise)) follow(value);
  } catch (error) {
    reportError(error, 'a returned promise');
  }
}

function reportRejections() {
  const pending = rejected;
  rejected = [];
  for (let index = 0; index < pending.length; index++) {
    const { promise, reason, state } = pending[index];
    if (state.handled) continue;
    const stack = isObject(reason) ? readText(reason, 'stack') : '';
    host('error', bounded('Unhandled promise rejection: ' + errorText(reason)), stack, 'a promise');
    runListeners(rejectionListeners, { reason, promise });
  }
}

(() => {
  const prototype = NativePromise.prototype;
  const originalThen = prototype.then;
  const originalResolve = NativePromise.resolve;

  hidden(prototype, 'then', function then(onFulfilled, onRejected) {
    if (isObject(this)) stateOf(this).handled = true;
    const derived = apply(originalThen, this, [onFulfilled, onRejected]);
    if (isMadeBy(derived, NativePromise)) follow(derived);
    return derived;
  });
  defineProperty(prototype, 'constructor', {
    __proto__: null,
    get() {
      if (!following && isObject(this) && this !== prototype) stateOf(this).handled = true;
      return NativePromise;
    },
    set(value) {
      hidden(this, 'constructor', value);
    },
    configurable: true,
  });

  const tracked = new NativeProxy(NativePromise, {
    construct(target, values, newTarget) {
      const promise = construct(target, values, newTarget === tracked ? target : newTarget);
      follow(promise);
      return promise;
    },
  });
  hidden(NativePromise, 'resolve', function resolve(value) {
    if (this === tracked && isMadeBy(value, NativePromise) && getPrototypeOf(value) === prototype) return value;
    return apply(originalResolve, this, [value]);
  });
  hidden(globalThis, 'Promise', tracked);

  const nativeQueue = globalThis.queueMicrotask;
  hidden(globalThis, 'queueMicrotask', function queueMicrotask(callback) {
    if (typeof callback !== 'function') throw new NativeTypeError('queueMicrotask: the callback must be a function');
    nativeQueue(() => guard('queueMicrotask', callback, undefined, []));
  });
})();

const queueJob = globalThis.queueMicrotask;

// A promise of the library's own, followed like a program's.
function makePromise(executor) {
  const promise = new NativePromise(executor);
  follow(promise);
  return promise;
}
