// A new password for an account.

import { call, segment } from "./api.js";
import { field, h, openDialog, toast } from "./dom.js";

/** Give an account a new password; one's own with the current one. */
export function openPassword(one, self) {
  const current = self ? field("Your password now", h("input", { type: "password", required: true, autocomplete: "current-password" })) : null;
  const next = field("New password", h("input", { type: "password", required: true, autocomplete: "new-password" }));
  const submit = async (event) => {
    event.preventDefault();
    current?.fail("");
    next.fail("");
    try {
      await call("PATCH", `/api/operators/${segment(one.name)}`, { body: { password: next.control.value, ...(current ? { current: current.control.value } : {}) } });
    } catch (refusal) {
      (current && /current/.test(refusal.message) ? current : next).fail(refusal.message);
      return;
    }
    close();
    toast(`${one.name} has a new password; other sessions of the account have ended.`);
  };
  const close = openDialog(`New password of ${one.name}`, h("form", { onsubmit: submit }, current?.row, next.row,
    h("div", { class: "buttons" }, h("button", { type: "button", onclick: () => close() }, "Cancel"), h("button", { class: "primary" }, "Change it"))));
}
