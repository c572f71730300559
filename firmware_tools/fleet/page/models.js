// Models on a device, beside its programs; and the runtime of a microcontroller.

import { call, segment } from "./api.js";
import { confirmThat, h, said, toast } from "./dom.js";
import { reason, stepCell, versions } from "./programs.js";
import { press } from "./session.js";
import { called } from "./state.js";

/** Each model of a device: what it should be beside what it is. What holds of several is said once. */
export function modelRows(device) {
  return device.models.map((model, index, all) => modelRow(device, model.note === all[index - 1]?.note ? { ...model, note: "" } : model));
}

function modelRow(device, model) {
  const { name, should, has, step, explicit, programs, note } = model;
  const label = `Take the model ${name} away from ${called(device)}`;
  const why = programs.length ? `asked for by ${programs.join(", ")}${explicit ? ", and assigned" : ""}` : "assigned";
  return h("div", { class: "program model" },
    h("span", { class: "app" }, h("span", {}, h("span", { class: "kind" }, "model"), said(name)), should ? h("span", { class: "sub" }, said(why)) : null),
    h("span", { class: "versions" }, ...(should || has ? versions(should, has) : ["—"])),
    stepCell(step, should, has, device, { "in step": has?.phase === "built-in" ? "built in" : "installed", unpublished: "not published", unsupported: "not supported" }),
    explicit ? press("✕", { class: "quiet remove", title: label, "aria-label": label, "data-key": `remove-model-${name}`, onclick: () => confirmRemoval(device, model) }) : h("span"),
    reason(has) ?? (note ? h("span", { class: "error" }, said(note)) : null));
}

function confirmRemoval(device, { name, programs }) {
  confirmThat(`Take the model ${name} away from ${called(device)}?`, {
    what: programs.length
      ? `It stays in its newest version, since ${programs.join(", ")} asks for it.`
      : "The device removes it when it hears of it; programs that use it now go on with it.",
    yes: "Take away",
    no: "Keep",
    act: async () => {
      const answer = await call("DELETE", `/api/devices/${segment(device.id)}/models/${segment(name)}`);
      toast(answer.programs.length
        ? `${called(device)} keeps the model ${name} for ${answer.programs.join(", ")}.`
        : `${called(device)} should no longer have the model ${name}.`);
    },
  });
}

/** The runtime of a device, where the fleet has a say in it. */
export function runtimeRow(device) {
  const { runtime, runtime_should: should, runtime_error: error } = device;
  if (!should && !error) return null;
  const step = error ? "failed" : should === runtime ? "in step" : "waiting";
  const label = `Leave ${called(device)} the runtime that it has`;
  return h("div", { class: "program" },
    h("span", { class: "app" }, h("span", {}, h("span", { class: "kind" }, "runtime"), "Cygnet for microcontrollers")),
    h("span", { class: "versions" }, ...versions(should ? { version_name: should } : null, runtime ? { version_name: runtime } : null)),
    stepCell(step, null, null, device),
    should ? press("✕", { class: "quiet remove", title: label, "aria-label": label, onclick: () => confirmThat(`${label}?`, {
      what: "The fleet asks for no runtime any more. What runs there now goes on running.",
      yes: "Leave it",
      act: async () => {
        await call("DELETE", `/api/devices/${segment(device.id)}/runtime`);
        toast(`${called(device)} keeps the runtime that it has.`);
      },
    }) }) : h("span"),
    error ? h("span", { class: "error" }, said(error)) : null);
}
