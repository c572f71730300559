// App() and getApp().

let app;
let launchOptions = {};

hidden(globalThis, 'App', function App(definition) {
  requireDefinition('App', definition);
  if (app !== undefined) {
    warn('App() was called twice; the second call is ignored');
    return;
  }
  const instance = {};
  assignMembers(instance, definition, {});
  app = instance;
  if (typeof instance.onError === 'function') append(errorListeners, (text) => instance.onError(text));
  if (typeof instance.onUnhandledRejection === 'function') {
    append(rejectionListeners, (result) => instance.onUnhandledRejection(result));
  }
});

hidden(globalThis, 'getApp', function getApp(options) {
  if (app === undefined && isObject(options) && options.allowDefault) app = {};
  return app;
});

const showListeners = [];
const hideListeners = [];
const notFoundListeners = [];

function appLifecycle(name, options) {
  if (app !== undefined) lifecycle(app, name, 'App', [options]);
  const listeners = name === 'onShow' ? showListeners : name === 'onHide' ? hideListeners : name === 'onPageNotFound' ? notFoundListeners : [];
  for (let index = 0; index < listeners.length; index++) {
    const heard = name === 'onPageNotFound' ? name : ('onApp' + slice(name, 2));
    guard('the listener of wx.' + heard, listeners[index], undefined, [options]);
  }
}

defineSync('onError', listen(errorListeners));
defineSync('offError', unlisten(errorListeners));
defineSync('onUnhandledRejection', listen(rejectionListeners));
defineSync('offUnhandledRejection', unlisten(rejectionListeners));
defineSync('onAppShow', listen(showListeners));
defineSync('offAppShow', unlisten(showListeners));
defineSync('onAppHide', listen(hideListeners));
defineSync('offAppHide', unlisten(hideListeners));
defineSync('onPageNotFound', listen(notFoundListeners));
defineSync('offPageNotFound', unlisten(notFoundListeners));
defineSync('getLaunchOptionsSync', () => publicLaunchOptions());
defineSync('getEnterOptionsSync', () => publicLaunchOptions());

function publicLaunchOptions() {
  return {
    path: launchOptions.path,
    query: copyPlain(launchOptions.query),
    scene: launchOptions.scene,
    referrerInfo: {},
  };
}
