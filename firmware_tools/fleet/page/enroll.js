// Enrolling a device, and the file that it gets.

import { call } from "./api.js";
import { check, field, h, openDialog, toast } from "./dom.js";

/** Ask for a device's id and name, enroll it, and show its provisioning file. */
export function openEnroll(suggested = "", known = "") {
  const id = field("Id (never changes)", h("input", { required: true, value: suggested, readonly: Boolean(known) || null, pattern: "[a-z0-9][a-z0-9._\\-]{0,63}", placeholder: "kitchen",
    title: "lower-case letters, digits, dots, underscores and hyphens", autocapitalize: "none", autocomplete: "off", spellcheck: "false" }));
  const name = field("Name for people", h("input", { placeholder: "Kitchen speaker", maxlength: 100, value: known }));
  const mac = check("A small microcontroller, which checks MACs: it gets a key of its own, which is a secret");
  const error = h("p", { class: "error", role: "alert" });
  const submit = async (event) => {
    event.preventDefault();
    try {
      showFile(await call("POST", "/api/devices", { body: { device: id.control.value, name: name.control.value, mac: mac.box.checked } }));
    } catch (refusal) {
      error.textContent = refusal.message;
    }
  };
  const close = openDialog(suggested && known ? "Enroll again" : "Enroll a device",
    known ? h("p", { class: "sub" }, "Changes nothing but the name, and makes the file again.") : null,
    h("form", { onsubmit: submit }, id.row, name.row, mac.row, error,
      h("div", { class: "buttons" },
        h("button", { type: "button", onclick: () => close() }, "Cancel"),
        h("button", { class: "primary" }, "Enroll"))));
}

function showFile({ device, toml, device_key: key }) {
  const file = `${device}.toml`;
  const save = h("a", { download: file, href: URL.createObjectURL(new Blob([toml], { type: "application/toml" })), hidden: true });
  const copy = async () => {
    await navigator.clipboard.writeText(toml);
    toast("Copied.");
  };
  const close = openDialog(`${device} is enrolled`,
    h("p", { class: "sub" }, key ? "Give the device this file. It holds the device's key: keep it as a password, it is not shown again. " : "Give the device this file; it holds no secret. Then start it: ",
      key ? null : h("code", {}, `cygnet device run --provisioning ${file}`)),
    h("pre", { tabindex: 0 }, toml),
    save,
    h("div", { class: "buttons" },
      navigator.clipboard ? h("button", { type: "button", onclick: copy }, "Copy") : null,
      h("button", { type: "button", onclick: () => save.click() }, `Save ${file}`),
      h("button", { type: "button", class: "primary", onclick: () => close() }, "Done")));
}
