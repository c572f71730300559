// Storage: what the program has stored, to be changed under its hands.

import { bytes, grid, iconButton, make } from "../dom.js";
import { Panel, nothing } from "./panel.js";

export class StoragePanel extends Panel {
  constructor(tools) {
    super(tools, "storage", "Storage", ["storage"]);
    this.editing = null;
    this.words = "";
    this.filter = make("input", { type: "search", class: "field filter", placeholder: "Filter by key", "aria-label": "Filter the storage", spellcheck: "false",
      oninput: () => {
        this.words = this.filter.value.trim().toLowerCase();
        this.invalidate();
      } });
    this.clearButton = iconButton("trash", "Delete every key", () => this.clear());
    this.quota = make("div", { class: "quota" });
    this.list = make("div", { class: "table-place" });
    this.editor = make("form", { class: "editor", onsubmit: (event) => this.save(event) });
    this.editor.hidden = true;
    this.element.append(
      make("div", { class: "toolbar" }, iconButton("plus", "Add a key", () => this.edit("", "")), this.clearButton, this.filter, this.quota),
      this.list, this.editor);
    this.store.on(["storage_changed", "hello", "status"], () => this.visible && this.ask());
  }

  shown() {
    this.ask();
  }

  ask() {
    if (this.store.program) this.send({ type: "storage" });
  }

  render() {
    const storage = this.store.storage;
    const entries = (storage?.entries ?? []).filter(([key]) => key.toLowerCase().includes(this.words));
    this.clearButton.disabled = !storage?.entries.length;
    this.drawQuota(storage);
    if (!entries.length) {
      this.list.replaceChildren(nothing("Nothing is stored", "wx.setStorage and its kin put values here. They are kept from run to run."));
      return;
    }
    this.list.replaceChildren(grid(["Key", "Value", "Size#", ""], make("tbody", {}, entries.map(([key, value, size]) => {
        const text = JSON.stringify(value);
        return make("tr", { class: "entry", "data-key": key },
          make("td", { class: "storage-key" }, key),
          make("td", { class: "storage-value", title: text.slice(0, 500), onclick: () => this.edit(key, JSON.stringify(value, null, 2)) }, text.slice(0, 400)),
          make("td", { class: "number" }, bytes(size)),
          make("td", { class: "actions" },
            iconButton("edit", `Edit ${key}`, () => this.edit(key, JSON.stringify(value, null, 2))),
            iconButton("trash", `Delete ${key}`, () => this.send({ type: "storage_remove", key }))));
      }))));
  }

  drawQuota(storage) {
    if (!storage) return;
    const share = storage.used / storage.quota;
    const bar = make("span", { class: "bar-fill" });
    bar.style.width = `${Math.max(share * 100, storage.used ? 1 : 0)}%`;
    const words = `${bytes(storage.used)} of ${bytes(storage.quota)}`;
    this.quota.classList.toggle("nearly-full", share > 0.8);
    this.quota.replaceChildren(
      make("span", { class: "bar", role: "meter", "aria-label": "Storage used", "aria-valuenow": String(Math.round(share * 100)), "aria-valuetext": words }, bar),
      make("span", { class: "muted" }, words));
  }

  edit(key, text) {
    this.editing = key;
    this.key = make("input", { class: "field", value: key, "aria-label": "Key", placeholder: "key", spellcheck: "false", readonly: key !== "" });
    this.value = make("textarea", { class: "field code", "aria-label": "Value as JSON", placeholder: 'JSON, such as "text", 12 or ["a"]', spellcheck: "false", rows: "6" }, text);
    this.fault = make("p", { class: "fault", role: "alert" });
    this.editor.replaceChildren(
      make("div", { class: "editor-row" }, this.key,
        make("button", { type: "submit", class: "button primary" }, "Save"),
        make("button", { type: "button", class: "button", onclick: () => this.close() }, "Cancel")),
      this.value, this.fault);
    this.editor.onkeydown = (event) => {
      if (event.key === "Escape") {
        event.stopPropagation();
        this.close();
      }
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.editor.requestSubmit();
    };
    this.editor.hidden = false;
    (key === "" ? this.key : this.value).focus();
  }

  save(event) {
    event.preventDefault();
    try {
      JSON.parse(this.value.value);
    } catch (error) {
      this.fault.textContent = `This is not JSON: ${error.message}. A text stands in double quotes.`;
      return;
    }
    if (!this.key.value) {
      this.fault.textContent = "A key must not be empty.";
      return;
    }
    this.send({ type: "storage_set", key: this.key.value, value: this.value.value });
    this.close();
  }

  close() {
    this.editor.hidden = true;
    this.editor.replaceChildren();
  }

  clear() {
    const count = this.store.storage.entries.length;
    this.confirm(`Delete all ${count} keys that the program has stored?`, "Delete", () => this.send({ type: "storage_clear" }));
  }
}
