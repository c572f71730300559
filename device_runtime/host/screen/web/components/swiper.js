// swiper and swiper-item: pages beside each other, moved by hand, by time or by the program.

import { Component, color, length, make, number, text } from "./component.js";

const SLOP = 8;
const EASINGS = {
  linear: (part) => part, easeInCubic: (part) => part ** 3, easeOutCubic: (part) => 1 - (1 - part) ** 3,
  easeInOutCubic: (part) => (part < 0.5 ? 4 * part ** 3 : 1 - (2 - 2 * part) ** 3 / 2),
};

export class SwiperItem extends Component {}

export class Swiper extends Component {
  static reflected = ["vertical"];

  build() {
    this.position = 0;
    this.current = 0;
    this.drag = null;
    this.frame = 0;
    this.timer = 0;
    this.content = make("div", { class: "cy-swiper-items" });
    this.dots = make("div", { class: "cy-swiper-dots", "aria-hidden": "true" });
    this.element.append(make("div", { class: "cy-swiper-view" }, this.content), this.dots);
    this.element.setAttribute("role", "group");
    this.element.setAttribute("aria-roledescription", "carousel");
    this.element.tabIndex = 0;
    this.dots.hidden = true;
    this.element.addEventListener("pointerdown", (event) => this.pressed(event));
    this.element.addEventListener("pointermove", (event) => this.moved(event));
    this.element.addEventListener("pointerup", (event) => this.released(event));
    this.element.addEventListener("pointercancel", (event) => this.released(event));
    this.element.addEventListener("dragstart", (event) => event.preventDefault());
    this.element.addEventListener("keydown", (event) => this.keyPressed(event));
  }

  get items() {
    return this.children.filter((child) => child instanceof SwiperItem);
  }

  get shown() {
    return Math.max(1, Math.round(number(this.values["display-multiple-items"], 1)));
  }

  get circular() {
    return Boolean(this.values.circular) && this.items.length > this.shown;
  }

  get last() {
    return Math.max(0, this.items.length - (this.circular ? 1 : this.shown));
  }

  childrenChanged() {
    const named = this.items.findIndex((item) => item.values["item-id"] === this.values["current-item-id"]);
    const said = this.values["current-item-id"] !== undefined && named >= 0 ? named : number(this.values.current, this.current);
    const wanted = Math.min(said, this.last);
    if (wanted !== this.current && !this.drag) {
      this.current = Math.max(0, wanted);
      this.position = this.current;
    }
    this.dots.replaceChildren(...this.items.map(() => make("span", { class: "cy-swiper-dot" })));
    this.place();
    this.plan();
  }

  update(name) {
    switch (name) {
      case "current":
        this.go(number(this.values.current, 0), "");
        break;
      case "current-item-id": {
        const index = this.items.findIndex((item) => item.values["item-id"] === this.values["current-item-id"]);
        if (index >= 0) this.go(index, "");
        break;
      }
      case "indicator-dots":
        this.dots.hidden = !this.values["indicator-dots"];
        break;
      case "autoplay":
      case "interval":
        this.plan();
        break;
      default:
        this.paint();
    }
  }

  applyStyle(value) {
    super.applyStyle(value);
    this.paint();
  }

  paint() {
    const style = this.element.style;
    style.setProperty("--cy-dot", color(this.values["indicator-color"], ""));
    style.setProperty("--cy-dot-active", color(this.values["indicator-active-color"], ""));
    style.setProperty("--cy-before", length(this.values["previous-margin"]));
    style.setProperty("--cy-after", length(this.values["next-margin"]));
    style.setProperty("--cy-shown", String(this.shown));
    this.place();
  }

  attached() {
    this.plan();
  }

  detached() {
    clearTimeout(this.timer);
    cancelAnimationFrame(this.frame);
  }

  /** Put each item where the position says; a circle's items stand on the nearer side. */
  place() {
    const items = this.items;
    const count = items.length;
    const axis = this.values.vertical ? "Y" : "X";
    const edge = this.edge();
    const shift = edge ? ` translate${axis}(${edge})` : "";
    items.forEach((item, index) => {
      let offset = index - this.position;
      if (this.circular) {
        offset = ((offset % count) + count) % count;
        if (offset > count - 1 || (offset > count / 2 && offset >= this.shown)) offset -= count;
      }
      item.element.style.transform = `translate${axis}(${(offset * 100).toFixed(3)}%)${shift}`;
      const hidden = offset <= -1 || offset >= this.shown;
      item.element.inert = hidden && !this.drag;
      this.dots.children[index]?.toggleAttribute("data-current", index === this.current);
    });
    this.element.setAttribute("aria-label", count ? `${this.current + 1} / ${count}` : "");
  }

  /** With `snap-to-edge` the first item stands at the very edge, and so does the last, without the margin beside it. */
  edge() {
    if (!this.values["snap-to-edge"] || this.circular) return "";
    const before = Math.max(0, Math.min(1, 1 - this.position));
    const after = Math.max(0, Math.min(1, this.position - this.last + 1));
    return before > 0 && this.last > 0
      ? `calc(${(-before).toFixed(3)} * var(--cy-before, 0px))` : after > 0 ? `calc(${after.toFixed(3)} * var(--cy-after, 0px))` : "";
  }

