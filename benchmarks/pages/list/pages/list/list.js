// The page that every system shows. A handler is one step of the benchmark, which names it.
const COUNT = require('../../count.js');

const row = (id, value) => ({ id, kind: id % 2 ? 'odd' : 'even', name: 'Row ' + id, value });
const rows = (from, value) => Array.from({ length: COUNT }, (_, n) => row(from + n, value));

Page({
  data: { list: rows(0, 0) },
  // One cell of the row in the middle.
  cell() {
    const path = 'list[' + COUNT / 2 + '].value';
    this.setData({ [path]: this.data.list[COUNT / 2].value + 1 });
  },
  // One row more at the end.
  append() {
    const { length } = this.data.list;
    this.setData({ ['list[' + length + ']']: row(1000000 + length, 0) });
  },
  // The second row and the last but one change places.
  swap() {
    const list = this.data.list.slice();
    const other = list.length - 2;
    [list[1], list[other]] = [list[other], list[1]];
    this.setData({ list });
  },
  // The same rows from the last to the first.
  reverse() {
    this.setData({ list: this.data.list.slice().reverse() });
  },
  // The rows of the beginning with other values: their keys stay.
  refresh() {
    this.setData({ list: rows(0, this.data.list[0].value + 1) });
  },
  // Other rows with other keys.
  replace() {
    this.setData({ list: rows(this.data.list[0].id + 2 * COUNT, 0) });
  },
  clear() {
    this.setData({ list: [] });
  },
  // The rows of the beginning, after a clear.
  fill() {
    this.setData({ list: rows(0, 0) });
  },
});
