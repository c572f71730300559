// Nodes have no layout in the worker, so every query answers null, as WeChat does for what it does not find.
function makeSelectorQuery() {
  const callbacks = [];
  const query = {};
  const node = {};
  const methods = ['boundingClientRect', 'scrollOffset', 'fields', 'node', 'context'];
  for (let index = 0; index < methods.length; index++) {
    node[methods[index]] = (...values) => {
      append(callbacks, typeof values[values.length - 1] === 'function' ? values[values.length - 1] : null);
      return query;
    };
  }
  query.select = () => node;
  query.selectAll = () => node;
  query.selectViewport = () => node;
  query.in = () => query;
  query.exec = (done) => {
    const due = splice(callbacks, 0, callbacks.length);
    queueJob(() => {
      const results = [];
      for (let index = 0; index < due.length; index++) {
        append(results, null);
        if (due[index] !== null) guard('a selector query', due[index], undefined, [null]);
      }
      if (typeof done === 'function') guard('a selector query', done, undefined, [results]);
    });
    return query;
  };
  return query;
}

defineSync('createSelectorQuery', makeSelectorQuery);
