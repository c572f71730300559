// A source file, read only, in a sheet over the panels, with one line marked.

import { icon, iconButton, make } from "./dom.js";

export class SourceSheet {
  constructor({ send, toast }) {
    this.send = send;
    this.toast = toast;
    this.wanted = null;
    this.element = make("aside", { class: "sheet", "aria-label": "Source", tabindex: "-1" });
    this.element.hidden = true;
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      this.close();
    });
  }

  open(place) {
    this.wanted = place;
    this.before = document.activeElement;
    this.send({ type: "source", file: place.file });
  }

  close() {
    this.element.hidden = true;
    this.element.replaceChildren();
    if (this.before?.isConnected) this.before.focus();
  }

  receive({ file, path, text }) {
    if (this.wanted?.file !== file) return;
    const { line, column } = this.wanted;
    const rows = text.replace(/\r\n/g, "\n").split("\n").map((words, index) => make("div", { class: index + 1 === line ? "source-line marked" : "source-line" },
      make("span", { class: "line-number" }, String(index + 1)), make("code", {}, words || " ")));
    const address = `${path}:${line}${column ? `:${column}` : ""}`;
    this.element.replaceChildren(
      make("header", { class: "sheet-bar" }, icon("file"), make("strong", {}, file), make("span", { class: "muted" }, `line ${line}`), make("span", { class: "grow" }),
        iconButton("copy", "Copy the path with the line", () => this.copy(address)),
        make("a", { class: "icon-button", href: `vscode://file${encodeURI(address)}`, title: "Open in VS Code", "aria-label": "Open in VS Code" }, icon("external")),
        iconButton("close", "Close (Esc)", () => this.close())),
      make("div", { class: "source", tabindex: "0" }, rows));
    this.element.hidden = false;
    this.element.querySelector(".marked")?.scrollIntoView({ block: "center" });
    this.element.focus();
  }

  async copy(address) {
    try {
      await navigator.clipboard.writeText(address);
      this.toast("Copied");
    } catch {
      this.toast(address);
    }
  }
}
