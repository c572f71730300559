// Building the tools' elements. Everything that a program says arrives as text, and is only ever set as text.

const SVG = "http://www.w3.org/2000/svg";
const ICONS = {
  restart: "M19 12a7 7 0 1 1-2.1-5M19 3v4.5h-4.5",
  clear: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM5.8 5.8l12.4 12.4",
  close: "M6 6l12 12M18 6L6 18",
  dockRight: "M4 5h16v14H4zM14 5v14",
  dockBottom: "M4 5h16v14H4zM4 13h16",
  rotate: "M5 9.5h9v10H5zM9 6l-3-2m0 0l3-2M6 4h8a5 5 0 0 1 5 5v3",
  moon: "M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2.5M12 19.5V22M2 12h2.5M19.5 12H22M5 5l1.7 1.7M17.3 17.3L19 19M5 19l1.7-1.7M17.3 6.7L19 5",
  offline: "M3 4l18 17M5 12.5a10 10 0 0 1 4.5-2.5M14 9.9a10 10 0 0 1 5 2.6M8.5 16a5 5 0 0 1 6 -.6M12 19.5v.2",
  online: "M2.5 9.5a14 14 0 0 1 19 0M5.5 12.8a9.5 9.5 0 0 1 13 0M8.7 16a5 5 0 0 1 6.6 0M12 19.5v.2",
  error: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM12 8v4.8M12 16v.2",
  warn: "M12 4L2.8 19.5h18.4zM12 10v4.5M12 17v.2",
  info: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM12 11v5M12 8v.2",
  file: "M6 3.5h8l4.5 4.5v12.5H6zM14 3.5V8h4.5",
  trash: "M5 7h14M9.5 7V4.5h5V7M7 7l.8 12.5h8.4L17 7M10.3 10.5v5.5M13.7 10.5v5.5",
  edit: "M5 19l1-4L16.5 4.5l3 3L9 18zM14 7l3 3",
  plus: "M12 5v14M5 12h14",
  send: "M4 12h14M12.5 6l6 6-6 6",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  left: "M14.5 5.5L8 12l6.5 6.5",
  right: "M9.5 5.5L16 12l-6.5 6.5",
  external: "M13 5h6v6M19 5l-9 9M17 14v5H5V7h5",
  check: "M5 12.5l4.5 4.5L19 7.5",
};

/** An element: attributes by name (`on…` are listeners, `class`, `text`), then children; null ones are left out. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "text") element.textContent = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A line drawing; decoration only, so what is around it carries the name. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button with a drawing; `label` is read out, and shown as a hint. */
export function iconButton(name, label, onclick, attributes = {}) {
  return make("button", { type: "button", class: "icon-button", "aria-label": label, title: label, onclick, ...attributes }, icon(name));
}

export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/** A table; the names of columns with numbers end in "#". */
export function grid(columns, body) {
  return make("table", { class: "grid" },
    make("thead", {}, make("tr", {}, columns.map((words) => make("th", { scope: "col", class: words.endsWith("#") ? "number" : null }, words.replace("#", ""))))),
    body);
}

/** One of several; `choices` are `[value, label]`, `choose(value)` is called for a new one. */
export function segments(label, choices, value, choose) {
  const group = make("div", { class: "segments", role: "radiogroup", "aria-label": label });
  const buttons = choices.map(([own, words]) =>
    make("button", {
      type: "button", role: "radio", class: "segment", "data-value": String(own), "aria-checked": String(own === value),
      tabindex: own === value ? 0 : -1, onclick: () => choose(own),
    }, words));
  group.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = buttons.indexOf(document.activeElement);
    const next = buttons[(at + step + buttons.length) % buttons.length];
    next.focus();
    next.click();
  });
  group.append(...buttons);
  return group;
}

// ------------------------------------------------------------------ words for numbers

export function bytes(count) {
  if (count < 1024) return `${count} B`;
  if (count < 1024 * 1024) return `${(count / 1024).toFixed(count < 10240 ? 1 : 0)} KB`;
  return `${(count / 1024 / 1024).toFixed(1)} MB`;
}

export function milliseconds(value) {
  if (value === null || value === undefined) return "";
  if (value < 10) return `${value.toFixed(value < 1 ? 2 : 1)} ms`;
  return value < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(2)} s`;
}

/** The time of day of seconds since the tools began. */
export function clock(began, seconds) {
  const date = new Date((began + seconds) * 1000);
  const two = (number) => String(number).padStart(2, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

/** `1 call`, `2 calls`. */
export const counted = (count, noun, plural = `${noun}s`) => `${count} ${count === 1 ? noun : plural}`;
