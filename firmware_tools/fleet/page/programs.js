// What rows of programs and of models have in common: versions, and how far a device is.

import { h } from "./dom.js";

/** What a device has and what it should have. */
export function versions(should, has) {
  // While it downloads, waits or fails, a device speaks of the version that it is to have.
  const held = ["downloading", "waiting", "rolled-back", "failed"].includes(has?.phase) ? null : has?.version_name;
  const wanted = should?.version_name;
  if (!held) return [h("span", { class: "arrow" }, "→"), wanted ?? has.version_name];
  if (has.phase === "built-in" && has.version_code >= (should?.version_code ?? 0)) return [held];
  if (!wanted) return [held, h("span", { class: "arrow" }, "→"), h("span", { class: "sub" }, "—")];
  return held === wanted ? [held] : [h("span", { class: "sub" }, held), h("span", { class: "arrow" }, "→"), wanted];
}

/** Why it is so, in the device's own sentence: what went wrong, or what it waits for. */
export function reason(has) {
  if (has?.error) return h("span", { class: "error" }, has.error);
  return has?.note ? h("span", { class: "sub note" }, has.note) : null;
}

/** How far it is; `words` says some steps otherwise. */
export function stepCell(step, should, has, device, words = {}) {
  const cell = h("span", { class: `step ${step.replace(" ", "-")}` });
  if (step === "downloading" && has.size) {
    const bar = h("i");
    const percent = Math.min(100, Math.floor((100 * has.received) / has.size));
    bar.style.width = `${percent}%`;
    cell.append(h("span", { class: "bar", role: "progressbar", "aria-valuenow": percent, "aria-label": "Download" }, bar), `${percent} %`);
  } else {
    const usual = { "in step": has?.phase === "running" ? "running" : "installed", removing: "to be removed", downloading: "downloading", failed: "failed",
      staged: "ready, waits for a good moment", trial: "on trial", "rolled back": "rolled back" };
    cell.append({ ...usual, ...words }[step] ?? (device.status === "online" ? "waiting" : "waits for the device"));
  }
  return cell;
}
