// What an update of the view brought about in components, carried out here once the view is done: it cannot call into
// JavaScript while JavaScript waits for it. First everything has the data that the view has; only then does code of the
// program run, so that what it sets in turn builds on the same.

function carryOut(page, effects) {
  for (let index = 0; index < effects.length; index++) {
    const effect = effects[index];
    const kind = effect[0];
    if (kind === 'create') {
      adopt(page, effect);
    } else if (kind === 'properties') {
      const node = mapGet(page.nodes, effect[1]);
      if (node === undefined) continue;
      if (node.given === null) take(node, effect[2]);
      else eachOwn(effect[2], (name, value) => putOwn(node.given, name, value));
    } else if (kind === 'model') {
      const node = nodeOf(page.id, effect[1]);
      if (node !== undefined) takeAt(node, effect[2], effect[3]);
    } else if (kind === 'remove') {
      const node = mapGet(page.nodes, effect[1]);
      if (node !== undefined) node.gone = true;
    }
  }
  for (let index = 0; index < effects.length; index++) {
    const effect = effects[index];
    const node = effect[1] === 0 ? page.root : mapGet(page.nodes, effect[1]);
    if (node === undefined) continue;
    switch (effect[0]) {
      case 'create': {
        const fresh = [];
        for (; index < effects.length && effects[index][0] === 'create'; index++) {
          const next = mapGet(page.nodes, effects[index][1]);
          if (next !== undefined) append(fresh, next);
        }
        index--;
        bringUp(page, fresh);
        break;
      }
      case 'properties':
      case 'model':
        announceSafely(node);
        break;
      case 'remove':
        takeDown(node);
        break;
      case 'move':
        if (!node.attached) break;
        runLifetime(node, 'moved');
        relate(node, true);
        break;
    }
  }
}

function announceSafely(node) {
  if (node.running || node.given !== null) return;
  try {
    announce(node);
  } catch (error) {
    reportError(error, 'an update of ' + node.plan.path);
  }
}

function adopt(page, effect) {
  const plan = mapGet(plans, effect[3]);
  const owner = effect[2] === 0 ? page.root : mapGet(page.nodes, effect[2]);
  if (plan === undefined || owner === undefined) return;
  const node = makeNode(page, effect[1], owner, plan);
  node.given = effect[4];
  if (page.nodes === NO_NODES) page.nodes = new NativeMap();
  mapSet(page.nodes, node.id, node);
  if (owner.attached) return;
  if (owner.waiting === null) owner.waiting = [];
  append(owner.waiting, node);
}

// New components, in the order of the document: a component is created after those in its shadow tree and before those
// in its slots; it is attached before both.
function bringUp(page, fresh) {
  const open = [];
  const create = () => {
    const node = open[open.length - 1];
    splice(open, open.length - 1, 1);
    if (node.closed) return;
    runLifetime(node, 'created');
    if (node.given !== null) receive(node);
    announceSafely(node);
    if (page.unready === NONE) page.unready = [];
    append(page.unready, node);
  };
  for (let index = 0; index < fresh.length; index++) {
    while (open.length > 0 && open[open.length - 1] !== fresh[index].owner) create();
    append(open, fresh[index]);
  }
  while (open.length > 0) create();
  for (let index = 0; index < fresh.length; index++) {
    const node = fresh[index];
    if (node.owner.attached && !node.attached) attach(node);
  }
  if (page.shown) host('afterRender');
}

function attach(node) {
  if (node.closed) return;
  node.attached = true;
  runLifetime(node, 'attached');
  relate(node, false);
  attachWaiting(node);
}

function attachWaiting(node) {
  const waiting = node.waiting;
  node.waiting = null;
  if (waiting === null) return;
  for (let index = 0; index < waiting.length; index++) if (!waiting[index].attached) attach(waiting[index]);
}

function runReady(page) {
  if (page.unready.length === 0) return;
  const due = splice(page.unready, 0, page.unready.length);
  for (let index = 0; index < due.length; index++) {
    if (due[index].attached && !due[index].closed) runLifetime(due[index], 'ready');
  }
}

function takeDown(node) {
  if (node.closed) return;
  if (node.attached) {
    node.attached = false;
    runLifetime(node, 'detached');
    unrelate(node);
  }
  node.closed = true;
  mapDelete(node.page.nodes, node.id);
}
