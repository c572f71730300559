// The plan of a rollout: from the form's values to what the API takes, and to what will happen in words.

import { facts, h, said } from "./dom.js";
import { many, span } from "./format.js";

/** How many of `total` a size such as "10%" or "5" takes; null for what is neither. */
export function sizeOf(text, total) {
  const share = /^(\d{1,3}(?:\.\d{1,4})?)%$/.exec(text.trim());
  if (share) return Number(share[1]) <= 100 ? Math.ceil((Number(share[1]) * total) / 100 - 1e-6) : null;
  return /^\d{1,9}$/.test(text.trim()) ? Math.min(total, Number(text)) : null;
}

/** How many devices each stage adds to those before it. */
export function added(stages, total) {
  let before = 0;
  return stages.map(({ size }) => {
    const end = sizeOf(size, total), more = Math.max(0, (end ?? before) - before);
    before = Math.max(before, end ?? before);
    return more;
  });
}

/** What the API takes. */
export function asBody(form) {
  const { kind, subject, version, name, whom, group, query, devices, exclude, stages, spans, zone, perMinute, ...rest } = form;
  const body = {
    kind,
    ...(kind === "runtime" ? {} : { subject }),
    ...(version ? { version } : {}),
    ...(name ? { name } : {}),
    ...{ group: { group }, query: { query }, devices: { devices } }[whom],
    stages: stages.map(({ size, approval }) => ({ size: size.trim(), approval })),
    ...(exclude.length ? { exclude } : {}),
    ...(spans.length ? { window: { spans, zone } } : {}),
    ...(perMinute ? { per_minute: perMinute } : {}),
  };
  for (const [member, value] of Object.entries(rest)) if (value !== "" && value !== false) body[member] = value;
  return body;
}

/** What will happen, in sentences; `total` is how many devices it is for now, or null. */
export function inWords(form, what, total) {
  const counts = total === null ? null : added(form.stages, total), words = [];
  const whom = { group: form.group ? `the group ${form.group}` : "a group", query: form.query ? `whoever fits ${form.query}` : "whoever fits a query", devices: many(form.devices.length, "device") + " by name" }[form.whom];
  words.push(`${what || "The release"} goes to ${whom}${total === null ? "" : `, ${many(total, "device")} now`}${form.exclude.length ? `, without ${form.exclude.join(", ")}` : ""}.`);
  const moments = form.spans.length ? ` between ${form.spans.join(" and ")} (${form.zone})` : "";
  form.stages.forEach(({ size, approval }, index) => {
    const more = counts ? many(counts[index], index ? "more device" : "device") : size;
    const when = approval ? "When somebody has approved it" : index ? `When ${form.success} of them are healthy after ${form.soak}` : "First";
    words.push(`${when}, ${more} ${counts?.[index] === 1 ? "gets" : "get"} it${moments}.`);
  });
  words.push(`It has succeeded when ${form.success} of the last stage stayed healthy for ${form.soak}.`);
  const then = { pause: "it pauses and waits for somebody", abort: "it ends; devices keep what they got", "roll-back": "it ends, and each device gets back what it had before" }[form.on_error];
  words.push(`If more than ${form.errors} of a stage, or of all so far, fail, ${then}.`);
  words.push(`Devices that are off hold a stage up while more than ${form.away_share} of it are missing, and no longer than ${form.away_time}.`);
  words.push({ never: "Who comes into the group later is left out.", join: "Who comes into the group while it goes on joins it.", always: "Who comes into the group later joins it, also when it is done." }[form.late]);
  if (form.timeout) words.push(`A device that is online and has not begun after ${form.timeout} has failed.`);
  if (form.perMinute) words.push(`At most ${many(form.perMinute, "device")} a minute ${form.perMinute === 1 ? "is" : "are"} told.`);
  if (form.urgent) words.push("Devices switch at once: they do not wait for a good moment, such as the end of a drive.");
  if (form.launch) words.push("The program comes to the foreground when it is installed.");
  if (form.downgrade) words.push("Devices that should have a newer version go back to this one.");
  if (form.supersede) words.push("Devices in the hands of an older rollout of the same subject are taken from it.");
  return words;
}

/** A plan that was made, as pairs. */
export function planFacts(rollout) {
  const plan = rollout.plan, [stage] = rollout.stages;
  return facts(
    ["Healthy for", plan.soak ?? span(stage.soak)],
    ["Success", plan.success ?? "95%"],
    ["Errors", plan.errors ?? "10%"],
    ["Then", { pause: "pause", abort: "abort", "roll-back": "abort and roll back" }[plan.on_error ?? "pause"]],
    ["May be away", `${plan.away_share ?? "20%"}, at most ${plan.away_time ?? "1d"}`],
    ["Timeout", plan.timeout || null],
    ["Late joiners", plan.late ?? "join"],
    ["Window", rollout.window && said(rollout.window.text)],
    ["A minute", plan.per_minute ? many(plan.per_minute, "device") : null],
    ["Left out", plan.exclude?.length ? said(plan.exclude.join(", ")) : null],
    ["Also", ["launch", "urgent", "downgrade", "supersede"].filter((name) => plan[name]).join(", ")]);
}

const AT = [
  [/^stages|^stage \d+: size|^the last stage/, "stages"],
  [/: soak|^soak/, "soak"],
  [/: success|^success/, "success"],
  [/: errors|^errors/, "errors"],
  [/away_share/, "away_share"],
  [/away_time/, "away_time"],
  [/timeout/, "timeout"],
  [/per_minute/, "per_minute"],
  [/time zone|zone/, "zone"],
  [/window|span/, "window"],
  [/^the query|a query/, "query"],
  [/group/, "group"],
  [/^a rollout's name|^name must/, "name"],
  [/^version|no version code/, "version"],
  [/is not published|no runtime/, "subject"],
  [/exclude/, "exclude"],
  [/^device|device ids|name one of the three/, "devices"],
];

/** Which field a sentence of the API speaks of; null for none. */
export const fieldOf = (sentence) => AT.find(([pattern]) => pattern.test(sentence))?.[1] ?? null;

/** The stages, drawn: what each adds, beside what there is before and after. */
export function stagePreview(stages, total) {
  const counts = added(stages, total ?? 0);
  let before = 0;
  return h("ol", { class: "stage-preview", "aria-label": "The stages, drawn" }, ...stages.map(({ size, approval }, index) => {
    const bad = sizeOf(size, total ?? 0) === null, old = h("i", { class: "k-faint" }), more = h("i", { class: "k-info" });
    if (total) {
      old.style.width = `${(100 * before) / total}%`;
      more.style.width = `${(100 * counts[index]) / total}%`;
    }
    before += counts[index];
    return h("li", {}, h("span", { class: "gauge-head" }, h("span", {}, `${approval ? "✓ " : ""}Stage ${index + 1}: ${size || "?"}`), h("b", {}, bad ? "?" : total === null ? "" : `+${counts[index].toLocaleString()} → ${before.toLocaleString()}`)),
      h("span", { class: "parts" }, old, more));
  }));
}
