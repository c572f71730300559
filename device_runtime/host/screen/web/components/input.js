// input and textarea: text fields whose value the program may follow, change or leave alone.

import { Field, color, make, number, text } from "./component.js";

const INPUT_MODES = { number: "numeric", digit: "decimal", idcard: "text", text: "text", tel: "tel" };
const ENTER_KEYS = { send: "send", search: "search", next: "next", go: "go", done: "done" };
const PLACEHOLDER_LOOKS = [
  "color", "font-size", "font-weight", "font-style", "font-family", "opacity", "letter-spacing", "text-align",
  "text-decoration-line", "text-indent",
];
const ECHO_MILLISECONDS = 1000;

class TextField extends Field {
  build() {
    this.element.autocomplete = "off";
    this.element.spellcheck = false;
    this.element.maxLength = 140;
    /** Values sent to the program that may still come back from it, with the time that each was sent. */
    this.sent = [];
    this.composing = false;
    this.element.addEventListener("input", () => this.typed());
    this.keyCode = 0;
    for (const phase of ["start", "update", "end"]) {
      this.element.addEventListener(`composition${phase}`, (event) => {
        this.composing = phase !== "end";
        this.emit(`keyboardcomposition${phase}`, { data: event.data });
      });
    }
    this.element.addEventListener("selectionchange", () => this.selected());
    this.element.addEventListener("focus", () => this.emit("focus", { value: this.element.value, height: 0 }));
    this.element.addEventListener("blur", () => {
      this.sent.length = 0;
      this.emit("blur", { value: this.element.value, cursor: this.element.selectionEnd ?? 0 });
    });
    this.element.addEventListener("keydown", (event) => {
      this.keyCode = event.keyCode;
      this.keyPressed(event);
    });
  }

  get fieldValue() {
    return this.element.value;
  }

  /** With `hold-keyboard` a touch beside the field leaves it the focus. */
  get holdsFocus() {
    return Boolean(this.values["hold-keyboard"]);
  }

  selected() {
    const { selectionStart, selectionEnd } = this.element;
    this.emit("selectionchange", { selectionStart, selectionEnd });
  }

  typed() {
    const { value, selectionEnd } = this.element;
    if (this.events.has("input")) {
      this.sent.push({ value, time: performance.now() });
      if (this.sent.length > 64) this.sent.shift();
    }
    this.resize();
    this.emit("input", { value, cursor: selectionEnd ?? value.length, keyCode: this.keyCode });
  }

  confirm() {
    this.sent.length = 0;
    this.emit("confirm", { value: this.element.value });
    if (!this.values["confirm-hold"]) this.element.blur();
  }

  keyPressed(_event) {}

  resize() {}

  /**
   * Take the program's value. While someone types, the program's answers to earlier letters arrive late: such an
   * echo says nothing new and must not undo what was typed since. Any other value is the program's own wish.
   */
  take(value) {
    if (value === this.element.value) {
      this.sent.length = 0;
      return;
    }
    const now = performance.now();
    this.sent = this.sent.filter((entry) => now - entry.time < ECHO_MILLISECONDS);
    const echo = this.sent.findIndex((entry) => entry.value === value);
    if (echo >= 0 && this.page.activeElement === this.element) {
      this.sent.splice(0, echo + 1);
      return;
    }
    if (this.composing) return;
    const { selectionStart, selectionEnd, value: old } = this.element;
    const focused = this.page.activeElement === this.element;
    this.element.value = value;
    if (focused) {
      // Keep the caret as far from the end as it was: right for formatters that add before it, or clear all.
      const fromEnd = (position) => Math.max(0, value.length - (old.length - position));
      this.element.setSelectionRange(fromEnd(selectionStart), fromEnd(selectionEnd));
    }
    this.resize();
  }

  update(name) {
    const value = this.values[name];
    switch (name) {
      case "value":
        this.take(text(value));
        break;
      case "placeholder":
        this.element.placeholder = text(value);
        break;
      case "placeholder-style":
      case "placeholder-class":
        this.page.afterPatch(() => this.paintPlaceholder());
        break;
      case "maxlength": {
        const limit = number(value, 140);
        if (limit < 0) this.element.removeAttribute("maxlength");
        else this.element.maxLength = limit;
        break;
      }
      case "disabled":
        this.element.disabled = Boolean(value);
        break;
      case "focus":
      case "auto-focus":
        if (value && this.page.shows(this)) this.page.whenShown(() => this.takeFocus());
        else if (!value && name === "focus") this.element.blur();
        break;
      case "cursor":
      case "selection-start":
      case "selection-end":
        this.page.afterPatch(() => this.page.activeElement === this.element && this.placeCaret());
        break;
      case "cursor-color":
        this.element.style.caretColor = color(value, "");
        break;
      case "confirm-type":
        this.element.enterKeyHint = ENTER_KEYS[value] ?? "done";
        break;
    }
  }

