// The launcher: the time, what can be said, and the installed programs.

import { make } from "./dom.js";

const HINT_MILLISECONDS = 5000;

/** A steady hue for a program without an icon. */
function hueOf(name) {
  let hue = 0;
  for (const letter of name) hue = (hue * 31 + letter.codePointAt(0)) % 360;
  return hue;
}

/** A program's icon: its own, or its first letter on a colour of its own. */
export function makeIcon(program) {
  const letter = make("span", { class: "icon-letter" }, [...program.name][0] ?? "·");
  const box = make("span", { class: "icon", "aria-hidden": "true" }, letter);
  box.style.setProperty("--hue", String(hueOf(program.app_id)));
  if (program.icon) {
    const path = program.icon.replace(/^\/+/, "").split("/").map(encodeURIComponent).join("/");
    const image = make("img", { alt: "", src: `/program/${encodeURIComponent(program.app_id)}/${program.version}/${path}` });
    image.addEventListener("load", () => box.classList.add("has-image"));
    box.append(image);
  }
  return box;
}

export class Home {
  constructor({ launch, askBar }) {
    this.launch = launch;
    this.phrases = [];
    this.phrase = 0;
    this.time = make("time", { class: "clock" });
    this.date = make("p", { class: "date" });
    this.hint = make("p", { class: "hint-phrase" });
    this.grid = make("ul", { class: "tiles", "aria-label": "Programs" });
    this.empty = make("p", { class: "empty" }, "No programs are installed yet. They appear here as soon as the fleet sends them.");
    this.name = make("p", { class: "device-name" });
    this.element = make(
      "main", { class: "home" },
      make("div", { class: "idle" }, this.name, this.time, this.date,
        make("div", { class: "hint" }, make("p", { class: "hint-title" }, "Try saying"), this.hint)),
      make("div", { class: "shelf" }, this.grid, this.empty),
      askBar,
    );
    this.tick();
    setInterval(() => this.nextHint(), HINT_MILLISECONDS);
  }

  tick() {
    const now = new Date();
    const parts = new Intl.DateTimeFormat([], { hour: "numeric", minute: "2-digit" }).formatToParts(now);
    const period = parts.find((part) => part.type === "dayPeriod")?.value ?? "";
    const digits = parts.filter((part) => part.type !== "dayPeriod").map((part) => part.value).join("").trim();
    this.time.replaceChildren(digits, make("small", {}, period));
    this.date.textContent = now.toLocaleDateString([], { weekday: "long", day: "numeric", month: "long" });
    setTimeout(() => this.tick(), 60_000 - (now.getTime() % 60_000) + 50);
  }

  show(name, programs) {
    if (name !== null) this.name.textContent = name;
    this.grid.replaceChildren(...programs.map((program) => {
      const tile = make("button", { type: "button", class: "tile" }, makeIcon(program), make("span", { class: "tile-name" }, program.name));
      if (program.stopped) tile.append(make("span", { class: "tile-state" }, "Stopped"));
      tile.addEventListener("click", () => this.launch(program.app_id));
      return make("li", {}, tile);
    }));
    this.empty.hidden = programs.length > 0;
    // Take turns between the programs, so that each is heard of soon.
    const longest = Math.max(0, ...programs.map((program) => program.phrases.length));
    this.phrases = [];
    for (let index = 0; index < longest; index += 1) {
      for (const program of programs) if (program.phrases[index]) this.phrases.push(program.phrases[index]);
    }
    this.phrase = 0;
    this.showHint();
  }

  nextHint() {
    if (this.phrases.length < 2 || document.hidden) return;
    this.phrase = (this.phrase + 1) % this.phrases.length;
    this.showHint();
  }

  showHint() {
    const phrase = this.phrases[this.phrase];
    this.hint.parentElement.hidden = !phrase;
    if (!phrase) return;
    const fresh = make("p", { class: "hint-phrase" }, `“${phrase}”`);
    this.hint.replaceWith(fresh);
    this.hint = fresh;
  }
}
