// Page(), Component() used as a page, page instances and what reaches them.

const definitions = new NativeMap();
const pages = new NativeMap();
let stack = [];
let defining = null;

hidden(globalThis, 'Page', function Page(definition) {
  requireDefinition('Page', definition);
  register('Page', { kind: 'page', definition });
});

hidden(globalThis, 'Component', function Component(definition) {
  requireDefinition('Component', definition);
  register('Component', { kind: 'component', definition });
});

// Behavior() shares data and methods between components; they are merged when a page is made.
hidden(globalThis, 'Behavior', function Behavior(definition) {
  requireDefinition('Behavior', definition);
  return definition;
});

function register(name, entry) {
  if (defining === null) {
    warn(name + '() was called outside of the loading of a page; it is ignored');
    return;
  }
  mapSet(definitions, defining, entry);
}

hidden(globalThis, 'getCurrentPages', function getCurrentPages() {
  const list = [];
  for (let index = 0; index < stack.length; index++) {
    const page = mapGet(pages, stack[index]);
    if (page !== undefined) append(list, page.instance);
  }
  return list;
});

function currentRoute() {
  const page = stack.length ? mapGet(pages, stack[stack.length - 1]) : undefined;
  return page === undefined ? '' : page.route;
}

// Runs a page's file once; it says what the page is by calling Page or Component.
function definePage(route) {
  if (!mapHas(definitions, route)) {
    defining = route;
    try {
      const name = route + '.js';
      loadModule(resolveModule('', '/' + name));
      if (!mapHas(definitions, route)) {
        reportError(new ModuleError(name + ' calls neither Page() nor Component()'), name);
      }
    } catch (error) {
      reportError(error, route + '.js');
    } finally {
      defining = null;
    }
  }
  return mapGet(definitions, route) || { kind: 'page', definition: {} };
}

const pageMethods = {
  setData(changes, callback) {
    const page = pageOf(this, 'setData');
    if (page !== undefined) setData(page, changes, callback);
  },
  groupSetData(callback) {
    if (typeof callback === 'function') apply(callback, this, []);
  },
  getOpenerEventChannel() {
    const page = pageOf(this, 'getOpenerEventChannel');
    return page === undefined || page.channel === undefined ? new EventChannel() : page.channel;
  },
  selectComponent() {
    return null;
  },
  selectAllComponents() {
    return [];
  },
  // A page has no parent that could listen.
  triggerEvent() {},
  get properties() {
    return this.data;
  },
  getPageId() {
    return 'pageId:' + pageOf(this, 'getPageId').id;
  },
};

const owners = new NativeWeakMap();

function pageOf(instance, name) {
  const page = isObject(instance) ? weakGet(owners, instance) : undefined;
  if (page === undefined) throw new NativeTypeError(name + ' must be called on a page, as this.' + name + '(...)');
  if (page.closed) {
    warn(name + ' was called on ' + page.route + ' after onUnload; it is ignored');
    return undefined;
  }
  return page;
}

function setData(page, changes, callback) {
  if (typeof changes !== 'object' || changes === null || isArray(changes)) {
    throw new NativeTypeError('setData: the first argument must be an object, not ' + describe(changes, 0, [], true));
  }
  const dropped = [];
  const sent = {};
  let keys;
  try {
    keys = objectKeys(changes);
  } catch (error) {
    throw new BorderError('', 'cannot be read: ' + describe(error));
  }
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index];
    const steps = parsePath(key);
    const value = copyOut(readMember(changes, key, key), key, dropped);
    if (value === undefined) continue;
    if (!isObject(page.instance.data)) page.instance.data = {};
    applyPath(page.instance.data, steps, copyPlain(value));
    putOwn(sent, toWellFormed(key), value);
  }
  warnDropped('setData', dropped);
  if (page.rendered) {
    const refused = host('setData', page.id, sent);
    if (refused !== null) throw new NativeError(refused);
  }
  if (typeof callback === 'function') afterRender(page, callback);
}

const renderCallbacks = [];

function afterRender(page, callback) {
  append(renderCallbacks, { page, callback });
  host('afterRender');
}

// The patches of this turn are on their way to the screen: setData's callbacks run.
function rendered() {
  const due = splice(renderCallbacks, 0, renderCallbacks.length);
  for (let index = 0; index < due.length; index++) {
    const { page, callback } = due[index];
    guard('the callback of setData in ' + page.route, callback, page.instance, []);
  }
}

const PAGE_SKIPPED = freeze({ __proto__: null, data: true });

function mergeComponent(definition, into) {
  const behaviors = isArray(definition.behaviors) ? definition.behaviors : [];
  for (let index = 0; index < behaviors.length; index++) {
    if (isObject(behaviors[index])) mergeComponent(behaviors[index], into);
  }
  const lists = ['properties', 'data'];
  for (let list = 0; list < lists.length; list++) {
    const members = definition[lists[list]];
    if (!isObject(members)) continue;
    const keys = objectKeys(members);
    for (let index = 0; index < keys.length; index++) {
      const value = members[keys[index]];
      putOwn(into.data, keys[index], lists[list] === 'data' ? value : propertyDefault(value));
    }
  }
  const lifetimes = isObject(definition.lifetimes) ? definition.lifetimes : {};
  const names = ['created', 'attached', 'ready', 'detached', 'error'];
  for (let index = 0; index < names.length; index++) {
    const method = lifetimes[names[index]] || definition[names[index]];
    if (typeof method === 'function') append(into.lifetimes, { name: names[index], method });
  }
  const outer = isObject(definition.pageLifetimes) ? definition.pageLifetimes : {};
  if (typeof outer.show === 'function') append(into.lifetimes, { name: 'show', method: outer.show });
  if (typeof outer.hide === 'function') append(into.lifetimes, { name: 'hide', method: outer.hide });
  if (isObject(definition.methods)) assignMembers(into.instance, definition.methods, PAGE_SKIPPED);
}

