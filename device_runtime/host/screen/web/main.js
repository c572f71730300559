// The screen of a device: sends each message of the device to the part that shows it.

import { Connection } from "./connection.js";
import { Dialogs } from "./dialogs.js";
import { make, sign } from "./dom.js";
import { Home } from "./home.js";
import { loadBaseStyle } from "./page.js";
import { Privacy } from "./privacy.js";
import { ProgramView } from "./program.js";
import { Sounds } from "./sounds.js";
import { pixelsPerRpx } from "./style.js";
import { ViewedMark, Views } from "./viewed.js";
import { Voice } from "./voice.js";

const ERROR_MILLISECONDS = 9000;
const FRAME_FACTOR = 1.2;
/** So often within so long a program's broken pages make the screen begin anew, which costs all programs a moment. */
const MAX_RESTARTS = 3;
const RESTARTS_MILLISECONDS = 60_000;
const darkQuery = matchMedia("(prefers-color-scheme: dark)");

class Screen {
  constructor(stage) {
    this.stage = stage;
    this.size = null;
    this.programs = [];
    this.views = new Map();
    this.restarts = new Map();
    this.foreground = null;
    this.waiting = new Map();
    this.connection = new Connection((message) => this.receive(message), (state) => this.showState(state));
    const send = (message) => this.connection.send(message);
    this.send = send;
    this.voice = new Voice({ connection: this.connection, onError: (text) => this.showError(text) });
    this.sounds = new Sounds();
    this.home = new Home({ launch: (appId) => this.launch(appId), askBar: this.voice.homeBar });
    this.errors = make("div", { class: "errors", role: "alert" });
    this.notice = make("p", { class: "notice", role: "status" });
    this.notice.hidden = true;
    this.lights = make("ul", { class: "lights", "aria-label": "Lights" });
    this.lights.hidden = true;
    this.listening = make("button", { type: "button", class: "listening" });
    this.listening.hidden = true;
    this.listening.addEventListener("click", () => this.voice.turnOn());
    this.listeners = [];
    this.voice.onMicrophone = () => this.showListening(this.listeners);
    this.away = make("div", { class: "away", role: "status" });
    this.away.hidden = true;

    const speak = make("button", { type: "button", class: "capsule-button", "aria-label": "Ask" }, sign("microphone"));
    const home = make("button", { type: "button", class: "capsule-button", "aria-label": "Home" }, sign("home"));
    speak.addEventListener("click", () => this.voice.open());
    home.addEventListener("click", () => send({ type: "home" }));
    this.mark = new ViewedMark(() => send({ type: "stop_viewing" }));
    this.viewers = new Views((setting) => send({ type: "remote_screen", setting }));
    this.privacy = new Privacy(send, (question) => this.dialogs.ask(question));
    this.home.element.append(this.viewers.button, this.privacy.button);
    this.capsule = make("div", { class: "capsule", role: "group", "aria-label": "Device" }, speak, home);
    this.shelf = make("div", { class: "programs" });
    this.content = make("div", { class: "content" }, this.home.element, this.shelf, this.capsule, this.voice.panel, this.viewers.panel, this.privacy.panel);
    this.dialogs = new Dialogs(this.content, (id, result) => send({ type: "ui_result", id, result }), () => null);
    this.dialogs.element.classList.add("own-dialogs");
    stage.append(this.content, this.dialogs.element, this.errors, this.notice, this.lights, this.listening, this.away);
    addEventListener("resize", () => this.fit());
    darkQuery.addEventListener("change", () => this.reportSize());
    new ResizeObserver(() => this.fit()).observe(document.documentElement);
    // As high as a program's bar, to tell the room of a page before there is one.
    this.bar = make("div", { class: "bar-probe", "aria-hidden": "true" });
    stage.append(this.bar);
    this.show(null);
    this.fit();
  }

  /**
   * The stage fills the window. In a window much larger than the board's screen (a desktop browser) it takes the
   * board's size instead, with a frame, so that programs look as they do on the board.
   */
  fit() {
    const framed = this.size !== null
      && innerWidth > this.size.width * FRAME_FACTOR && innerHeight > this.size.height * FRAME_FACTOR;
    const [width, height] = framed ? [this.size.width, this.size.height] : [innerWidth, innerHeight];
    this.stage.classList.toggle("framed", framed);
    this.stage.style.width = framed ? `${width}px` : "";
    this.stage.style.height = framed ? `${height}px` : "";
    this.stage.style.setProperty("--rpx", `${pixelsPerRpx(width, height, this.size?.rpx)}px`);
    this.reportSize();
  }

