// Where things are: answers a program's questions about its layout, and watches what comes into view.
//
// Every number is in CSS pixels; places are relative to the top left corner of the page's area.

import { Component } from "./components/component.js";

const MAX_NAMES = 64;
const round = (value) => Math.round(value * 100) / 100;

function names(value) {
  return Array.isArray(value) ? value.slice(0, MAX_NAMES).map(String) : [];
}

/** A box relative to the page's area. */
function boxOf(rect, area) {
  const [left, top] = [round(rect.left - area.left), round(rect.top - area.top)];
  const [width, height] = [round(rect.width), round(rect.height)];
  return { left, top, right: round(left + width), bottom: round(top + height), width, height };
}

/** Answer one request about a node of a page; null where the page has no such node. Node 0 is the page's area. */
export function measure(page, { node: id, fields, properties, computed_style: styles, font, text }) {
  const component = page.nodes.get(id);
  if (!(component instanceof Component) || !page.shows(component)) return null;
  const isPage = component === page.root;
  const element = isPage ? page.viewport : component.element;
  const area = page.viewport.getBoundingClientRect();
  const box = boxOf(element.getBoundingClientRect(), area);
  const result = {};
  for (const field of names(fields)) {
    if (field === "rect") result.rect = box;
    else if (field === "size") result.size = { width: box.width, height: box.height };
    else if (field === "scrollOffset") {
      const { scrollLeft, scrollTop, scrollWidth, scrollHeight } = element;
      result.scrollOffset = { scrollLeft: round(scrollLeft), scrollTop: round(scrollTop), scrollWidth, scrollHeight };
    } else if (field === "properties") {
      result.properties = Object.fromEntries(names(properties).map((name) => [name, component.property(name)]));
    } else if (field === "computedStyle") {
      const computed = getComputedStyle(isPage ? page.root.element : element);
      result.computedStyle = Object.fromEntries(names(styles).map((name) => [name, String(computed[name] ?? "")]));
    } else if (field === "textMetrics") {
      result.textMetrics = measureText(String(font), String(text));
    }
  }
  return result;
}

const METRICS = [
  "width", "actualBoundingBoxLeft", "actualBoundingBoxRight", "actualBoundingBoxAscent", "actualBoundingBoxDescent",
  "fontBoundingBoxAscent", "fontBoundingBoxDescent",
];
let ruler = null;

/** How large a canvas would draw a text. */
function measureText(font, string) {
  ruler ??= document.createElement("canvas").getContext("2d");
  ruler.font = "10px sans-serif"; // what stays if the font is none
  ruler.font = font;
  const metrics = ruler.measureText(string);
  return Object.fromEntries(METRICS.map((name) => [name, metrics[name]]));
}

/** The observers of one page: `IntersectionObserver`s that speak to the program. */
export class Watch {
  constructor(page) {
    this.page = page;
    this.observers = new Map();
  }

  /** Begin to watch. Nodes that a coming patch brings are taken up then. */
  observe(message) {
    this.unobserve(message.observer);
    const thresholds = (Array.isArray(message.thresholds) ? message.thresholds : [0]).filter((ratio) => ratio >= 0 && ratio <= 1);
    this.observers.set(message.observer, {
      id: message.observer, thresholds: thresholds.length ? thresholds : [0], initial: Number(message.initial_ratio) || 0,
      reference: message.reference ?? 0, margins: message.margins ?? {}, missing: new Set(message.nodes),
      nodes: new Map(), ratios: new Map(), observer: null,
    });
    this.takeUp();
  }

  unobserve(id) {
    this.observers.get(id)?.observer?.disconnect();
    this.observers.delete(id);
  }

  close() {
    for (const id of [...this.observers.keys()]) this.unobserve(id);
  }

  /** Look for the nodes that were not there yet. */
  takeUp() {
    for (const entry of this.observers.values()) {
      entry.observer ??= this.makeObserver(entry);
      if (!entry.observer) continue;
      for (const id of entry.missing) {
        const component = this.page.nodes.get(id);
        if (!(component instanceof Component)) continue;
        entry.missing.delete(id);
        entry.nodes.set(component.element, id);
        entry.observer.observe(component.element);
      }
    }
  }

  makeObserver(entry) {
    const reference = this.page.nodes.get(entry.reference);
    if (!(reference instanceof Component)) return null;
    const side = (name) => `${Number(entry.margins[name]) || 0}px`;
    return new IntersectionObserver((changes) => changes.forEach((change) => this.tell(entry, change)), {
      root: reference === this.page.root ? this.page.viewport : reference.element,
      rootMargin: `${side("top")} ${side("right")} ${side("bottom")} ${side("left")}`,
      threshold: [...new Set([0, ...entry.thresholds])].sort((one, other) => one - other),
    });
  }

  /** Tell of a threshold that was crossed; at first, of one that lies between the program's initial ratio and now. */
  tell(entry, change) {
    const node = entry.nodes.get(change.target);
    const ratio = change.isIntersecting ? change.intersectionRatio : 0;
    const before = entry.ratios.get(node) ?? entry.initial;
    entry.ratios.set(node, ratio);
    const reached = (value) => entry.thresholds.filter((threshold) => (threshold > 0 ? value >= threshold : value > 0)).length;
    if (reached(before) === reached(ratio)) return;
    const area = this.page.viewport.getBoundingClientRect();
    const root = change.rootBounds ?? area;
    this.page.sendMessage({
      type: "intersection", app_id: this.page.appId, page: this.page.id, observer: entry.id, node,
      intersection_ratio: Math.round(ratio * 10_000) / 10_000,
      intersection_rect: boxOf(change.intersectionRect, area), bounding_rect: boxOf(change.boundingClientRect, area),
      relative_rect: boxOf(root, area), time: Math.round(change.time),
    });
  }
}
