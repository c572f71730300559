// Countdown timers. A running one is stored by the moment at which it ends, so it goes on being right while the
// program is closed; a paused one by the time that it has left.

const STORAGE_KEY = 'timers';
const TICK_MS = 250;
const MAX_TIMERS = 12;

let timers = [];
let clock = null;
let announce = () => {};
const listeners = new Set();

function nameOf(label, seconds) {
  return label ? `${label} timer` : `${wordsFor(seconds)} timer`.replace('minutes', 'minute').replace('seconds', 'second');
}

// 272 -> "4 minutes and 32 seconds"
function wordsFor(seconds) {
  const count = (number, unit) => `${number} ${unit}${number === 1 ? '' : 's'}`;
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  const parts = [];
  if (hours) parts.push(count(hours, 'hour'));
  if (minutes) parts.push(count(minutes, 'minute'));
  if (seconds % 60 || !parts.length) parts.push(count(seconds % 60, 'second'));
  return parts.join(' and ');
}

function secondsLeft(timer) {
  if (timer.done) return 0;
  const milliseconds = timer.ends ? timer.ends - Date.now() : timer.left;
  return Math.max(0, Math.ceil(milliseconds / 1000));
}

function open() {
  timers = swan.getStorageSync(STORAGE_KEY) || [];
  // What ended while the program was closed is shown as done, and not announced long after.
  for (const timer of timers) if (timer.ends && timer.ends <= Date.now()) finish(timer);
  run();
}

function all() {
  return timers.map((timer) => ({ ...timer, seconds: secondsLeft(timer) }));
}

function save() {
  swan.setStorageSync(STORAGE_KEY, timers);
  run();
  tell();
}

function tell() {
  for (const listener of listeners) listener(all());
}

function start(seconds, label = '') {
  if (timers.length >= MAX_TIMERS) throw new Error(`no more than ${MAX_TIMERS} timers can run at once`);
  const id = timers.reduce((highest, timer) => Math.max(highest, timer.id), 0) + 1;
  const timer = { id, name: nameOf(label, seconds), label, total: seconds, ends: Date.now() + seconds * 1000, left: 0, done: false };
  timers.push(timer);
  save();
  return timer;
}

function cancel(id) {
  timers = timers.filter((timer) => timer.id !== id);
  save();
}

function cancelAll() {
  timers = [];
  save();
}

function pause(id) {
  const timer = timers.find((candidate) => candidate.id === id);
  if (!timer.ends) return;
  timer.left = Math.max(0, timer.ends - Date.now());
  timer.ends = 0;
  save();
}

function resume(id) {
  const timer = timers.find((candidate) => candidate.id === id);
  if (timer.ends || timer.done) return;
  timer.ends = Date.now() + timer.left;
  timer.left = 0;
  save();
}

function addMinute(id) {
  const timer = timers.find((candidate) => candidate.id === id);
  if (timer.done) Object.assign(timer, { done: false, ends: Date.now() + 60000, total: 60 });
  else {
    timer.total += 60;
    if (timer.ends) timer.ends += 60000;
    else timer.left += 60000;
  }
  save();
}

function finish(timer) {
  timer.ends = 0;
  timer.left = 0;
  timer.done = true;
}

function tick() {
  const ended = timers.filter((timer) => timer.ends && timer.ends <= Date.now());
  ended.forEach(finish);
  if (ended.length) save();
  else tell();
  ended.forEach((timer) => announce(timer));
}

// The clock ticks only while something is counting down.
function run() {
  const needed = timers.some((timer) => timer.ends);
  if (needed && clock === null) clock = setInterval(tick, TICK_MS);
  if (!needed && clock !== null) {
    clearInterval(clock);
    clock = null;
  }
}

// Of the timers that are not done, the one called `label`, else the one that ends first.
function find(label) {
  const waiting = all().filter((timer) => !timer.done && (!label || timer.label === label));
  return waiting.sort((one, other) => one.seconds - other.seconds)[0];
}

function onDone(callback) {
  announce = callback;
}

// Calls listener(timers) on each change and tick; returns how to stop that.
function listen(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

module.exports = { open, all, start, cancel, cancelAll, pause, resume, addMinute, find, onDone, listen, wordsFor };
