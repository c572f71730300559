// The claims of a fleet: which are open, who used which, and to withdraw one. Admins alone see this.

import { call, segment } from "./api.js";
import { confirmThat, h, panel, redrawWhen, said, toast } from "./dom.js";
import { bar } from "./drawings.js";
import { day, many, moment, number } from "./format.js";
import { to } from "./router.js";
import { later } from "./search.js";
import { press } from "./session.js";

const KINDS = { open: ["open", "info"], used: ["used", "good"], expired: ["expired", "faint"], revoked: ["withdrawn", "faint"] };
const AT_ONCE = 50;

/** Claims by state, to be drawn. */
export const claimParts = (counts) => [["open", "info", "open"], ["used", "good", "used"], ["expired", "faint", "expired"], ["revoked", "none", "withdrawn"]]
  .map(([name, kind, label]) => ({ name, kind, label, count: counts[name] ?? 0 }));

/** The list and what loads it: {panel, load(counts by state)}; `changed` is told of a claim that was withdrawn. */
export function mountClaims(view, changed) {
  const filter = h("span", { class: "segments", role: "group", "aria-label": "Which claims" }), found = h("p", { class: "hint", role: "status" });
  const search = h("input", { type: "search", placeholder: "Device, tag, id", "aria-label": "Search claims", autocapitalize: "none", autocomplete: "off", spellcheck: "false" });
  const list = h("div"), foot = h("div", { class: "panel-foot" }), total = h("div", { class: "pad" });
  let claims = [], counts = {}, wanted = "open", most = AT_ONCE;
  const draw = () => {
    const words = search.value.trim().toLowerCase();
    const chosen = claims.filter((claim) => (!wanted || claim.state === wanted) && (!words || [claim.id, claim.device, claim.used_by, ...claim.tags].some((text) => text?.includes(words))));
    redrawWhen(total, counts, () => (claims.length ? [bar(claimParts(counts), { label: "Claim codes" })] : []));
    total.hidden = !claims.length;
    redrawWhen(filter, [wanted, counts], () => ["open", "used", "expired", "revoked", ""].map((name) => h("button", { type: "button", "data-key": `claims-${name}`, "aria-pressed": String(wanted === name), onclick: () => {
      [wanted, most] = [name, AT_ONCE];
      draw();
    } }, name ? `${capital(KINDS[name][0])} ${number(counts[name] ?? 0)}` : "All")));
    found.textContent = words ? many(chosen.length, "claim") : "";
    const shown = chosen.slice(0, most);
    redrawWhen(list, [shown, wanted, words, !claims.length], () => [shown.length ? h("ul", { class: "cards claims" }, ...shown.map((claim) => card(claim, changed, !wanted))) : nothing(claims, wanted, words)]);
    redrawWhen(foot, [chosen.length, most], () => (chosen.length > most ? [h("button", { type: "button", onclick: () => {
      most += AT_ONCE;
      draw();
    } }, `Show ${Math.min(AT_ONCE, chosen.length - most)} more of ${number(chosen.length)}`)] : []));
  };
  search.addEventListener("input", later(() => {
    most = AT_ONCE;
    draw();
  }));
  return {
    panel: panel("Claim codes", found, total, h("form", { class: "claim-filters", role: "search", onsubmit: (event) => event.preventDefault() }, filter, search), list, foot),
    load: async (now) => {
      ({ claims } = await call("GET", "/api/claims", { signal: view.signal }));
      counts = now;
      draw();
    },
  };
}

const capital = (word) => word[0].toUpperCase() + word.slice(1);

function nothing(claims, wanted, words) {
  if (words) return h("p", { class: "empty" }, "No claim of this kind has that device, tag or id.");
  if (claims.length) return h("p", { class: "empty" }, wanted === "open" ? "No code is open: each was used, has expired or was withdrawn." : "None.");
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
