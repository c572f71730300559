// Looking at a device's screen: asks, says what the person there answered, and shows it in a sandbox.

import { call, screenEvents } from "./api.js";
import { h } from "./dom.js";
import { bytes } from "./format.js";

const SMALLEST = 120, LARGEST = 8192;
const MOST_REPAIRS = 3;

/** Why a look was refused, or has ended. */
const REASONS = {
  no: "The person at the device said no.", unanswered: "Nobody at the device answered.",
  never: "This device never shows its screen: its owner, or its board’s file, says so.",
  private: "A program with private pages is in front there.", nobody: "No screen of the device is connected, so nobody could see that you look.",
  busy: "Somebody else looks at this device, or is just asking.", soon: "Somebody said no a moment ago: wait a minute before you ask again.",
  log: "The device cannot write down who looks (its disk?), and so shows nothing.", bytes: "The bytes that a look may send are used up.",
  clock: "The clocks of the fleet and the device differ by more than a minute, or the device was just started.",
  unsupported: "This device cannot show its screen.", silent: "The device does not answer: its software may be too old.",
  person: "The person at the device ended it.", operator: "An operator ended it.", time: "The time is over.",
  connection: "The connection to the device, or the broker, broke.", stopped: "The device stops.",
  unwatched: "Nobody watched any more.", fault: "The device made a fault; its log says which.",
};

/**
 * Mount the panel for one device into an element (`data-slot="screen"` of the device's view). Gives a function that takes
 * it away, which ends the look.
 */
export function mountScreen(place, device) {
  const panel = new ScreenPanel(device);
  place.replaceChildren(panel.element);
  return () => panel.close();
}

class ScreenPanel {
  constructor(device) {
    this.device = device;
    this.path = `/api/devices/${encodeURIComponent(device)}/screen`;
    this.word = h("p", { class: "screen-word", role: "status" }, "You see the screen if the person at the device allows it.");
    this.ask = h("button", { type: "button", class: "primary", onclick: () => this.begin() }, "Ask to see the screen");
    this.stop = h("button", { type: "button", hidden: true, onclick: () => this.end() }, "End");
    this.used = h("span", { class: "sub" });
    this.place = h("div", { class: "screen-place", hidden: true });
    this.element = h("section", { class: "screen-panel", "aria-label": "Screen" },
      h("div", { class: "screen-head" }, this.word, this.used, this.ask, this.stop), this.place);
    this.resizing = new ResizeObserver(() => this.fit());
    this.resizing.observe(this.place);
    this.hear = (event) => this.heard(event);
    addEventListener("message", this.hear);
    this.following = null;
    this.repairs = 0;
  }

  async begin() {
    this.show("Asking …", true);
    this.repairs = 0;
    try {
      const { id } = await call("POST", this.path, { body: {} });
      await this.follow(id);
    } catch (error) {
      this.show(error.message, false);
    }
  }

  /** Follow a look to its end; a picture that broke is begun anew. */
  async follow(id) {
    const following = this.following = new AbortController();
    let last = null;
    try {
      for await (const event of screenEvents(this.path, id, following.signal)) {
        last = event;
        this.take(event);
      }
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    }
    if (this.following !== following) return;
    if (this.again) {
      this.again = false;
      await this.follow(id);
      return;
    }
    if (!last || last.state === "asked" || last.state === "shown") this.show("The fleet does not answer any more.", false);
    this.clear();
  }

  take({ state, reason, until, whole, sent, limit, messages }) {
    if (state === "asked") this.show("The person at the device is asked …", true);
    else if (state === "shown") {
      const time = new Date(until * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
      this.show(`You see the screen, until ${time} at the latest. The device shows that you do.`, true);
    } else this.show(REASONS[reason] ?? `It has ended (${reason}).`, false);
    if (messages) {
      this.used.textContent = `${bytes(sent)}${limit ? ` of ${bytes(limit)}` : ""}`;
      if (whole) this.open();
      this.send(messages);
    }
  }

  show(text, busy) {
    this.word.textContent = text;
    this.ask.hidden = busy;
    this.stop.hidden = !busy;
  }

  // ---------------------------------------------------------------- the sandbox

  open() {
    if (this.frame) return;
    this.waiting = [];
    // Scripts, and nothing else: it has no origin, so it reaches neither this page nor the fleet's API.
    this.frame = h("iframe", { class: "screen-frame", sandbox: "allow-scripts", title: `Screen of ${this.device}`, src: "/screen/frame.html", tabindex: "-1" });
    this.place.replaceChildren(this.frame);
    this.place.hidden = false;
    this.size = null;
    this.fit();
  }

  send(messages) {
    if (this.waiting) this.waiting.push(...messages);
    else this.frame?.contentWindow.postMessage(messages, "*");
  }

  /** The frame says that it is there, how large the screen is, or that the picture broke; it is not trusted. */
  heard({ source, data }) {
    if (!this.frame || source !== this.frame.contentWindow || data === null || typeof data !== "object") return;
    if (data.type === "ready" && this.waiting) {
      const { waiting } = this;
      this.waiting = null;
      this.send(waiting);
    } else if (data.type === "size") {
      const side = (value, otherwise) => (Number.isFinite(value) ? Math.min(LARGEST, Math.max(SMALLEST, Math.round(value))) : otherwise);
      this.size = { width: side(data.width, 1024), height: side(data.height, 600) };
      this.fit();
    } else if (data.type === "broken" && this.repairs < MOST_REPAIRS && !this.again) {
      this.repairs += 1;
      this.again = true;
      this.following?.abort();
    }
  }

  /** The screen in its own size, made as small as the place is wide. */
  fit() {
    if (!this.frame) return;
    const { width, height } = this.size ?? { width: 1024, height: 600 };
    const scale = Math.min(1, (this.place.clientWidth || width) / width);
    Object.assign(this.frame.style, { width: `${width}px`, height: `${height}px`, transform: `scale(${scale})` });
    this.place.style.height = `${Math.ceil(height * scale)}px`;
  }

  clear() {
    this.frame?.remove();
    this.frame = null;
    this.waiting = null;
    this.place.hidden = true;
    this.used.textContent = "";
  }

  // ---------------------------------------------------------------- the end

  async end() {
    try {
      await call("DELETE", this.path);
    } catch (error) {
      this.show(error.message, true);
    }
  }

  close() {
    if (!this.stop.hidden) this.end();
    this.following?.abort();
    this.following = null;
    removeEventListener("message", this.hear);
    this.resizing.disconnect();
    this.element.remove();
  }
}
