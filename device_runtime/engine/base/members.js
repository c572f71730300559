// What `this` of a page or component has from the framework.

// One method: `use(node, ...values)` is called while the node is there, else `gone` is answered.
function member(name, use, gone) {
  hidden(componentMembers, name, function (...values) {
    const node = nodeFor(this, name);
    if (node === undefined) return gone;
    return apply(use, undefined, [node, values[0], values[1], values[2], values[3]]);
  });
}

function readable(name, read) {
  const get = function () {
    const node = ownerOf(this);
    return node === undefined ? undefined : read(node);
  };
  // Behaviors and pages may put a member of the same name in its place.
  const set = function (value) {
    putOwn(this, name, value);
  };
  defineProperty(componentMembers, name, { __proto__: null, get, set, enumerable: false, configurable: true });
}

const described = (node) => (node.id === 0 || node.gone ? null : host('describe', node.page.id, node.id));

readable('is', (node) => node.plan.path);
readable('id', (node) => {
  const found = described(node);
  return found === null ? '' : found.id;
});
readable('dataset', (node) => {
  const found = described(node);
  return found === null ? {} : found.dataset;
});
readable('properties', (node) => node.instance.data);
readable('__data__', (node) => node.instance.data); // not documented, but programs read it
readable('renderer', () => 'webview');
readable('router', (node) => routerFrom(node.plan.path));
readable('pageRouter', (node) => routerFrom(node.page.root.plan.path));

member('setData', (node, changes, more, callback) => {
  // SWAN also takes a path, a value and a callback.
  if (typeof changes === 'string') setData(node, { [changes]: more }, callback);
  else setData(node, changes, more);
});
member('getData', (node, path) => valueAt(node.instance.data, parsePath(toText(path))));
member('groupSetData', (node, callback) => {
  if (typeof callback === 'function') apply(callback, node.instance, []);
});

member('triggerEvent', (node, type, detail, options) => triggerEvent(node, toText(type), detail, options));
member('dispatch', (node, name, value) => dispatchMessage(node, toText(name), value));

member('hasBehavior', (node, behavior) => hasBehavior(node.plan, behavior), false);
member('getRelationNodes', (node, key) => {
  const nodes = relatedNodes(node, toText(key));
  const instances = [];
  for (let index = 0; index < nodes.length; index++) append(instances, nodes[index].instance);
  return instances;
}, []);

// What another sees of a component: itself, or what it exports ("wx://component-export").
function exportOf(node) {
  if (node.plan.exported === undefined) return node.instance;
  const exported = callOn(node, node.plan.exported, 'export', []);
  return exported === undefined ? node.instance : exported;
}

function selectComponents(node, name, selector) {
  if (typeof selector !== 'string') {
    warnOnce(name + ' takes a selector, as ".list > #first", and got ' + describe(selector, 0, [], true));
    return [];
  }
  if (mapSize(node.page.nodes) === 0 || node.gone) return [];
  const ids = host('select', node.page.id, node.id, toWellFormed(selector), false);
  const found = [];
  for (let index = 0; index < ids.length; index++) {
    const component = mapGet(node.page.nodes, ids[index]);
    if (component !== undefined) append(found, component);
  }
  return found;
}

member('selectComponent', (node, selector) => {
  const found = selectComponents(node, 'selectComponent', selector);
  return found.length === 0 ? null : exportOf(found[0]);
}, null);
member('selectAllComponents', (node, selector) => {
  const found = selectComponents(node, 'selectAllComponents', selector);
  const instances = [];
  for (let index = 0; index < found.length; index++) append(instances, exportOf(found[index]));
  return instances;
}, []);
member('selectOwnerComponent', (node) => (node.owner === null ? null : exportOf(node.owner)), null);

// The component of its own page that stands for the tab bar or the bar at the top.
function barOf(node, folder) {
  const nodes = nodesOf(node.page);
  for (let index = 0; index < nodes.length; index++) {
    if (nodes[index].owner === node.page.root && startsWith(nodes[index].plan.path, folder)) return exportOf(nodes[index]);
  }
  return null;
}

member('getTabBar', (node) => barOf(node, 'custom-tab-bar/'), null);
member('getAppBar', (node) => barOf(node, 'app-bar/'), null);
member('getPageId', (node) => 'pageId:' + node.page.id);
member('getOpenerEventChannel', (node) => node.page.channel || new EventChannel());

member('setUpdatePerformanceListener', (node, options, listener) => {
  node.performance = typeof listener === 'function' ? { options, listener } : null;
});
member('setInitialRenderingCache', () => {});
member('getPassiveEvent', (node, callback) => {
  if (typeof callback === 'function') callOn(node, callback, 'getPassiveEvent', [{ touchmove: false, touchstart: false, wheel: false }]);
});
member('setPassiveEvent', () => {});

// -- routers: their paths are relative to a component or its page, not to the page in front ---------------------------

const ROUTES = freeze(['navigateTo', 'redirectTo', 'reLaunch', 'switchTab', 'navigateBack']);

function routerFrom(path) {
  const router = {};
  for (let index = 0; index < ROUTES.length; index++) {
    const name = ROUTES[index];
    router[name] = (options) => {
      if (!isObject(options) || typeof options.url !== 'string') return apis[name](options);
      const given = {};
      eachOwn(options, (key, value) => putOwn(given, key, value));
      const split = regExpExec(/^([^?]*)(.*)$/s, options.url);
      putOwn(given, 'url', '/' + resolvePath(path, split[1]) + split[2]);
      return apis[name](given);
    };
  }
  return router;
}
