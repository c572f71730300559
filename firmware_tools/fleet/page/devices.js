// The device list: what each should have beside what it has.

import { call } from "./api.js";
import { $, ago, h, openDialog, toast } from "./dom.js";
import { openAssign } from "./assign.js";
import { mountScreen } from "./screen.js";
import { modelRows } from "./models.js";
import { reason, stepCell, versions } from "./programs.js";

const LABELS = { never: "not seen yet", online: "online", offline: "offline", lost: "lost" };

/** Draw the list. Rows that have not changed stay as they are, and keep focus and scroll. */
export function drawDevices(state) {
  const box = $("devices");
  const filter = $("device-filter").value.trim().toLowerCase();
  const devices = [...state.devices.values()].filter((device) => matches(device, filter));
  if (!devices.length) {
    box.replaceChildren(state.devices.size ? h("div", { class: "empty" }, "No device matches the filter.") : noDevices());
    return;
  }
  const rows = new Map([...box.children].filter((row) => row.dataset.id).map((row) => [row.dataset.id, row]));
  box.replaceChildren(
    ...devices.map((device) => {
      const mark = JSON.stringify([device, state.names.size]);
      const known = rows.get(device.id);
      if (known?.mark === mark) return known;
      const row = deviceRow(device, state);
      row.mark = mark;
      return row;
    }),
  );
  drawTimes(state);
}

/** Bring every "4 s ago" up to date. */
export function drawTimes(state) {
  for (const element of document.querySelectorAll("[data-seen]")) {
    element.textContent = ago(Number(element.dataset.seen), state.now());
  }
}

function matches(device, filter) {
  const text = [device.id, device.name, device.status, device.board, ...device.programs.map((p) => p.app_id), ...device.models.map((m) => m.name)].join(" ");
  return text.toLowerCase().includes(filter);
}

function noDevices() {
  return h("div", { class: "empty" },
    h("h3", {}, "No devices yet"),
    h("p", {}, "A device joins in two steps: enroll it here, then start it with the file that you get."),
    h("pre", {}, h("code", {}, "cygnet fleet enroll kitchen --out kitchen.toml\ncygnet device run --provisioning kitchen.toml")));
}

function deviceRow(device, state) {
  return h("article", { class: `device is-${device.status}`, "data-id": device.id, "aria-label": device.name || device.id },
    h("div", { class: "who" },
      h("strong", {}, device.name || device.id),
      h("div", { class: "sub" }, [device.name ? device.id : null, device.board, runtimeOf(device)].filter(Boolean).join(" · ")),
      device.runtime_error ? h("div", { class: "sub error" }, device.runtime_error) : null),
    h("div", { class: `state ${device.status}` },
      h("span", { class: "dot" }), h("span", { class: "label" }, LABELS[device.status]),
      device.last_seen === null ? null : h("div", { class: "sub", "data-seen": device.last_seen })),
    h("div", { class: "programs" },
      device.programs.length || device.models.length
        ? [...device.programs.map((program) => programRow(device, program, state)), ...modelRows(device)]
        : h("span", { class: "sub" }, state.releases.length ? "No program assigned." : "Nothing to assign yet: publish a program first.")),
    h("div", { class: "act" },
      h("button", { type: "button", class: "small", disabled: !state.releases.length, onclick: () => openAssign(state, { device: device.id }) }, "Assign…"),
      h("button", { type: "button", class: "small", onclick: () => openScreen(device) }, "Screen…")));
}

function openScreen(device) {
  const place = h("div", { "data-slot": "screen" });
  const close = openDialog(
    h("div", { class: "screen-title" }, h("h2", {}, `Screen of ${device.name || device.id}`),
      h("button", { type: "button", class: "quiet", "aria-label": "Close", onclick: () => close() }, "✕")), place);
  const unmount = mountScreen(place, device.id);
  $("dialog").addEventListener("close", unmount, { once: true });
}

/** Which runtime it has and, of a microcontroller, which it should have. */
function runtimeOf({ runtime, runtime_should: should }) {
  return should && should !== runtime ? `${runtime || "?"} → ${should}` : runtime;
}

function programRow(device, { app_id, should, has, step }, state) {
  const title = state.names.get(app_id) ?? app_id;
  const label = `Take ${title} away from ${device.name || device.id}`;
  return h("div", { class: "program" },
    h("span", { class: "app", title: app_id }, title),
    h("span", { class: "versions" }, ...versions(should, has)),
    stepCell(step, should, has, device),
    should
      ? h("button", { type: "button", class: "quiet remove", title: label, "aria-label": label, onclick: () => confirmRemoval(device, app_id, title) }, "✕")
      : null,
    reason(has));
}

function confirmRemoval(device, appId, title) {
  const remove = async () => {
    close();
    try {
      await call("DELETE", `/api/devices/${encodeURIComponent(device.id)}/programs/${encodeURIComponent(appId)}`);
      toast(`${device.name || device.id} should no longer have ${title}.`);
    } catch (error) {
      toast(error.message, true);
    }
  };
  const close = openDialog(
    h("h2", {}, `Take ${title} away from ${device.name || device.id}?`),
    h("p", { class: "sub" }, "The device removes the program when it hears of it."),
    h("div", { class: "buttons" },
      h("button", { type: "button", onclick: () => close() }, "Keep"),
      h("button", { type: "button", class: "primary", onclick: remove }, "Take away")));
}
