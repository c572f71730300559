// The console: what the program writes, and the errors that nobody caught.

import { clock, icon, iconButton, make, segments } from "../dom.js";
import { fromOutline, tree } from "../tree.js";
import { Panel, nothing, readPlace } from "./panel.js";

const SHOWN = 1000;
const FRAME = /^\s*at (?:(.+) \()?([^()]+:\d+:\d+)\)?$/;
const LEVELS = [["all", "All"], ["error", "Errors"], ["warn", "Warnings"], ["info", "Info"], ["debug", "Debug"]];

export class ConsolePanel extends Panel {
  constructor(tools) {
    super(tools, "console", "Console", ["console"]);
    this.level = "all";
    this.words = "";
    this.last = 0;
    this.filter = make("input", { type: "search", class: "field filter", placeholder: "Filter", "aria-label": "Filter the console", spellcheck: "false",
      oninput: () => {
        this.words = this.filter.value.trim().toLowerCase();
        this.again();
      } });
    this.levels = make("div");
    this.list = make("div", { class: "lines", role: "log", "aria-label": "Console", tabindex: "0" });
    this.element.append(
      make("div", { class: "toolbar" }, iconButton("clear", "Clear the console", () => this.send({ type: "clear", panel: "console" })), this.filter, this.levels),
      this.list,
    );
  }

  badge() {
    const errors = this.store.console.filter((line) => line.level === "error").length;
    return errors ? { text: String(errors), tone: "bad" } : null;
  }

  again() {
    this.last = 0;
    this.list.replaceChildren();
    this.invalidate();
  }

  wanted(line) {
    if (line.level === "mark") return this.level === "all" && !this.words;
    const level = line.level === "log" ? "info" : line.level;
    if (this.level !== "all" && level !== this.level) return false;
    return !this.words || `${line.text} ${line.source}`.toLowerCase().includes(this.words);
  }

  render() {
    const lines = this.store.console;
    const first = lines[0]?.id ?? 0;
    if (!lines.length || this.first > first || this.last > (lines.at(-1)?.id ?? 0)) {
      this.last = 0;
      this.list.replaceChildren();
    }
    this.first = first;
    this.drawLevels();
    const atEnd = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 30;
    const fresh = lines.filter((line) => line.id > this.last && this.wanted(line)).slice(-SHOWN);
    this.last = lines.at(-1)?.id ?? 0;
    this.list.querySelector(":scope > .nothing")?.remove();
    for (const line of fresh) this.append(line);
    while (this.list.childElementCount > SHOWN) this.list.firstElementChild.remove();
    if (!this.list.childElementCount) {
      this.list.append(this.words || this.level !== "all"
        ? nothing("No line fits", "Change the filter to see others.")
        : nothing("Nothing has been written", "What the program gives to console.log shows here, with the place that wrote it."));
    }
    if (atEnd) this.list.scrollTop = this.list.scrollHeight;
  }

  drawLevels() {
    const count = (level) => this.store.console.filter((line) => line.level === level).length;
    const labels = LEVELS.map(([level, words]) => {
      const number = level === "error" || level === "warn" ? count(level) : 0;
      return [level, number ? `${words} ${number}` : words];
    });
    const key = JSON.stringify([labels, this.level]);
    if (key === this.levelsKey) return;
    this.levelsKey = key;
    const focused = this.levels.contains(document.activeElement);
    this.levels.replaceChildren(segments("Level", labels, this.level, (level) => {
      this.level = level;
      this.again();
    }));
    if (focused) this.levels.querySelector("[aria-checked=true]").focus();
  }

  append(line) {
    if (line.level === "mark") {
      this.list.append(make("div", { class: "mark" }, make("span", {}, line.text), make("time", {}, clock(this.store.began, line.time))));
      this.previous = null;
      return;
    }
    const key = `${line.level}\n${line.text}\n${line.source}`;
    if (this.previous?.key === key && this.previous.row.isConnected && !line.values.length) {
      this.previous.count += 1;
      this.previous.badge.textContent = String(this.previous.count);
      this.previous.badge.hidden = false;
      return;
    }
    const badge = make("span", { class: "repeated", title: "times in a row" });
    badge.hidden = true;
    const mark = { error: "error", warn: "warn" }[line.level];
    const row = make("div", { class: `line level-${line.level}` },
      make("time", {}, clock(this.store.began, line.time)),
      make("span", { class: "line-icon" }, mark ? icon(mark) : null),
      badge,
      make("div", { class: "message" }, this.message(line)),
      make("span", { class: "line-source" }, this.sourceLink(line.source)));
    this.list.append(row);
    this.previous = { key, row, badge, count: 1 };
  }

  /** The values where there are some, else the text with its stack folded up behind the first line. */
  message(line) {
    if (line.values.length) {
      return make("div", { class: "values" }, line.values.map((value) => tree(fromOutline(value))));
    }
    const lines = line.text.split("\n");
    const at = lines.findIndex((text) => FRAME.test(text));
    if (at < 0) return make("span", { class: "text" }, line.text);
    const words = make("span", { class: "text" }, lines.slice(0, at).join("\n"));
    const frames = lines.slice(at).map((text) => {
      const match = FRAME.exec(text);
      const place = match && readPlace(match[2]);
      if (!place) return make("div", { class: "frame muted" }, text.trim());
      return make("div", { class: "frame" }, `at ${match[1] ?? ""} `, this.sourceLink(place));
    });
    return make("details", { class: "branch stack" }, make("summary", {}, words), make("div", { class: "members" }, frames));
  }
}
