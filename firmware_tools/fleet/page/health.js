// The health of a rollout's stage by the fleet's own rules (rollouts/judge.py), so that what is drawn is what decides.

import { bar, gauge } from "./drawings.js";
import { h } from "./dom.js";
import { many } from "./format.js";

const UNITS = { s: 1, m: 60, h: 3600, d: 86400 };
const seconds = (value) => (typeof value === "number" ? value : parseFloat(value) * UNITS[value.at(-1)]);

/** The devices of a stage that count in thresholds. */
export const eligible = (counts) => ["planned", "handed", "withdrawing", "reached", "good", "failed"].reduce((sum, name) => sum + (counts[name] ?? 0), -(counts.accepted ?? 0));

/** How many of `total` a threshold such as "10%" or "3" lets fail. */
const allowed = (text, total) => (text.endsWith("%") ? Math.floor((parseFloat(text) * total) / 100 + 1e-6) : Number(text));

const failures = (counts) => (counts.failed ?? 0) - (counts.accepted ?? 0);

/** How many of a stage must be healthy, once those are left out that need not be waited for. */
export function needed(rollout, stage) {
  const total = eligible(stage.counts), away = stage.counts.away ?? 0, { away_share: share = "20%", away_time: time = "1d" } = rollout.plan;
  const late = stage.number === rollout.stage && rollout.now - (rollout.stage_since ?? rollout.now) >= seconds(time);
  const excused = late ? away : Math.min(away, Math.floor((parseFloat(share) * total) / 100 + 1e-6));
  return Math.max(1, Math.ceil(stage.success * (total - excused) - 1e-6));
}

/** What decides: errors of the stage and of all so far, and how many are healthy. */
export function healthOf(rollout) {
  if (rollout.stage < 1) return [h("p", { class: "empty" }, "Nothing is handed out yet.")];
  const stage = rollout.stages[rollout.stage - 1], total = eligible(stage.counts), good = stage.counts.good ?? 0, wanted = needed(rollout, stage);
  const so = rollout.stages.slice(0, rollout.stage), all = so.reduce((sum, one) => sum + eligible(one.counts), 0), bad = so.reduce((sum, one) => sum + failures(one.counts), 0);
  const excused = stage.counts.away ?? 0;
  return [
    errorGauge(`Errors of stage ${stage.number}`, failures(stage.counts), total, stage.errors),
    rollout.stage > 1 ? errorGauge("Errors of all stages so far", bad, all, stage.errors) : null,
    h("div", { class: "gauge" },
      h("div", { class: "gauge-head" }, h("span", {}, `Healthy in stage ${stage.number}`), h("b", {}, `${good} of at least ${wanted}`)),
      bar([{ label: "healthy", count: good, kind: "good" }], { total: Math.max(total, 1), marks: total ? [[Math.min(1, wanted / total), `${wanted} needed`]] : [], label: "Healthy devices" })),
    excused ? h("p", { class: "sub" }, `${many(excused, "device is", "devices are")} not there now; a part of them need not be waited for.`) : null,
    stage.counts.accepted ? h("p", { class: "sub" }, `${many(stage.counts.accepted, "failure")} of it ${stage.counts.accepted === 1 ? "was" : "were"} accepted by somebody and count no more.`) : null,
  ];
}

function errorGauge(label, failed, total, threshold) {
  const limit = allowed(threshold, total);
  return gauge(label, failed, limit, `${failed} of at most ${limit}${threshold.endsWith("%") ? ` (${threshold})` : ""}`);
}
