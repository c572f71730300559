// Uncaught errors: each becomes a log line with the place in the program's own source, and the program goes on.

const errorListeners = [];
const rejectionListeners = [];

function reportError(error, where) {
  const text = isError(error) ? describeError(error) : describe(error, 0, [], true);
  const stack = isObject(error) ? readText(error, 'stack') : '';
  const message = host('error', bounded(text), stack, where);
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
        const text = isError(error) ? describeError(error) : describe(error, 0, [], true);
        host('error', bounded(text), isObject(error) ? readText(error, 'stack') : '', 'an error listener');
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
