// Claim codes as they were made: shown once, to be copied, saved, or printed as labels.

import { labelSheet } from "./claims_labels.js";
import { $, h, openDialog, said, toast } from "./dom.js";
import { day, many, number } from "./format.js";
import { state } from "./state.js";

const SHOWN = 200;

/** Show them until somebody says that they have them. */
export function showCodes(codes) {
  const single = codes.length === 1, file = `${state.fleet.fleet}-claims.csv`, dialog = $("dialog");
  const sheet = labelSheet(codes), saved = h("p", { class: "hint", role: "status" }), error = h("p", { class: "error", role: "alert" });
  let kept = false;
  const keep = (words) => {
    kept = true;
    error.textContent = "";
    saved.textContent = words;
  };
  const url = URL.createObjectURL(new Blob([asCsv(codes)], { type: "text/csv" }));
  const link = h("a", { download: file, href: url, hidden: true });
  const copy = async () => {
    await navigator.clipboard.writeText(codes.map(({ code }) => code).join("\n"));
    keep("Copied.");
    toast(single ? "The code is copied." : `${many(codes.length, "code")} are copied, one a line.`);
  };
  const save = () => {
    link.click();
    keep(`Saved as ${file}: whoever reads the file can let devices in.`);
  };
  const print = () => {
    keep("Printed, if the printer took it.");
    window.print();
  };
  const done = () => {
    if (single || kept) return close();
    kept = true;
    error.textContent = `None of these ${number(codes.length)} codes was copied, saved or printed. Press “I have them” once more to leave them all the same; their claims stay open until you withdraw them.`;
  };
  const hold = (event) => event.preventDefault();
  dialog.addEventListener("cancel", hold);
  dialog.setAttribute("closedby", "none"); // neither Escape nor a press beside it throws codes away
  window.addEventListener("beforeunload", hold);
  document.body.append(sheet);
  dialog.addEventListener("close", () => {
    dialog.removeEventListener("cancel", hold);
    dialog.removeAttribute("closedby");
    window.removeEventListener("beforeunload", hold);
    sheet.remove();
    URL.revokeObjectURL(url);
    dialog.replaceChildren();
  }, { once: true });
  const close = openDialog(single ? "The claim code" : `${many(codes.length, "claim code")}`,
    h("div", { class: "notice once" }, h("span", {}, h("strong", {}, single ? "It is shown only now. " : "They are shown only now. "),
      `The fleet keeps ${single ? "no copy of it" : "no copy of them"} and can never show ${single ? "it" : "them"} again. Whoever has ${single ? "it" : "one"} can let in a device: treat ${single ? "it as a password" : "them as passwords"}.`)),
    single ? h("p", { class: "code-large mono" }, codes[0].code) : null,
    single ? h("p", { class: "sub" }, `For `, said(codes[0].device ?? "any device"), `, once, until ${day(codes[0].expires)}. At the device: `, h("code", {}, "cygnet device claim")) : null,
    single ? null : h("ol", { class: "codes mono", tabindex: 0, "aria-label": "Claim codes" }, ...codes.slice(0, SHOWN).map(({ code }) => h("li", {}, code))),
    codes.length > SHOWN ? h("p", { class: "hint" }, `and ${number(codes.length - SHOWN)} more, which are in what you copy, save or print.`) : null,
    saved, error, link,
    h("div", { class: "buttons" },
      navigator.clipboard ? h("button", { type: "button", onclick: copy }, single ? "Copy" : "Copy all") : null,
      h("button", { type: "button", onclick: save }, "Save as CSV"),
      h("button", { type: "button", onclick: print }, single ? "Print a label" : "Print labels"),
      h("button", { type: "button", class: "primary", onclick: done }, single ? "Done" : "I have them")));
}

/** As `cygnet fleet claim create --out` writes it. */
function asCsv(codes) {
  const cell = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const rows = codes.map(({ id, code, device, tags, expires }) => [id, code, device ?? "", tags.join(" "), new Date(expires * 1000).toISOString().slice(0, 10)]);
  return [["id", "code", "device", "tags", "expires"], ...rows].map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}
