// setData: each call with what it carried, what came of it on the screen, and how long that took.

import { chart } from "../chart.js";
import { bytes, clock, counted, grid, icon, iconButton, make, milliseconds } from "../dom.js";
import { Panel, nothing } from "./panel.js";

const LARGE = 64 * 1024;
const SHOWN = 300;

/** The path of the component, or the route of the page. */
const ownerOf = (set) => set.component || set.route || `page ${set.page}`;

export class SetDataPanel extends Panel {
  constructor(tools) {
    super(tools, "setdata", "setData", ["sets"]);
    this.sum = make("span", { class: "muted sum" });
    this.place = make("div", { class: "chart-place" });
    this.list = make("div", { class: "table-place" });
    this.element.append(
      make("div", { class: "toolbar" }, iconButton("clear", "Clear the calls of setData", () => this.send({ type: "clear", panel: "sets" })), this.sum),
      this.place, this.list);
  }

  badge() {
    const large = this.store.sets.filter((set) => set.large).length;
    return large ? { text: String(large), tone: "warn" } : null;
  }

  render() {
    const sets = this.store.sets;
    this.place.hidden = !sets.length;
    if (!sets.length) {
      this.sum.textContent = "";
      this.list.replaceChildren(nothing("No call of setData yet", "Each one shows here with its payload, the patch that it became, and its time."));
      return;
    }
    const total = sets.reduce((sum, set) => sum + set.bytes, 0);
    this.sum.textContent = `${counted(sets.length, "call")}, ${bytes(total)} in all, largest ${bytes(Math.max(...sets.map((set) => set.bytes)))}`;
    this.place.replaceChildren(chart({
      points: sets.slice(-SHOWN).map((set) => ({
        time: set.time, value: set.bytes, tone: set.large ? "bad" : set.unread.length ? "warn" : "",
        title: `${ownerOf(set)}: ${set.keys.join(", ")}: ${bytes(set.bytes)}`,
      })),
      width: this.place.clientWidth - 16, words: bytes, line: LARGE, lineWords: "64 KB", label: "Payload of each setData over time",
    }));
    this.list.replaceChildren(grid(["At", "Owner", "Keys", "Payload#", "Patch#", "Time#"],
      make("tbody", {}, sets.slice(-SHOWN).reverse().flatMap((set) => this.rows(set)))));
  }

  rows(set) {
    const unread = new Set(set.unread);
    const hints = [];
    if (set.large) hints.push(`${bytes(set.bytes)} cross to the view at once; send what has changed only, such as 'list[3].done'`);
    if (unread.size) hints.push(`No template or observer reads ${[...unread].join(", ")}; keep it outside of data`);
    const row = make("tr", { class: `entry ${hints.length ? "has-hints" : ""}` },
      make("td", { class: "when" }, clock(this.store.began, set.time)),
      make("td", { class: "route", title: `${set.component ? `${set.component} (node ${set.owner}) in ` : ""}${set.route}, on ${set.cause}` }, ownerOf(set)),
      make("td", { class: "keys" }, set.keys.map((key) => make("code", { class: unread.has(key) ? "chip unread" : "chip", title: unread.has(key) ? "no template or observer reads it" : null }, key))),
      make("td", { class: `number ${set.large ? "bad" : ""}` }, bytes(set.bytes)),
      make("td", { class: "number" }, set.patch_bytes ? bytes(set.patch_bytes) : make("span", { class: "muted", title: "nothing on the screen changed" }, "none")),
      make("td", { class: "number" }, milliseconds(set.ms)));
    if (!hints.length) return [row];
    return [row, make("tr", { class: "hints" }, make("td"), make("td", { colspan: "5" }, hints.map((hint) => make("p", { class: "hint" }, icon("warn"), hint))))];
  }
}
