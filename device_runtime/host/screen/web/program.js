// One running program on the screen: its bar, its stack of pages, its tabs and its dialogues.

import { color, number, text } from "./components/component.js";
import { Dialogs } from "./dialogs.js";
import { make, sign } from "./dom.js";
import { makeIcon } from "./home.js";
import { Fonts } from "./fonts.js";
import { Page, PatchError } from "./page.js";
import { PackageFiles } from "./files.js";
import { convertStyle } from "./style.js";
import { measure } from "./layout.js";
import { Viewer } from "./viewer.js";

const READY_PATIENCE_MILLISECONDS = 600;
const plainRoute = (route) => String(route).replace(/^\/+/, "").split("?")[0];

export class ProgramView {
  /**
   * @param {object} program `{app_id, name, version, icon}`
   * @param {(message: object) => void} send
   * @param {object} options
   * @param {() => void} options.onBroken the pages no longer match the device's
   * @param {() => void} options.onSize the room of the page may have changed
   * @param {(version: number) => PackageFiles} [options.files] where the program's files are
   */
  constructor(program, send, { onBroken, onSize, files = (version) => new PackageFiles(program.app_id, version) }) {
    this.program = program;
    this.appId = program.app_id;
    this.send = send;
    this.onBroken = onBroken;
    this.onSize = onSize;
    this.findFiles = files;
    this.version = null;
    this.pages = [];
    this.tabBar = null;
    this.badges = new Map();
    this.items = new Map();
    this.tabStyle = {};
    this.fonts = new Fonts();
    this.turn = 0;
    this.retired = false;

    this.backButton = make("button", { type: "button", class: "round back", "aria-label": "Back" }, sign("back"));
    this.backButton.addEventListener("click", () => {
      if (!this.top?.page.takeBack()) send({ type: "back", app_id: this.appId, delta: 1 });
    });
    this.title = make("h1", { class: "bar-title" });
    this.busy = make("i", { class: "spinner bar-busy", "aria-hidden": "true" });
    this.busy.hidden = true;
    this.shareButton = make("button", { type: "button", class: "round share", "aria-label": "Share" }, sign("share"));
    this.shareButton.addEventListener("click", () => this.top?.page.share());
    this.bar = make("header", { class: "bar" }, this.backButton, this.busy, this.title, this.shareButton);
    this.stage = make("div", { class: "pages" });
    this.tabs = make("nav", { class: "tabs", "aria-label": "Tabs" });
    this.tabs.hidden = true;
    this.splash = make("div", { class: "splash", role: "status", "aria-label": `${program.name} is starting` },
      makeIcon(program), make("p", {}, program.name), make("i", { class: "spinner" }));
    const body = make("div", { class: "program-body" }, this.bar, this.stage, this.tabs);
    this.dialogs = new Dialogs(body, (id, result) => send({ type: "ui_result", id, result }), (address) => this.files.address("", address));
    this.viewer = new Viewer(body, (address) => this.files.address("", address));
    this.element = make("section", { class: "program", "aria-label": program.name }, body, this.viewer.element, this.dialogs.element, this.splash);
    this.element.inert = true;
  }

  get top() {
    return this.pages.at(-1) ?? null;
  }

  /** Where the files of its package are. */
  get files() {
    return this.findFiles(this.version);
  }

  // ---------------------------------------------------------------- the stack

  applyStack({ version, pages, transition, tab_bar: tabBar, snapshot }) {
    const { retired } = this;
    if (!retired && (snapshot || version !== this.version)) {
      for (const entry of this.pages) entry.close();
      this.pages = [];
    }
    if (retired || snapshot || version !== this.version) {
      this.badges.clear();
      this.items.clear();
      this.tabStyle = {};
    }
    this.version = version;
    this.tabBar = tabBar;
    this.retired = false;
    this.element.inert = !this.visible;
    const before = this.top;
    // Page ids begin anew in a program that replaces another: none of the old pages is kept.
    const old = new Map(this.pages.map((entry) => [retired ? `retired ${entry.id}` : entry.id, entry]));
    this.pages = pages.map((page) => {
      const kept = old.get(page.id);
      old.delete(page.id);
      if (kept) {
        kept.setWindow(page.window);
        return kept;
      }
      const entry = new StackEntry(this, page);
      this.stage.append(entry.frame);
      return entry;
    });
    this.turnTo(before, [...old.values()], retired ? "reload" : snapshot ? "none" : transition);
    this.showBar();
    this.showTabs();
  }

