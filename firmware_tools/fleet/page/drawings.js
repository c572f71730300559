// Counts, drawn: a ring, a bar of parts, a field of squares. Each has its numbers beside it as text.

import { h, svg } from "./dom.js";
import { number, percent } from "./format.js";

/** A ring of parts [{label, count, kind, href}] with their legend; `whole` stands in the middle. */
export function ring(title, parts, whole, unit) {
  const total = parts.reduce((sum, part) => sum + part.count, 0), radius = 52, around = 2 * Math.PI * radius;
  const root = svg("svg", { viewBox: "0 0 132 132", class: "ring", "aria-hidden": "true" });
  root.append(svg("circle", { cx: 66, cy: 66, r: radius, class: "ring-ground" }));
  let before = 0;
  for (const { count, kind } of parts) {
    if (!count) continue;
    const length = (around * count) / total, gap = count === total ? 0 : Math.min(2.5, length / 2);
    root.append(svg("circle", {
      cx: 66, cy: 66, r: radius, class: `ring-part k-${kind}`, "stroke-dasharray": `${length - gap} ${around - length + gap}`,
      "stroke-dashoffset": -before, transform: "rotate(-90 66 66)",
    }));
    before += length;
  }
  root.append(svg("text", { x: 66, y: 65, class: "ring-whole" }, number(whole)), svg("text", { x: 66, y: 83, class: "ring-unit" }, unit));
  return h("figure", { class: "ring-box" }, root,
    h("figcaption", {}, h("h3", {}, title), h("ul", { class: "keys" },
      ...parts.filter((part) => part.count || part.always).map((part) => h("li", {},
        h("a", { href: part.href }, h("span", { class: `key k-${part.kind}` }), h("span", {}, part.label), h("b", {}, number(part.count))))))));
}

/** A bar of parts [{label, count, kind}]; `marks` are [share, label]. */
export function bar(parts, { total = parts.reduce((sum, part) => sum + part.count, 0), marks = [], label = "" } = {}) {
  const box = h("div", { class: "parts", role: "img", "aria-label": `${label ? `${label}: ` : ""}${parts.filter((part) => part.count).map((part) => `${part.count} ${part.label}`).join(", ") || "nothing yet"}` });
  for (const { label: name, count, kind } of parts) {
    if (!count) continue;
    const part = h("i", { class: `k-${kind}`, title: `${number(count)} ${name}` });
    part.style.width = `${(100 * count) / total}%`;
    box.append(part);
  }
  for (const [share, text] of marks) {
    const line = h("s", { title: text });
    line.style.left = `${100 * share}%`;
    box.append(line);
  }
  return box;
}

const MOST_SQUARES = 400;

/** A field of squares, one a device, or one for several of them. */
export function squares(parts) {
  const total = parts.reduce((sum, part) => sum + part.count, 0), each = Math.max(1, Math.ceil(total / MOST_SQUARES));
  const box = h("div", { class: "squares", role: "img", "aria-label": parts.filter((part) => part.count).map((part) => `${part.count} ${part.label}`).join(", ") });
  for (const { count, kind, label } of parts) {
    for (let drawn = 0; drawn < count; drawn += each) box.append(h("i", { class: `k-${kind}`, title: label }));
  }
  return each > 1 ? [box, h("p", { class: "hint" }, `A square is ${each} devices, and one for the rest of each kind.`)] : [box];
}

/** The legend of parts. */
export const legend = (parts) => h("ul", { class: "keys flat" }, ...parts.filter((part) => part.count).map((part) =>
  h("li", {}, h("span", { class: `key k-${part.kind}` }), h("span", {}, part.label), h("b", {}, number(part.count)))));

/** How much of what may be is used up, with a line at the limit. */
export function gauge(label, value, limit, words) {
  const share = limit ? Math.min(1, value / limit) : value ? 1 : 0;
  const fill = h("i", { class: value > limit ? "k-failed" : share > 0.6 ? "k-warn" : "k-good" });
  fill.style.width = `${100 * share}%`;
  return h("div", { class: "gauge" }, h("div", { class: "gauge-head" }, h("span", {}, label), h("b", {}, words)),
    h("div", { class: "parts slim", role: "meter", "aria-label": label, "aria-valuemin": 0, "aria-valuemax": Math.max(limit, value), "aria-valuenow": value, "aria-valuetext": words }, value ? fill : []));
}

/** How far something is, in a bar. */
export function progress(part, whole, label) {
  const fill = h("i");
  fill.style.width = `${percent(part, whole)}%`;
  return h("span", { class: "bar", role: "progressbar", "aria-valuenow": percent(part, whole), "aria-label": label }, fill);
}
