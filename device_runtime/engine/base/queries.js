// Questions about layout: wx.createSelectorQuery, createIntersectionObserver and createMediaQueryObserver.
//
// The worker knows which nodes a selector means, the screen knows where they are. A question waits until the patches
// of this turn are on their way, so that it is about what the program has just set. Where no screen is connected, a
// query is answered with null (selectAll: with an empty list).

const VIEWPORT_NODE = 0;

// Where the nodes of a page or component are found: {page, owner, route}. Without an instance, in the page in front.
function layoutPlace(instance) {
  let node;
  if (instance !== undefined) node = ownerOf(instance);
  else if (currentPage() !== undefined) node = currentPage().root;
  if (node === undefined || node.closed || node.gone) return undefined;
  return { page: node.page.id, owner: node.id, route: node.page.root.plan.path };
}

// Calls `action` when everything that this turn has changed is on its way to the screens.
function whenSent(what, action) {
  afterRender(null, what, action);
}

// The nodes that a selector means: a list of ids.
function nodesThere(place, selector, first) {
  if (place === undefined || typeof selector !== 'string') return [];
  return host('select', place.page, place.owner, toWellFormed(selector), first);
}

// What the program itself knows of a node.
function describeNode(place, node) {
  const info = node === VIEWPORT_NODE ? null : host('describe', place.page, node);
  return isObject(info) ? info : { id: '', dataset: {}, marks: {} };
}

// -- createSelectorQuery --------------------------------------------------------------------------------------------

// What is asked of one node for the options of `fields`.
function layoutRequest(node, options) {
  const fields = [];
  if (options.rect) append(fields, 'rect');
  if (options.size) append(fields, 'size');
  if (options.scrollOffset) append(fields, 'scrollOffset');
  const request = { node, fields };
  const lists = ['properties', 'computedStyle'];
  for (let index = 0; index < lists.length; index++) {
    const name = lists[index];
    if (!isArray(options[name])) continue;
    append(fields, name);
    request[name] = [];
    for (let at = 0; at < options[name].length; at++) append(request[name], toText(options[name][at]));
  }
  return request;
}

// The answer for one node, as the options of `fields` ask for it; undefined where the screen has none.
function queryResult(place, node, options, measured) {
  const needsScreen = layoutRequest(node, options).fields.length > 0;
  if (needsScreen && !isObject(measured)) return undefined;
  const result = {};
  const info = describeNode(place, node);
  if (options.id) result.id = info.id;
  if (options.dataset) result.dataset = info.dataset;
  if (options.mark) result.mark = info.marks;
  if (needsScreen) {
    const parts = ['rect', 'size', 'scrollOffset', 'properties', 'computedStyle'];
    for (let index = 0; index < parts.length; index++) {
      const part = measured[parts[index]];
      const names = isObject(part) ? objectKeys(part) : [];
      for (let at = 0; at < names.length; at++) putOwn(result, names[at], part[names[at]]);
    }
    // WeChat's rectangle of `fields` has no size, unless that is asked for, too.
    if (options.rect && !options.size) {
      delete result.width;
      delete result.height;
    }
  }
  if (options.node && node !== VIEWPORT_NODE) {
    const object = nodeObject(place, node, info);
    if (object !== undefined) result.node = object;
  }
  if (options.context && node !== VIEWPORT_NODE) {
    const object = nodeContext(place, node, info);
    if (object !== undefined) result.context = object;
  }
  return result;
}

const RECTANGLE = freeze({ __proto__: null, id: true, dataset: true, rect: true, size: true });
const OFFSET = freeze({ __proto__: null, id: true, dataset: true, scrollOffset: true });

function makeSelectorQuery(instance) {
  let place = layoutPlace(instance);
  const queue = [];
  const query = {};
  const add = (selector, kind, options, callback) => {
    append(queue, { place, selector, kind, options, callback: typeof callback === 'function' ? callback : undefined });
    return query;
  };
  const nodesRef = (selector, kind) => ({
    boundingClientRect: (callback) => add(selector, kind, RECTANGLE, callback),
    scrollOffset: (callback) => add(selector, kind, OFFSET, callback),
    fields: (options, callback) => add(selector, kind, isObject(options) ? options : {}, callback),
    node: (callback) => add(selector, kind, { node: true }, callback),
    context: (callback) => add(selector, kind, { context: true }, callback),
    ref: (callback) => add(selector, kind, {}, callback),
  });
  query.in = (component) => {
    place = layoutPlace(component);
    return query;
  };
  query.select = (selector) => nodesRef(selector, 'first');
  query.selectAll = (selector) => nodesRef(selector, 'all');
  query.selectViewport = () => nodesRef('', 'viewport');
  query.exec = (done) => {
    whenSent('a selector query', () => runQuery(queue, typeof done === 'function' ? done : undefined));
    return query;
  };
  return query;
}

