// Models: on a device, beside its programs, and among what is published.

import { call } from "./api.js";
import { openAssignModel } from "./assign.js";
import { bytes, h, openDialog, toast } from "./dom.js";
import { reason, stepCell, versions } from "./programs.js";

/** Each model of a device: what it should be beside what it is. What holds of several is said once. */
export function modelRows(device) {
  return device.models.map((model, index, all) => modelRow(device, model.note === all[index - 1]?.note ? { ...model, note: "" } : model));
}

function modelRow(device, model) {
  const { name, should, has, step, explicit, programs, note } = model;
  const label = `Take the model ${name} away from ${device.name || device.id}`;
  const why = programs.length ? `asked for by ${programs.join(", ")}${explicit ? ", and assigned" : ""}` : "assigned";
  return h("div", { class: "program model", title: should ? why : "" },
    h("span", { class: "app", title: name }, h("span", { class: "kind" }, "model"), name),
    h("span", { class: "versions" }, ...(should || has ? versions(should, has) : ["—"])),
    stepCell(step, should, has, device, { "in step": has?.phase === "built-in" ? "built in" : "installed", unpublished: "not published", unsupported: "not supported" }),
    explicit
      ? h("button", { type: "button", class: "quiet remove", title: label, "aria-label": label, onclick: () => confirmRemoval(device, model) }, "✕")
      : null,
    reason(has) ?? (note ? h("span", { class: "error" }, note) : null));
}

function confirmRemoval(device, { name, programs }) {
  const remove = async () => {
    close();
    try {
      const answer = await call("DELETE", `/api/devices/${encodeURIComponent(device.id)}/models/${encodeURIComponent(name)}`);
      toast(answer.programs.length
        ? `${device.name || device.id} keeps the model ${name} for ${answer.programs.join(", ")}.`
        : `${device.name || device.id} should no longer have the model ${name}.`);
    } catch (error) {
      toast(error.message, true);
    }
  };
  const close = openDialog(
    h("h2", {}, `Take the model ${name} away from ${device.name || device.id}?`),
    h("p", { class: "sub" }, programs.length
      ? `It stays in its newest version, since ${programs.join(", ")} asks for it.`
      : "The device removes it when it hears of it; programs that use it now go on with it."),
    h("div", { class: "buttons" },
      h("button", { type: "button", onclick: () => close() }, "Keep"),
      h("button", { type: "button", class: "primary", onclick: remove }, "Take away")));
}

/** What is published of each model, newest version first. */
export function modelGroups(state) {
  const groups = new Map();
  for (const release of state.models) groups.set(release.model, [...(groups.get(release.model) ?? []), release]);
  return [...groups.values()].map((releases) => h("div", { class: "program-group" },
    h("strong", {}, h("span", { class: "kind" }, "model"), releases[0].model),
    h("div", { class: "sub" }, releases[0].task),
    ...releases.map((release) => h("div", { class: "release" },
      h("span", { class: "v" }, release.version_name),
      h("span", { class: "sub", title: `SHA-256 ${release.sha256}` }, `${bytes(release.size)} · `, h("span", { "data-seen": release.published_at })),
      h("button", { type: "button", class: "quiet", disabled: !state.devices.size, onclick: () => openAssignModel(state, { release }) }, "Assign…")))));
}
