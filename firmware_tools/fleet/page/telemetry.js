// Telemetry: the live feed, and a chart of either how much there is or what is in it; of the fleet or of one device.

import { call, query } from "./api.js";
import { drawColumns, drawLines } from "./chart.js";
import { h, said, toast } from "./dom.js";
import { MOST_SERIES, byDevice, byName, meansByDevice } from "./series.js";
import { state } from "./state.js";

// Name, seconds, seconds of a column; and seconds of the sums that a line is drawn from, where single values are too many.
const WINDOWS = [["5 min", 300, 5], ["1 h", 3600, 60], ["24 h", 86400, 900, 60], ["30 d", 2592000, 21600, 3600]];
const MOST_SHOWN = 150, MOST_KEPT = 5000;

export class Telemetry {
  #view;
  #device = "";
  #records = []; // newest last
  #rates = { step: 5, rates: [] };
  #sums = null;
  #window = WINDOWS[0];
  #paused = false;
  #due = false;

  constructor(view, { device = "", span = 300, feedName = "Live" } = {}) {
    this.#view = view;
    this.#device = device;
    this.#window = WINDOWS.find(([, seconds]) => seconds === span) ?? WINDOWS[0];
    this.measures = h("select", { "aria-label": "What to draw", onchange: () => this.reload() }, h("option", { value: "" }, "Records by name"));
    this.windows = h("span", { class: "segments", role: "group", "aria-label": "Time window" },
      ...WINDOWS.map((entry) => h("button", { type: "button", "aria-pressed": String(entry === this.#window), onclick: () => this.#setWindow(entry) }, entry[0])));
    this.chart = h("figure", { class: "chart" });
    this.losses = h("p", { class: "losses", role: "status", hidden: true });
    this.feed = h("ol", { class: "feed", tabindex: 0, "aria-label": "Records, the newest first" });
    this.pause = h("button", { type: "button", class: "quiet", "aria-pressed": "false", onclick: () => this.#togglePause() }, "Pause");
    this.box = h("div", { class: "telemetry" }, this.losses, h("div", { class: "telemetry-body" }, this.chart,
      h("div", { class: "feed-box" }, h("div", { class: "feed-head" }, h("h3", {}, feedName), this.pause), this.feed)));
    const sizes = new ResizeObserver(() => this.#drawChart());
    sizes.observe(this.chart);
    view.signal.addEventListener("abort", () => sizes.disconnect());
    view.on("telemetry", (event) => this.#add(event));
    view.on("refresh", () => this.reload());
    view.every(1, () => this.#tick());
  }

  /** Show this device, or all with an empty text. */
  show(device) {
    this.#device = device;
    this.reload();
  }

  reload() {
    return this.load().catch((error) => error.name === "AbortError" || toast(error.message, true));
  }

  /** Load what the window shows. */
  async load() {
    const since = state.now() - this.#window[1], scope = query({ since, device: this.#device });
    const measure = this.#measure(), summed = measure && this.#window[3], get = (path) => call("GET", path, { signal: this.#view.signal });
    const [rates, records, sums, losses] = await Promise.all([
      get(`/api/telemetry/rates?step=${this.#window[2]}&${scope}`),
      get(`/api/telemetry?limit=${measure ? 3000 : MOST_SHOWN}&${scope}${measure ? `&${query({ name: measure[0] })}` : ""}`),
      summed ? get(`/api/telemetry/sums?step=${summed}&${query({ name: measure[0], field: measure[1] })}&${scope}`) : null,
      get(`/api/telemetry/losses?${query({ device: this.#device })}`),
    ]);
    this.#rates = rates;
    this.#sums = sums;
    this.#drawLosses(losses.losses);
    this.#records = records.records.reverse();
    this.#drawMeasures();
    this.#drawFeed();
    this.#drawChart();
  }

  #add({ records }) {
    const measure = this.#measure();
    const wanted = records.filter((r) => (!this.#device || r.device === this.#device) && (!measure || r.name === measure[0]));
    this.#records.push(...wanted);
    this.#records.splice(0, this.#records.length - MOST_KEPT);
    if (!this.#paused && wanted.length) this.#drawFeed(wanted.length);
    this.#due = true;
  }

  /** Once a second: what arrived since the last time is counted by the fleet, not here. */
  async #tick() {
    if (this.#due && !this.#measure()) {
      this.#due = false;
      try {
        this.#rates = await call("GET", `/api/telemetry/rates?step=${this.#window[2]}&${query({ since: state.now() - this.#window[1], device: this.#device })}`, { signal: this.#view.signal });
      } catch {
        return; // the live connection says what is wrong, and loads everything again
      }
    }
    this.#drawMeasures();
    this.#drawChart();
  }

  #setWindow(entry) {
    this.#window = entry;
    [...this.windows.children].forEach((button, index) => button.setAttribute("aria-pressed", String(WINDOWS[index] === entry)));
    this.reload();
  }

  #togglePause() {
    this.#paused = !this.#paused;
    this.pause.textContent = this.#paused ? "Go on" : "Pause";
    this.pause.setAttribute("aria-pressed", String(this.#paused));
    if (!this.#paused) this.#drawFeed();
  }

  /** [record name, value name], or null for the number of records. */
  #measure() {
    return this.measures.value ? JSON.parse(this.measures.value) : null;
  }

  #drawMeasures() {
    const chosen = this.measures.value, known = new Set([...this.measures.options].map((option) => option.value).filter(Boolean));
    const before = known.size;
    for (const record of this.#records.slice(-500)) {
      for (const [key, value] of Object.entries(record.values)) {
        if (typeof value === "number" && known.size < 60) known.add(JSON.stringify([record.name, key]));
      }
    }
    if (known.size === before) return;
    this.measures.replaceChildren(h("option", { value: "" }, "Records by name"), ...[...known].sort().map((text) => h("option", { value: text }, JSON.parse(text).join(" · "))));
    this.measures.value = chosen;
  }

  #drawFeed(fresh = 0) {
    const shown = this.#records.slice(-MOST_SHOWN);
    this.feed.replaceChildren(
      ...(shown.length ? shown.map((record, index) => line(record, !this.#device, index >= shown.length - fresh)).reverse()
        : [h("li", { class: "nothing" }, "Nothing in this window. Programs and devices send records as they run; they appear here as they arrive.")]));
  }

  #drawChart() {
    if (!this.chart.isConnected) return;
    const to = state.now(), from = to - this.#window[1], measure = this.#measure();
    if (measure) {
      const devices = this.#sums ? meansByDevice(this.#sums, from) : byDevice(this.#records, measure, from);
      const series = [...devices].map(([name, points]) => ({ name, points }));
      const unit = series.length > MOST_SERIES ? `and ${series.length - MOST_SERIES} more devices` : series.length ? "" : "no values in this window";
      drawLines(this.chart, { series: series.slice(0, MOST_SERIES), from, to, unit, label: `Chart of ${measure.join(" ")} over ${this.#window[0]}` });
      return;
    }
    const step = this.#rates.step;
    drawColumns(this.chart, { series: byName(this.#rates.rates, from), from: Math.floor(from / step) * step, to, step, unit: `records per ${step < 60 ? `${step} s` : `${step / 60} min`}`, label: `Chart of records by name over ${this.#window[0]}` });
  }

  #drawLosses(losses) {
    const total = losses.reduce((sum, loss) => sum + loss.records, 0), devices = new Set(losses.map((loss) => loss.device)).size;
    this.losses.hidden = !total || Boolean(this.#device);
    this.losses.textContent = `${total.toLocaleString()} records of ${devices} ${devices === 1 ? "device" : "devices"} are missing: dropped, lost or left out there. A device's page says which.`;
  }
}

function line(record, named, fresh) {
  const values = Object.entries(record.values).map(([key, value]) => `${key} ${typeof value === "string" ? value : JSON.stringify(value)}`).join("  ");
  const when = new Date(record.time * 1000), today = when.toDateString() === new Date().toDateString();
  return h("li", { class: fresh ? "fresh" : null },
    h("time", { title: when.toLocaleString() }, today ? when.toLocaleTimeString([], { hour12: false }) : when.toLocaleDateString([], { day: "numeric", month: "short" })),
    named ? said(record.device, { class: "whose" }) : null,
    h("span", { class: "values" }, said(record.name, { class: "what", title: record.source }), " ", said(values)));
}
