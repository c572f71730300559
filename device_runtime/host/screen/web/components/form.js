// form, which gathers what its fields hold, and label, which makes its text act for a field.

import { COMPONENT, Component, Field, text } from "./component.js";

export class Form extends Component {
  build() {
    this.element.addEventListener("submit", (event) => event.preventDefault());
    this.element.setAttribute("novalidate", "");
  }

  *fields() {
    for (const component of this.descendants()) {
      if (component instanceof Field) yield component;
    }
  }

  submit() {
    const value = {};
    for (const field of this.fields()) {
      const name = text(field.values.name);
      if (name) value[name] = field.fieldValue;
    }
    this.emit("submit", { value });
  }

  reset() {
    for (const field of this.fields()) field.reset();
    this.emit("reset", {});
  }
}

export class Label extends Component {
  build() {
    this.element.addEventListener("click", (event) => {
      let node = event.target;
      while (node !== this.element && !(node[COMPONENT] instanceof Field)) node = node.parentNode;
      if (node !== this.element) return; // the field itself was tapped
      event.preventDefault();
      const field = this.field();
      if (field?.usable) field.activate();
    });
  }

  field() {
    const name = text(this.values.for);
    if (name) {
      const component = this.page.findById(name)?.[COMPONENT];
      return component instanceof Field ? component : null;
    }
    for (const component of this.descendants()) {
      if (component instanceof Field) return component;
    }
    return null;
  }
}
