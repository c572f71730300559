// What a board has not: a quiet block that says which component the program put there.

import { Component, make, text } from "./component.js";

const LABELS = {
  map: "Map", camera: "Camera", "live-player": "Live video", "live-pusher": "Live camera", ad: "Advertisement",
  "ad-custom": "Advertisement", "open-data": "Account data", "official-account": "Official account", "voip-room": "Video call",
  editor: "Editor", "web-view": "Web page", "functional-page-navigator": "Part of WeChat", "channel-live": "Live channel",
  "channel-video": "Channel video", "store-home": "Shop", "store-product": "Shop product", "store-coupon": "Shop coupon",
  "store-gift": "Shop gift", "xr-scene": "3D scene",
};

/** The tags that get a placeholder. */
export const PLACEHOLDERS = Object.keys(LABELS).filter((tag) => tag !== "web-view");

export class Placeholder extends Component {
  build() {
    this.note = make("span", { class: "cy-absent-note" }, this.reason);
    this.label = make("span", { class: "cy-absent" }, make("b", {}, LABELS[this.tag] ?? this.tag), this.note);
    this.content = make("div", { class: "cy-absent-over" });
    this.element.append(this.label, this.content);
    this.element.setAttribute("data-absent", "");
    this.element.setAttribute("aria-label", `${LABELS[this.tag] ?? this.tag}: ${this.reason}`);
    this.element.setAttribute("role", "img");
  }

  createElement() {
    const element = document.createElement(this.tag);
    // Newer browsers know elements of such names (camera) that ask for real devices.
    const plain = [HTMLElement.prototype, HTMLUnknownElement.prototype, HTMLMapElement.prototype];
    return plain.includes(Object.getPrototypeOf(element)) ? element : document.createElement(`${this.tag}-view`);
  }

  get reason() {
    return "not on this device";
  }
}

/** A program may not show foreign pages: it says whose page it would have been. */
export class WebView extends Placeholder {
  get reason() {
    return hostOf(this.values?.src) || "not on this device";
  }

  update(name) {
    if (name !== "src") return;
    const src = text(this.values.src);
    this.note.textContent = this.reason;
    this.element.setAttribute("aria-label", `Web page: ${this.reason}`);
    if (src) this.emit("error", { url: src, fullUrl: src, errMsg: "web-view:fail foreign pages are not shown on this device" });
  }
}

function hostOf(address) {
  try {
    return new URL(text(address)).host;
  } catch {
    return "";
  }
}
