// What may cross from a program to its view, its storage and the host: JSON-like values, copied here, so that
// nothing outside ever runs a getter, a proxy trap or a toJSON of the program.

const MAX_NESTING = 60;
const MAX_STEPS = 60;
const MAX_INDEX = 99999;

class BorderError extends NativeError {
  constructor(path, why) {
    super('the value at ' + (path || 'the top') + ' ' + why);
    hidden(this, 'name', 'DataError');
  }
}

function copyBytes(value) {
  const isBuffer = arrayBufferLength(value) >= 0;
  const bytes = isBuffer ? new NativeUint8Array(value) : new NativeUint8Array(viewBuffer(value), viewOffset(value), viewLength(value));
  const copy = new NativeUint8Array(typedLength(bytes));
  setBytes(copy, bytes);
  return copy;
}

// A copy made of plain objects, arrays, strings, numbers, booleans and null. Undefined is left out; so are functions
// and symbols, whose paths `dropped` collects. `bytes` allows ArrayBuffers and typed arrays.
function copyOut(value, path, dropped, bytes = false, depth = 0) {
  switch (typeof value) {
    case 'string':
      return toWellFormed(value);
    case 'number':
    case 'boolean':
      return value;
    case 'bigint':
      throw new BorderError(path, 'is a BigInt, which cannot be sent; make it a number or a string');
    case 'object':
      if (value === null) return null;
      if (depth >= MAX_NESTING) {
        throw new BorderError(path, 'is nested deeper than ' + MAX_NESTING + ' levels, or refers to itself');
      }
      // A component in data is no data: it stays where it is, as a function does.
      if (keeper !== null && weakGet(owners, value) !== undefined) return functionToken(value);
      break;
    case 'function':
      if (keeper !== null) return functionToken(value);
      append(dropped, path);
      return undefined;
    case 'undefined':
      return undefined;
    default:
      append(dropped, path);
      return undefined;
  }
  if (arrayBufferLength(value) >= 0 || isView(value)) {
    if (bytes) return copyBytes(value);
    append(dropped, path);
    return undefined;
  }
  if (isArray(value)) return copyArrayOut(value, path, dropped, bytes, depth);
  const convert = readMember(value, 'toJSON', path);
  if (typeof convert === 'function') {
    let converted;
    try {
      converted = apply(convert, value, ['']);
    } catch (error) {
      throw new BorderError(path, 'has a toJSON that throws ' + describe(error));
    }
    if (isObject(converted) && converted === value) throw new BorderError(path, 'has a toJSON that returns itself');
    return copyOut(converted, path, dropped, bytes, depth + 1);
  }
  return copyObjectOut(value, path, dropped, bytes, depth);
}

function copyArrayOut(value, path, dropped, bytes, depth) {
  const copy = [];
  const length = readMember(value, 'length', path);
  for (let index = 0; index < length; index++) {
    const place = path + '[' + index + ']';
    const item = copyOut(readMember(value, index, place), place, dropped, bytes, depth + 1);
    append(copy, item === undefined ? null : item);
  }
  return copy;
}

function copyObjectOut(value, path, dropped, bytes, depth) {
  const copy = {};
  let keys;
  try {
    keys = objectKeys(value);
  } catch (error) {
    throw new BorderError(path, 'cannot be read: ' + describe(error));
  }
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index];
    const place = path ? (path + '.' + key) : key;
    if (key === '__proto__') {
      append(dropped, place);
      continue;
    }
    const member = copyOut(readMember(value, key, place), place, dropped, bytes, depth + 1);
    if (member !== undefined) putOwn(copy, toWellFormed(key), member);
  }
  return copy;
}

function readMember(object, key, path) {
  try {
    return object[key];
  } catch (error) {
    throw new BorderError(path, 'cannot be read: ' + describe(error));
  }
}

// A copy of a value that copyOut made: no checks are needed.
function copyPlain(value) {
  if (typeof value !== 'object' || value === null) return value;
  if (isArray(value)) {
    const copy = [];
    for (let index = 0; index < value.length; index++) append(copy, copyPlain(value[index]));
    return copy;
  }
  const copy = {};
  const keys = objectKeys(value);
  for (let index = 0; index < keys.length; index++) putOwn(copy, keys[index], copyPlain(value[keys[index]]));
  return copy;
}

// "a.b[3].c" -> ["a", "b", 3, "c"], as WeChat reads the keys of setData.
function parsePath(path) {
  const steps = [];
  const step = /([^.[\]]+)|\[(\d+)\]/y;
  let at = 0;
  while (at < path.length) {
    if (at > 0 && path[at] === '.') at++;
    step.lastIndex = at;
    const match = regExpExec(step, path);
    if (match === null) throw new BorderError(path, 'has a path that cannot be read; write it as a.b[3].c');
    append(steps, match[2] === undefined ? match[1] : toNumber(match[2]));
    if (match[2] !== undefined && toNumber(match[2]) > MAX_INDEX) {
      throw new BorderError(path, 'has an index larger than ' + MAX_INDEX);
    }
    if (match[1] === '__proto__') throw new BorderError(path, 'has a path through __proto__');
    at += match[0].length;
  }
  if (steps.length > MAX_STEPS) throw new BorderError(path, 'has a path of more than ' + MAX_STEPS + ' steps');
  if (steps.length === 0 || path.length > 1000 || typeof steps[0] === 'number') {
    throw new BorderError(path, 'has a path that cannot be read; write it as a.b[3].c');
  }
  return steps;
}

// Sets one path in place; missing or unfit steps become arrays (before an index) or objects, as in WeChat.
function applyPath(data, steps, value) {
  let target = data;
  for (let index = 0; index < steps.length - 1; index++) {
    const step = steps[index];
    const wantsArray = typeof steps[index + 1] === 'number';
    let next = hasOwn(target, step) ? target[step] : undefined;
    if (typeof next !== 'object' || next === null || (wantsArray && !isArray(next))) {
      next = wantsArray ? [] : {};
      putOwn(target, step, next);
    }
    target = next;
  }
  putOwn(target, steps[steps.length - 1], value);
}

function warnDropped(name, dropped) {
  if (dropped.length === 0) return;
  const shown = [];
  for (let index = 0; index < dropped.length && index < 5; index++) append(shown, dropped[index]);
  const more = dropped.length > 5 ? (' and ' + (dropped.length - 5) + ' more') : '';
  warnOnce(name + ': left out ' + join(shown, ', ') + more + '; undefined and binary data cannot be sent');
}
