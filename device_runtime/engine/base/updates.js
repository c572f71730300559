// setData and what follows from it, in WeChat's order: the data, observers (what they set joins in), the view with all
// components in it, and last the observers of properties.

function makeUpdate() {
  return { sent: null, marked: null, properties: null };
}

function setData(node, changes, callback) {
  if (typeof changes !== 'object' || changes === null || isArray(changes)) {
    throw new NativeTypeError('setData: the first argument must be an object, not ' + describe(changes, 0, [], true));
  }
  const dropped = [];
  const writes = [];
  let keys;
  try {
    keys = objectKeys(changes);
  } catch (error) {
    throw new BorderError('', 'cannot be read: ' + describe(error));
  }
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index];
    const steps = parsePath(key);
    const value = readMember(changes, key, key);
    const sent = copyData(value, key, dropped, node.page);
    if (sent === undefined && !isObject(value)) append(dropped, key);
    // The data have an object itself, as in WeChat; what the view gets is a copy.
    else append(writes, { key, steps, value: isObject(value) ? value : sent, sent });
  }
  if (dropped.length > 0) warnDropped('setData in ' + node.plan.path, dropped);
  const update = updateOf(node);
  for (let index = 0; index < writes.length; index++) writeData(node, writes[index], update);
  if (!node.running) announce(node);
  if (typeof callback === 'function') afterRender(node, 'the callback of setData', callback);
}

function updateOf(node) {
  if (node.given !== null) receive(node);
  if (node.update === null) node.update = makeUpdate();
  return node.update;
}

// One write of the node's own: to its data, and to what the view is sent.
function writeData(node, write, update) {
  const { plan, instance } = node;
  const { key, steps } = write;
  let { value, sent } = write;
  const name = steps[0];
  const pure = isPure(plan, name);
  if (!isObject(instance.data)) instance.data = {};
  const property = hasOwn(plan.properties, name) ? plan.properties[name] : undefined;
  if (property !== undefined && steps.length === 1) {
    const old = instance.data[name];
    const fitting = fitProperty(plan.path, property, value);
    if (fitting !== value) {
      value = fitting;
      sent = typeof fitting === 'function' ? null : fitting;
    }
    putOwn(instance.data, name, value);
    if (!pure && old !== value) noteProperty(update, property, value, old, steps);
  } else {
    applyPath(instance.data, steps, value);
    if (property !== undefined && !pure) noteProperty(update, property, value, undefined, steps);
  }
  mark(update, plan, steps);
  if (pure || sent === undefined) return;
  if (update.sent === null) update.sent = {};
  // A path that is set again must come after what was set in between.
  else if (hasOwn(update.sent, key)) delete update.sent[key];
  putOwn(update.sent, toWellFormed(key), sent);
}

function mark(update, plan, steps) {
  if (plan.observers.length === 0) return;
  if (update.marked === null) update.marked = [];
  markObservers(plan.observers, steps, update.marked);
}

function noteProperty(update, property, value, old, steps) {
  if (property.observer === undefined) return;
  if (update.properties === null) update.properties = [];
  for (let index = 0; index < update.properties.length; index++) {
    const noted = update.properties[index];
    if (noted.property === property && noted.steps.length === 1 && steps.length === 1) {
      noted.value = value;
      return;
    }
  }
  append(update.properties, { property, value, old, steps });
}

// Tells of what was set: observers, then the view, then the observers of properties.
function announce(node) {
  const { update } = node;
  if (update === null) return;
  if (update.marked !== null) {
    node.running = true;
    try {
      runObservers(node, update.marked);
    } finally {
      node.running = false;
    }
  }
  node.update = null;
  if (update.sent !== null) sendUpdate(node, update.sent);
  if (update.properties === null) return;
  for (let index = 0; index < update.properties.length; index++) {
    const { property, value, old, steps } = update.properties[index];
    callOn(node, property.observer, 'the observer of the property "' + property.name + '"', [value, old, steps]);
  }
}

function sendUpdate(node, sent) {
  const { page } = node;
  if (!page.rendered || node.gone) return;
  const start = node.performance === null ? 0 : now();
  const answer = host('setData', page.id, node.id, sent);
  if (typeof answer === 'string') throw new NativeError(answer);
  if (answer !== null) carryOut(page, answer);
  if (node.performance !== null) tellPerformance(node, sent, start);
}

// What the owner passed before the component was created: its observers hear of it only now.
function receive(node) {
  const values = node.given;
  node.given = null;
  take(node, values);
}

// Properties that the owner passed; the view and its copy of the data have them already.
function take(node, values) {
  const names = objectKeys(values);
  if (names.length === 0) return;
  revive(values, node.page);
  const { plan, instance } = node;
  const update = updateOf(node);
  if (!isObject(instance.data)) instance.data = {};
  for (let index = 0; index < names.length; index++) {
    const name = names[index];
    const old = instance.data[name];
    putOwn(instance.data, name, values[name]);
    if (hasOwn(plan.properties, name) && !isPure(plan, name) && old !== values[name]) {
      noteProperty(update, plan.properties[name], values[name], old, [name]);
    }
    mark(update, plan, [name]);
  }
}

// A two-way binding of a component: what it is bound to, here, got its value from the view.
function takeAt(node, path, value) {
  const steps = parsePath(path);
  const update = updateOf(node);
  const { plan, instance } = node;
  if (!isObject(instance.data)) instance.data = {};
  const revived = revive(value, node.page);
  const name = steps[0];
  const old = steps.length === 1 ? instance.data[name] : undefined;
  applyPath(instance.data, steps, revived);
  if (hasOwn(plan.properties, name)) noteProperty(update, plan.properties[name], revived, old, steps);
  mark(update, plan, steps);
}

const renderCallbacks = [];

// For a page or component, or for nobody in particular (null).
function afterRender(node, what, callback) {
  append(renderCallbacks, { node, what, callback });
  host('afterRender');
}

// The patches of this turn are on their way to the screen: new components are ready, then setData's callbacks run.
function rendered() {
  mapForEach(pages, (page) => {
    if (page.shown) runReady(page);
  });
  const due = splice(renderCallbacks, 0, renderCallbacks.length);
  for (let index = 0; index < due.length; index++) {
    const { node, what, callback } = due[index];
    if (node === null) guard(what, callback, undefined, []);
    else callOn(node, callback, what, []);
  }
}

let updateNumber = 0;

function tellPerformance(node, sent, start) {
  const { options, listener } = node.performance;
  const result = {
    updateProcessId: ++updateNumber,
    isMergedUpdate: false,
    pendingStartTimestamp: start,
    updateStartTimestamp: start,
    updateEndTimestamp: now(),
  };
  if (isObject(options) && options.withDataPaths) {
    const paths = [];
    const keys = objectKeys(sent);
    for (let index = 0; index < keys.length; index++) append(paths, parsePath(keys[index]));
    putOwn(result, 'dataPaths', paths);
  }
  callOn(node, listener, 'the update performance listener', [result]);
}