  /** Tell the device how large this screen and its page are, once they have settled and if that is new. */
  reportSize() {
    this.sizeFrame ??= requestAnimationFrame(() => {
      this.sizeFrame = null;
      const { clientWidth: width, clientHeight: height } = this.stage;
      const area = this.views.get(this.foreground)?.top?.page.viewport;
      const seen = Boolean(area?.clientHeight);
      const message = {
        type: "viewport", app_id: seen ? this.foreground : "", screen_width: width, screen_height: height,
        width: seen ? area.clientWidth : width, height: seen ? area.clientHeight : Math.max(0, height - this.bar.offsetHeight),
        pixel_ratio: devicePixelRatio || 1, theme: darkQuery.matches ? "dark" : "light",
      };
      const words = JSON.stringify(message);
      if (words === this.sizeTold || !this.connection.open) return;
      this.sizeTold = words;
      this.send(message);
    });
  }

  launch(appId, path = "") {
    this.send({ type: "launch", app_id: appId, path });
  }

  // ---------------------------------------------------------------- messages

  /** Behind a patch that comes over several frames, what else is said of its program waits; but not whether it is shown. */
  receive(message) {
    if (message.type === "hello") this.waiting.clear(); // everything comes anew
    const waiting = message.type === "foreground" ? undefined : this.waiting.get(message.app_id);
    if (!waiting) {
      this.take(message);
      return;
    }
    waiting.push(message);
    if (message.type === "stack" || message.type === "exited") this.views.get(message.app_id)?.hurry();
  }

  async waitFor(end, appId) {
    const messages = [];
    this.waiting.set(appId, messages);
    try {
      await end;
    } finally {
      if (this.waiting.get(appId) === messages) {
        this.waiting.delete(appId);
        for (const message of messages) {
          try {
            this.receive(message);
          } catch (error) {
            reportError(error); // the others have their turn
          }
        }
      }
    }
  }

  take(message) {
    switch (message.type) {
      case "hello":
        this.size = message.screen;
        this.sizeTold = null;
        this.fit();
        for (const view of this.views.values()) view.close();
        this.views.clear();
        this.dialogs.closeAll();
        this.showNotice("");
        this.showLights([]);
        this.showListening([]);
        this.mark.show("");
        this.voice.configure(message.microphone);
        this.showPrograms(message.name, message.programs);
        document.title = message.name;
        break;
      case "programs":
        this.showPrograms(null, message.programs);
        break;
      case "foreground":
        this.show(message.app_id);
        break;
      case "stack":
        this.view(message.app_id).applyStack(message);
        this.reportSize();
        break;
      case "patch": {
        const end = this.views.get(message.app_id)?.patch(message.page, message.operations);
        if (end) this.waitFor(end, message.app_id);
        break;
      }
      case "query": {
        const view = this.views.get(message.app_id);
        if (view) view.query(message);
        else this.send({ type: "query_result", id: message.id, results: null });
        break;
      }
      case "observe":
        this.views.get(message.app_id)?.page(message.page)?.watch.observe(message);
        break;
      case "unobserve":
        this.views.get(message.app_id)?.page(message.page)?.watch.unobserve(message.observer);
        break;
      case "exited":
        if (message.replaced) {
          this.views.get(message.app_id)?.retire();
          break;
        }
        this.views.get(message.app_id)?.close();
        this.views.delete(message.app_id);
        if (message.app_id === this.foreground) this.show(null);
        if (message.reason) this.showError(message.reason);
        break;
      case "restyle":
        this.views.get(message.app_id)?.restyle();
        break;
      case "ui":
        if (message.app_id) this.view(message.app_id).ui(message);
        else this.dialogs.showModal(message.arguments, message.id); // a question of the device itself
        break;
      case "ui_done":
        this.dialogs.close(message.id);
        for (const view of this.views.values()) view.dialogs.close(message.id);
        break;
      case "voice":
        this.voice.stage(message.stage, message.text);
        break;
      case "speech":
        this.voice.speech(message.text, message.url);
        break;
      case "sound":
        this.sounds.play(message.id, message.url);
        break;
      case "error":
        this.showError(message.text);
        break;
      case "notice":
        this.showNotice(message.text);
        break;
      case "lights":
        this.showLights(message.lights);
        break;
      case "listening":
        this.showListening(message.programs);
        break;
      case "viewed":
        this.mark.show(message.by, message.fleet, message.until);
        break;
      case "views":
        this.viewers.show(message.setting, message.entries);
        break;
      case "privacy":
        this.privacy.show(message);
        break;
      case "privacy_changed":
        this.privacy.changed();
        break;
      default:
        console.warn(`the device sent ${String(message.type)}, which this screen does not know`);
    }
  }

