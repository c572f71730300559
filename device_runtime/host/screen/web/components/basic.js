// view, text, and what stands in for tags that the screen does not know.

import { Component, number, text } from "./component.js";

export class View extends Component {
  static reflected = ["hover-class"];

  get hoverClass() {
    return text(this.values["hover-class"], "none");
  }
}

/** The root of a page: the tag that programs style as `page`. */
export class Root extends Component {
  update(name) {
    if (name === "scroll-top") this.page.afterPatch(() => this.page.scrollTo(number(this.values["scroll-top"], 0)));
    else if (name === "refreshing") this.page.scroll.refreshing(Boolean(this.values.refreshing));
  }

  call(method, values) {
    if (method === "scrollTo") this.page.afterPatch(() => this.page.scroll.go(values[0] ?? {}));
    else super.call(method, values);
  }
}

/** The parent of nodes that have no place on the page now. */
export class Limbo extends Component {
  createElement() {
    const element = document.createElement("div");
    element.className = "cy-limbo";
    return element;
  }
}

/** The host of a custom component, and any other tag that the screen does not know: a plain inline element. */
export class Host extends Component {
  createElement() {
    const name = /^[a-z][a-z0-9-]*$/.test(this.tag) ? this.tag : "custom-component";
    const element = document.createElement(name);
    // A real HTML element (script, iframe, object, ...) would bring behaviour of its own into the page.
    const plain = [HTMLElement.prototype, HTMLUnknownElement.prototype].includes(Object.getPrototypeOf(element));
    const stand = plain ? element : document.createElement("custom-component");
    stand.setAttribute("data-host", "");
    return stand;
  }
}

const SPACES = { nbsp: "\u00a0", ensp: "\u2002", emsp: "\u2003" };
const ENTITIES = {
  "&nbsp;": "\u00a0", "&lt;": "<", "&gt;": ">", "&amp;": "&", "&apos;": "'", "&ensp;": "\u2002", "&emsp;": "\u2003",
};

export class Text extends Component {
  static reflected = ["user-select", "selectable"];

  update(name) {
    if (name === "space" || name === "decode") {
      for (const child of this.children) child.refresh?.();
    }
  }

  /** A child's text as it is shown. */
  transform(string) {
    let result = string;
    if (this.values.decode) result = result.replace(/&(?:nbsp|lt|gt|amp|apos|ensp|emsp);/g, (name) => ENTITIES[name]);
    const space = SPACES[this.values.space];
    return space ? result.replaceAll(" ", space) : result;
  }
}
