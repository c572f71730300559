// canvas: replays the drawing that a program recorded in its worker, which has no canvas of its own.
//
// A drawing is a list of commands `[name, ...arguments]`; docs/architecture.md ("Drawing on a canvas") has the format.
// Only names on the lists below reach the context.

import { Component, number, text } from "./component.js";

const MAX_PIXELS = 4096;
const MAX_ADDRESS = 200_000;
const WIDTH = 300;
const HEIGHT = 150;
/** Commands that are calls, with the greatest number of arguments of each. */
const METHODS = {
  save: 0, restore: 0, scale: 2, rotate: 1, translate: 2, transform: 6, setTransform: 6, resetTransform: 0,
  beginPath: 0, closePath: 0, moveTo: 2, lineTo: 2, quadraticCurveTo: 4, bezierCurveTo: 6, arc: 6, arcTo: 5, ellipse: 8,
  rect: 4, roundRect: 5, fill: 1, stroke: 0, clip: 1, clearRect: 4, fillRect: 4, strokeRect: 4, fillText: 4, strokeText: 4,
  setLineDash: 1,
};
/** Commands that set a property, with the type of its value. */
const PROPERTIES = {
  fillStyle: "paint", strokeStyle: "paint", lineWidth: "number", lineCap: "string", lineJoin: "string", miterLimit: "number",
  lineDashOffset: "number", font: "string", textAlign: "string", textBaseline: "string", direction: "string",
  letterSpacing: "string", globalAlpha: "number", globalCompositeOperation: "string", shadowBlur: "number",
  shadowColor: "string", shadowOffsetX: "number", shadowOffsetY: "number", imageSmoothingEnabled: "boolean", filter: "filter",
};

export class Canvas extends Component {
  build() {
    this.bitmap = this.element; // children of a canvas do not show
    this.bitmap.width = WIDTH;
    this.bitmap.height = HEIGHT;
    this.context = this.bitmap.getContext("2d");
    this.element.setAttribute("role", "img");
    this.queue = [];
    this.busy = false;
    this.pictures = new Map();
  }

  /** An older canvas, known by `canvas-id`, draws in CSS pixels: its bitmap is as fine as the screen. */
  get flat() {
    return text(this.values.type) !== "2d";
  }

  update(name) {
    if (name === "drawing") {
      this.queue = [];
      this.draw([["reset"], ...(Array.isArray(this.values.drawing) ? this.values.drawing : [])]);
    }
  }

  call(method, [commands]) {
    if (method === "draw" && Array.isArray(commands)) this.draw(commands);
    else super.call(method, []);
  }

  draw(commands) {
    this.queue.push(...commands);
    this.page.afterPatch(() => this.work());
  }

  /** Replay in order; a picture that is still loading holds up what comes after it. */
  async work() {
    if (this.busy) return;
    this.busy = true;
    if (this.flat) this.fit();
    try {
      while (this.queue.length) {
        const command = this.queue.shift();
        const pending = this.perform(command);
        if (pending) await pending;
      }
    } finally {
      this.busy = false;
    }
  }

  fit() {
    const [width, height, fine] = [this.element.clientWidth, this.element.clientHeight, devicePixelRatio || 1];
    const [wide, high] = [limit(width * fine), limit(height * fine)];
    if (!width || !height || (this.bitmap.width === wide && this.bitmap.height === high)) return;
    this.bitmap.width = wide;
    this.bitmap.height = high;
    this.context.scale(fine, fine);
  }

  perform(command) {
    if (!Array.isArray(command)) return null;
    const [name, ...values] = command;
    try {
      if (Object.hasOwn(PROPERTIES, name)) return this.assign(name, PROPERTIES[name], values[0]);
      if (Object.hasOwn(METHODS, name)) this.context[name](...values.slice(0, METHODS[name]));
      else if (name === "drawImage") return this.drawImage(values);
      else if (name === "width" || name === "height") this.bitmap[name] = limit(number(values[0], name === "width" ? WIDTH : HEIGHT));
      else if (name === "reset") this.reset();
      else this.complain(`${text(name).slice(0, 40)} is no drawing command`);
    } catch (error) {
      this.complain(`${name}: ${error.message}`); // such as a negative radius; the rest is drawn all the same
    }
    return null;
  }

  complain(reason) {
    if (this.complained) return;
    this.complained = true;
    this.emit("error", { errMsg: `canvas:fail ${reason}` });
  }

  reset() {
    this.context.reset();
    if (this.flat) this.context.scale(devicePixelRatio || 1, devicePixelRatio || 1);
  }

  assign(name, type, value) {
    if (type === "paint" && value !== null && typeof value === "object") return this.paint(name, value);
    // A filter may name a document by url(); nothing but the plain functions passes.
    if (type === "filter" && /url/i.test(text(value))) return null;
    this.context[name] = type === "number" ? number(value, this.context[name]) : type === "boolean" ? Boolean(value) : text(value);
    return null;
  }

  /** A gradient or a pattern: `{linear|radial|conic: […], stops: [[offset, color], …]}`, `{pattern, repetition}`. */
  paint(property, { linear, radial, conic, stops, pattern, repetition }) {
    if (pattern !== undefined) {
      return this.picture(pattern).then((image) => {
        if (image) this.context[property] = this.context.createPattern(image, text(repetition, "repeat"));
      });
    }
    let gradient = null;
    if (Array.isArray(linear)) gradient = this.context.createLinearGradient(...linear.slice(0, 4));
    else if (Array.isArray(radial)) gradient = this.context.createRadialGradient(...radial.slice(0, 6));
    else if (Array.isArray(conic)) gradient = this.context.createConicGradient(...conic.slice(0, 3));
    if (!gradient) return null;
    for (const [offset, stop] of Array.isArray(stops) ? stops : []) gradient.addColorStop(offset, stop);
    this.context[property] = gradient;
    return null;
  }

  async drawImage([source, ...places]) {
    const image = await this.picture(source);
    if (!image) return;
    try {
      this.context.drawImage(image, ...places.slice(0, 8).map((place) => number(place, 0)));
    } catch (error) {
      this.complain(`drawImage: ${error.message}`);
    }
  }

  /** A picture of the package, loaded once; null if there is none. */
  picture(source) {
    const address = this.page.resource(text(source));
    if (!address) {
      this.complain(`${text(source).slice(0, 120)} is no picture of the program`);
      return Promise.resolve(null);
    }
    if (!this.pictures.has(address)) {
      const image = document.createElement("img");
      image.src = address;
      this.pictures.set(address, image.decode().then(() => image, () => {
        this.complain(`cannot load ${text(source).slice(0, 120)}`);
        return null;
      }));
    }
    return this.pictures.get(address);
  }

  /** `data-url` is the bitmap as a picture, where it is small enough for a message to the device. */
  property(name) {
    if (name !== "data-url") return super.property(name);
    try {
      const address = this.bitmap.toDataURL();
      return address.length <= MAX_ADDRESS ? address : null;
    } catch {
      return null; // a picture of another origin was drawn
    }
  }

  /** Where a touch is on the canvas: its touches have `x` and `y` as well. */
  point(source) {
    const box = this.element.getBoundingClientRect();
    return { x: Math.round((source.clientX - box.left) * 100) / 100, y: Math.round((source.clientY - box.top) * 100) / 100 };
  }
}

function limit(size) {
  return Math.min(MAX_PIXELS, Math.max(1, Math.round(size)));
}
