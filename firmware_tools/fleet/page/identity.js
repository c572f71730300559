// Who devices are: the fleet's CA and what expires, how many devices have a certificate, and the codes by which they join.

import { call } from "./api.js";
import { claimParts, mountClaims } from "./claims.js";
import { openNewClaims } from "./claims_new.js";
import { bar, legend } from "./drawings.js";
import { facts, h, panel, redrawWhen, said } from "./dom.js";
import { day, many, number } from "./format.js";
import { to } from "./router.js";
import { may } from "./session.js";
import { paced, state } from "./state.js";

const SHOWN = 12;

export async function showIdentity(view) {
  view.title("Identity");
  const notices = h("div", { class: "stack" }), own = h("div"), devices = h("div"), counts = h("div"), without = h("div");
  const claims = may("admin") ? mountClaims(view, () => load()) : null;
  const columns = h("div", { class: "columns wide-first", hidden: true },
    h("div", { class: "stack" }, claims ? claims.panel : panel("Claim codes", null, counts)),
    h("div", { class: "stack" }, panel("Devices", null, devices), panel("The fleet’s own certificates", null, own)));
  view.box.append(notices, without, columns);
  let known = null;
  const load = async () => {
    const identity = await call("GET", "/api/identity", { signal: view.signal });
    columns.hidden = !identity.active;
    redrawWhen(without, identity.active, () => (identity.active ? [] : [withoutCa()]));
    if (!identity.active) return;
    redrawWhen(view.beside, true, () => (claims ? [h("button", { type: "button", class: "primary", onclick: () => openNewClaims({ made: load }) }, "New claim codes…")] : []));
    redrawWhen(notices, [identity.soon, identity.own, identity.expiring, identity.rotating, identity.of_former_ca], () => warnings(identity));
    redrawWhen(own, [identity.own, identity.soon], () => [ownCertificates(identity)]);
    redrawWhen(devices, [identity.devices, identity.barred, identity.expiring, identity.counters], () => [ofDevices(identity)]);
    redrawWhen(counts, identity.claims, () => [countsOnly(identity.claims)]);
    // The list may be long: it is loaded when the counts say that something became of a claim.
    const mark = JSON.stringify(identity.claims);
    if (mark !== known) await claims?.load(identity.claims);
    known = mark;
  };
  const soon = paced(load, 2000);
  view.on("devices", soon);
  view.on("refresh", soon);
  view.every(15, soon);
  await load();
}

function withoutCa() {
  return panel("No certificates", null, h("div", { class: "empty" },
    h("p", {}, "This fleet is no certificate authority: devices sign in at the broker with what they were enrolled with, and there are no claim codes."),
    h("p", {}, "To give each device a key and a certificate of its own, on the fleet’s machine, with the name by which devices call the broker:"),
    h("pre", { tabindex: 0 }, h("code", {}, "cygnet fleet identity init --server broker.example"))));
}

function warnings({ own, soon, expiring, rotating, of_former_ca: former }) {
  const now = state.now();
  return [
    ...own.filter(({ name }) => soon.includes(name)).map(({ name, not_after: end }) => h("div", { class: end < now ? "notice bad" : "notice" }, h("span", {},
      h("strong", {}, said(name)), `: the certificate ${end < now ? "expired" : "expires"} on ${day(end)}. Make a new one: `, h("code", {}, renewal(name))))),
    rotating ? h("div", { class: "notice" }, h("span", {}, h("strong", {}, "Two CAs are trusted. "), former
      ? `${many(former, "device has", "devices have")} a certificate of the former one yet; each gets a new one within a day of being online, a microcontroller over the cable.`
      : ["No device needs the former one any more: ", h("code", {}, "cygnet fleet identity rotate-ca --finish")])) : null,
    expiring.length ? h("div", { class: "notice" }, h("span", {}, h("strong", {}, `${many(expiring.length, "device has a certificate", "devices have certificates")} that will expire within 30 days. `),
      "Devices renew long before, when they are online; one that comes too late needs a new claim code.")) : null,
  ];
}

/** The command that makes one of the fleet's own certificates anew; see docs/identity.md. */
function renewal(name) {
  const [kind, whose = ""] = name.split(" ");
  if (kind === "service") return `cygnet fleet identity service ${whose.replace(/-telemetry$/, "")}`;
  if (kind === "broker") return "cygnet fleet identity server NAME";
  if (kind === "provisioning") return `cygnet fleet identity provisioning ${whose.replace(/^claim-?/, "") || "NAME"}`;
  return "cygnet fleet identity rotate-ca";
}

function ownCertificates({ own, soon }) {
  const now = state.now();
  return h("ul", { class: "lines" }, ...own.map(({ name, not_after: end }) => h("li", {},
    h("div", { class: "grow" }, said(name), h("div", { class: "sub" }, `until ${day(end)}`)),
    h("span", { class: `badge k-${end < now ? "failed" : soon.includes(name) ? "warn" : "good"}` }, end < now ? "expired" : soon.includes(name) ? "expires soon" : "good"))));
}

function ofDevices({ devices, barred, expiring, counters }) {
  return h("div", {},
    h("div", { class: "pad" },
      facts(["With a good certificate", number(devices)], ["Revoked, not heard", number(barred)]),
      h("h3", { class: "since" }, "Since the fleet was started"),
      facts(["Joined by code", number(counters.granted)], ["Renewed", number(counters.renewed)], ["Wrong codes", counters.wrong ? h("span", { class: "ink-warn" }, number(counters.wrong)) : "0"])),
    expiring.length ? [h("h3", { class: "small-title" }, "Expire within 30 days"),
      h("ul", { class: "chips" }, ...expiring.slice(0, SHOWN).map((id) => h("li", {}, h("a", { class: "chip", href: to("devices", id) }, said(id)))),
        expiring.length > SHOWN ? h("li", { class: "sub" }, `and ${expiring.length - SHOWN}${expiring.length === 100 ? " or more" : ""} others`) : null)] : null);
}

/** What somebody may know who may not keep claims. */
function countsOnly(counts) {
  const parts = claimParts(counts);
  return h("div", { class: "pad" }, bar(parts, { label: "Claim codes" }), legend(parts),
    h("p", { class: "hint" }, "Admins make claim codes and withdraw them."));
}
