// The tokens of an account, for its scripts.

import { call, segment } from "./api.js";
import { field, h, openDialog, redrawWhen, said } from "./dom.js";
import { day } from "./format.js";

/** List them, make one, revoke one. */
export async function openTokens(one) {
  const path = `/api/operators/${segment(one.name)}/tokens`, list = h("div"), fresh = h("div", { role: "status" });
  const load = async () => {
    const { tokens } = await call("GET", path);
    redrawWhen(list, tokens, () => (tokens.length ? [h("ul", { class: "lines" }, ...tokens.map((token) => h("li", {},
      said(token.name), h("span", { class: "sub" }, `until ${day(token.expires)}, `, token.last_used === null ? "never used" : ["used ", h("span", { "data-seen": token.last_used })]),
      h("button", { type: "button", class: "quiet", "aria-label": `Revoke the token ${token.name}`, onclick: async () => {
        await call("DELETE", `${path}/${segment(token.id)}`);
        await load();
      } }, "Revoke"))))] : [h("p", { class: "empty" }, "No token.")]));
  };
  const name = field("New token for", h("input", { required: true, placeholder: "nightly export", maxlength: 60, autocomplete: "off" })), days = field("Good for days", h("input", { type: "number", min: 1, value: 90 }));
  const submit = async (event) => {
    event.preventDefault();
    try {
      const { token } = await call("POST", path, { body: { name: name.control.value, days: Number(days.control.value) } });
      fresh.replaceChildren(h("p", {}, "Copy it now, it is not shown again:"), h("pre", { tabindex: 0 }, token));
      name.control.value = "";
      await load();
    } catch (refusal) {
      name.fail(refusal.message);
    }
  };
  const close = openDialog(`Tokens of ${one.name}`, h("p", { class: "sub" }, "For scripts: a token may do what the account may."), list,
    h("form", { onsubmit: submit }, name.row, days.row, fresh,
      h("div", { class: "buttons" }, h("button", { type: "button", onclick: () => close() }, "Close"), h("button", { class: "primary" }, "Make a token"))));
  await load();
}
