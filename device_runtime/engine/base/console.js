// console: one log line a call, with the place that wrote it.

(() => {
  const counts = new NativeMap();
  const times = new NativeMap();
  let indent = '';

  const write = (level, values) => {
    host('log', level, indent + formatLine(values), new NativeError().stack);
  };
  const label = (value) => (value === undefined ? 'default' : describe(value));

  const output = {
    log: (...values) => write('log', values),
    info: (...values) => write('info', values),
    warn: (...values) => write('warn', values),
    error: (...values) => write('error', values),
    debug: (...values) => write('debug', values),
    dir: (value) => write('log', [value]),
    table: (value) => write('log', [value]),
    trace: (...values) => {
      write('log', ['Trace: ' + formatLine(values) + host('trace', new NativeError().stack)]);
    },
    assert: (condition, ...values) => {
      if (!condition) write('error', ['Assertion failed: ' + formatLine(values)]);
    },
    count: (name) => {
      const count = (mapGet(counts, label(name)) || 0) + 1;
      mapSet(counts, label(name), count);
      write('log', [label(name) + ': ' + count]);
    },
    time: (name) => mapSet(times, label(name), clock()),
    timeEnd: (name) => {
      const start = mapGet(times, label(name));
      if (start !== undefined) write('log', [label(name) + ': ' + floor((clock() - start) * 1000) / 1000 + ' ms']);
      mapDelete(times, label(name));
    },
    group: (...values) => {
      if (values.length) write('log', values);
      indent += '  ';
    },
    groupEnd: () => {
      indent = slice(indent, 2);
    },
  };
  output.groupCollapsed = output.group;
  hidden(globalThis, 'console', output);
})();

function warn(text) {
  host('log', 'warn', text, new NativeError().stack);
}

const toldOnce = new NativeMap();

function warnOnce(text) {
  if (mapHas(toldOnce, text) || mapSize(toldOnce) > 500) return;
  mapSet(toldOnce, text, true);
  warn(text);
}
