// How every API of `wx` answers: success, fail and complete when any is given, a promise when none is.

const apis = createObject(null);
const calls = new NativeMap();
let nextCall = 1;
let system = createObject(null);
let capabilities = createObject(null);

const UNSUPPORTED = 'not supported on this host';

function failure(name, reason) {
  return { errMsg: name + ':fail ' + reason };
}

function readCallback(options, key) {
  const value = readMember(options, key, key);
  return typeof value === 'function' ? value : undefined;
}

// Starts one call. `perform(options, done)` calls done(reason, members) once: a reason fails, else members are the
// result. It may do so later; what it returns (a request's task) is what the API returns when callbacks are given.
// With `always`, that is returned without callbacks, too, and a failure must be heard in another way.
function answer(name, options, perform, always = false) {
  const given = isObject(options) && typeof options !== 'function' ? options : {};
  const success = readCallback(given, 'success');
  const fail = readCallback(given, 'fail');
  const complete = readCallback(given, 'complete');
  const start = (finish) => {
    let finished = false;
    const done = (reason, members) => {
      if (finished) return;
      finished = true;
      if (reason !== null) return finish(false, failure(name, reason));
      const result = isObject(members) && !isArray(members) ? members : members == null ? {} : { result: members };
      putOwn(result, 'errMsg', name + ':ok');
      return finish(true, result);
    };
    try {
      return perform(given, done);
    } catch (error) {
      done(isMadeBy(error, BorderError) ? ('parameter error: ' + error.message) : describe(error), undefined);
      return undefined;
    }
  };
  if (always || success || fail || complete) {
    return start((succeeded, result) => {
      const callback = succeeded ? success : fail;
      if (callback) guard((succeeded ? 'success' : 'fail') + ' of ' + name, callback, undefined, [result]);
      if (complete) guard('complete of ' + name, complete, undefined, [result]);
    });
  }
  let task;
  const promise = makePromise((resolve, reject) => {
    task = start((succeeded, result) => (succeeded ? resolve(result) : reject(result)));
  });
  if (isObject(task)) {
    const keys = objectKeys(task);
    for (let index = 0; index < keys.length; index++) hidden(promise, keys[index], task[keys[index]]);
  }
  return promise;
}

// Asks the worker, or through it the host; done(reason, value) is called when the answer comes.
function ask(name, values, done) {
  const id = nextCall++;
  if (mapSize(calls) >= limits.calls) {
    queueJob(() => done('more than ' + limits.calls + ' calls are waiting', null));
    return id;
  }
  mapSet(calls, id, done);
  host('invoke', id, name, values);
  return id;
}

// As `ask`, but waits: {error, value}.
function askNow(name, values) {
  return host('invokeNow', name, values);
}

function finishCall(id, value, error) {
  const done = mapGet(calls, id);
  mapDelete(calls, id);
  if (done !== undefined) done(error, value);
}

// The arguments of an API call without its callbacks, ready to cross.
function argumentsOf(options) {
  const values = {};
  const keys = objectKeys(options);
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index];
    if (key === 'success' || key === 'fail' || key === 'complete') continue;
    const value = copyOut(readMember(options, key, key), key, [], true);
    if (value !== undefined && key !== '__proto__') putOwn(values, toWellFormed(key), value);
  }
  return values;
}

function defineApi(name, perform) {
  apis[name] = (options) => answer(name, options, perform);
}

function defineSync(name, method) {
  apis[name] = method;
}

const hostApis = createObject(null);

// An API that is there where the host offers `capability`.
function defineHostApi(name, capability, method) {
  hostApis[name] = { capability, method };
}

// A capability of the host by the same name, with nothing to translate.
function capabilityApi(name) {
  return (options) =>
    answer(name, options, (given, done) => {
      ask(name, argumentsOf(given), done);
    });
}

const hostListeners = new NativeMap();

// Who listens to wx.on<Name>; the host's providers send such events by the name with a small first letter.
function listenersOf(name) {
  if (!mapHas(hostListeners, name)) mapSet(hostListeners, name, []);
  return mapGet(hostListeners, name);
}

const hostHandlers = createObject(null);

// The library's own listener, called before the program's. What it returns is what those hear: `null` nothing at
// all, and where it returns nothing, the payload.
function handleHostEvent(name, handler) {
  hostHandlers[name] = handler;
}

function hostEvent(name, payload) {
  const handler = hostHandlers[name];
  const heard = handler === undefined ? undefined : handler(payload);
  if (heard === null) return;
  const told = heard === undefined ? payload : heard;
  const listeners = mapGet(hostListeners, name) || [];
  const due = [];
  for (let index = 0; index < listeners.length; index++) append(due, listeners[index]);
  for (let index = 0; index < due.length; index++) guard('the listener of wx.on' + name, due[index], undefined, [told]);
}

function listen(listeners) {
  return (listener) => {
    if (typeof listener === 'function') append(listeners, listener);
  };
}

function unlisten(listeners) {
  return (listener) => {
    for (let index = listeners.length - 1; index >= 0; index--) {
      if (listener === undefined || listeners[index] === listener) splice(listeners, index, 1);
    }
  };
}
