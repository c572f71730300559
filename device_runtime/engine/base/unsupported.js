// What is not supported fails in the program's own terms: fail and complete, a rejected promise, or an object whose
// every member fails so. It never throws where WeChat would not: only names that end in Sync do.

const { setPrototypeOf, get: reflectGet, has: reflectHas } = Reflect;

const NOT_APIS = createObject(null);
(() => {
  const others = ['then', 'toJSON', 'toString', 'valueOf', 'constructor', 'prototype', 'nodeType', 'length', 'name'];
  for (let index = 0; index < others.length; index++) NOT_APIS[others[index]] = true;
})();

const warned = new NativeMap();

function warnUnsupported(name, more) {
  if (mapHas(warned, name) || mapSize(warned) > 200) return;
  mapSet(warned, name, true);
  warn('wx.' + name + ' is ' + UNSUPPORTED + more);
}

// What wx[name] is where it is not supported.
function unsupportedApi(name) {
  const row = apiRow(name);
  const kind = row === undefined ? 'call' : row.kind;
  if (kind === 'object') return failingObject(name);
  if (kind === 'factory') return () => failingObject(name);
  const event = regExpExec(/^(on|off)([A-Z]\w*)$/, name);
  if (event !== null) {
    const listeners = listenersOf(event[2]);
    if (event[1] === 'off') return unlisten(listeners);
    const add = listen(listeners);
    return (listener) => {
      if (row !== undefined && !supports(name)) warnUnsupported(name, '; its listener is never called');
      add(listener);
    };
  }
  if (endsWith(name, 'Sync')) return () => throwUnsupported(name);
  return (options) => answer(name, options, (given, done) => done(UNSUPPORTED, undefined));
}

function throwUnsupported(name) {
  throw new NativeError(name + ':fail ' + UNSUPPORTED);
}

// Stands for an object that cannot be had: `wx.createCameraContext()`, `wx.cloud`, `swan.ai`. Members that the
// program sets can be read again; every other is a method that fails.
function failingObject(name) {
  const listeners = [];
  const methods = new NativeMap();
  return new NativeProxy({}, {
    get(object, key, receiver) {
      if (typeof key !== 'string' || NOT_APIS[key] || reflectHas(object, key)) return reflectGet(object, key, receiver);
      if (!mapHas(methods, key)) mapSet(methods, key, failingMethod(name + '.' + key, key, listeners));
      return mapGet(methods, key);
    },
  });
}

function failingMethod(name, key, listeners) {
  const row = apiRow(name);
  if (row !== undefined && row.kind === 'factory') return () => failingObject(name);
  if (key === 'onError') return listen(listeners);
  if (key === 'offError') return unlisten(listeners);
  if (regExpExec(/^(on|off)[A-Z]/, key) !== null) return () => warnUnsupported(name, '');
  if (endsWith(key, 'Sync')) return () => throwUnsupported(name);
  return (options) => {
    warnUnsupported(name, '');
    for (let index = 0; index < listeners.length; index++) {
      const listener = listeners[index];
      const error = failure(name, UNSUPPORTED);
      putOwn(error, 'errCode', -1);
      queueJob(() => guard('onError of ' + name, listener, undefined, [error]));
    }
    const result = answer(name, options, (given, done) => done(UNSUPPORTED, undefined));
    return isObject(result) ? chainable(result, name) : result;
  };
}

// The rejected promise of a failing method, on which more can be called: `wx.cloud.database().collection('a').get()`
// is one rejection, not a TypeError. It has been warned of, so nobody needs to handle it.
function chainable(promise, name) {
  stateOf(promise).handled = true;
  const methods = new NativeMap();
  const prototype = new NativeProxy(createObject(NativePromise.prototype), {
    get(object, key, receiver) {
      if (typeof key !== 'string' || NOT_APIS[key] || reflectHas(object, key)) return reflectGet(object, key, receiver);
      if (!mapHas(methods, key)) mapSet(methods, key, failingMethod(name + '.' + key, key, []));
      return mapGet(methods, key);
    },
  });
  setPrototypeOf(promise, prototype);
  return promise;
}
