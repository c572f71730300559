// What people decided on a device about the data of its programs, what left it, what it turned away, and erasing; and
// what all devices said to the plan of a program.

import { call, segment } from "./api.js";
import { confirmThat, h, openDialog, redrawWhen, said, toast } from "./dom.js";
import { bytes, many, moment, number } from "./format.js";
import { press } from "./session.js";
import { called, paced, state } from "./state.js";

const ACTS = { grant: ["allowed", "good"], refuse: ["refused", "failed"], revoke: ["taken back", "failed"] };
const WHY = { unplanned: "its plan does not say it", refused: "a person said no", unasked: "nobody has agreed yet", seen: "it has seen something more personal" };

/** Fill the place; false where the device told of nothing and nothing was erased. */
export async function showPrivacy(box, device, view) {
  const path = `/api/devices/${segment(device.id)}/privacy`;
  const load = async () => {
    const found = await call("GET", path, { signal: view.signal });
    redrawWhen(box, [found, state.names.size], () => draw(device, found, path, load));
    return Boolean(found.head || found.decisions.length || found.sent.length || found.refusals.length || found.erasures.length);
  };
  const soon = paced(load, 2000);
  view.on("telemetry", ({ records }) => records.some((record) => record.device === device.id && record.source === "privacy") && soon());
  view.on("refresh", soon);
  return load();
}

function draw(device, { decisions, sent, refusals, head, erasures }, path, load) {
  const programs = [...new Set([...decisions, ...sent, ...refusals].map((one) => one.app_id))].sort();
  return [
    programs.length ? null : h("p", { class: "empty" }, "Nobody has decided anything on this device yet."),
    h("ul", { class: "cards" }, ...programs.map((program) => h("li", { class: "card", "aria-label": program },
      h("div", { class: "card-head" }, said(state.names.get(program) ?? program), eraseButton(device, program, path, load)),
      ...decisions.filter((one) => one.app_id === program).map(decisionRow),
      ...sent.filter((one) => one.app_id === program).map(sentRow),
      ...refusals.filter((one) => one.app_id === program).map((one) => h("div", { class: "sub" },
        `turned away ${many(one.count, "time")}`, one.item ? [": ", said(one.item)] : null, ` (${WHY[one.why] ?? one.why})`))))),
    erasures.length ? h("ul", { class: "notes" }, ...erasures.slice(-5).map((one) => h("li", { class: "sub" },
      "erased ", h("span", { "data-seen": one.erased_at }), `, as the ${one.asked_by === "device" ? "device" : "operator"} wanted: `,
      one.app_id ? said(state.names.get(one.app_id) ?? one.app_id) : "all programs", `, ${many(one.records, "record")}`))) : null,
    h("p", { class: "notes sub" }, head ? `Its ledger had ${many(head.number, "entry", "entries")} on ${moment(head.time)}.` : "The device told of no ledger."),
    h("div", { class: "panel-foot" }, eraseButton(device, "", path, load)),
  ].filter(Boolean);
}

function decisionRow({ item, act, who, time }) {
  const [word, kind] = ACTS[act];
  return h("div", { class: "decision" },
    h("span", {}, item ? said(item) : "an update"), " ", h("span", { class: `badge k-${kind}` }, word),
    h("span", { class: "sub" }, " by ", said(who), `, ${moment(time)}`));
}

const WHERE = { fleet: "this fleet", "other-device": "another device" };

function sentRow({ item, destination, count, bytes: size, rounded, last_time: time }) {
  const about = rounded ? "about " : "";
  return h("div", { class: "sub" }, said(item), `: sent ${about}${many(count, "time")}, ${about}${bytes(size)}, to `,
    WHERE[destination] ?? said(destination), `; last told ${moment(time)}`);
}

function eraseButton(device, program, path, load) {
  const title = program ? state.names.get(program) ?? program : "all programs", label = program ? `Erase what ${title} told` : "Erase all that its programs told";
  return press(program ? "Erase…" : "Erase all…", { needs: "admin", class: program ? "quiet" : "danger", "aria-label": label, onclick: () => confirmThat(`Erase what the fleet holds of ${title} of ${called(device)}?`, {
    what: ["Events, their sums and counts are deleted. It cannot be undone.", "What people decided and the audit log stay, and so does what the device itself holds: its owner deletes that there."],
    yes: "Erase",
    bad: true,
    act: async () => {
      const done = await call("POST", `${path}/erase`, { body: { app_id: program } });
      toast(`${many(done.records, "record")} erased.`);
      await load();
    },
  }) });
}

/** What all devices said to the plan of a program's newest release. */
export async function openPlan(program, title) {
  const { version_code: version, items } = await call("GET", `/api/programs/${segment(program)}/privacy`);
  const close = openDialog(`What ${title} may send`,
    h("p", { class: "sub" }, `The plan of version ${version}, and how many devices said yes or no last.`),
    items.length ? h("table", { class: "plain" },
      h("thead", {}, h("tr", {}, ["Item", "Kept", "Yes", "No"].map((name, index) => h("th", { scope: "col", class: index > 1 ? "right" : null }, name)))),
      h("tbody", {}, items.map((one) => h("tr", {},
        h("th", { scope: "row" }, said(one.item), h("div", { class: "sub" }, `${one.category}, for ${one.purpose}`)),
        h("td", {}, one.destination === "fleet" ? many(one.retention_days, "day") : h("span", { class: "sub" }, "goes to ", said(one.destination))),
        h("td", { class: "right" }, number(one.granted)), h("td", { class: "right" }, number(one.refused))))))
      : h("p", { class: "empty" }, "It has no plan, or one that says that nothing is sent."),
    h("div", { class: "buttons" }, h("button", { type: "button", onclick: () => close() }, "Close")));
}
