// The releases, and publishing by drop.

import { call } from "./api.js";
import { $, bytes, h, toast } from "./dom.js";
import { openAssign } from "./assign.js";
import { drawTimes } from "./devices.js";
import { modelGroups } from "./models.js";

/** Draw the releases, grouped by program, newest version first. */
export function drawReleases(state) {
  const programs = Map.groupBy ? Map.groupBy(state.releases, (r) => r.app_id) : group(state.releases);
  $("releases").replaceChildren(
    ...(programs.size || state.models.length ? [...programs.values()].map((releases) => programGroup(releases, state)) : [noReleases()]),
    ...modelGroups(state),
  );
  drawTimes(state);
}

function group(releases) {
  const groups = new Map();
  for (const release of releases) groups.set(release.app_id, [...(groups.get(release.app_id) ?? []), release]);
  return groups;
}

function noReleases() {
  return h("div", { class: "empty" },
    h("h3", {}, "Nothing is published yet"),
    h("p", {}, "Drop a package (.ma) here, or publish a program’s folder from the command line:"),
    h("pre", {}, h("code", {}, "cygnet fleet publish my-program")));
}

function programGroup(releases, state) {
  return h("div", { class: "program-group" },
    h("strong", {}, releases[0].name),
    h("div", { class: "sub mono" }, releases[0].app_id),
    ...releases.map((release) => {
      const when = new Date(release.published_at * 1000).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
      return h("div", { class: "release" },
        h("span", { class: "v" }, release.version_name),
        h("span", { class: "sub", title: `${when} · SHA-256 ${release.sha256}` }, `${bytes(release.size)} · `, h("span", { "data-seen": release.published_at })),
        h("button", { type: "button", class: "quiet", disabled: !state.devices.size, onclick: () => openAssign(state, { release }) }, "Assign…"));
    }));
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
  const carriesFiles = (event) => [...event.dataTransfer.types].includes("Files");
  element.addEventListener("dragenter", (event) => {
    if (carriesFiles(event) && ++depth) element.classList.add("over");
  });
  element.addEventListener("dragleave", () => {
    if (--depth <= 0) element.classList.remove("over");
  });
  // A file dropped beside the target would otherwise replace the page.
  for (const type of ["dragover", "drop"]) document.addEventListener(type, (event) => event.preventDefault());
  element.addEventListener("drop", (event) => {
    depth = 0;
    element.classList.remove("over");
    publishFiles([...event.dataTransfer.files]);
  });
}