function runQuery(queue, done) {
  const entries = [];
  const pagesAsked = new NativeMap();
  for (let index = 0; index < queue.length; index++) {
    const { place, selector, kind, options, callback } = queue[index];
    const nodes = place === undefined ? [] : kind === 'viewport' ? [VIEWPORT_NODE] : nodesThere(place, selector, kind === 'first');
    const entry = { place, kind, options, callback, nodes, results: [] };
    append(entries, entry);
    for (let at = 0; at < nodes.length; at++) {
      append(entry.results, undefined);
      const request = layoutRequest(nodes[at], options);
      if (request.fields.length === 0) continue;
      if (!mapHas(pagesAsked, place.page)) mapSet(pagesAsked, place.page, { requests: [], takers: [] });
      const asked = mapGet(pagesAsked, place.page);
      append(asked.requests, request);
      append(asked.takers, { entry, at });
    }
  }
  let waiting = 1;
  const finish = () => {
    waiting -= 1;
    if (waiting === 0 && !leftBehind(entries)) answerQuery(entries, done);
  };
  mapForEach(pagesAsked, ({ requests, takers }, page) => {
    waiting += 1;
    askScreens(page, requests, (results) => {
      for (let index = 0; index < takers.length; index++) takers[index].entry.results[takers[index].at] = results[index];
      finish();
    });
  });
  queueJob(finish);
}

// Whether the page of a query was closed while its screens were asked: nobody waits for the answer any more, and
// libraries do not expect that what they measured is nowhere.
function leftBehind(entries) {
  for (let index = 0; index < entries.length; index++) {
    const { place } = entries[index];
    if (place !== undefined && mapHas(pages, place.page)) return false;
  }
  return entries.length > 0 && entries[0].place !== undefined;
}

// done(results): one for each request, null for what no screen knows.
function askScreens(page, requests, done) {
  const nothing = () => {
    const results = [];
    for (let index = 0; index < requests.length; index++) append(results, null);
    done(results);
  };
  if (capabilities['layout.query'] !== true) {
    queueJob(nothing);
    return;
  }
  ask('layout.query', { page, requests }, (reason, value) => {
    if (reason !== null) warn('a selector query could not be answered: ' + reason);
    if (reason !== null || value === null || !isArray(value.results)) nothing();
    else done(value.results);
  });
}

function answerQuery(entries, done) {
  const results = [];
  for (let index = 0; index < entries.length; index++) {
    const { place, kind, options, nodes, results: measured } = entries[index];
    const found = [];
    for (let at = 0; at < nodes.length; at++) {
      const result = queryResult(place, nodes[at], options, measured[at]);
      if (result !== undefined) append(found, result);
    }
    append(results, kind === 'all' ? found : found.length ? found[0] : null);
  }
  for (let index = 0; index < entries.length; index++) {
    if (entries[index].callback !== undefined) guard('a selector query', entries[index].callback, undefined, [results[index]]);
  }
  if (done !== undefined) guard('a selector query', done, undefined, [results]);
}

defineSync('createSelectorQuery', () => makeSelectorQuery(undefined));

// -- createIntersectionObserver -------------------------------------------------------------------------------------

const observers = new NativeMap();
let nextObserver = 1;

handleHostEvent('Intersection', (payload) => {
  const entry = mapGet(observers, payload.observer);
  if (entry === undefined) return;
  const info = describeNode(entry.place, payload.node);
  guard('an intersection observer', entry.callback, undefined, [{
    id: info.id,
    dataset: info.dataset,
    intersectionRatio: payload.intersectionRatio,
    intersectionRect: payload.intersectionRect,
    boundingClientRect: payload.boundingClientRect,
    relativeRect: payload.relativeRect,
    time: payload.time,
  }]);
});

// A page has gone: nothing watches it any more.
function forgetObservers(page) {
  const gone = [];
  mapForEach(observers, (entry, id) => {
    if (entry.place.page === page) append(gone, id);
  });
  for (let index = 0; index < gone.length; index++) stopObserver(gone[index]);
}

