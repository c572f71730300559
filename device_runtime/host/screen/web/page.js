// One page of a program: turns the operations of device_runtime/view/patches.py into DOM inside a shadow root.

import { createComponent } from "./components/index.js";
import { COMPONENT, Component, text } from "./components/component.js";
import { Limbo, Text } from "./components/basic.js";
import { fill, isHuge, nextFrame } from "./filling.js";
import { Gestures } from "./gestures.js";
import { Watch } from "./layout.js";
import { PageScroll } from "./page-scroll.js";
import { unstamped } from "./stamps.js";
import { PackageFiles } from "./files.js";
import { convertStyle } from "./style.js";

const ROOT_ID = 0;
/** Where nodes wait that have no place on the page now: a parent beside it, whose children nobody sees. */
const LIMBO_ID = -1;
const STYLE_PATIENCE_MILLISECONDS = 1500;
const calmQuery = matchMedia("(prefers-reduced-motion: reduce)");

let baseStyle = null;

/** Load the components' default looks, once; every page shares them. */
export async function loadBaseStyle() {
  const answer = await fetch(new URL("./components/components.css", import.meta.url));
  if (!answer.ok) throw new Error(`the components' style sheet could not be loaded: ${answer.status}`);
  baseStyle = new CSSStyleSheet();
  baseStyle.replaceSync(await answer.text());
}

class TextNode {
  constructor(id, string) {
    this.id = id;
    this.string = string;
    this.parent = null;
    this.element = document.createTextNode("");
  }

  refresh() {
    this.element.data = this.parent instanceof Text ? this.parent.transform(this.string) : this.string;
  }
}

/** A patch that does not fit this page; the page must be fetched anew. */
export class PatchError extends Error {}

export class Page {
  /**
   * @param {object} options
   * @param {string} options.appId
   * @param {number} options.version the program's version code, part of its resources' addresses
   * @param {number} options.id the page's id in its program
   * @param {object} options.window the page's window members, under WeChat's names
   * @param {import("./fonts.js").Fonts} options.fonts the program's fonts
   * @param {string[]} [options.styles] style sheets of its components, which come before its own
   * @param {string} options.route such as `pages/index/index`
   * @param {(message: object) => void} options.send to the device
   * @param {PackageFiles} [options.files] where the program's files are
   * @param {() => void} [options.onMeta] the page's own template has changed its window members
   */
  constructor({ appId, version, id, route, window, fonts, styles = [], send, files = new PackageFiles(appId, version), onMeta = () => {} }) {
    this.appId = appId;
    this.id = id;
    this.route = route;
    this.files = files;
    this.fonts = fonts;
    this.givenWindow = window;
    this.meta = new Map();
    this.onMeta = onMeta;
    this.backs = [];
    this.sendMessage = send;
    this.visible = false;
    this.closed = false;
    this.hurried = false; // what is left of a huge patch comes at once
    this.nodes = new Map();
    this.afterwards = [];
    this.untilShown = [];
    this.changed = new Set();

    this.host = document.createElement("div");
    this.host.className = "page-host";
    this.shadow = this.host.attachShadow({ mode: "open" });
    this.shadow.adoptedStyleSheets = [baseStyle];
    this.viewport = document.createElement("div");
    this.viewport.className = "cy-viewport";
    this.styled = Promise.all(["app.css", ...styles, `${route}.css`].map((path) => this.linkStyle(path)));
    this.shadow.append(this.viewport);

    this.overlays = document.createElement("div");
    this.overlays.className = "cy-overlays";
    this.shadow.append(this.overlays);

    this.root = createComponent(this, ROOT_ID, "page", []);
    this.nodes.set(ROOT_ID, this.root);
    this.viewport.append(this.root.element);
    this.limbo = new Limbo(this, LIMBO_ID, "limbo", []);
    this.nodes.set(LIMBO_ID, this.limbo);
    this.shadow.append(this.limbo.element);
    this.viewport.addEventListener("mousedown", (event) => {
      const field = this.activeElement?.[COMPONENT];
      if (field?.holdsFocus && !event.composedPath().includes(field.element)) event.preventDefault();
    });
    this.gestures = new Gestures(this);
    this.scroll = new PageScroll(this);
    this.watch = new Watch(this);
    this.styled.then(() => this.paintBackground());
  }

