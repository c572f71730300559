// What is wrong with the fleet as a whole, above every view.

import { call } from "./api.js";
import { $, confirmThat, h, redrawWhen, said, toast } from "./dom.js";
import { openEnroll } from "./enroll.js";
import { press } from "./session.js";
import { state } from "./state.js";

/** Draw what there is to say. */
export function drawNotices() {
  const { fleet, away, stop, trouble } = state;
  redrawWhen($("notices"), [away, fleet?.connected, fleet?.broker_trouble, fleet?.trouble, fleet?.strangers.map(({ device, messages }) => [device, messages]), stop, trouble], () => {
    if (away || !fleet) return [notice("bad", "The fleet does not answer; is `cygnet fleet serve` running? Trying again…")];
    const notices = [];
    if (stop) {
      notices.push(notice("bad", [h("strong", {}, "The emergency stop is on. "), said(stop.reason), ". Nothing is handed out until it is lifted."],
        press("Lift…", { onclick: liftStop, "data-key": "lift" })));
    }
    if (!fleet.connected) notices.push(notice("bad", `The broker is away; devices go on with what they have. Trying again… (${fleet.broker_trouble || fleet.broker})`));
    if (fleet.trouble) notices.push(notice("bad", said(fleet.trouble)));
    if (trouble) notices.push(notice("bad", said(trouble)));
    for (const stranger of fleet.strangers.slice(0, 3)) {
      notices.push(notice("", [h("strong", {}, said(stranger.device)), ` speaks to this fleet without being enrolled; its ${stranger.messages === 1 ? "message was" : `${stranger.messages} messages were`} refused.`],
        press("Enroll…", { onclick: () => openEnroll(stranger.device), "data-key": `enroll-${stranger.device}` })));
    }
    if (fleet.strangers.length > 3) notices.push(notice("", `${fleet.strangers.length - 3} more devices speak without being enrolled.`));
    return notices;
  });
}

const notice = (kind, text, action = null) => h("div", { class: `notice ${kind}` }, h("span", { dir: "auto" }, text), action);

/** End the emergency stop, when somebody says yes. */
function liftStop() {
  confirmThat("Lift the emergency stop?", {
    what: ["Rollouts may be started and resumed again.", "Nothing begins by itself: each rollout stays paused until somebody resumes it."],
    yes: "Lift it",
    act: async () => {
      await call("POST", "/api/rollouts/stop", { body: { lift: true } });
      toast("The emergency stop is lifted.");
    },
  });
}

/** Stop everything, when somebody says yes. */
function stopAll() {
  const reason = h("input", { id: "stop-reason", maxlength: 300, placeholder: "Smoke from the new firmware" });
  confirmThat("Stop every rollout now?", {
    what: [
      "Every rollout that goes on is paused at once.",
      "Devices that were told but have not switched yet keep what they had; those that have switched keep the new version.",
      "Nothing is handed out any more, in no rollout, until somebody lifts the stop.",
    ],
    yes: "Emergency stop",
    bad: true,
    more: h("div", { class: "field" }, h("label", { for: "stop-reason" }, "Why (for the others)"), reason),
    act: async () => {
      const { stopped } = await call("POST", "/api/rollouts/stop", { body: { reason: reason.value } });
      toast(`Everything is stopped: ${stopped.length === 1 ? "1 rollout was" : `${stopped.length} rollouts were`} going on.`);
    },
  });
}

/** The button for the emergency stop, or for its end while it is on. */
export function stopButton(view) {
  const box = h("span", { class: "stop" });
  const draw = () => redrawWhen(box, Boolean(state.stop), () => [state.stop
    ? press("Lift the stop…", { onclick: liftStop, "data-key": "stop" })
    : press("Emergency stop…", { class: "danger quiet-danger", onclick: stopAll, "data-key": "stop" })]);
  view.on("rollouts", draw);
  draw();
  return box;
}
