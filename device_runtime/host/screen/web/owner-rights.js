// What the owner may do with what is kept on the device: save a copy, and have it deleted, here and at the fleet.

import { make } from "./dom.js";

const STAGES = {
  wanted: () => "It is being deleted.",
  deleted: (when) => `Deleted here on ${when}.`,
  awaited: (when) => `Deleted here on ${when}. Your fleet is asked to erase what it was told; its receipt is awaited.`,
  erased: (when) => `Deleted here on ${when}. Your fleet has erased what it was told, and its receipt is kept here.`,
};
const AWAY = "The device did not answer. Try again in a moment.";
const FAULT = "The device could not make the copy; its log says why.";
const SAVED = "The copy is saved where this browser keeps downloads. It is yours, and it may be personal: keep it where nobody else reads it.";
const KEPT_MILLISECONDS = 60_000;

export class OwnerRights {
  /**
   * @param {(message: object) => void} send
   * @param {(question: object) => Promise<boolean>} ask asks on this screen
   * @param {(key: string) => void} focus gives the focus to what is drawn anew
   */
  constructor(send, ask, focus) {
    Object.assign(this, { send, ask, focus });
    this.erasures = new Map();
    this.said = new Map();
    this.refused = make("p", { class: "privacy-note" });
    this.save = make("button", { type: "button", class: "views-choice" }, "Save a copy");
    this.save.addEventListener("click", () => this.saveCopy());
    this.saved = make("p", { class: "privacy-note", role: "status" });
    this.all = make("div", { class: "privacy-erase" });
    this.spoken = make("p", { class: "privacy-spoken", role: "status" });
    this.choices = make("div", { class: "privacy-rights" },
      make("p", {}, "A copy holds what your programs keep, what you decided and what was sent, as JSON."),
      this.save, this.saved, this.all);
    this.element = make("section", { class: "privacy-rights", "aria-label": "Your data" },
      make("h3", {}, "Your data"), this.refused, this.choices, this.spoken);
  }

  /** Why who uses the device may do none of this, or nothing; and how far each deletion is. */
  show(refused, erasures, programs) {
    this.allowed = !refused;
    this.refused.textContent = refused;
    this.refused.hidden = this.allowed;
    this.choices.hidden = !this.allowed;
    this.erasures = new Map(erasures.map((erasure) => [erasure.app_id, erasure]));
    const names = new Map(programs.map(({ app_id: appId, name }) => [appId, name]));
    this.speak((appId) => appId ? names.get(appId) ?? appId : "All programs");
    this.all.replaceChildren(...(this.allowed ? this.choice("", "all programs", "Delete what all programs keep") : []));
  }

  /** What stands at the end of a program: how far its deletion is, and the button for it. */
  ofProgram(appId, name) {
    if (!this.allowed) return [];
    return [make("div", { class: "privacy-erase" }, ...this.choice(appId, `“${name}”`, "Delete what this program keeps", `${name}: `))];
  }

  choice(appId, of, words, before = "") {
    const key = `erase ${appId}`;
    const button = make("button", {
      type: "button", class: "views-choice privacy-delete", "data-key": key, ...(before && { "aria-label": before + words }),
    }, words);
    button.addEventListener("click", async () => {
      const agreed = await this.ask({
        title: `Delete what ${of} ${appId ? "keeps" : "keep"}?`, content: question(Boolean(appId)),
        cancelText: "Keep it", confirmText: "Delete", confirmColor: "#ff8a7a", guarded: true,
      });
      if (agreed) this.send({ type: "erase", app_id: appId });
      this.focus(key);
    });
    const stage = this.stage(appId);
    if (!stage) return [button];
    return [make("p", { class: "privacy-note" }, appId ? stage : named("All programs", stage)), button];
  }

  stage(appId) {
    const erasure = this.erasures.get(appId);
    const when = erasure && new Date(erasure.time * 1000).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
    return erasure ? STAGES[erasure.stage](when) : "";
  }

  /** Say to who cannot see it what has got on since it was shown last. */
  speak(nameOf) {
    const before = this.said;
    this.said = new Map([...this.erasures.keys()].map((appId) => [appId, this.stage(appId)]));
    const fresh = [...this.said].filter(([appId, words]) => this.shown && before.get(appId) !== words);
    if (fresh.length) this.spoken.textContent = fresh.map(([appId, words]) => named(nameOf(appId), words)).join(" ");
    this.shown = true;
  }

  async saveCopy() {
    if (this.saving) return;
    this.saving = true;
    this.tell("The copy is being made …");
    try {
      const answer = await fetch("/privacy/copy", { method: "POST" });
      if (!answer.ok) {
        this.tell(answer.status < 500 ? await answer.text() : FAULT, true);
        return;
      }
      const address = URL.createObjectURL(await answer.blob());
      make("a", { href: address, download: `privacy-${new Date().toISOString().slice(0, 10)}.json` }).click();
      setTimeout(() => URL.revokeObjectURL(address), KEPT_MILLISECONDS);
      this.tell(SAVED);
      this.send({ type: "privacy", open: false });
    } catch {
      this.tell(AWAY, true);
    } finally {
      this.saving = false;
    }
  }

  tell(words, failed = false) {
    this.saved.textContent = words.trim();
    this.saved.classList.toggle("privacy-broken", failed);
  }
}

/** A sentence with the name of whom it is about before it. */
function named(name, sentence) {
  return `${name}: ${sentence[0].toLowerCase()}${sentence.slice(1)}`;
}

function question(single) {
  const [it, its, told] = single ? ["It is", "its", "it told"] : ["They are", "their", "they told"];
  return `${it} ended, and ${its} stored values and files on this device are deleted. Your fleet, if the device has one, is asked to `
    + `erase what ${told}. This cannot be undone. What you allowed and refused stays.`;
}
