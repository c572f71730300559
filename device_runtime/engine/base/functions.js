// Functions in data: a property can be given one. Where data go to the view, a token stands for a function; where they
// come back, the token is the function again. A page holds the functions of its own data, the rest are shared.

const TOKEN = '\u0000function';
const shared = { functions: null };
let nextFunction = 1;
let keeper = null;
// Whether copies since this was last unset hold functions.
let holdsFunctions = false;

// A copy as copyOut makes one, in which functions are tokens, kept by a page or by `shared`.
function copyData(value, path, dropped, holder) {
  const outer = keeper;
  keeper = holder;
  try {
    return copyOut(value, path, dropped);
  } finally {
    keeper = outer;
  }
}

function functionToken(method) {
  holdsFunctions = true;
  let id = shared.functions === null ? undefined : weakGet(shared.functions.ids, method);
  if (id === undefined) {
    if (keeper.functions === null) keeper.functions = { ids: new NativeWeakMap(), methods: new NativeMap() };
    id = weakGet(keeper.functions.ids, method);
    if (id === undefined) {
      id = nextFunction++;
      weakSet(keeper.functions.ids, method, id);
      mapSet(keeper.functions.methods, id, method);
    }
  }
  return { [TOKEN]: id };
}

function methodOf(id, holder) {
  const own = holder.functions === null ? undefined : mapGet(holder.functions.methods, id);
  if (own !== undefined || shared.functions === null) return own || null;
  return mapGet(shared.functions.methods, id) || null;
}

// The same value with functions in the place of tokens: in place, but for a value that is a token itself.
function revive(value, holder) {
  if (typeof value !== 'object' || value === null || (holder.functions === null && shared.functions === null)) return value;
  if (hasOwn(value, TOKEN)) return methodOf(value[TOKEN], holder);
  const keys = objectKeys(value);
  for (let index = 0; index < keys.length; index++) {
    const member = value[keys[index]];
    if (typeof member === 'object' && member !== null) putOwn(value, keys[index], revive(member, holder));
  }
  return value;
}
