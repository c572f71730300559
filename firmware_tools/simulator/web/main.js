// The tools: the board's screen, and panels beside it that show what the program does.

import { counted, icon, iconButton, make } from "./dom.js";
import { Layout } from "./layout.js";
import { Link } from "./link.js";
import { Overlay } from "./overlay.js";
import { BoardPanel } from "./panels/board.js";
import { ConsolePanel } from "./panels/console.js";
import { NetworkPanel } from "./panels/network.js";
import { PagesPanel } from "./panels/pages.js";
import { PerformancePanel } from "./panels/performance.js";
import { PermissionsPanel } from "./panels/permissions.js";
import { SetDataPanel } from "./panels/setdata.js";
import { StoragePanel } from "./panels/storage.js";
import { SourceSheet } from "./source.js";
import { Stage } from "./stage.js";
import { Store } from "./store.js";

const TOAST_MILLISECONDS = 5000;
const STATES = { building: "Building", running: "Running", failed: "Build failed", stopped: "Stopped" };
const THEMES = { auto: "dark", dark: "light", light: "auto" };

class Tools {
  constructor() {
    this.store = new Store();
    const shared = { store: this.store, send: (message) => this.link.send(message), openSource: (place) => this.source.open(place), toast: (text) => this.toast(text), confirm: (...words) => this.confirm(...words) };
    this.source = new SourceSheet(shared);
    this.stage = new Stage(shared);
    this.overlay = new Overlay({ ...shared, place: this.stage.overlayPlace });
    this.panels = [ConsolePanel, NetworkPanel, StoragePanel, SetDataPanel, PagesPanel, PerformancePanel, PermissionsPanel, BoardPanel].map((Kind) => new Kind(shared));

    this.tabs = make("div", { class: "tabs", role: "tablist", "aria-label": "Tools" }, this.panels.map((panel) => this.tab(panel)));
    this.tabs.addEventListener("keydown", (event) => this.walkTabs(event));
    this.tabs.addEventListener("wheel", (event) => this.tabs.scrollBy(event.deltaX || event.deltaY, 0), { passive: true });
    const pane = make("div", { class: "pane" }, this.tabs, this.panels.map((panel) => panel.element), this.source.element);
    this.layout = new Layout(this.stage.element, pane);

    this.name = make("strong", { class: "program-name" });
    this.version = make("span", { class: "muted" });
    this.state = make("span", { class: "state", role: "status" });
    this.told = make("span", { class: "told muted" });
    this.warnings = make("button", { type: "button", class: "warnings" });
    this.warnings.hidden = true;
    this.themeButton = make("span");
    this.dockButton = make("span");
    this.toasts = make("div", { class: "toasts", role: "status" });
    const top = make("header", { class: "top" },
      make("img", { class: "mark-image", src: "/web/icon.svg", alt: "" }), this.name, this.version, this.state, this.told, make("span", { class: "grow" }), this.warnings,
      iconButton("restart", "Start the program again (from its first page)", () => shared.send({ type: "reload" })),
      this.dockButton, this.themeButton);
    document.body.append(top, this.layout.element, this.toasts);
    this.warnings.addEventListener("click", () => this.showWarnings());
    this.warningList = make("dialog", { class: "dialog" });
    this.question = make("dialog", { class: "dialog" });
    document.body.append(this.warningList, this.question);

    this.store.on(["status", "surroundings", "hello"], () => this.showTop());
    this.store.on(["console", "network", "sets", "used", "hello"], () => this.showBadgesSoon());
    addEventListener("keydown", (event) => this.keys(event));
    addEventListener("resize", () => this.drawControls());
    this.drawControls();
    this.layout.apply();
    this.select(this.named(location.hash.slice(1)) ?? this.panels[0]);
    this.link = new Link((message) => this.receive(message), (here) => document.body.classList.toggle("is-away", !here));
  }

  receive(message) {
    if (message.type === "refused") this.toast(message.text, true);
    else if (message.type === "source") this.source.receive(message);
    else this.store.receive(message);
  }

  // ---------------------------------------------------------------- tabs

  tab(panel) {
    const badge = make("span", { class: "badge" });
    badge.hidden = true;
    const tab = make("button", { type: "button", class: "tab", role: "tab", id: `tab-${panel.name}`, "aria-controls": `panel-${panel.name}`, "aria-selected": "false", tabindex: "-1",
      onclick: () => this.select(panel) }, panel.title, badge);
    panel.tabElement = tab;
    panel.badgeElement = badge;
    return tab;
  }

