// Who uses the page: signing in and out, and what the role may press.

import { call, forgetToken, setToken } from "./api.js";
import { $, h, openDialog, toast } from "./dom.js";
import { openPassword } from "./password.js";
import { openTokens } from "./tokens.js";

const RANKS = { viewer: 0, operator: 1, admin: 2 };
export const session = { name: "", role: "viewer" };

/** Whether it is nobody in particular: whoever holds the operator token. */
const byToken = () => session.name === "owner";

/** Learn who this is. Throws a Refusal. */
export async function whoAmI() {
  Object.assign(session, await call("GET", "/api/session"));
}

export const may = (role) => RANKS[session.role] >= RANKS[role];

/** A button that only some roles may press; to others it says why not. */
export function press(label, { needs = "operator", onclick, disabled = false, reason = "", ...attributes }) {
  const why = may(needs) ? (disabled ? reason : "") : `You are a ${session.role}; this takes an ${needs}.`;
  const off = Boolean(why) || disabled;
  return h("button", {
    type: "button", ...attributes, title: why || attributes.title, "aria-disabled": off ? "true" : null,
    "aria-description": why || null,
    onclick: (event) => (off ? why && toast(why, true) : onclick(event)),
  }, label);
}

/** Who it is, with the way out, in the page's head. */
export function drawAccount() {
  $("account").replaceChildren(h("button", { type: "button", class: "quiet who-am-i", "aria-label": `Signed in as ${session.name}, ${session.role}`, onclick: openAccount },
    h("span", { class: "avatar", "aria-hidden": "true" }, [...session.name][0]?.toUpperCase() ?? "?"),
    h("span", { class: "me" }, h("bdi", {}, session.name), h("span", { class: "sub" }, session.role))));
}

function openAccount() {
  const means = { viewer: "sees everything and changes nothing", operator: "runs devices, groups, releases and rollouts", admin: "may do everything, operators and identity among it" }[session.role];
  const close = openDialog("Signed in",
    h("p", {}, h("strong", {}, h("bdi", {}, session.name)), `, ${session.role}: ${means}.`),
    byToken() ? h("p", { class: "sub" }, "By the operator token, which belongs to the fleet’s machine and not to a person. Give people accounts, so that the audit log says who did what.") : null,
    h("div", { class: "buttons" },
      byToken() ? null : h("button", { type: "button", onclick: () => openTokens(session) }, "Tokens…"),
      byToken() ? null : h("button", { type: "button", onclick: () => openPassword(session, true) }, "Password…"),
      h("button", { type: "button", onclick: () => close() }, "Close"),
      h("button", { type: "button", class: "primary", onclick: signOut }, "Sign out")));
}

async function signOut() {
  forgetToken();
  await call("DELETE", "/api/session").catch(() => null); // gone already, or a fleet without accounts
  location.reload();
}

/** The form; `entered` is called when somebody is let in. */
export function askToSignIn(reason, entered) {
  forgetToken();
  for (const id of ["top", "nav", "main"]) $(id).hidden = true;
  const name = h("input", { id: "sign-in-name", autocomplete: "username", autocapitalize: "none", spellcheck: "false", required: true });
  const password = h("input", { id: "sign-in-password", type: "password", autocomplete: "current-password", required: true });
  const token = h("input", { id: "sign-in-token", type: "password", autocomplete: "off", required: true });
  const error = h("p", { class: "error", role: "alert" }, reason);
  const submit = (work) => async (event) => {
    event.preventDefault();
    error.textContent = "";
    try {
      await work();
      await whoAmI();
    } catch (refusal) {
      forgetToken();
      password.value = "";
      error.textContent = refusal.message;
      return;
    }
    $("entry").hidden = true;
    $("entry").replaceChildren();
    entered();
  };
  const byName = async () => {
    forgetToken();
    await call("POST", "/api/session", { body: { name: name.value, password: password.value } });
  };
  $("entry").replaceChildren(h("div", { class: "sign-in" },
    h("img", { src: "swan.svg", alt: "", width: 56, height: 56 }),
    h("h1", {}, "Sign in to this fleet"),
    h("form", { onsubmit: submit(byName), "aria-label": "By name" },
      h("div", { class: "field" }, h("label", { for: "sign-in-name" }, "Name"), name),
      h("div", { class: "field" }, h("label", { for: "sign-in-password" }, "Password"), password),
      h("button", { class: "primary" }, "Sign in")),
    error,
    h("details", {}, h("summary", {}, "Use the operator token instead"),
      h("p", {}, "Open the link that ", h("code", {}, "cygnet fleet page"), " prints, or paste the operator token here. It is in ", h("code", {}, "operator.token"), " in the fleet’s home directory."),
      h("form", { onsubmit: submit(async () => setToken(token.value)), "aria-label": "By token" },
        h("div", { class: "field" }, h("label", { for: "sign-in-token" }, "Operator token"), token),
        h("button", {}, "Sign in with the token")))));
  $("entry").hidden = false;
  name.focus();
}