  linkStyle(path) {
    const link = this.files.style(path);
    if (link instanceof CSSStyleSheet) { // before the components' own, where a linked one is, too
      this.shadow.adoptedStyleSheets = [...this.shadow.adoptedStyleSheets.filter((sheet) => sheet !== baseStyle), link, baseStyle];
      return null;
    }
    const loaded = new Promise((resolve) => {
      link.addEventListener("load", () => {
        this.fonts.adopt(link.sheet);
        resolve();
      });
      link.addEventListener("error", resolve); // a page without its style is still better than none
      setTimeout(resolve, STYLE_PATIENCE_MILLISECONDS);
    });
    this.shadow.append(link);
    return loaded;
  }

  /** Load every style sheet again, its file having changed; an old one goes when its successor is there. */
  restyle() {
    this.restyled = (this.restyled ?? 0) + 1;
    for (const link of this.shadow.querySelectorAll("link[rel=stylesheet]")) {
      const fresh = link.cloneNode();
      const address = new URL(link.href);
      address.searchParams.set("again", this.restyled);
      fresh.href = address.href;
      const swap = () => {
        link.remove();
        this.paintBackground();
      };
      fresh.addEventListener("load", swap);
      fresh.addEventListener("error", swap);
      link.after(fresh);
    }
  }

  // ---------------------------------------------------------------- patches

  /**
   * Apply operations in order. Throws PatchError at the first that does not fit. A huge patch is not done when this
   * returns: it gives the promise of its end, else null.
   */
  apply(operations) {
    if (!isHuge(operations)) {
      for (const operation of operations) this.applyOne(operation);
      this.settle();
      return null;
    }
    const filling = fill(operations, (operation) => this.applyOne(operation));
    filling.next();
    return this.fillUp(filling);
  }

  async fillUp(filling) {
    do {
      if (!this.hurried) await nextFrame();
    } while (!this.closed && !filling.next().done);
    this.hurried = false;
    if (!this.closed) this.settle();
  }

  /** The whole patch has been applied. */
  settle() {
    const changed = [...this.changed];
    this.changed.clear();
    for (const component of changed) component.childrenChanged();
    this.scroll.contentChanged();
    const afterwards = this.afterwards;
    this.afterwards = [];
    for (const action of afterwards) action();
    this.watch.takeUp();
  }

  applyOne(operation) {
    const [name, ...rest] = operation;
    switch (name) {
      case "insert": {
        const [parent, index, node] = rest;
        unstamped([node]).forEach((one, offset) => this.insert(this.component(parent), index + offset, this.create(one)));
        break;
      }
      case "remove":
        this.remove(this.node(rest[0]));
        break;
      case "move": {
        const [id, parent, index] = rest;
        this.move(this.node(id), this.component(parent), index);
        break;
      }
      case "text": {
        const node = this.node(rest[0]);
        if (!(node instanceof TextNode)) throw new PatchError(`node ${rest[0]} is no text`);
        node.string = text(rest[1]);
        node.refresh();
        break;
      }
      case "set": {
        const [id, attribute, value] = rest;
        this.component(id).set(text(attribute), value);
        if (id === ROOT_ID) this.paintBackground();
        break;
      }
      case "call": {
        const [id, method, values] = rest;
        this.component(id).call(text(method), Array.isArray(values) ? values : []);
        break;
      }
      default:
        throw new PatchError(`${String(name)} is no operation`);
    }
  }

  node(id) {
    const node = this.nodes.get(id);
    if (!node) throw new PatchError(`page ${this.id} has no node ${String(id)}`);
    return node;
  }

  component(id) {
    const node = this.node(id);
    if (!(node instanceof Component)) throw new PatchError(`node ${id} is a text`);
    return node;
  }

