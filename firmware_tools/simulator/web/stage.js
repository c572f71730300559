// The board's screen in its frame, drawn at the board's size and scaled into the room that there is.

import { iconButton, make } from "./dom.js";

const MARGIN = 28;

export class Stage {
  constructor({ store, send }) {
    this.store = store;
    this.send = send;
    this.screen = make("iframe", { class: "screen", src: "/dev/screen", title: "Screen of the board", allow: "microphone; autoplay" });
    this.bezel = make("div", { class: "bezel" }, this.screen);
    this.caption = make("span", { class: "caption" });
    this.rotate = iconButton("rotate", "Turn the screen", () => this.turn());
    this.theme = make("span");
    this.network = make("span");
    this.bar = make("div", { class: "stage-bar" }, this.caption, make("span", { class: "grow" }), this.rotate, this.theme, this.network,
      make("a", { class: "icon-button", href: "/", target: "_blank", rel: "noopener", title: "The screen alone, in a tab of its own", "aria-label": "The screen alone, in a tab of its own" }, iconOf("external")));
    this.room = make("div", { class: "stage-room" }, this.bezel);
    this.overlayPlace = make("div", { class: "overlay-place" });
    this.element = make("main", { class: "stage", "aria-label": "Board" }, this.bar, this.room, this.overlayPlace);
    new ResizeObserver(() => this.fit()).observe(this.room);
    this.screen.addEventListener("load", () => this.screen.contentWindow.addEventListener("keydown", passKey));
    store.on(["surroundings", "hello"], () => this.show());
  }

  show() {
    const { board, theme, rules } = this.store;
    if (!board) return;
    const dark = theme === "dark";
    this.theme.replaceChildren(iconButton(dark ? "moon" : "sun", dark ? "The board is dark: make it light" : "The board is light: make it dark",
      () => this.send({ type: "theme", theme: dark ? "light" : "dark" })));
    this.network.replaceChildren(iconButton(rules.offline ? "offline" : "online", rules.offline ? "Offline: connect again" : "Online: cut off the network",
      () => this.send({ type: "offline", offline: !rules.offline }), { "aria-pressed": String(rules.offline) }));
    this.fit();
  }

  turn() {
    const { board } = this.store;
    if (board) this.send({ type: "size", width: board.height, height: board.width });
  }

  fit() {
    const { board } = this.store;
    const { clientWidth, clientHeight } = this.room;
    if (!board || !clientWidth || !clientHeight) return;
    const scale = Math.max(0.1, Math.min(1, (clientWidth - MARGIN * 2) / board.width, (clientHeight - MARGIN * 2) / board.height));
    this.screen.style.width = `${board.width}px`;
    this.screen.style.height = `${board.height}px`;
    this.screen.style.transform = `scale(${scale})`;
    this.bezel.style.width = `${board.width * scale}px`;
    this.bezel.style.height = `${board.height * scale}px`;
    this.caption.textContent = `${board.name}  ${board.width} × ${board.height}${scale < 0.995 ? `  ${Math.round(scale * 100)} %` : ""}`;
  }
}

/** The tools' own keys work while the screen has the focus, too. */
function passKey({ key, altKey }) {
  if (key === "Escape" || altKey) dispatchEvent(new KeyboardEvent("keydown", { key, altKey }));
}

function iconOf(name) {
  return iconButton(name, "", () => {}).firstElementChild;
}
