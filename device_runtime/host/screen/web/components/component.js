// What every component of a page is made of.

import { Steps, animate, clearAnimation } from "../animations.js";

/** The component that an element belongs to. */
export const COMPONENT = Symbol("component");

/** `activeColor` and `active-color` are the same attribute. */
export function attributeName(name) {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `value` as a finite number, or the fallback. */
export function number(value, fallback) {
  if (value === null || value === undefined || value === "" || typeof value === "boolean") return fallback;
  const result = plain(value, Number);
  return Number.isFinite(result) ? result : fallback;
}

/** `value` as text, as a program would see it in a template. */
export function text(value, fallback = "") {
  return value === null || value === undefined ? fallback : plain(value, String) ?? fallback;
}

/** `value` made a text or a number; undefined for an object that says it has no text, as a hostile program's may. */
function plain(value, convert) {
  try {
    return convert(value);
  } catch {
    return undefined;
  }
}

/** Make an element with attributes and children; the only way here, so that no text is ever parsed as HTML. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** A number with a unit, as WeChat reads lengths in attributes: plain numbers are px, `rpx` is scaled. */
export function length(value) {
  const match = /^\s*(-?[\d.]+)\s*(px|rpx|)\s*$/.exec(text(value));
  if (!match) return "0px";
  return match[2] === "rpx" ? `calc(${match[1]} * var(--rpx))` : `${match[1]}px`;
}

/** A colour if it is one, else the fallback: nothing else may reach a style declaration. */
export function color(value, fallback) {
  return typeof value === "string" && CSS.supports("color", value) ? value : fallback;
}

const ARIA = /^aria-[a-z]+$/;

/**
 * One element node of a page. A subclass names its `element`, reads `this.values` and reacts in `update(name)`.
 *
 * Only attributes that a component knows have any effect. A name such as `onclick` or `srcdoc` from a hostile
 * package ends in `values`, where nothing looks.
 */
export class Component {
  /** Attributes copied to the element, for the style sheets of the screen and of programs. */
  static reflected = [];

  constructor(page, id, tag, events) {
    this.page = page;
    this.id = id;
    this.tag = tag;
    this.events = new Set(events);
    this.parent = null;
    this.children = [];
    this.values = Object.create(null);
    this.element = this.createElement();
    this.element[COMPONENT] = this;
    this.content = this.element;
    /** What stays behind the last child. */
    this.tail = null;
    this.hover = null;
    // A node that catches touchmove keeps a finger on it from scrolling what is around it.
    if (this.events.has("catchtouchmove")) this.element.setAttribute("data-still", "");
    this.build();
  }

  createElement() {
    return document.createElement(this.tag);
  }

  /** Add parts inside the element; set `content` if children belong deeper. */
  build() {}

  /** React to a changed attribute; it is in `this.values`, undefined when removed. */
  update(_name) {}

  /** The children have changed. */
  childrenChanged() {}

  /** The element has come to the page, for the first time or out of limbo. */
  attached() {}

  /** The element leaves the page, for good or for limbo. */
  detached() {}

  /** Do what a program asks for by code (`call` in patches.py). */
  call(method, values) {
    if (method === "animate") animate(this, values);
    else if (method === "clearAnimation") clearAnimation(this, values);
    else console.warn(`<${this.tag}> has no ${method} to be called`);
  }

  /** A property as a layout query gives it: what the program set, else what the component knows of itself. */
  property(name) {
    return this.values[attributeName(name)] ?? null;
  }

  /** Act as if it were tapped through its label. */
  activate() {}

  get usable() {
    return !this.values.disabled;
  }

  set(rawName, value) {
    const name = attributeName(rawName);
    if (value === null || value === undefined) delete this.values[name];
    else this.values[name] = value;
    switch (name) {
      case "class":
        this.element.className = text(value);
        if (this.hover) this.element.classList.add(...this.hover);
        break;
      case "id":
        this.element.id = text(value);
        break;
      case "style":
        this.applyStyle(value);
        break;
      case "hidden":
        this.element.toggleAttribute("hidden", Boolean(value));
        break;
      case "animation":
        if (value !== null && typeof value === "object") {
          this.steps ??= new Steps(this);
          this.page.afterPatch(() => this.steps.play(value));
        } else {
          this.update(name); // a movable-view has an attribute of this name, too
        }
        break;
      default:
        if (ARIA.test(name) || name === "role") this.reflect(name === "aria-role" ? "role" : name, value);
        else if (name === "tabindex") this.element.tabIndex = Math.round(number(value, -1));
        else if (this.constructor.reflected.includes(name)) this.reflect(name, value);
        this.update(name);
    }
  }

  applyStyle(value) {
    this.element.style.cssText = this.page.convertStyle(text(value));
    this.steps?.apply();
  }

  reflect(name, value) {
    if (value === null || value === undefined || value === false) this.element.removeAttribute(name);
    else this.element.setAttribute(name, value === true ? "" : text(value));
  }

  /** Tell the program, if this very node listens. */
  emit(type, detail = {}) {
    if (this.events.has(type)) this.page.send(this, type, detail, []);
  }

  /** Tell the program, if this node or one around it listens. */
  emitBubbling(type, detail = {}, touches = []) {
    for (let node = this; node; node = node.parent) {
      if (node.events.has(type)) {
        this.page.send(this, type, detail, touches);
        return true;
      }
    }
    return false;
  }

  /** The nearest component around this one that is of `kind`. */
  closest(kind) {
    let node = this.parent;
    while (node && !(node instanceof kind)) node = node.parent;
    return node;
  }

  /** Every component below this one, in document order. */
  *descendants() {
    for (const child of this.children) {
      if (child instanceof Component) {
        yield child;
        yield* child.descendants();
      }
    }
  }
}

/** A component that takes part in a form under its `name`. */
export class Field extends Component {
  get fieldValue() {
    return null;
  }

  /** Go back to the value that the program gave. */
  reset() {}

  focusable(role) {
    this.element.tabIndex = 0;
    this.element.setAttribute("role", role);
  }

  updateDisabled() {
    const disabled = Boolean(this.values.disabled);
    this.element.toggleAttribute("disabled", disabled);
    this.element.setAttribute("aria-disabled", String(disabled));
    this.element.tabIndex = disabled ? -1 : 0;
  }
}
