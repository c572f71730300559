// Events: what the view routed to handlers, and what components trigger themselves.

// An event that the view routed to a handler of a page or component. A text that it returns is the answer: of an event
// `input` it takes the place of what was typed.
function fireHandler(pageId, owner, handler, event) {
  const node = nodeOf(pageId, owner);
  if (node === undefined) return null;
  const method = node.instance[handler];
  if (typeof method !== 'function') {
    warn(node.plan.path + ' has no method "' + handler + '" for the event ' + event.type);
    return null;
  }
  const result = callOn(node, method, handler, [event]);
  return typeof result === 'string' ? toWellFormed(result) : null;
}

function triggerEvent(node, type, detail, options) {
  if (node.id !== 0 && !node.gone) triggerOn(node.page.id, node.id, type, detail, isObject(options) ? options : {});
}

// An event of the program's own making on a node. A handler may be a function of a template's module: the worker runs
// it, and it may end the event's way.
function triggerOn(pageId, id, type, detail, options) {
  const calls = host('route', pageId, id, type, {
    bubbles: !!options.bubbles,
    composed: !!options.composed,
    capturePhase: !!options.capturePhase,
  });
  for (let index = 0; index < calls.length; index++) {
    const { owner, handler, target, currentTarget, mark } = calls[index];
    const event = {
      type, timeStamp: floor(clock()), target, currentTarget, mark, detail, touches: [], changedTouches: [],
    };
    if (calls[index].module === undefined) {
      fireHandler(pageId, owner, handler, event);
    } else if (!host('moduleHandle', pageId, calls[index], copyOut(event, 'event', []))) {
      return;
    }
  }
}

// A module of a template calls a method of a page or component, or triggers an event on a node.
function callMethod(pageId, id, name, values) {
  const node = nodeOf(pageId, id);
  if (node !== undefined) callOn(node, name, 'callMethod', [values]);
}

// The nearest component around one: in the same tree, else the component or page that the tree is of.
function aroundOf(node) {
  if (node.owner === null) return null;
  const ancestors = node.gone ? [] : host('ancestors', node.page.id, node.id);
  for (let index = 0; index < ancestors.length; index++) {
    const around = mapGet(node.page.nodes, ancestors[index]);
    if (around !== undefined) return around;
  }
  return node.owner;
}

// SWAN's way upwards: the first one around that lists the message in `messages` hears it.
function dispatchMessage(node, name, value) {
  for (let around = aroundOf(node); around !== null; around = aroundOf(around)) {
    const method = hasOwn(around.plan.messages, name) ? around.plan.messages[name] : undefined;
    if (typeof method === 'function') {
      callOn(around, method, 'the message "' + name + '"', [{ name, target: node.instance, value }]);
      return;
    }
  }
}

// What the form fields of a form's own tree hold ("wx://form-field"): the screen knows the built-in ones only.
function formValues(pageId, form) {
  const page = mapGet(pages, pageId);
  const values = {};
  if (page === undefined) return values;
  const nodes = nodesOf(page);
  for (let index = 0; index < nodes.length; index++) {
    const node = nodes[index];
    if (!usesBehavior(node.plan, 'form-field') || node.gone) continue;
    const { name, value } = node.instance.data;
    if (typeof name !== 'string' || name === '') continue;
    const ancestors = host('ancestors', pageId, node.id);
    for (let place = 0; place < ancestors.length; place++) {
      if (ancestors[place] !== form) continue;
      const copy = copyOut(value, name, []);
      putOwn(values, name, copy === undefined ? null : copy);
    }
  }
  return values;
}
