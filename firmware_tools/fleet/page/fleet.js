// The operator page: who is there, which view, and the fleet's live events.

import { takeToken } from "./api.js";
import { showAudit } from "./audit.js";
import { $, h, toast } from "./dom.js";
import { showDevice } from "./device.js";
import { showDevices } from "./devices.js";
import { ago } from "./format.js";
import { showGroup, showGroups } from "./groups.js";
import { showIdentity } from "./identity.js";
import { drawCounts, drawNav } from "./nav.js";
import { drawNotices } from "./notices.js";
import { showOperators } from "./operators.js";
import { showOverview } from "./overview.js";
import { acceptDrops, publishFiles, showReleases } from "./releases.js";
import { showRollout } from "./rollout.js";
import { showNewRollout } from "./rollout_new.js";
import { showRollouts } from "./rollouts.js";
import { open, route } from "./router.js";
import { askToSignIn, drawAccount, whoAmI } from "./session.js";
import { follow, on, state } from "./state.js";
import { showTelemetry } from "./telemetry_view.js";
import { showTrust } from "./trust.js";

route("/", showOverview);
route("/devices", showDevices);
route("/devices/:device", showDevice);
route("/groups", showGroups);
route("/groups/:group", showGroup);
route("/rollouts", showRollouts);
route("/rollouts/new", showNewRollout);
route("/rollouts/:rollout", showRollout);
route("/releases", showReleases);
route("/telemetry", showTelemetry);
route("/identity", showIdentity);
route("/trust", showTrust);
route("/audit", showAudit);
route("/operators", showOperators);

function drawHead() {
  const { fleet } = state;
  if (!fleet) return;
  $("fleet-name").textContent = fleet.fleet;
  $("broker").replaceChildren(h("span", { class: `dot ${fleet.connected && !state.away ? "online" : "lost"}` }), h("span", {}, `broker ${fleet.broker.replace(/^mqtts?:\/\//, "")}`));
}

/** Bring every "4 s ago" up to date. */
function drawTimes() {
  for (const element of document.querySelectorAll("[data-seen]")) {
    const text = ago(Number(element.dataset.seen), state.now());
    if (element.textContent !== text) element.textContent = text;
  }
}

let opened = false;

async function enter() {
  drawNav();
  drawAccount();
  let waiting = true;
  const off = on("refresh", () => {
    off();
    waiting = false;
    for (const id of ["top", "nav", "main"]) $(id).hidden = false;
    open();
    opened = true;
  });
  await follow((reason) => {
    opened = false;
    askToSignIn(reason, enter);
  });
  if (waiting) off();
}

async function start() {
  for (const type of ["fleet", "overview", "rollouts", "refresh"]) {
    on(type, () => {
      drawHead();
      drawNotices();
      drawCounts();
    });
  }
  $("skip").addEventListener("click", () => $("main").focus());
  $("file").addEventListener("change", async () => {
    await publishFiles([...$("file").files]);
    $("file").value = "";
  });
  acceptDrops(document.body);
  setInterval(drawTimes, 1000);
  new MutationObserver(drawTimes).observe($("view"), { childList: true, subtree: true });
  window.addEventListener("hashchange", () => {
    if (location.hash.startsWith("#token=")) {
      takeToken();
      location.reload();
    } else if (opened) open();
  });
  window.addEventListener("unhandledrejection", (event) => event.reason?.name === "AbortError" || toast(event.reason?.message ?? String(event.reason), true));
  takeToken();
  try {
    await whoAmI();
  } catch (refusal) {
    // Status 0: nobody answers; then the live connection goes on trying.
    if (refusal.status !== 0) return askToSignIn(refusal.status === 401 && !sessionStorage.length ? "" : refusal.message, enter);
  }
  return enter();
}

start();
