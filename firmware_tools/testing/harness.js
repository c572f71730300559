// What a test file of a program can use: describe, it, beforeEach, afterEach, expect, launch, require, console.
// Everything waits by itself, so tests are plain synchronous code. docs/program-developer.md describes the API.

(() => {
  'use strict';

  const WAIT_MS = __WAIT_MS__;

  function host(name, ...values) {
    const reply = JSON.parse(__host(name, JSON.stringify(values.map((value) => (value === undefined ? null : value)))));
    if ('error' in reply) throw new Error(reply.error);
    return reply.value;
  }

  // ------------------------------------------------------------------------------------------ suites

  const root = { name: '', parent: null, before: [], after: [] };
  const tests = [];
  let suite = root;

  function needFunction(what, callback) {
    if (typeof callback !== 'function') throw new TypeError(`${what} needs a function`);
  }

  globalThis.describe = (name, body) => {
    needFunction('describe', body);
    suite = { name: String(name), parent: suite, before: [], after: [] };
    try {
      body();
    } finally {
      suite = suite.parent;
    }
  };

  function add(name, body, how) {
    needFunction('it', body);
    tests.push({ name: String(name), body, suite, ...how });
  }

  globalThis.it = (name, body) => add(name, body, {});
  it.only = (name, body) => add(name, body, { only: true });
  it.skip = (name, body) => add(name, body, { skip: true });
  globalThis.test = it;
  globalThis.beforeEach = (body) => suite.before.push(body);
  globalThis.afterEach = (body) => suite.after.push(body);

  function chain(from) {
    return from ? [...chain(from.parent), from] : [];
  }

  function call(body) {
    const result = body();
    if (result && typeof result.then === 'function') {
      throw new Error('a test waits by itself; write its function without async');
    }
  }

  globalThis.__tests = () => {
    const chosen = tests.some(({ only }) => only);
    return JSON.stringify(
      tests.map(({ name, suite: { parent }, suite: own, only, skip }) => ({
        name: [...chain(own).map((part) => part.name).filter(Boolean), name].join(', '),
        skip: Boolean(skip || (chosen && !only)),
      })),
    );
  };

  // "" when the test holds, else {message, stack}.
  globalThis.__run = (index) => {
    const { body, suite: own } = tests[index];
    const suites = chain(own);
    let failure = null;
    const attempt = (step) => {
      try {
        call(step);
      } catch (error) {
        failure = failure || error;
      }
    };
    for (const { before } of suites) for (const step of before) if (!failure) attempt(step);
    if (!failure) attempt(body);
    for (const { after } of suites.reverse()) for (const step of after) attempt(step);
    if (!failure) return '';
    const isError = failure instanceof Error;
    const named = isError && failure.name !== 'Error' ? `${failure.name}: ${failure.message}` : failure.message;
    return JSON.stringify({ message: isError ? named : show(failure), stack: isError ? failure.stack : '' });
  };

  // ------------------------------------------------------------------------------------------ a running program

  class Nodes {
    constructor(steps) {
      this.steps = steps;
    }

    // The nodes inside of these that match a selector and, if given, hold a text.
    find(selector, text) {
      return new Nodes([...this.steps, { selector, text: text === undefined ? null : String(text) }]);
    }

    // One of them, counted from 0.
    at(index) {
      return new Nodes([...this.steps, { index }]);
    }

    count() {
      return host('count', this.steps);
    }

    text() {
      return host('text', this.steps);
    }

    attribute(name) {
      return host('attribute', this.steps, name);
    }

    tap() {
      host('tap', this.steps);
    }

    longpress() {
      host('trigger', this.steps, 'longpress', {});
    }

    // What a person enters: text in an input, a boolean for a switch, a number on a slider or in a picker.
    enter(value) {
      host('enter', this.steps, value);
    }

    // Any other event, with its detail.
    trigger(type, detail) {
      host('trigger', this.steps, type, detail || {});
    }

    toString() {
      return this.steps
        .map(({ selector, text, index }) =>
          selector === undefined ? `[${index}]` : text === null ? selector : `${selector} "${text}"`,
        )
        .join(' ');
    }
  }

  class Program {
    find(selector, text) {
      return new Nodes([]).find(selector, text);
    }

    // Says a sentence; returns what the program answers aloud.
    say(sentence) {
      return host('say', sentence);
    }

    // What the models that listen hear, by its label.
    hear(label, probability) {
      host('hear', String(label), probability === undefined ? 0.9 : Number(probability));
    }

    intent(name, slots) {
      return host('intent', name, slots || {});
    }

    open(path) {
      host('open', path);
    }

    back() {
      host('back');
    }

    // Hides the program and brings it back.
    hide() {
      host('hide');
    }

    show() {
      host('show');
    }

    // Ends the program and starts it again with what it has stored.
    relaunch(path) {
      host('relaunch', path || '');
    }

    route() {
      return host('route');
    }

    title() {
      return host('title');
    }

    // The arguments of each call of one capability so far, such as 'speak', 'telemetry', 'showToast', 'request'.
    calls(name) {
      return host('calls', name);
    }

    storage() {
      return host('storage');
    }

    // What the world answers from now on, as for launch(): requests, dialogs, network, models.
    surround(options) {
      host('surround', options);
    }

    // Uncaught errors so far; asking for them says that they were expected.
    errors() {
      return host('errors');
    }

    logs() {
      return host('logs');
    }

    toString() {
      return 'the program';
    }
  }

  // options: path, storage {key: value}, requests {address: answer}, dialogs {showModal: result}, network 'wifi',
  // models {ability, name or path: {labels, inputs {name: shape}, outputs {name: numbers}}}
  globalThis.launch = (options) => {
    host('launch', options || {});
    return new Program();
  };

  // ------------------------------------------------------------------------------------------ expectations

  function show(value) {
    if (value instanceof Nodes || value instanceof Program) return String(value);
    if (typeof value === 'function' || value instanceof RegExp) return String(value);
    if (value === undefined) return 'undefined';
    return JSON.stringify(value);
  }

  function equal(one, other) {
    if (Object.is(one, other)) return true;
    if (typeof one !== 'object' || typeof other !== 'object' || !one || !other) return false;
    if (Array.isArray(one) !== Array.isArray(other)) return false;
    const keys = Object.keys(one);
    return keys.length === Object.keys(other).length && keys.every((key) => key in other && equal(one[key], other[key]));
  }

  // Whether `whole` has every member that `part` names.
  function covers(whole, part) {
    if (part instanceof RegExp) return part.test(String(whole));
    if (typeof part !== 'object' || !part || typeof whole !== 'object' || !whole) return equal(whole, part);
    return Object.keys(part).every((key) => covers(whole[key], part[key]));
  }

  function matchesText(text, wanted) {
    return wanted instanceof RegExp ? wanted.test(text) : text === String(wanted);
  }

  function includesText(text, wanted) {
    return wanted instanceof RegExp ? wanted.test(text) : text.includes(String(wanted));
  }

  // Each returns [holds, what was wanted, what is there].
  const ON_VALUES = {
    toBe: (value, wanted) => [Object.is(value, wanted), show(wanted), show(value)],
    toEqual: (value, wanted) => [equal(value, wanted), show(wanted), show(value)],
    toMatch: (value, wanted) => [includesText(String(value), wanted), `something with ${show(wanted)}`, show(value)],
    toContain: (value, wanted) => [
      typeof value === 'string' ? value.includes(wanted) : value.some((item) => equal(item, wanted)),
      `something with ${show(wanted)}`,
      show(value),
    ],
    toHaveLength: (value, wanted) => [value.length === wanted, `${wanted} items`, show(value)],
    toBeTruthy: (value) => [Boolean(value), 'something true', show(value)],
    toBeGreaterThan: (value, wanted) => [value > wanted, `more than ${show(wanted)}`, show(value)],
    toBeLessThan: (value, wanted) => [value < wanted, `less than ${show(wanted)}`, show(value)],
    toThrow: (value, wanted) => {
      try {
        value();
      } catch (error) {
        const text = String(error && error.message);
        return [wanted === undefined || includesText(text, wanted), `an error with ${show(wanted)}`, show(text)];
      }
      return [false, 'an error', 'none'];
    },
  };

  const ON_NODES = {
    toExist: (nodes) => [nodes.count() > 0, `${nodes} on the page`, host('outline')],
    toHaveCount: (nodes, wanted) => {
      const count = nodes.count();
      return [count === wanted, `${wanted} of ${nodes}`, String(count)];
    },
    toHaveText: (nodes, wanted) => {
      const text = nodes.count() ? nodes.text() : null;
      return [text !== null && matchesText(text, wanted), `${nodes} to read ${show(wanted)}`, reading(text)];
    },
    toContainText: (nodes, wanted) => {
      const text = nodes.count() ? nodes.text() : null;
      return [text !== null && includesText(text, wanted), `${nodes} to contain ${show(wanted)}`, reading(text)];
    },
    toHaveClass: (nodes, wanted) => {
      const classes = nodes.count() ? String(nodes.attribute('class') || '') : null;
      return [
        classes !== null && classes.split(/\s+/).includes(wanted),
        `${nodes} to have the class ${show(wanted)}`,
        classes === null ? 'nothing' : show(classes),
      ];
    },
    toHaveAttribute: (nodes, name, wanted) => {
      const value = nodes.count() ? nodes.attribute(name) : null;
      return [value !== null && equal(value, wanted), `${nodes} with ${name}=${show(wanted)}`, show(value)];
    },
  };

  function reading(text) {
    return text === null ? 'nothing' : show(text);
  }

  const ON_PROGRAMS = {
    toHaveCalled: (program, name, part) => {
      const calls = program.calls(name);
      const wanted = part === undefined ? `a call of ${name}` : `a call of ${name} with ${show(part)}`;
      return [calls.some((call) => part === undefined || covers(call, part)), wanted, show(calls)];
    },
    toBeAt: (program, route) => [program.route() === route, `the page ${route}`, program.route()],
    toHaveTitle: (program, wanted) => [program.title() === wanted, `the title ${show(wanted)}`, show(program.title())],
    toHaveStored: (program, key, wanted) => {
      const value = program.storage()[key];
      return [equal(value, wanted), `${show(wanted)} stored as ${show(key)}`, show(value)];
    },
  };

  // Looks again at each change of the program until the expectation holds or time is up.
  function eventually(look, wanted) {
    const deadline = host('now') + WAIT_MS;
    for (;;) {
      const version = host('version');
      const result = look();
      if (result[0] === wanted) return result;
      const left = deadline - host('now');
      if (left <= 0) return result;
      host('wait', version, left);
    }
  }

  globalThis.expect = (value) => {
    const isNodes = value instanceof Nodes;
    const isProgram = value instanceof Program;
    const matchers = isNodes ? ON_NODES : isProgram ? ON_PROGRAMS : ON_VALUES;
    const made = (wanted) =>
      Object.fromEntries(
        Object.entries(matchers).map(([name, match]) => [
          name,
          (...values) => {
            const look = () => match(value, ...values);
            const [holds, expected, found] = isNodes || isProgram ? eventually(look, wanted) : look();
            if (holds !== wanted) throw new Error(`expected ${wanted ? '' : 'not '}${expected}, found ${found}`);
          },
        ]),
      );
    return { ...made(true), not: made(false) };
  };

  // ------------------------------------------------------------------------------------------ modules, console

  const modules = new Map();

  function makeRequire(from) {
    return (request) => {
      const { name, code, json } = host('module', from, String(request));
      if (modules.has(name)) return modules.get(name).exports;
      const module = { exports: {} };
      modules.set(name, module);
      if (json !== undefined) module.exports = JSON.parse(json);
      else (0, eval)(code).call(module.exports, module.exports, makeRequire(name), module);
      return module.exports;
    };
  }

  globalThis.__load = (name) => {
    makeRequire('')(`/${name}`);
  };

  const print = (...values) => {
    host('print', values.map((value) => (typeof value === 'string' ? value : show(value))).join(' '));
  };
  globalThis.console = { log: print, info: print, warn: print, error: print, debug: print };
})();
