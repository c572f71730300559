// Page() and Component(): a definition becomes a plan, which all instances of one path share.

const plans = new NativeMap();
const tried = new NativeMap();
let defining = null;

hidden(globalThis, 'Page', function Page(definition) {
  requireDefinition('Page', definition);
  register('Page', definition);
});

hidden(globalThis, 'Component', function Component(definition) {
  requireDefinition('Component', definition);
  register('Component', definition);
});

// Whose definition it is: that of the file being run, or of the page or component that this file is run for.
function register(kind, definition) {
  let path = defining;
  if (loading !== defining + '.js') {
    const file = slice(loading, 0, -3);
    if (file !== '' && host('hasView', file)) path = file;
  }
  if (path === null) {
    warn(kind + '() was called outside of the loading of a page or component; it is ignored');
    return;
  }
  mapSet(plans, path, makePlan(path, kind, definition));
}

const PAGE_SKIPPED = freeze({ __proto__: null, data: true, behaviors: true, options: true });

function makePlan(path, kind, definition) {
  const plan = createObject(EMPTY_PLAN);
  plan.path = path;
  plan.kind = kind;
  if (isObject(definition.options)) plan.options = definition.options;
  const data = {};
  if (isArray(definition.behaviors)) filterDefinition(definition);
  if (kind === 'Component') {
    mixDefinition(plan, data, definition);
    if (isArray(definition.externalClasses)) plan.externalClasses = definition.externalClasses;
  } else {
    // A page's members are its own; only what its behaviors say is mixed in.
    plan.members = definition;
    if (isArray(definition.behaviors)) mixDefinition(plan, data, { behaviors: definition.behaviors });
    if (isObject(definition.data)) mergeData(data, definition.data);
    if (isObject(definition.messages)) plan.messages = definition.messages;
  }
  const pattern = plan.options.pureDataPattern;
  if (pattern !== undefined) setPure(plan, pattern);
  collectInitial(plan, data);
  return plan;
}

const NONE = freeze([]);
const NOTHING = freeze(createObject(null));

// What a plan has until it gets something of its own: most have little of all this.
const EMPTY_PLAN = {
  __proto__: null,
  prototype: componentMembers, // of its instances
  behaviors: NONE,
  properties: NOTHING,
  relations: NOTHING,
  messages: NOTHING,
  observers: NONE,
  lifetimes: NOTHING,
  pageLifetimes: NOTHING,
  members: null, // of a page: put on each instance
  exported: undefined,
  externalClasses: NONE,
  options: NOTHING,
  pure: null,
  initial: NOTHING,
  holdsFunctions: false,
  told: false, // to the view
};

// Puts a member into a table or list of a plan, which is made when it gets its first.
function addTo(plan, table, key, value) {
  if (plan[table] === NOTHING) plan[table] = createObject(null);
  plan[table][key] = value;
}

function appendTo(plan, list, value) {
  if (plan[list] === NONE) plan[list] = [];
  append(plan[list], value);
}

// The pattern of the fields that the view never sees.
function setPure(plan, pattern) {
  try {
    regExpExec(pattern, '');
    plan.pure = pattern;
  } catch {
    warn(plan.path + ': pureDataPattern must be a regular expression; it is ignored');
  }
}

function isPure(plan, name) {
  if (plan.pure === null) return false;
  plan.pure.lastIndex = 0;
  return regExpExec(plan.pure, name) !== null;
}

// The data that every instance begins with: that of the definition and the values of its properties.
function collectInitial(plan, data) {
  if (plan.properties !== NOTHING) eachOwn(plan.properties, (name, property) => putOwn(data, name, property.value));
  holdsFunctions = false;
  try {
    plan.initial = copyData(data, 'data', [], shared);
    if (holdsFunctions) plan.holdsFunctions = true;
  } catch (error) {
    reportError(error, 'the data of ' + plan.path);
  }
}

function initialData(plan) {
  const data = copyPlain(plan.initial);
  return plan.holdsFunctions ? revive(data, shared) : data;
}

// Runs the file of a page or component once; it says what it is by calling Page or Component.
function runDefinition(path, expected) {
  if (mapHas(tried, path)) return;
  mapSet(tried, path, true);
  const outer = defining;
  const name = path + '.js';
  defining = path;
  try {
    loadModule(resolveModule('', '/' + name));
    if (!mapHas(plans, path)) reportError(new ModuleError(name + ' calls ' + expected), name);
  } catch (error) {
    reportError(error, name);
  } finally {
    defining = outer;
  }
}

// The plan of a page. The components that it uses come first, the innermost foremost.
function pagePlan(route) {
  const known = host('components', route);
  if (known !== null) {
    for (let index = 0; index < known.paths.length; index++) defineComponent(known.paths[index]);
  }
  runDefinition(route, 'neither Page() nor Component()');
  let plan = mapGet(plans, route);
  if (plan === undefined) {
    plan = makePlan(route, 'Page', {});
    mapSet(plans, route, plan);
  }
  if (known !== null) configure(plan, known.config);
  return plan;
}

// What the `.json` beside the file says of it.
function configure(plan, config) {
  if (typeof config.pureDataPattern !== 'string' || plan.options.pureDataPattern !== undefined) return;
  try {
    setPure(plan, construct(NativeRegExp, [config.pureDataPattern]));
  } catch (error) {
    reportError(error, plan.path + '.json');
  }
}

// Makes a component known to the view; one that cannot be had is reported, and the view leaves it out.
function defineComponent(path) {
  runDefinition(path, 'no Component()');
  const plan = mapGet(plans, path);
  if (plan === undefined || plan.told) return;
  plan.told = true;
  if (plan.kind !== 'Component') {
    reportError(new ModuleError(path + '.js is used as a component and calls Page(); it must call Component()'), path + '.js');
    return;
  }
  const config = host('componentConfig', path);
  configure(plan, config);
  host('defineComponent', path, componentFacts(plan, config));
}

function componentFacts(plan, config) {
  const { options } = plan;
  const data = {};
  eachOwn(plan.initial, (name, value) => {
    if (!isPure(plan, name)) putOwn(data, name, value);
  });
  const properties = {};
  eachOwn(plan.properties, (name, property) => {
    const types = [];
    for (let index = 0; index < property.types.length; index++) {
      append(types, property.types[index] === 'Function' ? 'null' : property.types[index]);
    }
    putOwn(properties, name, { types, default: types[0] === 'null' ? null : fallbackOf(types[0]) });
  });
  const classes = [];
  for (let index = 0; index < plan.externalClasses.length; index++) append(classes, toText(plan.externalClasses[index]));
  const isolation = options.styleIsolation || (options.addGlobalClass ? 'apply-shared' : config.styleIsolation);
  return {
    properties,
    data,
    externalClasses: classes,
    styleIsolation: typeof isolation === 'string' ? isolation : 'isolated',
    multipleSlots: !!options.multipleSlots,
    dynamicSlots: !!options.dynamicSlots,
    virtualHost: !!options.virtualHost,
  };
}
