// switch, checkbox, radio and their groups.

import { Field, color, make, text } from "./component.js";

class Choice extends Field {
  build() {
    this.checked = false;
    this.focusable(this.role);
    this.show();
    this.element.addEventListener("click", (event) => {
      event.preventDefault();
      if (this.usable) this.choose();
    });
  }

  get role() {
    return "checkbox";
  }

  update(name) {
    if (name === "checked") this.setChecked(Boolean(this.values.checked));
    else if (name === "color") this.element.style.setProperty("--cy-color", color(this.values.color, ""));
    else if (name === "disabled") this.updateDisabled();
  }

  applyStyle(value) {
    super.applyStyle(value);
    this.update("color");
  }

  setChecked(checked) {
    this.checked = checked;
    this.show();
  }

  show() {
    this.element.setAttribute("aria-checked", String(this.checked));
  }

  reset() {
    this.setChecked(Boolean(this.values.checked));
  }

  activate() {
    this.element.focus({ preventScroll: true });
    this.choose();
  }
}

export class Switch extends Choice {
  static reflected = ["type"];

  build() {
    super.build();
    this.element.append(make("span", { class: "cy-knob" }));
    this.content = make("span", { class: "cy-unseen" });
  }

  get role() {
    return "switch";
  }

  get fieldValue() {
    return this.checked;
  }

  choose() {
    this.setChecked(!this.checked);
    this.emit("change", { value: this.checked });
  }
}

class Grouped extends Choice {
  build() {
    super.build();
    this.content = make("span", { class: "cy-choice-text" });
    // Programs restyle the box by the name that it has in WeChat.
    this.mark = make("span", { class: `cy-box wx-${this.tag}-input`, "aria-hidden": "true" });
    this.element.append(this.mark, this.content);
    this.show();
  }

  update(name) {
    super.update(name);
    if (name === "disabled") this.show();
  }

  show() {
    super.show();
    this.mark?.classList.toggle(`wx-${this.tag}-input-checked`, this.checked);
    this.mark?.classList.toggle(`wx-${this.tag}-input-disabled`, !this.usable);
  }

  /** Belongs to a group, whose value counts. */
  get fieldValue() {
    return this.checked;
  }
}

class Group extends Field {
  *members() {
    for (const component of this.descendants()) {
      if (component instanceof Grouped) yield component;
    }
  }

  reset() {
    for (const member of this.members()) member.reset();
  }
}

export class CheckboxGroup extends Group {
  build() {
    this.element.setAttribute("role", "group");
  }

  get fieldValue() {
    return [...this.members()].filter((member) => member.checked).map((member) => text(member.values.value));
  }
}

export class RadioGroup extends Group {
  build() {
    this.element.setAttribute("role", "radiogroup");
    this.element.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
      const members = [...this.members()].filter((member) => member.usable);
      const at = members.findIndex((member) => member.element === this.page.activeElement);
      if (!step || at < 0) return;
      event.preventDefault();
      members[(at + step + members.length) % members.length].activate();
    });
  }

  get fieldValue() {
    const chosen = [...this.members()].find((member) => member.checked);
    return chosen ? text(chosen.values.value) : "";
  }
}

export class Checkbox extends Grouped {
  choose() {
    this.setChecked(!this.checked);
    const group = this.closest(CheckboxGroup);
    group?.emit("change", { value: group.fieldValue });
  }
}

export class Radio extends Grouped {
  get role() {
    return "radio";
  }

  setChecked(checked) {
    super.setChecked(checked);
    if (checked) this.clearOthers();
  }

  attached() {
    if (this.checked) this.clearOthers();
  }

  clearOthers() {
    const group = this.closest(RadioGroup);
    if (!group) return;
    for (const member of group.members()) if (member !== this && member.checked) member.setChecked(false);
  }

  choose() {
    if (this.checked) return;
    this.setChecked(true);
    const group = this.closest(RadioGroup);
    group?.emit("change", { value: group.fieldValue });
  }
}

