// What a program does to components of its pages by code: contexts of video, audio, scroll-view and canvas, and
// animate. The screen's components do it (`call` in view/patches.py); nothing comes back but their events.

function callNode(place, node, method, values) {
  host('callNode', place.page, node, method, argumentsOf({ values }).values);
}

// Calls a method of the node that a selector means, when the page is as this turn leaves it.
function callSelected(what, place, selector, method, values) {
  whenSent(what, () => {
    const nodes = nodesThere(place, selector, true);
    if (nodes.length) callNode(place, nodes[0], method, values);
    else warn(what + ': the page has no ' + selector);
  });
}

// Methods of a context that are calls of the component, with the arguments that each passes on.
function contextOf(what, place, target, methods, ignored) {
  const context = {};
  const names = objectKeys(methods);
  for (let index = 0; index < names.length; index++) {
    const name = names[index];
    context[name] = (value) => {
      const values = methods[name](value);
      if (typeof target === 'string') callSelected(what + '.' + name, place, target, name, values);
      else callNode(place, target, name, values);
    };
  }
  for (let index = 0; index < ignored.length; index++) {
    context[ignored[index]] = () => warnUnsupported(what + '.' + ignored[index], '');
  }
  return context;
}

const none = () => [];
const one = (value) => [toNumber(value)];

const VIDEO_METHODS = {
  play: none, pause: none, stop: none, seek: one, playbackRate: one, requestFullScreen: none, exitFullScreen: none,
};
const VIDEO_IGNORED = [
  'sendDanmu', 'showStatusBar', 'hideStatusBar', 'exitPictureInPicture', 'requestBackgroundPlayback',
  'exitBackgroundPlayback', 'startCasting', 'reconnectCasting', 'switchCasting', 'exitCasting',
];
const AUDIO_METHODS = { play: none, pause: none, seek: one, setSrc: (value) => [toWellFormed(toText(value))] };

function byId(id) {
  return '#' + toText(id);
}

defineSync('createVideoContext', (id, component) =>
  contextOf('VideoContext', layoutPlace(component), byId(id), VIDEO_METHODS, VIDEO_IGNORED));
defineSync('createAudioContext', (id, component) =>
  contextOf('AudioContext', layoutPlace(component), byId(id), AUDIO_METHODS, []));

const SCROLL_SETTINGS = ['scrollEnabled', 'bounces', 'showScrollbar', 'pagingEnabled', 'fastDeceleration', 'decelerationDisabled'];

function scrollViewContext(place, node) {
  const options = (value) => [isObject(value) ? copyOut(value, 'options', []) : {}];
  const methods = { scrollTo: options, triggerRefresh: none, closeRefresh: none };
  const context = contextOf('ScrollViewContext', place, node, methods, ['triggerTwoLevel', 'closeTwoLevel']);
  context.scrollIntoView = (selector, given) => {
    whenSent('ScrollViewContext.scrollIntoView', () => {
      const nodes = nodesThere(place, selector, true);
      if (nodes.length) callNode(place, node, 'scrollIntoView', [nodes[0], options(given)[0]]);
    });
  };
  const settings = { scrollEnabled: true, bounces: true, showScrollbar: true };
  for (let index = 0; index < SCROLL_SETTINGS.length; index++) {
    const name = SCROLL_SETTINGS[index];
    const set = (value) => {
      settings[name] = Boolean(value);
      callNode(place, node, 'setting', [name, settings[name]]);
    };
    defineProperty(context, name, { __proto__: null, get: () => settings[name] === true, set, enumerable: true });
  }
  return context;
}

// What `fields({node: true})` and `.node()` give; undefined for nodes that are no objects to programs.
function nodeObject(place, node, info) {
  if (info.tag === 'canvas') return canvasOf(place, node);
  if (info.tag === 'scroll-view') return scrollViewContext(place, node);
  return undefined;
}

