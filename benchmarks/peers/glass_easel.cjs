// glass-easel without any view: its own tree of nodes is all that there is (its EmptyBackendContext).
'use strict';

const path = require('node:path');
const glassEasel = require('glass-easel');
const { definition, run } = require('./driver.cjs');

// Elements of a tree by their tag, in order.
function* elements(node, tag) {
  for (const child of node.childNodes || []) {
    if (child.is === tag) yield child;
    yield* elements(child, tag);
  }
}

const textOf = (node) =>
  node.textContent !== undefined ? node.textContent : (node.childNodes || []).map(textOf).join('');

exports.open = (folder, name, context, attach) => {
  const template = path.join(folder, 'pages', name, name + '.template.js');
  delete require.cache[require.resolve(template)];
  const space = new glassEasel.ComponentSpace();
  const component = space.defineComponent({
    template: { content: require(template) },
    ...definition(folder, name),
  });
  const root = glassEasel.Component.createWithContext('body', component, context);
  attach(root);
  const shown = root.shadowRoot;
  return {
    call: (step) => root[step](),
    text: () => textOf(shown),
    rows: () => [...elements(shown, "view")].filter((view) => view.class.startsWith("row")).map((row) => [row.class, ...[...elements(row, 'text')].map(textOf)]),
  };
};

if (require.main === module) {
  const context = new glassEasel.EmptyBackendContext();
  run({ open: (folder, name) => exports.open(folder, name, context, (root) => glassEasel.Element.pretendAttached(root)) });
}
