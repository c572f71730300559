// Every rollout, those under way first.

import { bar, legend } from "./drawings.js";
import { h, panel, redrawWhen, said } from "./dom.js";
import { stopButton } from "./notices.js";
import { DEVICE_WORDS, deviceParts, stateBadge, underWay } from "./rollout_words.js";
import { goTo, to } from "./router.js";
import { press } from "./session.js";
import { state } from "./state.js";

const ON_A_PAGE = 50;

export async function showRollouts(view) {
  view.title("Rollouts");
  view.beside.append(stopButton(view), press("New rollout", { class: "primary", onclick: () => goTo("#/rollouts/new") }));
  const active = h("div"), ended = h("div");
  let shown = ON_A_PAGE;
  view.box.append(panel("Under way", null, active), panel("Ended", null, ended));
  const draw = () => {
    const going = state.rollouts.filter(underWay), over = state.rollouts.filter((one) => !underWay(one));
    redrawWhen(active, going, () => [cards(going, "No rollout is under way.")]);
    redrawWhen(ended, [over, shown], () => [cards(over.slice(0, shown), "None has ended yet."),
      over.length > shown ? h("div", { class: "panel-foot" }, h("button", { type: "button", onclick: () => {
        shown += ON_A_PAGE;
        draw();
      } }, "Show more")) : null]);
  };
  view.on("rollouts", draw);
  draw();
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