  /** Tell how far the items have moved from where they rest. */
  tellMove() {
    if (!this.events.has("transition")) return;
    const box = this.content.getBoundingClientRect();
    const size = (this.values.vertical ? box.height : box.width) / this.shown;
    const by = Math.round((this.position - this.current) * size * 100) / 100;
    this.emit("transition", this.values.vertical ? { dx: 0, dy: by } : { dx: by, dy: 0 });
  }

  /** Come to rest at `index`, the short way round in a circle. */
  go(index, source, forward = 0) {
    const count = this.items.length;
    if (!count) {
      this.current = Math.max(0, Math.round(index));
      this.position = this.current;
      return;
    }
    let target = Math.round(index);
    if (this.circular) target = ((target % count) + count) % count;
    else target = Math.min(this.last, Math.max(0, target));
    const changed = target !== this.current;
    this.current = target;
    let distance = target - this.position;
    if (this.circular) {
      distance = ((distance % count) + count) % count;
      if (distance > count / 2 || (forward < 0 && distance > 0)) distance -= count;
    }
    this.animate(this.position + distance, source);
    if (changed) this.emit("change", this.detail(source));
    this.plan();
  }

  detail(source) {
    return { current: this.current, currentItemId: text(this.items[this.current]?.values["item-id"]), source };
  }

  animate(target, source) {
    cancelAnimationFrame(this.frame);
    const duration = this.page.calm || !this.element.isConnected ? 0 : number(this.values.duration, 500);
    const [from, start] = [this.position, performance.now()];
    const step = (now) => {
      const part = duration > 0 ? Math.min(1, Math.max(0, now - start) / duration) : 1;
      this.position = from + (target - from) * (EASINGS[this.values["easing-function"]] ?? EASINGS.easeOutCubic)(part);
      if (part < 1) {
        this.frame = requestAnimationFrame(step);
      } else {
        this.position = this.current;
        if (target !== from) this.emit("animationfinish", this.detail(source));
      }
      this.place();
      if (target !== from) this.tellMove();
    };
    if (duration > 0) this.frame = requestAnimationFrame(step);
    else step(start);
  }

  plan() {
    clearTimeout(this.timer);
    if (!this.values.autoplay || this.items.length < 2 || this.drag || !this.page.shows(this)) return;
    this.timer = setTimeout(() => {
      if (document.hidden || !this.page.visible) this.plan();
      else this.go(!this.circular && this.current >= this.last ? 0 : this.current + 1, "autoplay", 1);
    }, Math.max(100, number(this.values.interval, 5000)));
  }

  pressed(event) {
    if (event.button > 0 || this.items.length < 2 || this.values["disable-touch"]) return;
    clearTimeout(this.timer);
    this.drag = {
      pointer: event.pointerId, x: event.clientX, y: event.clientY, time: event.timeStamp, origin: this.position, moving: false,
    };
  }

  moved(event) {
    if (!this.drag || event.pointerId !== this.drag.pointer) return;
    const [dx, dy] = [event.clientX - this.drag.x, event.clientY - this.drag.y];
    const along = this.values.vertical ? dy : dx;
    if (!this.drag.moving) {
      if (Math.abs(along) < SLOP || Math.abs(along) < Math.abs(this.values.vertical ? dx : dy)) return;
      this.drag.moving = true;
      cancelAnimationFrame(this.frame);
      this.drag.origin = this.position;
      this.element.setPointerCapture(event.pointerId);
    }
    const box = this.content.getBoundingClientRect();
    const size = (this.values.vertical ? box.height : box.width) / this.shown;
    let position = this.drag.origin - along / Math.max(1, size);
    if (!this.circular) {
      if (position < 0) position /= 3; // the edge gives a little
      if (position > this.last) position = this.last + (position - this.last) / 3;
    }
    this.position = position;
    this.place();
    this.tellMove();
  }

  released(event) {
    if (!this.drag || event.pointerId !== this.drag.pointer) return;
    const drag = this.drag;
    this.drag = null;
    if (!drag.moving) {
      this.plan();
      return;
    }
    const moved = this.position - drag.origin;
    const fast = Math.abs(moved) > 0.05 && event.timeStamp - drag.time < 250;
    const steps = Math.abs(moved) > 0.35 || fast ? Math.sign(moved) * Math.max(1, Math.round(Math.abs(moved))) : 0;
    this.go(this.current + steps, "touch", Math.sign(moved));
  }

  keyPressed(event) {
    if (event.target !== this.element) return;
    const [back, next] = this.values.vertical ? ["ArrowUp", "ArrowDown"] : ["ArrowLeft", "ArrowRight"];
    if (event.key !== back && event.key !== next) return;
    event.preventDefault();
    const step = event.key === next ? 1 : -1;
    this.go(this.current + step, "touch", step);
  }
}
