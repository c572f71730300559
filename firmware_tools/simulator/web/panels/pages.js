// Pages: the stack, and the data of one of its pages as a tree.

import { iconButton, make } from "../dom.js";
import { fromValue, tree } from "../tree.js";
import { Panel, nothing } from "./panel.js";

export class PagesPanel extends Panel {
  constructor(tools) {
    super(tools, "pages", "Pages", ["pages", "data", "surroundings", "status"]);
    this.selected = null;
    this.unfolded = new Map();
    this.stack = make("ol", { class: "stack-list", "aria-label": "Page stack, the page in front first" });
    this.opener = make("form", { class: "opener", onsubmit: (event) => this.open(event) });
    this.data = make("div", { class: "data-place" });
    this.element.append(make("div", { class: "columns" }, make("div", { class: "stack-side" }, make("h3", {}, "Stack"), this.stack, this.opener), this.data));
    this.store.on(["pages", "hello"], () => this.visible && this.ask());
    this.store.on("sets", () => this.visible && this.askSoon());
  }

  shown() {
    this.ask();
  }

  get page() {
    const pages = this.store.pages;
    return pages.find((page) => page.id === this.selected) ?? pages.at(-1) ?? null;
  }

  ask() {
    if (this.page && this.store.running) this.send({ type: "data", page: this.page.id });
  }

  askSoon() {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      if (this.visible) this.ask();
    }, 100);
  }

  render() {
    const pages = [...this.store.pages].reverse();
    const chosen = this.page;
    this.stack.replaceChildren(...pages.map((page, index) => make("li", {}, make("button", {
      type: "button", class: "stack-page", "aria-current": page === chosen ? "true" : null,
      onclick: () => {
        this.selected = index === 0 ? null : page.id;
        this.ask();
        this.invalidate();
      },
    },
      make("span", { class: "stack-route" }, page.route),
      Object.entries(page.query).map(([name, value]) => make("code", { class: "chip" }, `${name}=${value}`)),
      index === 0 ? make("span", { class: "tag" }, "in front") : null))));
    this.drawOpener();
    this.drawData(chosen);
  }

  drawOpener() {
    const pages = this.store.program?.pages ?? [];
    const key = pages.join("\n");
    if (key === this.pagesKey) return;
    this.pagesKey = key;
    this.path = make("input", { class: "field", list: "routes", placeholder: "pages/…?name=value", "aria-label": "Open a page", spellcheck: "false" });
    this.opener.replaceChildren(this.path, make("datalist", { id: "routes" }, pages.map((page) => make("option", { value: page }))),
      iconButton("send", "Open this page", () => this.opener.requestSubmit()));
  }

  open(event) {
    event.preventDefault();
    const path = this.path.value.trim();
    if (path) this.send({ type: "open", path: path.startsWith("/") ? path : `/${path}` });
  }

  drawData(page) {
    const top = this.data.scrollTop;
    const data = page && this.store.data.get(page.id);
    if (!page || !this.store.running) {
      this.data.replaceChildren(nothing("No page is open", "The program does not run."));
      return;
    }
    if (!data) {
      this.data.replaceChildren(make("h3", {}, "Data"));
      return;
    }
    if (!this.unfolded.has(page.route)) this.unfolded.set(page.route, new Set());
    const open = this.unfolded.get(page.route);
    const entries = Object.entries(data);
    this.data.replaceChildren(make("h3", {}, "Data of ", make("code", { class: "route-name" }, page.route)),
      entries.length
        ? make("div", { class: "values" }, entries.map(([key, value]) => tree(fromValue(value), { label: key, open, path: `/${key}` })))
        : make("p", { class: "muted" }, "The page has no data."));
    this.data.scrollTop = top;
  }
}
