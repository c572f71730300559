// What programs may collect and send, in plain words, with a yes and a no at each; what was sent; and what the owner may do.

import { make, sign } from "./dom.js";
import { OwnerRights } from "./owner-rights.js";

const PROFILES = [["owner", "Owner"], ["guest", "Guest"], ["child", "Child"]];
const ABOUT = {
  owner: "What you allow here holds until you change it.",
  guest: "A guest has allowed nothing. What is allowed now is forgotten when somebody else uses the device.",
  child: "Nothing is asked of a child. The owner allows, by command, what a child's programs may send.",
};
/** A page that is on its way says it already. */
const SETTLED_MILLISECONDS = 150;

export class Privacy {
  /**
   * @param {(message: object) => void} send
   * @param {(question: object) => Promise<boolean>} ask asks on this screen
   */
  constructor(send, ask) {
    this.send = send;
    this.rights = new OwnerRights(send, ask, (key) => this.focus(key));
    this.button = make("button", { type: "button", class: "views-button privacy-button", "aria-label": "Privacy" }, sign("shield"));
    this.profiles = make("div", { class: "privacy-profiles", role: "radiogroup", "aria-label": "Who uses this device" });
    this.about = make("p", { class: "views-setting" });
    this.programs = make("div", { class: "privacy-programs" });
    this.counts = make("div", { class: "privacy-counts" });
    this.state = make("p", { class: "views-setting" });
    this.list = make("ul", { class: "views-list" });
    const close = make("button", { type: "button", class: "round close", "aria-label": "Close" }, sign("close"));
    close.addEventListener("click", () => this.open(false));
    this.panel = make("section", { class: "views privacy", role: "dialog", "aria-label": "Privacy" },
      make("header", {}, make("h2", {}, "Privacy"), close),
      make("h3", {}, "Who uses this device"), this.profiles, this.about, this.programs, this.counts, this.rights.element,
      make("h3", {}, "What happened"), this.state, this.list);
    this.panel.hidden = true;
    // Of the document: what was chosen is drawn anew, and nothing has the focus for a moment.
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !this.panel.hidden && !event.target.closest?.(".modal, .sheet")) this.open(false);
    });
    this.button.addEventListener("click", () => this.send({ type: "privacy" }));
  }

  open(shown) {
    this.panel.hidden = !shown;
    clearTimeout(this.asking);
    (shown ? this.panel.querySelector("button") : this.button).focus();
  }

  /** What is shown is no longer so: ask for it anew, unless that is on its way. */
  changed() {
    if (this.panel.hidden) return;
    clearTimeout(this.asking);
    this.asking = setTimeout(() => this.send({ type: "privacy", open: false }), SETTLED_MILLISECONDS);
  }

  show({ profile, organisation, programs, counts, entries, faults, refused, erasures, open }) {
    if (this.panel.hidden && !open) return; // closed meanwhile
    clearTimeout(this.asking);
    const held = this.panel.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
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
    this.rights.show(refused, erasures, programs);
    this.profile = profile;
    this.programs.replaceChildren(...programs.map((program) => this.program(program)));
    if (!programs.length) this.programs.append(make("p", { class: "views-setting" }, "There are no programs on this device."));
    this.counts.replaceChildren(...(counts ? told(counts) : []));
    this.state.textContent = faults.length
      ? `Somebody has changed this list: ${faults.join("; ")}.`
      : "Each line is chained to the one before: nothing was changed or left out.";
    this.state.classList.toggle("privacy-broken", faults.length > 0);
    this.list.replaceChildren(...entries.map(({ time, text }) => make("li", {},
      make("span", {}, new Date(time * 1000).toLocaleString([], { dateStyle: "medium", timeStyle: "medium" })), make("b", {}, text))));
    if (this.panel.hidden) this.open(true);
    else if (held) this.focus(held);
  }

  /** Give the focus to what is drawn under this key now. */
  focus(key) {
    this.panel.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
  }

  program({ app_id: appId, name, spoken, seen, items }) {
    const section = make("section", { class: "privacy-program", "aria-label": name }, make("h3", {}, name));
    if (!spoken) section.append(make("p", { class: "privacy-note" }, "Its maker does not say what it sends."));
    if (seen.length) section.append(make("p", { class: "privacy-note" }, `It has had: ${seen.join(", ")}.`));
    if (!items.length) section.append(make("p", { class: "views-setting" }, "It collects and sends nothing."));
    for (const item of items) section.append(this.item(appId, name, item));
    section.append(...this.rights.ofProgram(appId, name));
    return section;
  }

  item(appId, program, { name, sentence, sensitive, standing }) {
    const key = `${appId} ${name}`;
    const box = make("button", {
      type: "button", role: "switch", class: "privacy-switch", "data-key": key,
      "aria-checked": String(standing === "granted"), "aria-label": `${program}: ${sentence}`,
    }, make("span", {}));
    box.disabled = this.profile === "child" && standing !== "granted"; // a child can say no
    box.addEventListener("click", () => this.send({ type: "decide", app_id: appId, item: name, granted: standing !== "granted" }));
    const state = { granted: "Allowed", refused: "Not allowed", unasked: "Not allowed: nobody was asked yet" }[standing];
    return make("div", { class: sensitive ? "privacy-item sensitive" : "privacy-item" }, make("p", {}, sentence),
      make("div", { class: "privacy-choice" }, make("span", {}, state), box));
  }
}

/** How much of the day's budget of counts is told, of how much; `anew` is Unix time in seconds. */
function told({ epsilon, of, anew }) {
  const amount = (number) => number.toLocaleString([], { maximumFractionDigits: 2 });
  const words = `Told in counts today: ${amount(epsilon)} of ${amount(of)} (epsilon)`;
  const part = make("div", { class: "privacy-told" });
  part.style.width = `${Math.min(100, 100 * epsilon / of)}%`;
  const meter = make("div", {
    class: "privacy-meter", role: "meter", "aria-label": "Told in counts today", "aria-valuemin": "0", "aria-valuemax": String(of),
    "aria-valuenow": String(Math.min(epsilon, of)), "aria-valuetext": `${amount(epsilon)} of ${amount(of)} (epsilon)`,
  }, part);
  const when = new Date(anew * 1000).toLocaleTimeString([], { timeStyle: "short" });
  return [
    make("h3", {}, "Counts across your fleet"), make("p", {}, words), meter,
    make("p", { class: "privacy-note" }, "A count is told with noise: what was sent may be a lie, so nobody can hold it against you. "
      + `Epsilon says how much all answers of a day may tell together. The day of counts ends at ${when}.`),
  ];
}
