// The way between the views: a rail at the side; on a phone a bar at the bottom, with the rest one press away.

import { $, h, redrawWhen } from "./dom.js";
import { icon } from "./icons.js";
import { may } from "./session.js";
import { state } from "./state.js";

const VIEWS = [
  ["", "overview", "Overview"],
  ["devices", "devices", "Devices"],
  ["rollouts", "rollouts", "Rollouts"],
  ["releases", "releases", "Releases"],
  ["groups", "groups", "Groups"],
  ["telemetry", "telemetry", "Telemetry"],
  ["identity", "identity", "Identity"],
  ["trust", "trust", "Trust"],
  ["audit", "audit", "Audit log"],
  ["operators", "operators", "Operators", "admin"],
];
const IN_BAR = 4;

/** Draw it for who is signed in. */
export function drawNav() {
  const seen = VIEWS.filter(([, , , role]) => !role || may(role));
  const link = ([path, name, label], index, more = false) => h("li", { class: index >= IN_BAR && !more ? "later" : null },
    h("a", { href: path ? `#/${path}` : "#/", "data-view": path }, icon(name), h("span", {}, label), h("b", { class: "count", "data-count": path, hidden: true })));
  const sheet = h("ul", { class: "sheet", id: "more-views", hidden: true }, ...seen.slice(IN_BAR).map((entry, index) => link(entry, index, true)));
  const more = h("button", { type: "button", "aria-expanded": "false", "aria-controls": "more-views" }, icon("more"), h("span", {}, "More"));
  const shut = (open = false) => {
    sheet.hidden = !open;
    more.setAttribute("aria-expanded", String(open));
  };
  more.addEventListener("click", () => shut(sheet.hidden));
  sheet.addEventListener("click", () => shut());
  document.addEventListener("click", (event) => more.contains(event.target) || sheet.contains(event.target) || shut());
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || sheet.hidden) return;
    shut();
    more.focus();
  });
  $("nav").replaceChildren(h("ul", {}, ...seen.map((entry, index) => link(entry, index)), h("li", { class: "more-item" }, more)), sheet);
}

/** Say in which view one is. */
export function markView(here) {
  for (const link of $("nav").querySelectorAll("a")) {
    if (link.dataset.view === here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const inSheet = VIEWS.findIndex(([path]) => path === here) >= IN_BAR;
  $("nav").querySelector(".more-item button").classList.toggle("here", inSheet);
}

/** How many need somebody, beside the names of the views. */
export function drawCounts() {
  const waiting = state.rollouts.filter(({ state: at }) => at === "approval" || at === "paused").length;
  const { failed = 0, "rolled back": back = 0 } = state.overview.conditions;
  for (const [view, count, what] of [["rollouts", waiting, "wait for somebody"], ["devices", failed + back, "failed or rolled back"]]) {
    for (const badge of document.querySelectorAll(`[data-count="${view}"]`)) {
      badge.hidden = !count;
      redrawWhen(badge, count, () => [h("span", { "aria-hidden": "true" }, count > 999 ? "999+" : String(count)), h("span", { class: "unseen" }, ` (${count} ${what})`)]);
    }
  }
}
