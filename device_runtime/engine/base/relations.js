// Relations between components in one tree: parent and child, ancestor and descendant.

const UPWARDS = freeze({ __proto__: null, parent: 'child', ancestor: 'descendant' });

// `target` is a behavior that the other must have, else the path of the other, which the key gives.
function readRelation(path, key, given) {
  const { type } = given;
  if (type !== 'child' && type !== 'descendant' && UPWARDS[type] === undefined) {
    warn(path + ': the relation "' + key + '" has the type ' + describe(type, 0, [], true) + ', and not parent, child, ancestor or descendant');
  }
  const target = given.target === undefined || given.target === null ? key : given.target;
  const place = typeof target === 'string' && builtInName(target) === undefined ? resolvePath(path, target) : target;
  return { key, type, target: place, linked: given.linked, linkChanged: given.linkChanged, unlinked: given.unlinked };
}

// "../b/b" as the component at `from` writes it -> "components/b/b".
function resolvePath(from, path) {
  const parts = [];
  const part = /[^/]+/g;
  const collect = (text) => {
    part.lastIndex = 0;
    for (let match = regExpExec(part, text); match !== null; match = regExpExec(part, text)) {
      if (match[0] === '..') splice(parts, parts.length - 1, 1);
      else if (match[0] !== '.') append(parts, match[0]);
    }
  };
  if (!startsWith(path, '/')) {
    collect(from);
    splice(parts, parts.length - 1, 1);
  }
  collect(path);
  return join(parts, '/');
}

function hasBehavior(plan, behavior) {
  if (typeof behavior === 'string') {
    const name = builtInName(behavior);
    return name !== undefined ? usesBehavior(plan, name) : plan.path === behavior;
  }
  return usesBehavior(plan, behavior);
}

// Finds those that a component is related to upwards, after it was attached or moved.
function relate(node, moved) {
  let ancestors = null;
  eachOwn(node.plan.relations, (key, relation) => {
    if (UPWARDS[relation.type] === undefined) return;
    if (ancestors === null) ancestors = host('ancestors', node.page.id, node.id);
    link(node, relation, findRelated(node, relation, ancestors), moved);
  });
}

// {target, relation}: the nearest component that has the behavior and a relation of its own to this one.
function findRelated(node, relation, ancestors) {
  for (let index = 0; index < ancestors.length; index++) {
    const target = mapGet(node.page.nodes, ancestors[index]);
    if (target === undefined) continue;
    if (hasBehavior(target.plan, relation.target)) {
      const other = findCounterpart(target.plan, UPWARDS[relation.type], node.plan);
      if (other !== undefined) return { target, relation: other };
    }
    if (relation.type === 'parent') return null;
  }
  return null;
}

function findCounterpart(plan, type, other) {
  let found;
  eachOwn(plan.relations, (key, relation) => {
    if (found === undefined && relation.type === type && hasBehavior(other, relation.target)) found = relation;
  });
  return found;
}

function link(node, relation, found, moved) {
  if (node.parents === null) node.parents = new NativeMap();
  const old = mapGet(node.parents, relation);
  if (found === null) mapDelete(node.parents, relation);
  else mapSet(node.parents, relation, found);
  const same = old !== undefined && found !== null && old.target === found.target && old.relation === found.relation;
  if (same) {
    if (!moved) return;
    childrenOf(old.target, old.relation).sorted = false;
    tellBoth(node, relation, old, 'linkChanged');
    return;
  }
  if (old !== undefined) {
    const { list } = childrenOf(old.target, old.relation);
    for (let index = 0; index < list.length; index++) if (list[index] === node) splice(list, index--, 1);
    tellBoth(node, relation, old, 'unlinked');
  }
  if (found !== null) {
    const children = childrenOf(found.target, found.relation);
    append(children.list, node);
    // On a page that is shown, a component may come in front of others.
    if (node.page.shown) children.sorted = false;
    tellBoth(node, relation, found, 'linked');
  }
}

function tellBoth(node, relation, found, event) {
  const { target } = found;
  callOn(target, found.relation[event], event, [node.instance]);
  callOn(node, relation[event], event, [target.instance]);
}

function unrelate(node) {
  if (node.parents === null) return;
  const relations = [];
  mapForEach(node.parents, (found, relation) => append(relations, relation));
  for (let index = 0; index < relations.length; index++) link(node, relations[index], null, false);
}

function childrenOf(node, relation) {
  if (node.children === null) node.children = new NativeMap();
  let children = mapGet(node.children, relation);
  if (children === undefined) {
    children = { list: [], sorted: true };
    mapSet(node.children, relation, children);
  }
  return children;
}

function relatedNodes(node, key) {
  const relation = hasOwn(node.plan.relations, key) ? node.plan.relations[key] : undefined;
  if (relation === undefined) {
    warnOnce(node.plan.path + ': getRelationNodes: there is no relation "' + toText(key) + '"');
    return [];
  }
  if (UPWARDS[relation.type] !== undefined) {
    const found = node.parents === null ? undefined : mapGet(node.parents, relation);
    return found === undefined ? [] : [found.target];
  }
  const children = childrenOf(node, relation);
  if (!children.sorted) sortChildren(node, children);
  return children.list;
}

function sortChildren(node, children) {
  const ids = [];
  for (let index = 0; index < children.list.length; index++) append(ids, children.list[index].id);
  const ordered = host('documentOrder', node.page.id, ids);
  const list = [];
  for (let index = 0; index < ordered.length; index++) append(list, mapGet(node.page.nodes, ordered[index]));
  children.list = list;
  children.sorted = true;
}