  /** Bring the new top page to the front, and close what left the stack when it is out of sight. */
  async turnTo(before, gone, transition) {
    const top = this.top;
    // A stack that only changes a window must not overtake a turn that still waits for its page.
    if (top !== before) this.turn += 1;
    const turn = this.turn;
    const turning = top !== before;
    if (turning) {
      before?.page.show(false);
      const still = transition === "reload";
      if (top && (still || (!gone.includes(before) && transition !== "pop"))) await top.ready;
      else if (top) await Promise.race([top.ready, new Promise((resolve) => setTimeout(resolve, 50))]);
      if (turn === this.turn) {
        const moves = { push: "push", pop: "pop" }[transition] ?? "fade";
        this.move(before, top, before && !still ? moves : "none");
      }
    }
    for (const entry of gone) setTimeout(() => entry.close(), entry === before && transition !== "reload" ? 320 : 0);
    if (top && turning && turn === this.turn) {
      this.splash.classList.add("gone");
      this.syncShown();
    }
  }

  move(before, top, kind) {
    before?.frame.classList.remove("front");
    for (const entry of this.pages) {
      entry.frame.classList.toggle("front", entry === top);
      entry.frame.removeAttribute("data-move");
    }
    if (kind === "none" || !before || !top) return;
    before.frame.dataset.move = `${kind}-out`;
    top.frame.dataset.move = `${kind}-in`;
    setTimeout(() => {
      before.frame.removeAttribute("data-move");
      top.frame.removeAttribute("data-move");
    }, 300);
  }

  /** Change a page; gives the promise of the end where that takes several frames, else null. */
  patch(pageId, operations) {
    const entry = this.retired ? null : this.pages.find((page) => page.id === pageId);
    if (!entry) return null; // a page that has just left the stack
    try {
      const end = entry.page.apply(operations);
      entry.markFilled();
      return end && end.catch((error) => this.failed(error));
    } catch (error) {
      this.failed(error);
      return null;
    }
  }

  /** The pages are about to turn: a page that is being filled gets what is left at once. */
  hurry() {
    for (const { page } of this.pages) page.hurried = true;
  }

  failed(error) {
    if (!(error instanceof PatchError)) throw error;
    console.error(error.message);
    this.onBroken();
  }

  page(pageId) {
    return this.pages.find((entry) => entry.id === pageId)?.page ?? null;
  }

  /** Answer a layout query; a screen that has not got the page says so with null. */
  query({ page: pageId, id, requests }) {
    const page = this.page(pageId);
    this.send({ type: "query_result", id, results: page ? requests.map((request) => measure(page, request)) : null });
  }

  /** The program is being replaced: its pages stay in sight, but dead, until those of its successor are there. */
  retire() {
    this.retired = true;
    this.element.inert = true;
  }

  /** The program's style sheets have changed. */
  restyle() {
    for (const entry of this.pages) entry.page.restyle();
  }

  show(visible) {
    this.element.classList.toggle("shown", visible);
    this.element.inert = !visible || this.retired;
    this.visible = visible;
    this.fonts.show(visible);
    this.syncShown();
  }

  syncShown() {
    for (const entry of this.pages) {
      // A page that is not in front yet is invisible, and could not take the focus.
      const wanted = Boolean(this.visible) && entry === this.top && entry.frame.classList.contains("front");
      if (entry.page.visible !== wanted) entry.page.show(wanted);
    }
  }

  close() {
    for (const entry of this.pages) entry.close();
    this.fonts.show(false);
    this.element.remove();
  }

  // ---------------------------------------------------------------- bar and tabs

