// The fields of a new rollout, in four parts; each says its values, and calls `changed` when one changes.

import { check, field, h } from "./dom.js";
import { queryField } from "./search.js";
import { state } from "./state.js";

const SUBJECTS = {
  program: () => unique(state.releases.map((r) => [r.app_id, r.name])),
  model: () => unique(state.models.map((r) => [r.model, r.model])),
  runtime: () => [["", "The runtime of microcontrollers"]],
};
const VERSIONS = {
  program: (subject) => state.releases.filter((r) => r.app_id === subject).map((r) => [r.version_code, r.version_name]),
  model: (subject) => state.models.filter((r) => r.model === subject).map((r) => [r.version_code, r.version_name]),
  runtime: () => state.runtimes.map((r) => [r.version, r.version]),
};
const unique = (pairs) => [...new Map(pairs)];
const words = (text) => text.split(/[\s,]+/).filter(Boolean);
const option = (chosen) => ([value, text]) => h("option", { value, selected: String(value) === String(chosen) }, text);
const radio = (name, value, text, checked, onchange) => h("label", { class: "choice" }, h("input", { type: "radio", name, value, checked, onchange }), h("span", {}, text));

/** Which release. */
export function subjectFields(asked, changed) {
  let kind = Object.hasOwn(SUBJECTS, asked.get("kind") ?? "") ? asked.get("kind") : "program";
  const subject = field("Which", h("select")), version = field("Version", h("select")), name = field("What people call it", h("input", { maxlength: 100, placeholder: "by itself: subject and version", oninput: changed }));
  const fill = (first = false) => {
    const before = subject.control.value, wanted = first ? asked.get("subject") : before;
    subject.control.replaceChildren(...SUBJECTS[kind]().map(option(wanted)));
    subject.row.hidden = kind === "runtime";
    const versions = VERSIONS[kind](subject.control.value), chosen = first ? asked.get("version") : version.control.value;
    version.control.replaceChildren(...versions.map(([code, text], index) => option(chosen)([code, index ? text : `${text} (newest)`])));
    const none = !versions.length;
    subject.fail(none && kind !== "runtime" ? `No ${kind} is published yet.` : "");
    version.fail(none && kind === "runtime" ? "No runtime is published yet." : "");
  };
  const choose = (value) => () => {
    kind = value;
    fill();
    changed();
  };
  subject.control.addEventListener("change", () => {
    version.control.replaceChildren();
    fill();
    changed();
  });
  version.control.addEventListener("change", changed);
  fill(true);
  const picked = (control) => control.selectedOptions[0]?.textContent ?? "";
  return {
    rows: [h("fieldset", { class: "choices" }, h("legend", {}, "Brings"), radio("kind", "program", "a program", kind === "program", choose("program")), radio("kind", "model", "a model", kind === "model", choose("model")), radio("kind", "runtime", "the runtime", kind === "runtime", choose("runtime"))), subject.row, version.row, name.row],
    fields: { subject, version, name },
    refill: () => fill(),
    label: () => (version.control.value ? `${kind === "runtime" ? "Runtime" : picked(subject.control)} ${picked(version.control).replace(" (newest)", "")}` : ""),
    values: () => ({ kind, subject: subject.control.value, version: kind === "runtime" ? version.control.value : Number(version.control.value) || null, name: name.control.value.trim() }),
  };
}

/** For which devices. */
export function whomFields(view, groups, changed) {
  let whom = groups.length ? "group" : "query";
  const group = field("Group", h("select", { onchange: changed }, ...groups.map((one) => option(view.query.get("group"))([one.name, `${one.name} (${one.devices})`]))), { hint: groups.length ? "" : "There is no group yet: make one under Groups, or use a query." });
  const taking = queryField("Query", { hint: "Such as: tag = beta and not status = lost. `all` takes every device.", signal: view.signal, changed });
  const devices = field("Devices", h("textarea", { rows: 3, spellcheck: "false", autocapitalize: "none", oninput: changed, placeholder: "kitchen-1, kitchen-2" }), { hint: "Their ids.", wide: true });
  const exclude = field("Leave out", h("input", { spellcheck: "false", autocapitalize: "none", oninput: changed, placeholder: "kitchen-3" }), { hint: "Ids of devices that are not to get it." });
  taking.control.addEventListener("input", changed);
  const show = () => {
    for (const [name, one] of [["group", group], ["query", taking], ["devices", devices]]) one.row.hidden = name !== whom;
  };
  const choose = (value) => () => {
    whom = value;
    show();
    changed();
  };
  show();
  return {
    rows: [h("fieldset", { class: "choices" }, h("legend", {}, "Goes to"), radio("whom", "group", "a group", whom === "group", choose("group")), radio("whom", "query", "whoever fits a query", whom === "query", choose("query")), radio("whom", "devices", "devices by name", false, choose("devices"))), group.row, taking.row, devices.row, exclude.row],
    fields: { group, query: taking, devices, exclude },
    values: () => ({ whom, group: group.control.value, query: taking.text(), devices: words(devices.control.value), exclude: words(exclude.control.value) }),
  };
}

