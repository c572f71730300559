// movable-area and movable-view: what a finger may drag, and pinch, within its area.

import { Component, number, text } from "./component.js";

const SLOP = 5;
const REST_PIXELS = 0.5;
/** How much of a pull beyond the edge shows. */
const GIVE = 0.4;

export class MovableArea extends Component {
  build() {
    this.element.addEventListener("pointerdown", (event) => {
      if (!this.values["scale-area"]) return;
      for (const view of this.views()) view.touchedByArea(event);
    });
  }

  *views() {
    for (const component of this.descendants()) if (component instanceof MovableView) yield component;
  }
}

export class MovableView extends Component {
  static reflected = ["direction"];

  build() {
    this.place = { x: 0, y: 0, scale: 1 };
    this.fingers = new Map();
    this.frame = 0;
    /** What the program has set and is not followed yet. */
    this.asked = new Set();
    this.placed = false;
    this.element.addEventListener("pointerdown", (event) => this.pressed(event));
    this.element.addEventListener("pointermove", (event) => this.moved(event));
    for (const type of ["pointerup", "pointercancel"]) this.element.addEventListener(type, (event) => this.released(event));
    this.element.addEventListener("wheel", (event) => this.wheeled(event), { passive: false });
    this.element.addEventListener("keydown", (event) => this.keyPressed(event));
    this.sizes = new ResizeObserver(() => this.settle());
  }

  attached() {
    const area = this.closest(MovableArea);
    if (area) this.sizes.observe(area.element);
    for (const name of ["x", "y", "scale-value"]) if (this.values[name] !== undefined) this.update(name);
  }

  detached() {
    this.sizes.disconnect();
    cancelAnimationFrame(this.frame);
  }

  get movesX() {
    return ["all", "horizontal"].includes(text(this.values.direction, "none")) && this.usable;
  }

  get movesY() {
    return ["all", "vertical"].includes(text(this.values.direction, "none")) && this.usable;
  }

  get scales() {
    return Boolean(this.values.scale) && this.usable;
  }

  wanted(axis) {
    const given = text(this.values[axis]);
    const rpx = /^(-?[\d.]+)rpx$/.exec(given);
    if (rpx) return Number(rpx[1]) * this.page.pixelsPerRpx;
    return number(given.replace(/px$/, ""), 0);
  }

  get wantedScale() {
    return this.limitScale(number(this.values["scale-value"], 1));
  }

  limitScale(scale) {
    const low = Math.max(0.1, number(this.values["scale-min"], 0.5));
    return Math.min(Math.max(low, Math.min(10, number(this.values["scale-max"], 10))), Math.max(low, scale));
  }

  update(name) {
    if (name === "x" || name === "y" || name === "scale-value") {
      this.asked.add(name);
      if (this.asked.size === 1) this.page.afterPatch(() => this.follow());
    } else if (name === "scale-min" || name === "scale-max") {
      this.settle();
    } else if (name === "direction" || name === "disabled") {
      this.element.tabIndex = this.movesX || this.movesY ? 0 : -1;
    }
  }

  /** Go where the program has said since; the hand knows better than an echo. */
  follow() {
    const names = new Set(this.asked);
    this.asked.clear();
    if (this.fingers.size || !this.page.shows(this)) return;
    const target = { ...this.place };
    if (names.has("x")) target.x = this.wanted("x");
    if (names.has("y")) target.y = this.wanted("y");
    if (names.has("scale-value")) target.scale = this.wantedScale;
    this.go(target, "", this.placed && this.values.animation !== false);
    this.placed = true;
  }

  /** The least and greatest x and y; what is larger than its area may be pushed until its far edge shows. */
  bounds(scale = this.place.scale) {
    const area = this.closest(MovableArea)?.element ?? this.element.parentElement;
    const { offsetWidth: width, offsetHeight: height } = this.element;
    if (!area) return { left: 0, right: 0, top: 0, bottom: 0 };
    // The transform grows the view from its middle.
    const [extraX, extraY] = [width * (scale - 1) / 2, height * (scale - 1) / 2];
    const [roomX, roomY] = [area.clientWidth - width * scale, area.clientHeight - height * scale];
    return {
      left: Math.min(0, roomX) + extraX, right: Math.max(0, roomX) + extraX,
      top: Math.min(0, roomY) + extraY, bottom: Math.max(0, roomY) + extraY,
    };
  }

  within({ x, y, scale }) {
    const { left, right, top, bottom } = this.bounds(scale);
    return { x: Math.min(right, Math.max(left, x)), y: Math.min(bottom, Math.max(top, y)), scale };
  }

  settle() {
    this.go({ ...this.place, scale: this.limitScale(this.place.scale) }, "", false);
  }

  show(place, source) {
    const old = this.place;
    this.place = place;
    this.draw();
    const [x, y, scale] = [round(place.x), round(place.y), round(place.scale)];
    if (round(old.x) !== x || round(old.y) !== y) this.emit("change", { x, y, source });
    if (round(old.scale) !== scale) this.emit("scale", { x, y, scale });
  }

  draw() {
    const { x, y, scale } = this.place;
    this.element.style.transform = `translate(${x.toFixed(2)}px, ${y.toFixed(2)}px) scale(${scale.toFixed(4)})`;
  }

