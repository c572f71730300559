// What all panels have: they draw when they are in sight, once a frame, whatever happens meanwhile.

import { make } from "../dom.js";

export class Panel {
  /**
   * @param {object} tools `{store, send, openSource(place), toast(text)}`
   * @param {string} name in addresses and attributes
   * @param {string} title for people
   * @param {string[]} names of the store that it shows
   */
  constructor(tools, name, title, names) {
    Object.assign(this, tools);
    this.name = name;
    this.title = title;
    this.element = make("section", { class: `panel panel-${name}`, role: "tabpanel", id: `panel-${name}`, "aria-labelledby": `tab-${name}` });
    this.element.hidden = true;
    this.visible = false;
    this.stale = true;
    this.store.on(names, () => this.invalidate());
    new ResizeObserver(() => this.invalidate()).observe(this.element); // charts are drawn for the width that they have
  }

  /** A number or word on the panel's tab, and its tone; null for none. */
  badge() {
    return null;
  }

  invalidate() {
    this.stale = true;
    if (!this.visible || this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = null;
      if (this.visible && this.stale) this.draw();
    });
  }

  draw() {
    this.stale = false;
    this.render();
  }

  show() {
    this.visible = true;
    this.element.hidden = false;
    this.shown();
    if (this.stale) this.draw();
  }

  hide() {
    this.visible = false;
    this.element.hidden = true;
  }

  /** It comes into sight. */
  shown() {}

  /** A link to a place in the source, `{file, line, column}` or `file:line:column`. */
  sourceLink(place) {
    const found = typeof place === "string" ? readPlace(place) : place;
    if (!found) return null;
    const text = `${found.file.slice(found.file.lastIndexOf("/") + 1)}:${found.line}`;
    const full = `${found.file}:${found.line}${found.column ? `:${found.column}` : ""}`;
    return make("button", { type: "button", class: "link source-link", title: full, onclick: () => this.openSource(found) }, text);
  }
}

export function readPlace(text) {
  const match = /^(.+?):(\d+)(?::(\d+))?$/.exec(text);
  return match ? { file: match[1], line: Number(match[2]), column: Number(match[3] ?? 0) } : null;
}

/** Words where there is nothing yet. */
export const nothing = (title, text) => make("div", { class: "nothing" }, make("p", { class: "nothing-title" }, title), make("p", {}, text));
