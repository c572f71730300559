// Making claim codes: for one device whose id is known, or many for devices that propose their ids.

import { call } from "./api.js";
import { showCodes } from "./claims_codes.js";
import { field, h, openDialog } from "./dom.js";
import { deviceField } from "./search.js";
import { state } from "./state.js";

const MOST = 10_000;

/** Ask for whom, make the codes and show them; `made` is told then. `device` is the id of the one that it is for. */
export function openNewClaims({ device = "", made = () => null }) {
  const known = deviceField("Device", { value: device });
  known.row.querySelector(".hint").textContent = "If this device has an identity already, the code replaces it: its certificates of before are revoked when the code is used.";
  const count = field("How many", h("input", { type: "number", min: 1, max: MOST, value: 24, required: true, inputmode: "numeric" }), { hint: `1 to ${MOST.toLocaleString()}; a sheet of labels has 24. Each lets one device in, under an id that it proposes and nobody has.` });
  const tags = field("Tags that these devices get", h("input", { list: "claim-tags", autocapitalize: "none", autocomplete: "off", spellcheck: "false", placeholder: "batch:7 line:2" }), { hint: "Separated by spaces; may be empty." });
  const days = field("Good for days", h("input", { type: "number", min: 1, max: 3650, value: 30, required: true, inputmode: "numeric" }));
  const error = h("p", { class: "error", role: "alert" });
  const kinds = [["one", "One device, whose id I know"], ["many", "Many devices, which propose their ids"]].map(([value, text], index) => {
    const radio = h("input", { type: "radio", name: "claims-for", value, checked: index === 0, onchange: () => show() });
    return { radio, row: h("label", { class: "choice" }, radio, h("span", {}, text)) };
  });
  const one = () => kinds[0].radio.checked;
  const show = () => {
    for (const [made, off] of [[known, !one()], [count, one()]]) {
      made.row.hidden = off;
      made.control.disabled = off;
    }
  };
  const go = h("button", { class: "primary" }, "Make");
  const submit = async (event) => {
    event.preventDefault();
    error.textContent = "";
    const body = { tags: tags.control.value.split(/[\s,]+/).filter(Boolean), days: Number(days.control.value), ...(one() ? { device: known.control.value.trim() } : { count: Number(count.control.value) }) };
    go.disabled = true;
    try {
      const { codes } = await call("POST", "/api/claims", { body });
      showCodes(codes);
    } catch (refusal) {
      error.textContent = refusal.message;
      return;
    } finally {
      go.disabled = false;
    }
    await made();
  };
  const close = openDialog("New claim codes", h("form", { onsubmit: submit },
    device ? null : h("fieldset", {}, h("legend", { class: "unseen" }, "For"), kinds.map((kind) => kind.row)),
    known.row, count.row, tags.row, h("datalist", { id: "claim-tags" }, ...state.overview.tags.map(([tag]) => h("option", { value: tag }))), days.row, error,
    h("div", { class: "buttons" }, h("button", { type: "button", onclick: () => close() }, "Cancel"), go)));
  show();
  (device ? tags : known).control.focus();
}
