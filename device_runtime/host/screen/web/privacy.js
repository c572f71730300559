// What programs may collect and send, in plain words, with a yes and a no at each; and what was sent.

import { make, sign } from "./dom.js";

const PROFILES = [["owner", "Owner"], ["guest", "Guest"], ["child", "Child"]];
const ABOUT = {
  owner: "What you allow here holds until you change it.",
  guest: "A guest has allowed nothing. What is allowed now is forgotten when somebody else uses the device.",
  child: "Nothing is asked of a child. The owner allows, by command, what a child's programs may send.",
};

export class Privacy {
  /** @param {(message: object) => void} send */
  constructor(send) {
    this.send = send;
    this.button = make("button", { type: "button", class: "views-button privacy-button", "aria-label": "Privacy" }, sign("shield"));
    this.profiles = make("div", { class: "privacy-profiles", role: "radiogroup", "aria-label": "Who uses this device" });
    this.about = make("p", { class: "views-setting" });
    this.programs = make("div", { class: "privacy-programs" });
    this.state = make("p", { class: "views-setting" });
    this.list = make("ul", { class: "views-list" });
    const close = make("button", { type: "button", class: "round close", "aria-label": "Close" }, sign("close"));
    close.addEventListener("click", () => this.open(false));
    this.panel = make("section", { class: "views privacy", role: "dialog", "aria-label": "Privacy" },
      make("header", {}, make("h2", {}, "Privacy"), close),
      make("h3", {}, "Who uses this device"), this.profiles, this.about, this.programs,
      make("h3", {}, "What happened"), this.state, this.list);
    this.panel.hidden = true;
    // Of the document: what was chosen is drawn anew, and nothing has the focus for a moment.
    document.addEventListener("keydown", (event) => event.key === "Escape" && !this.panel.hidden && this.open(false));
    this.button.addEventListener("click", () => this.send({ type: "privacy" }));
  }

  open(shown) {
    this.panel.hidden = !shown;
    (shown ? this.panel.querySelector("button") : this.button).focus();
  }

  show({ profile, organisation, programs, entries, faults }) {
    const held = document.activeElement?.dataset?.key;
    this.profiles.replaceChildren(...PROFILES.map(([name, words]) => {
      const choice = make("button", {
        type: "button", role: "radio", class: "privacy-profile", "aria-checked": String(name === profile), "data-key": `profile ${name}`,
      }, words);
      choice.addEventListener("click", () => this.send({ type: "profile", profile: name }));
      return choice;
    }));
    this.about.textContent = organisation
      ? `This device belongs to ${organisation}: what the programs say that they send is allowed, unless you refuse it here.`
      : ABOUT[profile];
    this.programs.replaceChildren(...programs.map((program) => this.program(program)));
    if (!programs.length) this.programs.append(make("p", { class: "views-setting" }, "There are no programs on this device."));
    this.state.textContent = faults.length
      ? `Somebody has changed this list: ${faults.join("; ")}.`
      : "Each line is chained to the one before: nothing was changed or left out.";
    this.state.classList.toggle("privacy-broken", faults.length > 0);
    this.list.replaceChildren(...entries.map(({ time, text }) => make("li", {},
      make("span", {}, new Date(time * 1000).toLocaleString([], { dateStyle: "medium", timeStyle: "medium" })), make("b", {}, text))));
    if (this.panel.hidden) this.open(true);
    else if (held) this.panel.querySelector(`[data-key="${CSS.escape(held)}"]`)?.focus();
  }

  program({ app_id: appId, name, spoken, seen, items }) {
    const section = make("section", { class: "privacy-program", "aria-label": name }, make("h3", {}, name));
    if (!spoken) section.append(make("p", { class: "privacy-note" }, "Its maker does not say what it sends."));
    if (seen.length) section.append(make("p", { class: "privacy-note" }, `It has had: ${seen.join(", ")}.`));
    if (!items.length) section.append(make("p", { class: "views-setting" }, "It collects and sends nothing."));
    for (const item of items) section.append(this.item(appId, name, item));
    return section;
  }

  item(appId, program, { name, sentence, sensitive, standing }) {
    const key = `${appId} ${name}`;
    const box = make("button", {
      type: "button", role: "switch", class: "privacy-switch", "data-key": key,
      "aria-checked": String(standing === "granted"), "aria-label": `${program}: ${sentence}`,
    }, make("span", {}));
    box.addEventListener("click", () => this.send({ type: "decide", app_id: appId, item: name, granted: standing !== "granted" }));
    const state = { granted: "Allowed", refused: "Not allowed", unasked: "Not allowed: nobody was asked yet" }[standing];
    return make("div", { class: sensitive ? "privacy-item sensitive" : "privacy-item" }, make("p", {}, sentence),
      make("div", { class: "privacy-choice" }, make("span", {}, state), box));
  }
}
