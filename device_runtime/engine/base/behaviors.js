// Behavior(): what components share, and the order in which it is mixed into them.

const BUILT_IN = freeze({
  __proto__: null,
  'form-field': { properties: { name: String, value: null } },
  'form-field-group': {},
  'form-field-button': {},
  'component-export': {},
  'proxy-scroll-view': {},
});

const filters = new NativeWeakMap();

hidden(globalThis, 'Behavior', function Behavior(definition) {
  requireDefinition('Behavior', definition);
  filterDefinition(definition);
  return definition;
});

// Lets the behaviors of a definition change it (`definitionFilter`), and remembers its own filter for who uses it. A
// filter is given the definition and the filters of the behaviors of its own.
function filterDefinition(definition) {
  const inner = [];
  const behaviors = isArray(definition.behaviors) ? definition.behaviors : [];
  for (let index = 0; index < behaviors.length; index++) {
    const filter = isObject(behaviors[index]) ? weakGet(filters, behaviors[index]) : undefined;
    if (filter === undefined) continue;
    append(inner, filter);
    filter(definition);
  }
  const own = definition.definitionFilter;
  if (typeof own === 'function') weakSet(filters, definition, (user) => apply(own, null, [user, inner]));
}

// 'wx://form-field' or 'swan://form-field' -> 'form-field'; undefined for what is no built-in behavior.
function builtInName(behavior) {
  const match = typeof behavior === 'string' ? regExpExec(/^(?:wx|swan):\/\/(.*)$/, behavior) : null;
  return match !== null && BUILT_IN[match[1]] !== undefined ? match[1] : undefined;
}

const LIFETIMES = freeze(['created', 'attached', 'ready', 'moved', 'detached', 'error']);
const PAGE_LIFETIMES = freeze(['show', 'hide', 'resize', 'routeDone']);

// Mixes a definition into a plan: first its behaviors, in their order, then what is its own, which takes precedence.
// Lifetimes and observers of all are called, those of one behavior once however often it is named.
function mixDefinition(plan, data, definition) {
  const known = usesBehavior(plan, definition);
  if (!known) appendTo(plan, 'behaviors', definition);
  const behaviors = isArray(definition.behaviors) ? definition.behaviors : [];
  for (let index = 0; index < behaviors.length; index++) {
    const name = builtInName(behaviors[index]);
    if (name !== undefined) {
      appendTo(plan, 'behaviors', name);
      mixDefinition(plan, data, BUILT_IN[name]);
    } else if (isObject(behaviors[index])) {
      mixDefinition(plan, data, behaviors[index]);
    } else {
      warn(plan.path + ': the behavior ' + describe(behaviors[index], 0, [], true) + ' is not known; it is ignored');
    }
  }
  mixMembers(plan, data, definition);
  if (!known) mixListeners(plan, definition);
}

function lists(behaviors, name) {
  if (!isArray(behaviors)) return false;
  for (let index = 0; index < behaviors.length; index++) if (builtInName(behaviors[index]) === name) return true;
  return false;
}

function usesBehavior(plan, behavior) {
  for (let index = 0; index < plan.behaviors.length; index++) if (plan.behaviors[index] === behavior) return true;
  return false;
}

function mixMembers(plan, data, definition) {
  const own = typeof definition.data === 'function' ? apply(definition.data, undefined, []) : definition.data;
  if (isObject(own)) mergeData(data, own);
  eachOwn(definition.properties, (name, given) => addTo(plan, 'properties', name, readProperty(plan.path, name, given)));
  if (isObject(definition.methods)) {
    if (plan.prototype === componentMembers) plan.prototype = createObject(componentMembers);
    assignMembers(plan.prototype, definition.methods, {});
  }
  eachOwn(definition.relations, (key, given) => {
    if (isObject(given)) addTo(plan, 'relations', key, readRelation(plan.path, key, given));
  });
  if (typeof definition.export === 'function' && lists(definition.behaviors, 'component-export')) {
    plan.exported = definition.export;
  }
  eachOwn(definition.messages, (name, method) => addTo(plan, 'messages', name, method));
}

function mixListeners(plan, definition) {
  const lifetimes = isObject(definition.lifetimes) ? definition.lifetimes : {};
  for (let index = 0; index < LIFETIMES.length; index++) {
    const name = LIFETIMES[index];
    addListener(plan, 'lifetimes', name, lifetimes[name] === undefined ? definition[name] : lifetimes[name]);
  }
  const outer = isObject(definition.pageLifetimes) ? definition.pageLifetimes : {};
  for (let index = 0; index < PAGE_LIFETIMES.length; index++) {
    addListener(plan, 'pageLifetimes', PAGE_LIFETIMES[index], outer[PAGE_LIFETIMES[index]]);
  }
  eachOwn(definition.observers, (text, callback) => {
    appendTo(plan, 'observers', { text, fields: parseWatched(text), callback });
  });
}

// A listener is a function or the name of a method.
function addListener(plan, table, name, listener) {
  if (typeof listener !== 'function' && typeof listener !== 'string') return;
  if (plan[table][name] === undefined) addTo(plan, table, name, []);
  append(plan[table][name], listener);
}

function eachOwn(members, use) {
  if (!isObject(members)) return;
  const keys = objectKeys(members);
  for (let index = 0; index < keys.length; index++) use(keys[index], members[keys[index]]);
}

// Data of the same name: objects are merged, everything else is replaced.
function mergeData(into, from) {
  eachOwn(from, (key, value) => {
    const old = hasOwn(into, key) ? into[key] : undefined;
    if (isPlain(old) && isPlain(value)) {
      const merged = {};
      mergeData(merged, old);
      mergeData(merged, value);
      putOwn(into, key, merged);
    } else {
      putOwn(into, key, value);
    }
  });
}

function isPlain(value) {
  if (typeof value !== 'object' || value === null || isArray(value)) return false;
  const maker = getPrototypeOf(value);
  return maker === ObjectPrototype || maker === null;
}
