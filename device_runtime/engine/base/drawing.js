// A 2D context that records what is drawn: commands that a screen replays on a real canvas (docs/architecture.md,
// "Drawing on a canvas"). It knows its own state, so that what is read back is true and a screen that comes later
// needs only what was drawn since the canvas was last empty.

// Methods that are a command of the same name with numbers, and how many.
const DRAWS = freeze({
  __proto__: null,
  beginPath: 0, closePath: 0, moveTo: 2, lineTo: 2, quadraticCurveTo: 4, bezierCurveTo: 6, arc: 6, arcTo: 5, ellipse: 8,
  rect: 4, fillRect: 4, strokeRect: 4, stroke: 0,
});
// Properties with their first value.
const CONTEXT = freeze({
  __proto__: null,
  fillStyle: '#000000', strokeStyle: '#000000', lineWidth: 1, lineCap: 'butt', lineJoin: 'miter', miterLimit: 10,
  lineDashOffset: 0, font: '10px sans-serif', textAlign: 'start', textBaseline: 'alphabetic', direction: 'ltr',
  letterSpacing: '0px', globalAlpha: 1, globalCompositeOperation: 'source-over', shadowBlur: 0, shadowColor: '#00000000',
  shadowOffsetX: 0, shadowOffsetY: 0, imageSmoothingEnabled: true, filter: 'none',
});
const IDENTITY = freeze([1, 0, 0, 1, 0, 0]);
const DRAWN_AT_ONCE = 5000;
const MEASURED = 500;

const paints = new NativeWeakMap();

// A gradient or pattern: `spec` is what the screen gets, `version` rises when a colour is added.
function makePaint(spec) {
  const paint = {};
  const entry = { spec, version: 0 };
  weakSet(paints, paint, entry);
  if (spec.stops !== undefined) {
    paint.addColorStop = (offset, color) => {
      append(spec.stops, [toNumber(offset), toText(color)]);
      entry.version += 1;
    };
  } else {
    paint.setTransform = () => {};
  }
  return paint;
}

function numbers(values, count) {
  const list = [];
  for (let index = 0; index < count && index < values.length; index++) {
    if (typeof values[index] === 'boolean') append(list, values[index]);
    else if (values[index] !== undefined) append(list, toNumber(values[index]));
  }
  return list;
}

// [name, (first,) ...values]
function command(name, values, first) {
  const list = first === undefined ? [name] : [name, first];
  for (let index = 0; index < values.length; index++) append(list, values[index]);
  return list;
}

function multiply(m, n) {
  return [
    m[0] * n[0] + m[2] * n[1], m[1] * n[0] + m[3] * n[1], m[0] * n[2] + m[2] * n[3], m[1] * n[2] + m[3] * n[3],
    m[0] * n[4] + m[2] * n[5] + m[4], m[1] * n[4] + m[3] * n[5] + m[5],
  ];
}

function firstState() {
  const values = createObject(null);
  const names = objectKeys(CONTEXT);
  for (let index = 0; index < names.length; index++) values[names[index]] = CONTEXT[names[index]];
  return { values, matrix: IDENTITY, dash: [], clipped: false };
}

function copyState(state) {
  const values = createObject(null);
  const names = objectKeys(CONTEXT);
  for (let index = 0; index < names.length; index++) values[names[index]] = state.values[names[index]];
  return { values, matrix: state.matrix, dash: state.dash, clipped: state.clipped };
}

// A style as a command carries it.
function paintSpec(value) {
  const entry = isObject(value) ? weakGet(paints, value) : undefined;
  return entry === undefined ? value : copyPlain(entry.spec);
}

