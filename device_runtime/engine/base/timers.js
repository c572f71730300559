// setTimeout and setInterval; the worker keeps the clock, this file the callbacks.

const timers = new NativeMap();
let nextTimer = 1;

function startTimer(name, callback, delay, values, repeats) {
  if (typeof callback !== 'function') {
    throw new NativeTypeError(name + ': the first argument must be a function, not ' + describe(callback, 0, [], true));
  }
  if (mapSize(timers) >= limits.timers) throw new NativeError(name + ': more than ' + limits.timers + ' timers are waiting');
  const id = nextTimer++;
  const number = toNumber(delay);
  const milliseconds = number > 0 && number < 2147483648 ? number : 0;
  mapSet(timers, id, { callback, values, repeats, name });
  host('timer', id, milliseconds, repeats);
  return id;
}

function stopTimer(id) {
  if (mapDelete(timers, id)) host('cancel', id);
}

function fireTimer(id) {
  const timer = mapGet(timers, id);
  if (timer === undefined) return;
  if (!timer.repeats) mapDelete(timers, id);
  guard(timer.name, timer.callback, undefined, timer.values);
}

hidden(globalThis, 'setTimeout', function setTimeout(callback, delay, ...values) {
  return startTimer('setTimeout', callback, delay, values, false);
});
hidden(globalThis, 'setInterval', function setInterval(callback, delay, ...values) {
  return startTimer('setInterval', callback, delay, values, true);
});
hidden(globalThis, 'clearTimeout', function clearTimeout(id) {
  stopTimer(id);
});
hidden(globalThis, 'clearInterval', function clearInterval(id) {
  stopTimer(id);
});
