// Pages: the stack, and of one of its pages the data or the nodes, as a tree.

import { iconButton, make, segments } from "../dom.js";
import { fromValue, tree } from "../tree.js";
import { Panel, nothing } from "./panel.js";

export class PagesPanel extends Panel {
  constructor(tools) {
    super(tools, "pages", "Pages", ["pages", "page", "surroundings", "status"]);
    this.selected = null;
    this.what = "data";
    this.unfolded = new Map();
    this.stack = make("ol", { class: "stack-list", "aria-label": "Page stack, the page in front first" });
    this.opener = make("form", { class: "opener", onsubmit: (event) => this.open(event) });
    this.choice = make("div", { class: "section-bar" });
    this.data = make("div", { class: "data-place" });
    this.element.append(make("div", { class: "columns" }, make("div", { class: "stack-side" }, make("h3", {}, "Stack"), this.stack, this.opener),
      make("div", { class: "page-side" }, this.choice, this.data)));
    this.store.on(["pages", "hello"], () => this.visible && this.ask());
    this.store.on(["sets", "turns"], () => this.visible && this.askSoon());
  }

  shown() {
    this.ask();
  }

  get page() {
    const pages = this.store.pages;
    return pages.find((page) => page.id === this.selected) ?? pages.at(-1) ?? null;
  }

  ask() {
    if (this.page && this.store.running) this.send({ type: "page", page: this.page.id, what: this.what });
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

  drawChoice(page) {
    const key = `${page?.route} ${this.what}`;
    if (key === this.choiceKey) return;
    this.choiceKey = key;
    const focused = this.choice.contains(document.activeElement);
    this.choice.replaceChildren(make("code", { class: "route-name" }, page?.route ?? ""), make("span", { class: "grow" }),
      segments("Show", [["data", "Data"], ["nodes", "Nodes"]], this.what, (what) => {
        this.what = what;
        this.ask();
        this.invalidate();
      }));
    if (focused) this.choice.querySelector("[aria-checked=true]").focus();
  }

  drawData(page) {
    this.drawChoice(page);
    const top = this.data.scrollTop;
    if (!page || !this.store.running) {
      this.data.replaceChildren(nothing("No page is open", "The program does not run."));
      return;
    }
    const known = this.store[this.what].get(page.id);
    const key = `${page.route} ${this.what}`;
    if (!this.unfolded.has(key)) this.unfolded.set(key, new Set(["/0"]));
    const open = this.unfolded.get(key);
    this.data.replaceChildren(...(known === undefined ? [] : this.what === "data" ? dataTree(known, open) : nodeTrees(known, open)));
    this.data.scrollTop = top;
  }
}

function dataTree(data, open) {
  const entries = Object.entries(data);
  if (!entries.length) return [make("p", { class: "muted" }, "The page has no data.")];
  return [make("div", { class: "values" }, entries.map(([key, value]) => tree(fromValue(value), { label: key, open, path: `/${key}` })))];
}

function nodeTrees(nodes, open) {
  if (!nodes.length) return [make("p", { class: "muted" }, "The page shows nothing.")];
  return [make("div", { class: "values nodes" }, nodes.map((node, index) => nodeTree(node, open, `/${index}`)))];
}

/** A node as `[id, text]` or `[id, tag, attributes, events, children]`. What is cut off is a text. */
function nodeTree(node, open, path) {
  if (!Array.isArray(node)) return make("div", { class: "leaf muted" }, String(node));
  const [id, name, attributes, events, children] = node;
  if (node.length === 2) return make("div", { class: "leaf" }, make("span", { class: "value-string" }, JSON.stringify(name)));
  const written = Object.entries(attributes).filter(([, value]) => value !== "" && value !== null).flatMap(([key, value]) => [
    " ", make("span", { class: "key" }, key), "=", make("span", { class: "value-string" }, JSON.stringify(value)),
  ]);
  const heard = events.map((event) => make("span", { class: "chip", title: "it listens for this" }, event));
  const tag = [make("span", { class: "node-name" }, `<${name}`), written, make("span", { class: "node-name" }, ">"), heard.length ? " " : "", heard];
  const title = `node ${id}`;
  if (!children.length) return make("div", { class: "leaf", title }, tag);
  const body = make("div", { class: "members" });
  const details = make("details", { class: "branch" }, make("summary", { title }, tag), body);
  const fill = () => body.childElementCount || body.append(...children.map((child, index) => nodeTree(child, open, `${path}/${index}`)));
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
