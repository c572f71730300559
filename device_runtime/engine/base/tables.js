// console.table as lines of text: a row an item, a column a member.

const MAX_COLUMNS = 20;

// The lines, or null for what is no table.
function tableLines(value, columns) {
  if (!isObject(value) || typeof value === 'function') return null;
  try {
    const rows = objectKeys(value);
    const names = isArray(columns) ? tableNames(columns) : tableColumns(value, rows);
    const grid = [prependCells('(index)', names)];
    for (let row = 0; row < rows.length && row < MAX_ITEMS; row++) {
      const item = value[rows[row]];
      const cells = [];
      for (let column = 0; column < names.length; column++) append(cells, tableCell(item, names[column]));
      append(grid, prependCells(rows[row], cells));
    }
    const lines = alignCells(grid);
    if (rows.length > MAX_ITEMS) append(lines, '... ' + (rows.length - MAX_ITEMS) + ' more rows');
    return lines;
  } catch {
    return null;
  }
}

const VALUES = 'Values';

function tableNames(columns) {
  const names = [];
  for (let index = 0; index < columns.length && index < MAX_COLUMNS; index++) append(names, toText(columns[index]));
  return names;
}

// The members of all rows in the order of their first mention; plain values have a column of their own, the last.
function tableColumns(value, rows) {
  const known = new NativeMap();
  const names = [];
  let plain = false;
  for (let row = 0; row < rows.length && row < MAX_ITEMS; row++) {
    const item = value[rows[row]];
    if (!isObject(item)) {
      plain = true;
      continue;
    }
    const keys = objectKeys(item);
    for (let index = 0; index < keys.length && names.length < MAX_COLUMNS; index++) {
      if (mapHas(known, keys[index])) continue;
      mapSet(known, keys[index], true);
      append(names, keys[index]);
    }
  }
  if (plain) append(names, VALUES);
  return names;
}

function tableCell(item, name) {
  if (!isObject(item)) return name === VALUES ? describe(item, 0, [], true) : '';
  return hasOwn(item, name) ? describe(item[name], MAX_DEPTH - 1, [], true) : '';
}

function prependCells(first, cells) {
  const all = [first];
  for (let index = 0; index < cells.length; index++) append(all, cells[index]);
  return all;
}

function alignCells(grid) {
  const lines = [];
  const widths = [];
  for (let row = 0; row < grid.length; row++) {
    for (let column = 0; column < grid[row].length; column++) {
      const width = grid[row][column].length;
      if (widths.length <= column) append(widths, width);
      else if (width > widths[column]) widths[column] = width;
    }
  }
  for (let row = 0; row < grid.length; row++) {
    let line = '';
    for (let column = 0; column < grid[row].length; column++) {
      const cell = grid[row][column];
      const last = column === grid[row].length - 1;
      line += (column ? ' | ' : '') + cell + (last ? '' : repeat(' ', widths[column] - cell.length));
    }
    append(lines, line);
  }
  return lines;
}
