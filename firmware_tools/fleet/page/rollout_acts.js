// What people do with a rollout: each button says first what it will do.

import { call } from "./api.js";
import { check, confirmThat, h, toast } from "./dom.js";
import { many } from "./format.js";
import { press } from "./session.js";
import { state } from "./state.js";

/** The buttons for the state that it is in; `done` is told what the fleet answers. */
export function rolloutButtons(rollout, done) {
  const { id, state: at, counts } = rollout, path = `/api/rollouts/${id}`;
  const taken = ["handed", "reached", "good", "failed"].reduce((sum, name) => sum + (counts[name] ?? 0), 0);
  const act = async (verb, body, words) => {
    const answer = await call("POST", `${path}/${verb}`, { body });
    toast(words);
    done(answer);
  };
  const stopped = Boolean(state.stop), why = "The emergency stop is on; lift it first.";
  const buttons = [];
  if (at === "draft") {
    buttons.push(press("Start…", { class: "primary", disabled: stopped, reason: why, "data-key": "start", onclick: () => confirmThat(`Start rollout ${id}?`, {
      what: startWords(rollout),
      yes: "Start",
      act: () => act("start", {}, `Rollout ${id} begins.`),
    }) }));
  }
  if (at === "approval") {
    buttons.push(press(`Approve stage ${rollout.stage + 1}…`, { class: "primary", disabled: stopped, reason: why, "data-key": "approve", onclick: () => confirmThat(`Approve stage ${rollout.stage + 1}?`, {
      what: nextStageWords(rollout),
      yes: "Approve",
      act: () => act("approve", {}, `Stage ${rollout.stage + 1} is approved.`),
    }) }));
  }
  if (at === "running" && rollout.stage > 0 && rollout.stage < rollout.stages.length) {
    buttons.push(press("Next stage now…", { disabled: stopped, reason: why, "data-key": "now", onclick: () => confirmThat(`Go on to stage ${rollout.stage + 1} now?`, {
      what: [`Stage ${rollout.stage} is not waited for any more: neither for its soak time nor for devices that are missing.`, ...nextStageWords(rollout)],
      yes: "Go on now",
      act: () => act("approve", { now: true }, `Stage ${rollout.stage + 1} begins.`),
    }) }));
  }
  if (at === "paused") {
    const failed = counts.failed ?? 0;
    buttons.push(press("Resume…", { class: "primary", disabled: stopped, reason: why, "data-key": "resume", onclick: () => confirmThat(`Resume rollout ${id}?`, {
      what: ["It hands out again where it was.", failed ? `If its errors paused it, the ${many(failed, "failure")} so far count no more, in no threshold. The history keeps who did that.` : null].filter(Boolean),
      yes: "Resume",
      act: () => act("resume", {}, `Rollout ${id} goes on.`),
    }) }));
  }
  if (at === "running" || at === "approval") {
    const reason = reasonField();
    buttons.push(press("Pause…", { "data-key": "pause", onclick: () => confirmThat(`Pause rollout ${id}?`, {
      what: "Nothing is handed out any more. Devices that were told already go their way.",
      yes: "Pause",
      more: reason.row,
      act: () => act("pause", { reason: reason.value() }, `Rollout ${id} is paused.`),
    }) }));
  }
  if (at !== "aborted" && !rollout.pruned_at) {
    const over = at === "done", label = over ? "Roll back…" : "Abort…";
    const reason = reasonField(), back = check("Roll back: each device gets back what it had before", { checked: over, disabled: over });
    buttons.push(press(label, { class: "danger quiet-danger", "data-key": "abort", onclick: () => confirmThat(over ? `Roll back rollout ${id}?` : `Abort rollout ${id}?`, {
      what: [
        over ? null : "It ends, and cannot be started again.",
        taken ? `${many(taken, "device was", "devices were")} given the new version. ${over ? "Each gets back what it had before." : "Without roll back they keep it."}` : null,
        taken ? "A device that had nothing of it before loses it again; one that somebody gave something else by hand is left alone." : null,
      ].filter(Boolean),
      yes: over ? "Roll back" : "Abort",
      bad: true,
      more: h("div", { class: "stack" }, taken ? back.row : null, reason.row),
      act: () => act("abort", { roll_back: back.box.checked, reason: reason.value() }, back.box.checked ? `Rollout ${id} is aborted; devices get back what they had.` : `Rollout ${id} is aborted.`),
    }) }));
  }
  return buttons;
}

function reasonField() {
  const input = h("input", { id: "act-reason", maxlength: 300 });
  return { row: h("div", { class: "field" }, h("label", { for: "act-reason" }, "Why (for the history)"), input), value: () => input.value };
}

function startWords(rollout) {
  const [first] = rollout.stages;
  return [`It is for ${rollout.whom}. Stage 1 (${first.size}) begins ${rollout.window && !rollout.window.open ? "when its window opens" : first.approval ? "when somebody approves it" : "at once"}.`,
    "Who is in it is decided now."];
}

function nextStageWords(rollout) {
  const next = rollout.stages[rollout.stage], count = Object.entries(next.counts).reduce((sum, [name, number]) => (name === "away" || name === "accepted" ? sum : sum + number), 0);
  return [`${many(count, "more device")} ${count === 1 ? "gets" : "get"} the new version${rollout.window && !rollout.window.open ? " when the window opens" : ""}.`];
}
