// What every view needs of the fleet, loaded once and kept in step by the live events; and who wants to hear of them.

import { call, liveEvents, query } from "./api.js";

export const state = {
  fleet: null,
  overview: { devices: 0, status: {}, conditions: {}, tags: [] },
  releases: [],
  models: [],
  runtimes: [],
  names: new Map(), // app_id -> the program's name
  rollouts: [], // those that are under way
  stop: null,
  trouble: "",
  away: false,
  skew: 0,
  now: () => Date.now() / 1000 + state.skew,
};

const hearers = new Map();

/** Hear of one kind of event until the answered function is called. */
export function on(type, hear) {
  if (!hearers.has(type)) hearers.set(type, new Set());
  hearers.get(type).add(hear);
  return () => hearers.get(type).delete(hear);
}

function tell(type, event = {}) {
  for (const hear of [...(hearers.get(type) ?? [])]) hear(event);
}

/** At most one at a time, and no more often than its last run took five times over: a large fleet sets its own pace. */
export function paced(work, least = 500) {
  let due = false, busy = false, quiet = 0;
  const run = async () => {
    if (busy) return;
    busy = true;
    while (due) {
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, quiet - performance.now())));
      due = false;
      const begun = performance.now();
      await work().catch(() => null); // the live connection says what is wrong, and loads everything again
      quiet = performance.now() + Math.max(least, 5 * (performance.now() - begun));
    }
    busy = false;
  };
  return () => {
    due = true;
    run();
  };
}

export async function loadFleet() {
  state.fleet = await call("GET", "/api/fleet");
  state.skew = state.fleet.now - Date.now() / 1000;
  tell("fleet");
}

export async function loadOverview() {
  state.overview = await call("GET", "/api/overview");
  tell("overview");
}

export async function loadReleases() {
  const [{ releases }, { models }, { runtimes }] = await Promise.all(["releases", "models", "runtimes"].map((name) => call("GET", `/api/${name}`)));
  Object.assign(state, { releases, models, runtimes, names: new Map(releases.map((release) => [release.app_id, release.name])) });
  tell("releases");
}

export async function loadRollouts() {
  const rollouts = [];
  let answer = { next: null };
  do {
    answer = await call("GET", `/api/rollouts?${query({ which: "under way", after: answer.next, limit: 1000 })}`);
    rollouts.push(...answer.rollouts);
  } while (answer.next !== null);
  Object.assign(state, { rollouts, stop: answer.stop, trouble: answer.trouble });
  tell("rollouts");
}

const soonOverview = paced(loadOverview, 1000), soonRollouts = paced(loadRollouts), soonFleet = paced(loadFleet);

async function loadAll() {
  await Promise.all([loadFleet(), loadOverview(), loadReleases(), loadRollouts()]);
  tell("refresh");
}
const soonAll = paced(loadAll, 1000);

const handlers = {
  watching: loadAll,
  refresh: soonAll,
  devices: (event) => {
    tell("devices", event);
    soonOverview();
    if (event.devices.some((device) => state.fleet?.strangers.some((stranger) => stranger.device === device.id))) soonFleet();
  },
  telemetry: (event) => tell("telemetry", event),
  releases: loadReleases,
  rollouts: (event) => {
    soonRollouts();
    tell("rollout", event);
  },
  broker: soonFleet,
  strangers: soonFleet,
  trouble: soonFleet,
};

/** Follow the fleet for ever; `refused` is called when it does not let us in any more. */
export async function follow(refused) {
  for (let wait = 500; ; wait = Math.min(wait * 2, 10000)) {
    try {
      for await (const event of liveEvents()) {
        state.away = false;
        wait = 500;
        if (handlers[event.type]) await handlers[event.type](event);
        else tell(event.type, event);
      }
    } catch (error) {
      if (error.status === undefined) throw error;
      if (error.status === 401 || error.status === 403) {
        refused(error.message);
        return;
      }
    }
    state.away = true;
    tell("fleet");
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

/** What people call a device of which only the id is known, if a page of devices named it. */
export const called = (device) => device.name || device.id;
