// slider and progress.

import { Component, Field, color, length, make, number } from "./component.js";

export class Slider extends Field {
  build() {
    this.value = 0;
    this.dragging = false;
    this.fill = make("span", { class: "cy-slider-fill" });
    this.handle = make("span", { class: "cy-slider-handle" });
    this.track = make("span", { class: "cy-slider-track" }, this.fill, this.handle);
    this.label = make("span", { class: "cy-slider-value", "aria-hidden": "true" });
    this.label.hidden = true;
    this.element.append(this.track, this.label);
    this.content = make("span", { class: "cy-unseen" });
    this.focusable("slider");
    this.track.addEventListener("pointerdown", (event) => this.grab(event));
    this.track.addEventListener("pointermove", (event) => this.dragging && this.drag(event));
    this.track.addEventListener("pointerup", () => this.release());
    this.track.addEventListener("pointercancel", () => this.release());
    this.element.addEventListener("keydown", (event) => this.keyPressed(event));
    this.show();
  }

  get minimum() {
    return number(this.values.min, 0);
  }

  get maximum() {
    return Math.max(this.minimum, number(this.values.max, 100));
  }

  get step() {
    const step = number(this.values.step, 1);
    return step > 0 ? step : 1;
  }

  get fieldValue() {
    return this.value;
  }

  update(name) {
    switch (name) {
      case "value":
        if (this.dragging) return; // the hand knows better than an echo of an earlier position
        this.value = this.snap(number(this.values.value, 0));
        break;
      case "min":
      case "max":
      case "step":
        this.value = this.snap(number(this.values.value, this.value));
        break;
      case "disabled":
        this.updateDisabled();
        break;
      case "show-value":
        this.label.hidden = !this.values["show-value"];
        break;
      default:
        this.paint();
        return;
    }
    this.show();
  }

  applyStyle(value) {
    super.applyStyle(value);
    this.paint();
  }

  paint() {
    const style = this.element.style;
    style.setProperty("--cy-active", color(this.values["active-color"] ?? this.values["selected-color"], ""));
    style.setProperty("--cy-background", color(this.values["background-color"], ""));
    style.setProperty("--cy-block", color(this.values["block-color"], ""));
    style.setProperty("--cy-block-size", `${Math.min(28, Math.max(12, number(this.values["block-size"], 28)))}px`);
    this.show();
  }

  snap(value) {
    const steps = Math.round((value - this.minimum) / this.step);
    const snapped = this.minimum + steps * this.step;
    return Number(Math.min(this.maximum, Math.max(this.minimum, snapped)).toFixed(6));
  }

  show() {
    const span = this.maximum - this.minimum;
    this.element.style.setProperty("--cy-part", span > 0 ? String((this.value - this.minimum) / span) : "0");
    this.label.textContent = String(this.value);
    this.element.setAttribute("aria-valuemin", String(this.minimum));
    this.element.setAttribute("aria-valuemax", String(this.maximum));
    this.element.setAttribute("aria-valuenow", String(this.value));
  }

  grab(event) {
    if (!this.usable || event.button > 0) return;
    this.dragging = true;
    this.element.setAttribute("data-dragging", "");
    this.track.setPointerCapture(event.pointerId);
    this.before = this.value;
    this.drag(event);
  }

  drag(event) {
    const box = this.track.getBoundingClientRect();
    const part = box.width > 0 ? (event.clientX - box.left) / box.width : 0;
    const value = this.snap(this.minimum + part * (this.maximum - this.minimum));
    if (value === this.value) return;
    this.value = value;
    this.show();
    this.emit("changing", { value });
  }

  release() {
    if (!this.dragging) return;
    this.dragging = false;
    this.element.removeAttribute("data-dragging");
    if (this.value !== this.before) this.emit("change", { value: this.value });
  }

  keyPressed(event) {
    const page = Math.max(this.step, (this.maximum - this.minimum) / 10);
    const moves = {
      ArrowRight: this.step, ArrowUp: this.step, ArrowLeft: -this.step, ArrowDown: -this.step,
      PageUp: page, PageDown: -page, Home: this.minimum - this.value, End: this.maximum - this.value,
    };
    if (!this.usable || !(event.key in moves)) return;
    event.preventDefault();
    const value = this.snap(this.value + moves[event.key]);
    if (value === this.value) return;
    this.value = value;
    this.show();
    this.emit("changing", { value });
    this.emit("change", { value });
  }

  reset() {
    this.value = this.snap(number(this.values.value, 0));
    this.show();
  }

  activate() {
    this.element.focus();
  }
}

export class Progress extends Component {
  createElement() {
    return document.createElement("progress-bar"); // HTML's own progress takes neither children nor our drawing
  }

  build() {
    this.label = make("span", { class: "cy-progress-info" });
    this.label.hidden = true;
    this.element.append(make("span", { class: "cy-progress-track" }, make("span", { class: "cy-progress-fill" })), this.label);
    this.content = make("span", { class: "cy-unseen" });
    this.element.setAttribute("role", "progressbar");
    this.element.setAttribute("aria-valuemin", "0");
    this.element.setAttribute("aria-valuemax", "100");
    this.frame = 0;
    this.show(0);
  }

  update(name) {
    if ((name === "percent" || name === "active") && this.values.active && this.page.shows(this)) this.page.afterPatch(() => this.run());
    else if (!this.frame || name !== "percent") this.show(this.frame ? this.shown : this.percent);
  }

  applyStyle(value) {
    super.applyStyle(value);
    this.show(this.shown);
  }

  attached() {
    if (this.values.active) this.run();
  }

  detached() {
    cancelAnimationFrame(this.frame);
  }

  get percent() {
    return Math.min(100, Math.max(0, number(this.values.percent, 0)));
  }

  /** With `active` the bar fills at `duration` milliseconds a percent, from 0 or from where it stands. */
  run() {
    cancelAnimationFrame(this.frame);
    if (!this.page.shows(this)) return;
    const [from, target] = [this.values["active-mode"] === "forwards" ? this.shown : 0, this.percent];
    const whole = this.page.calm ? 0 : Math.abs(target - from) * Math.max(0, number(this.values.duration, 30));
    const begin = performance.now();
    const step = (now) => {
      const part = whole > 0 ? Math.min(1, Math.max(0, now - begin) / whole) : 1;
      this.show(from + (target - from) * part);
      this.frame = part < 1 ? requestAnimationFrame(step) : 0;
      if (part === 1) this.emit("activeend", { curPercent: target });
    };
    step(begin);
  }

  show(shown) {
    this.shown = shown;
    const percent = Math.round(shown);
    const style = this.element.style;
    style.setProperty("--cy-part", String(shown / 100));
    style.setProperty("--cy-radius", length(this.values["border-radius"] ?? 0));
    style.setProperty("--cy-info", length(this.values["font-size"] ?? 16));
    style.setProperty("--cy-active", color(this.values["active-color"] ?? this.values.color, ""));
    style.setProperty("--cy-background", color(this.values["background-color"], ""));
    style.setProperty("--cy-stroke", length(this.values["stroke-width"] ?? 6));
    this.label.hidden = !this.values["show-info"];
    this.label.textContent = `${percent}%`;
    this.element.setAttribute("aria-valuenow", String(percent));
  }
}
