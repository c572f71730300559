// Pages: how they are made, their lives, and what reaches them.

hidden(globalThis, 'getCurrentPages', function getCurrentPages() {
  const list = [];
  for (let index = 0; index < stack.length; index++) {
    const page = mapGet(pages, stack[index]);
    if (page !== undefined) append(list, page.root.instance);
  }
  return list;
});

function setStack(ids) {
  stack = ids;
}

function currentPage() {
  return stack.length ? mapGet(pages, stack[stack.length - 1]) : undefined;
}

function currentRoute() {
  const page = currentPage();
  return page === undefined ? '' : page.root.plan.path;
}

// Makes the instance of a page. With components (`early`) the view is made next, from the data that are returned, and
// startPage follows; without, the page is started at once and the view is made afterwards, from pageData.
function createPage(id, route, query, opening, ids, early) {
  const plan = pagePlan(route);
  const page = makePage(id, plan, mapGet(openings, opening), query);
  const node = page.root;
  const { instance } = node;
  if (plan.members !== null) assignMembers(instance, plan.members, PAGE_SKIPPED);
  hidden(instance, 'route', route);
  hidden(instance, '__route__', route);
  hidden(instance, 'options', copyPlain(query));
  mapSet(pages, id, page);
  setStack(ids);
  tellPageLoad('BeforePageLoad', page);
  if (plan.kind === 'Component') takeQuery(node, query);
  if (early) return pageData(id);
  startPage(id, []);
  return null;
}

function makePage(id, plan, channel, query) {
  const page = {
    id,
    root: null,
    nodes: NO_NODES,
    functions: null,
    unready: NONE,
    rendered: false,
    shown: false,
    channel,
    query,
  };
  page.root = makeNode(page, 0, null, plan);
  return page;
}

// A component that is a page has its properties from the query.
function takeQuery(node, query) {
  const values = {};
  eachOwn(query, (name, text) => {
    if (!hasOwn(node.plan.properties, name)) return;
    putOwn(values, name, fitProperty(node.plan.path, node.plan.properties[name], text));
  });
  node.given = values;
}

// The components are created, the page and they are attached, and the page is loaded.
function startPage(id, effects) {
  const page = mapGet(pages, id);
  if (page === undefined) return;
  const { root, query } = page;
  carryOut(page, effects);
  runLifetime(root, 'created');
  if (root.given !== null) receive(root);
  announceSafely(root);
  root.attached = true;
  runLifetime(root, 'attached');
  attachWaiting(root);
  callLife(root, 'onInit', [copyPlain(query)]);
  callLife(root, 'onLoad', [copyPlain(query)]);
  tellPageLoad('AfterPageLoad', page);
}

// Calls a method of a page's life if there is one.
function callLife(node, name, values) {
  const method = node.instance[name];
  return typeof method === 'function' ? callOn(node, method, name, values) : undefined;
}

// The page's data as its view is to see it from now on.
function pageData(id) {
  const page = mapGet(pages, id);
  if (page === undefined) return {};
  const { plan, instance, given } = page.root;
  page.rendered = true;
  try {
    const data = copyData(instance.data, 'data', [], page);
    if (!isObject(data) || isArray(data)) return {};
    if (given !== null) eachOwn(given, (name, value) => putOwn(data, name, value));
    const names = objectKeys(data);
    for (let index = 0; index < names.length; index++) if (isPure(plan, names[index])) delete data[names[index]];
    return data;
  } catch (error) {
    reportError(error, 'the data of ' + plan.path);
    return {};
  }
}

const PAGE_LIFETIME_OF = freeze({ __proto__: null, onShow: 'show', onHide: 'hide', onResize: 'resize', onRouteDone: 'routeDone' });

function pageLifecycle(id, name, payload) {
  const page = mapGet(pages, id);
  if (page === undefined) return;
  const values = payload === null ? [] : [payload];
  const { root } = page;
  if (PAGE_LIFETIME_OF[name] !== undefined) runPageLifetime(page, PAGE_LIFETIME_OF[name], values);
  if (name === 'onReady') {
    page.shown = true;
    runReady(page);
    runLifetime(root, 'ready');
  }
  if (name === 'onUnload') tellPageUnload('BeforePageUnload', page);
  callLife(root, name, values);
  if (name === 'onReady') pageLifecycle(id, 'onRouteDone', null);
  if (name === 'onUnload') closePage(page);
}

function closePage(page) {
  const { root } = page;
  const order = mapSize(page.nodes) === 0 ? [] : host('removalOrder', page.id);
  for (let index = 0; index < order.length; index++) {
    const node = mapGet(page.nodes, order[index]);
    if (node !== undefined) takeDown(node);
  }
  root.attached = false;
  runLifetime(root, 'detached');
  root.closed = true;
  mapDelete(pages, page.id);
  forgetLayout(page.id);
  mapDelete(alerts, page.id);
  tellPageUnload('AfterPageUnload', page);
}

// A two-way binding changed on the screen: what it is bound to is set as by setData.
function bindBack(id, owner, path, value) {
  const node = nodeOf(id, owner);
  if (node !== undefined) setData(node, { [path]: value }, undefined);
}
