// console: one log line a call, with the place that wrote it.

(() => {
  const counts = new NativeMap();
  const times = new NativeMap();
  let indent = '';

  const write = (level, values) => {
    host('log', level, indent + formatLine(values), traceHere());
  };
  const label = (value) => (value === undefined ? 'default' : describe(value));

  const elapsed = (name) => {
    const start = mapGet(times, label(name));
    if (start === undefined) return label(name) + ': this timer was not started';
    return label(name) + ': ' + floor((clock() - start) * 1000) / 1000 + ' ms';
  };
  const prefixed = (text, values) => {
    const all = [text];
    for (let index = 0; index < values.length; index++) append(all, values[index]);
    return all;
  };

  const output = {
    log: (...values) => write('log', values),
    info: (...values) => write('info', values),
    warn: (...values) => write('warn', values),
    error: (...values) => write('error', values),
    debug: (...values) => write('debug', values),
    dir: (value) => write('log', [value]),
    dirxml: (...values) => write('log', values),
    table: (value, columns) => {
      const lines = tableLines(value, columns);
      if (lines === null) write('log', [value]);
      else write('log', [join(lines, '\n' + indent)]);
    },
    trace: (...values) => {
      write('log', ['Trace: ' + formatLine(values) + host('trace', traceHere())]);
    },
    assert: (condition, ...values) => {
      if (!condition) write('error', ['Assertion failed' + (values.length ? (': ' + formatLine(values)) : '')]);
    },
    count: (name) => {
      const count = (mapGet(counts, label(name)) || 0) + 1;
      mapSet(counts, label(name), count);
      write('log', [label(name) + ': ' + count]);
    },
    countReset: (name) => {
      mapDelete(counts, label(name));
    },
    time: (name) => {
      mapSet(times, label(name), clock());
    },
    timeLog: (name, ...values) => write('log', prefixed(elapsed(name), values)),
    timeEnd: (name) => {
      write('log', [elapsed(name)]);
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
  host('log', 'warn', text, traceHere());
}

const toldOnce = new NativeMap();

function warnOnce(text) {
  if (mapHas(toldOnce, text) || mapSize(toldOnce) > 500) return;
  mapSet(toldOnce, text, true);
  warn(text);
}
