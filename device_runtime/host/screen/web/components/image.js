// image: a picture of the package, in one of WeChat's modes.

import { Component, make, text } from "./component.js";

const POSITIONS = new Set([
  "top", "bottom", "center", "left", "right", "top left", "top right", "bottom left", "bottom right",
]);
const FITS = { scaleToFill: "fill", aspectFit: "contain", aspectFill: "cover", widthFix: "fill", heightFix: "fill" };

export class Image extends Component {
  static reflected = ["mode"];

  build() {
    this.picture = make("img", { alt: "", draggable: "false", decoding: "async" });
    this.element.append(this.picture);
    this.element.setAttribute("role", "img");
    this.content = make("span", { class: "cy-unseen" });
    this.picture.addEventListener("load", () => {
      this.element.removeAttribute("data-missing");
      this.emit("load", { width: this.picture.naturalWidth, height: this.picture.naturalHeight });
    });
    this.picture.addEventListener("error", () => this.miss(`cannot show ${text(this.values.src).slice(0, 120)}`));
  }

  /** A neutral block in the place of what cannot be shown. */
  miss(reason) {
    this.element.setAttribute("data-missing", "");
    this.emit("error", { errMsg: `image:fail ${reason}` });
  }

  update(name) {
    if (name === "mode") {
      const mode = text(this.values.mode, "scaleToFill");
      this.picture.style.objectFit = POSITIONS.has(mode) ? "none" : (FITS[mode] ?? "fill");
      this.picture.style.objectPosition = POSITIONS.has(mode) ? mode : "center";
    } else if (name === "alt") {
      this.picture.alt = text(this.values.alt);
      this.element.setAttribute("aria-label", text(this.values.alt));
    } else if (name === "lazy-load") {
      this.picture.loading = this.values["lazy-load"] ? "lazy" : "eager";
    } else if (name === "src") {
      this.load();
    }
  }

  load() {
    const source = text(this.values.src);
    const address = this.page.resource(source);
    if (address) {
      this.picture.src = address;
      return;
    }
    this.picture.removeAttribute("src");
    if (source) this.miss(`${source.slice(0, 120)} is no picture of the program`);
    else this.element.removeAttribute("data-missing");
  }
}
