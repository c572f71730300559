// Puts one peer through the same steps as Cygnet (benchmarks/ours.py) and writes what it saw as JSON, one line each.
//
//   node <peer>.cjs PLAN
//
// PLAN is JSON: the folder of each page by name and row count, and the steps with how often each is taken. A peer is
// an object of one function, open(folder, name), whose answer, or what is promised by it, has
//   call(step)   run a handler of the page, to the end of what the system then does by itself, now or as a promise
//   rows()       what it shows: [class, name, value] of each row
//   text()       all text that it shows
'use strict';

const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

const write = (line) => fs.writeSync(1, JSON.stringify(line) + '\n');

// Kilobytes of a field of /proc/self/<file>, summed over the lines that begin with it.
function kilobytes(file, field) {
  return fs
    .readFileSync('/proc/self/' + file, 'ascii')
    .split('\n')
    .filter((line) => line.startsWith(field))
    .reduce((sum, line) => sum + Number(line.match(/(\d+) kB/)[1]), 0);
}

function state(page) {
  const hash = createHash('sha256');
  const rows = page.rows();
  for (const row of rows) hash.update(row.join('|') + '\n');
  return [rows.length, hash.digest('hex')];
}

// The definition that a page file gives to Page(), as data and methods; the file is run anew each time.
function definition(folder, name) {
  const file = path.join(folder, 'pages', name, name + '.js');
  let found = null;
  globalThis.Page = (options) => {
    found = options;
  };
  delete require.cache[require.resolve(file)];
  require(file);
  const { data, ...methods } = found;
  return { data, methods };
}

async function measureSteps(page, plan) {
  const taken = {};
  const take = async (step) => {
    const started = performance.now();
    await page.call(step);
    (taken[step] ??= []).push(performance.now() - started);
  };
  const check = (step, times) => write({ state: step, times, rows: plan.rows, is: state(page) });
  for (const [step, times] of plan.steps) {
    await take('clear');
    check('clear', 1);
    await take('fill');
    check('fill', 1);
    for (let time = 0; time < times; time++) await take(step);
    check(step, times);
  }
  for (const step in taken) write({ measure: step, rows: plan.rows, unit: 'ms', values: taken[step] });
}

async function carryOut(peer) {
  const plan = JSON.parse(process.argv[2]);
  let page = await peer.open(plan.folder, plan.name);
  write({ first: true });
  if (plan.name === 'hello') {
    write({ text: page.text() });
  } else {
    write({ state: 'fill', times: 1, rows: plan.rows, is: state(page) });
  }
  // Not its clean pages: those are files, which a second process of Node would share.
  write({ measure: 'private', rows: plan.rows, unit: 'kB', values: [kilobytes('smaps_rollup', 'Private_Dirty')] });
  const launches = [];
  for (let time = 0; time < plan.launches; time++) {
    const started = performance.now();
    page = await peer.open(plan.folder, plan.name);
    launches.push(performance.now() - started);
  }
  write({ measure: 'launch', rows: plan.rows, unit: 'ms', values: launches });
  await measureSteps(page, plan);
  write({ measure: 'peak', rows: plan.rows, unit: 'kB', values: [kilobytes('status', 'VmHWM')] });
}

// What goes wrong is told in one line, the last.
exports.run = (peer) =>
  carryOut(peer).catch((error) => {
    process.stderr.write(`${error}\n`);
    process.exit(1);
  });

exports.definition = definition;
