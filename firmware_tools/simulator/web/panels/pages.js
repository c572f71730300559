// Pages: the stack; of one of its pages the nodes, and its data or those of a component in it, as a tree.

import { iconButton, make, segments } from "../dom.js";
import { nodeTrees, reveal } from "../nodes.js";
import { dataKey } from "../store.js";
import { fromValue, tree } from "../tree.js";
import { Panel, nothing } from "./panel.js";

const PAGE = 0; // the page among the owners of data; the others are components

export class PagesPanel extends Panel {
  constructor(tools) {
    super(tools, "pages", "Pages", ["pages", "page", "surroundings", "status"]);
    this.selected = null;
    this.owner = PAGE;
    this.what = "data";
    this.unfolded = new Map();
    this.stack = make("ol", { class: "stack-list", "aria-label": "Page stack, the page in front first" });
    this.opener = make("form", { class: "opener", onsubmit: (event) => this.open(event) });
    this.components = make("div", { class: "components" });
    this.choice = make("div", { class: "section-bar" });
    this.data = make("div", { class: "data-place" });
    this.element.append(make("div", { class: "columns" },
      make("div", { class: "stack-side" }, make("h3", {}, "Stack"), this.stack, this.opener, this.components),
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
    const { page } = this;
    if (!page || !this.store.running) return;
    for (const what of ["components", this.what]) this.send({ type: "page", page: page.id, owner: what === "data" ? this.owner : PAGE, what });
  }

  askSoon() {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      if (this.visible) this.ask();
    }, 100);
  }

  choosePage(id) {
    this.selected = id;
    this.chooseOwner(PAGE);
  }

  chooseOwner(owner) {
    this.owner = owner;
    this.revealing = owner !== PAGE;
    this.ask();
    this.invalidate();
  }

  render() {
    const pages = [...this.store.pages].reverse();
    const chosen = this.page;
    const components = chosen ? this.store.components.get(chosen.id) : null;
    const known = componentsById(components ?? []);
    if (this.owner !== PAGE && components && !known.has(this.owner)) this.chooseOwner(PAGE); // it is gone
    this.stack.replaceChildren(...pages.map((page, index) => make("li", {}, make("button", {
      type: "button", class: "stack-page", "aria-current": page === chosen ? "true" : null,
      onclick: () => this.choosePage(index === 0 ? null : page.id),
    },
      make("span", { class: "stack-route" }, page.route),
      Object.entries(page.query).map(([name, value]) => make("code", { class: "chip" }, `${name}=${value}`)),
      index === 0 ? make("span", { class: "tag" }, "in front") : null))));
    this.drawOpener();
    this.drawComponents(components ?? []);
    this.drawData(chosen, known.get(this.owner));
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

  /** The page and the components in it, each below the one whose template uses it. */
  drawComponents(components) {
    const key = JSON.stringify([components, this.owner]);
    if (key === this.componentsKey) return;
    this.componentsKey = key;
    this.components.hidden = !components.length;
    const entry = (id, words) => make("button", {
      type: "button", class: "component-entry", "aria-current": this.owner === id ? "true" : null, onclick: () => this.chooseOwner(id),
    }, words);
    const list = (items) => items.length ? make("ul", {}, items.map((item) => {
      if (!Array.isArray(item)) return make("li", { class: "muted" }, String(item));
      const [id, tag, path, virtual, inner] = item;
      const words = [make("span", { class: "node-name" }, `<${tag}>`), virtual ? make("span", { class: "muted" }, " virtual") : null, make("span", { class: "component-path" }, path)];
      return make("li", {}, entry(id, words), list(inner));
    })) : null;
    const focused = this.components.contains(document.activeElement);
    this.components.replaceChildren(make("h3", {}, "Components"), entry(PAGE, make("span", { class: "node-name" }, "<page>")), list(components) ?? "");
    if (focused) this.components.querySelector("[aria-current]")?.focus();
  }

  drawChoice(page, component) {
    const key = `${page?.route} ${component ? this.owner : PAGE} ${this.what}`;
    if (key === this.choiceKey) return;
    this.choiceKey = key;
    const focused = this.choice.contains(document.activeElement);
    this.choice.replaceChildren(make("code", { class: "route-name" }, component?.path ?? page?.route ?? ""),
      component ? make("span", { class: "muted" }, `<${component.tag}>`) : "", make("span", { class: "grow" }),
      segments("Show", [["data", "Data"], ["nodes", "Nodes"]], this.what, (what) => {
        this.what = what;
        this.revealing = this.owner !== PAGE;
        this.ask();
        this.invalidate();
      }));
    if (focused) this.choice.querySelector("[aria-checked=true]")?.focus();
  }

  drawData(page, component) {
    this.drawChoice(page, component);
    const top = this.data.scrollTop;
    if (!page || !this.store.running) {
      this.data.replaceChildren(nothing("No page is open", "The program does not run."));
      return;
    }
    const data = this.what === "data";
    const known = data ? this.store.data.get(dataKey(page.id, this.owner)) : this.store.nodes.get(page.id);
    const key = `${page.route} ${data ? this.owner : PAGE} ${this.what}`;
    if (!this.unfolded.has(key)) this.unfolded.set(key, new Set(["/0"]));
    const open = this.unfolded.get(key);
    const revealing = this.revealing && !data && known !== undefined && reveal(known, this.owner, open);
    if (revealing) this.revealing = false;
    this.data.replaceChildren(...(known === undefined ? [] : data ? dataTrees(known, component, open) : this.nodes(known, open)));
    this.data.scrollTop = top;
    if (revealing) this.data.querySelector(".chosen")?.scrollIntoView({ block: "nearest" });
  }

  nodes(nodes, open) {
    if (!nodes.length) return [make("p", { class: "muted" }, "The page shows nothing.")];
    return [make("div", { class: "values nodes" }, nodeTrees(nodes, {
      open, chosen: this.owner,
      choose: (id) => {
        this.what = "data";
        this.chooseOwner(id);
      },
    }))];
  }
}

function componentsById(components, found = new Map()) {
  for (const item of components) {
    if (!Array.isArray(item)) continue;
    const [id, tag, path, , inner] = item;
    found.set(id, { tag, path });
    componentsById(inner, found);
  }
  return found;
}

/** The properties of a component and its data; of a page the data. */
function dataTrees({ properties, data }, component, open) {
  const parts = [["Properties", properties], ["Data", data]].filter(([, values]) => Object.keys(values).length);
  if (!parts.length) return [make("p", { class: "muted" }, component ? "The component has no data." : "The page has no data.")];
  return parts.flatMap(([title, values]) => [
    component || parts.length > 1 ? make("h3", {}, title) : "",
    make("div", { class: "values", "aria-label": title }, Object.entries(values).map(([key, value]) => tree(fromValue(value), { label: key, open, path: `/${key}` }))),
  ]);
}
