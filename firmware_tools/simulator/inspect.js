// Read after the base library, in its scope, in the workers of developers' tools only: tells what console lines are
// made of, and takes changes of storage that the developer makes.

const OUTLINE_DEPTH = 6;
const OUTLINE_ITEMS = 100;
const OUTLINE_TEXT = 1000;
const OUTLINE_NODES = 1000;

// A value as a tree that a page can unfold: [kind, text] or [kind, text, [[key, tree], ...], items left out].
// Getters are named and not read.
function outline(value, depth, seen, budget) {
  budget.left--;
  switch (typeof value) {
    case 'string':
      return ['string', slice(toWellFormed(value), 0, OUTLINE_TEXT)];
    case 'object':
      if (value !== null) return outlineObject(value, depth, seen, budget);
      return ['null', 'null'];
    default:
      return [typeof value, describe(value)];
  }
}

function outlineObject(value, depth, seen, budget) {
  const text = describe(value, MAX_DEPTH, [], true);
  for (let index = 0; index < seen.length; index++) if (seen[index] === value) return ['circular', '[Circular]'];
  if (isError(value)) return ['error', describeError(value) + host('trace', readText(value, 'stack'))];
  if (depth >= OUTLINE_DEPTH || budget.left <= 0) return ['more', text];
  const list = isArray(value);
  append(seen, value);
  try {
    const tag = slice(objectTag(value), 8, -1);
    const members = [];
    const add = (key, item) => append(members, [key, outline(item, depth + 1, seen, budget)]);
    let left = 0;
    const room = () => {
      if (members.length < OUTLINE_ITEMS && budget.left > 0) return true;
      left++;
      return false;
    };
    if (tag === 'Map') mapForEach(value, (item, key) => room() && add(describe(key, 0, [], true), item));
    else if (tag === 'Set') setForEach(value, (item) => room() && add('', item));
    const keys = objectKeys(value);
    for (let index = 0; index < keys.length; index++) {
      if (!room()) continue;
      const descriptor = getOwnPropertyDescriptor(value, keys[index]);
      if (descriptor && hasOwn(descriptor, 'value')) add(toWellFormed(keys[index]), descriptor.value);
      else append(members, [toWellFormed(keys[index]), ['getter', '[Getter]']]);
    }
    if (members.length === 0 && left === 0) return ['object', text];
    return [list ? 'array' : 'object', outlineName(value, tag, list), members, left];
  } finally {
    splice(seen, seen.length - 1, 1);
  }
}

function outlineName(value, tag, list) {
  if (list) return 'Array(' + value.length + ')';
  if (tag === 'Map') return 'Map(' + mapSize(value) + ')';
  if (tag === 'Set') return 'Set(' + setSize(value) + ')';
  const maker = getPrototypeOf(value);
  return (maker && maker !== ObjectPrototype ? readText(maker.constructor, 'name') : '') || 'Object';
}

(() => {
  const { console } = globalThis;
  const names = ['log', 'info', 'warn', 'error', 'debug', 'dir', 'table', 'group'];
  for (let index = 0; index < names.length; index++) {
    const write = console[names[index]];
    console[names[index]] = (...values) => {
      const trees = [];
      const budget = { left: OUTLINE_NODES };
      try {
        for (let item = 0; item < values.length && item < OUTLINE_ITEMS; item++) {
          append(trees, outline(values[item], 0, [], budget));
        }
        host('values', stringifyJSON(trees));
      } catch {
        // A value that cannot be read is still written as text.
      }
      apply(write, undefined, values);
    };
  }
  console.groupCollapsed = console.group;
})();

// The fields of data that the code of a page or component watches: its properties, and those of its observers, where
// '**' stands for all.
function watchedBy(path) {
  const names = [];
  const plan = mapGet(plans, path);
  if (plan === undefined) return names;
  eachOwn(plan.properties, (name) => append(names, toWellFormed(name)));
  for (let index = 0; index < plan.observers.length; index++) {
    const { fields } = plan.observers[index];
    for (let place = 0; place < fields.length; place++) {
      append(names, fields[place].steps.length > 0 ? toWellFormed('' + fields[place].steps[0]) : '**');
    }
  }
  return names;
}

defineProperty(globalThis, '__inspected', { __proto__: null, value: freeze({ __proto__: null, watchedBy }) });

// The host has stored what the developer changed; the program reads it here from now on.
handleHostEvent('StorageEdited', ({ key, value, removed }) => {
  if (!removed) mapSet(stored, key, value);
  else if (key !== null) mapDelete(stored, key);
  else {
    const { keys } = storageInfo();
    for (let index = 0; index < keys.length; index++) mapDelete(stored, keys[index]);
  }
});
