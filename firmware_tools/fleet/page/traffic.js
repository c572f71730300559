// Bytes on the wire of a device: today, the last 30 days, and by channel, as the fleet counts them.

import { call, segment } from "./api.js";
import { drawColumns } from "./chart.js";
import { facts, h, redrawWhen } from "./dom.js";
import { bytes, many } from "./format.js";
import { state } from "./state.js";

const DAY = 86400, DAYS = 30;
const KINDS = [
  ["sent", "telemetry", "telemetry"], ["sent", "reported", "reports"], ["sent", "state", "state"], ["sent", "request", "requests"], ["sent", "screen", "its screen, when somebody looked"],
  ["received", "content", "content"], ["received", "desired", "what it should have"], ["received", "response", "receipts, answers"],
];

/** Fill the place; figures are the fleet's, which are up to a minute old. */
export async function showTraffic(box, device, view) {
  const top = h("div", { class: "pad figures" }), chart = h("figure", { class: "chart" }), rest = h("div"), empty = h("p", { class: "empty" }, "Nothing was counted of this device yet. Figures are up to a minute old.");
  box.append(empty, top, chart, rest);
  let found = { since: null, days: [] };
  const draw = () => {
    const today = Math.floor(state.now() / DAY) * DAY;
    empty.hidden = found.since !== null;
    for (const part of [top, chart, rest]) part.hidden = found.since === null;
    if (found.since === null) return;
    redrawWhen(top, [found, today], () => [summary(found.days, today)]);
    redrawWhen(rest, [found, today], () => [table(found.days, today), h("p", { class: "notes sub" }, `Topics and payloads of messages, by days of UTC, since ${utcDay(found.since)}; what TCP, TLS and the broker add is not in it.`)]);
    if (!chart.isConnected) return;
    const points = (word) => new Map(found.days.map((one) => [one.time, sumOf(one[word])]));
    drawColumns(chart, { series: [{ name: "sent", points: points("sent") }, { name: "received", points: points("received") }], from: today - (DAYS - 1) * DAY, to: today + DAY, step: DAY, unit: "a day", words: bytes, zone: "UTC", label: `Chart of bytes sent and received on each of the last ${DAYS} days` });
  };
  const load = async () => {
    found = await call("GET", `/api/devices/${segment(device.id)}/traffic?days=${DAYS}`, { signal: view.signal });
    draw();
  };
  const again = () => load().catch(() => null); // the live connection says what is wrong, and loads everything again
  const sizes = new ResizeObserver(draw);
  sizes.observe(chart);
  view.signal.addEventListener("abort", () => sizes.disconnect());
  view.every(60, again);
  view.on("refresh", again);
  await load();
}

const utcDay = (time) => new Date(time * 1000).toLocaleDateString(undefined, { dateStyle: "medium", timeZone: "UTC" });
const sumOf = ({ messages, ...kinds }) => Object.values(kinds).reduce((sum, count) => sum + count, 0);
const sumOfAll = (days, count) => days.reduce((sum, one) => sum + count(one), 0);

function summary(days, today) {
  const now = days.filter((one) => one.time === today);
  return facts(...["sent", "received"].flatMap((word) => [
    [`${word === "sent" ? "Sent" : "Received"} today`, figure(now, word)],
    [`${word === "sent" ? "Sent" : "Received"} in ${DAYS} days`, figure(days, word)],
  ]));
}

const figure = (days, word) => [h("b", { class: "figure" }, bytes(sumOfAll(days, (one) => sumOf(one[word])))), h("div", { class: "sub" }, many(sumOfAll(days, (one) => one[word].messages), "message"))];

function table(days, today) {
  const now = days.filter((one) => one.time === today), rows = KINDS.map(([word, kind, name]) => [word, name, sumOfAll(now, (one) => one[word][kind]), sumOfAll(days, (one) => one[word][kind])]).filter(([, , , all]) => all);
  return h("table", { class: "plain traffic" },
    h("thead", {}, h("tr", {}, ["", "Today", `${DAYS} days`].map((name, index) => h("th", { scope: "col", class: index ? "right" : null }, name)))),
    h("tbody", {}, rows.map(([word, name, ofToday, all]) => h("tr", {},
      h("th", { scope: "row" }, h("span", { class: `key ${word === "sent" ? "c0" : "c1"}`, title: word }), h("span", { class: "unseen" }, `${word}: `), name),
      h("td", { class: "right" }, bytes(ofToday)), h("td", { class: "right" }, bytes(all))))));
}
