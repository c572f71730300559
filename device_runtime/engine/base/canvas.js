// Canvases: the node that a selector query gives (`type="2d"`), its pictures, and the older wx.createCanvasContext.

const canvases = new NativeMap();

// The path of a picture as the screen and the host find it: absolute in the package, or an address as it is.
function pictureAddress(address, route) {
  const text = toWellFormed(toText(address));
  if (text === '' || text[0] === '/' || regExpExec(/^[a-z][a-z0-9+.-]*:/i, text)) return text;
  const folders = [];
  const part = /[^/]+/g;
  const whole = route + '/../' + text;
  for (let found = regExpExec(part, whole); found !== null; found = regExpExec(part, whole)) {
    if (found[0] === '..') splice(folders, folders.length - 1, 1);
    else if (found[0] !== '.') append(folders, found[0]);
  }
  return '/' + join(folders, '/');
}

const pictures = new NativeWeakMap();

// As the browser's Image: a `src` that is set is looked up, then onload or onerror is called.
function makePicture(route) {
  const entry = { address: '', width: 0, height: 0, turn: 0 };
  const picture = { onload: null, onerror: null, complete: false, referrerPolicy: 'origin' };
  weakSet(pictures, picture, entry);
  const finish = (name, payload) => {
    if (typeof picture[name] === 'function') guard(name + ' of an image', picture[name], picture, [payload]);
  };
  const load = (address) => {
    const turn = ++entry.turn;
    entry.address = pictureAddress(address, route);
    entry.width = entry.height = 0;
    picture.complete = false;
    imageInfo(entry.address, (reason, value) => {
      if (turn !== entry.turn) return;
      picture.complete = true;
      if (reason !== null) return finish('onerror', { errMsg: 'image:fail ' + reason });
      entry.width = value.width;
      entry.height = value.height;
      return finish('onload', { type: 'load', target: picture });
    });
  };
  const facts = ['width', 'height'];
  for (let index = 0; index < facts.length; index++) {
    const set = (value) => {
      entry[facts[index]] = toNumber(value) || 0;
    };
    defineProperty(picture, facts[index], { __proto__: null, get: () => entry[facts[index]], set, enumerable: true });
  }
  defineProperty(picture, 'src', { __proto__: null, get: () => entry.address, set: load, enumerable: true });
  return picture;
}

// done(reason, {width, height, type, orientation, path}) of a picture that the program may show.
function imageInfo(address, done) {
  if (capabilities['image.info'] !== true) queueJob(() => done(UNSUPPORTED, null));
  else ask('image.info', { src: address }, done);
}

defineHostApi('getImageInfo', 'image.info', (options) =>
  answer('getImageInfo', options, (given, done) => {
    imageInfo(pictureAddress(textOption(given, 'src'), currentRoute()), done);
  }),
);

// What drawImage and createPattern take: a picture of createImage, or (older) its path.
function pictureSource(route) {
  return (image) => {
    if (typeof image === 'string') return pictureAddress(image, route);
    const entry = isObject(image) ? weakGet(pictures, image) : undefined;
    if (entry === undefined) {
      warn('only pictures of canvas.createImage(), and paths, can be drawn on this device');
      return undefined;
    }
    return entry.address === '' ? undefined : entry.address;
  };
}

function animationFrame(callback) {
  if (typeof callback !== 'function') throw new NativeTypeError('requestAnimationFrame: the callback must be a function');
  return startTimer('requestAnimationFrame', () => callback(clock()), 16, [], false);
}

// The Canvas of a node: always the same object for the same node.
function canvasOf(place, node) {
  const key = place.page + ':' + node;
  let canvas = mapGet(canvases, key);
  if (canvas === undefined) {
    canvas = makeCanvas(place, node);
    mapSet(canvases, key, canvas);
  }
  return canvas;
}

// What a browser says of a canvas that has no size.
const NO_BITMAP = 'data:,';

function bitmapOnScreen(place, node) {
  if (capabilities['layout.query'] !== true) return undefined;
  const request = { node, fields: ['properties'], properties: ['data-url'] };
  const { error, value } = askNow('layout.query', { page: place.page, requests: [request] });
  const result = error === null && value.results !== null ? value.results[0] : null;
  const address = isObject(result) && isObject(result.properties) ? result.properties['data-url'] : undefined;
  return typeof address === 'string' ? address : undefined;
}

