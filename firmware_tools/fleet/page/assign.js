// One dialog for both ways in: from a device, and from a release.

import { call } from "./api.js";
import { h, openDialog, toast } from "./dom.js";

/** Ask which release goes to which devices, and assign it. */
export function openAssign(state, { device = null, release = null }) {
  const key = (r) => `${r.app_id} ${r.version_code}`;
  const select = h("select", { required: true },
    ...state.releases.map((r) => h("option", { value: key(r), selected: release !== null && key(r) === key(release) }, `${r.name} ${r.version_name}`)));
  const boxes = [...state.devices.values()].map((d) => {
    const box = h("input", { type: "checkbox", value: d.id, checked: d.id === device });
    return [box, h("label", {}, box, h("span", { class: `dot ${d.status}` }), d.name || d.id)];
  });
  const launch = h("input", { type: "checkbox", checked: true });
  const error = h("p", { class: "error", role: "alert" });

  const submit = async (event) => {
    event.preventDefault();
    const chosen = boxes.map(([box]) => box).filter((box) => box.checked).map((box) => box.value);
    const wanted = state.releases.find((r) => key(r) === select.value);
    if (!chosen.length) {
      error.textContent = "Choose at least one device.";
      return;
    }
    try {
      for (const id of chosen) {
        await call("PUT", `/api/devices/${encodeURIComponent(id)}/programs/${encodeURIComponent(wanted.app_id)}`,
          { body: { version_code: wanted.version_code, launch: launch.checked } });
      }
    } catch (refusal) {
      error.textContent = refusal.message;
      return;
    }
    close();
    toast(`${wanted.name} ${wanted.version_name} assigned to ${chosen.length === 1 ? chosen[0] : `${chosen.length} devices`}.`);
  };

  const close = openDialog(
    h("h2", {}, "Assign a program"),
    h("form", { onsubmit: submit },
      h("label", { class: "field" }, "Release", select),
      h("div", {}, h("div", { class: "sub" }, "Devices"), h("div", { class: "choices" }, ...boxes.map(([, label]) => label))),
      h("label", { class: "check" }, launch, "Bring it to the foreground when it is installed"),
      error,
      h("div", { class: "buttons" },
        h("button", { type: "button", onclick: () => close() }, "Cancel"),
        h("button", { class: "primary" }, "Assign"))));
}
