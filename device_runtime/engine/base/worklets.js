// Worklets: Skyline's animations, which follow shared values. Here they run in the program's own thread: an animation
// sets its shared value at each frame, and whoever reads one in applyAnimatedStyle or derived runs again after it has
// changed. The view lays the styles over those of the template.

const FRAME_MILLISECONDS = 16;
const MAX_REPEATS = 100000;
// Who is being run now: the shared values that it reads are followed from then on.
let follower = null;
let disturbed = [];

// Runs `watcher.run` again at the end of this turn.
function disturb(watcher) {
  if (watcher.waiting || watcher.ended) return;
  watcher.waiting = true;
  append(disturbed, watcher);
  if (disturbed.length === 1) queueJob(runDisturbed);
}

function runDisturbed() {
  const due = disturbed;
  disturbed = [];
  for (let index = 0; index < due.length; index++) {
    due[index].waiting = false;
    runWatcher(due[index]);
  }
}

function runWatcher(watcher) {
  const outer = follower;
  follower = watcher;
  try {
    watcher.run();
  } finally {
    follower = outer;
  }
}

// -- shared values ----------------------------------------------------------------------------------------------------

const animations = new NativeWeakMap();
const runningStops = new NativeWeakMap();

function makeShared(initial) {
  const watchers = new NativeMap();
  let value = initial;
  const shared = {};
  const put = (next) => {
    if (next === value) return;
    value = next;
    mapForEach(watchers, (there, watcher) => {
      if (watcher.ended) mapDelete(watchers, watcher);
      else disturb(watcher);
    });
  };
  const get = () => {
    if (follower !== null) mapSet(watchers, follower, true);
    return value;
  };
  const set = (next) => {
    stopAnimation(shared);
    const start = isObject(next) ? weakGet(animations, next) : undefined;
    if (start === undefined) put(next);
    else weakSet(runningStops, shared, start(toNumber(value) || 0, put, () => weakSet(runningStops, shared, undefined)));
  };
  defineProperty(shared, 'value', { __proto__: null, get, set, enumerable: true, configurable: true });
  return shared;
}

function stopAnimation(shared) {
  const stop = isObject(shared) ? weakGet(runningStops, shared) : undefined;
  if (stop === undefined) return;
  weakSet(runningStops, shared, undefined);
  stop();
}

// -- animations: start(from, put, done) -> what stops it ----------------------------------------------------------------

function makeAnimation(start) {
  const animation = {};
  weakSet(animations, animation, start);
  return animation;
}

const startOf = (animation) => (isObject(animation) ? weakGet(animations, animation) : undefined);

function told(callback, finished) {
  if (typeof callback === 'function') guard('the callback of an animation', callback, undefined, [finished]);
}

// Calls step(milliseconds since the start) at each frame until it answers true.
function frames(step, callback) {
  return (from, put, done) => {
    const began = clock();
    const state = { from, put, last: 0 };
    let timer;
    const frame = () => {
      const time = clock() - began;
      if (step(time, state)) {
        done();
        told(callback, true);
        return;
      }
      state.last = time;
      timer = startTimer('an animation', frame, FRAME_MILLISECONDS, [], false);
    };
    frame();
    return () => {
      stopTimer(timer);
      told(callback, false);
    };
  };
}

function timing(target, options, callback) {
  const { duration = 300, easing = Easing.inOut(Easing.quad) } = isObject(options) ? options : {};
  const end = toNumber(target);
  return makeAnimation(
    frames((time, { from, put }) => {
      const part = duration > 0 ? time / duration : 1;
      put(part >= 1 ? end : from + (end - from) * easing(part));
      return part >= 1;
    }, callback),
  );
}

function spring(target, options, callback) {
  const given = isObject(options) ? options : {};
  const { damping = 10, mass = 1, stiffness = 100, velocity = 0, overshootClamping = false } = given;
  const { restDisplacementThreshold: near = 0.01, restSpeedThreshold: slow = 2 } = given;
  const end = toNumber(target);
  return makeAnimation(
    frames((time, state) => {
      if (state.speed === undefined) {
        state.speed = velocity;
        state.place = state.from;
      }
      for (let left = time - state.last; left > 0; left -= 4) {
        const seconds = (left < 4 ? left : 4) / 1000;
        state.speed += ((-stiffness * (state.place - end) - damping * state.speed) / mass) * seconds;
        state.place += state.speed * seconds;
      }
      const passed = overshootClamping && (state.place - end) * (end - state.from) > 0;
      const rests = absolute(state.speed) < slow && absolute(state.place - end) < near;
      state.put(passed || rests ? end : state.place);
      return passed || rests || time > 10000;
    }, callback),
  );
}

const absolute = (number) => (number < 0 ? -number : number);

function decay(options, callback) {
  const { velocity = 0, deceleration = 0.998, clamp, velocityFactor = 1 } = isObject(options) ? options : {};
  return makeAnimation(
    frames((time, state) => {
      if (state.speed === undefined) {
        state.speed = velocity;
        state.place = state.from;
      }
      for (let left = floor(time - state.last); left > 0; left--) {
        state.place += (state.speed * velocityFactor) / 1000;
        state.speed *= deceleration;
      }
      let ended = absolute(state.speed) < 5;
      if (isArray(clamp) && clamp.length === 2) {
        const limited = state.place < clamp[0] ? clamp[0] : state.place > clamp[1] ? clamp[1] : state.place;
        ended = ended || limited !== state.place;
        state.place = limited;
      }
      state.put(state.place);
      return ended;
    }, callback),
  );
}

