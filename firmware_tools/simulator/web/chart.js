// Small charts over time: one bar an event, newest on the right.

import { svg } from "./dom.js";

const HEIGHT = 96;
const BOTTOM = 16;
const LEFT = 46;
const MINIMUM_SECONDS = 10;

/**
 * @param {object} options
 * @param {{time: number, value: number, tone?: string, title: string}[]} options.points
 * @param {(value: number) => string} options.words an axis label
 * @param {number} [options.line] a value to draw a line at, where it is near
 * @param {string} [options.lineWords]
 * @param {string} options.label what is read out
 * @param {number} options.width in pixels
 */
export function chart({ points, words, line, lineWords, label, width }) {
  const wide = Math.max(200, width);
  const last = points.at(-1)?.time ?? 0;
  const first = Math.min(points[0]?.time ?? 0, last - MINIMUM_SECONDS);
  const highest = Math.max(...points.map((point) => point.value), 0);
  const top = nice(line && highest > line / 4 ? Math.max(highest, line * 1.1) : highest || 1);
  const x = (time) => LEFT + ((time - first) / (last - first || 1)) * (wide - LEFT - 8);
  const y = (value) => (HEIGHT - BOTTOM) * (1 - Math.min(value / top, 1)) + 4;
  const base = y(0);
  const root = svg("svg", { viewBox: `0 0 ${wide} ${HEIGHT}`, class: "chart", role: "img", "aria-label": label });
  for (const share of [0, 0.5, 1]) {
    const at = y(top * share);
    root.append(svg("line", { x1: LEFT, x2: wide, y1: at, y2: at, class: "rule" }));
    root.append(svg("text", { x: LEFT - 6, y: at + 3.5, class: "axis", "text-anchor": "end" }, words(top * share)));
  }
  if (line && line < top) {
    root.append(svg("line", { x1: LEFT, x2: wide, y1: y(line), y2: y(line), class: "limit" }));
    root.append(svg("text", { x: LEFT + 4, y: y(line) - 3, class: "axis limit-words" }, lineWords));
  }
  for (const point of points) {
    const at = y(point.value);
    const bar = svg("line", { x1: x(point.time), x2: x(point.time), y1: base, y2: Math.min(at, base - 1.5), class: `bar-line ${point.tone ?? ""}` });
    bar.append(svg("title", {}, point.title));
    root.append(bar);
  }
  root.append(svg("text", { x: LEFT, y: HEIGHT - 2, class: "axis" }, `${Math.round(last - first)} s ago`));
  root.append(svg("text", { x: wide - 2, y: HEIGHT - 2, class: "axis", "text-anchor": "end" }, "last"));
  return root;
}

/** The next round number: 1, 2 or 5 times a power of ten. */
function nice(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value - 1e-9);
}
