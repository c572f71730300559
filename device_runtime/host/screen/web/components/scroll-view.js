// scroll-view: an area that scrolls by itself and tells the program about it.

import { Component, number, text } from "./component.js";
import { Refresher } from "./refresher.js";
import { scrollArea } from "../scrolling.js";

const ALIGNMENTS = { start: 0, center: 0.5, end: 1 };

/** A number of pixels as scroll-view's attributes have it: `12`, `"12px"` or `"24rpx"`. */
function pixels(page, value, fallback) {
  const match = /^\s*(-?[\d.]+)\s*(px|rpx|)\s*$/.exec(text(value));
  if (!match) return fallback;
  return Number(match[1]) * (match[2] === "rpx" ? page.pixelsPerRpx : 1);
}

export class ScrollView extends Component {
  static reflected = ["scroll-x", "scroll-y", "enable-flex", "show-scrollbar", "paging-enabled"];

  build() {
    this.last = { left: 0, top: 0 };
    this.waiting = false;
    this.atUpper = true;
    this.atLower = false;
    this.finger = false;
    this.refresher = new Refresher(this);
    this.element.addEventListener("scroll", () => {
      if (this.waiting) return;
      this.waiting = true;
      requestAnimationFrame(() => {
        this.waiting = false;
        this.scrolled();
      });
    }, { passive: true });
    this.element.addEventListener("scrollend", () => this.emit("scrollend", this.place));
    for (const type of ["touchstart", "touchmove", "touchend", "touchcancel"]) {
      this.element.addEventListener(type, () => this.dragged(type), { passive: true });
    }
  }

  get place() {
    const { scrollLeft, scrollTop, scrollWidth, scrollHeight } = this.element;
    return { scrollLeft, scrollTop, scrollWidth, scrollHeight };
  }

  /** With `enhanced`, a finger's drag is told: when it begins to scroll, at each step, and when it ends. */
  dragged(type) {
    if (!this.values.enhanced) return;
    if (type === "touchmove") {
      this.emit(this.finger ? "dragging" : "dragstart", this.place);
      this.finger = true;
    } else if (this.finger) {
      this.finger = false;
      this.emit("dragend", { ...this.place, velocity: { x: 0, y: 0 } });
    }
  }

  scrolled() {
    const { scrollLeft, scrollTop, scrollWidth, scrollHeight } = this.place;
    const { clientWidth, clientHeight } = this.element;
    const deltaX = this.last.left - scrollLeft;
    const deltaY = this.last.top - scrollTop;
    this.last = { left: scrollLeft, top: scrollTop };
    this.emit("scroll", { scrollLeft, scrollTop, scrollWidth, scrollHeight, deltaX, deltaY });
    const across = Boolean(this.values["scroll-x"]) && !this.values["scroll-y"];
    const position = across ? scrollLeft : scrollTop;
    const rest = across ? scrollWidth - clientWidth - scrollLeft : scrollHeight - clientHeight - scrollTop;
    const upper = position <= pixels(this.page, this.values["upper-threshold"], 50);
    const lower = rest <= pixels(this.page, this.values["lower-threshold"], 50) + 1;
    if (upper && !this.atUpper) this.emit("scrolltoupper", { direction: across ? "left" : "top" });
    if (lower && !this.atLower) this.emit("scrolltolower", { direction: across ? "right" : "bottom" });
    this.atUpper = upper;
    this.atLower = lower;
  }

  childrenChanged() {
    this.atLower = false; // a list that grew may reach its end once more
    const wanted = text(this.values["scroll-into-view"]);
    if (wanted && this.missed === wanted) this.page.afterPatch(() => this.update("scroll-into-view"));
    this.refresher.paint();
  }

  attached() {
    // In limbo nothing can be scrolled, and a place is lost.
    if (this.away) for (const name of ["scroll-top", "scroll-left", "scroll-into-view"]) this.update(name);
    this.away = false;
  }

  detached() {
    this.away = true;
  }

  applyStyle(value) {
    super.applyStyle(value);
    this.refresher.paint();
    this.refresher.pull(this.refresher.state === "refreshing" ? this.refresher.threshold : 0);
  }

  get duration() {
    return this.values["scroll-with-animation"] && !this.page.calm ? 300 : 0;
  }

  update(name) {
    const value = this.values[name];
    if (name === "scroll-top" && value !== undefined) {
      this.page.afterPatch(() => this.go({ top: pixels(this.page, value, 0) }));
    } else if (name === "scroll-left" && value !== undefined) {
      this.page.afterPatch(() => this.go({ left: pixels(this.page, value, 0) }));
    } else if (name === "scroll-into-view" && value) {
      this.page.afterPatch(() => this.scrollTo(text(value)));
    } else if (name === "scroll-x" || name === "scroll-y") {
      this.element.tabIndex = this.values["scroll-x"] || this.values["scroll-y"] ? 0 : -1;
    } else if (name === "refresher-triggered") {
      if (value) this.refresher.begin();
      else this.refresher.end();
    } else if (name.startsWith("refresher-")) {
      this.refresher.paint();
    }
  }

  go(place) {
    if (this.page.shows(this)) scrollArea(this.element, { duration: this.duration, ...place });
  }

  scrollTo(name) {
    const target = this.page.findById(name);
    this.missed = target && this.element.contains(target) ? "" : name;
    if (this.missed) return;
    const offset = pixels(this.page, this.values["scroll-into-view-offset"], 0);
    this.show(target, { offset, alignment: this.values["scroll-into-view-alignment"], duration: this.duration });
  }

  /** Scroll so that a part of the content is where `alignment` says. */
  show(target, { offset = 0, alignment, duration }) {
    const [own, other] = [this.element.getBoundingClientRect(), target.getBoundingClientRect()];
    const part = ALIGNMENTS[alignment] ?? 0;
    const place = { duration };
    if (this.values["scroll-x"]) place.left = this.element.scrollLeft + other.left - own.left - (own.width - other.width) * part + offset;
    if (this.values["scroll-y"]) place.top = this.element.scrollTop + other.top - own.top - (own.height - other.height) * part + offset;
    scrollArea(this.element, place);
  }

  /** What the ScrollViewContext of an `enhanced` scroll-view asks for. */
  call(method, values) {
    const [first, second] = values;
    const options = (first !== null && typeof first === "object" ? first : second) ?? {};
    const duration = options.animated === false || this.page.calm ? 0 : number(options.duration, 300);
    if (method === "scrollTo") {
      const place = { duration };
      for (const side of ["left", "top"]) if (options[side] !== undefined) place[side] = pixels(this.page, options[side], 0);
      scrollArea(this.element, place);
    } else if (method === "scrollIntoView") {
      const target = this.page.nodes.get(first)?.element;
      if (target && this.element.contains(target)) this.show(target, { offset: number(options.offset, 0), alignment: options.alignment, duration });
    } else if (method === "triggerRefresh") {
      this.refresher.begin();
    } else if (method === "closeRefresh") {
      this.refresher.end();
    } else if (method === "setting") {
      this.setting(text(first), Boolean(second));
    } else {
      super.call(method, values);
    }
  }

  setting(name, on) {
    if (name === "scrollEnabled") this.element.toggleAttribute("data-locked", !on);
    else if (name === "showScrollbar") this.set("show-scrollbar", on);
    else if (name === "pagingEnabled") this.set("paging-enabled", on);
  }
}
