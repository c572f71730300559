// Telemetry: the live feed, and a chart of either how much there is or what is in it.

import { call } from "./api.js";
import { drawColumns, drawLines } from "./chart.js";
import { $, h, toast } from "./dom.js";

// Name, seconds, seconds of a column; and seconds of the sums that a line is drawn from, where single values are too many.
const WINDOWS = [["5 min", 300, 5], ["1 h", 3600, 60], ["24 h", 86400, 900, 60], ["30 d", 2592000, 21600, 3600]];
const MOST_SHOWN = 150, MOST_KEPT = 5000, MOST_SERIES = 6;

export class Telemetry {
  #state;
  #records = []; // newest last
  #rates = { step: 5, rates: [] };
  #sums = null;
  #window = WINDOWS[0];
  #paused = false;
  #due = false;

  constructor(state) {
    this.#state = state;
    $("window").append(...WINDOWS.map((entry) => h("button", { type: "button", "aria-pressed": String(entry === this.#window), onclick: () => this.#setWindow(entry) }, entry[0])));
    for (const id of ["measure", "telemetry-device"]) $(id).addEventListener("change", () => this.load());
    $("pause").addEventListener("click", () => this.#togglePause());
    new ResizeObserver(() => this.#drawChart()).observe($("chart"));
    setInterval(() => document.hidden || this.#tick(), 1000);
  }

  /** Load what the window shows. */
  async load() {
    const since = this.#state.now() - this.#window[1], device = $("telemetry-device").value;
    const scope = `since=${since}${device ? `&device=${encodeURIComponent(device)}` : ""}`;
    const measure = this.#measure(), summed = measure && this.#window[3];
    const [rates, records, sums, losses] = await Promise.all([
      call("GET", `/api/telemetry/rates?step=${this.#window[2]}&${scope}`),
      call("GET", `/api/telemetry?limit=${this.#measure() ? 3000 : MOST_SHOWN}&${scope}${this.#measure() ? `&name=${encodeURIComponent(this.#measure()[0])}` : ""}`),
      summed ? call("GET", `/api/telemetry/sums?step=${summed}&name=${encodeURIComponent(measure[0])}&field=${encodeURIComponent(measure[1])}&${scope}`) : null,
      call("GET", `/api/telemetry/losses${device ? `?device=${encodeURIComponent(device)}` : ""}`),
    ]);
    this.#rates = rates;
    this.#sums = sums;
    drawLosses(losses.losses);
    this.#records = records.records.reverse();
    this.#drawMeasures();
    this.#drawFeed();
    this.#drawChart();
  }

  /** Take in what arrived. */
  add({ records }) {
    const device = $("telemetry-device").value, measure = this.#measure();
    const wanted = records.filter((r) => (!device || r.device === device) && (!measure || r.name === measure[0]));
    this.#records.push(...wanted);
    this.#records.splice(0, this.#records.length - MOST_KEPT);
    if (!this.#paused) this.#drawFeed(wanted.length);
    this.#due = true;
  }

  /** Offer the devices to filter by. */
  drawDevices() {
    const select = $("telemetry-device"), chosen = select.value;
    fill(select, [["", "All devices"], ...[...this.#state.devices.values()].map((d) => [d.id, d.name || d.id])], chosen);
  }

  /** Once a second: what arrived since the last time is counted by the fleet, not here. */
  async #tick() {
    if (this.#due && !this.#measure()) {
      this.#due = false;
      const device = $("telemetry-device").value;
      try {
        this.#rates = await call("GET", `/api/telemetry/rates?step=${this.#window[2]}&since=${this.#state.now() - this.#window[1]}${device ? `&device=${encodeURIComponent(device)}` : ""}`);
      } catch {
        return; // the live connection says what is wrong, and loads everything again
      }
    }
    this.#drawMeasures();
    this.#drawChart();
  }

  #setWindow(entry) {
    this.#window = entry;
    [...$("window").children].forEach((button, index) => button.setAttribute("aria-pressed", String(WINDOWS[index] === entry)));
    this.load().catch((error) => toast(error.message, true));
  }

  #togglePause() {
    this.#paused = !this.#paused;
    $("pause").textContent = this.#paused ? "Go on" : "Pause";
    $("pause").setAttribute("aria-pressed", String(this.#paused));
    if (!this.#paused) this.#drawFeed();
  }

  /** [event name, value name], or null for the number of events. */
  #measure() {
    const chosen = $("measure").value;
    return chosen ? JSON.parse(chosen) : null;
  }

  #drawMeasures() {
    const known = new Set([...$("measure").options].map((option) => option.value).filter(Boolean));
    for (const record of this.#records.slice(-500)) {
      for (const [key, value] of Object.entries(record.values)) {
        if (typeof value === "number" && known.size < 60) known.add(JSON.stringify([record.name, key]));
      }
    }
    const options = [...known].sort().map((text) => [text, JSON.parse(text).join(" · ")]);
    fill($("measure"), [["", "Events by name"], ...options], $("measure").value);
  }

  #drawFeed(fresh = 0) {
    const shown = this.#records.slice(-MOST_SHOWN);
    $("feed").replaceChildren(
      ...(shown.length ? shown.map((record, index) => feedLine(record, this.#state, index >= shown.length - fresh)).reverse() : [noTelemetry()]),
    );
  }

  #drawChart() {
    const to = this.#state.now(), from = to - this.#window[1], measure = this.#measure();
    if (measure) {
      const devices = this.#sums ? meansByDevice(this.#sums, from) : byDevice(this.#records, measure, from);
      const series = [...devices].map(([id, points]) => ({ name: this.#state.devices.get(id)?.name || id, points }));
      drawLines($("chart"), { series: series.slice(0, MOST_SERIES), from, to, unit: series.length ? "" : "no values in this window" });
      return;
    }
    const step = this.#rates.step;
    drawColumns($("chart"), { series: byName(this.#rates.rates, from), from: Math.floor(from / step) * step, to, step, unit: `events per ${step < 60 ? `${step} s` : `${step / 60} min`}` });
  }
}

function byName(rates, from) {
  const names = new Map();
  for (const { time, name, count } of rates) {
    if (time < from) continue;
    if (!names.has(name)) names.set(name, { name, points: new Map(), total: 0 });
    const entry = names.get(name);
    entry.points.set(time, count);
    entry.total += count;
  }
  const sorted = [...names.values()].sort((a, b) => b.total - a.total);
  if (sorted.length <= MOST_SERIES) return sorted;
  const others = { name: `${sorted.length - MOST_SERIES} others`, points: new Map() };
  for (const { points } of sorted.slice(MOST_SERIES)) {
    for (const [time, count] of points) others.points.set(time, (others.points.get(time) ?? 0) + count);
  }
  return [...sorted.slice(0, MOST_SERIES), others];
}

function byDevice(records, [name, key], from) {
  const devices = new Map();
  for (const record of records) {
    const value = record.values[key];
    if (record.name !== name || typeof value !== "number" || record.time < from) continue;
    if (!devices.has(record.device)) devices.set(record.device, []);
    devices.get(record.device).push([record.time, value]);
  }
  for (const points of devices.values()) points.sort((a, b) => a[0] - b[0]);
  return devices;
}

function meansByDevice({ step, sums }, from) {
  const devices = new Map();
  for (const { device, time, mean } of sums) {
    if (time < from) continue;
    if (!devices.has(device)) devices.set(device, []);
    devices.get(device).push([time + step / 2, mean]);
  }
  return devices;
}

function drawLosses(losses) {
  const total = losses.reduce((sum, loss) => sum + loss.records, 0), devices = new Set(losses.map((loss) => loss.device)).size;
  $("losses").hidden = !total;
  $("losses").textContent = total ? `${total.toLocaleString()} records of ${devices} ${devices === 1 ? "device" : "devices"} are missing: dropped, lost or left out there. \`cygnet fleet telemetry losses\` lists them.` : "";
}

function feedLine(record, state, fresh) {
  const values = Object.entries(record.values).map(([key, value]) => `${key} ${typeof value === "string" ? value : JSON.stringify(value)}`).join("  ");
  const when = new Date(record.time * 1000);
  return h("li", { class: fresh ? "fresh" : null },
    h("time", { title: when.toLocaleString() }, when.toLocaleTimeString([], { hour12: false })),
    h("span", { title: record.device }, state.devices.get(record.device)?.name || record.device),
    h("span", { class: "values" }, h("span", { class: "what", title: record.source }, record.name), ` ${values}`));
}

function noTelemetry() {
  return h("li", { class: "nothing" }, "Nothing in this window. Programs and devices send events as they run; they appear here as they arrive.");
}

function fill(select, options, chosen) {
  const mark = JSON.stringify(options);
  if (select.mark === mark) return;
  select.mark = mark;
  select.replaceChildren(...options.map(([value, text]) => h("option", { value }, text)));
  select.value = options.some(([value]) => value === chosen) ? chosen : "";
}
