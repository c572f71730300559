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
  const file = regExpExec(/^(.*)\.js$/, loading);
  const path = file !== null && file[1] !== defining && host('hasView', file[1]) ? file[1] : defining;
  if (path === null) {
    warn(kind + '() was called outside of the loading of a page or component; it is ignored');
    return;
  }
  mapSet(plans, path, makePlan(path, kind, definition));
}

const PAGE_SKIPPED = freeze({ __proto__: null, data: true, behaviors: true, options: true });

function makePlan(path, kind, definition) {
  const plan = {
    path,
    kind,
    prototype: createObject(componentMembers),
    behaviors: [],
    data: {},
    properties: {},
    relations: {},
    messages: {},
    observers: [],
    lifetimes: createObject(null),
    pageLifetimes: createObject(null),
    members: null,
    exported: undefined,
    externalClasses: [],
    options: {},
    isPure: () => false,
    initial: {},
    holdsFunctions: false,
    told: false,
  };
  filterDefinition(definition);
  if (kind === 'Page') {
    // A page's members are its own; only what its behaviors say is mixed in.
    mixDefinition(plan, { behaviors: definition.behaviors, data: definition.data, messages: definition.messages });
    plan.members = definition;
  } else {
    mixDefinition(plan, definition);
    if (isArray(definition.externalClasses)) plan.externalClasses = definition.externalClasses;
  }
  if (isObject(definition.options)) plan.options = definition.options;
  const pattern = plan.options.pureDataPattern;
  if (pattern !== undefined) plan.isPure = pureTest(path, pattern);
  collectInitial(plan);
  return plan;
}

// A test for the names of fields that the view never sees.
function pureTest(path, pattern) {
  try {
    regExpExec(pattern, '');
  } catch {
    warn(path + ': pureDataPattern must be a regular expression; it is ignored');
    return () => false;
  }
  return (name) => {
    pattern.lastIndex = 0;
    return regExpExec(pattern, name) !== null;
  };
}

// The data that every instance begins with: that of the definition and the values of its properties.
function collectInitial(plan) {
  const { data } = plan;
  const names = objectKeys(plan.properties);
  for (let index = 0; index < names.length; index++) putOwn(data, names[index], plan.properties[names[index]].value);
  try {
    const copied = copyData(data, 'data', [], sharedFunctions);
    plan.initial = copied.value;
    plan.holdsFunctions = copied.holdsFunctions;
  } catch (error) {
    reportError(error, 'the data of ' + plan.path);
  }
}

function initialData(plan) {
  const data = copyPlain(plan.initial);
  return plan.holdsFunctions ? revive(data, sharedFunctions) : data;
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
  const { paths, config } = host('components', route);
  for (let index = 0; index < paths.length; index++) defineComponent(paths[index]);
  runDefinition(route, 'neither Page() nor Component()');
  let plan = mapGet(plans, route);
  if (plan === undefined) {
    plan = makePlan(route, 'Page', {});
    mapSet(plans, route, plan);
  }
  configure(plan, config);
  return plan;
}

// What the `.json` beside the file says of it.
function configure(plan, config) {
  if (typeof config.pureDataPattern !== 'string' || plan.options.pureDataPattern !== undefined) return;
  try {
    plan.isPure = pureTest(plan.path, construct(NativeRegExp, [config.pureDataPattern]));
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
    if (!plan.isPure(name)) putOwn(data, name, value);
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
