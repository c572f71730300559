// Enrolling a device, and the file that it gets.

import { call } from "./api.js";
import { h, openDialog, toast } from "./dom.js";

/** Ask for a device's id and name, enroll it, and show its provisioning file. */
export function openEnroll(suggested = "") {
  const id = h("input", { required: true, value: suggested, pattern: "[a-z0-9][a-z0-9._\\-]{0,63}", placeholder: "kitchen",
    title: "lower-case letters, digits, dots, underscores and hyphens", autocomplete: "off", spellcheck: "false" });
  const name = h("input", { placeholder: "Kitchen speaker", maxlength: 100 });
  const error = h("p", { class: "error", role: "alert" });
  const submit = async (event) => {
    event.preventDefault();
    try {
      showFile(await call("POST", "/api/devices", { body: { device: id.value, name: name.value } }));
    } catch (refusal) {
      error.textContent = refusal.message;
    }
  };
  const close = openDialog(
    h("h2", {}, "Enroll a device"),
    h("form", { onsubmit: submit },
      h("label", { class: "field" }, "Id (never changes)", id),
      h("label", { class: "field" }, "Name for people", name),
      error,
      h("div", { class: "buttons" },
        h("button", { type: "button", onclick: () => close() }, "Cancel"),
        h("button", { class: "primary" }, "Enroll"))));
}

function showFile({ device, toml }) {
  const file = `${device}.toml`;
  const save = h("a", { download: file, href: URL.createObjectURL(new Blob([toml], { type: "application/toml" })), hidden: true });
  const copy = async () => {
    await navigator.clipboard.writeText(toml);
    toast("Copied.");
  };
  const close = openDialog(
    h("h2", {}, `${device} is enrolled`),
    h("p", { class: "sub" }, "Give the device this file; it holds no secret. Then start it: ",
      h("code", {}, `cygnet device run --provisioning ${file}`)),
    h("pre", {}, toml),
    save,
    h("div", { class: "buttons" },
      navigator.clipboard ? h("button", { type: "button", onclick: copy }, "Copy") : null,
      h("button", { type: "button", onclick: () => save.click() }, `Save ${file}`),
      h("button", { type: "button", class: "primary", onclick: () => close() }, "Done")));
}
