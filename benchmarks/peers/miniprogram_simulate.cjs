// miniprogram-simulate: WeChat's own test tool, in the document of jsdom.
'use strict';

const path = require('node:path');
const { JSDOM } = require('jsdom');

const { window } = new JSDOM('<!doctype html><body></body>');
const { document, Node, Element, Event, CustomEvent } = window;
Object.assign(globalThis, { window, document, Node, Element, Event, CustomEvent });

const simulate = require('miniprogram-simulate');
const { run } = require('./driver.cjs');

globalThis.Page = ({ data, ...methods }) => globalThis.Component({ data, methods });

run({
  open(folder, name) {
    const component = simulate.render(simulate.load(path.join(folder, 'pages', name, name)));
    document.body.textContent = '';
    const place = document.createElement('main');
    document.body.appendChild(place);
    component.attach(place);
    return {
      call: (step) => component.instance[step](),
      text: () => place.textContent,
      rows: () =>
        [...place.querySelectorAll('.main--row')].map((row) => [
          row.className.replaceAll('main--', ''),
          ...[...row.children].map((text) => text.textContent),
        ]),
    };
  },
});
