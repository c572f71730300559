// What programs only count: how many devices have which value, with what the dice of the devices may be off.

import { call, query } from "./api.js";
import { field, h, panel, redraw, said } from "./dom.js";
import { many, number } from "./format.js";
import { replaceQuery } from "./router.js";
import { state } from "./state.js";

const DAYS = [1, 7, 30, 90], LOOKED_AT = 1000;

/** A panel in which a program and an item are chosen, and their histogram below. */
export function countsPanel(view) {
  const asked = { count: view.query.get("count") ?? "", item: view.query.get("item") ?? "", days: view.query.get("days") ?? "7" };
  const items = h("datalist", { id: "counted-items" });
  const program = field("Program", h("select", {}, h("option", { value: "" }, "choose a program"),
    [...new Map([...state.names, ...(asked.count && !state.names.has(asked.count) ? [[asked.count, asked.count]] : [])])].map(([id, name]) => h("option", { value: id }, `${name} (${id})`))));
  const item = field("Item", h("input", { list: "counted-items", autocapitalize: "none", autocomplete: "off", spellcheck: "false" }), { hint: "As its data plan names it; what devices answered lately is proposed." });
  const days = field("Days", h("select", {}, DAYS.map((count) => h("option", { value: count }, many(count, "day")))));
  const drawn = h("div", { class: "counts", role: "status" });
  program.control.value = asked.count;
  item.control.value = asked.item;
  days.control.value = DAYS.includes(Number(asked.days)) ? asked.days : "7";

  const chosen = () => ({ count: program.control.value, item: item.control.value.trim(), days: days.control.value });
  const load = async () => {
    const now = chosen();
    item.fail("");
    if (!now.count || !now.item) return redraw(drawn, nothing("Choose a program and one of its items. A device answers them at random, so that nobody can tell what is true of it."));
    try {
      const found = await call("GET", `/api/telemetry/counts?${query({ source: now.count, name: now.item, days: now.days })}`, { signal: view.signal });
      if (JSON.stringify(now) !== JSON.stringify(chosen())) return null;
      redraw(drawn, found.histograms.length ? found.histograms.map((one) => histogram(one, found.days))
        : nothing(`No device answered this item in ${many(found.days, "day")}. Programs ask with reportCount, and only where a person allows it.`));
    } catch (refusal) {
      if (refusal.name !== "AbortError") item.fail(refusal.message);
    }
    return null;
  };
  const propose = async () => {
    const source = program.control.value;
    if (!source) return items.replaceChildren();
    const since = state.now() - Math.max(...DAYS) * 86400;
    const { records } = await call("GET", `/api/telemetry?${query({ source, since, limit: LOOKED_AT })}`, { signal: view.signal });
    const names = new Set(records.filter(({ values }) => /^\d+\/[\d.]+\//.test(values.answer ?? "")).map(({ name }) => name));
    return items.replaceChildren(...[...names].sort().map((name) => h("option", { value: name })));
  };
  const change = () => {
    const { count, item: name, days: span } = chosen();
    replaceQuery({ device: new URLSearchParams(location.hash.split("?")[1]).get("device"), count, item: name, days: count ? span : "" });
    load();
  };
  const quietly = (work) => work().catch(() => null); // the live connection says what is wrong, and loads everything again
  program.control.addEventListener("change", () => {
    quietly(propose);
    change();
  });
  item.control.addEventListener("change", change);
  days.control.addEventListener("change", change);
  view.on("refresh", load);
  return { box: panel("Counts", null, h("div", { class: "form pairs" }, program.row, item.row, days.row), items, drawn), load: () => Promise.all([load(), quietly(propose)]) };
}

const nothing = (text) => h("p", { class: "empty" }, text);

function histogram({ choices, epsilon, devices, unseen, values }, days) {
  const top = Math.max(1, ...values.map((one) => Math.min(devices, one.estimate + one.error)));
  return h("figure", { class: "histogram" },
    h("figcaption", { class: "sub" }, `${many(devices, "device")} answered in ${many(days, "day")}, each with one of ${choices} values at random (epsilon ${epsilon}). The error (±) holds for 95 of 100 counts.`),
    h("ul", {}, values.map((one) => value(one, devices, top))),
    unseen ? h("p", { class: "sub" }, `Values that no device sent: ${number(unseen)}`) : null);
}

/** A bar with its error; or, where the error is as large as the count, only what is known. */
function value({ value: name, estimate, error, clear }, devices, top) {
  const low = Math.max(0, estimate - error), high = Math.min(devices, Math.max(0, estimate + error)), shown = Math.min(devices, estimate);
  if (!clear) {
    return h("li", {}, said(name, { class: "counted" }), h("span", { class: "sub untold" }, `cannot be told: 0 to ${number(Math.round(high))}`));
  }
  const part = (amount) => `${(100 * Math.min(amount, top)) / top}%`;
  const fill = h("i"), whisker = h("b", { title: `from ${number(Math.round(low))} to ${number(Math.round(high))}` });
  fill.style.width = part(shown);
  whisker.style.left = part(low);
  whisker.style.width = part(Math.max(0, high - low));
  return h("li", {}, said(name, { class: "counted" }), h("span", { class: "extent", "aria-hidden": "true" }, fill, whisker),
    h("span", { class: "amount" }, `${number(Math.round(shown))} ± ${number(Math.round(error))}`));
}
