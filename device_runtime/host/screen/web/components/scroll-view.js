// scroll-view: an area that scrolls by itself and tells the program about it.

import { Component, number, text } from "./component.js";

export class ScrollView extends Component {
  static reflected = ["scroll-x", "scroll-y", "enable-flex", "show-scrollbar"];

  build() {
    this.last = { left: 0, top: 0 };
    this.waiting = false;
    this.atUpper = true;
    this.atLower = false;
    this.element.addEventListener("scroll", () => {
      if (this.waiting) return;
      this.waiting = true;
      requestAnimationFrame(() => {
        this.waiting = false;
        this.scrolled();
      });
    }, { passive: true });
  }

  scrolled() {
    const { scrollLeft, scrollTop, scrollWidth, scrollHeight, clientWidth, clientHeight } = this.element;
    const deltaX = this.last.left - scrollLeft;
    const deltaY = this.last.top - scrollTop;
    this.last = { left: scrollLeft, top: scrollTop };
    this.emit("scroll", { scrollLeft, scrollTop, scrollWidth, scrollHeight, deltaX, deltaY });
    const across = Boolean(this.values["scroll-x"]) && !this.values["scroll-y"];
    const position = across ? scrollLeft : scrollTop;
    const rest = across ? scrollWidth - clientWidth - scrollLeft : scrollHeight - clientHeight - scrollTop;
    const upper = position <= number(this.values["upper-threshold"], 50);
    const lower = rest <= number(this.values["lower-threshold"], 50) + 1;
    if (upper && !this.atUpper) this.emit("scrolltoupper", { direction: across ? "left" : "top" });
    if (lower && !this.atLower) this.emit("scrolltolower", { direction: across ? "right" : "bottom" });
    this.atUpper = upper;
    this.atLower = lower;
  }

  childrenChanged() {
    this.atLower = false; // a list that grew may reach its end once more
    const wanted = text(this.values["scroll-into-view"]);
    if (wanted && this.missed === wanted) this.page.afterPatch(() => this.update("scroll-into-view"));
  }

  get behavior() {
    return this.values["scroll-with-animation"] && !this.page.calm ? "smooth" : "instant";
  }

  update(name) {
    const value = this.values[name];
    if (name === "scroll-top" && value !== undefined) {
      this.page.afterPatch(() => this.element.scrollTo({ top: number(value, 0), behavior: this.behavior }));
    } else if (name === "scroll-left" && value !== undefined) {
      this.page.afterPatch(() => this.element.scrollTo({ left: number(value, 0), behavior: this.behavior }));
    } else if (name === "scroll-into-view" && value) {
      this.page.afterPatch(() => this.scrollTo(text(value)));
    } else if (name === "scroll-x" || name === "scroll-y") {
      this.element.tabIndex = this.values["scroll-x"] || this.values["scroll-y"] ? 0 : -1;
    }
  }

  scrollTo(name) {
    const target = this.page.findById(name);
    this.missed = target && this.element.contains(target) ? "" : name;
    if (this.missed) return;
    const [own, other] = [this.element.getBoundingClientRect(), target.getBoundingClientRect()];
    this.element.scrollBy({
      left: this.values["scroll-x"] ? other.left - own.left : 0,
      top: this.values["scroll-y"] ? other.top - own.top : 0,
      behavior: this.behavior,
    });
  }
}
