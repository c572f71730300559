// Every rollout, those under way first; the others a page at a time.

import { call, query } from "./api.js";
import { bar, legend } from "./drawings.js";
import { h, panel, redrawWhen, said } from "./dom.js";
import { stopButton } from "./notices.js";
import { DEVICE_WORDS, deviceParts, stateBadge } from "./rollout_words.js";
import { goTo, to } from "./router.js";
import { press } from "./session.js";
import { state } from "./state.js";

const ON_A_PAGE = 50, AT_MOST = 1000;

export async function showRollouts(view) {
  view.title("Rollouts");
  view.beside.append(stopButton(view), press("New rollout", { class: "primary", onclick: () => goTo("#/rollouts/new") }));
  const active = h("div"), ended = h("div"), foot = h("div", { class: "panel-foot" }), error = h("p", { class: "error pad", role: "alert" });
  view.box.append(panel("Under way", null, active), panel("Ended", null, error, ended, foot));
  const drawActive = () => redrawWhen(active, state.rollouts, () => [cards(state.rollouts, "No rollout is under way.")]);
  let over = [], newest = 0;
  const load = async (after = null) => {
    const mine = ++newest, limit = after === null ? Math.min(AT_MOST, Math.max(ON_A_PAGE, over.length)) : ON_A_PAGE;
    let found;
    try {
      found = await call("GET", `/api/rollouts?${query({ which: "ended", after, limit })}`, { signal: view.signal });
    } catch (refusal) {
      if (refusal.name !== "AbortError" && mine === newest) error.textContent = refusal.message;
      return;
    }
    if (mine !== newest) return;
    error.textContent = "";
    over = after === null ? found.rollouts : [...over, ...found.rollouts];
    redrawWhen(ended, over, () => [cards(over, "None has ended yet.")]);
    redrawWhen(foot, found.next, () => (found.next === null ? [] : [h("button", { type: "button", onclick: () => load(found.next) }, "Show older ones")]));
  };
  view.on("rollouts", () => {
    drawActive();
    load();
  });
  drawActive();
  await load();
}

function cards(rollouts, none) {
  if (!rollouts.length) return h("p", { class: "empty" }, none);
  return h("ul", { class: "cards" }, ...rollouts.map((rollout) => {
    const parts = deviceParts(rollout.counts);
    return h("li", { class: "card", "data-rollout": rollout.id },
      h("div", { class: "card-head" },
        h("a", { href: to("rollouts", String(rollout.id)) }, `${rollout.id}. `, said(rollout.name)), stateBadge(rollout)),
      h("div", { class: "sub" }, rollout.kind === "program" ? "" : `${rollout.kind} `, said(`${rollout.subject} ${rollout.version_name}`), rollout.stage ? ` · stage ${rollout.stage} of ${rollout.stages}` : ` · ${rollout.stages === 1 ? "1 stage" : `${rollout.stages} stages`}`, " · by ", said(rollout.created_by), " ", h("span", { "data-seen": rollout.started_at ?? rollout.created_at })),
      bar(parts, { label: rollout.name }), legend(parts),
      h("div", { class: "sub" }, said(rollout.reason)));
  }));
}

/** The states of devices for a filter. */
export const deviceStateOptions = (counts) => [h("option", { value: "" }, "In any state"), ...DEVICE_WORDS.filter(([name]) => counts[name]).map(([name, word]) => h("option", { value: name }, `${word} (${counts[name]})`))];
