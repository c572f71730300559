// picker-view and its columns: wheels inside a page.

import { Component, Field, make, number, text } from "./component.js";
import { Wheel } from "./wheel.js";

export class PickerViewColumn extends Component {
  build() {
    this.content = make("div", {});
    this.element.append(this.content);
    this.wheel = new Wheel({
      element: this.element,
      track: this.content,
      itemHeight: () => this.view?.itemHeight ?? 34,
      calm: () => this.page.calm,
      onStart: () => this.view?.emit("pickstart"),
      onTurn: () => this.view?.turned(),
      onRest: () => this.view?.rested(),
    });
  }

  get view() {
    return this.closest(PickerView);
  }

  childrenChanged() {
    this.view?.spread();
  }

  attached() {
    this.view?.spread();
  }
}

export class PickerView extends Field {
  build() {
    this.told = [];
    this.itemHeight = 34;
    this.content = make("div", { class: "cy-picker-columns" });
    this.mask = make("div", { class: "cy-picker-mask" });
    this.indicator = make("div", { class: "cy-picker-indicator" });
    this.element.append(this.content, this.mask, this.indicator);
    this.element.setAttribute("role", "group");
    this.sizes = new ResizeObserver(() => this.measure());
  }

  attached() {
    this.sizes.observe(this.indicator);
    this.spread();
  }

  detached() {
    this.sizes.disconnect();
  }

  get columns() {
    return [...this.descendants()].filter((component) => component instanceof PickerViewColumn);
  }

  get fieldValue() {
    return this.columns.map((column) => column.wheel.index);
  }

  update(name) {
    const value = this.values[name];
    if (name === "value") this.spread();
    else if (name === "indicator-style") this.indicator.style.cssText = this.page.convertStyle(text(value));
    else if (name === "mask-style") this.mask.style.cssText = this.page.convertStyle(text(value));
    else if (name === "indicator-class") this.indicator.className = `cy-picker-indicator ${text(value)}`;
    else if (name === "mask-class") this.mask.className = `cy-picker-mask ${text(value)}`;
  }

  /** The items are as high as the frame around the chosen one. */
  measure() {
    this.itemHeight = this.indicator.offsetHeight || this.itemHeight;
    this.element.style.setProperty("--cy-item", `${this.itemHeight}px`);
    for (const column of this.columns) column.wheel.place();
  }

  applyStyle(value) {
    super.applyStyle(value);
    this.element.style.setProperty("--cy-item", `${this.itemHeight}px`);
  }

  childrenChanged() {
    this.spread();
  }

  /** Put each column where `value` says; one that it does not name stays where it is. */
  spread() {
    const wanted = Array.isArray(this.values.value) ? this.values.value : [];
    this.columns.forEach((column, at) => column.wheel.set(number(wanted[at], column.wheel.index)));
    this.told = this.fieldValue;
  }

  turned() {
    if (this.values["immediate-change"]) this.tell();
  }

  rested() {
    this.tell();
    this.emit("pickend");
  }

  tell() {
    const value = this.fieldValue;
    if (value.join() === this.told.join()) return;
    this.told = value;
    this.emit("change", { value });
  }

  reset() {
    this.spread();
  }
}