// A recorder: `emit(commands, opening)` is called with what was drawn, at the end of the turn or when it is much;
// `size()` gives the bitmap's {width, height}, `source(image)` the address of a picture or undefined.
function makeContext(emit, size, source) {
  const context = {};
  let state = firstState();
  let saved = [];
  let commands = [];
  let opening = null;
  let planned = false;
  const sentPaints = createObject(null);

  const flush = () => {
    planned = false;
    if (commands.length === 0 && opening === null) return;
    const due = commands;
    const first = opening;
    commands = [];
    opening = null;
    emit(due, first);
  };
  const put = (drawn) => {
    append(commands, drawn);
    if (commands.length >= DRAWN_AT_ONCE) flush();
    if (planned) return;
    planned = true;
    queueJob(flush);
  };
  // Gradients are sent when they are used, since colours may be added to them until then.
  const usePaint = (name) => {
    const value = state.values[name];
    const entry = isObject(value) ? weakGet(paints, value) : undefined;
    if (entry === undefined || sentPaints[name] === entry.version) return;
    sentPaints[name] = entry.version;
    put([name, copyPlain(entry.spec)]);
  };
  // What brings a new canvas to where this one is now.
  const openingNow = () => {
    const { width, height } = size();
    const list = width === undefined ? [] : [['width', width], ['height', height]];
    const names = objectKeys(CONTEXT);
    for (let index = 0; index < names.length; index++) {
      const value = state.values[names[index]];
      if (value !== CONTEXT[names[index]]) append(list, [names[index], paintSpec(value)]);
    }
    if (state.dash.length) append(list, ['setLineDash', copyPlain(state.dash)]);
    if (state.matrix !== IDENTITY) append(list, command('setTransform', state.matrix));
    return list;
  };
  const transform = (matrix, drawn) => {
    state.matrix = multiply(state.matrix, matrix);
    put(drawn);
  };
  const setMatrix = (matrix) => {
    state.matrix = matrix;
    put(command('setTransform', matrix));
  };
  // Whether a rectangle covers the whole bitmap, so that nothing older is seen any more.
  const coversAll = (values) => {
    const { width, height } = size();
    const m = state.matrix;
    if (saved.length || state.clipped || m[1] !== 0 || m[2] !== 0 || width === undefined) return false;
    const left = m[0] * values[0] + m[4];
    const top = m[3] * values[1] + m[5];
    return left <= 0 && top <= 0 && left + m[0] * values[2] >= width && top + m[3] * values[3] >= height;
  };

  const names = objectKeys(CONTEXT);
  for (let index = 0; index < names.length; index++) {
    const name = names[index];
    defineProperty(context, name, {
      __proto__: null,
      enumerable: true,
      configurable: true,
      get: () => state.values[name],
      set: (value) => {
        const first = CONTEXT[name];
        const isPaint = isObject(value) && weakGet(paints, value) !== undefined;
        if (isPaint && (name === 'fillStyle' || name === 'strokeStyle')) {
          state.values[name] = value;
          delete sentPaints[name];
          return;
        }
        const kept = typeof first === 'number' ? toNumber(value) : typeof first === 'boolean' ? Boolean(value) : toText(value);
        if (kept !== kept) return; // NaN changes nothing, as on a real canvas
        if (state.values[name] === kept) return;
        state.values[name] = kept;
        put([name, kept]);
      },
    });
  }
  const draws = objectKeys(DRAWS);
  for (let index = 0; index < draws.length; index++) {
    const name = draws[index];
    context[name] = (...values) => {
      if (name === 'fillRect') usePaint('fillStyle');
      if (name === 'strokeRect' || name === 'stroke') usePaint('strokeStyle');
      put(command(name, numbers(values, DRAWS[name])));
    };
  }
  context.roundRect = (x, y, width, height, radii) => {
    const list = numbers([x, y, width, height], 4);
    append(list, isArray(radii) ? numbers(radii, 4) : toNumber(radii) || 0);
    put(command('roundRect', list));
  };
  context.fill = (rule) => {
    usePaint('fillStyle');
    put(rule === 'evenodd' ? ['fill', 'evenodd'] : ['fill']);
  };
  context.clip = (rule) => {
    state.clipped = true;
    put(rule === 'evenodd' ? ['clip', 'evenodd'] : ['clip']);
  };
  context.clearRect = (...values) => {
    const list = numbers(values, 4);
    if (list.length === 4 && coversAll(list)) {
      commands = [];
      opening = openingNow();
    }
    put(command('clearRect', list));
  };
  const words = (name, style) => (string, x, y, most) => {
    usePaint(style);
    put(command(name, numbers([x, y, most], 3), toWellFormed(toText(string))));
  };
  context.fillText = words('fillText', 'fillStyle');
  context.strokeText = words('strokeText', 'strokeStyle');
  context.drawImage = (image, ...values) => {
    const address = source(image);
    if (address !== undefined) put(command('drawImage', numbers(values, 8), address));
  };
  context.save = () => {
    append(saved, copyState(state));
    put(['save']);
  };
  context.restore = () => {
    if (saved.length === 0) return;
    state = splice(saved, saved.length - 1, 1)[0];
    delete sentPaints.fillStyle;
    delete sentPaints.strokeStyle;
    put(['restore']);
  };
  context.translate = (x, y) => transform([1, 0, 0, 1, toNumber(x), toNumber(y)], command('translate', numbers([x, y], 2)));
  context.scale = (x, y) => transform([toNumber(x), 0, 0, toNumber(y), 0, 0], command('scale', numbers([x, y], 2)));
  context.rotate = (angle) => {
    const part = toNumber(angle);
    transform([cosine(part), sine(part), -sine(part), cosine(part), 0, 0], ['rotate', part]);
  };
  context.transform = (...values) => {
    const matrix = numbers(values, 6);
    if (matrix.length === 6) transform(matrix, command('transform', matrix));
  };
  context.setTransform = (...values) => {
    const { a, b, c, d, e, f } = isObject(values[0]) ? values[0] : {};
    const matrix = isObject(values[0]) ? numbers([a, b, c, d, e, f], 6) : numbers(values, 6);
    setMatrix(matrix.length === 6 ? matrix : IDENTITY);
  };
  context.resetTransform = () => setMatrix(IDENTITY);
  context.getTransform = () => {
    const m = state.matrix;
    return { a: m[0], b: m[1], c: m[2], d: m[3], e: m[4], f: m[5] };
  };
  context.setLineDash = (segments) => {
    if (!isArray(segments)) return;
    state.dash = numbers(segments, segments.length);
    put(['setLineDash', copyPlain(state.dash)]);
  };
  context.getLineDash = () => copyPlain(state.dash);
  context.createLinearGradient = (...values) => makePaint({ linear: numbers(values, 4), stops: [] });
  context.createRadialGradient = (...values) => makePaint({ radial: numbers(values, 6), stops: [] });
  context.createConicGradient = (...values) => makePaint({ conic: numbers(values, 3), stops: [] });
  context.createPattern = (image, repetition) => {
    const address = source(image);
    return address === undefined ? null : makePaint({ pattern: address, repetition: repetition ? toText(repetition) : 'repeat' });
  };
  context.measureText = (string) => measureText(state.values.font, toText(string));
  context.isPointInPath = () => false;
  context.isPointInStroke = () => false;
  context.getContextAttributes = () => ({ alpha: true, desynchronized: false });
  // Everything is as at the beginning; where the bitmap has a size, it is a new and empty one.
  const restart = () => {
    state = firstState();
    saved = [];
    commands = [];
    opening = null;
    delete sentPaints.fillStyle;
    delete sentPaints.strokeStyle;
    const { width, height } = size();
    if (width === undefined) return;
    opening = [];
    put(['width', width]);
    put(['height', height]);
  };
  return { context, restart, flush };
}

