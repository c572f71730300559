// The releases with who signed them, and publishing by drop.

import { call } from "./api.js";
import { openAssign } from "./assign.js";
import { $, h, panel, redrawWhen, said, toast } from "./dom.js";
import { bytes, day, moment } from "./format.js";
import { openPlan } from "./privacy.js";
import { rolloutOf } from "./rollout_new.js";
import { goTo } from "./router.js";
import { may, press } from "./session.js";
import { paced, state } from "./state.js";

export async function showReleases(view) {
  view.title("Releases");
  view.beside.append(press("Publish a package", { class: "primary", onclick: () => $("file").click() }));
  let trust = null;
  const list = h("div", { id: "releases" }), filter = h("input", { type: "search", placeholder: "Filter", "aria-label": "Filter releases", oninput: () => draw() });
  view.box.append(panel("Published", filter, h("p", { class: "hint pad" }, "Drop a package (.ma) anywhere on this page to publish it."), list));
  const draw = () => redrawWhen(list, [state.releases, state.models, state.runtimes, trust, filter.value], () => groups(trust, filter.value.trim().toLowerCase()));
  const load = async () => {
    trust = await call("GET", "/api/trust", { signal: view.signal });
    draw();
  };
  const soon = paced(load, 1000);
  view.on("releases", () => {
    draw();
    soon();
  });
  await load();
}

function groups(trust, filter) {
  const signatures = new Map(trust.releases.map((one) => [`${one.kind}/${one.subject}/${one.version_code}`, one.signature]));
  const found = [
    ...by(state.releases, "app_id").map(([id, all]) => ({ kind: "program", title: all[0].name, id, all })),
    ...by(state.models, "model").map(([id, all]) => ({ kind: "model", title: id, id: all[0].task, subject: id, all })),
    ...(state.runtimes.length ? [{ kind: "runtime", title: "Cygnet for microcontrollers", id: "runtime", all: state.runtimes }] : []),
  ].filter(({ title, id }) => `${title} ${id}`.toLowerCase().includes(filter));
  if (!found.length) return [filter ? h("p", { class: "empty" }, "No release matches the filter.") : noReleases()];
  return found.map((group) => h("section", { class: "program-group", "aria-label": group.title },
    h("div", { class: "group-head" }, group.kind === "program" ? null : h("span", { class: "kind" }, group.kind), h("strong", {}, said(group.title)), said(group.id, { class: "sub mono" }),
      group.kind === "program" ? h("button", { type: "button", class: "quiet small", "aria-label": `What ${group.title} may send`, onclick: () => openPlan(group.id, group.title).catch((refusal) => toast(refusal.message, true)) }, "Its plan…") : null),
    ...group.all.map((release) => releaseRow(group, release, trust, signatures.get(`${group.kind}/${group.subject ?? group.id}/${release.version_code}`)))));
}

function by(releases, name) {
  const found = new Map();
  for (const release of releases) found.set(release[name], [...(found.get(release[name]) ?? []), release]);
  return [...found];
}

function releaseRow({ kind, title, id, subject }, release, trust, signature) {
  const version = release.version_name ?? release.version, what = `${title} ${version}`;
  return h("div", { class: "release" },
    h("span", { class: "v" }, said(version)),
    h("span", { class: "sub when", title: `${moment(release.published_at)} · SHA-256 ${release.sha256}` }, `${bytes(release.size)} · `, h("span", { "data-seen": release.published_at })),
    signatureCell(trust, signature, kind),
    h("span", { class: "row-buttons" },
      press("Roll out…", { class: "small", "aria-label": `Roll out ${what}`, onclick: () => goTo(rolloutOf(kind, subject ?? id, release.version_code ?? release.version)) }),
      press("Assign…", { class: "quiet", "aria-label": `Assign ${what}`, onclick: () => openAssign({ kind, release }) })));
}

/** Who answers for a release: the fleet's key always; beside it, where there is a root of trust, who signed by delegation. */
function signatureCell(trust, signature, kind) {
  const fleet = h("span", { class: "signed k-good", title: "Sealed with the fleet’s key when it was published" }, "fleet key");
  if (!trust.active || kind === "runtime") return h("span", { class: "signatures" }, fleet);
  const { state: at, role, by: holders, threshold, expires } = signature ?? { state: "nobody" };
  const house = role === "house", who = house ? "the fleet itself" : role;
  const words = {
    signed: [`${who}${holders?.length && !house ? `: ${holders.join(", ")}` : ""}`, "good"],
    waiting: [`waits for ${who}`, "warn"],
    withdrawn: ["withdrawn", "failed"],
    expired: [`${who}: expired`, "failed"],
    nobody: ["nobody may sign for it", "failed"],
  }[at];
  return h("span", { class: "signatures" }, fleet,
    h("span", { class: `signed k-${words[1]}`, title: threshold ? `${threshold} signature${threshold === 1 ? "" : "s"} needed` : null }, said(words[0])),
    expires ? h("span", { class: "sub" }, `until ${day(expires)}`) : null);
}

function noReleases() {
  return h("div", { class: "empty" },
    h("h3", {}, "Nothing is published yet"),
    h("p", {}, "Drop a package (.ma) here, or publish a program’s folder from the command line:"),
    h("pre", { tabindex: 0 }, h("code", {}, "cygnet fleet publish my-program")));
}

/** Publish each package; the order is that of the files. */
export async function publishFiles(files) {
  for (const file of files) {
    try {
      const release = await call("POST", `/api/releases?name=${encodeURIComponent(file.name)}`, { data: file });
      toast(`${release.name} ${release.version_name} is ${release.new ? "published" : "published already"}.`);
    } catch (error) {
      toast(error.message, true);
    }
  }
}

/** Let packages be dropped on an element. */
export function acceptDrops(element) {
  let depth = 0;
  const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  element.addEventListener("dragenter", (event) => {
    if (carriesFiles(event) && may("operator") && ++depth) element.classList.add("over");
  });
  element.addEventListener("dragleave", () => {
    if (--depth <= 0) element.classList.remove("over");
  });
  // A file dropped on the page would otherwise replace it.
  for (const type of ["dragover", "drop"]) document.addEventListener(type, (event) => event.preventDefault());
  element.addEventListener("drop", (event) => {
    depth = 0;
    element.classList.remove("over");
    if (may("operator")) publishFiles([...event.dataTransfer.files]);
  });
}
