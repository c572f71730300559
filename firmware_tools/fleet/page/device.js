// One device: what it should have and has, what it tells, what it belongs to.

import { call, query, segment } from "./api.js";
import { openAssign } from "./assign.js";
import { LABELS } from "./devices.js";
import { SECTIONS } from "./device_sections.js";
import { facts, h, panel, redrawWhen, said } from "./dom.js";
import { openEnroll } from "./enroll.js";
import { moment, number } from "./format.js";
import { modelRows, runtimeRow } from "./models.js";
import { programRow } from "./programs.js";
import { deviceKind, deviceWord, stateBadge } from "./rollout_words.js";
import { to } from "./router.js";
import { press } from "./session.js";
import { called, paced, state } from "./state.js";
import { tagEditor } from "./tags.js";
import { Telemetry } from "./telemetry.js";

const PRIORITIES = ["alarm", "event", "metric"];

export async function showDevice(view) {
  const id = view.params.device;
  let device = await call("GET", `/api/devices/${segment(id)}`, { signal: view.signal });
  const about = h("div", { class: "about" }), holds = h("div", { class: "programs" }), belongs = h("div"), missing = h("div"), above = h("div", { class: "stack" }), below = h("div", { class: "stack" }), extra = h("div", { class: "stack" }), tags = h("div", { class: "pad" });
  const telemetry = new Telemetry(view, { device: id, span: 3600, feedName: "Timeline" });
  view.beside.append(
    press("Enrolment file…", { onclick: () => openEnroll(device.id, device.name) }),
    press("Assign…", { class: "primary", onclick: () => openAssign({ device }) }));
  view.box.append(about, above,
    h("div", { class: "columns wide-first" },
      h("div", { class: "stack" }, panel("Should have and has", null, holds), panel("Telemetry", h("div", { class: "controls" }, telemetry.measures, telemetry.windows), telemetry.box), below),
      h("div", { class: "stack" }, extra, panel("Tags", null, tags), panel("Belongs to", null, belongs), panel("Stored and missing", null, missing))));

  const draw = () => {
    view.title(called(device), said(called(device)));
    redrawWhen(about, [device.status, device.board, device.runtime, device.last_seen, device.desired_version, device.reported_version, device.name], () => aboutRow(device));
    redrawWhen(holds, [device, state.names.size, state.releases.length], () => holdings(device));
  };
  const loadBelongs = async () => {
    const [found, { losses }] = await Promise.all([
      call("GET", `/api/devices/${segment(id)}/memberships`, { signal: view.signal }),
      call("GET", `/api/telemetry/losses?${query({ device: id })}`, { signal: view.signal }),
    ]);
    redrawWhen(belongs, [found.groups, found.rollouts], () => belongings(found));
    redrawWhen(missing, [found.telemetry, losses], () => storedAndMissing(found.telemetry, losses));
    if (!tags.contains(document.activeElement)) redrawWhen(tags, found.tags, () => [tagEditor(device, found.tags)]);
  };
  const soonBelongs = paced(loadBelongs, 2000);
  const soonDevice = paced(async () => {
    device = await call("GET", `/api/devices/${segment(id)}`, { signal: view.signal });
    draw();
  });
  view.on("devices", ({ devices }) => {
    device = devices.find((one) => one.id === id) ?? device;
    draw();
  });
  view.on("releases", draw);
  view.on("telemetry", ({ records }) => records.some((record) => record.device === id) && soonBelongs());
  view.on("rollouts", soonBelongs);
  view.on("refresh", () => {
    soonDevice();
    soonBelongs();
  });
  draw();
  await Promise.all([telemetry.load(), loadBelongs(), ...SECTIONS.map((section) => fill(section, section.wide ? above : section.below ? below : extra, device, view))]);
}

/** A place that a module of its own fills, if it has something to show. */
async function fill({ id, title, wide, mount }, place, device, view) {
  const inner = h("div", { "data-slot": id, class: wide ? "pad" : null }), box = panel(title, null, inner);
  box.hidden = true;
  place.append(box);
  try {
    if ((await mount(inner, device, view)) === false) box.remove();
    else box.hidden = false;
  } catch (refusal) {
    if (refusal.name === "AbortError") return;
    box.hidden = false;
    inner.replaceChildren(h("p", { class: "empty error", dir: "auto" }, refusal.message));
  }
}

function aboutRow(device) {
  return [
    h("div", { class: `state ${device.status}` }, h("span", { class: "dot" }), h("strong", { class: "label" }, LABELS[device.status]),
      device.last_seen === null ? null : h("span", { class: "sub" }, " · ", h("span", { "data-seen": device.last_seen }))),
    facts(
      ["Id", said(device.id, { class: "mono" })],
      ["Board", device.board && said(device.board)],
      ["Runtime", device.runtime && said(device.runtime)],
      ["Enrolled", moment(device.enrolled_at)],
      ["Reported", device.reported_at && moment(device.reported_at)],
      ["Knows", device.reported_at && (device.reported_version >= device.desired_version ? "what it should have" : "an older wish of the fleet")]),
  ];
}

function holdings(device) {
  const rows = [runtimeRow(device), ...device.programs.map((program) => programRow(device, program)), ...modelRows(device)].filter(Boolean);
  if (rows.length) return rows;
  return [h("p", { class: "empty" }, state.releases.length ? "Nothing is assigned to this device." : "Nothing to assign yet: publish a program first.")];
}

function belongings({ groups, rollouts }) {
  return [
    h("h3", { class: "small-title" }, "Groups"),
    groups.length ? h("ul", { class: "chips" }, ...groups.map((name) => h("li", {}, h("a", { class: "chip", href: to("groups", name) }, said(name))))) : h("p", { class: "empty" }, "In no group."),
    h("h3", { class: "small-title" }, "Rollouts"),
    rollouts.length ? h("ul", { class: "cards" }, ...rollouts.slice(0, 10).map((one) => h("li", { class: "card" },
      h("div", { class: "card-head" }, h("a", { href: to("rollouts", String(one.id)) }, said(one.name)), stateBadge(one)),
      h("div", { class: "sub" }, `stage ${one.stage}, `, h("span", { class: `ink-${deviceKind(one.device_state)}` }, deviceWord(one.device_state))),
      one.error ? h("div", { class: "error" }, said(one.error)) : null))) : h("p", { class: "empty" }, "In no rollout whose devices are kept still."),
  ];
}

function storedAndMissing(stored, losses) {
  const words = { dropped: "dropped: its budget was used up", lost: "lost: its disk was full or failed", sampled: "left out: the day’s bytes were used up" };
  return [
    h("table", { class: "plain" },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Priority"), h("th", { scope: "col", class: "right" }, "Stored"), h("th", { scope: "col", class: "right" }, "Missing"))),
      h("tbody", {}, ...PRIORITIES.map((priority) => {
        const gone = losses.filter((loss) => loss.priority === priority).reduce((sum, loss) => sum + loss.records, 0);
        return h("tr", {}, h("th", { scope: "row" }, priority), h("td", { class: "right" }, number(stored[priority] ?? 0)), h("td", { class: gone ? "right ink-failed" : "right" }, number(gone)));
      }))),
    losses.length
      ? h("ul", { class: "notes" }, ...losses.map((loss) => h("li", { class: "sub" }, `${number(loss.records)} ${loss.priority} ${words[loss.cause] ?? loss.cause}`)))
      : h("p", { class: "empty" }, "This device has lost nothing."),
  ];
}
