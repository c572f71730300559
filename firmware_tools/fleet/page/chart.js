// Two small charts in SVG: stacked columns of counts, and lines of values. Times are Unix seconds. Colours are classes
// (c0 to c6), since they differ between light and dark.

import { h, said, svg } from "./dom.js";

const COLOURS = 7, DAY = 86400;
const HEIGHT = 190, LEFT = 40, WIDE_LEFT = 60, RIGHT = 8, TOP = 8, BOTTOM = 22;

/** Columns, of counts or, with `words` that say them, of bytes: series = [{name, points: Map(bucket start -> count)}]; one column every `step` seconds. */
export function drawColumns(box, { series, from, to, step, unit, label, plain = false, words = short, zone }) {
  const frame = makeFrame(box, from, to, 0, highest(series, from, to, step) || 1, { finest: 1, label, words, zone });
  for (let start = Math.ceil(from / step) * step; start < to; start += step) {
    let level = 0;
    series.forEach((line, index) => {
      const count = line.points.get(start) ?? 0;
      if (!count) return;
      const x = frame.x(start), width = Math.max(1, frame.x(start + step) - x - 1);
      const top = frame.y(level + count);
      frame.root.append(svg("rect", { x, y: top, width, height: Math.max(1, frame.y(level) - top), class: colour(index), rx: Math.min(1.5, width / 3) }));
      level += count;
    });
  }
  const total = (line) => [...line.points].reduce((sum, [time, count]) => (time >= from ? sum + count : sum), 0);
  finish(box, frame, plain ? [] : series.map((line, index) => [line.name, words === short ? total(line) : words(total(line)), index]), unit);
}

/** Lines: series = [{name, points: [[time, value], …] by time}]. */
export function drawLines(box, { series, from, to, unit, label }) {
  const values = series.flatMap((line) => line.points.map(([, value]) => value));
  const low = Math.min(...values), high = Math.max(...values);
  const margin = (high - low) * 0.08 || Math.abs(high) * 0.05 || 1;
  const frame = makeFrame(box, from, to, values.length ? low - margin : 0, values.length ? high + margin : 1, { label });
  series.forEach((line, index) => {
    const points = line.points.map(([time, value]) => `${frame.x(time).toFixed(1)},${frame.y(value).toFixed(1)}`);
    frame.root.append(svg("polyline", { points: points.join(" "), class: `line ${colour(index)}` }));
    const [time, value] = line.points.at(-1);
    frame.root.append(svg("circle", { cx: frame.x(time), cy: frame.y(value), r: 3, class: colour(index) }));
  });
  finish(box, frame, series.map((line, index) => [line.name, short(line.points.at(-1)[1]), index]), unit);
}

function highest(series, from, to, step) {
  let most = 0;
  for (let start = Math.ceil(from / step) * step; start < to; start += step) {
    most = Math.max(most, series.reduce((sum, line) => sum + (line.points.get(start) ?? 0), 0));
  }
  return most;
}

function makeFrame(box, from, to, low, high, { finest = 0, label = "Chart of telemetry over time", words = short, zone }) {
  const width = Math.max(240, box.clientWidth - 28);
  const root = svg("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": label });
  const left = words === short ? LEFT : WIDE_LEFT, unit = words === short ? 1 : 1024 ** Math.floor(Math.log(Math.max(1, high)) / Math.log(1024));
  const x = (time) => left + ((time - from) / (to - from)) * (width - left - RIGHT);
  const y = (value) => HEIGHT - BOTTOM - ((value - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  for (const value of ticks(low / unit, high / unit, 4, unit > 1 ? 0 : finest).map((tick) => tick * unit)) {
    root.append(svg("line", { x1: left, x2: width - RIGHT, y1: y(value), y2: y(value), class: "grid" }));
    root.append(svg("text", { x: left - 7, y: y(value) + 4, "text-anchor": "end" }, words(value)));
  }
  const every = [15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, DAY, 2 * DAY, 5 * DAY].find((s) => (to - from) / s <= width / 76) ?? 10 * DAY;
  for (let time = Math.ceil(from / every) * every; time <= to - (every < DAY ? 0 : DAY / 2); time += every) {
    root.append(svg("text", { x: x(time), y: HEIGHT - 5, "text-anchor": "middle" }, every < DAY ? clock(time, every < 60) : date(time, zone)));
  }
  return { root, x, y };
}

function finish(box, frame, entries, unit) {
  const legend = h("figcaption", { class: "legend" },
    ...entries.map(([name, value, index]) => {
      return h("span", {}, h("span", { class: `key ${colour(index)}` }), said(name), " ", h("b", {}, String(value)));
    }),
    h("span", {}, unit));
  box.replaceChildren(frame.root, legend);
}

function ticks(low, high, count, finest) {
  const raw = (high - low) / count, power = 10 ** Math.floor(Math.log10(raw));
  const step = Math.max(finest, [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= raw));
  const found = [];
  for (let value = Math.ceil(low / step) * step; value <= high + step / 1e6; value += step) found.push(value);
  return found;
}

const colour = (index) => `c${index % COLOURS}`;

function short(value) {
  if (Math.abs(value) >= 10000) return `${+(value / 1000).toPrecision(3)}k`;
  return String(+value.toPrecision(4));
}

function clock(time, seconds) {
  return new Date(time * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", ...(seconds ? { second: "2-digit" } : {}), hour12: false });
}

const date = (time, timeZone) => new Date(time * 1000).toLocaleDateString([], { day: "numeric", month: "short", timeZone });
