// Elements and texts. Everything that devices and people wrote becomes text nodes, never markup.

/** Make an element: h("p", {class: "x", onclick: f, hidden: true}, "text", child, null). */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** Make an SVG element. */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export const $ = (id) => document.getElementById(id);

/** "4 s ago". Times are Unix seconds. */
export function ago(time, now) {
  if (time === null) return "never";
  const seconds = Math.max(0, Math.floor(now - time));
  for (const [unit, length] of [["d", 86400], ["h", 3600], ["min", 60]]) {
    if (seconds >= length) return `${Math.floor(seconds / length)} ${unit} ago`;
  }
  return seconds < 3 ? "now" : `${seconds} s ago`;
}

/** "196 KB" */
export function bytes(count) {
  if (count < 1024) return `${count} B`;
  if (count < 1024 * 1024) return `${Math.round(count / 1024)} KB`;
  return `${(count / 1024 / 1024).toFixed(1)} MB`;
}

/** Say something in a corner, for a while. */
export function toast(text, bad = false) {
  const element = h("div", { class: bad ? "toast bad" : "toast" }, text);
  $("toasts").append(element);
  setTimeout(() => element.remove(), bad ? 12000 : 5000);
}

/** Show a dialog with this content; returns a function that closes it. */
export function openDialog(...content) {
  const dialog = $("dialog");
  dialog.replaceChildren(...content);
  if (!dialog.open) dialog.showModal();
  return () => dialog.close();
}
