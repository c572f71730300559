// What the worker may call. A program does not find it (engine/quickjs.py): it could only upset its own worker.

function launch(payload) {
  system = payload.system;
  launchOptions = payload.options;
  limits = payload.limits;
  const names = isArray(system.capabilities) ? system.capabilities : [];
  for (let index = 0; index < names.length; index++) capabilities[names[index]] = true;
  loadStorage(payload.storage);
  seedRandom(host('random', 16));
  hidden(globalThis, 'global', globalThis);
}

// Runs app.js, then onLaunch and onShow.
function startApp() {
  try {
    if (host('resolve', '', '/app.js') !== null) loadModule('app.js');
  } catch (error) {
    reportError(error, 'app.js');
  }
  appLifecycle('onLaunch', publicLaunchOptions());
  appLifecycle('onShow', publicLaunchOptions());
}

// What ran was stopped at the time limit, and no `finally` of it has run: nothing is under way any more.
function interrupted() {
  loading = '';
  defining = null;
  keeper = null;
  notifying = false;
  following = false;
  mapForEach(pages, (page) => {
    page.root.running = false;
    mapForEach(page.nodes, (node) => {
      node.running = false;
    });
  });
}

const entryPoint = (() => {
  const entry = {
    __proto__: null,
    argument,
    flat: takeArgument,
    never: new NativePromise(() => {}),
    readTable,
    launch,
    startApp,
    appLifecycle: (name) => appLifecycle(name, publicLaunchOptions()),
    pageNotFound: (path, query) => {
      appLifecycle('onPageNotFound', { path, query, isEntryPage: mapSize(pages) === 0 });
    },
    createPage,
    startPage,
    pageData,
    formValues,
    pageLifecycle,
    routeStarts,
    routeDone,
    backPressed,
    shareMessage,
    setStack,
    fireHandler,
    bindBack,
    callMethod,
    triggerOn: (page, node, type, detail) => triggerOn(page, node, type, detail, {}),
    rendered,
    interrupted,
    fireTimer,
    finishCall,
    reportRejections,
    voiceIntent,
    hostEvent,
  };
  return freeze(entry);
})();
