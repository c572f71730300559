// The certificates of a device, where the fleet gives any.

import { call, segment } from "./api.js";
import { openNewClaims } from "./claims_new.js";
import { confirmThat, h, redraw, said, toast } from "./dom.js";
import { day } from "./format.js";
import { may, press } from "./session.js";
import { called } from "./state.js";

const KINDS = { active: "good", revoked: "failed", expired: "failed" };

/** Fill the place; false where this fleet gives no certificates. */
export async function showCertificates(box, device, view) {
  const path = `/api/devices/${segment(device.id)}/certificates`;
  const load = async () => {
    let certificates;
    try {
      ({ certificates } = await call("GET", path, { signal: view.signal }));
    } catch (refusal) {
      if (refusal.status === 404) return false;
      throw refusal;
    }
    redraw(box, ...draw(device, certificates, path, load));
    return true;
  };
  return load();
}

function draw(device, certificates, path, load) {
  if (!certificates.length) return [h("p", { class: "empty" }, "This device has no certificate.")];
  return [
    h("ul", { class: "cards" }, ...certificates.map((certificate) => h("li", { class: "card" },
      h("div", { class: "card-head" }, said(certificate.serial, { class: "mono" }), h("span", { class: `badge k-${KINDS[certificate.state] ?? "faint"}` }, said(certificate.state))),
      h("div", { class: "sub" }, `from ${day(certificate.not_before)} until ${day(certificate.not_after)}`),
      certificate.reason ? h("div", { class: "sub" }, said(certificate.reason)) : null,
      certificate.fingerprint ? h("div", { class: "sub mono" }, said(certificate.fingerprint)) : null))),
    h("div", { class: "panel-foot" },
      certificates.some((one) => one.state === "active") ? revokeButton(device, path, load) : null,
      may("admin") ? h("button", { type: "button", onclick: () => openNewClaims({ device: device.id }) }, "New claim code…") : null),
  ];
}

function revokeButton(device, path, load) {
  const reason = h("input", { id: "revoke-reason", maxlength: 200 });
  return press("Revoke…", { needs: "admin", class: "danger", onclick: () => confirmThat(`Revoke the certificates of ${called(device)}?`, {
    what: ["The broker lets the device in no more with any certificate that it has.", "It needs a new claim code to come back."],
    yes: "Revoke",
    bad: true,
    more: h("div", { class: "field" }, h("label", { for: "revoke-reason" }, "Why"), reason),
    act: async () => {
      await call("POST", `${path}/revoke`, { body: { reason: reason.value } });
      toast(`${called(device)} can no longer sign in with its certificates.`);
      await load();
    },
  }) });
}
