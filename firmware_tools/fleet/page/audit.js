// The audit log: who did what when, and whether anybody changed it since.

import { call, query } from "./api.js";
import { h, panel, redrawWhen, said, toast } from "./dom.js";
import { many, moment, number } from "./format.js";
import { replaceQuery } from "./router.js";
import { later } from "./search.js";

const ON_A_PAGE = 50;

export async function showAudit(view) {
  view.title("Audit log");
  const asked = { actor: view.query.get("actor") ?? "", action: view.query.get("action") ?? "" };
  const actor = h("input", { type: "search", value: asked.actor, placeholder: "Who", "aria-label": "Only what this operator did", autocapitalize: "none", spellcheck: "false" });
  const action = h("input", { type: "search", value: asked.action, placeholder: "What, such as rollout or device.enroll", "aria-label": "Only this kind of action", autocapitalize: "none", spellcheck: "false" });
  const mark = h("div", { class: "verified", role: "status" }), list = h("div"), foot = h("div", { class: "panel-foot" }), error = h("p", { class: "error pad", role: "alert" });
  let entries = [], more = false;
  const load = async (after = null) => {
    let found;
    try {
      found = await call("GET", `/api/audit?${query({ ...asked, after, limit: ON_A_PAGE })}`, { signal: view.signal });
    } catch (refusal) {
      if (refusal.name !== "AbortError") error.textContent = refusal.message;
      return;
    }
    error.textContent = "";
    entries = after === null ? found.entries : [...entries, ...found.entries];
    more = found.entries.length === ON_A_PAGE;
    redrawWhen(mark, [found.verified, found.newest, found.fault, found.signed], () => [verifiedMark(found)]);
    redrawWhen(list, entries, () => (entries.length ? [table(entries)] : [h("p", { class: "empty" }, asked.actor || asked.action ? "Nothing of this kind." : "Nothing has been done yet.")]));
    redrawWhen(foot, [more, entries.at(-1)?.number], () => (more ? [h("button", { type: "button", onclick: () => load(entries.at(-1).number) }, "Show older ones")] : []));
  };
  const verify = h("button", { type: "button", onclick: async () => {
    const verdict = await call("GET", "/api/audit/verify", { signal: view.signal });
    toast(verdict.whole ? `The whole log is checked: ${many(verdict.entries, "entry", "entries")}, none changed.` : verdict.fault.sentence, !verdict.whole);
  } }, "Check all of it");
  view.beside.append(verify);
  view.box.append(panel("What was done", mark, h("form", { class: "filters two", role: "search", onsubmit: (event) => event.preventDefault() }, actor, action), error, list, foot));
  const again = later(() => {
    Object.assign(asked, { actor: actor.value.trim(), action: action.value.trim() });
    replaceQuery(asked);
    load();
  });
  for (const input of [actor, action]) input.addEventListener("input", again);
  view.every(10, () => entries.length <= ON_A_PAGE && load());
  await load();
}

function verifiedMark({ verified, newest, fault }) {
  if (verified) return h("span", { class: "signed k-good" }, `verified up to entry ${number(newest)}`);
  return h("span", { class: "signed k-failed" }, fault ? said(fault) : "not verified: the log was changed, or could not be checked");
}

function table(entries) {
  return h("table", { class: "plain audit" },
    h("thead", {}, h("tr", {}, ...["When", "Who", "What", "On", "Outcome"].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, ...entries.map((entry) => h("tr", {},
      h("td", {}, h("time", { title: `entry ${entry.number}, ${entry.hash}` }, moment(entry.time))),
      h("td", {}, said(entry.actor), h("span", { class: "sub" }, ` ${entry.role}`)),
      h("td", { class: "mono" }, said(entry.action)),
      h("td", {}, said(entry.subject), detail(entry.detail)),
      h("td", {}, h("span", { class: `badge k-${["ok", "done", "success"].includes(entry.outcome) ? "good" : "failed"}` }, said(entry.outcome)))))));
}

function detail(value) {
  const one = (part) => (part !== null && typeof part === "object" ? (Array.isArray(part) ? part.map(one).join(", ") : JSON.stringify(part)) : String(part));
  const text = typeof value === "string" ? value : Object.entries(value ?? {}).map(([name, part]) => `${name}: ${one(part)}`).join("; ");
  return text ? h("div", { class: "sub clamp", title: text }, said(text)) : null;
}
