// Searching devices: with the query language of groups, or with plain words.

import { call, query } from "./api.js";
import { field, h, said } from "./dom.js";
import { many } from "./format.js";
import { called } from "./state.js";

/** What is typed, as a query: plain words are looked for in ids and names. */
export function asQuery(text) {
  const plain = text.trim();
  if (!plain || /[=~<>()!"]/.test(plain) || /^(all|not\b.*)$/i.test(plain)) return plain;
  return plain.split(/\s+/).map((word) => `(id ~ "*${word}*" or name ~ "*${word}*")`).join(" and ");
}

/** A field for a query that says below it which devices it takes now; `changed` hears how many, or null. */
export function queryField(label, { value = "", hint = "", signal = null, changed = () => null } = {}) {
  const control = h("textarea", { rows: 2, spellcheck: "false", autocapitalize: "none", autocomplete: "off", placeholder: "tag = beta and not status = lost" });
  control.value = value;
  const made = field(label, control, { hint, wide: true }), preview = h("p", { class: "preview", role: "status" });
  made.row.append(preview);
  const look = later(async () => {
    made.fail("");
    if (!control.value.trim()) {
      preview.replaceChildren();
      changed(null);
      return;
    }
    try {
      const { devices, total } = await call("GET", `/api/overview/devices?${query({ q: control.value, limit: 8 })}`, { signal });
      preview.replaceChildren(...taken(devices, total));
      changed(total);
    } catch (refusal) {
      if (refusal.name === "AbortError") return;
      preview.replaceChildren();
      made.fail(refusal.message);
      changed(null);
    }
  });
  control.addEventListener("input", look);
  if (value) look();
  return { ...made, look, text: () => control.value.trim() };
}

/** "takes 12 devices now: a, b, c …" */
export const taken = (devices, total) => [h("strong", {}, `Takes ${many(total, "device")} now`), total ? ": " : ".",
  ...devices.flatMap((device, index) => [index ? ", " : "", said(called(device), { title: device.id })]), total > devices.length ? " …" : ""];

/** A field for one device, which proposes devices as one types. */
export function deviceField(label, { value = "" } = {}) {
  const list = h("datalist", { id: "known-devices" });
  const control = h("input", { required: true, value, list: "known-devices", autocapitalize: "none", autocomplete: "off", spellcheck: "false", placeholder: "kitchen" });
  control.addEventListener("input", later(async () => {
    try {
      const { devices } = await call("GET", `/api/overview/devices?${query({ q: asQuery(control.value), limit: 12 })}`);
      list.replaceChildren(...devices.map((device) => h("option", { value: device.id }, device.name)));
    } catch {
      list.replaceChildren(); // half a query proposes nothing
    }
  }));
  const made = field(label, control, { hint: "Its id; type a part of its id or name." });
  made.row.append(list);
  return made;
}

/** Do it when nothing was typed for a moment. */
export function later(work, milliseconds = 250) {
  let timer = 0;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...given), milliseconds);
  };
}
