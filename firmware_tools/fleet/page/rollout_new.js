// Making a rollout: what, for whom, in which stages, with which thresholds, when; and in words what will happen.

import { call, query } from "./api.js";
import { h, panel, redraw, redrawWhen, toast } from "./dom.js";
import { asBody, fieldOf, inWords, stagePreview } from "./plan.js";
import { optionFields, stageFields, subjectFields, whomFields } from "./rollout_form.js";
import { goTo, to } from "./router.js";
import { press, session } from "./session.js";
import { paced } from "./state.js";

export async function showNewRollout(view) {
  view.title("New rollout");
  const { groups } = await call("GET", "/api/groups", { signal: view.signal });
  let total = null;
  const changed = () => draw();
  const what = subjectFields(view.query, changed), whom = whomFields(view, groups, changed), stages = stageFields(changed), options = optionFields(changed);
  const fields = { ...what.fields, ...whom.fields, ...stages.fields, ...options.fields };
  const words = h("ol", { class: "words", "aria-live": "polite" }), picture = h("div"), error = h("p", { class: "error", role: "alert" });
  const form = h("form", { class: "builder", onsubmit: (event) => event.preventDefault() },
    panel("What", null, h("div", { class: "form" }, ...what.rows)),
    panel("For whom", null, h("div", { class: "form" }, ...whom.rows)),
    panel("Stages", null, h("div", { class: "form" }, ...stages.rows)),
    panel("When it goes well, and when not", null, h("div", { class: "form pairs" }, ...options.health)),
    panel("When and how", null, h("div", { class: "form pairs" }, ...options.when)));
  const buttons = h("div", { class: "buttons" },
    press("Make it, start later", { onclick: () => make(false) }),
    press("Make and start", { class: "primary", onclick: () => make(true) }));
  view.box.append(h("div", { class: "columns wide-first" }, form,
    h("div", { class: "stack sticky" }, panel("What will happen", null, h("div", { class: "pad" }, picture, words, error, buttons)))));

  const values = () => ({ ...what.values(), ...whom.values(), ...stages.values(), ...options.values() });
  const draw = () => {
    const now = values();
    redrawWhen(picture, [now.stages, total], () => [stagePreview(now.stages, total)]);
    redrawWhen(words, [inWords(now, what.label(), total)], () => inWords(now, what.label(), total).map((text) => h("li", { dir: "auto" }, text)));
    count();
  };
  /** How many it would be for now; asked again only when it may differ. */
  let asked = "";
  const ask = paced(async () => {
    const { whom: which, group, query: q, devices, exclude } = values(), mine = JSON.stringify([which, group, q, devices, exclude]);
    if (mine === asked) return;
    asked = mine;
    total = await howMany(which, { group, q, devices, exclude }, groups, view.signal);
    draw();
  }, 250);
  const count = () => ask();

  const make = async (start) => {
    error.textContent = "";
    for (const one of Object.values(fields)) one.fail("");
    let made;
    try {
      made = await call("POST", "/api/rollouts", { body: asBody(values()) });
    } catch (refusal) {
      const at = fieldOf(refusal.message);
      const place = fields[at === "devices" && !fields.devices.row.isConnected ? "group" : at];
      if (!place) error.textContent = refusal.message;
      else {
        place.row.closest("details")?.setAttribute("open", "");
        place.fail(refusal.message);
        place.control.focus();
      }
      return;
    }
    try {
      if (start) await call("POST", `/api/rollouts/${made.id}/start`, { body: {} });
      toast(start ? `Rollout ${made.id} begins.` : `Rollout ${made.id} is made; nothing happens until it is started.`);
    } catch (refusal) {
      toast(`Rollout ${made.id} is made, but cannot start: ${refusal.message}`, true);
    }
    goTo(to("rollouts", String(made.id)));
  };
  view.on("releases", () => {
    what.refill();
    draw();
  });
  draw();
  if (session.role === "viewer") redraw(error, "You are a viewer: you may look at what would happen, and not make it.");
}

async function howMany(whom, { group, q, devices, exclude }, groups, signal) {
  if (whom === "devices") return devices.filter((device) => !exclude.includes(device)).length || null;
  const text = whom === "query" ? q : groups.find(({ name }) => name === group)?.query;
  const left = exclude.length ? ` and not id in (${exclude.map((id) => `"${id}"`).join(", ")})` : "";
  if (whom === "query" || text) {
    if (!text) return null;
    try {
      return (await call("GET", `/api/overview/devices?${query({ q: `(${text})${left}`, limit: 1 })}`, { signal })).total;
    } catch {
      return null; // the field of the query says what is wrong with it
    }
  }
  if (!group) return null;
  const { members } = await call("GET", `/api/groups/${encodeURIComponent(group)}`, { signal });
  return members.filter((device) => !exclude.includes(device)).length;
}

/** Where the builder begins with one release. */
export const rolloutOf = (kind, subject, version) => `#/rollouts/new?${query({ kind, subject, version })}`;
