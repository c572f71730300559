// The screen of a device in an operator's page: the device's own code draws what the device says, and nothing else does.
//
// The page around puts this document into a sandbox: it has an origin of its own, and its policy lets it load these
// scripts and style sheets, and nothing from anywhere else. What it draws is data of a device that may be hostile. Nodes,
// attributes and styles go through the allow-list of the device's own components; here is checked what is around them.

import { Home } from "./device/home.js";
import { loadBaseStyle } from "./device/page.js";
import { ProgramView } from "./device/program.js";
import { pixelsPerRpx, resolvePath } from "./device/style.js";

const MOST_FILES = 512;
const MOST_STYLE = 1024 * 1024;
const isText = (value, most = 512) => typeof value === "string" && value.length <= most;
const isSize = (value) => Number.isInteger(value) && value >= 1 && value <= 8192;

/** The files of a program that came with the picture. */
class SentFiles {
  constructor(pictures, styles) {
    this.pictures = pictures;
    this.styles = styles;
  }

  address(route, address) {
    const text = String(address ?? "").trim();
    if (/^data:image\//i.test(text)) return text;
    if (text === "" || /^([a-z][a-z0-9+.-]*:|\/\/)/i.test(text)) return null;
    return this.pictures.get(resolvePath(route, text)) ?? null;
  }

  style(path) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(this.styles.get(path) ?? ""); // @import has no effect in such a sheet
    return sheet;
  }
}

class Picture {
  constructor(stage, tell) {
    this.stage = stage;
    this.tell = tell;
    this.view = null;
    this.size = null;
    this.home = new Home({ launch: () => {}, askBar: document.createElement("div") });
    this.shelf = document.createElement("div");
    this.shelf.className = "programs";
    this.content = document.createElement("div");
    this.content.className = "content";
    this.content.append(this.home.element, this.shelf);
    stage.append(this.content);
    addEventListener("resize", () => this.fit());
    this.fit();
    this.reset();
  }

  fit() {
    this.stage.style.setProperty("--rpx", `${pixelsPerRpx(innerWidth, innerHeight, this.size?.rpx)}px`);
  }

  reset() {
    this.view?.close();
    this.view = null;
    this.pictures = new Map();
    this.styles = new Map();
    this.home.show("", []);
    this.show(false);
    say("");
  }

  show(program) {
    this.stage.classList.toggle("at-home", !program);
    this.content.classList.toggle("waiting", !program);
  }

  /** One message of the device; what is not right in it makes the picture broken, and nothing else. */
  take(message) {
    try {
      this[`take_${message.type}`]?.(message);
    } catch (error) {
      console.warn(`the device sent what cannot be shown: ${error.message}`);
      this.broken();
    }
  }

  broken() {
    this.tell("broken");
  }

  take_begin({ name, screen }) {
    this.reset();
    const { width, height, rpx } = screen;
    if (isSize(width) && isSize(height)) {
      this.size = { width, height, rpx: typeof rpx === "number" && rpx > 0 && rpx < 100 ? rpx : null };
      this.tell("size", { width, height });
    }
    this.fit();
    if (isText(name)) this.home.show(name, []);
  }

  take_home({ programs }) {
    this.view?.close();
    this.view = null;
    say("");
    const tiles = programs.filter((one) => isText(one?.app_id) && isText(one?.name)).slice(0, 256);
    this.home.show(null, tiles.map(({ app_id: appId, name, stopped }) => (
      { app_id: appId, name, version: 0, icon: "", phrases: [], stopped: stopped === true })));
    this.show(false);
  }

  take_style({ path, text, more }) {
    const before = more ? this.styles.get(path) ?? "" : "";
    if (this.styles.size < MOST_FILES && before.length + text.length <= MOST_STYLE) this.styles.set(path, before + text);
  }

  take_image({ path, data }) {
    if (this.pictures.size < MOST_FILES && /^data:(image|font)\//.test(data)) this.pictures.set(path, data);
  }

  take_stack({ app_id: appId, version, name, page, depth, tab_bar: tabBar }) {
    const { id, route, window: members, styles } = page;
    if (!Number.isInteger(id) || !isText(route) || !isText(appId) || !isText(name)) throw new Error("the page has no name");
    if (members === null || typeof members !== "object" || !Array.isArray(styles) || !styles.every((one) => isText(one))) {
      throw new Error("the page has no window");
    }
    if (tabBar !== null && !(Array.isArray(tabBar.tabs) && tabBar.tabs.every((tab) => tab !== null && typeof tab === "object"))) {
      throw new Error("the tab bar has no tabs");
    }
    say("");
    const sent = { id, route, window: members, styles };
    const kept = this.view?.appId === appId && this.view.version === version && this.view.top?.id === id;
    if (!kept) {
      this.view?.close();
      const program = { app_id: appId, name, version, icon: "", phrases: [] };
      this.view = new ProgramView(program, () => {}, {
        onBroken: () => this.broken(), onSize: () => {}, files: () => new SentFiles(this.pictures, this.styles),
      });
      this.shelf.append(this.view.element);
      this.view.show(true);
    }
    // Below is nothing that could be seen; it makes the bar have its way back.
    const below = depth > 1 ? [{ id: -2, route: "below", window: {}, styles: [] }] : [];
    this.view.applyStack({ version, pages: [...below, sent], transition: "none", tab_bar: tabBar, snapshot: !kept });
    this.show(true);
  }

  take_patch({ page, operations }) {
    this.view?.patch(page, operations);
  }

  take_ui({ name, arguments: options, id }) {
    this.view?.ui({ name, arguments: options, id });
  }

  take_ui_done({ id }) {
    this.view?.dialogs.close(id);
  }

  take_left_out({ what }) {
    say(what === "page" ? "This page cannot be shown from afar." : "A part of this page is too large to be shown from afar.");
  }
}

function say(text) {
  const word = document.getElementById("word");
  word.hidden = !text;
  word.textContent = text;
}

/** It is looked at, and not used: only scrolling reaches what is shown. */
function onlyLook() {
  const hold = (event) => {
    event.stopImmediatePropagation();
    if (event.cancelable && !event.type.startsWith("touch")) event.preventDefault();
  };
  for (const type of ["click", "dblclick", "auxclick", "contextmenu", "mousedown", "mouseup", "pointerdown", "pointerup", "keydown",
    "keyup", "beforeinput", "touchstart", "touchmove", "touchend", "dragstart", "submit"]) {
    addEventListener(type, hold, { capture: true, passive: type.startsWith("touch") });
  }
}

const tell = (type, members = {}) => parent.postMessage({ type, ...members }, "*");
onlyLook();
await loadBaseStyle();
const picture = new Picture(document.getElementById("stage"), tell);
addEventListener("message", (event) => {
  if (event.source !== parent || !Array.isArray(event.data)) return;
  for (const message of event.data) {
    if (message !== null && typeof message === "object" && isText(message.type, 20)) picture.take(message);
  }
});
tell("ready");