  named(name) {
    return this.panels.find((panel) => panel.name === name);
  }

  select(panel) {
    for (const other of this.panels) {
      const chosen = other === panel;
      other.tabElement.setAttribute("aria-selected", String(chosen));
      other.tabElement.tabIndex = chosen ? 0 : -1;
      if (!chosen && other.visible) other.hide();
    }
    history.replaceState(null, "", `#${panel.name}`);
    if (!panel.visible) panel.show();
    panel.tabElement.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  walkTabs(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = this.panels.findIndex((panel) => panel.visible);
    const next = this.panels[(at + step + this.panels.length) % this.panels.length];
    this.select(next);
    next.tabElement.focus();
  }

  keys(event) {
    const panel = event.altKey && /^[1-8]$/.test(event.key) ? this.panels[Number(event.key) - 1] : null;
    if (!panel) return;
    event.preventDefault();
    this.select(panel);
    panel.tabElement.focus();
  }

  showBadgesSoon() {
    this.badgeFrame ??= requestAnimationFrame(() => {
      this.badgeFrame = null;
      for (const panel of this.panels) {
        const badge = panel.badge();
        panel.badgeElement.hidden = !badge;
        panel.badgeElement.textContent = badge?.text ?? "";
        panel.badgeElement.dataset.tone = badge?.tone ?? "";
      }
    });
  }

  // ---------------------------------------------------------------- the bar on top

  showTop() {
    const { program, status, running, folder } = this.store;
    this.name.textContent = program?.name ?? folder ?? "";
    this.version.textContent = program ? program.version : "";
    const state = status.state === "running" && !running ? "stopped" : status.state;
    this.state.textContent = STATES[state];
    this.state.dataset.state = state;
    this.told.textContent = status.text;
    const count = status.warnings.length;
    this.warnings.hidden = !count;
    this.warnings.replaceChildren(icon("warn"), counted(count, "warning"));
    document.title = `${status.fault ? "✕ " : ""}${program?.name ?? "Cygnet"} · tools`;
  }

  drawControls() {
    const right = this.layout.dock === "right";
    this.dockButton.replaceChildren(iconButton(right ? "dockBottom" : "dockRight", right ? "Tools below the screen" : "Tools beside the screen", () => {
      this.layout.setDock(right ? "bottom" : "right");
      this.drawControls();
    }));
    const { theme } = this.layout;
    const words = { auto: "as the desktop is", dark: "dark", light: "light" };
    this.themeButton.replaceChildren(iconButton(theme === "light" ? "sun" : "moon", `Tools are ${words[theme]}: make them ${words[THEMES[theme]]}`, () => {
      this.layout.setTheme(THEMES[theme]);
      this.drawControls();
    }));
  }

  showWarnings() {
    const close = make("button", { type: "button", class: "button", onclick: () => this.warningList.close() }, "Close");
    this.warningList.replaceChildren(make("h2", {}, "What the build noticed"),
      make("ul", { class: "warning-list" }, this.store.status.warnings.map((text) => {
        const match = /^(\S+?):(\d+)(?::(\d+))?: (.*)$/s.exec(text);
        if (!match) return make("li", {}, text);
        const place = { file: match[1], line: Number(match[2]), column: Number(match[3] ?? 0) };
        return make("li", {}, make("button", { type: "button", class: "link source-link", onclick: () => {
          this.warningList.close();
          this.source.open(place);
        } }, `${place.file}:${place.line}`), ` ${match[4]}`);
      })),
      make("div", { class: "dialog-buttons" }, close));
    this.warningList.showModal();
  }

  confirm(words, verb, act) {
    const done = (yes) => {
      this.question.close();
      if (yes) act();
    };
    this.question.replaceChildren(make("p", {}, words), make("div", { class: "dialog-buttons" },
      make("button", { type: "button", class: "button", onclick: () => done(false) }, "Cancel"),
      make("button", { type: "button", class: "button danger", onclick: () => done(true) }, verb)));
    this.question.showModal();
  }

  toast(text, bad = false) {
    const box = make("div", { class: bad ? "toast bad" : "toast" }, text);
    this.toasts.append(box);
    setTimeout(() => box.remove(), TOAST_MILLISECONDS);
    while (this.toasts.childElementCount > 3) this.toasts.firstElementChild.remove();
  }
}

new Tools();
