// The fleet at a glance: who is there, who is in step, what is under way, what needs somebody.

import { call, query } from "./api.js";
import { drawColumns } from "./chart.js";
import { bar, ring } from "./drawings.js";
import { h, panel, redrawWhen, said } from "./dom.js";
import { openEnroll } from "./enroll.js";
import { bytes, many, number } from "./format.js";
import { stopButton } from "./notices.js";
import { deviceParts, stateBadge } from "./rollout_words.js";
import { to } from "./router.js";
import { press } from "./session.js";
import { called, paced, state } from "./state.js";

const STATUS = [["online", "online", "good"], ["lost", "lost", "failed"], ["offline", "offline", "faint"], ["never", "not seen yet", "none"]];
const CONDITIONS = [["in step", "in step", "good"], ["behind", "behind", "info"], ["rolled back", "rolled back", "back"], ["failed", "failed", "failed"], ["nothing", "nothing assigned", "faint"]];
const HOUR = 3600;

export async function showOverview(view) {
  view.title("Overview");
  const counts = h("div", { class: "rings" }), way = h("div"), needs = h("div"), lately = h("div"), chart = h("figure", { class: "chart" });
  view.beside.append(stopButton(view));
  view.box.append(
    panel("Devices", h("a", { href: "#/devices" }, "All devices"), counts),
    h("div", { class: "columns" },
      h("div", { class: "stack" },
        panel("Under way", press("New rollout", { class: "small", onclick: () => (location.hash = "#/rollouts/new") }), way),
        panel("Telemetry, the last hour", h("a", { href: "#/telemetry" }, "Charts"), chart)),
      h("div", { class: "stack" },
        panel("Needs attention", null, needs),
        panel("Lately released", h("a", { href: "#/releases" }, "All releases"), lately))));

  const drawCounts = () => redrawWhen(counts, state.overview, () => (state.overview.devices ? rings() : noDevices()));
  const drawWay = () => redrawWhen(way, state.rollouts, () => underWayList());
  const drawLately = () => redrawWhen(lately, [state.releases, state.models], () => latelyList());
  const loadNeeds = async () => {
    const [failed, back] = await Promise.all(["failed", "rolled back"].map((condition) =>
      state.overview.conditions[condition] ? call("GET", `/api/overview/devices?${query({ condition, limit: 5 })}`, { signal: view.signal }) : { devices: [] }));
    const devices = [...failed.devices, ...back.devices].slice(0, 6);
    redrawWhen(needs, [devices, state.overview.conditions, state.overview.status], () => needsList(devices));
  };
  let rates = { step: 60, rates: [] };
  const loadRates = async () => {
    rates = await call("GET", `/api/telemetry/rates?step=60&since=${state.now() - HOUR}`, { signal: view.signal });
    drawRates(chart, rates);
  };
  const soonNeeds = paced(loadNeeds, 1500), soonRates = paced(loadRates, 5000);
  view.on("overview", () => {
    drawCounts();
    soonNeeds();
  });
  view.on("rollouts", drawWay);
  view.on("releases", drawLately);
  view.on("telemetry", soonRates);
  view.on("refresh", () => {
    soonNeeds();
    soonRates();
  });
  const sizes = new ResizeObserver(() => drawRates(chart, rates));
  sizes.observe(chart);
  view.signal.addEventListener("abort", () => sizes.disconnect());
  drawCounts();
  drawWay();
  drawLately();
  await Promise.all([loadNeeds(), loadRates()]);
}

function rings() {
  const { overview } = state;
  const parts = (words, counts, name, always) => words.map(([word, label, kind]) => ({ label, kind, count: counts[word] ?? 0, always: always.includes(word), href: name(word) }));
  return [
    ring("Connection", parts(STATUS, overview.status, (word) => `#/devices?${query({ q: `status = ${word}` })}`, ["online", "lost"]), overview.devices, overview.devices === 1 ? "device" : "devices"),
    ring("What they run", parts(CONDITIONS, overview.conditions, (word) => `#/devices?${query({ condition: word })}`, ["in step", "behind", "failed", "rolled back"]), overview.conditions["in step"] ?? 0, "in step"),
  ];
}

