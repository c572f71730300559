// The claims of a fleet: which are open, who used which, and to withdraw one. Admins alone see this.

import { call, query, segment } from "./api.js";
import { confirmThat, h, panel, redrawWhen, said, toast } from "./dom.js";
import { bar } from "./drawings.js";
import { day, many, moment, number } from "./format.js";
import { to } from "./router.js";
import { later } from "./search.js";
import { press } from "./session.js";

const KINDS = { open: ["open", "info"], used: ["used", "good"], expired: ["expired", "faint"], revoked: ["withdrawn", "faint"] };
const AT_ONCE = 50, AT_MOST = 1000;

/** Claims by state, to be drawn. */
export const claimParts = (counts) => [["open", "info", "open"], ["used", "good", "used"], ["expired", "faint", "expired"], ["revoked", "none", "withdrawn"]]
  .map(([name, kind, label]) => ({ name, kind, label, count: counts[name] ?? 0 }));

/** The list and what loads it: {panel, load(counts by state)}; `changed` is told of a claim that was withdrawn. */
export function mountClaims(view, changed) {
  const filter = h("span", { class: "segments", role: "group", "aria-label": "Which claims" }), found = h("p", { class: "hint", role: "status" });
  const search = h("input", { type: "search", maxlength: 64, placeholder: "Device, tag, id", "aria-label": "Search claims", autocapitalize: "none", autocomplete: "off", spellcheck: "false" });
  const list = h("div"), foot = h("div", { class: "panel-foot" }), whole = h("div", { class: "pad" }), error = h("p", { class: "error pad", role: "alert" });
  let claims = [], counts = {}, wanted = "open", newest = 0;
  const draw = ({ total, next }, words) => {
    const any = Object.values(counts).some(Boolean);
    redrawWhen(whole, counts, () => (any ? [bar(claimParts(counts), { label: "Claim codes" })] : []));
    whole.hidden = !any;
    redrawWhen(filter, [wanted, counts], () => ["open", "used", "expired", "revoked", ""].map((name) => h("button", { type: "button", "data-key": `claims-${name}`, "aria-pressed": String(wanted === name), onclick: () => {
      wanted = name;
      load();
    } }, name ? `${capital(KINDS[name][0])} ${number(counts[name] ?? 0)}` : "All")));
    found.textContent = words ? many(total, "claim") : "";
    redrawWhen(list, [claims, wanted, words, any], () => [claims.length ? h("ul", { class: "cards claims" }, ...claims.map((claim) => card(claim, changed, !wanted))) : nothing(any, wanted, words)]);
    redrawWhen(foot, [total, next], () => (next === null ? [] : [h("button", { type: "button", onclick: () => load({ after: next }) }, `Show ${Math.min(AT_ONCE, total - claims.length)} more of ${number(total)}`)]));
  };
  const load = async ({ after = null, limit = AT_ONCE } = {}) => {
    const mine = ++newest, words = search.value.trim().toLowerCase();
    let answer;
    try {
      answer = await call("GET", `/api/claims?${query({ state: wanted, q: words, after, limit })}`, { signal: view.signal });
    } catch (refusal) {
      if (refusal.name !== "AbortError" && mine === newest) error.textContent = refusal.message;
      return;
    }
    if (mine !== newest) return;
    error.textContent = "";
    claims = after === null ? answer.claims : [...claims, ...answer.claims];
    draw(answer, words);
  };
  search.addEventListener("input", later(() => load()));
  return {
    panel: panel("Claim codes", found, whole, h("form", { class: "claim-filters", role: "search", onsubmit: (event) => event.preventDefault() }, filter, search), error, list, foot),
    load: async (now) => {
      counts = now;
      await load({ limit: Math.min(AT_MOST, Math.max(AT_ONCE, claims.length)) }); // as many as are shown
    },
  };
}

const capital = (word) => word[0].toUpperCase() + word.slice(1);

function nothing(any, wanted, words) {
  if (words) return h("p", { class: "empty" }, "No claim of this kind has that device, tag or id.");
  if (any) return h("p", { class: "empty" }, wanted === "open" ? "No code is open: each was used, has expired or was withdrawn." : "None.");
  return h("div", { class: "empty" },
    h("h3", {}, "No claim codes yet"),
    h("p", {}, "With a code a device lets itself in, once: somebody types it at the device, which then makes its own key and gets its certificate. Make one for a device whose id you know, or a sheet of them for a production bench."));
}

function card(claim, changed, all) {
  const [word, kind] = KINDS[claim.state], name = claim.device ?? "any device";
  return h("li", { class: "card claim", "data-id": claim.id },
    h("div", {},
      h("div", {}, claim.device ? h("strong", {}, said(claim.device)) : "any device", claim.tags.map((tag) => h("span", { class: "tag" }, said(tag)))),
      h("div", { class: "sub" }, ...became(claim), " · claim ", h("span", { class: "mono" }, claim.id))),
    all ? h("span", { class: `badge k-${kind}` }, word) : null,
    claim.state === "open" ? press("Withdraw…", { needs: "admin", class: "small", "data-key": `withdraw-${claim.id}`, "aria-label": `Withdraw the claim code ${claim.id} for ${name}`, onclick: () => withdraw(claim, name, changed) }) : null);
}

function became({ state, created, expires, used_at: usedAt, used_by: usedBy }) {
  if (state === "used") return ["used by ", h("a", { href: to("devices", usedBy) }, said(usedBy)), " on ", moment(usedAt)];
  if (state === "open") return [`made on ${day(created)}, good until ${day(expires)}`];
  return [state === "expired" ? `expired on ${day(expires)}` : `made on ${day(created)}, withdrawn before it was used`];
}

function withdraw(claim, name, changed) {
  confirmThat(`Withdraw the claim code for ${name}?`, {
    what: [`Whoever has the code of claim ${claim.id} can let no device in with it any more, from now on and for ever.`, "Devices that are in stay in."],
    yes: "Withdraw",
    bad: true,
    act: async () => {
      await call("DELETE", `/api/claims/${segment(claim.id)}`);
      toast(`The code of claim ${claim.id} is good no more.`);
      await changed();
    },
  });
}