  /** Build a node with its whole subtree, outside the page. */
  create(node) {
    if (!isNode(node)) throw new PatchError(`page ${this.id} was given what is no node`);
    const [id, second, attributes, events, children] = node;
    if (this.nodes.has(id)) throw new PatchError(`page ${this.id} already has a node ${id}`);
    if (node.length === 2) {
      const leaf = new TextNode(id, String(second));
      leaf.refresh();
      this.nodes.set(id, leaf);
      return leaf;
    }
    const component = createComponent(this, id, String(second), events);
    this.nodes.set(id, component);
    for (const [name, value] of Object.entries(attributes)) component.set(name, value);
    if (component.events.has("tap") || component.events.has("longpress")) makeReachable(component.element);
    unstamped(children).forEach((child, index) => this.place(component, index, this.create(child)));
    if (children.length) this.changed.add(component);
    return component;
  }

  place(parent, index, node) {
    const next = parent.children[index];
    if (!Number.isInteger(index) || index < 0 || index > parent.children.length) throw new PatchError(`node ${parent.id} has no place ${index}`);
    putBefore(parent.content, node.element, next ? next.element : parent.tail);
    parent.children.splice(index, 0, node);
    node.parent = parent;
    if (node instanceof TextNode) node.refresh();
  }

  insert(parent, index, node) {
    this.place(parent, index, node);
    this.changed.add(parent);
    if (this.shows(parent)) tellAll(node, "attached");
  }

  /** Is this node on the page, and not in limbo? */
  shows(node) {
    while (node.parent) node = node.parent;
    return node === this.root;
  }

  /** Take a node out of its parent's list; its element stays until it is put elsewhere or removed. */
  take(node) {
    if (!node.parent) throw new PatchError("the root of a page and its limbo stay where they are");
    node.parent.children.splice(node.parent.children.indexOf(node), 1);
    this.changed.add(node.parent);
    node.parent = null;
  }

  move(node, parent, index) {
    for (let around = parent; around; around = around.parent) {
      if (around === node) throw new PatchError("a node cannot move into itself");
    }
    const [before, after] = [this.shows(node), this.shows(parent)];
    if (before && !after) tellAll(node, "detached");
    this.take(node);
    this.place(parent, index, node);
    this.changed.add(parent);
    if (after && !before) tellAll(node, "attached");
  }

  remove(node) {
    if (this.shows(node)) tellAll(node, "detached");
    this.take(node);
    node.element.remove();
    this.forget(node);
  }

  forget(node) {
    this.nodes.delete(node.id);
    this.changed.delete(node);
    for (const child of node.children ?? []) this.forget(child);
  }

  /** The page leaves the stack. */
  close() {
    this.closed = true;
    this.watch.close();
    tellAll(this.root, "detached");
    this.forget(this.root);
    this.forget(this.limbo);
    this.host.remove();
  }

  // ---------------------------------------------------------------- what components ask for

  get calm() {
    return calmQuery.matches;
  }

  get activeElement() {
    return this.shadow.activeElement;
  }

  convertStyle(text) {
    return convertStyle(text, (address) => this.resource(address));
  }

  resource(address) {
    return this.files.address(this.route, address);
  }

  /** The element of this id on the page. */
  findById(id) {
    const element = this.shadow.getElementById(id);
    if (!element || !this.limbo.element.contains(element)) return element;
    const others = this.shadow.querySelectorAll(`#${CSS.escape(id)}`);
    return [...others].find((other) => !this.limbo.element.contains(other)) ?? null;
  }

  /** Run when the whole patch has been applied. */
  afterPatch(action) {
    this.afterwards.push(action);
  }

  /** CSS pixels in one rpx. */
  get pixelsPerRpx() {
    return Number.parseFloat(getComputedStyle(this.host).getPropertyValue("--rpx")) || 1;
  }

  /** Where portals show: the end of the page, in no box but the page's. */
  get portals() {
    if (!this.root.tail) {
      this.root.tail = document.createElement("div");
      this.root.tail.className = "cy-portal";
      this.root.element.append(this.root.tail);
    }
    return this.root.tail;
  }

  /** Show one of the screen's own sheets over the page; nothing below can be reached meanwhile. */
  openSheet(element, dismiss) {
    this.overlays.append(element);
    this.viewport.inert = true;
    this.onBack(dismiss);
    element.cyDismiss = dismiss;
  }

