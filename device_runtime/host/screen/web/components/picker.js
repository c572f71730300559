// picker: whatever it holds opens a sheet of wheels over the page.

import { Field, make, text } from "./component.js";
import { openMode } from "./picker-modes.js";
import { Wheel } from "./wheel.js";

const ITEM_PIXELS = 44;

/** The sheet itself: one wheel a column, and the two answers. */
class Sheet {
  constructor(page, title, mode, { onTurn, onAnswer }) {
    this.page = page;
    this.mode = mode;
    this.onTurn = onTurn;
    const cancel = make("button", { type: "button", class: "cy-sheet-cancel", "data-quiet": "" }, "Cancel");
    const done = make("button", { type: "button", class: "cy-sheet-done", "data-quiet": "" }, "OK");
    cancel.addEventListener("click", () => onAnswer(false));
    done.addEventListener("click", () => onAnswer(true));
    this.body = make("div", { class: "cy-picker-columns" });
    const wheels = make("div", { class: "cy-sheet-wheels" }, this.body, make("div", { class: "cy-picker-mask" }),
      make("div", { class: "cy-picker-indicator" }));
    wheels.style.setProperty("--cy-item", `${ITEM_PIXELS}px`);
    const head = make("div", { class: "cy-sheet-head" }, cancel, make("span", { class: "cy-sheet-title" }, title), done);
    const box = make("div", { class: "cy-sheet", role: "dialog", "aria-modal": "true", "aria-label": title || "Choose" }, head, wheels);
    this.element = make("div", { class: "cy-sheet-place" }, box);
    this.element.addEventListener("click", (event) => event.target === this.element && onAnswer(false));
    this.element.addEventListener("keydown", (event) => {
      if (event.key === "Escape") onAnswer(false);
      else if (event.key === "Enter" && !(event.target instanceof HTMLButtonElement)) onAnswer(true);
    });
    this.wheels = [];
    this.show();
  }

  /** Draw what the mode's columns have become; wheels that stay the same are left alone. */
  show() {
    const { columns, indexes } = this.mode;
    while (this.wheels.length > columns.length) this.wheels.pop().element.remove();
    while (this.wheels.length < columns.length) this.wheels.push(this.makeWheel(this.wheels.length));
    this.wheels.forEach((wheel, at) => {
      const labels = columns[at];
      if (wheel.labels !== labels.join("\n")) {
        wheel.labels = labels.join("\n");
        wheel.track.replaceChildren(...labels.map((label) => make("div", { class: "cy-sheet-item" }, label)));
      }
      if (wheel.index !== indexes[at] || wheel.position > wheel.last) wheel.set(indexes[at]);
      else wheel.place();
    });
  }

  makeWheel(column) {
    const track = make("div", {});
    const element = make("div", { class: "cy-sheet-column" }, track);
    this.body.append(element);
    return new Wheel({
      element, track,
      itemHeight: () => ITEM_PIXELS,
      calm: () => this.page.calm,
      onTurn: (index) => {
        this.mode.turn(column, index);
        this.show();
      },
      onRest: (index) => this.onTurn(column, index),
    });
  }

  focus() {
    this.wheels[0]?.element.focus({ preventScroll: true });
  }
}

export class Picker extends Field {
  build() {
    this.sheet = null;
    this.chosen = null;
    this.focusable("button");
    this.element.setAttribute("aria-haspopup", "dialog");
    this.element.addEventListener("click", () => this.activate());
  }

  get fieldValue() {
    return this.chosen ?? this.values.value ?? null;
  }

  get usable() {
    return !this.values.disabled;
  }

  update(name) {
    if (name === "disabled") this.updateDisabled();
    if (name === "value") this.chosen = null;
    const several = this.values.mode === "multiSelector";
    // A program fills the next column while the sheet is open.
    if (this.sheet && several && (name === "range" || name === "value")) this.page.afterPatch(() => this.refresh());
  }

  async refresh() {
    if (!this.sheet) return;
    const before = this.sheet.mode.indexes;
    const mode = await openMode(this.values);
    if (!this.sheet) return;
    if (!Array.isArray(this.values.value)) mode.indexes = mode.columns.map((list, at) => Math.min(before[at] ?? 0, list.length - 1));
    this.sheet.mode = mode;
    this.sheet.show();
  }

  async activate() {
    if (this.sheet || !this.usable) return;
    const mode = await openMode(this.values);
    if (this.sheet || !this.element.isConnected) return;
    this.sheet = new Sheet(this.page, text(this.values["header-text"]), mode, {
      onTurn: (column, value) => {
        if (this.values.mode === "multiSelector") this.emit("columnchange", { column, value });
      },
      onAnswer: (chosen) => this.answer(chosen),
    });
    this.page.openSheet(this.sheet.element, () => this.answer(false));
    this.sheet.focus();
  }

  answer(chosen) {
    const { sheet } = this;
    if (!sheet) return;
    this.close();
    this.element.focus({ preventScroll: true });
    if (!chosen) {
      this.emit("cancel");
      return;
    }
    const detail = sheet.mode.detail();
    this.chosen = detail.value;
    this.emit("change", detail);
  }

  close() {
    if (!this.sheet) return;
    this.page.closeSheet(this.sheet.element);
    this.sheet = null;
  }

  detached() {
    this.close();
  }

  reset() {
    this.chosen = null;
  }
}