  attached() {
    if (this.values.focus || this.values["auto-focus"]) this.page.whenShown(() => this.takeFocus());
    // Program style sheets may come after the first patch.
    this.page.styled.then(() => this.paintPlaceholder());
  }

  /**
   * `placeholder-class` and `placeholder-style` are looked up on a probe beside the field, where every rule of the
   * program applies that would apply to an element there, and handed to ::placeholder where they say anything.
   */
  paintPlaceholder() {
    const style = this.element.style;
    for (const name of PLACEHOLDER_LOOKS) style.removeProperty(`--cy-placeholder-${name}`);
    const [group, own] = [text(this.values["placeholder-class"]), text(this.values["placeholder-style"])];
    if ((!group && !own) || !this.element.isConnected) return;
    const bare = make("span", { "aria-hidden": "true" });
    const probe = make("span", { "aria-hidden": "true", class: group });
    probe.style.cssText = this.page.convertStyle(own);
    for (const span of [bare, probe]) span.style.display = "block";
    this.element.after(bare, probe);
    const [plain, dressed] = [getComputedStyle(bare), getComputedStyle(probe)];
    for (const name of PLACEHOLDER_LOOKS) {
      const value = dressed.getPropertyValue(name);
      const said = value !== plain.getPropertyValue(name) || (name === "color" && probe.style.color);
      if (said) style.setProperty(`--cy-placeholder-${name}`, value);
    }
    bare.remove();
    probe.remove();
  }

  takeFocus() {
    this.element.focus();
    this.placeCaret();
  }

  /** Where `cursor`, or `selection-start` and `selection-end` together, say; negative numbers say nothing. */
  placeCaret() {
    const said = (name) => {
      const value = number(this.values[name], -1);
      return value < 0 ? null : value;
    };
    const cursor = said("cursor") ?? this.element.value.length;
    const [start, end] = [said("selection-start"), said("selection-end")];
    this.element.setSelectionRange(start !== null && end !== null ? start : cursor, start !== null && end !== null ? end : cursor);
  }

  applyStyle(value) {
    super.applyStyle(value);
    this.update("cursor-color");
    this.page.afterPatch(() => this.paintPlaceholder());
    this.resize();
  }

  reset() {
    this.element.value = text(this.values.value);
    this.resize();
  }

  activate() {
    this.element.focus();
  }
}

export class Input extends TextField {
  static reflected = [];

  update(name) {
    if (name === "type" || name === "password") {
      const type = text(this.values.type, "text");
      this.element.type = this.values.password || type === "safe-password" ? "password" : "text";
      this.element.inputMode = INPUT_MODES[type] ?? "text";
    } else {
      super.update(name);
    }
  }

  keyPressed(event) {
    if (event.key === "Enter" && !event.isComposing) this.confirm();
  }
}

export class TextArea extends TextField {
  static reflected = ["auto-height"];

  update(name) {
    super.update(name);
    if (name === "auto-height") this.resize();
  }

  keyPressed(event) {
    const confirms = event.key === "Enter" && (event.ctrlKey || event.metaKey || this.values["confirm-type"] in ENTER_KEYS);
    if (!confirms || event.isComposing || event.shiftKey) return;
    event.preventDefault();
    this.confirm();
  }

  attached() {
    super.attached();
    this.page.styled.then(() => this.resize());
  }

  resize() {
    if (this.values["auto-height"]) {
      this.element.style.height = "auto";
      this.element.style.height = `${this.element.scrollHeight}px`;
    }
    if (this.events.has("linechange")) this.countLines();
  }

  /** Tell when the text takes another number of lines. */
  countLines() {
    if (!this.element.isConnected || !this.page.shows(this)) return;
    const looks = getComputedStyle(this.element);
    const lineHeight = Number.parseFloat(looks.lineHeight) || Number.parseFloat(looks.fontSize) * 1.4;
    const room = this.element.clientHeight;
    // scrollHeight is never less than the room: without it, it is the text's.
    const kept = this.element.style.height;
    this.element.style.height = "0";
    const height = this.element.scrollHeight - Number.parseFloat(looks.paddingTop) - Number.parseFloat(looks.paddingBottom);
    this.element.style.height = kept;
    const lineCount = this.element.value === "" ? 0 : Math.max(1, Math.round(height / lineHeight));
    if (lineCount === this.lineCount || room === 0) return;
    this.lineCount = lineCount;
    this.emit("linechange", { height, heightRpx: height / this.page.pixelsPerRpx, lineCount, lineHeight });
  }
}
