// rich-text: formatted text from nodes or from an HTML string, and only what is on the list of what may be shown.

import { Component, make, number, text } from "./component.js";
import { decodeEntities, parseHtml } from "./html-nodes.js";

const SPACES = { nbsp: "\u00a0", ensp: "\u2002", emsp: "\u2003" };
const MAX_NODES = 20_000;
const MAX_DEPTH = 64;

// https://developers.weixin.qq.com/miniprogram/dev/component/rich-text.html: the trusted nodes and their attributes,
// beside `class` and `style`, which every node may have. A node that is not here goes with all that is in it.
const TRUSTED = {
  a: [], abbr: [], address: [], article: [], aside: [], b: [], bdi: [], bdo: ["dir"], big: [], blockquote: [], br: [],
  caption: [], center: [], cite: [], code: [], col: ["span", "width"], colgroup: ["span", "width"], dd: [], del: [], div: [],
  dl: [], dt: [], em: [], fieldset: [], font: ["color", "size", "face"], footer: [], h1: [], h2: [], h3: [], h4: [], h5: [],
  h6: [], header: [], hr: [], i: [], img: ["alt", "src", "height", "width"], ins: [], label: [], legend: [], li: [], mark: [],
  nav: [], ol: ["start", "type"], p: [], pre: [], q: [], rt: [], ruby: [], s: [], section: [], small: [], span: [], strong: [],
  sub: [], sup: [], table: ["width"], tbody: [], td: ["colspan", "height", "rowspan", "width"], tfoot: [],
  th: ["colspan", "height", "rowspan", "width"], thead: [], tr: ["colspan", "height", "rowspan", "width"], tt: [], u: [], ul: [],
};
// The page's own style sheet must not take a label, say, for the component of that name.
const STAND_INS = { label: "span", a: "span", center: "div", font: "span", tt: "code", big: "span" };

export class RichText extends Component {
  static reflected = ["user-select"];

  build() {
    this.body = make("div", { class: "cy-rich" });
    this.element.append(this.body);
    this.content = make("span", { class: "cy-unseen" });
  }

  update(name) {
    if (name === "nodes" || name === "space") this.page.afterPatch(() => this.draw());
  }

  draw() {
    const { nodes } = this.values;
    this.left = MAX_NODES;
    this.body.replaceChildren(...this.nodesOf(typeof nodes === "string" ? parseHtml(nodes) : nodes, 0));
  }

  nodesOf(nodes, depth) {
    if (!Array.isArray(nodes) || depth > MAX_DEPTH) return [];
    return nodes.map((node) => this.node(node, depth)).filter(Boolean);
  }

  node(node, depth) {
    if (node === null || typeof node !== "object" || this.left <= 0) return null;
    this.left -= 1;
    if (node.type === "text") {
      const space = SPACES[this.values.space];
      const shown = decodeEntities(text(node.text));
      return document.createTextNode(space ? shown.replaceAll(" ", space) : shown);
    }
    const name = text(node.name).toLowerCase();
    if (!Object.hasOwn(TRUSTED, name)) return null;
    const attributes = node.attrs !== null && typeof node.attrs === "object" ? node.attrs : {};
    const element = document.createElement(STAND_INS[name] ?? name);
    if (STAND_INS[name]) element.classList.add(`cy-rich-${name}`);
    if (attributes.class) element.classList.add(...text(attributes.class).split(/\s+/).filter(Boolean));
    if (attributes.style) element.style.cssText = this.page.convertStyle(text(attributes.style));
    for (const allowed of TRUSTED[name]) {
      if (attributes[allowed] !== undefined) this.give(element, name, allowed, text(attributes[allowed]));
    }
    element.append(...this.nodesOf(node.children, depth + 1));
    return element;
  }

  give(element, name, attribute, value) {
    if (attribute === "src") {
      const address = this.page.resource(value);
      const miss = () => element.classList.add("cy-rich-missing");
      element.addEventListener("error", miss);
      if (address) element.src = address;
      else miss();
    } else if (name === "font") {
      if (attribute === "color") element.style.color ||= value;
      else if (attribute === "face") element.style.fontFamily ||= value;
      else element.style.fontSize ||= ["x-small", "small", "medium", "large", "x-large", "xx-large", "xxx-large"][number(value, 3) - 1] ?? "";
    } else {
      element.setAttribute(attribute, value);
    }
  }
}
