// Values as a developer reads them in a log: depth and length are bounded, and nothing in them can throw.

const MAX_DEPTH = 4;
const MAX_ITEMS = 100;
const MAX_TEXT = 16000;

function describeString(text, nested) {
  return nested ? stringifyJSON(text) : text;
}

// `Name: message`, with the errors that it was made from: `cause`, and those of an AggregateError.
function describeError(error, depth = 0) {
  const name = readText(error, 'name') || 'Error';
  const message = readText(error, 'message');
  let text = message ? (name + ': ' + message) : name;
  if (depth >= MAX_DEPTH) return text;
  try {
    if (hasOwn(error, 'cause')) {
      const { cause } = error;
      text += '; caused by ' + (isError(cause) ? describeError(cause, depth + 1) : describe(cause, depth, [], true));
    }
    const { errors } = error;
    if (name === 'AggregateError' && isArray(errors)) {
      for (let index = 0; index < errors.length && index < 5; index++) {
        text += (index === 0 ? ' (' : ', ') + (isError(errors[index]) ? describeError(errors[index], depth + 1) : describe(errors[index], depth, [], true));
      }
      if (errors.length > 0) text += errors.length > 5 ? (', ' + (errors.length - 5) + ' more)') : ')';
    }
  } catch {
    return text;
  }
  return text;
}

// A string member of anything, however hostile; empty when there is none.
function readText(object, key) {
  try {
    const value = object[key];
    return typeof value === 'string' ? toWellFormed(value) : '';
  } catch {
    return '';
  }
}

// Where the program is now, as the engine tells it.
function traceHere() {
  return readText(new NativeError(), 'stack');
}

function isError(value) {
  return isMadeBy(value, NativeError);
}

function describeMembers(value, depth, seen) {
  const parts = [];
  const keys = objectKeys(value);
  for (let index = 0; index < keys.length; index++) {
    if (index === MAX_ITEMS) {
      append(parts, '... ' + (keys.length - index) + ' more');
      break;
    }
    const key = keys[index];
    const descriptor = getOwnPropertyDescriptor(value, key);
    const shown =
      descriptor && hasOwn(descriptor, 'value') ? describe(descriptor.value, depth + 1, seen, true) : '[Getter]';
    append(parts, (regExpExec(/^[A-Za-z_$][\w$]*$/, key) ? key : stringifyJSON(key)) + ': ' + shown);
  }
  return parts;
}

function describeArray(value, depth, seen) {
  const parts = [];
  for (let index = 0; index < value.length; index++) {
    if (index === MAX_ITEMS) {
      append(parts, '... ' + (value.length - index) + ' more');
      break;
    }
    append(parts, describe(value[index], depth + 1, seen, true));
  }
  return '[' + (parts.length ? (' ' + join(parts, ', ') + ' ') : '') + ']';
}

function describeCollection(value, depth, seen, tag) {
  const parts = [];
  const add = (item, key) => {
    if (parts.length >= MAX_ITEMS) return;
    const shown = describe(item, depth + 1, seen, true);
    append(parts, tag === 'Map' ? (describe(key, depth + 1, seen, true) + ' => ' + shown) : shown);
  };
  if (tag === 'Map') mapForEach(value, add);
  else setForEach(value, add);
  const size = tag === 'Map' ? mapSize(value) : setSize(value);
  return tag + '(' + size + ') {' + (parts.length ? (' ' + join(parts, ', ') + ' ') : '') + '}';
}

function describeTyped(value, tag) {
  const length = typedLength(value);
  let text = tag + '(' + length + ') [';
  for (let index = 0; index < length && index < 20; index++) text += (index ? ', ' : ' ') + toText(value[index]);
  return text + (length > 20 ? ', ... ]' : length ? ' ]' : ']');
}

function describeObject(value, depth, seen) {
  for (let index = 0; index < seen.length; index++) if (seen[index] === value) return '[Circular]';
  if (isError(value)) return describeError(value);
  const tag = slice(objectTag(value), 8, -1);
  if (tag === 'Date') return dateText(value);
  if (tag === 'RegExp') return toText(value);
  const length = arrayBufferLength(value);
  if (isView(value) && tag !== 'DataView') return describeTyped(value, tag);
  if (length >= 0) return 'ArrayBuffer(' + length + ')';
  if (depth >= MAX_DEPTH) return isArray(value) ? '[Array]' : '[Object]';
  append(seen, value);
  try {
    if (isArray(value)) return describeArray(value, depth, seen);
    if (tag === 'Map' || tag === 'Set') return describeCollection(value, depth, seen, tag);
    const parts = describeMembers(value, depth, seen);
    const maker = getPrototypeOf(value);
    const name = maker && maker !== ObjectPrototype ? readText(maker.constructor, 'name') : '';
    const prefix = name && name !== 'Object' ? (name + ' ') : '';
    return prefix + '{' + (parts.length ? (' ' + join(parts, ', ') + ' ') : '') + '}';
  } finally {
    splice(seen, seen.length - 1, 1);
  }
}

function describe(value, depth = 0, seen = [], nested = false) {
  try {
    switch (typeof value) {
      case 'string':
        return describeString(toWellFormed(value), nested);
      case 'bigint':
        return value + 'n';
      case 'function':
        return '[Function: ' + (readText(value, 'name') || '(anonymous)') + ']';
      case 'object':
        return value === null ? 'null' : describeObject(value, depth, seen);
      case 'number':
        return value === 0 && 1 / value < 0 ? '-0' : toText(value);
      default:
        return toText(value);
    }
  } catch {
    return '[a value that cannot be read]';
  }
}

function bounded(text) {
  return text.length > MAX_TEXT ? (toWellFormed(slice(text, 0, MAX_TEXT)) + '... (' + text.length + ' characters)') : text;
}

// console.log's arguments as one line; %s %d %i %f %o %O %j %c in the first one as in browsers.
function formatLine(values) {
  let text = '';
  let next = 0;
  if (typeof values[0] === 'string' && values.length > 1) {
    const pattern = values[0];
    next = 1;
    let from = 0;
    for (;;) {
      const at = indexOf(pattern, '%', from);
      if (at < 0 || at === pattern.length - 1) break;
      const kind = pattern[at + 1];
      text += slice(pattern, from, at);
      from = at + 2;
      if (kind === '%') text += '%';
      else if (indexOf('sdifoOjc', kind) < 0 || next >= values.length) text += '%' + kind;
      else text += formatDirective(kind, values[next++]);
    }
    text += slice(pattern, from);
    text = toWellFormed(text);
  }
  for (; next < values.length; next++) {
    const shown = describe(values[next]);
    const stack = isError(values[next]) ? host('trace', readText(values[next], 'stack')) : '';
    text += (next > 0 ? ' ' : '') + shown + stack;
  }
  return bounded(text);
}

function formatDirective(kind, value) {
  if (kind === 'c') return '';
  if (kind === 's') return describe(value);
  if (kind === 'o' || kind === 'O' || kind === 'j') return describe(value, 0, [], true);
  const number = typeof value === 'number' || typeof value === 'string' ? toNumber(value) : NaN;
  return toText(kind === 'f' || number !== number ? number : number < 0 ? -floor(-number) : floor(number));
}