function propertyDefault(property) {
  if (isObject(property) && typeof property !== 'function' && hasOwn(property, 'value')) return property.value;
  const type = isObject(property) && typeof property !== 'function' ? property.type : property;
  if (type === String) return '';
  if (type === Number) return 0;
  if (type === Boolean) return false;
  if (type === Array) return [];
  return null;
}

function runLifetimes(page, name) {
  for (let index = 0; index < page.lifetimes.length; index++) {
    const { name: own, method } = page.lifetimes[index];
    if (own === name) guard(name + ' of ' + page.route, method, page.instance, []);
  }
}

// Makes the instance and runs onLoad; the view is made afterwards from pageData.
function createPage(id, route, query, opening, ids) {
  const { kind, definition } = definePage(route);
  const instance = createObject(pageMethods);
  const page = {
    id, route, instance, lifetimes: [], rendered: false, closed: false, channel: mapGet(openings, opening), query,
  };
  const collected = { data: {}, lifetimes: page.lifetimes, instance };
  if (kind === 'component') mergeComponent(definition, collected);
  else assignMembers(instance, definition, PAGE_SKIPPED);
  const dropped = [];
  let data = {};
  try {
    data = copyOut(kind === 'component' ? collected.data : definition.data || {}, 'data', dropped);
  } catch (error) {
    reportError(error, 'the data of ' + route);
  }
  warnDropped('the data of ' + route, dropped);
  putOwn(instance, 'data', isObject(data) && !isArray(data) ? data : {});
  hidden(instance, 'route', route);
  hidden(instance, 'is', route);
  hidden(instance, '__route__', route);
  hidden(instance, 'options', copyPlain(query));
  weakSet(owners, instance, page);
  mapSet(pages, id, page);
  setStack(ids);
  runLifetimes(page, 'created');
  runLifetimes(page, 'attached');
  lifecycle(instance, 'onInit', route, [copyPlain(query)]);
  lifecycle(instance, 'onLoad', route, [copyPlain(query)]);
}

function setStack(ids) {
  stack = ids;
}

// The page's data as its view is to see it from now on.
function pageData(id) {
  const page = mapGet(pages, id);
  const dropped = [];
  page.rendered = true;
  try {
    const data = copyOut(page.instance.data, 'data', dropped);
    return isObject(data) && !isArray(data) ? data : {};
  } catch (error) {
    reportError(error, 'the data of ' + page.route);
    return {};
  }
}

const LIFETIME_OF = freeze({ __proto__: null, onShow: 'show', onHide: 'hide', onReady: 'ready', onUnload: 'detached' });

function pageLifecycle(id, name, payload) {
  const page = mapGet(pages, id);
  if (page === undefined) return;
  lifecycle(page.instance, name, page.route, payload === null ? [] : [payload]);
  if (LIFETIME_OF[name]) runLifetimes(page, LIFETIME_OF[name]);
  if (name === 'onUnload') {
    page.closed = true;
    mapDelete(pages, id);
    forgetLayout(id);
  }
}

// An event that the view routed to a handler of the page.
function fireHandler(id, handler, event) {
  const page = mapGet(pages, id);
  if (page === undefined) return;
  const method = page.instance[handler];
  if (typeof method !== 'function') {
    warn(page.route + ' has no method "' + handler + '" for the event ' + event.type);
    return;
  }
  guard(handler + ' of ' + page.route, method, page.instance, [event]);
}

// A two-way binding changed: the view has the value already, this.data gets it here.
function bindBack(id, path, value) {
  const page = mapGet(pages, id);
  if (page !== undefined) applyPath(page.instance.data, parsePath(path), value);
}

// Voice: the page's onVoiceIntent, else the app's. What it returns is spoken.
function voiceIntent(id, intent) {
  const top = stack.length ? mapGet(pages, stack[stack.length - 1]) : undefined;
  const owner = top !== undefined && typeof top.instance.onVoiceIntent === 'function' ? top.instance : app;
  if (owner === undefined || typeof owner.onVoiceIntent !== 'function') {
    host('answer', id, null, 'the program has no onVoiceIntent');
    return;
  }
  const where = owner === app ? 'App' : top.route;
  const say = (value) => host('answer', id, typeof value === 'string' ? bounded(toWellFormed(value)) : null, null);
  const failed = (error) => {
    reportError(error, 'onVoiceIntent of ' + where);
    host('answer', id, null, bounded(describe(error)));
  };
  let result;
  try {
    result = owner.onVoiceIntent(intent);
    if (result instanceof NativePromise) {
      stateOf(result).handled = true;
      nativeThen(result, say, failed);
      return;
    }
  } catch (error) {
    failed(error);
    return;
  }
  say(result);
}