  showBar() {
    const top = this.top;
    if (!top) return;
    const { window } = top;
    this.bar.hidden = window.navigationStyle === "custom";
    this.title.textContent = text(window.navigationBarTitleText);
    this.backButton.hidden = this.pages.length < 2;
    const front = /^(black|#000000)$/i.test(text(window.navigationBarTextStyle, "white")) ? "dark" : "light";
    this.element.dataset.ink = front;
    this.element.style.setProperty("--bar-color", color(window.navigationBarBackgroundColor, "") || (front === "dark" ? "#f7f7f7" : "#10141c"));
    this.busy.hidden = !window.navigationBarLoading;
    this.shareButton.hidden = !window.shareMenu;
  }

  showTabs() {
    const selected = this.tabBar?.tabs.findIndex((tab) => plainRoute(tab.route) === plainRoute(this.top?.route ?? "")) ?? -1;
    // A program that draws its own tab bar does so inside its pages.
    this.tabs.hidden = selected < 0 || this.tabBar.custom || Boolean(this.top.window.tabBarHidden);
    if (this.tabs.hidden) return;
    const { style } = this.tabs;
    const paint = (name, own, given) => style.setProperty(name, color(own, "") || color(given, ""));
    paint("--tab-color", this.tabStyle.color, this.tabBar.color);
    paint("--tab-selected", this.tabStyle.selectedColor, this.tabBar.selected_color);
    paint("--tab-background", this.tabStyle.backgroundColor, this.tabBar.background_color);
    style.setProperty("--tab-border", { white: "#ffffff33", black: "#00000033" }[this.tabStyle.borderStyle] ?? "");
    this.tabs.replaceChildren(...this.tabBar.tabs.map((given, index) => {
      const tab = { ...given, ...this.items.get(index) };
      const button = make("button", { type: "button", class: "tab" });
      const source = this.files.address("", index === selected ? tab.selected_icon || tab.icon : tab.icon);
      if (source) button.append(make("img", { alt: "", src: source }));
      button.append(make("span", {}, tab.text));
      const badge = this.badges.get(index);
      if (badge !== undefined) button.append(make("b", { class: badge === "" ? "dot" : "badge" }, badge));
      if (index === selected) button.setAttribute("aria-current", "page");
      button.addEventListener("click", () => {
        if (index !== selected) this.send({ type: "open", app_id: this.appId, path: plainRoute(tab.route), open_type: "switchTab" });
      });
      return button;
    }));
  }

  // ---------------------------------------------------------------- what the program asks for

  ui({ name, arguments: options, id }) {
    const index = number(options.index, 0);
    switch (name) {
      case "showToast":
      case "showLoading":
        this.dialogs[name](options);
        break;
      case "hideToast":
      case "hideLoading":
        this.dialogs.hideToast();
        break;
      case "showModal":
      case "showActionSheet":
        this.dialogs[name](options, id);
        break;
      case "setTabBarBadge":
        this.badges.set(index, text(options.text).slice(0, 4));
        break;
      case "showTabBarRedDot":
        this.badges.set(index, "");
        break;
      case "setTabBarItem": {
        const { text: words, iconPath: icon, selectedIconPath: selected } = options;
        this.items.set(index, { ...this.items.get(index), ...(words && { text: words }), ...(icon && { icon }), ...(selected && { selected_icon: selected }) });
        break;
      }
      case "setTabBarStyle":
        Object.assign(this.tabStyle, options);
        break;
      case "hideKeyboard":
        this.top?.page.activeElement?.blur();
        break;
      case "previewImage":
        this.viewer.show(Array.isArray(options.urls) ? options.urls : [], number(options.current, 0));
        break;
      case "loadFontFace":
        this.fonts.add(text(options.family), convertStyle(text(options.source), (address) => this.files.address("", address)), options.desc ?? {});
        break;
      case "removeTabBarBadge":
      case "hideTabBarRedDot":
        this.badges.delete(index);
        break;
      default:
        console.warn(`${String(name)} is nothing that this screen can show`);
    }
    this.showTabs();
  }
}

/** A page in its frame. */
class StackEntry {
  constructor(view, { id, route, window, styles }) {
    this.id = id;
    this.route = plainRoute(route);
    this.page = new Page({
      appId: view.appId, version: view.version, id, route: this.route, window: window ?? {}, fonts: view.fonts, styles: styles ?? [], send: view.send, files: view.files,
      onMeta: () => {
        this.applyWindow();
        view.showBar();
        view.onSize();
      },
    });
    this.page.show(false);
    this.frame = make("div", { class: "page-frame", "data-page": String(id) }, this.page.host);
    this.setWindow(window);
    const filled = new Promise((resolve) => { this.markFilled = resolve; });
    const patience = new Promise((resolve) => setTimeout(resolve, READY_PATIENCE_MILLISECONDS));
    this.ready = Promise.race([Promise.all([filled, this.page.styled]), patience]);
  }

  get window() {
    return this.page.window;
  }

  /** The page's window members; a program may change them while the page is open. */
  setWindow(window) {
    this.page.givenWindow = window ?? {};
    this.applyWindow();
  }

  applyWindow() {
    this.frame.style.setProperty("--page-background", color(this.window.backgroundColor, "#fff"));
    this.page.viewport.toggleAttribute("data-locked", Boolean(this.window.disableScroll));
    this.page.viewport.toggleAttribute("data-light-dots", this.window.backgroundTextStyle === "light");
  }

  close() {
    this.page.close();
    this.frame.remove();
  }
}
