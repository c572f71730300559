// Pages and the components on them. A node here is what the view knows by a number: a page itself (0) or the host of a
// component. Its instance is the program's `this`.

const pages = new NativeMap();
const owners = new NativeWeakMap();
// What every instance inherits; members.js fills it.
const componentMembers = {};
let stack = [];
// Those of a page without components.
const NO_NODES = new NativeMap();

function makeNode(page, id, owner, plan) {
  const instance = createObject(plan.prototype);
  const node = {
    page, id, owner, plan, instance,
    attached: false,
    gone: false, // the view has removed it
    closed: false, // and its last lifetime has run
    given: null, // what its owner passes, until `created` has run
    waiting: null, // components of its own that are attached when it is
    update: null, // what was set and is not announced yet
    running: false, // its observers are
    parents: null, // the components that it is related to, a place for each relation upwards
    children: null, // and those that are related to it, a list for each relation downwards
    performance: null,
  };
  putOwn(instance, 'data', initialData(plan));
  weakSet(owners, instance, node);
  return node;
}

function nodeOf(pageId, id) {
  const page = mapGet(pages, pageId);
  if (page === undefined) return undefined;
  return id === 0 ? page.root : mapGet(page.nodes, id);
}

// An instance may be wrapped: libraries make objects that inherit from it.
function ownerOf(instance) {
  for (let object = instance; isObject(object); object = getPrototypeOf(object)) {
    const node = weakGet(owners, object);
    if (node !== undefined) return node;
  }
  return undefined;
}

// The node behind `this`; undefined once it is closed.
function nodeFor(instance, name) {
  const node = ownerOf(instance);
  if (node === undefined) {
    throw new NativeTypeError(name + ' must be called on a page or component, as this.' + name + '(...)');
  }
  if (!node.closed) return node;
  // A timer of a component that is gone is no fault.
  if (node.id === 0) warnOnce(name + ' was called on ' + node.plan.path + ' after onUnload; it is ignored');
  return undefined;
}

// Calls a listener, or the method of that name, on an instance. What it throws is reported and heard by `error`.
function callOn(node, listener, what, values) {
  const method = typeof listener === 'string' ? node.instance[listener] : listener;
  if (typeof method !== 'function') {
    if (listener !== undefined) warnOnce(node.plan.path + ' has no method "' + toText(listener) + '" for ' + what);
    return undefined;
  }
  try {
    const result = apply(method, node.instance, values);
    watch(result);
    return result;
  } catch (error) {
    reportError(error, what + ' of ' + node.plan.path);
    const listeners = node.plan.lifetimes.error;
    if (listeners !== undefined && what !== 'error') callAll(node, listeners, 'error', [error]);
    return undefined;
  }
}

function callAll(node, listeners, what, values) {
  for (let index = 0; index < listeners.length; index++) callOn(node, listeners[index], what, values);
}

function runLifetime(node, name) {
  const listeners = node.plan.lifetimes[name];
  if (listeners !== undefined) callAll(node, listeners, name, []);
}

function nodesOf(page) {
  const list = [];
  mapForEach(page.nodes, (node) => append(list, node));
  return list;
}

// pageLifetimes, on the page and all its components.
function runPageLifetime(page, name, values) {
  const own = page.root.plan.pageLifetimes[name];
  if (own !== undefined) callAll(page.root, own, name, values);
  if (mapSize(page.nodes) === 0) return;
  const nodes = nodesOf(page);
  for (let index = 0; index < nodes.length; index++) {
    const listeners = nodes[index].plan.pageLifetimes[name];
    if (listeners !== undefined && !nodes[index].closed) callAll(nodes[index], listeners, name, values);
  }
}
