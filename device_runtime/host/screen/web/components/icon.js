// icon: WeChat's signs, drawn as SVG.

import { Component, color, make, number, text } from "./component.js";

const SVG = "http://www.w3.org/2000/svg";
const DISC = "M12 1a11 11 0 1 0 0 22 11 11 0 0 0 0-22z";
// Each sign: its colour, its paths on a 24 x 24 field, and if they are cut out of a disc or stroked.
const SIGNS = {
  success: { color: "#09bb07", disc: true, lines: ["M6.5 12.4l3.6 3.6 7.4-7.6"] },
  success_no_circle: { color: "#09bb07", lines: ["M4 12.6l5.2 5.2L20 6.6"] },
  info: { color: "#10aeff", disc: true, lines: ["M12 11v6", "M12 7v.2"] },
  warn: { color: "#f43530", disc: true, lines: ["M12 6.5v7", "M12 17v.2"] },
  waiting: { color: "#10aeff", disc: true, lines: ["M12 6.5V12l3.6 2.6"] },
  cancel: { color: "#f43530", disc: true, lines: ["M8.2 8.2l7.6 7.6", "M15.8 8.2l-7.6 7.6"] },
  clear: { color: "#b2b2b2", disc: true, lines: ["M8.2 8.2l7.6 7.6", "M15.8 8.2l-7.6 7.6"] },
  download: { color: "#09bb07", ring: true, lines: ["M12 6.5V16", "M8 12.4l4 4 4-4"] },
  search: { color: "#b2b2b2", lines: ["M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13z", "M15.4 15.4L20.5 20.5"] },
  circle: { color: "#c9c9c9", ring: true, lines: [] },
};
const NAMES = {
  success: "success", success_no_circle: "success", info: "information", warn: "warning", waiting: "waiting",
  cancel: "cancelled", clear: "clear", download: "download", search: "search", circle: "circle",
};

function shape(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  return element;
}

export class Icon extends Component {

  build() {
    this.element.setAttribute("role", "img");
    this.content = make("span", { class: "cy-unseen" });
  }

  applyStyle(value) {
    super.applyStyle(value);
    this.draw();
  }

  update() {
    this.draw();
  }

  draw() {
    const type = text(this.values.type).replaceAll("-", "_");
    const sign = Object.hasOwn(SIGNS, type) ? SIGNS[type] : null;
    const size = `${Math.max(1, number(String(this.values.size ?? "").replace(/px$/, ""), 23))}px`;
    this.element.style.setProperty("--cy-size", size);
    this.element.setAttribute("aria-label", NAMES[type] ?? type);
    this.element.replaceChildren();
    if (!sign) return;
    const paint = color(this.values.color, sign.color);
    const svg = shape("svg", { viewBox: "0 0 24 24", width: "100%", height: "100%", "aria-hidden": "true" });
    if (sign.disc) svg.append(shape("path", { d: DISC, fill: paint }));
    if (sign.ring) svg.append(shape("circle", { cx: 12, cy: 12, r: 10.5, fill: "none", stroke: paint, "stroke-width": 1.6 }));
    for (const line of sign.lines) {
      svg.append(shape("path", {
        d: line, fill: "none", stroke: sign.disc ? "#fff" : paint, "stroke-width": 1.9,
        "stroke-linecap": "round", "stroke-linejoin": "round",
      }));
    }
    this.element.append(svg);
  }
}
