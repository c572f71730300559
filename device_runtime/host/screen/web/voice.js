// Asking: the text box, the microphone, and the panel that shows what is heard and answered.

import { make, sign } from "./dom.js";
import { Microphone } from "./microphone.js";

const LINGER_MILLISECONDS = 4500;
const WORDS = {
  wake: "Yes?",
  listening: "Listening …",
  recognised: "",
  rejected: "I did not understand that",
  answer: "",
};

/** A text box and a microphone button: there is one on the launcher and one in the panel. */
function makeAskBar(label, onAsk, onMicrophone) {
  const field = make("input", {
    type: "text", class: "ask-field", placeholder: label, "aria-label": label, maxlength: "500",
    autocomplete: "off", enterkeyhint: "send",
  });
  const send = make("button", { type: "submit", class: "ask-send", "aria-label": "Send the request" }, sign("send"));
  const microphone = make(
    "button", { type: "button", class: "ask-microphone", "aria-label": "Speak", "aria-pressed": "false" },
    sign("microphone"), sign("stop"),
  );
  const form = make("form", { class: "ask" }, microphone, field, send);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text) return;
    field.value = "";
    onAsk(text);
  });
  microphone.addEventListener("click", onMicrophone);
  return { form, field, microphone };
}

export class Voice {
  /**
   * @param {object} options
   * @param {import("./connection.js").Connection} options.connection
   * @param {(text: string) => void} options.onError
   */
  constructor({ connection, onError }) {
    this.connection = connection;
    this.onError = onError;
    this.source = "screen";
    this.timer = 0;
    this.before = null;
    this.microphone = new Microphone(
      (samples) => this.connection.sendAudio(samples),
      (level) => this.orb.style.setProperty("--level", Math.min(1, level * 6).toFixed(3)),
    );
    const ask = (text) => this.ask(text);
    const speak = () => this.toggleMicrophone();
    this.bars = [makeAskBar("Ask for anything", ask, speak), makeAskBar("Type a request", ask, speak)];
    this.homeBar = this.bars[0].form;

    this.orb = make("div", { class: "orb", "aria-hidden": "true" }, make("i"), make("i"), make("i"));
    this.heard = make("p", { class: "heard" });
    this.said = make("p", { class: "said" });
    const close = make("button", { type: "button", class: "round close", "aria-label": "Close" }, sign("close"));
    close.addEventListener("click", () => this.dismiss());
    const words = make("div", { class: "words", role: "status", "aria-live": "polite" }, this.heard, this.said);
    this.panel = make("section", { class: "voice", "aria-label": "Voice" }, this.orb, words, this.bars[1].form, close);
    this.panel.inert = true;
    this.panel.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.dismiss();
    });
    this.player = new Audio();
    this.onMicrophone = () => {};
  }

  /** Which microphone hears: "screen", "device" or "none". */
  configure(source) {
    this.source = source;
    for (const bar of this.bars) bar.microphone.hidden = source === "none";
  }

  // ---------------------------------------------------------------- asking

  ask(text) {
    this.connection.send({ type: "utterance", text });
    this.heard.textContent = text;
    this.said.textContent = "";
    this.show("recognised");
    this.linger();
  }

  /** Open the panel, to type or to speak. */
  open() {
    this.heard.textContent = "";
    this.said.textContent = "What can I do for you?";
    this.before = document.activeElement;
    this.show("ready");
    clearTimeout(this.timer);
    if (this.source === "none") this.bars[1].field.focus();
    else this.bars[1].microphone.focus();
  }

  async toggleMicrophone() {
    if (this.microphone.on) {
      this.stopMicrophone();
      return;
    }
    if (this.source === "screen" && !(await this.turnOn())) return;
    this.connection.send({ type: "listen" });
  }

  /** Let the browser's microphone be heard, without asking for anything; says if it is on. */
  async turnOn() {
    try {
      await this.microphone.start();
    } catch (error) {
      this.onError(error.message);
      this.connection.send({ type: "microphone", state: "refused" });
      return false;
    }
    this.connection.send({ type: "microphone", state: "on" });
    this.press(true);
    return true;
  }

  stopMicrophone() {
    if (this.microphone.on) this.connection.send({ type: "microphone", state: "off" });
    this.microphone.stop();
    this.press(false);
  }

  press(on) {
    for (const bar of this.bars) {
      bar.microphone.setAttribute("aria-pressed", String(on));
      bar.microphone.setAttribute("aria-label", on ? "Stop the microphone" : "Speak");
    }
    this.onMicrophone();
  }

  // ---------------------------------------------------------------- what the device says

  stage(stage, text) {
    if (stage === "idle") {
      if (this.panel.dataset.stage === "listening" || this.panel.dataset.stage === "wake") this.dismiss();
      else if (this.panel.dataset.stage !== "ready") this.linger();
      return;
    }
    if (stage === "recognised") this.heard.textContent = text;
    if (stage === "wake" || stage === "listening") this.heard.textContent = text;
    if (stage === "rejected" && text) this.heard.textContent = text;
    this.said.textContent = stage === "answer" ? text : WORDS[stage] ?? "";
    this.show(stage);
    if (stage === "wake" || stage === "listening") clearTimeout(this.timer);
    else this.linger();
  }

  speech(text, url) {
    this.stage("answer", text);
    if (!url) return;
    this.player.src = url;
    this.player.onended = () => this.linger();
    // A browser may refuse sound before the first touch; the text is there all the same.
    this.player.play().catch((error) => console.info(`the answer was not played: ${error.message}`));
  }

  show(stage) {
    this.panel.dataset.stage = stage;
    this.panel.classList.add("shown");
    this.panel.inert = false;
  }

  linger() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const typing = this.bars[1].field.value !== "";
      const pointed = matchMedia("(hover: hover)").matches && this.panel.matches(":hover");
      if (typing || pointed || !(this.player.paused || this.player.ended)) this.linger();
      else this.dismiss();
    }, LINGER_MILLISECONDS);
  }

  dismiss() {
    clearTimeout(this.timer);
    if (this.panel.contains(document.activeElement)) this.before?.focus?.({ preventScroll: true });
    this.panel.classList.remove("shown");
    this.panel.inert = true;
    this.panel.dataset.stage = "idle";
  }

  /** The device is away: nothing is heard. */
  away() {
    this.stopMicrophone();
    this.dismiss();
  }
}
