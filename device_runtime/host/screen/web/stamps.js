// Rows that are told once and made many times; see device_runtime/view/stamps.py.

/** Does this stand for many nodes? */
export function isStamp(node) {
  return Array.isArray(node) && Array.isArray(node[0]) && Array.isArray(node[1]);
}

/** How many nodes side by side it is. */
export function width(node) {
  return isStamp(node) ? node[0].length * node[1].length : 1;
}

/** The nodes that a stamp stands for, one after another. */
export function* stampedNodes([shape, rows]) {
  for (const row of rows) for (const one of shape) yield stamped(one, row);
}

/** The nodes that stamps among `nodes` stand for, in their places. */
export function unstamped(nodes) {
  if (!nodes.some(isStamp)) return nodes;
  return nodes.flatMap((node) => (isStamp(node) ? [...stampedNodes(node)] : [node]));
}

/** One node of a row; null, which is no node, where shape and row do not make one. */
function stamped(shape, row) {
  if (!Array.isArray(shape) || !Array.isArray(row)) return null;
  const [offset, second, attributes, bound, events, children] = shape;
  const id = row[0] + offset;
  if (shape.length === 2) return [id, typeof second === "number" ? row[1 + second] : second];
  if (!Array.isArray(bound) || !bound.every(Array.isArray) || !Array.isArray(children)) return null;
  const made = { ...attributes };
  for (const [name, number] of bound) if (row[1 + number] !== null) made[name] = row[1 + number];
  return [id, second, made, events, children.map((child) => stamped(child, row))];
}
