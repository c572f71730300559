// Uncaught errors: each becomes a log line with the place in the program's own source, and the program goes on.

const errorListeners = [];
const rejectionListeners = [];

// What a browser or Node has and a mini-program has not, with what to use instead: said behind `x is not defined`.
const ABSENT = freeze({
  __proto__: null,
  window: 'the global object is globalThis',
  self: 'the global object is globalThis',
  document: 'pages are changed with setData',
  navigator: 'wx.getSystemInfoSync() tells of the device',
  location: 'this.route and this.options of a page say where it is',
  history: 'use wx.navigateTo and wx.navigateBack',
  localStorage: 'use wx.setStorageSync and wx.getStorageSync',
  sessionStorage: 'use wx.setStorageSync, or a variable of a module',
  XMLHttpRequest: 'use wx.request',
  fetch: 'use wx.request',
  WebSocket: 'use wx.connectSocket',
  FormData: 'use wx.uploadFile for files',
  URL: 'take a library for it into the program',
  URLSearchParams: 'take a library for it into the program',
  alert: 'use wx.showModal',
  confirm: 'use wx.showModal',
  Image: 'use the component image',
  Audio: 'use wx.createInnerAudioContext',
  crypto: 'use wx.getRandomValues',
  Intl: 'use toLocaleString, or a library such as dayjs',
  structuredClone: 'copy with JSON.parse(JSON.stringify(value)), or with a library',
  requestAnimationFrame: 'use wx.nextTick, or a timer',
  WebAssembly: 'there is none here',
  SharedArrayBuffer: 'there are no threads to share it with',
  Atomics: 'there are no threads to share memory with',
  process: 'set process.env.NODE_ENV when the bundle is made',
  Buffer: 'use ArrayBuffer, wx.arrayBufferToBase64 and wx.base64ToArrayBuffer',
  setImmediate: 'use setTimeout, or Promise.resolve().then',
});

// An error as the log has it: with what to use instead of a name that is absent, and with what caused it.
function errorText(error) {
  if (!isError(error)) return describe(error, 0, [], true);
  const text = describeError(error);
  const absent = regExpExec(/^'?([A-Za-z]+)'? is not defined$/, readText(error, 'message'));
  const instead = absent !== null && readText(error, 'name') === 'ReferenceError' ? ABSENT[absent[1]] : undefined;
  return text + (instead === undefined ? '' : ('; mini-programs have no ' + absent[1] + ': ' + instead));
}

function reportError(error, where) {
  const stack = isObject(error) ? readText(error, 'stack') : '';
  const message = host('error', bounded(errorText(error)), stack, where);
  runListeners(errorListeners, message);
}

let notifying = false;

// App.onError, wx.onError and their kin; an error inside one is logged and not given to them again.
function runListeners(listeners, payload) {
  if (notifying) return;
  notifying = true;
  try {
    for (let index = 0; index < listeners.length; index++) {
      try {
        apply(listeners[index], undefined, [payload]);
      } catch (error) {
        host('error', bounded(errorText(error)), isObject(error) ? readText(error, 'stack') : '', 'an error listener');
      }
    }
  } finally {
    notifying = false;
  }
}

// Runs program code. What it throws, now or through the promise it returns, is reported and goes no further.
function guard(where, callback, self, values) {
  try {
    const result = apply(callback, self, values);
    watch(result);
    return result;
  } catch (error) {
    reportError(error, where);
    return undefined;
  }
}
