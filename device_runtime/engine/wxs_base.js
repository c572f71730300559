// What wxs and sjs modules see: CommonJS between .wxs files, getDate, getRegExp, console, and component descriptors.
//
// Source: https://developers.weixin.qq.com/miniprogram/en/dev/reference/wxs/ and
// https://developers.weixin.qq.com/miniprogram/en/dev/framework/view/interactive-animation.html
//
// This runtime is not the program's own: neither can reach the other's objects, as in WeChat.

(function () {
  'use strict';

  const host = globalThis.__host;
  const argument = globalThis.__argument;
  const evaluate = globalThis.eval;
  const MAX_NESTING = 100;

  // `value.constructor` is a text in wxs ('Array', 'Object', ...). The constructors themselves must stay, since the
  // language's own methods look them up; so sources are read with another name for it (wxs.py).
  for (const type of [Object, Array, Number, String, Boolean, Function, Date, RegExp]) {
    Object.defineProperty(type.prototype, 'wxs_constructor', { value: type.name, writable: true });
  }

  const getDate = (...parts) => new Date(...parts);
  const getRegExp = (pattern, flags) => new RegExp(pattern, flags);

  function described(value) {
    if (typeof value !== 'object' || value === null) return String(value);
    try {
      return JSON.stringify(value) ?? String(value);
    } catch {
      return String(value);
    }
  }

  const say = (level) => (...values) => host('log', level, values.map(described).join(' ').slice(0, 10000));
  const console = Object.freeze({
    log: say('log'), info: say('info'), debug: say('debug'), warn: say('warn'), error: say('error'),
  });

  // ---------------------------------------------------------------- modules

  const modules = new Map();

  function load(path) {
    const known = modules.get(path);
    if (known !== undefined) return known.exports;
    const module = { exports: {} };
    modules.set(path, module); // modules that need each other see what there is so far
    try {
      const define = evaluate(host('source', path));
      define.call(module.exports, module.exports, requireFrom(path), module, getDate, getRegExp, console);
    } catch (error) {
      modules.delete(path);
      throw error;
    }
    return module.exports;
  }

  function requireFrom(path) {
    return (request) => {
      const found = host('resolve', path, String(request));
      if (found === null) throw new Error(`there is no module ${request}; require names a .wxs file beside this one`);
      return load(found);
    };
  }

  // ---------------------------------------------------------------- values and calls

  const found = [];

  // The number of a member of a module, and whether it is a function.
  function find(path, keys) {
    let self;
    let value = load(path);
    for (const key of keys) {
      self = value;
      value = value === undefined || value === null ? undefined : value[key];
    }
    found.push([self, value]);
    return [found.length - 1, typeof value === 'function'];
  }

  // What leaves: plain data. Functions and undefined are left out, dates and expressions become their text.
  function out(value, depth) {
    switch (typeof value) {
      case 'string':
        return value.isWellFormed() ? value : value.toWellFormed();
      case 'number':
      case 'boolean':
        return value;
      case 'bigint':
        return String(value);
      case 'object':
        break;
      default:
        return undefined;
    }
    if (value === null) return null;
    if (depth > MAX_NESTING) throw new RangeError(`a value is nested deeper than ${MAX_NESTING} levels`);
    if (Array.isArray(value)) {
      const copy = [];
      for (let index = 0; index < value.length; index++) copy.push(out(value[index], depth + 1) ?? null);
      return copy;
    }
    if (value instanceof Date || value instanceof RegExp) return String(value);
    const copy = {};
    for (const key of Object.keys(value)) {
      const member = out(value[key], depth + 1);
      if (member !== undefined && key !== '__proto__') copy[key.toWellFormed()] = member;
    }
    return copy;
  }

  function call(number, ...values) {
    const [self, method] = found[number];
    if (typeof method !== 'function') throw new TypeError('it is no function');
    return out(method.apply(self, values), 0);
  }

  // ---------------------------------------------------------------- events

  const states = new Map();
  const descriptors = new Map();
  const callbacks = new Map();
  let made = 0;

  function later(callback, milliseconds) {
    if (typeof callback !== 'function') return 0;
    made += 1;
    callbacks.set(made, callback);
    host('timer', made, milliseconds > 0 && milliseconds < 2147483648 ? milliseconds : 0);
    return made;
  }

  const kebab = (name) => name.replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`);

  function styleText(style) {
    if (typeof style === 'string') return style;
    if (typeof style !== 'object' || style === null) return '';
    return Object.keys(style).map((name) => `${kebab(name)}: ${style[name]}`).join('; ');
  }

  // The ComponentDescriptor of a node. Nothing here has authority: each method asks the worker, which checks.
  function describe(page, node) {
    const key = `${page}:${node}`;
    const known = descriptors.get(key);
    if (known !== undefined) return known;
    const ask = (method, ...values) => host('descriptor', page, node, method, values);
    const descriptor = {
      selectComponent(selector) {
        const id = ask('select', String(selector), true)[0];
        return id === undefined ? null : describe(page, id);
      },
      selectAllComponents: (selector) => ask('select', String(selector), false).map((id) => describe(page, id)),
      setStyle(style) {
        ask('setStyle', styleText(style));
        return descriptor;
      },
      addClass(name) {
        ask('addClass', String(name));
        return descriptor;
      },
      removeClass(name) {
        ask('removeClass', String(name));
        return descriptor;
      },
      hasClass: (name) => ask('hasClass', String(name)),
      getDataset: () => ask('dataset'),
      callMethod: (name, values) => void ask('callMethod', String(name), out(values, 0)),
      triggerEvent: (name, detail) => void ask('triggerEvent', String(name), out(detail, 0)),
      getComputedStyle: (names) => ask('computedStyle', Array.isArray(names) ? names.map(String) : []),
      getBoundingClientRect: () => ask('boundingClientRect'),
      getState() {
        if (!states.has(key)) states.set(key, {});
        return states.get(key);
      },
      requestAnimationFrame: (callback) => void later(callback, 16),
      setTimeout: (callback, milliseconds) => later(callback, Number(milliseconds) || 0),
      clearTimeout: (id) => void callbacks.delete(id),
      getPageId: () => `pageId:${page}`,
    };
    descriptors.set(key, descriptor);
    return descriptor;
  }

  function handle(number, event, page, owner, node) {
    const [self, method] = found[number];
    event.instance = describe(page, node);
    return method.call(self, event, describe(page, owner)) !== false;
  }

  function changed(number, value, old, page, owner, node) {
    const [self, method] = found[number];
    method.call(self, value, old, describe(page, owner), describe(page, node));
  }

  function fireTimer(id) {
    const callback = callbacks.get(id);
    callbacks.delete(id);
    callback?.();
  }

  function forget(page) {
    for (const table of [states, descriptors]) {
      for (const key of [...table.keys()]) if (key.startsWith(`${page}:`)) table.delete(key);
    }
  }

  for (const name of ['eval', 'Function', '__host', '__argument']) delete globalThis[name];
  Object.defineProperty(globalThis, '__wxs', {
    value: Object.freeze({ argument, find, value: (number) => out(found[number][1], 0), call, handle, changed, fireTimer, forget }),
  });
})();
