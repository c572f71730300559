// One rollout: its stages, its devices, its health against the thresholds, and what was decided when by whom.

import { call, query } from "./api.js";
import { bar, legend, squares } from "./drawings.js";
import { announce, facts, h, panel, redraw, redrawWhen, said } from "./dom.js";
import { many, moment, span } from "./format.js";
import { eligible, healthOf, needed } from "./health.js";
import { planFacts } from "./plan.js";
import { rolloutButtons } from "./rollout_acts.js";
import { deviceKind, deviceParts, deviceWord, stateBadge, stateWord } from "./rollout_words.js";
import { deviceStateOptions } from "./rollouts.js";
import { to } from "./router.js";
import { paced, state } from "./state.js";

const ON_A_PAGE = 50;

export async function showRollout(view) {
  const path = `/api/rollouts/${encodeURIComponent(view.params.rollout)}`;
  let rollout = await call("GET", path, { signal: view.signal });
  const head = h("div", { class: "about" }), stages = h("div", { class: "stages" }), field = h("div", { class: "pad" }), health = h("div", { class: "pad" }), failures = h("div"), history = h("div"), plan = h("div", { class: "pad" });
  const devices = deviceList(view, path, rollout.pruned_at);
  view.box.append(head,
    h("div", { class: "columns wide-first" },
      h("div", { class: "stack" }, panel("Stages", null, stages), panel("Devices", devices.filter, field, devices.box)),
      h("div", { class: "stack" }, panel("Health", null, health), panel("Why devices failed", null, failures), panel("History", null, history), panel("Plan", null, plan))));
  const draw = (news) => {
    if (rollout.state !== news.state) announce(`Rollout ${news.id} is ${stateWord(news)}: ${news.reason}`);
    rollout = news;
    view.title(rollout.name, said(rollout.name));
    redrawWhen(view.beside, [rollout.state, rollout.stage, rollout.counts, Boolean(state.stop), rollout.window?.open], () => rolloutButtons(rollout, draw));
    redrawWhen(head, [rollout.state, rollout.reason, rollout.stage], () => aboutRow(rollout));
    redrawWhen(stages, [rollout.stages, rollout.state, rollout.stage], () => stageList(rollout));
    const parts = deviceParts(rollout.counts);
    redrawWhen(field, parts, () => (parts.some((part) => part.count) ? [...squares(parts), legend(parts)] : [h("p", { class: "empty" }, "Who is in it is decided when it starts.")]));
    redrawWhen(health, [rollout.stages, rollout.stage, rollout.counts, Math.floor(rollout.now / 60)], () => healthOf(rollout));
    redrawWhen(failures, rollout.failures, () => failureList(rollout));
    redrawWhen(history, rollout.events, () => historyList(rollout));
    redrawWhen(plan, rollout.plan, () => [planFacts(rollout)]);
    devices.counts(rollout.counts);
  };
  const soon = paced(async () => {
    draw(await call("GET", path, { signal: view.signal }));
    await devices.load();
  }, 700);
  view.on("rollout", ({ rollout: which }) => (which === undefined || which === rollout.id) && soon());
  view.on("refresh", soon);
  view.on("rollouts", () => draw(rollout)); // the emergency stop may be on or off
  draw(rollout);
  await devices.load();
}

function aboutRow(rollout) {
  const window = rollout.window;
  return [
    h("div", {}, stateBadge(rollout), " ", h("span", { role: "status" }, said(rollout.reason))),
    facts(
      ["Brings", h("span", {}, rollout.kind === "program" ? null : `${rollout.kind} `, said(rollout.kind === "runtime" ? rollout.version_name : `${rollout.subject} ${rollout.version_name}`))],
      ["For", said(rollout.whom)],
      ["Made", h("span", {}, `${moment(rollout.created_at)} by `, said(rollout.created_by))],
      ["Started", rollout.started_at && moment(rollout.started_at)],
      ["Ended", rollout.ended_at && moment(rollout.ended_at)],
      ["Window", window && h("span", {}, said(window.text), window.open ? " (open)" : ` (opens ${moment(window.opens_at)})`)]),
  ];
}