// -- how large a text is: the screen knows; without one it is guessed --------------------------------------------------

const measured = new NativeMap();

function measureText(font, string) {
  const key = font + '\n' + string;
  let metrics = mapGet(measured, key);
  if (metrics === undefined) {
    metrics = measureOnScreen(font, string) || guessText(font, string);
    if (mapSize(measured) >= MEASURED) mapClear(measured);
    mapSet(measured, key, metrics);
  }
  return copyPlain(metrics);
}

function measureOnScreen(font, string) {
  const place = layoutPlace(undefined);
  if (place === undefined || capabilities['layout.query'] !== true) return undefined;
  const request = { node: VIEWPORT_NODE, fields: ['textMetrics'], font: toWellFormed(font), text: toWellFormed(string) };
  const { error, value } = askNow('layout.query', { page: place.page, requests: [request] });
  const result = error === null && value.results !== null ? value.results[0] : null;
  return isObject(result) ? result.textMetrics : undefined;
}

// A Latin letter is about half as wide as high, a Chinese one as wide as high.
function guessText(font, string) {
  const found = regExpExec(/(\d+(?:\.\d+)?)px/, font);
  const height = found === null ? 10 : toNumber(found[1]);
  let width = 0;
  for (let index = 0; index < string.length; index++) width += charCode(string, index) > 0x2e7f ? height : height * 0.55;
  return {
    width, actualBoundingBoxLeft: 0, actualBoundingBoxRight: width, actualBoundingBoxAscent: height * 0.75,
    actualBoundingBoxDescent: height * 0.2, fontBoundingBoxAscent: height * 0.9, fontBoundingBoxDescent: height * 0.25,
  };
}