function stopObserver(id) {
  if (mapDelete(observers, id)) tell('layout.unobserve', { observer: id }, () => {});
}

function readMargins(margins) {
  const read = {};
  const sides = ['left', 'top', 'right', 'bottom'];
  for (let index = 0; index < sides.length; index++) {
    const value = isObject(margins) ? toNumber(margins[sides[index]]) : 0;
    if (value) read[sides[index]] = value;
  }
  return read;
}

function makeIntersectionObserver(instance, options) {
  const place = layoutPlace(instance);
  const given = isObject(options) ? options : {};
  const observer = {};
  const ids = [];
  let reference;
  let margins = {};
  observer.relativeTo = (selector, around) => {
    reference = selector;
    margins = readMargins(around);
    return observer;
  };
  observer.relativeToViewport = (around) => {
    reference = undefined;
    margins = readMargins(around);
    return observer;
  };
  observer.observe = (selector, callback) => {
    if (typeof callback !== 'function') {
      throw new NativeTypeError('IntersectionObserver.observe: the callback must be a function');
    }
    if (place === undefined) return;
    const id = nextObserver++;
    append(ids, id);
    mapSet(observers, id, { place, callback });
    const around = { reference, margins };
    whenSent('an intersection observer', () => {
      if (mapHas(observers, id)) startObserver(id, place, selector, around, given);
    });
  };
  observer.disconnect = () => {
    const due = splice(ids, 0, ids.length);
    for (let index = 0; index < due.length; index++) stopObserver(due[index]);
  };
  return observer;
}

function startObserver(id, place, selector, { reference, margins }, options) {
  const nodes = nodesThere(place, selector, !options.observeAll);
  if (nodes.length === 0 || capabilities['layout.observe'] !== true) return;
  const around = reference === undefined ? [] : nodesThere(place, reference, true);
  const thresholds = [];
  for (let index = 0; isArray(options.thresholds) && index < options.thresholds.length; index++) {
    append(thresholds, toNumber(options.thresholds[index]));
  }
  if (thresholds.length === 0) append(thresholds, 0);
  const values = {
    page: place.page,
    observer: id,
    nodes,
    thresholds,
    initialRatio: toNumber(options.initialRatio) || 0,
    reference: around.length ? around[0] : VIEWPORT_NODE,
    margins,
  };
  tell('layout.observe', values, (reason) => {
    mapDelete(observers, id);
    warn('createIntersectionObserver: nothing is observed: ' + reason);
  });
}

defineSync('createIntersectionObserver', (instance, options) => makeIntersectionObserver(instance, options));

// -- createMediaQueryObserver ---------------------------------------------------------------------------------------

const mediaObservers = new NativeMap();

// Whether the page's area is as a media query says.
function mediaMatches(query) {
  const width = toNumber(system.windowWidth);
  const height = toNumber(system.windowHeight);
  const tests = {
    __proto__: null,
    minWidth: (value) => width >= value,
    maxWidth: (value) => width <= value,
    width: (value) => width === value,
    minHeight: (value) => height >= value,
    maxHeight: (value) => height <= value,
    height: (value) => height === value,
    orientation: (value) => value === (width > height ? 'landscape' : 'portrait'),
  };
  const names = objectKeys(tests);
  for (let index = 0; index < names.length; index++) {
    const wanted = query[names[index]];
    if (wanted !== undefined && !tests[names[index]](wanted)) return false;
  }
  return true;
}

// The page's area has changed: who watches for that hears of what has become true or false.
function tellMediaObservers() {
  mapForEach(mediaObservers, (entry) => {
    const matches = mediaMatches(entry.query);
    if (matches === entry.matches) return;
    entry.matches = matches;
    guard('a media query observer', entry.callback, undefined, [{ matches }]);
  });
}

function makeMediaQueryObserver() {
  const key = {};
  return {
    observe(query, callback) {
      if (typeof callback !== 'function') throw new NativeTypeError('MediaQueryObserver.observe: the callback must be a function');
      const asked = isObject(query) ? copyPlain(copyOut(query, 'descriptor', [])) : {};
      const entry = { query: asked, callback, matches: mediaMatches(asked) };
      mapSet(mediaObservers, key, entry);
      queueJob(() => {
        if (mapGet(mediaObservers, key) === entry) guard('a media query observer', callback, undefined, [{ matches: entry.matches }]);
      });
    },
    disconnect() {
      mapDelete(mediaObservers, key);
    },
  };
}
