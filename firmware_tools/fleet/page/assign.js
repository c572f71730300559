// One dialog for both ways in: from a device, and from a release of a program or model.

import { call } from "./api.js";
import { h, openDialog, toast } from "./dom.js";

/** Ask which release goes to which devices, and assign it. */
export function openAssign(state, { device = null, release = null }) {
  const launch = h("input", { type: "checkbox", checked: true });
  open(state, {
    title: "Assign a program",
    releases: state.releases,
    label: (r) => `${r.name} ${r.version_name}`,
    path: (r) => `programs/${encodeURIComponent(r.app_id)}`,
    body: (r) => ({ version_code: r.version_code, launch: launch.checked }),
    options: h("label", { class: "check" }, launch, "Bring it to the foreground when it is installed"),
    device,
    release,
  });
}

/** The same for a model, which programs need not ask for. */
export function openAssignModel(state, { device = null, release = null }) {
  open(state, {
    title: "Assign a model",
    releases: state.models,
    label: (r) => `${r.model} ${r.version_name}`,
    path: (r) => `models/${encodeURIComponent(r.model)}`,
    body: (r) => ({ version_code: r.version_code }),
    options: h("p", { class: "sub" }, "Devices get the models that their programs ask for by themselves. What is assigned here wins over that, and stays."),
    device,
    release,
  });
}

function open(state, { title, releases, label, path, body, options, device, release }) {
  const select = h("select", { required: true },
    ...releases.map((r, index) => h("option", { value: String(index), selected: r === release }, label(r))));
  const boxes = [...state.devices.values()].map((d) => {
    const box = h("input", { type: "checkbox", value: d.id, checked: d.id === device });
    return [box, h("label", {}, box, h("span", { class: `dot ${d.status}` }), d.name || d.id)];
  });
  const error = h("p", { class: "error", role: "alert" });

  const submit = async (event) => {
    event.preventDefault();
    const chosen = boxes.map(([box]) => box).filter((box) => box.checked).map((box) => box.value);
    const wanted = releases[Number(select.value)];
    if (!chosen.length) {
      error.textContent = "Choose at least one device.";
      return;
    }
    try {
      for (const id of chosen) {
        await call("PUT", `/api/devices/${encodeURIComponent(id)}/${path(wanted)}`, { body: body(wanted) });
      }
    } catch (refusal) {
      error.textContent = refusal.message;
      return;
    }
    close();
    toast(`${label(wanted)} assigned to ${chosen.length === 1 ? chosen[0] : `${chosen.length} devices`}.`);
  };

  const close = openDialog(
    h("h2", {}, title),
    h("form", { onsubmit: submit },
      h("label", { class: "field" }, "Release", select),
      h("div", {}, h("div", { class: "sub" }, "Devices"), h("div", { class: "choices" }, ...boxes.map(([, labelled]) => labelled))),
      options,
      error,
      h("div", { class: "buttons" },
        h("button", { type: "button", onclick: () => close() }, "Cancel"),
        h("button", { class: "primary" }, "Assign"))));
}
