// Uncaught errors: each becomes a log line with the place in the program's own source, and the program goes on.

const errorListeners = [];
const rejectionListeners = [];

// What a browser or Node has and a mini-program has not, with what to use instead: said behind `x is not defined`.
// One string: what a worker seldom needs should be no objects of its own.
const ABSENT =
  'window: the global object is globalThis\n' +
  'self: the global object is globalThis\n' +
  'document: pages are changed with setData\n' +
  'navigator: wx.getSystemInfoSync() tells of the device\n' +
  'location: this.route and this.options of a page say where it is\n' +
  'history: use wx.navigateTo and wx.navigateBack\n' +
  'localStorage: use wx.setStorageSync and wx.getStorageSync\n' +
  'sessionStorage: use wx.setStorageSync, or a variable of a module\n' +
  'XMLHttpRequest: use wx.request\n' +
  'fetch: use wx.request\n' +
  'WebSocket: use wx.connectSocket\n' +
  'FormData: use wx.uploadFile for files\n' +
  'URL: take a library for it into the program\n' +
  'URLSearchParams: take a library for it into the program\n' +
  'alert: use wx.showModal\n' +
  'confirm: use wx.showModal\n' +
  'Image: use the component image\n' +
  'Audio: use wx.createInnerAudioContext\n' +
  'crypto: use wx.getRandomValues\n' +
  'Intl: use toLocaleString, or a library such as dayjs\n' +
  'structuredClone: copy with JSON.parse(JSON.stringify(value)), or with a library\n' +
  'requestAnimationFrame: use wx.nextTick, or a timer\n' +
  'WebAssembly: there is none here\n' +
  'SharedArrayBuffer: there are no threads to share it with\n' +
  'Atomics: there are no threads to share memory with\n' +
  'process: set process.env.NODE_ENV when the bundle is made\n' +
  'Buffer: use ArrayBuffer, wx.arrayBufferToBase64 and wx.base64ToArrayBuffer\n' +
  'setImmediate: use setTimeout, or Promise.resolve().then\n';

// An error as the log has it: with what to use instead of a name that is absent, and with what caused it.
function errorText(error) {
  if (error === null) return 'null; where the program throws none itself, no memory is left';
  if (!isError(error)) return describe(error, 0, [], true);
  const text = describeError(error);
  const absent = regExpExec(/^'?([A-Za-z]+)'? is not defined$/, readText(error, 'message'));
  if (absent === null || readText(error, 'name') !== 'ReferenceError') return text;
  const at = indexOf('\n' + ABSENT, '\n' + absent[1] + ': ');
  return at < 0 ? text : (text + '; mini-programs have no ' + slice(ABSENT, at, indexOf(ABSENT, '\n', at)));
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