  applyStyle(value) {
    super.applyStyle(value);
    this.draw();
  }

  /** Move to a place inside the area, softly or at once. */
  go(wanted, source, softly) {
    cancelAnimationFrame(this.frame);
    if (!this.page.shows(this)) return;
    const target = this.within(wanted);
    if (!softly || this.page.calm) {
      this.show(target, source);
      return;
    }
    // A critically damped approach: `damping` is how quickly, as WeChat has it (20 by default).
    const rate = Math.max(1, number(this.values.damping, 20)) * 0.5;
    let last = performance.now();
    const step = (now) => {
      const part = 1 - Math.exp(-rate * Math.min(0.05, Math.max(0, now - last) / 1000));
      last = now;
      const { x, y, scale } = this.place;
      const next = { x: x + (target.x - x) * part, y: y + (target.y - y) * part, scale: scale + (target.scale - scale) * part };
      const near = Math.hypot(target.x - next.x, target.y - next.y) < REST_PIXELS && Math.abs(target.scale - next.scale) < 0.005;
      this.show(near ? target : next, source);
      if (!near) this.frame = requestAnimationFrame(step);
    };
    this.frame = requestAnimationFrame(step);
  }

  // ---------------------------------------------------------------- fingers

  pressed(event) {
    if (event.button > 0 || !(this.movesX || this.movesY || this.scales)) return;
    event.stopPropagation();
    this.take(event);
  }

  /** With `scale-area` the second finger may touch anywhere in the area. */
  touchedByArea(event) {
    if (this.scales && event.button <= 0) this.take(event);
  }

  take(event) {
    cancelAnimationFrame(this.frame);
    this.element.setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, event);
    this.begin();
  }

  begin() {
    const [first, second] = [...this.fingers.values()];
    this.start = {
      place: this.place, at: first, moving: false, speed: { x: 0, y: 0 },
      distance: second ? Math.hypot(first.clientX - second.clientX, first.clientY - second.clientY) : 0,
    };
  }

  moved(event) {
    const before = this.fingers.get(event.pointerId);
    if (!before) return;
    this.fingers.set(event.pointerId, event);
    const [first, second] = [...this.fingers.values()];
    const { start } = this;
    if (second && this.scales && start.distance > 0) {
      const distance = Math.hypot(first.clientX - second.clientX, first.clientY - second.clientY);
      const scale = this.limitScale(start.place.scale * distance / start.distance);
      this.show(this.within({ ...this.place, scale }), "");
      return;
    }
    if (first.pointerId !== event.pointerId) return;
    const [dx, dy] = [event.clientX - start.at.clientX, event.clientY - start.at.clientY];
    if (!start.moving) {
      if (Math.hypot(dx, dy) < SLOP) return;
      start.moving = true;
      const across = Math.abs(dx) >= Math.abs(dy);
      this.emit(across ? "htouchmove" : "vtouchmove", {});
    }
    const passed = Math.max(1, event.timeStamp - before.timeStamp);
    start.speed = { x: (event.clientX - before.clientX) / passed, y: (event.clientY - before.clientY) / passed };
    const free = {
      x: start.place.x + (this.movesX ? dx : 0), y: start.place.y + (this.movesY ? dy : 0), scale: this.place.scale,
    };
    const inside = this.within(free);
    const beyond = inside.x !== free.x || inside.y !== free.y;
    if (beyond && this.values["out-of-bounds"]) {
      inside.x += (free.x - inside.x) * GIVE;
      inside.y += (free.y - inside.y) * GIVE;
      this.show(inside, "touch-out-of-bounds");
    } else {
      this.show(inside, "touch");
    }
  }

  released(event) {
    if (!this.fingers.delete(event.pointerId)) return;
    if (this.fingers.size) {
      this.begin();
      return;
    }
    const { start } = this;
    const inside = this.within(this.place);
    if (inside.x !== this.place.x || inside.y !== this.place.y) {
      this.go(inside, "out-of-bounds", true);
    } else if (start.moving && this.values.inertia && !this.page.calm && event.timeStamp - start.at.timeStamp > 0) {
      // `friction` 2 by default: a flick runs on for its speed over the friction.
      const run = 300 / Math.max(0.5, number(this.values.friction, 2));
      const { x, y, scale } = this.place;
      this.go({ x: x + (this.movesX ? start.speed.x * run : 0), y: y + (this.movesY ? start.speed.y * run : 0), scale }, "friction", true);
    }
  }

  wheeled(event) {
    if (!this.scales || !event.ctrlKey) return; // a touch pad's pinch
    event.preventDefault();
    this.show(this.within({ ...this.place, scale: this.limitScale(this.place.scale * Math.exp(-event.deltaY / 200)) }), "");
  }

  keyPressed(event) {
    if (event.target !== this.element) return;
    const step = { ArrowLeft: [-10, 0], ArrowRight: [10, 0], ArrowUp: [0, -10], ArrowDown: [0, 10] }[event.key];
    if (!step || !(step[0] ? this.movesX : this.movesY)) return;
    event.preventDefault();
    this.go({ ...this.place, x: this.place.x + step[0], y: this.place.y + step[1] }, "touch", false);
  }
}

function round(value) {
  return Math.round(value * 100) / 100;
}