  view(appId) {
    let view = this.views.get(appId);
    if (!view) {
      const program = this.programs.find((candidate) => candidate.app_id === appId)
        ?? { app_id: appId, name: appId, version: 0, icon: "", phrases: [] };
      view = new ProgramView(program, this.send, { onBroken: () => this.beginAnew(appId), onSize: () => this.reportSize() });
      this.views.set(appId, view);
      this.shelf.append(view.element);
      view.show(appId === this.foreground);
    }
    return view;
  }

  /** A program's page is no longer what the device has: get every page afresh, unless that helps for no time. */
  beginAnew(appId) {
    const since = performance.now() - RESTARTS_MILLISECONDS;
    const restarts = (this.restarts.get(appId) ?? []).filter((time) => time > since);
    this.restarts.set(appId, [...restarts.slice(0, MAX_RESTARTS), performance.now()]);
    if (restarts.length < MAX_RESTARTS) this.connection.restart();
    else if (restarts.length === MAX_RESTARTS) this.showError("A program sends what no screen can show. Its page stays as it was.");
  }

  show(appId) {
    this.foreground = appId;
    if (appId !== null) this.view(appId);
    for (const view of this.views.values()) view.show(view.appId === appId);
    this.stage.classList.toggle("at-home", appId === null);
    this.home.element.inert = appId !== null;
    this.capsule.inert = appId === null;
    this.reportSize();
  }

  showPrograms(name, programs) {
    this.programs = programs;
    this.home.show(name, programs);
  }

  showError(text) {
    const close = make("button", { type: "button", class: "round close", "aria-label": "Dismiss" }, sign("close"));
    const box = make("div", { class: "error" }, sign("warn"), make("p", {}, text), close);
    const timer = setTimeout(() => box.remove(), ERROR_MILLISECONDS);
    close.addEventListener("click", () => {
      clearTimeout(timer);
      box.remove();
    });
    this.errors.append(box);
    while (this.errors.children.length > 3) this.errors.firstElementChild.remove();
  }

  /** A sentence that stays until the device takes it away. What frames this screen (developers' tools) says it itself. */
  showNotice(text) {
    this.notice.hidden = !text || window !== top;
    this.notice.textContent = text;
  }

  /** The simulated lights of the board; one that is off is a dark dot. */
  showLights(lights) {
    this.lights.hidden = !lights.length || window !== top;
    this.lights.replaceChildren(
      ...lights.map(({ name, level, color }) => {
        const dot = make("span", { class: "light-dot" });
        dot.style.setProperty("--light", color);
        dot.style.setProperty("--level", String(level));
        const state = level === 0 ? "off" : level === 1 ? "on" : `${Math.round(level * 100)} %`;
        return make("li", {}, dot, `${name}: ${state}`);
      }),
    );
  }

  /** Which programs hear the microphone. Where it is this browser's and off, a press turns it on. */
  showListening(programs) {
    this.listeners = programs;
    this.listening.hidden = !programs.length;
    const names = programs.map((appId) => this.programs.find((program) => program.app_id === appId)?.name ?? appId).join(", ");
    const deaf = this.voice.source === "screen" && !this.voice.microphone.on;
    const text = deaf ? `Let ${names} listen` : `${names} ${programs.length > 1 ? "listen" : "listens"}`;
    this.listening.classList.toggle("deaf", deaf);
    this.listening.disabled = !deaf;
    this.listening.setAttribute("aria-label", text);
    this.listening.replaceChildren(sign("microphone"), make("span", {}, text));
  }

  showState(state) {
    const away = state === "away";
    this.content.inert = away;
    this.stage.classList.toggle("is-away", away);
    this.away.hidden = !away;
    this.away.replaceChildren();
    if (!away) return;
    this.away.append(make("i", { class: "spinner" }), make("p", {}, "The device is away. Connecting again …"));
    this.voice.away();
    this.sounds.away();
  }
}

await loadBaseStyle();
new Screen(document.getElementById("stage"));
