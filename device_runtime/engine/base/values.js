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

// Where a value is: the text of a path, or a key in what is around it. Most copies never ask for the text.
function placeText(place) {
  if (typeof place === 'string') return place;
  const outer = placeText(place.around);
  if (typeof place.key === 'number') return outer + '[' + place.key + ']';
  return outer ? (outer + '.' + place.key) : place.key;
}

function leaveOut(dropped, place) {
  append(dropped, placeText(place));
  return undefined;
}

// A copy made of plain objects, arrays, strings, numbers, booleans and null. Undefined is left out; so are functions
// and symbols, whose paths `dropped` collects. `bytes` allows ArrayBuffers and typed arrays.
function copyOut(value, place, dropped, bytes = false, depth = 0) {
  switch (typeof value) {
    case 'string':
      return toWellFormed(value);
    case 'number':
    case 'boolean':
      return value;
    case 'bigint':
      throw new BorderError(placeText(place), 'is a BigInt, which cannot be sent; make it a number or a string');
    case 'object':
      if (value === null) return null;
      if (depth >= MAX_NESTING) {
        const why = 'is nested deeper than ' + MAX_NESTING + ' levels, or refers to itself';
        throw new BorderError(placeText(place), why);
      }
      // A component in data is no data: it stays where it is, as a function does.
      if (keeper !== null && weakGet(owners, value) !== undefined) return functionToken(value);
      break;
    case 'function':
      return keeper !== null ? functionToken(value) : leaveOut(dropped, place);
    case 'undefined':
      return undefined;
    default:
      return leaveOut(dropped, place);
  }
  if (isBinary(value)) return bytes ? copyBytes(value) : leaveOut(dropped, place);
  if (isArray(value)) return copyArrayOut(value, place, dropped, bytes, depth);
  const convert = readMember(value, 'toJSON', place);
  if (typeof convert === 'function') {
    let converted;
    try {
      converted = apply(convert, value, ['']);
    } catch (error) {
      throw new BorderError(placeText(place), 'has a toJSON that throws ' + describe(error));
    }
    if (isObject(converted) && converted === value) {
      throw new BorderError(placeText(place), 'has a toJSON that returns itself');
    }
    return copyOut(converted, place, dropped, bytes, depth + 1);
  }
  return copyObjectOut(value, place, dropped, bytes, depth);
}

// To ask an object that is no buffer for its length as one throws, and that takes longer than copying the object.
function isBinary(value) {
  if (isView(value)) return true;
  try {
    if (getPrototypeOf(value) === ObjectPrototype) return false;
  } catch {
    return false; // a proxy that does not say; reading its members will tell
  }
  return !isArray(value) && arrayBufferLength(value) >= 0;
}

// The language copies the outermost level at once, of which all members are then the copy's own: to set one again
// meets no setter of a prototype.
function copyArrayOut(value, place, dropped, bytes, depth) {
  let copy;
  try {
    copy = spliced(value, 0, 0);
  } catch {
    copy = readArray(value, place);
  }
  for (let index = 0; index < copy.length; index++) {
    const item = copy[index];
    if (typeof item === 'number') continue;
    const copied = copyOut(item, { around: place, key: index }, dropped, bytes, depth + 1);
    copy[index] = copied === undefined ? null : copied;
  }
  return copy;
}

// One item after another, to say which of them cannot be read.
function readArray(value, place) {
  const copy = [];
  const length = readMember(value, 'length', place);
  for (let index = 0; index < length; index++) append(copy, readMember(value, index, { around: place, key: index }));
  return copy;
}

function copyObjectOut(value, place, dropped, bytes, depth) {
  let copy;
  try {
    copy = { ...value };
  } catch {
    copy = readObject(value, place);
  }
  const symbols = ownSymbols(copy);
  for (let index = 0; index < symbols.length; index++) delete copy[symbols[index]];
  const keys = objectKeys(copy);
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index];
    const member = copy[key];
    if (key === '__proto__') {
      leaveOut(dropped, { around: place, key });
      delete copy[key];
      continue;
    }
    const kind = typeof member;
    const final = kind === 'string' ? isWellFormed(member) : (kind === 'number' || kind === 'boolean');
    if (final && isWellFormed(key)) continue; // most members: the copy of such a one is itself
    const copied = copyOut(member, { around: place, key }, dropped, bytes, depth + 1);
    if (copied === undefined) {
      delete copy[key];
    } else if (isWellFormed(key)) {
      copy[key] = copied;
    } else {
      delete copy[key];
      putOwn(copy, toWellFormed(key), copied);
    }
  }
  return copy;
}

// One member after another, to say which of them cannot be read.
function readObject(value, place) {
  const copy = {};
  let keys;
  try {
    keys = objectKeys(value);
  } catch (error) {
    throw new BorderError(placeText(place), 'cannot be read: ' + describe(error));
  }
  for (let index = 0; index < keys.length; index++) {
    putOwn(copy, keys[index], readMember(value, keys[index], { around: place, key: keys[index] }));
  }
  return copy;
}

function readMember(object, key, place) {
  try {
    return object[key];
  } catch (error) {
    throw new BorderError(placeText(place), 'cannot be read: ' + describe(error));
  }
}

// A copy of a value that copyOut made: no checks are needed.
function copyPlain(value) {
  if (typeof value !== 'object' || value === null) return value;
  if (isArray(value)) {
    const copy = spliced(value, 0, 0);
    for (let index = 0; index < copy.length; index++) {
      if (typeof copy[index] === 'object') copy[index] = copyPlain(copy[index]);
    }
    return copy;
  }
  const copy = { ...value };
  const keys = objectKeys(copy);
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index];
    if (typeof copy[key] === 'object') copy[key] = copyPlain(copy[key]);
  }
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
