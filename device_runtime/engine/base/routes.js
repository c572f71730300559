// What is told of routes: wx.onAppRoute and its kin, the entries of wx.getPerformance, and the question before a page
// is left.

const ROUTE_EVENTS = [
  'BeforeAppRoute', 'AppRoute', 'AppRouteDone', 'BeforePageLoad', 'AfterPageLoad', 'BeforePageUnload', 'AfterPageUnload',
];
const MAX_ENTRIES = 200;

const routeListeners = createObject(null);
let route = { openType: 'appLaunch', id: 0, path: '', query: {}, started: 0, routeEventId: '0' };
let nextRoute = 1;

for (let index = 0; index < ROUTE_EVENTS.length; index++) {
  const name = ROUTE_EVENTS[index];
  routeListeners[name] = [];
  defineSync('on' + name, listen(routeListeners[name]));
  defineSync('off' + name, unlisten(routeListeners[name]));
}

function tellRoute(name, payload) {
  const listeners = routeListeners[name];
  const due = [];
  for (let index = 0; index < listeners.length; index++) append(due, listeners[index]);
  for (let index = 0; index < due.length; index++) guard('the listener of wx.on' + name, due[index], undefined, [payload]);
}

function routePayload(more) {
  const { openType, path, query, routeEventId } = route;
  const payload = { openType, path, query: copyPlain(query), routeEventId };
  eachOwn(more, (name, value) => putOwn(payload, name, value));
  return payload;
}

// The worker begins to go to a page (`id`), which may be there already.
function routeStarts(openType, id, path, query) {
  route = { openType, id, path, query, started: clock(), routeEventId: id + '_' + nextRoute++ };
  const facts = { notFound: false, page: {}, renderer: 'webview', webviewId: id };
  tellRoute('BeforeAppRoute', routePayload(facts));
  putOwn(facts, 'timeStamp', now());
  tellRoute('AppRoute', routePayload(facts));
}

function routeDone() {
  tellRoute('AppRouteDone', routePayload({ timeStamp: now(), webviewId: route.id }));
  noteEntry('route', 'navigation', route.started, { path: route.path, pageId: route.id, navigationType: route.openType });
  if (route.openType === 'appLaunch') noteEntry('appLaunch', 'navigation', 0, { path: route.path, pageId: route.id });
  offerSharing(currentPage());
}

function tellPageLoad(name, page) {
  const more = { componentFramework: 'exparser' };
  if (name === 'AfterPageLoad') putOwn(more, 'page', page.root.instance);
  tellRoute(name, routePayload(more));
}

function tellPageUnload(name, page) {
  const payload = { path: page.root.plan.path, routeEventId: route.routeEventId };
  if (name === 'BeforePageUnload') putOwn(payload, 'page', page.root.instance);
  tellRoute(name, payload);
}

// -- wx.getPerformance --------------------------------------------------------------------------------------------------

let entries = [];
let entryLimit = MAX_ENTRIES;
const performanceObservers = [];

function noteEntry(name, entryType, started, facts) {
  const entry = { name, entryType, startTime: started, duration: clock() - started };
  eachOwn(facts, (key, value) => putOwn(entry, key, value));
  append(entries, entry);
  if (entries.length > entryLimit) splice(entries, 0, entries.length - entryLimit);
  const due = [];
  for (let index = 0; index < performanceObservers.length; index++) append(due, performanceObservers[index]);
  for (let index = 0; index < due.length; index++) {
    const { types, callback } = due[index];
    if (types[entryType]) guard('a performance observer', callback, undefined, [entryList([entry])]);
  }
}

function entryList(list) {
  const those = (fits) => {
    const found = [];
    for (let index = 0; index < list.length; index++) if (fits(list[index])) append(found, copyPlain(list[index]));
    return found;
  };
  return {
    getEntries: () => those(() => true),
    getEntriesByName: (name, type) => those((entry) => entry.name === name && (type === undefined || entry.entryType === type)),
    getEntriesByType: (type) => those((entry) => entry.entryType === type),
  };
}

function makePerformanceObserver(callback) {
  if (typeof callback !== 'function') throw new NativeTypeError('createObserver: the callback must be a function');
  const own = { types: createObject(null), callback };
  return {
    supportedEntryTypes: ['navigation', 'render', 'script'],
    observe(options) {
      const given = isObject(options) ? options : {};
      own.types = createObject(null);
      for (let index = 0; isArray(given.entryTypes) && index < given.entryTypes.length; index++) {
        own.types[toText(given.entryTypes[index])] = true;
      }
      if (typeof given.type === 'string') own.types[given.type] = true;
      this.disconnect();
      append(performanceObservers, own);
    },
    disconnect() {
      for (let index = performanceObservers.length - 1; index >= 0; index--) {
        if (performanceObservers[index] === own) splice(performanceObservers, index, 1);
      }
    },
  };
}

defineSync('getPerformance', () => ({
  now: clock,
  getEntries: () => entryList(entries).getEntries(),
  getEntriesByName: (name, type) => entryList(entries).getEntriesByName(name, type),
  getEntriesByType: (type) => entryList(entries).getEntriesByType(type),
  createObserver: makePerformanceObserver,
  setBufferSize(size) {
    entryLimit = toNumber(size) >= 0 ? toNumber(size) : MAX_ENTRIES;
    if (entries.length > entryLimit) entries = splice(entries, entries.length - entryLimit, entryLimit);
  },
}));

// -- the question before a page is left ---------------------------------------------------------------------------------

const alerts = new NativeMap();

defineApi('enableAlertBeforeUnload', (given, done) => {
  const page = currentPage();
  const message = textOption(given, 'message');
  if (page === undefined) return done('no page is open', undefined);
  mapSet(alerts, page.id, message);
  return done(null, undefined);
});
defineApi('disableAlertBeforeUnload', (given, done) => {
  const page = currentPage();
  if (page !== undefined) mapDelete(alerts, page.id);
  done(null, undefined);
});

// leave(reason): null where the page may be left.
function askBeforeLeaving(leave) {
  const page = currentPage();
  const message = page === undefined || stack.length < 2 ? undefined : mapGet(alerts, page.id);
  if (message === undefined || capabilities.showModal !== true) {
    leave(null);
    return;
  }
  ask('showModal', { title: '', content: message, showCancel: true }, (reason, value) => {
    if (reason === null && value.confirm !== true) {
      leave('cancel');
      return;
    }
    mapDelete(alerts, page.id);
    leave(null);
  });
}

// The owner pressed "back"; true where a question is asked first, and the worker does nothing now.
function backPressed(delta) {
  const page = currentPage();
  if (page === undefined || !mapHas(alerts, page.id)) return false;
  apis.navigateBack({ delta, fail() {} });
  return true;
}

defineApi('navigateBack', (given, done) => {
  const delta = given.delta === undefined ? 1 : toNumber(given.delta);
  askBeforeLeaving((reason) => {
    if (reason !== null) done(reason, undefined);
    else ask('navigateBack', { delta: delta >= 1 ? floor(delta) : 1 }, done);
  });
});
