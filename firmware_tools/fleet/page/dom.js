// Elements. Everything that devices and people wrote becomes text nodes, never markup.

/** Make an element: h("p", {class: "x", onclick: f, hidden: true}, "text", child, null). */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
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

/** A text that somebody else wrote, in any script: it neither turns its surroundings round nor leaves its box. */
export const said = (text, attributes = {}) => h("bdi", { ...attributes, class: `said ${attributes.class ?? ""}` }, text);

/** A panel with a heading; `more` stands at the right of it. */
export function panel(title, more, ...children) {
  const id = `panel-${title.toLowerCase().replace(/[^a-z]+/g, "-")}`;
  return h("section", { class: "panel", "aria-labelledby": id },
    h("header", {}, h("h2", { id }, title), more ? h("div", { class: "more" }, more) : null), ...children);
}

let fields = 0;

/** A labelled control with a hint and a place for what is wrong with it: {row, fail(text)}. */
export function field(label, control, { hint = "", wide = false } = {}) {
  const id = `field-${++fields}`, error = h("p", { class: "error", id: `${id}-error`, role: "alert" });
  control.id = id;
  control.setAttribute("aria-describedby", `${id}-hint ${id}-error`);
  const row = h("div", { class: wide ? "field wide" : "field" },
    h("label", { for: id }, label), control, h("p", { class: "hint", id: `${id}-hint` }, hint), error);
  const fail = (text) => {
    error.textContent = text;
    if (text) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
  };
  return { row, control, fail };
}

/** A checkbox with its label. */
export function check(label, attributes = {}) {
  const box = h("input", { type: "checkbox", ...attributes });
  return { row: h("label", { class: "check" }, box, h("span", {}, label)), box };
}

/** Pairs of a word and what it is; pairs without a value are left out. */
export const facts = (...pairs) => h("dl", { class: "facts" },
  ...pairs.filter((pair) => pair && pair[1] !== null && pair[1] !== undefined && pair[1] !== "").map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));

/** Put other children into a box; what had the focus has it again. */
export function redraw(box, ...children) {
  const inside = box.contains(document.activeElement) && document.activeElement !== box;
  const places = () => [...box.querySelectorAll("a[href], button, input, select, textarea, summary")];
  const index = inside ? places().indexOf(document.activeElement) : -1;
  const key = inside ? document.activeElement.dataset.key : null;
  box.replaceChildren(...children.flat(3).filter(Boolean));
  if (index < 0) return;
  (key ? box.querySelector(`[data-key="${CSS.escape(key)}"]`) : places()[index])?.focus({ preventScroll: true });
}

/** Redraw only when what is shown has changed. */
export function redrawWhen(box, mark, make) {
  const text = JSON.stringify(mark);
  if (box.mark === text) return;
  box.mark = text;
  redraw(box, ...[make()].flat());
}

/** Say something in a corner, for a while. */
export function toast(text, bad = false) {
  const element = h("div", { class: bad ? "toast bad" : "toast", dir: "auto" }, text);
  $("toasts").append(element);
  setTimeout(() => element.remove(), bad ? 12000 : 5000);
}

/** Tell who cannot see it that something changed. */
export function announce(text) {
  if ($("said").textContent !== text) $("said").textContent = text;
}

/** Show a dialog with this content; returns a function that closes it. */
export function openDialog(title, ...content) {
  const dialog = $("dialog");
  dialog.replaceChildren(h("h2", { id: "dialog-title" }, title), ...content.flat().filter(Boolean));
  if (!dialog.open) dialog.showModal();
  return () => dialog.close();
}

/** Ask before doing: `what` says what will happen; `done` is told when `act` has done it. */
export function confirmThat(title, { what, yes, no = "Cancel", bad = false, more = null, act }) {
  const error = h("p", { class: "error", role: "alert" });
  const go = h("button", { type: "button", class: bad ? "danger" : "primary" }, yes);
  go.addEventListener("click", async () => {
    go.disabled = true;
    try {
      await act();
      close();
    } catch (refusal) {
      error.textContent = refusal.message;
    } finally {
      go.disabled = false;
    }
  });
  const close = openDialog(title, ...[what].flat().map((text) => h("p", { class: "sub" }, text)), more, error,
    h("div", { class: "buttons" }, h("button", { type: "button", onclick: () => close() }, no), go));
}
