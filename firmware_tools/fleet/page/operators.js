// Accounts of operators, their roles and tokens. Admins alone see this.

import { call, segment } from "./api.js";
import { confirmThat, field, h, panel, redrawWhen, said, toast } from "./dom.js";
import { day } from "./format.js";
import { openPassword } from "./password.js";
import { press, session } from "./session.js";
import { openTokens } from "./tokens.js";

const ROLES = [["viewer", "viewer – sees everything, changes nothing"], ["operator", "operator – devices, groups, releases, rollouts"], ["admin", "admin – everything, operators and identity too"]];

export async function showOperators(view) {
  view.title("Operators");
  const list = h("div");
  const load = async () => {
    const { operators } = await call("GET", "/api/operators", { signal: view.signal });
    redrawWhen(list, operators, () => (operators.length
      ? [h("ul", { class: "cards" }, ...operators.map((one) => card(one, load)))]
      : [h("p", { class: "empty" }, "Nobody has an account yet. With one, people sign in by name, do what their role allows, and the audit log says who did what.")]));
  };
  view.box.append(h("div", { class: "columns" }, panel("Accounts", null, list), panel("New account", null, newAccount(load))));
  await load();
}

function card(one, load) {
  const path = `/api/operators/${segment(one.name)}`, self = one.name === session.name;
  const change = async (body, words) => {
    await call("PATCH", path, { body });
    toast(words);
    await load();
  };
  const role = h("select", { "aria-label": `Role of ${one.name}`, disabled: self, onchange: () => change({ role: role.value }, `${one.name} is ${role.value} now.`).catch((refusal) => {
    role.value = one.role;
    toast(refusal.message, true);
  }) }, ...ROLES.map(([name]) => h("option", { value: name, selected: name === one.role }, name)));
  return h("li", { class: "card" },
    h("div", { class: "card-head" }, h("strong", {}, said(one.name), self ? " (you)" : ""), one.disabled ? h("span", { class: "badge k-failed" }, "disabled") : null),
    h("div", { class: "sub" }, `since ${day(one.created)}, `, one.last_seen === null ? "never signed in" : ["seen ", h("span", { "data-seen": one.last_seen })]),
    h("div", { class: "row-buttons" }, role,
      h("button", { type: "button", onclick: () => openTokens(one) }, "Tokens…"),
      h("button", { type: "button", onclick: () => openPassword(one, self) }, "Password…"),
      self ? null : h("button", { type: "button", onclick: () => confirmThat(one.disabled ? `Let ${one.name} in again?` : `Disable ${one.name}?`, {
        what: one.disabled ? "The account may sign in again; its old sessions and tokens stay ended." : "The account can no longer sign in, and its sessions and tokens end now. The audit log keeps what it did.",
        yes: one.disabled ? "Let in" : "Disable",
        bad: !one.disabled,
        act: () => change({ disabled: !one.disabled }, `${one.name} is ${one.disabled ? "let in again" : "disabled"}.`),
      }) }, one.disabled ? "Let in again…" : "Disable…"),
      self ? null : h("button", { type: "button", class: "danger quiet-danger", onclick: () => confirmThat(`Remove ${one.name}?`, {
        what: "The account goes with its sessions and tokens. The audit log keeps what it did.",
        yes: "Remove",
        bad: true,
        act: async () => {
          await call("DELETE", path);
          toast(`${one.name} is removed.`);
          await load();
        },
      }) }, "Remove…")));
}

function newAccount(load) {
  const name = field("Name", h("input", { required: true, autocomplete: "off", autocapitalize: "none", spellcheck: "false" }));
  const role = field("Role", h("select", {}, ...ROLES.map(([value, text]) => h("option", { value }, text))));
  const password = field("Password", h("input", { type: "password", required: true, autocomplete: "new-password" }), { hint: "Long is better than odd; not the name." });
  const submit = async (event) => {
    event.preventDefault();
    for (const one of [name, role, password]) one.fail("");
    try {
      const made = await call("POST", "/api/operators", { body: { name: name.control.value, role: role.control.value, password: password.control.value } });
      toast(`${made.name} may sign in now.`);
      form.reset();
      await load();
    } catch (refusal) {
      (/password/.test(refusal.message) ? password : name).fail(refusal.message);
    }
  };
  const form = h("form", { class: "form", onsubmit: submit }, name.row, role.row, password.row,
    h("div", { class: "buttons" }, press("Make the account", { needs: "admin", class: "primary", onclick: () => form.requestSubmit() })));
  return form;
}
