// Functions in data: a property can be given one. Where data go to the view, a token stands for a function; where they
// come back, the token is the function again.

const TOKEN = '\u0000function';
const sharedFunctions = makeFunctionTable();
let keeping = null;

function makeFunctionTable() {
  return { ids: new NativeWeakMap(), functions: new NativeMap() };
}

let nextFunction = 1;

function functionToken(method) {
  let id = weakGet(sharedFunctions.ids, method) || weakGet(keeping.table.ids, method);
  if (id === undefined) {
    id = nextFunction++;
    weakSet(keeping.table.ids, method, id);
    mapSet(keeping.table.functions, id, method);
  }
  keeping.found = true;
  return { [TOKEN]: id };
}

// A copy as copyOut makes one, in which functions are tokens of `table`.
function copyData(value, path, dropped, table) {
  const outer = keeping;
  keeping = { table, found: false };
  try {
    const copy = copyOut(value, path, dropped);
    return { value: copy, holdsFunctions: keeping.found };
  } finally {
    keeping = outer;
  }
}

// The same value with functions in the place of tokens: in place, but for a value that is a token itself.
function revive(value, table) {
  if (typeof value !== 'object' || value === null) return value;
  if (hasOwn(value, TOKEN)) {
    const id = value[TOKEN];
    return mapGet(table.functions, id) || mapGet(sharedFunctions.functions, id) || null;
  }
  const keys = objectKeys(value);
  for (let index = 0; index < keys.length; index++) {
    const member = value[keys[index]];
    if (typeof member === 'object' && member !== null) putOwn(value, keys[index], revive(member, table));
  }
  return value;
}

function mayHoldFunctions(table) {
  return mapSize(table.functions) + mapSize(sharedFunctions.functions) > 0;
}
