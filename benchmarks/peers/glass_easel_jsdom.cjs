// glass-easel with a view: the document of jsdom (its CurrentWindowBackendContext).
'use strict';

const { JSDOM } = require('jsdom');

const { window } = new JSDOM('<!doctype html><body></body>');
Object.assign(globalThis, { window, document: window.document, Node: window.Node, Element: window.Element });

const glassEasel = require('glass-easel');
const { open } = require('./glass_easel.cjs');
const { run } = require('./driver.cjs');

const context = new glassEasel.CurrentWindowBackendContext();

run({
  open(folder, name) {
    const page = open(folder, name, context, (root) => {
      document.body.textContent = '';
      const place = document.createElement('span');
      document.body.appendChild(place);
      glassEasel.Element.replaceDocumentElement(root, document.body, place);
    });
    return {
      call: page.call,
      text: () => document.body.textContent,
      // What the document shows, not what the library's own tree holds.
      rows: () =>
        [...document.querySelectorAll('.row')].map((row) => [
          row.className,
          ...[...row.children].map((text) => text.textContent),
        ]),
    };
  },
});
