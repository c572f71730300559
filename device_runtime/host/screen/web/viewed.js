// The mark of a screen that an operator of the fleet sees, and who has seen it.

import { make, sign } from "./dom.js";

const OUTCOMES = {
  open: "sees it now", no: "you said no", unanswered: "nobody answered", never: "never allowed", private: "a private page was in front",
  nobody: "no screen was there", busy: "somebody else looked", soon: "asked again too soon", log: "could not be written down",
  bytes: "the limit of bytes was reached", clock: "the clocks differ", person: "you ended it", operator: "the operator ended it",
  time: "the time was over", connection: "the connection broke", stopped: "the device stopped", restart: "the device was started again",
  fault: "a fault of the device",
};

/**
 * The mark. It is in the browser's top layer, where nothing of a program can be but a film that fills the screen: browsers
 * let nothing beside such a film be pressed, so none does while the mark is there.
 */
export class ViewedMark {
  /** @param {() => void} stop ends it */
  constructor(stop) {
    this.words = make("span", { class: "viewed-words" });
    const end = make("button", { type: "button", class: "viewed-stop" }, "Stop");
    end.addEventListener("click", stop);
    this.element = make("aside", { class: "viewed", role: "alert", popover: "manual" }, sign("eye"), this.words, end);
    document.body.append(this.element);
    document.addEventListener("fullscreenchange", () => this.lift());
    this.ticking = 0;
  }

  /** Who sees it, until when (Unix seconds); an empty name takes the mark away. */
  show(by, fleet, until) {
    clearInterval(this.ticking);
    this.shown = Boolean(by);
    document.documentElement.classList.toggle("is-viewed", this.shown);
    if (!this.shown) {
      if (this.element.matches(":popover-open")) this.element.hidePopover();
      return;
    }
    const tell = () => {
      const left = Math.max(0, Math.round(until - Date.now() / 1000));
      this.words.textContent = `“${by}” (${fleet}) sees this screen: ${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")} left`;
    };
    tell();
    this.ticking = setInterval(tell, 1000);
    this.lift();
  }

  lift() {
    if (!this.shown) return;
    if (document.fullscreenElement) document.exitFullscreen().catch(() => {}); // gone by itself
    if (this.element.matches(":popover-open")) this.element.hidePopover();
    this.element.showPopover(); // what comes into the top layer last is in front
  }
}

/** The list of who looked, with the owner's say. */
export class Views {
  /** @param {(setting: string) => void} choose */
  constructor(choose) {
    this.button = make("button", { type: "button", class: "views-button", "aria-label": "Who looked at this screen" }, sign("eye"));
    this.button.hidden = true;
    this.list = make("ul", { class: "views-list" });
    this.setting = make("p", { class: "views-setting" });
    this.choice = make("button", { type: "button", class: "views-choice" });
    this.choice.addEventListener("click", () => choose(this.current === "never" ? "ask" : "never"));
    const close = make("button", { type: "button", class: "round close", "aria-label": "Close" }, sign("close"));
    close.addEventListener("click", () => this.open(false));
    this.panel = make("section", { class: "views", role: "dialog", "aria-label": "Who looked at this screen" },
      make("header", {}, make("h2", {}, "Who looked at this screen"), close), this.setting, this.choice, this.list);
    this.panel.hidden = true;
    this.panel.addEventListener("keydown", (event) => event.key === "Escape" && this.open(false));
    this.button.addEventListener("click", () => this.open(this.panel.hidden));
  }

  open(shown) {
    this.panel.hidden = !shown;
    (shown ? this.panel.querySelector("button") : this.button).focus();
  }

  /** What the device says; without it (a device of no fleet) there is nothing to see. */
  show(setting, entries) {
    this.current = setting;
    this.button.hidden = false;
    this.setting.textContent = {
      ask: "An operator of the fleet may ask to see this screen. You are asked each time.",
      never: "Nobody may see this screen from afar, and nobody asks.",
      always: "The owner of this device lets operators of the fleet see this screen without asking.",
    }[setting] ?? "";
    this.choice.textContent = setting === "never" ? "Let them ask" : "Never allow";
    this.list.replaceChildren(...entries.map(({ by, asked, outcome, seconds }) => make("li", {},
      make("b", {}, by),
      make("span", {}, new Date(asked * 1000).toLocaleString([], { dateStyle: "medium", timeStyle: "short" })),
      make("span", {}, `${seconds ? `saw it for ${seconds} s: ` : ""}${OUTCOMES[outcome] ?? outcome}`))));
    if (!entries.length) this.list.append(make("li", {}, "Nobody has looked, or asked."));
  }
}
