// The nodes of a page as a tree, in which the hosts of components can be chosen.

import { make } from "./dom.js";

/**
 * @param {Array} nodes as `outlines.py` has them
 * @param {Set<string>} open the paths that are unfolded; it is kept up
 * @param {number} chosen the component that is chosen, or 0
 * @param {(id: number) => void} choose
 */
export function nodeTrees(nodes, { open, chosen, choose }) {
  return nodes.map((node, index) => nodeTree(node, `/${index}`, { open, chosen, choose }));
}

/** Unfold what is around a node. */
export function reveal(nodes, id, open, path = "") {
  return nodes.some((node, index) => {
    const own = `${path}/${index}`;
    if (!Array.isArray(node)) return false;
    const found = node[0] === id || (node.length > 2 && reveal(node[4], id, open, own));
    if (found && path) open.add(path);
    return found;
  });
}

/** `[id, text]`, `[id, tag, attributes, events, children]`, or with `{path, virtual}` a component. What is cut off is a text. */
function nodeTree(node, path, context) {
  if (!Array.isArray(node)) return make("div", { class: "leaf muted" }, String(node));
  const [id, name, attributes, events, children, component] = node;
  if (node.length === 2) return make("div", { class: "leaf" }, make("span", { class: "value-string" }, JSON.stringify(name)));
  const { open, chosen, choose } = context;
  const written = Object.entries(attributes).filter(([, value]) => value !== "" && value !== null).flatMap(([key, value]) => [
    " ", make("span", { class: "key" }, key), "=", make("span", { class: "value-string" }, JSON.stringify(value)),
  ]);
  const marks = events.map((event) => make("span", { class: "chip", title: "it listens for this" }, event));
  if (component) {
    const title = component.virtual ? "a component whose host is virtual: screens have no node for it" : "a component: show its data";
    marks.push(make("button", { type: "button", class: "chip component", title, onclick: (event) => {
      event.preventDefault(); // it unfolds nothing
      choose(id);
    } }, component.path));
  }
  const tag = [make("span", { class: "node-name" }, `<${name}`), written, make("span", { class: "node-name" }, ">"), marks.length ? " " : "", marks];
  const title = `node ${id}`;
  const tone = `${component?.virtual ? " virtual" : ""}${component && id === chosen ? " chosen" : ""}`;
  if (!children.length) return make("div", { class: `leaf${tone}`, title }, tag);
  const body = make("div", { class: "members" });
  const details = make("details", { class: "branch" }, make("summary", { class: tone.trim() || null, title }, tag), body);
  const fill = () => body.childElementCount || body.append(...children.map((child, index) => nodeTree(child, `${path}/${index}`, context)));
  details.addEventListener("toggle", () => {
    if (details.open) {
      open.add(path);
      fill();
    } else open.delete(path);
  });
  if (open.has(path)) {
    details.open = true;
    fill();
  }
  return details;
}
