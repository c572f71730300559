// What a device should have beside what it has: its programs, and what rows of programs and of models have in common.

import { call, segment } from "./api.js";
import { confirmThat, h, said, toast } from "./dom.js";
import { percent } from "./format.js";
import { press } from "./session.js";
import { called, state } from "./state.js";

/** What a device has and what it should have. */
export function versions(should, has) {
  // While it downloads, waits or fails, a device speaks of the version that it is to have.
  const held = ["downloading", "waiting", "rolled-back", "failed"].includes(has?.phase) ? null : has?.version_name;
  const wanted = should?.version_name, arrow = () => h("span", { class: "arrow", "aria-label": "should become" }, "→");
  if (!held) return [arrow(), said(wanted ?? has.version_name)];
  if (has.phase === "built-in" && has.version_code >= (should?.version_code ?? 0)) return [said(held)];
  if (!wanted) return [said(held), arrow(), h("span", { class: "sub" }, "—")];
  return held === wanted ? [said(held)] : [said(held, { class: "sub" }), arrow(), said(wanted)];
}

/** Why it is so, in the device's own sentence: what went wrong, or what it waits for. */
export function reason(has) {
  if (has?.error) return h("span", { class: "error" }, said(has.error));
  return has?.note ? h("span", { class: "sub note" }, said(has.note)) : null;
}

/** How far it is; `words` says some steps otherwise. */
export function stepCell(step, should, has, device, words = {}) {
  const cell = h("span", { class: `step ${step.replace(" ", "-")}` });
  if (step === "downloading" && has.size) {
    const done = Math.min(100, percent(has.received, has.size)), fill = h("i");
    fill.style.width = `${done}%`;
    cell.append(h("span", { class: "bar", role: "progressbar", "aria-valuenow": done, "aria-label": "Download" }, fill), `${done} %`);
  } else {
    const usual = { "in step": has?.phase === "running" ? "running" : "installed", removing: "to be removed", downloading: "downloading", failed: "failed",
      staged: "ready, waits for a good moment", trial: "on trial", "rolled back": "rolled back" };
    cell.append({ ...usual, ...words }[step] ?? (device.status === "online" ? "waiting" : "waits for the device"));
  }
  return cell;
}

/** One program of a device. */
export function programRow(device, { app_id: appId, should, has, step }) {
  const title = state.names.get(appId) ?? appId, label = `Take ${title} away from ${called(device)}`;
  return h("div", { class: "program" },
    h("span", { class: "app", title: appId }, said(title), h("span", { class: "sub mono" }, said(appId))),
    h("span", { class: "versions" }, ...versions(should, has)),
    stepCell(step, should, has, device),
    should ? press("✕", { class: "quiet remove", title: label, "aria-label": label, "data-key": `remove-${appId}`, onclick: () => confirmRemoval(device, appId, title) }) : h("span"),
    reason(has));
}

function confirmRemoval(device, appId, title) {
  confirmThat(`Take ${title} away from ${called(device)}?`, {
    what: "The device removes the program when it hears of it. What the program stored stays on the device, and is there again when it returns.",
    yes: "Take away",
    no: "Keep",
    act: async () => {
      await call("DELETE", `/api/devices/${segment(device.id)}/programs/${segment(appId)}`);
      toast(`${called(device)} should no longer have ${title}.`);
    },
  });
}
