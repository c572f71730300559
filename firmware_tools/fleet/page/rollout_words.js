// The words and colours of rollouts and of devices in them, the same wherever one is shown.

import { h } from "./dom.js";

/** States of a device in a rollout in the order in which they are drawn: [states, words, colour]. */
const DEVICE_STATES = [
  [["good"], "healthy", "good"],
  [["reached"], "has it, on watch", "soft"],
  [["handed", "withdrawing", "returning"], "on the way", "info"],
  [["restoring"], "being rolled back", "warn"],
  [["failed"], "failed", "failed"],
  [["restored"], "rolled back", "back"],
  [["planned"], "to come", "none"],
  [["skipped", "superseded"], "left out", "faint"],
];
const STATES = {
  draft: ["draft", "faint"],
  running: ["running", "info"],
  approval: ["waits for approval", "warn"],
  paused: ["paused", "warn"],
  done: ["done", "good"],
  aborted: ["aborted", "failed"],
};
const OF_ONE = {
  planned: "to come", handed: "on the way", reached: "has it, on watch", good: "healthy", failed: "failed", skipped: "left out",
  superseded: "taken over by another", withdrawing: "being taken back", returning: "returning", restoring: "being rolled back", restored: "rolled back",
};

/** Counts by state as parts of a drawing. */
export const deviceParts = (counts) => DEVICE_STATES.map(([states, label, kind]) => ({ label, kind, count: states.reduce((sum, name) => sum + (counts[name] ?? 0), 0) }));

export const deviceWord = (state) => OF_ONE[state] ?? state;
export const deviceKind = (state) => DEVICE_STATES.find(([states]) => states.includes(state))?.[2] ?? "faint";
export const DEVICE_WORDS = Object.entries(OF_ONE);

export const stateWord = (rollout) => STATES[rollout.state]?.[0] ?? rollout.state;
export const stateBadge = (rollout) => h("span", { class: `badge k-${STATES[rollout.state]?.[1] ?? "faint"}` }, stateWord(rollout));
