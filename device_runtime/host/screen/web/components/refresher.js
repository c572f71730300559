// Pulling a scroll-view down to refresh it: `refresher-enabled` and what belongs to it.

import { color, make, number, text } from "./component.js";

const GIVE = 0.5;
const STYLES = { black: "#000000", white: "#ffffff" };

/** Lets a hand pull the content of a scroll-view down, and keeps it down while `refresher-triggered`. */
export class Refresher {
  /** @param {import("./scroll-view.js").ScrollView} view */
  constructor(view) {
    this.view = view;
    this.press = null;
    this.state = "";
    this.dots = make("div", { class: "cy-refresher", "aria-hidden": "true" }, "•••");
    const { element } = view;
    const quiet = { passive: true };
    element.addEventListener("touchstart", (event) => event.touches.length === 1 && this.pressed(event.touches[0].clientY), quiet);
    element.addEventListener("touchmove", (event) => this.moved(event.touches[0].clientY, event), { passive: false });
    element.addEventListener("touchend", () => this.released(), quiet);
    element.addEventListener("touchcancel", () => this.released(), quiet);
    const byMouse = (action) => (event) => event.pointerType === "mouse" && action(event);
    element.addEventListener("pointerdown", byMouse((event) => event.button === 0 && this.pressed(event.clientY)));
    element.addEventListener("pointermove", byMouse((event) => this.moved(event.clientY, event)));
    for (const type of ["pointerup", "pointercancel"]) element.addEventListener(type, byMouse(() => this.released()));
  }

  get enabled() {
    return Boolean(this.view.values["refresher-enabled"]);
  }

  get threshold() {
    return Math.max(1, number(this.view.values["refresher-threshold"], 45));
  }

  /** The looks; a program that says `none` brings a child with slot="refresher". */
  paint() {
    const { element, values, tail } = this.view;
    const style = text(values["refresher-default-style"], "black");
    element.toggleAttribute("data-refresher", this.enabled);
    element.style.setProperty("--cy-refresher", color(values["refresher-background"], "transparent"));
    element.style.setProperty("--cy-refresher-ink", STYLES[style] ?? STYLES.black);
    if (this.enabled && style !== "none") element.insertBefore(this.dots, tail);
    else this.dots.remove();
    for (const child of this.view.children) {
      if (child.values) child.element.toggleAttribute("data-refresher-slot", child.values.slot === "refresher");
    }
  }

  pressed(y) {
    const free = this.enabled && this.view.element.scrollTop <= 0 && this.state !== "refreshing";
    this.press = free ? { from: y, by: 0 } : null;
  }

  moved(y, event) {
    if (!this.press) return;
    const by = this.view.element.scrollTop > 0 ? 0 : Math.max(0, (y - this.press.from) * GIVE);
    if (by === 0 && this.press.by === 0) return;
    if (event.cancelable) event.preventDefault(); // the page must not be pulled as well
    event.stopPropagation();
    if (event.pointerId !== undefined) this.view.element.setPointerCapture(event.pointerId); // a mouse may leave the view
    this.press.by = by;
    this.pull(by);
    this.view.emit("refresherpulling", { dy: Math.round(by) });
    const ready = by >= this.threshold;
    if (ready && !this.press.ready) this.view.emit("refresherwillrefresh", { dy: Math.round(by) });
    this.press.ready = ready;
  }

  released() {
    const { press } = this;
    this.press = null;
    if (!press || press.by === 0) return;
    if (press.ready) {
      this.begin();
    } else {
      this.pull(0);
      this.view.emit("refresherabort", { dy: Math.round(press.by) });
    }
  }

  /** Stay down until the program has done; its own `refresher-triggered` does the same. */
  begin() {
    if (this.state === "refreshing") return;
    this.state = "refreshing";
    this.pull(this.threshold);
    this.view.emit("refresherrefresh", { dy: this.threshold });
  }

  end() {
    if (this.state !== "refreshing") return;
    this.state = "";
    this.pull(0);
    this.view.emit("refresherrestore", { dy: 0 });
  }

  pull(by) {
    this.view.element.style.setProperty("--cy-pull", `${by}px`);
    this.view.element.toggleAttribute("data-refreshing", this.state === "refreshing");
    this.view.element.toggleAttribute("data-pulled", this.press !== null && by > 0);
  }
}
