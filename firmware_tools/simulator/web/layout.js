// Where screen and panels are: side by side or one above the other, with a bar between them that can be moved.

import { make } from "./dom.js";

const KEPT = "cygnet-tools-layout";
const SMALLEST = { right: 320, bottom: 160 };
const NARROW = 1160;

function remembered() {
  try {
    return JSON.parse(localStorage.getItem(KEPT)) ?? {};
  } catch {
    return {};
  }
}

export class Layout {
  constructor(stage, panels) {
    this.state = { dock: null, right: null, bottom: null, theme: "auto", ...remembered() };
    this.splitter = make("div", { class: "splitter", role: "separator", tabindex: "0", "aria-label": "Size of the tools" });
    this.panels = panels;
    this.element = make("div", { class: "workspace" }, stage, this.splitter, panels);
    this.splitter.addEventListener("pointerdown", (event) => this.drag(event));
    this.splitter.addEventListener("keydown", (event) => this.step(event));
    this.splitter.addEventListener("dblclick", () => this.resize(null));
    addEventListener("resize", () => this.apply());
  }

  /** Narrow windows have the tools below, until the developer says otherwise. */
  get dock() {
    return this.state.dock ?? (innerWidth < NARROW ? "bottom" : "right");
  }

  setDock(dock) {
    this.state.dock = dock;
    this.apply();
  }

  get theme() {
    return this.state.theme;
  }

  setTheme(theme) {
    this.state.theme = theme;
    this.apply();
  }

  get room() {
    return this.dock === "right" ? this.element.clientWidth : this.element.clientHeight;
  }

  get size() {
    const own = this.state[this.dock] ?? (this.dock === "right" ? Math.min(660, Math.max(560, innerWidth * 0.44)) : this.room * 0.5);
    return Math.round(Math.max(SMALLEST[this.dock], Math.min(own, this.room - 200)));
  }

  resize(size) {
    this.state[this.dock] = size;
    this.apply();
  }

  apply() {
    document.documentElement.dataset.theme = this.state.theme;
    this.element.dataset.dock = this.dock;
    this.panels.style.flexBasis = `${this.size}px`;
    this.splitter.setAttribute("aria-orientation", this.dock === "right" ? "vertical" : "horizontal");
    this.splitter.setAttribute("aria-valuenow", String(this.size));
    try {
      localStorage.setItem(KEPT, JSON.stringify(this.state));
    } catch {
      // A browser without storage forgets the layout.
    }
  }

  drag(event) {
    event.preventDefault();
    this.splitter.setPointerCapture(event.pointerId);
    this.element.classList.add("dragging"); // the frame of the screen would swallow the pointer
    const move = (moved) => {
      const box = this.element.getBoundingClientRect();
      this.resize(this.dock === "right" ? box.right - moved.clientX : box.bottom - moved.clientY);
    };
    const end = () => {
      this.element.classList.remove("dragging");
      this.splitter.removeEventListener("pointermove", move);
    };
    this.splitter.addEventListener("pointermove", move);
    this.splitter.addEventListener("lostpointercapture", end, { once: true });
  }

  step(event) {
    const grow = this.dock === "right" ? { ArrowLeft: 1, ArrowRight: -1 } : { ArrowUp: 1, ArrowDown: -1 };
    if (!grow[event.key]) return;
    event.preventDefault();
    this.resize(this.size + grow[event.key] * (event.shiftKey ? 80 : 20));
  }
}
