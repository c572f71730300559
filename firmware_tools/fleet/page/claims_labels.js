// A sheet of labels for claim codes: 3 × 8 of 70 × 37 mm on A4, the common sheet of self-adhesive labels. It is seen in
// print alone. Each label has the code to be typed and as a bar code to be scanned.

import { barcode } from "./barcode.js";
import { h, said } from "./dom.js";
import { day } from "./format.js";
import { state } from "./state.js";

const ON_A_SHEET = 24;

/** The sheets, to be appended to the body. */
export function labelSheet(codes) {
  const sheets = [];
  for (let start = 0; start < codes.length; start += ON_A_SHEET) sheets.push(h("div", { class: "label-sheet" }, ...codes.slice(start, start + ON_A_SHEET).map(label)));
  return h("div", { class: "label-sheets", "aria-hidden": "true" }, ...sheets);
}

function label({ id, code, device, tags, expires }) {
  return h("div", { class: "label" },
    h("div", { class: "label-head" }, h("b", {}, said(device ?? state.fleet.fleet)), h("span", {}, said([device ? state.fleet.fleet : "claim code", ...tags].filter(Boolean).join(" ")))),
    barcode(code.replaceAll("-", "")),
    h("div", { class: "label-code mono" }, code),
    h("div", { class: "label-foot" }, h("span", {}, `good once, until ${day(expires)}`), h("span", { class: "mono" }, id)));
}
