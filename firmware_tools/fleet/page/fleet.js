// The operator page: loads everything once, then follows the fleet's live events.

import { Refusal, call, forgetToken, liveEvents, setToken, takeToken } from "./api.js";
import { drawDevices, drawTimes } from "./devices.js";
import { $, h, toast } from "./dom.js";
import { openEnroll } from "./enroll.js";
import { acceptDrops, drawReleases, publishFiles } from "./releases.js";
import { Telemetry } from "./telemetry.js";

const state = {
  fleet: null,
  devices: new Map(),
  releases: [],
  models: [],
  names: new Map(), // app_id -> the program's name
  skew: 0,
  away: false,
  now: () => Date.now() / 1000 + state.skew,
};
let telemetry = null;

async function loadFleet() {
  state.fleet = await call("GET", "/api/fleet");
  state.skew = state.fleet.now - Date.now() / 1000;
  drawHeader();
}

async function loadDevices() {
  const { devices } = await call("GET", "/api/devices");
  state.devices = new Map(devices.map((device) => [device.id, device]));
}

async function loadReleases() {
  const [{ releases }, { models }] = await Promise.all([call("GET", "/api/releases"), call("GET", "/api/models")]);
  state.releases = releases;
  state.models = models;
  state.names = new Map(state.releases.map((release) => [release.app_id, release.name]));
}

async function loadAll() {
  await Promise.all([loadFleet(), loadDevices(), loadReleases()]);
  $("main").hidden = false;
  telemetry ??= new Telemetry(state);
  drawAll();
  await telemetry.load();
}

function drawAll() {
  drawHeader();
  drawDevices(state);
  drawReleases(state);
  telemetry.drawDevices();
}

function drawHeader() {
  const { fleet } = state;
  if (!fleet) return;
  document.title = `${fleet.fleet} – Cygnet fleet`;
  $("fleet-name").textContent = fleet.fleet;
  const counts = {};
  for (const device of state.devices.values()) counts[device.status] = (counts[device.status] ?? 0) + 1;
  $("summary").replaceChildren(
    ...["online", "lost", "offline", "never"].filter((status) => counts[status]).map((status) =>
      h("span", {}, h("span", { class: `dot ${status}` }), `${counts[status]} ${status === "never" ? "not seen yet" : status}`)));
  $("broker").textContent = fleet.connected ? `broker ${fleet.broker.replace(/^mqtts?:\/\//, "")}` : "";
  drawNotices();
}

function drawNotices() {
  const { fleet } = state, notices = [];
  if (state.away || !fleet) {
    $("notices").replaceChildren(h("div", { class: "notice bad" }, "The fleet does not answer; is `cygnet fleet serve` running? Trying again…"));
    return;
  }
  if (!fleet.connected) notices.push(h("div", { class: "notice bad" }, `The broker is away; devices go on with what they have. Trying again… (${fleet.broker_trouble || fleet.broker})`));
  if (fleet.trouble) notices.push(h("div", { class: "notice bad" }, fleet.trouble));
  for (const stranger of fleet.strangers.slice(0, 3)) {
    notices.push(h("div", { class: "notice" },
      h("span", {}, h("strong", {}, stranger.device), ` speaks to this fleet without being enrolled; its ${stranger.messages === 1 ? "message was" : `${stranger.messages} messages were`} refused.`),
      h("button", { type: "button", onclick: () => openEnroll(stranger.device) }, "Enroll…")));
  }
  if (fleet.strangers.length > 3) notices.push(h("div", { class: "notice" }, `${fleet.strangers.length - 3} more devices speak without being enrolled.`));
  $("notices").replaceChildren(...notices);
}

function noteDevices(devices) {
  const before = state.devices.size;
  for (const device of devices) state.devices.set(device.id, device);
  if (state.devices.size !== before) {
    state.devices = new Map([...state.devices].sort(([a], [b]) => (a < b ? -1 : 1)));
    telemetry.drawDevices();
    drawReleases(state);
    loadFleet(); // who was a stranger is none any more
  }
  drawDevices(state);
  drawHeader();
}

const handlers = {
  devices: (event) => noteDevices(event.devices),
  telemetry: (event) => telemetry.add(event),
  releases: async () => {
    await loadReleases();
    drawAll();
  },
  broker: loadFleet,
  strangers: loadFleet,
  trouble: loadFleet,
  watching: loadAll,
  refresh: loadAll,
};

async function follow() {
  for (let wait = 500; ; wait = Math.min(wait * 2, 10000)) {
    try {
      for await (const event of liveEvents()) {
        state.away = false;
        wait = 500;
        await handlers[event.type]?.(event);
      }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (error.status === 401 || error.status === 403) {
        signIn(error.message);
        return;
      }
    }
    state.away = true;
    drawNotices();
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

function signIn(reason) {
  forgetToken();
  $("main").hidden = true;
  $("sign-in").hidden = false;
  $("sign-in-error").textContent = reason;
  document.body.classList.add("signed-out");
}

function start() {
  $("enroll").addEventListener("click", () => openEnroll());
  $("publish").addEventListener("click", () => $("file").click());
  $("file").addEventListener("change", async () => {
    await publishFiles([...$("file").files]);
    $("file").value = "";
  });
  acceptDrops($("drop"));
  $("device-filter").addEventListener("input", () => drawDevices(state));
  setInterval(() => drawTimes(state), 1000);
  $("sign-in").addEventListener("submit", (event) => {
    event.preventDefault();
    setToken($("token").value);
    $("token").value = "";
    $("sign-in").hidden = true;
    document.body.classList.remove("signed-out");
    follow();
  });
  window.addEventListener("hashchange", () => takeToken() && location.reload());
  window.addEventListener("unhandledrejection", (event) => toast(event.reason?.message ?? String(event.reason), true));
  if (takeToken()) follow();
  else signIn("");
}

start();
