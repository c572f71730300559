// The devices: searched, filtered, a page at a time.

import { call, query } from "./api.js";
import { h, panel, redraw, said } from "./dom.js";
import { openEnroll } from "./enroll.js";
import { many } from "./format.js";
import { whyOf } from "./overview.js";
import { goTo, replaceQuery, to } from "./router.js";
import { asQuery, later } from "./search.js";
import { press } from "./session.js";
import { called, paced, state } from "./state.js";
import { tagEditor } from "./tags.js";

export const LABELS = { never: "not seen yet", online: "online", offline: "offline", lost: "lost" };
const CONDITIONS = [["", "Any state"], ["in step", "In step"], ["behind", "Behind"], ["failed", "Failed"], ["rolled back", "Rolled back"], ["nothing", "Nothing assigned"]];
const ON_A_PAGE = 50;

export async function showDevices(view) {
  view.title("Devices");
  view.beside.append(press("Enroll a device", { class: "primary", onclick: () => openEnroll() }));
  const asked = { q: view.query.get("q") ?? "", condition: view.query.get("condition") ?? "", tag: view.query.get("tag") ?? "", after: view.query.get("after") ?? "" };
  const search = h("input", { type: "search", value: asked.q, placeholder: "kitchen, or board = pico-w and tag = beta", "aria-label": "Search devices: words, or a query", "aria-describedby": "search-error", autocapitalize: "none", autocomplete: "off", spellcheck: "false" });
  const condition = h("select", { "aria-label": "State" }, ...CONDITIONS.map(([value, text]) => h("option", { value, selected: value === asked.condition }, text)));
  const tag = h("select", { "aria-label": "Tag" });
  const error = h("p", { class: "error", id: "search-error", role: "alert" }), found = h("p", { class: "hint", role: "status" });
  const list = h("div", { class: "device-list" }), pages = h("div", { class: "pages" });
  view.box.append(panel("All devices", found,
    h("form", { class: "filters", role: "search", onsubmit: (event) => event.preventDefault() }, search, condition, tag), error, list, pages));

  let newest = 0, shown = [];
  const load = async () => {
    const mine = ++newest;
    let answer;
    try {
      answer = await call("GET", `/api/overview/devices?${query({ ...asked, q: asQuery(asked.q), limit: ON_A_PAGE })}`, { signal: view.signal });
    } catch (refusal) {
      if (refusal.name !== "AbortError" && mine === newest) error.textContent = refusal.message;
      return;
    }
    if (mine !== newest) return;
    error.textContent = "";
    shown = answer.devices;
    const text = answer.total === state.overview.devices ? many(answer.total, "device") : `${many(answer.total, "device")} of ${state.overview.devices.toLocaleString()}`;
    if (found.textContent !== text) found.textContent = text;
    draw();
    redraw(pages, ...turn(asked, answer));
  };
  const draw = () => {
    const rows = new Map([...list.children].filter((row) => row.dataset.id).map((row) => [row.dataset.id, row]));
    const next = shown.length ? shown.map((device) => kept(rows.get(device.id), device, load)) : [nothing(asked)];
    if (next.length !== list.children.length || next.some((row, index) => row !== list.children[index])) list.replaceChildren(...next);
  };
  const drawTags = () => {
    const options = [["", "Any tag"], ...state.overview.tags.map(([name, count]) => [name, `${name} (${count})`])];
    if (asked.tag && !options.some(([value]) => value === asked.tag)) options.push([asked.tag, asked.tag]);
    tag.replaceChildren(...options.map(([value, text]) => h("option", { value, selected: value === asked.tag }, text)));
  };
  const again = () => {
    Object.assign(asked, { q: search.value, condition: condition.value, tag: tag.value, after: "" });
    replaceQuery(asked);
    load();
  };
  search.addEventListener("input", later(again));
  for (const select of [condition, tag]) select.addEventListener("change", again);
  const soon = paced(load, 1000);
  view.on("devices", ({ devices }) => {
    const news = new Map(devices.map((device) => [device.id, device]));
    shown = shown.map((device) => (news.has(device.id) ? { ...device, ...news.get(device.id) } : device));
    draw();
    soon(); // it may fit the filter no more, and its condition is the fleet's to say
  });
  view.on("overview", () => document.activeElement === tag || drawTags());
  view.on("refresh", soon);
  drawTags();
  await load();
}

/** The row that shows this already stays as it is, with focus and what is typed in it. */
function kept(row, device, reload) {
  const mark = JSON.stringify([device, state.names.size]);
  if (row?.mark === mark || (row && row.contains(document.activeElement) && document.activeElement.matches("input"))) return row;
  const made = deviceRow(device, reload);
  made.mark = mark;
  return made;
}

function deviceRow(device, reload) {
  const items = [...device.programs, ...device.models], why = whyOf(device);
  return h("article", { class: `device is-${device.status}`, "data-id": device.id, "aria-label": called(device) },
    h("div", { class: "who" },
      h("a", { href: to("devices", device.id), class: "name" }, said(called(device))),
      h("div", { class: "sub" }, said([device.name ? device.id : null, device.board, device.runtime].filter(Boolean).join(" · ")))),
    h("div", { class: `state ${device.status}` },
      h("span", { class: "dot" }), h("span", { class: "label" }, LABELS[device.status]),
      device.last_seen === null ? null : h("div", { class: "sub", "data-seen": device.last_seen })),
    h("div", { class: "standing" },
      h("span", { class: `step ${(device.condition ?? "behind").replace(" ", "-")}` }, device.condition === "nothing" ? "nothing assigned" : device.condition ?? "…"),
      h("div", { class: "sub clamp" }, why ? said(why, { class: "error" }) : said(items.map((item) => (item.app_id ? (state.names.get(item.app_id) ?? item.app_id) : item.name)).join(", ")))),
    tagEditor(device, device.tags ?? [], reload));
}

function nothing(asked) {
  if (asked.q || asked.condition || asked.tag || asked.after) return h("div", { class: "empty" }, "No device is of this kind now.");
  return h("div", { class: "empty" },
    h("h3", {}, "No devices yet"),
    h("p", {}, "A device joins in two steps: enroll it here, then start it with the file that you get."),
    h("pre", { tabindex: 0 }, h("code", {}, "cygnet fleet enroll kitchen --out kitchen.toml\ncygnet device run --provisioning kitchen.toml")));
}

/** To the next page and to the first one: each is a place of its own, so that the browser's back goes back. */
function turn(asked, { devices, next }) {
  const hash = (after) => `#/devices?${query({ ...asked, after })}`;
  if (!asked.after && !next) return [];
  return [
    h("button", { type: "button", disabled: !asked.after, onclick: () => goTo(hash("")) }, "First page"),
    h("span", { class: "sub" }, devices.length ? said(`${devices[0].id} … ${devices.at(-1).id}`) : ""),
    h("button", { type: "button", disabled: !next, onclick: () => goTo(hash(next)) }, "Next page"),
  ];
}
