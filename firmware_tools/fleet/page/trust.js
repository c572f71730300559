// Who decides what devices run: the roles of signed metadata, who holds their keys, what waits and what expires.

import { call } from "./api.js";
import { h, panel, redrawWhen, said } from "./dom.js";
import { day, many } from "./format.js";
import { paced } from "./state.js";

const STATES = { good: ["good", "good"], soon: ["expires soon", "warn"], expired: ["expired", "failed"], missing: ["not signed", "warn"] };
const DOES = {
  root: "says who holds the other keys",
  targets: "says who signs for which programs and models",
  snapshot: "says which versions of all this belong together",
  timestamp: "says that this is the newest",
};

export async function showTrust(view) {
  view.title("Trust");
  const box = h("div", { class: "stack" });
  view.box.append(box);
  const load = async () => {
    const trust = await call("GET", "/api/trust", { signal: view.signal });
    redrawWhen(box, trust, () => draw(trust));
  };
  view.on("releases", paced(load, 1000));
  view.on("refresh", paced(load, 1000));
  view.every(60, load);
  await load();
}

function draw(trust) {
  if (!trust.active) return [withoutRoot(trust), trust.waiting.length ? panel("Waits for signatures", null, waiting(trust)) : null].filter(Boolean);
  const soon = [...trust.roles, ...trust.delegations].filter(({ state }) => state === "soon" || state === "expired");
  const signed = trust.releases.filter(({ signature }) => signature?.state === "signed").length;
  return [
    trust.trouble ? h("div", { class: "notice bad", role: "alert" }, said(trust.trouble)) : null,
    ...soon.map(({ name, expires, state }) => h("div", { class: state === "expired" ? "notice bad" : "notice" }, h("span", {}, h("strong", {}, said(name)), state === "expired" ? ` expired on ${day(expires)}: devices install nothing under it.` : ` expires on ${day(expires)}.`, " Sign a new one: ", h("code", {}, `cygnet fleet trust renew ${name}`)))),
    panel("Two must agree", null, h("div", { class: "pad" },
      h("p", {}, `Devices install only what the fleet’s signed wish and the signed metadata both name. ${signed} of ${many(trust.releases.length, "release")} ${signed === 1 ? "is" : "are"} signed.`),
      h("p", { class: "sub" }, `The wish is signed by ${many(trust.desired.keys, "key")} of the fleet; ${trust.desired.former} were before.`))),
    panel("Roles", null, h("ul", { class: "cards grid" }, ...trust.roles.map((role) => roleCard(role, DOES[role.name])))),
    panel("Who signs for what", null, trust.delegations.length
      ? h("ul", { class: "cards grid" }, ...trust.delegations.map((role) => roleCard(role, `${role.house ? "the fleet itself signs" : "signs"} for ${many(role.releases, "release")}`, role.paths)))
      : h("p", { class: "empty" }, "Nobody signs for programs yet.")),
    trust.waiting.length ? panel("Waits for signatures", null, waiting(trust)) : null,
  ].filter(Boolean);
}

function withoutRoot(trust) {
  return panel("One key decides", null, h("div", { class: "empty" },
    h("p", {}, "This fleet has no root of trust yet: devices install what the fleet’s key signs, and that key lies on the fleet’s machine."),
    trust.begun ? h("p", {}, "Somebody has begun to make one; it waits for signatures.") : h("p", {}, "Put people beside it, each with a key of their own:"),
    h("pre", { tabindex: 0 }, h("code", {}, trust.begun ? "cygnet fleet trust status" : "cygnet fleet trust init"))));
}

function roleCard({ name, keys, threshold, version, expires, state }, does, paths = []) {
  const [word, kind] = STATES[state] ?? [state, "faint"];
  return h("li", { class: "card" },
    h("div", { class: "card-head" }, h("strong", {}, said(name)), h("span", { class: `badge k-${kind}` }, word)),
    h("div", { class: "sub" }, does),
    paths.length ? h("div", { class: "sub mono" }, said(paths.join(", "))) : null,
    h("div", { class: "sub" }, `${threshold} of ${many(keys.length, "key")}${version === null ? "" : `, version ${version}`}${expires === null ? "" : `, until ${day(expires)}`}`),
    h("ul", { class: "chips" }, ...keys.map((key) => h("li", {}, h("span", { class: "chip", title: key.id }, said(key.holder), " ", h("span", { class: "mono sub" }, key.id.slice(0, 8)))))));
}

function waiting(trust) {
  return h("ul", { class: "cards" }, ...trust.waiting.map((one) => h("li", { class: "card" },
    h("div", { class: "card-head" }, h("strong", {}, said(`${one.role} version ${one.version}`)), h("span", { class: "badge k-warn" }, `${one.signed.length} of ${one.threshold}`)),
    h("div", { class: "sub" }, one.signed.length ? said(`signed by ${one.signed.join(", ")}; `) : "nobody has signed; ", said(`${one.missing.join(", ") || "nobody"} may yet`)))));
}
