// Pictures of a program over the whole of it, one at a time (wx.previewImage).

import { make, sign } from "./dom.js";

const SWIPE = 40;

export class Viewer {
  /**
   * @param {HTMLElement} below what must not be reached meanwhile
   * @param {(address: unknown) => string | null} resource where a picture of the program is
   */
  constructor(below, resource) {
    this.below = below;
    this.resource = resource;
    this.addresses = [];
    this.at = 0;
    this.picture = make("img", { class: "viewer-picture", alt: "", draggable: "false" });
    this.count = make("p", { class: "viewer-count" });
    const button = (name, label, action) => {
      const made = make("button", { type: "button", class: `round viewer-${name}`, "aria-label": label }, sign(name));
      made.addEventListener("click", action);
      return made;
    };
    this.element = make("div", { class: "viewer", role: "dialog", "aria-modal": "true", "aria-label": "Picture" },
      this.picture, this.count, button("close", "Close", () => this.close()),
      button("back", "Previous", () => this.turn(-1)), button("next", "Next", () => this.turn(1)));
    this.element.hidden = true;
    this.element.tabIndex = -1;
    this.element.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
      if (event.key === "ArrowLeft") this.turn(-1);
      if (event.key === "ArrowRight") this.turn(1);
    });
    this.element.addEventListener("pointerdown", (event) => { this.from = event.clientX; });
    this.element.addEventListener("pointerup", (event) => this.released(event));
  }

  show(addresses, at) {
    this.addresses = addresses;
    this.before = document.activeElement;
    this.element.hidden = false;
    this.below.inert = true;
    this.element.focus();
    this.go(at);
  }

  go(at) {
    this.at = Math.min(this.addresses.length - 1, Math.max(0, at));
    this.picture.src = this.resource(this.addresses[this.at]) ?? "";
    this.count.textContent = this.addresses.length > 1 ? `${this.at + 1} / ${this.addresses.length}` : "";
    this.element.toggleAttribute("data-first", this.at === 0);
    this.element.toggleAttribute("data-last", this.at === this.addresses.length - 1);
  }

  turn(by) {
    this.go(this.at + by);
  }

  released(event) {
    const by = event.clientX - (this.from ?? event.clientX);
    this.from = undefined;
    if (event.target instanceof HTMLButtonElement || event.target.closest("button")) return;
    if (Math.abs(by) > SWIPE) this.turn(by < 0 ? 1 : -1);
    else this.close();
  }

  close() {
    this.element.hidden = true;
    this.below.inert = false;
    this.picture.removeAttribute("src");
    this.before?.focus?.({ preventScroll: true });
  }
}
