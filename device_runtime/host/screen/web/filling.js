// A patch that only adds, and very much of it, comes onto the page over several frames: what fits the first of them is
// seen at once, and the page can be touched and scrolled meanwhile. The order of its operations stays, and what the
// device says after it waits for its end.
//
// Only what adds: between a `remove` and the `insert` that follows, a page that is laid out would lose its place.

import { isStamp, stampedNodes, width } from "./stamps.js";

const FIRST_NODES = 600;
const FRAME_MILLISECONDS = 8;
/** A patch of fewer nodes than this is applied at once, as everything is that does more than add. */
const HUGE_NODES = 3000;
const ADDS = new Set(["insert", "set", "text"]);
/** Tags whose children may come after them: they are mere boxes. */
const BOXES = new Set(["view"]);

/** How many nodes this makes. What is no node weighs as one: the page will say what is wrong with it. */
function weigh(node) {
  if (!Array.isArray(node)) return 1;
  if (isStamp(node)) return lengthOf(node[1]) * node[0].reduce((sum, one) => sum + weigh(one), 0);
  // A node has its children at the end, and so has a shape of a stamp; a text has none.
  const children = node.length > 2 ? node.at(-1) : null;
  return Array.isArray(children) ? children.reduce((sum, child) => sum + weigh(child), 1) : 1;
}

const lengthOf = (list) => (Array.isArray(list) ? list.length : 0);

function weighOperation([name, , , node]) {
  return name === "insert" ? weigh(node) : 1;
}

/** The same operations in smaller pieces: a stamp node by node, and a box with much in it empty, then what is in it. */
function* pieces(operations) {
  for (const operation of operations) {
    const [name, parent, index, node] = operation;
    if (name !== "insert" || weighOperation(operation) <= FIRST_NODES) {
      yield operation;
    } else if (isStamp(node)) {
      yield* pieces(inserts(parent, index, stampedNodes(node)));
    } else if (BOXES.has(node[1])) {
      const [id, tag, attributes, events, children] = node;
      yield ["insert", parent, index, [id, tag, attributes, events, []]];
      yield* pieces(inserts(id, 0, children));
    } else {
      yield operation;
    }
  }
}

function* inserts(parent, index, nodes) {
  for (const node of nodes) {
    yield ["insert", parent, index, node];
    index += width(node);
  }
}

/** Does this patch come over several frames? Nobody looks at a hidden document, and it draws no frames. */
export function isHuge(operations) {
  if (document.hidden) return false;
  let nodes = 0;
  for (const operation of operations) {
    if (!ADDS.has(operation[0])) return false;
    nodes += weighOperation(operation);
  }
  return nodes > HUGE_NODES;
}

/**
 * Apply operations one by one, and pause where the next frame should be drawn.
 * @param {object[]} operations
 * @param {(operation: object) => void} applyOne
 */
export function* fill(operations, applyOne) {
  let nodes = 0;
  let deadline = Infinity; // the first frame has a number of nodes, so that it is the same everywhere
  for (const piece of pieces(operations)) {
    applyOne(piece);
    nodes += weighOperation(piece);
    if (deadline === Infinity ? nodes < FIRST_NODES : performance.now() < deadline) continue;
    yield;
    deadline = performance.now() + FRAME_MILLISECONDS;
  }
}

/** The next frame; a document that is hidden meanwhile draws none. */
export function nextFrame() {
  return new Promise((resolve) => {
    requestAnimationFrame(resolve);
    setTimeout(resolve, 200);
  });
}