function noDevices() {
  return [h("div", { class: "empty" },
    h("h3", {}, "No devices yet"),
    h("p", {}, "A device joins in two steps: enroll it here, then start it with the file that you get."),
    h("pre", { tabindex: 0 }, h("code", {}, "cygnet fleet enroll kitchen --out kitchen.toml\ncygnet device run --provisioning kitchen.toml")),
    press("Enroll a device", { class: "primary", onclick: () => openEnroll() }))];
}

function underWayList() {
  const active = state.rollouts;
  if (!active.length) return [h("p", { class: "empty" }, "No rollout is under way. One brings a release to many devices in stages, and stops by itself when it does not do well.")];
  return [h("ul", { class: "cards" }, ...active.slice(0, 6).map((rollout) => h("li", { class: "card" },
    h("div", { class: "card-head" }, h("a", { href: to("rollouts", String(rollout.id)) }, said(rollout.name)), stateBadge(rollout)),
    bar(deviceParts(rollout.counts), { label: rollout.name }),
    h("div", { class: "sub" }, rollout.stage ? `Stage ${rollout.stage} of ${rollout.stages}. ` : "", said(rollout.reason)))))];
}

function needsList(devices) {
  const lost = state.overview.status.lost ?? 0;
  const rows = devices.map((device) => h("li", { class: "card" },
    h("div", { class: "card-head" }, h("a", { href: to("devices", device.id) }, said(called(device))), h("span", { class: `badge k-${device.condition === "failed" ? "failed" : "back"}` }, device.condition)),
    h("div", { class: "sub clamp" }, said(whyOf(device)))));
  if (lost) rows.push(h("li", { class: "card" }, h("div", { class: "card-head" }, h("a", { href: `#/devices?${query({ q: "status = lost" })}` }, `${many(lost, "device")} lost`)), h("div", { class: "sub" }, "Cut off without a goodbye: power, network, or the device itself.")));
  return rows.length ? [h("ul", { class: "cards" }, ...rows)] : [h("p", { class: "empty" }, "Nothing: no device has failed, was rolled back or is lost.")];
}

/** Why a device has failed, in its own sentence. */
export function whyOf(device) {
  const item = [...device.programs, ...device.models].find((one) => one.has?.error) ?? [...device.programs, ...device.models].find((one) => one.note);
  if (device.runtime_error) return device.runtime_error;
  return item ? `${item.app_id ? (state.names.get(item.app_id) ?? item.app_id) : item.name}: ${item.has?.error || item.note}` : "";
}

function latelyList() {
  const all = [...state.releases.map((r) => ({ ...r, what: r.name })), ...state.models.map((r) => ({ ...r, what: r.model, model: true }))];
  all.sort((a, b) => b.published_at - a.published_at);
  if (!all.length) return [h("p", { class: "empty" }, "Nothing is published yet.")];
  return [h("ul", { class: "cards" }, ...all.slice(0, 6).map((release) => h("li", { class: "card line" },
    h("span", { class: "grow" }, release.model ? h("span", { class: "kind" }, "model") : null, said(release.what)),
    h("span", { class: "v" }, said(release.version_name)),
    h("span", { class: "sub" }, `${bytes(release.size)} · `, h("span", { "data-seen": release.published_at })))))];
}

function drawRates(box, { rates }) {
  const to = state.now(), from = Math.floor((to - HOUR) / 60) * 60, points = new Map();
  for (const { time, count } of rates) points.set(time, (points.get(time) ?? 0) + count);
  const total = [...points].reduce((sum, [time, count]) => (time >= from ? sum + count : sum), 0);
  drawColumns(box, { series: [{ name: "records", points }], from, to, step: 60, unit: `${number(total)} in this hour, by minute`, label: `Records of telemetry by minute: ${number(total)} in the last hour`, plain: true });
}