function makeCanvas(place, node) {
  const bitmap = { width: 300, height: 150 };
  const recorder = makeContext(
    (commands, opening) => host('draw', place.page, node, commands, opening),
    () => bitmap,
    pictureSource(place.route),
  );
  const canvas = {
    getContext(type) {
      return type === '2d' ? recorder.context : null;
    },
    createImage: () => makePicture(place.route),
    requestAnimationFrame: animationFrame,
    cancelAnimationFrame: stopTimer,
    // As a screen draws it now; it waits for what this turn has changed, and for the answer.
    toDataURL() {
      recorder.flush();
      host('flush');
      return bitmapOnScreen(place, node) || NO_BITMAP;
    },
  };
  recorder.context.canvas = canvas;
  const sides = ['width', 'height'];
  for (let index = 0; index < sides.length; index++) {
    const set = (value) => {
      const number = toNumber(value);
      bitmap[sides[index]] = number >= 1 ? floor(number) : 1;
      recorder.restart();
    };
    defineProperty(canvas, sides[index], { __proto__: null, get: () => bitmap[sides[index]], set, enumerable: true });
  }
  return canvas;
}

function forgetCanvases(page) {
  const gone = [];
  mapForEach(canvases, (canvas, key) => {
    if (startsWith(key, page + ':')) append(gone, key);
  });
  for (let index = 0; index < gone.length; index++) mapDelete(canvases, gone[index]);
}

// -- wx.createCanvasContext: commands are kept until draw() -----------------------------------------------------------

// Old names, and the property that each sets.
const SETTERS = freeze({
  __proto__: null,
  setFillStyle: 'fillStyle', setStrokeStyle: 'strokeStyle', setLineWidth: 'lineWidth', setLineCap: 'lineCap',
  setLineJoin: 'lineJoin', setMiterLimit: 'miterLimit', setGlobalAlpha: 'globalAlpha', setTextAlign: 'textAlign',
  setTextBaseline: 'textBaseline',
});
const BASELINES = freeze({ __proto__: null, normal: 'alphabetic' });

function createCanvasContext(name, component) {
  const place = layoutPlace(component);
  let drawn = [];
  const keep = (commands) => {
    for (let index = 0; index < commands.length; index++) append(drawn, commands[index]);
  };
  const recorder = makeContext(keep, () => ({}), pictureSource(place === undefined ? '' : place.route));
  const { context } = recorder;
  const setters = objectKeys(SETTERS);
  for (let index = 0; index < setters.length; index++) {
    context[setters[index]] = (value) => {
      context[SETTERS[setters[index]]] = BASELINES[value] === undefined ? value : BASELINES[value];
    };
  }
  const setLineDash = context.setLineDash;
  context.setLineDash = (segments, offset) => {
    setLineDash(segments);
    if (offset !== undefined) context.lineDashOffset = offset;
  };
  context.setFontSize = (size) => {
    const rest = regExpExec(/^(.*?)(\d+(?:\.\d+)?)px(.*)$/, context.font);
    context.font = rest === null ? (toNumber(size) + 'px sans-serif') : (rest[1] + toNumber(size) + 'px' + rest[3]);
  };
  context.setShadow = (x, y, blur, color) => {
    context.shadowOffsetX = x;
    context.shadowOffsetY = y;
    context.shadowBlur = blur;
    context.shadowColor = color;
  };
  context.createCircularGradient = (x, y, radius) => context.createRadialGradient(x, y, 0, x, y, radius);
  context.draw = (reserve, callback) => {
    recorder.flush();
    const commands = drawn;
    drawn = [];
    whenSent('a canvas', () => {
      const nodes = nodesThere(place, 'canvas[canvas-id="' + toText(name) + '"]', true);
      if (nodes.length === 0) warn('createCanvasContext: the page has no canvas with the canvas-id "' + toText(name) + '"');
      else sendDrawing(place.page, nodes[0], commands, reserve === true);
      if (typeof callback === 'function') guard('draw of a canvas', callback, undefined, [{ errMsg: 'drawCanvas:ok' }]);
    });
    recorder.restart();
  };
  return context;
}

// Each draw() begins with the first state; without `reserve` on an empty canvas, too.
function sendDrawing(page, node, commands, reserve) {
  const list = [[reserve ? 'save' : 'reset']];
  for (let index = 0; index < commands.length; index++) append(list, commands[index]);
  if (reserve) append(list, ['restore']);
  host('draw', page, node, list, reserve ? null : []);
}

defineSync('createCanvasContext', createCanvasContext);