/** In which stages. */
export function stageFields(changed) {
  const list = h("div", { class: "stage-rows", tabindex: "-1" }), error = h("p", { class: "error", id: "stages-error", role: "alert" });
  const add = (size, approval = false, before = null) => {
    const input = h("input", { value: size, size: 7, "aria-label": "Size of the stage", "aria-describedby": "stages-error", oninput: changed, autocomplete: "off" });
    const yes = check("waits for approval", { checked: approval, onchange: changed });
    const remove = h("button", { type: "button", class: "quiet", "aria-label": "Remove the stage", onclick: () => {
      if (list.children.length === 1) return;
      row.remove();
      number();
      changed();
    } }, "✕");
    const row = h("div", { class: "stage-row" }, h("span", { class: "stage-number" }), input, yes.row, remove);
    row.values = () => ({ size: input.value, approval: yes.box.checked });
    list.insertBefore(row, before);
    number();
    return input;
  };
  const number = () => [...list.children].forEach((row, index) => {
    row.querySelector(".stage-number").textContent = `${index + 1}.`;
    row.querySelector("input").setAttribute("aria-label", `Size of stage ${index + 1}`);
    row.querySelector("button").setAttribute("aria-label", `Remove stage ${index + 1}`);
  });
  add("1");
  add("10%");
  add("100%");
  const more = h("button", { type: "button", onclick: () => {
    add("50%", false, list.lastElementChild).focus();
    changed();
  } }, "Add a stage");
  const fail = (text) => {
    error.textContent = text;
    const which = /stage (\d+)/.exec(text)?.[1];
    [...list.querySelectorAll("input:not([type])")].forEach((input, index) => (text && (!which || index + 1 === Number(which)) ? input.setAttribute("aria-invalid", "true") : input.removeAttribute("aria-invalid")));
  };
  return {
    rows: [h("p", { class: "hint" }, "How far each stage goes, counted from the beginning: a number of devices, or a share. The last is 100%."), list, error, h("div", {}, more)],
    fields: { stages: { row: list, control: list, fail } },
    values: () => ({ stages: [...list.children].map((row) => row.values()) }),
  };
}

/** With which thresholds, when and how. */
export function optionFields(changed) {
  const text = (label, value, hint, more = {}) => field(label, h("input", { value, oninput: changed, autocomplete: "off", ...more }), { hint });
  const select = (label, options) => field(label, h("select", { onchange: changed }, ...options.map(option(options[0][0]))));
  const zones = Intl.supportedValuesOf?.("timeZone") ?? [];
  const f = {
    soak: text("Healthy for", "10m", "90s, 30m, 24h, 7d"),
    success: text("Must get there", "95%", "the share of each stage"),
    errors: text("May fail at most", "10%", "a share, or a number of devices"),
    on_error: select("If more fail", [["pause", "pause"], ["abort", "abort; devices keep what they got"], ["roll-back", "abort and roll back"]]),
    away_share: text("May be off", "20%", "the share of a stage that is not waited for"),
    away_time: text("Wait for who is off", "1d", "at most so long"),
    timeout: text("Must begin within", "", "empty: no limit"),
    late: select("Who comes later", [["join", "joins while it goes on"], ["never", "is left out"], ["always", "joins, also when it is done"]]),
    window: text("Only in these hours", "", "such as 22:00-06:00; several with commas", { placeholder: "at any time" }),
    zone: text("Time zone", Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC", "of these hours", { list: "zones" }),
    per_minute: text("At most a minute", "", "devices; empty: no limit", { inputmode: "numeric", type: "number", min: 0 }),
  };
  f.zone.row.append(h("datalist", { id: "zones" }, ...zones.map((zone) => h("option", { value: zone }))));
  const c = {
    launch: check("Bring the program to the foreground", { onchange: changed }),
    urgent: check("Urgent: do not wait for a good moment", { onchange: changed }),
    downgrade: check("Also where a newer version should be", { onchange: changed }),
    supersede: check("Take devices from an older rollout", { onchange: changed }),
  };
  const value = (name) => f[name].control.value.trim();
  return {
    health: ["soak", "success", "errors", "on_error", "away_share", "away_time", "timeout", "late"].map((name) => f[name].row),
    when: [...["window", "zone", "per_minute"].map((name) => f[name].row), h("div", { class: "checks" }, ...Object.values(c).map((one) => one.row))],
    fields: f,
    values: () => ({
      ...Object.fromEntries(["soak", "success", "errors", "on_error", "away_share", "away_time", "timeout", "late"].map((name) => [name, value(name)])),
      spans: words(value("window")), zone: value("zone"), perMinute: Number(value("per_minute")) || 0,
      ...Object.fromEntries(Object.entries(c).map(([name, { box }]) => [name, box.checked])),
    }),
  };
}