  closeSheet(element) {
    this.forgetBack(element.cyDismiss);
    element.remove();
    this.viewport.inert = this.overlays.childElementCount > 0;
  }

  /** What the owner's "back" ends first. */
  onBack(action) {
    this.backs.push(action);
  }

  forgetBack(action) {
    this.backs = this.backs.filter((other) => other !== action);
  }

  /** Take a "back" for something open in the page; false if there is nothing. */
  takeBack() {
    const action = this.backs.pop();
    action?.();
    return action !== undefined;
  }

  // ---------------------------------------------------------------- what the template says of its page

  /** The page's window members: the program's, and over them what its template says. */
  get window() {
    return Object.assign({}, this.givenWindow, ...this.meta.values());
  }

  /** Window members that a component sets; null takes them back. */
  setMeta(component, window) {
    if (window === null) this.meta.delete(component);
    else this.meta.set(component, window);
    this.onMeta();
  }

  setPageStyle(style) {
    this.root.element.style.cssText = this.convertStyle(style);
    this.paintBackground();
  }

  setRootColor(paint) {
    this.rootColor = paint;
    this.paintBackground();
  }

  /** Run when the page is in front: what is hidden cannot take the focus. */
  whenShown(action) {
    if (this.visible) this.afterPatch(action);
    else this.untilShown.push(action);
  }

  scrollTo(top) {
    this.viewport.scrollTo({ top, behavior: this.calm ? "instant" : "smooth" });
  }

  show(visible) {
    this.visible = visible;
    this.host.inert = !visible;
    if (!visible) return;
    const actions = this.untilShown;
    this.untilShown = [];
    for (const action of actions) action();
  }

  /** A page's background covers its whole area, however tall its content is, as a document's body does. */
  paintBackground() {
    const { backgroundColor } = getComputedStyle(this.root.element);
    const clear = backgroundColor === "transparent" || /^rgba\(.*, 0\)$/.test(backgroundColor);
    this.viewport.style.backgroundColor = clear ? (this.rootColor ?? "") : backgroundColor;
  }

  send(component, event, detail, touches, timeStamp = performance.now(), changedTouches = touches) {
    this.sendMessage({
      type: "node", app_id: this.appId, page: this.id, node: component.id, event, detail, touches,
      changed_touches: changedTouches, time_stamp: timeStamp,
    });
  }

  /** Let the program share this page, through the button that was pressed or the sign in the bar. */
  share(component = this.root) {
    this.send(component, "share", {}, []);
  }

  open(path, openType) {
    this.sendMessage({ type: "open", app_id: this.appId, path, open_type: openType });
  }

  home() {
    this.sendMessage({ type: "home" });
  }

  back(delta) {
    this.sendMessage({ type: "back", app_id: this.appId, delta });
  }
}

/** Is this `[id, string]` or `[id, tag, attributes, events, children]`? Its children are looked at in their turn. */
function isNode(node) {
  if (!Array.isArray(node) || !Number.isInteger(node[0]) || typeof node[1] !== "string") return false;
  const [, , attributes, events, children] = node;
  return node.length === 2
    || (attributes !== null && typeof attributes === "object" && Array.isArray(events) && Array.isArray(children));
}

/** Put an element in its place; one that was somewhere else keeps its focus, its scrolling and its video. */
function putBefore(parent, element, next) {
  if (parent.moveBefore && parent.isConnected && element.isConnected) parent.moveBefore(element, next);
  else parent.insertBefore(element, next);
}

/** Tell a node and every component below it, in document order, that it comes (`attached`) or goes (`detached`). */
function tellAll(node, what) {
  if (!(node instanceof Component)) return;
  node[what]();
  for (const below of node.descendants()) below[what]();
}

/** What can be tapped can be reached and pressed by keyboard. */
function makeReachable(element) {
  if (element.tabIndex >= 0 || element instanceof HTMLButtonElement) return;
  element.tabIndex = 0;
  if (!element.hasAttribute("role")) element.setAttribute("role", "button");
}

