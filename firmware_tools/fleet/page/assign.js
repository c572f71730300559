// Giving one release to one device. To many, a rollout does it.

import { call, segment } from "./api.js";
import { check, field, h, openDialog, toast } from "./dom.js";
import { deviceField } from "./search.js";
import { called, state } from "./state.js";

const KINDS = {
  program: {
    label: (r) => `${r.name} ${r.version_name}`,
    path: (r) => `programs/${segment(r.app_id)}`,
    body: (r, launch) => ({ version_code: r.version_code, launch }),
  },
  model: {
    label: (r) => `Model ${r.model} ${r.version_name}`,
    path: (r) => `models/${segment(r.model)}`,
    body: (r) => ({ version_code: r.version_code }),
    hint: "Devices get the models that their programs ask for by themselves. What is assigned here wins over that, and stays.",
  },
  runtime: {
    label: (r) => `Runtime ${r.version}`,
    path: () => "runtime",
    body: (r) => ({ version: r.version }),
    hint: "For microcontrollers: the device restarts with it.",
  },
};

/** Ask which release goes to which device, and assign it; either may be known: {device}, {kind, release}. */
export function openAssign({ device = null, kind = null, release = null }) {
  const choices = [...state.releases.map((r) => ["program", r]), ...state.models.map((r) => ["model", r]), ...state.runtimes.map((r) => ["runtime", r])]
    .filter(([of]) => !kind || of === kind);
  const which = field("Release", h("select", { required: true }, ...choices.map(([of, r], index) => h("option", { value: String(index), selected: r === release }, KINDS[of].label(r)))));
  const launch = check("Bring it to the foreground when it is installed", { checked: true });
  const target = device ? null : deviceField("Device");
  const hint = h("p", { class: "hint" }), error = h("p", { class: "error", role: "alert" });
  const show = () => {
    const [of] = choices[Number(which.control.value)];
    launch.row.hidden = of !== "program";
    hint.textContent = KINDS[of].hint ?? "";
  };
  which.control.addEventListener("change", show);
  const submit = async (event) => {
    event.preventDefault();
    const [of, r] = choices[Number(which.control.value)], id = device?.id ?? target.control.value.trim();
    try {
      await call("PUT", `/api/devices/${segment(id)}/${KINDS[of].path(r)}`, { body: KINDS[of].body(r, launch.box.checked) });
    } catch (refusal) {
      error.textContent = refusal.message;
      return;
    }
    close();
    toast(`${KINDS[of].label(r)} is assigned to ${device ? called(device) : id}.`);
  };
  const close = openDialog(device ? `Assign to ${called(device)}` : "Assign to a device",
    h("form", { onsubmit: submit }, which.row, target?.row ?? null, launch.row, hint, error,
      h("div", { class: "buttons" },
        h("button", { type: "button", onclick: () => close() }, "Cancel"),
        h("button", { class: "primary" }, "Assign"))));
  show();
}
