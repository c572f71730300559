// Performance: the phases of the last start, and for each event the time until its patch was on its way.

import { chart } from "../chart.js";
import { bytes, clock, counted, grid, iconButton, make, milliseconds } from "../dom.js";
import { Panel, nothing } from "./panel.js";

const FRAME_MS = 16;
const SHOWN = 200;

export class PerformancePanel extends Panel {
  constructor(tools) {
    super(tools, "performance", "Performance", ["turns", "launch"]);
    this.start = make("div", { class: "launch" });
    this.place = make("div", { class: "chart-place" });
    this.sum = make("span", { class: "muted sum" });
    this.list = make("div", { class: "table-place" });
    this.open = new Set();
    this.element.append(
      make("div", { class: "scroll" }, this.start,
        make("div", { class: "section-bar" }, make("h3", {}, "Event to patch"), this.sum,
          iconButton("clear", "Clear the events", () => this.send({ type: "clear", panel: "turns" }))),
        this.place, this.list));
  }

  render() {
    this.drawLaunch();
    const turns = this.store.turns.filter((turn) => turn.cause !== "launch");
    const patched = turns.filter((turn) => turn.patch_ms !== null);
    this.place.hidden = !patched.length;
    if (patched.length) {
      const sorted = patched.map((turn) => turn.patch_ms).sort((a, b) => a - b);
      const at = (share) => milliseconds(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]);
      this.sum.textContent = `${counted(patched.length, "patch", "patches")}, half within ${at(0.5)}, 95 % within ${at(0.95)}`;
      this.place.replaceChildren(chart({
        points: patched.slice(-SHOWN).map((turn) => ({
          time: turn.time, value: turn.patch_ms, tone: turn.patch_ms > FRAME_MS ? "bad" : "", title: `${turn.cause}: ${milliseconds(turn.patch_ms)}`,
        })),
        width: this.place.clientWidth - 16, words: (value) => milliseconds(value).replace(".00", "").replace(".0", ""), line: FRAME_MS, lineWords: "one frame (16 ms)",
        label: "Time from each event to its patch",
      }));
    } else this.sum.textContent = "";
    if (!turns.length) {
      this.list.replaceChildren(nothing("No events yet", "Use the program: each tap, timer and answer shows here."));
      return;
    }
    this.list.replaceChildren(grid(["At", "Event", "JavaScript#", "To patch#", "Whole#"], make("tbody", {}, turns.slice(-SHOWN).reverse().map((turn) => this.row(turn)))));
  }

  row(turn) {
    const script = turn.calls.reduce((sum, [, ms]) => sum + ms, 0) - turn.waited_ms;
    const size = turn.patches.reduce((sum, patch) => sum + patch[2], 0);
    const details = make("details", { class: "branch" }, make("summary", {}, turn.cause),
      make("div", { class: "members" }, turn.calls.map(([what, ms]) => make("div", { class: "leaf" }, what, " ", make("span", { class: "muted" }, milliseconds(ms)))),
        turn.waited_ms ? make("div", { class: "leaf" }, "waiting for the host ", make("span", { class: "muted" }, milliseconds(turn.waited_ms))) : null,
        size ? make("div", { class: "leaf" }, `patch of ${bytes(size)}, ${turn.patches.reduce((sum, patch) => sum + patch[1], 0)} operations`) : null));
    details.open = this.open.has(turn.id);
    details.addEventListener("toggle", () => (details.open ? this.open.add(turn.id) : this.open.delete(turn.id)));
    return make("tr", { class: "entry" },
      make("td", { class: "when" }, clock(this.store.began, turn.time)),
      make("td", {}, details),
      make("td", { class: "number" }, milliseconds(Math.max(script, 0))),
      make("td", { class: `number ${turn.patch_ms > FRAME_MS ? "bad" : ""}` }, turn.patch_ms === null ? make("span", { class: "muted" }, "none") : milliseconds(turn.patch_ms)),
      make("td", { class: "number" }, milliseconds(turn.ms)));
  }

  drawLaunch() {
    const launch = this.store.launch;
    this.start.hidden = !launch;
    if (!launch) return;
    const phases = [
      ["Build", launch.build_ms, "host"], ["Install", launch.install_ms, "host"],
      ["Start of a worker", Math.max(0, launch.start_ms - launch.worker_ms), "host"], ...launch.calls.map(([what, ms]) => [what, ms, "worker"]),
    ].filter(([, ms, where]) => where === "host" || ms >= 0.005);  // a worker that was ready takes no time, and is told
    const inCalls = launch.calls.reduce((sum, [, ms]) => sum + ms, 0);
    phases.push(["View and patch", Math.max(0, launch.worker_ms - inCalls), "worker"]);
    const total = phases.reduce((sum, [, ms]) => sum + ms, 0);
    let at = 0;
    const rows = phases.map(([what, ms, where]) => {
      const fill = make("span", { class: `phase-fill ${where}` });
      fill.style.left = `${(at / total) * 100}%`;
      fill.style.width = `max(2px, ${(ms / total) * 100}%)`;
      at += ms;
      return make("div", { class: "phase" }, make("span", { class: "phase-name" }, what), make("span", { class: "phase-bar" }, fill), make("span", { class: "number" }, milliseconds(ms)));
    });
    this.start.replaceChildren(make("div", { class: "section-bar" }, make("h3", {}, "Last start"),
      make("span", { class: "muted sum" }, `${milliseconds(total)} from source to first page, ${milliseconds(launch.worker_ms)} of it in the worker`)), ...rows);
  }
}
