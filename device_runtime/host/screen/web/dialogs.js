// Toasts, loading, modals and action sheets of one program, over its pages.

import { color, number, text } from "./components/component.js";
import { make, sign } from "./dom.js";

/** So long a question of the device cannot be agreed to: it must be read, and not be hit by a tap meant for what was there. */
const GUARD_MILLISECONDS = 1000;

export class Dialogs {
  /**
   * @param {HTMLElement} below what must not be reached while a dialogue is open
   * @param {(id: string, result: object) => void} answer
   * @param {(address: unknown) => string | null} resource where a picture of the program is
   */
  constructor(below, answer, resource) {
    this.below = below;
    this.resource = resource;
    this.answer = answer;
    this.open = new Map();
    /** Who waits for the answer to a question of this screen alone, by its id. */
    this.asking = new Map();
    this.asked = 0;
    this.element = make("div", { class: "dialogs" });
    this.toastTimer = 0;
  }

  // ---------------------------------------------------------------- toast and loading

  showToast(options) {
    const icon = text(options.icon, "success");
    this.toast(text(options.title), icon, Boolean(options.mask), this.resource(options.image));
    this.toastTimer = setTimeout(() => this.hideToast(), Math.min(60_000, Math.max(200, number(options.duration, 1500))));
  }

  showLoading(options) {
    this.toast(text(options.title, ""), "loading", Boolean(options.mask));
  }

  toast(title, icon, mask, picture = null) {
    this.hideToast();
    const box = make("div", { class: "toast", role: "status", "data-icon": icon });
    if (picture) box.append(make("img", { class: "toast-picture", alt: "", src: picture }));
    else if (icon === "loading") box.append(make("i", { class: "spinner" }));
    else if (icon === "success" || icon === "error") box.append(sign(icon));
    if (title) box.append(make("p", {}, title));
    this.toastElement = make("div", { class: mask ? "toast-place masked" : "toast-place" }, box);
    this.element.append(this.toastElement);
  }

  hideToast() {
    clearTimeout(this.toastTimer);
    this.toastElement?.remove();
    this.toastElement = null;
  }

  // ---------------------------------------------------------------- modal and action sheet

  showModal(options, id) {
    const title = text(options.title);
    const box = make("div", { class: options.guarded ? "modal guarded" : "modal", role: "alertdialog", "aria-modal": "true", "aria-label": title || "Question" });
    if (title) box.append(make("h2", {}, title));
    if (options.content) box.append(make("p", { class: "modal-text" }, text(options.content)));
    let field = null;
    if (options.editable) {
      field = make("input", { type: "text", class: "modal-field", placeholder: text(options.placeholderText), "aria-label": title || "Answer" });
      box.append(field);
    }
    const buttons = make("div", { class: "modal-buttons" });
    const finish = (confirm) => this.finish(id, { confirm, cancel: !confirm, ...(field && confirm ? { content: field.value } : {}) });
    const withCancel = options.showCancel === undefined || options.showCancel === null || Boolean(options.showCancel);
    if (withCancel) buttons.append(choice(text(options.cancelText, "Cancel"), "cancel", options.cancelColor, () => finish(false)));
    const agree = choice(text(options.confirmText, "OK"), "confirm", options.confirmColor, () => finish(true));
    buttons.append(agree);
    if (options.guarded) {
      agree.disabled = true;
      setTimeout(() => { agree.disabled = false; }, GUARD_MILLISECONDS);
    }
    box.append(buttons);
    box.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && withCancel) finish(false);
      if (event.key === "Enter" && event.target === field) finish(true);
    });
    this.show(id, box, field ?? (options.guarded ? buttons.firstElementChild : agree), null);
  }

  /**
   * Ask something of this screen alone, of which the device hears nothing.
   * @param {object} options those of a modal
   * @returns {Promise<boolean>} whether it was agreed to; no if the question goes unanswered
   */
  ask(options) {
    this.asked += 1;
    const id = `screen ${this.asked}`; // with a space, as the device's have none
    return new Promise((resolve) => {
      this.asking.set(id, resolve);
      this.showModal(options, id);
    });
  }

  showActionSheet(options, id) {
    const items = Array.isArray(options.itemList) ? options.itemList.slice(0, 32) : [];
    const box = make("div", { class: "sheet", role: "dialog", "aria-modal": "true", "aria-label": text(options.alertText, "Choose") });
    if (options.alertText) box.append(make("p", { class: "sheet-text" }, text(options.alertText)));
    const list = make("div", { class: "sheet-items" });
    items.forEach((item, index) => {
      list.append(choice(text(item), "item", options.itemColor, () => this.finish(id, { tapIndex: index })));
    });
    const cancel = () => this.finish(id, { cancel: true });
    box.append(list, choice("Cancel", "cancel", null, cancel));
    box.addEventListener("keydown", (event) => {
      if (event.key === "Escape") cancel();
    });
    this.show(id, box, list.firstElementChild ?? box.lastElementChild, cancel);
  }

  show(id, box, focus, dismiss) {
    this.close(id);
    const place = make("div", { class: "dialog-place" }, box);
    if (dismiss) place.addEventListener("click", (event) => event.target === place && dismiss());
    this.open.set(id, { place, before: document.activeElement });
    this.element.append(place);
    this.below.inert = true;
    focus.focus();
  }

  finish(id, result) {
    const asked = this.asking.has(id);
    this.close(id, result);
    if (!asked) this.answer(id, result);
  }

  /** Take every dialogue away, such as when the connection begins anew. */
  closeAll() {
    for (const id of [...this.open.keys()]) this.close(id);
  }

  /** Take a dialogue away, answered here or on another screen. */
  close(id, result = null) {
    const dialog = this.open.get(id);
    if (!dialog) return;
    this.open.delete(id);
    dialog.place.remove();
    this.below.inert = this.open.size > 0;
    dialog.before?.focus?.({ preventScroll: true });
    this.asking.get(id)?.(Boolean(result?.confirm));
    this.asking.delete(id);
  }
}

function choice(label, kind, paint, action) {
  const button = make("button", { type: "button", class: `choice ${kind}` }, label);
  const chosen = color(paint, "");
  if (chosen) button.style.color = chosen;
  button.addEventListener("click", action);
  return button;
}
