// Values that can be unfolded: those of console lines, and the data of pages.

import { make } from "./dom.js";

const PREVIEW_MEMBERS = 6;
const PREVIEW_CHARACTERS = 90;
const STEP = 100;

/** A value of a console line, as `inspect.js` outlines it. */
export function fromOutline([kind, text, members, left = 0]) {
  return { kind, text, members: members?.map(([key, tree]) => [key, fromOutline(tree)]) ?? null, left };
}

/** A JSON value. */
export function fromValue(value) {
  if (Array.isArray(value)) {
    return { kind: "array", text: `Array(${value.length})`, members: value.map((item, index) => [String(index), fromValue(item)]), left: 0 };
  }
  if (value !== null && typeof value === "object") {
    return { kind: "object", text: "Object", members: Object.entries(value).map(([key, item]) => [key, fromValue(item)]), left: 0 };
  }
  return { kind: value === null ? "null" : typeof value, text: String(value), members: null, left: 0 };
}

function scalar(node, quoted) {
  const text = node.kind === "string" && quoted ? JSON.stringify(node.text) : node.text;
  return make("span", { class: `value value-${node.kind}` }, text);
}

/** In one line: `{a: 1, b: Array(3)}`. */
export function preview(node) {
  if (!node.members) return node.kind === "string" ? JSON.stringify(node.text) : node.text;
  const list = node.kind === "array";
  const parts = [];
  let length = 0;
  for (const [key, item] of node.members.slice(0, PREVIEW_MEMBERS)) {
    const words = item.members ? item.text : preview(item);
    const part = list ? words : `${key}: ${words}`;
    length += part.length;
    if (length > PREVIEW_CHARACTERS) {
      parts.push("…");
      break;
    }
    parts.push(part);
  }
  if (node.members.length > PREVIEW_MEMBERS && parts.at(-1) !== "…") parts.push("…");
  const name = node.text === "Object" ? "" : `${node.text} `;
  return `${name}${list ? "[" : "{"}${parts.join(", ")}${list ? "]" : "}"}`;
}

/** A value, to be unfolded where it has members. `open` are the paths that are unfolded already, and it is kept up. */
export function tree(node, { label = null, quoted = false, open = new Set(), path = "" } = {}) {
  const key = label === null ? [] : [make("span", { class: "key" }, label), make("span", { class: "colon" }, ": ")];
  if (!node.members || (node.members.length === 0 && node.left === 0)) {
    const empty = node.members ? make("span", { class: "value" }, node.kind === "array" ? "[]" : "{}") : scalar(node, quoted || label !== null);
    return make("div", { class: "leaf" }, key, empty);
  }
  const body = make("div", { class: "members" });
  const details = make("details", { class: "branch" }, make("summary", {}, key, make("span", { class: "preview" }, preview(node))), body);
  const fill = () => {
    if (body.childElementCount) return;
    addMembers(body, node, 0, open, path);
  };
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

function addMembers(body, node, from, open, path) {
  for (const [key, item] of node.members.slice(from, from + STEP)) {
    body.append(tree(item, { label: key, open, path: `${path}/${key}` }));
  }
  const next = from + STEP;
  if (next < node.members.length) {
    const more = make("button", { type: "button", class: "link more" }, `${node.members.length - next} more …`);
    more.addEventListener("click", () => {
      more.remove();
      addMembers(body, node, next, open, path);
    });
    body.append(more);
  } else if (node.left) body.append(make("div", { class: "leaf muted" }, `${node.left} more are not shown`));
}
