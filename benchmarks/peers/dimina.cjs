// dimina (didi): the logic alone, as its app runs it beside a view; a step is over when its message for the view is text.
'use strict';

const path = require('node:path');

// It logs every message, which nobody would do in production.
console.log = () => {};
const sent = [];
globalThis.DiminaServiceBridge = {
  invoke: () => {},
  // What crosses to the view is text; how long that takes is part of the step.
  publish: (bridge, message) => sent.push(JSON.stringify(message)),
};
require('./dimina-service.js');
const { run, definition } = require('./driver.cjs');

const { Page, modDefine } = globalThis;
const tell = (type, body) => globalThis.DiminaServiceBridge.onMessage({ type, body });
let pages = 0;

modDefine('app', () => globalThis.App({}));

function apply(data, { path: steps, value }) {
  const last = steps[steps.length - 1];
  steps.slice(0, -1).reduce((place, step) => place[step], data)[last] = value;
}

run({
  async open(folder, name) {
    pages += 1;
    const [route, bridgeId] = ['page' + pages, 'bridge' + pages];
    modDefine(route, () => {
      globalThis.__extraInfo = { path: route, component: false, usingComponents: {} };
      const { data, methods } = definition(folder, name);
      Page({ data, ...methods });
    });
    const shown = {};
    sent.length = 0;
    tell('loadResource', { appId: 'benchmark', bridgeId, pagePath: route });
    tell('resourceLoaded', { bridgeId, pagePath: route, query: {}, stackId: 'stack' });
    await undefined;
    const first = sent.map((text) => JSON.parse(text)).find((message) => message.body.data);
    tell('pageShow', { bridgeId });
    tell('pageReady', { bridgeId, moduleId: first.type });
    Object.assign(shown, first.body.data);
    // The view's copy of the data, made from the messages when somebody looks.
    const look = () => {
      for (const text of sent.splice(0)) {
        for (const update of JSON.parse(text).body.updates ?? []) {
          for (const change of update.changes) apply(shown, change);
        }
      }
      return shown;
    };
    look();
    return {
      async call(step) {
        const before = sent.length;
        tell('t', { bridgeId, moduleId: first.type, methodName: step, event: {} });
        while (sent.length === before) await undefined;
      },
      text: () => `Hello, ${look().name}: ${look().n}`,
      rows: () => look().list.map((row) => ['row ' + row.kind, row.name, String(row.value)]),
    };
  },
});