function stageList(rollout) {
  return rollout.stages.map((stage) => {
    const total = eligible(stage.counts), good = stage.counts.good ?? 0, at = stage.number === rollout.stage, wanted = needed(rollout, stage);
    const ended = rollout.state === "done" || stage.number < rollout.stage;
    const where = rollout.state === "draft" ? "" : ended ? "behind it" : at ? (rollout.state === "running" ? "under way" : stateWord(rollout)) : "to come";
    return h("div", { class: at ? "stage at" : "stage", "aria-current": at ? "step" : null },
      h("div", { class: "card-head" }, h("strong", {}, `Stage ${stage.number}: ${stage.size}`), h("span", { class: "sub" }, [where, stage.approval && !ended && !at ? "waits for approval first" : ""].filter(Boolean).join(", "))),
      bar(deviceParts(stage.counts), { label: `Stage ${stage.number}`, marks: total ? [[Math.min(1, wanted / total), `${wanted} needed`]] : [] }),
      h("div", { class: "sub" }, total ? `${good} of ${many(total, "device")} healthy for ${span(stage.soak)}; the line marks the ${wanted} that must be` : rollout.state === "draft" ? "not begun" : "adds no device"),
      stage.counts.away ? h("div", { class: "sub" }, `${many(stage.counts.away, "device is", "devices are")} not there now`) : null);
  });
}

function failureList(rollout) {
  if (!rollout.failures.length) return [h("p", { class: "empty" }, "None has.")];
  return [h("ul", { class: "cards" }, ...rollout.failures.map((failure) => h("li", { class: "card" },
    h("div", { class: "card-head" }, h("strong", {}, many(failure.devices, "device")), h("span", { class: `badge k-${deviceKind(failure.state)}` }, deviceWord(failure.state))),
    h("div", { class: failure.state === "failed" ? "error" : "sub" }, said(failure.error)),
    h("div", { class: "sub" }, "such as ", h("a", { href: to("devices", failure.example) }, said(failure.example))))))];
}

function historyList(rollout) {
  return [h("ol", { class: "history" }, ...[...rollout.events].reverse().map((event) => h("li", { class: event.actor === "cygnet" ? "by-itself" : "" },
    h("time", { title: moment(event.time), "data-seen": event.time }),
    h("div", {}, h("strong", {}, event.actor === "cygnet" ? "by itself" : said(event.actor)), ` ${event.action}`, h("div", { class: "sub" }, said(event.text))))))];
}

/** The devices one by one, a page at a time, in all states or one; or since when there are none to be had. */
function deviceList(view, path, prunedAt) {
  if (prunedAt) {
    return {
      filter: null,
      box: h("p", { class: "empty" }, `They are not kept one by one any more (since ${moment(prunedAt)}), because the rollout ended long ago.`),
      load: async () => {},
      counts: () => {},
    };
  }
  const box = h("div"), filter = h("select", { "aria-label": "State of the devices" }, ...deviceStateOptions({})), rows = h("ul", { class: "lines" }), foot = h("div", { class: "panel-foot" });
  box.append(rows, foot);
  const trail = [""]; // the last id of each page before this one
  const load = async () => {
    const { devices } = await call("GET", `${path}/devices?${query({ state: filter.value, after: trail.at(-1), limit: ON_A_PAGE })}`, { signal: view.signal });
    redrawWhen(rows, devices, () => devices.map((one) => h("li", {},
      h("span", { class: `dot ${one.online ? "online" : "offline"}`, title: one.online ? "online" : "not there", role: "img", "aria-label": one.online ? "online" : "not there" }),
      h("a", { href: to("devices", one.device) }, said(one.device)),
      h("span", { class: "sub" }, `stage ${one.stage}`),
      h("span", { class: `ink-${deviceKind(one.state)}` }, deviceWord(one.state), one.accepted ? ", accepted" : ""),
      one.error ? h("span", { class: "error full" }, said(one.error)) : null)));
    foot.hidden = devices.length < ON_A_PAGE && trail.length === 1;
    redraw(foot,
      h("button", { type: "button", disabled: trail.length === 1, onclick: () => turn(() => trail.pop()) }, "Page before"),
      h("button", { type: "button", disabled: devices.length < ON_A_PAGE, onclick: () => turn(() => trail.push(devices.at(-1).device)) }, "Next page"));
  };
  const turn = (step) => {
    step();
    load();
  };
  filter.addEventListener("change", () => turn(() => trail.splice(1)));
  return {
    box, filter, load,
    counts: (counts) => {
      const chosen = filter.value;
      redrawWhen(filter, counts, () => deviceStateOptions(counts));
      filter.value = [...filter.options].some((option) => option.value === chosen) ? chosen : "";
    },
  };
}
