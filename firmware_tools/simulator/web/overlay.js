// Over the screen: what is wrong, and where in the source. It closes when it is mended.

import { icon, iconButton, make } from "./dom.js";

const TITLES = { build: "The build failed", launch: "The program does not start", runtime: "An error that nobody caught" };

export class Overlay {
  constructor({ store, openSource, place }) {
    this.store = store;
    this.openSource = openSource;
    this.place = place;
    this.dismissed = new Set();
    this.at = 0;
    store.on(["faults", "status", "hello"], () => this.show());
    addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.defaultPrevented && this.place.childElementCount && !document.querySelector(".sheet:not([hidden]), dialog[open]")) this.dismiss();
    });
  }

  /** A fault of the build hides those of the run: it is the newer one. */
  get faults() {
    const { status, faults } = this.store;
    const all = status.fault ? [status.fault] : faults;
    const seen = new Set();
    return all.filter((fault) => {
      const key = keyOf(fault);
      if (seen.has(key) || this.dismissed.has(key)) return false;
      seen.add(key);
      return true;
    });
  }

  show() {
    if (!this.store.status.fault && !this.store.faults.length) this.dismissed.clear();
    const faults = this.faults;
    if (!faults.length) {
      this.place.replaceChildren();
      this.at = 0;
      return;
    }
    this.at = Math.min(this.at, faults.length - 1);
    const focused = this.place.contains(document.activeElement) ? document.activeElement.className : null;
    this.place.replaceChildren(this.card(faults[this.at], faults.length));
    if (focused) this.place.querySelector(`[class="${focused}"]`)?.focus();
  }

  card(fault, count) {
    const place = fault.place;
    const stateWords = fault.kind === "build" && this.store.running ? "The program runs on as it was before." : fault.where ? `In ${fault.where}.` : "";
    return make("div", { class: `overlay kind-${fault.kind}`, role: "alertdialog", "aria-label": TITLES[fault.kind] },
      make("header", { class: "overlay-bar" }, icon("error"), make("h2", {}, TITLES[fault.kind]),
        count > 1 ? make("span", { class: "pager" },
          iconButton("left", "Previous error", () => this.turn(-1)), `${this.at + 1} of ${count}`, iconButton("right", "Next error", () => this.turn(1))) : null,
        iconButton("close", "Dismiss (Esc)", () => this.dismiss())),
      make("div", { class: "overlay-body" },
        make("p", { class: "sentence" }, fault.sentence),
        place ? make("button", { type: "button", class: "link place-link", onclick: () => this.openSource(place) },
          icon("file"), `${place.file}:${place.line}${place.column ? `:${place.column}` : ""}`) : null,
        fault.excerpt.length ? excerpt(fault) : null,
        fault.frames.length > 1 ? make("div", { class: "frames" }, make("h3", {}, "Called from"), fault.frames.slice(1).map((frame) => make("div", { class: "frame" },
          make("span", { class: "function" }, frame.function || "(anonymous)"),
          make("button", { type: "button", class: "link source-link", onclick: () => this.openSource(frame.place) }, `${frame.place.file}:${frame.place.line}:${frame.place.column}`)))) : null,
        make("p", { class: "muted overlay-foot" }, [stateWords, "This closes by itself when it is mended and saved."].filter(Boolean).join(" "))));
  }

  turn(step) {
    const count = this.faults.length;
    this.at = (this.at + step + count) % count;
    this.show();
  }

  /** All that is shown now is seen; the program underneath can be used. */
  dismiss() {
    for (const fault of this.faults) this.dismissed.add(keyOf(fault));
    this.show();
  }
}

const keyOf = (fault) => `${fault.kind}\n${fault.sentence}\n${JSON.stringify(fault.place)}`;

function excerpt(fault) {
  const { line, column } = fault.place;
  return make("div", { class: "excerpt", role: "figure", "aria-label": "Source" }, fault.excerpt.flatMap(([number, text]) => {
    const row = make("div", { class: number === line ? "source-line marked" : "source-line", "aria-current": number === line ? "true" : null },
      make("span", { class: "line-number" }, String(number)), make("code", {}, text || " "));
    if (number !== line || !column || column > text.length + 1) return [row];
    // The caret stands under the column; tabs are as wide as those above.
    const blanks = text.slice(0, column - 1).replace(/[^\t]/g, " ");
    return [row, make("div", { class: "source-line caret", "aria-hidden": "true" }, make("span", { class: "line-number" }), make("code", {}, `${blanks}^`))];
  }));
}