function delay(milliseconds, animation) {
  const start = startOf(animation);
  return makeAnimation((from, put, done) => {
    let stop = () => {};
    const timer = startTimer('an animation', () => { stop = start === undefined ? done() : start(from, put, done); }, milliseconds, [], false);
    return () => {
      stopTimer(timer);
      if (stop !== undefined) stop();
    };
  });
}

// One after the other; `next(number)` gives the start of each, or undefined at the end.
function chain(next) {
  return makeAnimation((from, put, done) => {
    let stop = () => {};
    let place = from;
    const keep = (value) => {
      place = value;
      put(value);
    };
    const go = (number) => {
      const start = next(number, from);
      if (start === undefined) done();
      else stop = start(place, keep, () => queueJob(() => go(number + 1)));
    };
    go(0);
    return () => stop();
  });
}

const sequence = (...list) => chain((number) => startOf(list[number]));

function repeated(animation, times = 2, reverse = false, callback) {
  const start = startOf(animation);
  const count = times <= 0 ? MAX_REPEATS : times;
  return chain((number, from) => {
    if (start === undefined || number >= count) {
      told(callback, true);
      return undefined;
    }
    if (reverse && number % 2 === 1) return startOf(timing(from, {}));
    return (place, put, done) => start(reverse ? place : from, put, done);
  });
}

// -- how an animation moves -----------------------------------------------------------------------------------------------

const power = (exponent) => (part) => part ** exponent;

// A curve of two control points, solved for `part` on its way.
function bezier(x1, y1, x2, y2) {
  const at = (one, two, t) => 3 * (1 - t) * (1 - t) * t * one + 3 * (1 - t) * t * t * two + t * t * t;
  return (part) => {
    let low = 0;
    let high = 1;
    for (let step = 0; step < 24; step++) {
      const middle = (low + high) / 2;
      if (at(x1, x2, middle) < part) low = middle;
      else high = middle;
    }
    return at(y1, y2, (low + high) / 2);
  };
}

const Easing = freeze({
  linear: (part) => part,
  ease: bezier(0.42, 0, 1, 1),
  quad: power(2),
  cubic: power(3),
  poly: (exponent) => power(toNumber(exponent)),
  sin: (part) => 1 - cosine((part * 3.141592653589793) / 2),
  circle: (part) => 1 - (1 - part * part) ** 0.5,
  exp: (part) => 2 ** (10 * (part - 1)),
  bezier,
  in: (easing) => easing,
  out: (easing) => (part) => 1 - easing(1 - part),
  inOut: (easing) => (part) => (part < 0.5 ? easing(part * 2) / 2 : 1 - easing((1 - part) * 2) / 2),
});

// -- who follows ------------------------------------------------------------------------------------------------------------

const styled = new NativeWeakMap();
let nextStyle = 1;

// Each capital letter's code, with the small letter.
const CAPITALS = {};
for (let at = 0; at < 26; at++) CAPITALS[65 + at] = 'abcdefghijklmnopqrstuvwxyz'[at];

function declarationsOf(style) {
  const declarations = {};
  const names = isObject(style) ? objectKeys(style) : [];
  for (let index = 0; index < names.length; index++) {
    let name = '';
    for (let at = 0; at < names[index].length; at++) {
      const capital = CAPITALS[charCode(names[index], at)];
      name += capital === undefined ? names[index][at] : '-' + capital;
    }
    const value = style[names[index]];
    putOwn(declarations, toWellFormed(name), value === undefined || value === null ? null : toWellFormed(toText(value)));
  }
  return declarations;
}

member('applyAnimatedStyle', (node, selector, updater, options, callback) => {
  if (typeof updater !== 'function') throw new NativeTypeError('applyAnimatedStyle: the second argument must be a function');
  const list = weakGet(styled, node) || [];
  weakSet(styled, node, list);
  const watcher = {
    waiting: false, ended: false, id: nextStyle++, selector,
    run() {
      watcher.ended = watcher.ended || node.closed || node.gone;
      if (watcher.ended) return;
      const declarations = declarationsOf(callOn(node, updater, 'applyAnimatedStyle', []));
      const nodes = host('select', node.page.id, node.id, toWellFormed(toText(selector)), true);
      if (nodes.length > 0) host('styleNode', node.page.id, nodes[0], declarations);
    },
  };
  append(list, watcher);
  runWatcher(watcher);
  const done = typeof options === 'function' ? options : callback;
  if (typeof done === 'function') callOn(node, done, 'applyAnimatedStyle', [{ styleId: watcher.id }]);
});
member('clearAnimatedStyle', (node, selector, ids, callback) => {
  const list = weakGet(styled, node) || [];
  for (let index = 0; index < list.length; index++) {
    const named = !isArray(ids) || ids.length === 0 || hasItem(ids, list[index].id);
    if (list[index].selector === selector && named) list[index].ended = true;
  }
  if (typeof callback === 'function') callOn(node, callback, 'clearAnimatedStyle', []);
});

function hasItem(list, item) {
  for (let index = 0; index < list.length; index++) if (list[index] === item) return true;
  return false;
}

function derived(read) {
  const shared = makeShared(undefined);
  runWatcher({ waiting: false, ended: false, run() { shared.value = read(); } });
  return shared;
}

const worklet = freeze({
  shared: makeShared, derived, timing, spring, decay, delay, sequence, repeat: repeated, Easing,
  cancelAnimation: stopAnimation,
  // There is one thread.
  runOnUI: (action) => (...values) => apply(action, undefined, values),
  runOnJS: (action) => (...values) => apply(action, undefined, values),
});