// What `.context()` gives.
function nodeContext(place, node, info) {
  if (info.tag === 'video') return contextOf('VideoContext', place, node, VIDEO_METHODS, VIDEO_IGNORED);
  if (info.tag === 'audio') return contextOf('AudioContext', place, node, AUDIO_METHODS, []);
  if (info.tag === 'canvas') return canvasOf(place, node).getContext('2d');
  const makers = { map: 'createMapContext', camera: 'createCameraContext', editor: 'EditorContext' };
  return hasOwn(makers, info.tag) ? failingObject(makers[info.tag]) : undefined;
}

// -- this.animate and this.clearAnimation -----------------------------------------------------------------------------

// this.animate(selector, keyframes, duration, callback) and this.animate(selector, keyframes, duration, scrollTimeline).
function animate(node, selector, keyframes, duration, last) {
  const place = layoutPlace(node.instance);
  if (!isArray(keyframes)) throw new NativeTypeError('animate: the keyframes must be an array');
  const frames = copyOut(keyframes, 'keyframes', []);
  const milliseconds = toNumber(duration) >= 0 ? toNumber(duration) : 0;
  const timeline = isObject(last) && typeof last !== 'function' ? copyOut(last, 'ScrollTimeline', []) : undefined;
  whenSent('animate', () => {
    const nodes = nodesThere(place, selector, false);
    let source = -1;
    if (timeline !== undefined) {
      const sources = nodesThere(place, timeline.scrollSource, true);
      if (sources.length === 0) return warn('animate: the page has no ' + toText(timeline.scrollSource));
      source = sources[0];
    }
    for (let index = 0; index < nodes.length; index++) {
      callNode(place, nodes[index], 'animate', timeline === undefined ? [frames, milliseconds] : [frames, milliseconds, source, timeline]);
    }
    if (typeof last === 'function') startTimer('the callback of animate', () => apply(last, node.instance, []), milliseconds, [], false);
    return undefined;
  });
}

function clearAnimation(node, selector, options, callback) {
  const place = layoutPlace(node.instance);
  const names = isObject(options) && typeof options !== 'function' ? objectKeys(options) : null;
  const done = typeof options === 'function' ? options : callback;
  whenSent('clearAnimation', () => {
    const nodes = nodesThere(place, selector, false);
    for (let index = 0; index < nodes.length; index++) callNode(place, nodes[index], 'clearAnimation', [names]);
    if (typeof done === 'function') guard('the callback of clearAnimation', done, node.instance, []);
  });
}

// -- wx.pageScrollTo --------------------------------------------------------------------------------------------------

defineApi('pageScrollTo', (given, done) => {
  const place = layoutPlace(undefined);
  if (place === undefined) return done('no page is open', undefined);
  const top = given.scrollTop === undefined ? undefined : toNumber(given.scrollTop);
  if (top === undefined && given.selector === undefined) {
    throw new BorderError('scrollTop', 'must be a number of pixels, where there is no selector');
  }
  if (top !== undefined && !(top >= 0)) throw new BorderError('scrollTop', 'must be a number of pixels');
  const duration = given.duration === undefined ? 300 : toNumber(given.duration);
  whenSent('pageScrollTo', () => {
    const move = { duration: duration >= 0 ? duration : 300, offset: toNumber(given.offsetTop) || 0 };
    if (top !== undefined) putOwn(move, 'top', top);
    else {
      const nodes = nodesThere(place, given.selector, true);
      if (nodes.length === 0) return done('the page has no ' + toText(given.selector), undefined);
      putOwn(move, 'node', nodes[0]);
    }
    callNode(place, VIEWPORT_NODE, 'scrollTo', [move]);
    return startTimer('pageScrollTo', () => done(null, undefined), move.duration, [], false);
  });
  return undefined;
});

// -- what a page and a component can do besides -------------------------------------------------------------------------

member('createSelectorQuery', (node) => makeSelectorQuery(node.instance));
member('createIntersectionObserver', (node, options) => makeIntersectionObserver(node.instance, options));
member('createMediaQueryObserver', () => makeMediaQueryObserver());
member('animate', (node, selector, keyframes, duration, last) => animate(node, selector, keyframes, duration, last));
member('clearAnimation', (node, selector, options, callback) => clearAnimation(node, selector, options, callback));

// A page is closed: nothing of it is watched or drawn any more.
function forgetLayout(page) {
  forgetObservers(page);
  forgetCanvases(page);
}
