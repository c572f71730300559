// root-portal and page-container: content that leaves its place in the tree for the end of the page.

import { Component, make, number, text } from "./component.js";

/** Its children show at the end of the page, outside of every box that would clip, scroll or transform them. */
export class RootPortal extends Component {
  build() {
    this.part = make("div", { class: "cy-portal" });
    this.content = this.part;
  }

  attached() {
    this.spread();
  }

  update(name) {
    if (name === "enable") this.spread();
  }

  spread() {
    const home = this.values.enable === false ? this.element : this.page.portals;
    if (this.page.shows(this) && this.part.parentNode !== home) home.append(this.part);
  }

  detached() {
    this.part.remove();
  }
}

const POSITIONS = new Set(["top", "bottom", "right", "center"]);

/** A page within the page that comes in over a veil; `back` leaves it before it leaves the page. */
export class PageContainer extends Component {
  build() {
    this.veil = make("div", { class: "cy-container-veil" });
    this.panel = make("div", { class: "cy-container-panel", role: "dialog", "aria-modal": "true" });
    this.part = make("div", { class: "cy-container" }, this.veil, this.panel);
    this.part.hidden = true;
    this.content = this.panel;
    this.open = false;
    this.turn = 0;
    this.veil.addEventListener("click", () => {
      this.emit("clickoverlay");
      this.leave();
    });
    this.panel.addEventListener("keydown", (event) => event.key === "Escape" && this.leave());
    this.panel.addEventListener("pointerdown", (event) => { this.pressedAt = event.clientY; });
    this.panel.addEventListener("pointerup", (event) => {
      if (this.values["close-on-slide-down"] && event.clientY - this.pressedAt > 60) this.leave();
    });
    this.leave = this.leave.bind(this);
  }

  attached() {
    this.page.portals.append(this.part);
    this.paint();
    if (this.values.show) this.enter();
  }

  detached() {
    this.turn += 1;
    this.open = false;
    this.part.remove();
    this.part.hidden = true;
    this.part.removeAttribute("data-open");
    this.page.forgetBack(this.leave);
  }

  get duration() {
    return this.page.calm ? 0 : Math.min(3000, Math.max(0, number(this.values.duration, 300)));
  }

  update(name) {
    if (name === "show") {
      if (this.values.show) this.enter();
      else this.leave();
    } else {
      this.paint();
    }
  }

  paint() {
    const position = text(this.values.position, "bottom");
    this.part.dataset.position = POSITIONS.has(position) ? position : "bottom";
    this.part.toggleAttribute("data-round", Boolean(this.values.round));
    this.part.style.zIndex = String(Math.round(number(this.values["z-index"], 100)));
    this.part.style.setProperty("--cy-duration", `${this.duration}ms`);
    this.veil.style.cssText = this.page.convertStyle(text(this.values["overlay-style"]));
    this.veil.hidden = this.values.overlay === false;
    this.panel.style.cssText = this.page.convertStyle(text(this.values["custom-style"]));
  }

  enter() {
    if (this.open || !this.part.isConnected) return;
    this.open = true;
    this.page.onBack(this.leave);
    this.emit("beforeenter");
    this.part.hidden = false;
    this.part.getBoundingClientRect(); // the panel starts from where it is hidden
    this.part.setAttribute("data-open", "");
    this.emit("enter");
    this.after("afterenter", () => {});
  }

  leave() {
    if (!this.open) return;
    this.open = false;
    this.page.forgetBack(this.leave);
    this.emit("beforeleave");
    this.part.removeAttribute("data-open");
    this.emit("leave");
    this.after("afterleave", () => { this.part.hidden = true; });
  }

  after(type, action) {
    this.turn += 1;
    const { turn } = this;
    setTimeout(() => {
      if (turn !== this.turn) return;
      action();
      this.emit(type);
    }, this.duration);
  }
}
