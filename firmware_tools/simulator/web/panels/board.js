// Board: on what the program runs, and what the world around it does.

import { icon, make, segments } from "../dom.js";
import { Panel } from "./panel.js";

export class BoardPanel extends Panel {
  constructor(tools) {
    super(tools, "board", "Board", ["surroundings", "hello"]);
    this.scroll = make("div", { class: "scroll padded" });
    this.words = make("input", { class: "field", placeholder: "What would be said", "aria-label": "Say to the board", autocomplete: "off" });
    this.say = make("form", { class: "say", onsubmit: (event) => this.speak(event) }, this.words, make("button", { type: "submit", class: "button primary" }, icon("send"), "Say"));
    this.phrases = make("div", { class: "phrases" });
    this.rest = make("div");
    this.element.append(this.scroll);
    this.scroll.append(make("h3", {}, "Say something"), this.say, this.phrases, this.rest);
  }

  speak(event) {
    event.preventDefault();
    const text = this.words.value.trim();
    if (text) this.send({ type: "say", text });
  }

  render() {
    const { board, boards, sizes, theme, rules, program } = this.store;
    this.phrases.replaceChildren(...(program?.phrases ?? []).map((phrase) => make("button", {
      type: "button", class: "chip-button",
      onclick: () => {
        this.words.value = phrase;
        this.send({ type: "say", text: phrase });
      },
    }, phrase)));
    if (!program?.phrases.length) this.phrases.replaceChildren(make("p", { class: "muted" }, "The program declares nothing that can be said."));
    if (!board) return;
    const focused = document.activeElement?.dataset?.focus;
    this.rest.replaceChildren(
      make("h3", {}, "Surroundings"),
      make("div", { class: "settings" },
        make("span", {}, "Theme"), segments("Theme", [["light", "Light"], ["dark", "Dark"]], theme, (value) => this.send({ type: "theme", theme: value })),
        make("span", {}, "Network"), segments("Network", [[false, "Online"], [true, "Offline"]], rules.offline, (value) => this.send({ type: "offline", offline: value }))),
      make("h3", {}, "Board"),
      make("div", { class: "cards" }, boards.map(({ name, description }) => make("button", {
        type: "button", class: "card", "aria-pressed": String(name === board.name), "data-focus": `board ${name}`, onclick: () => this.send({ type: "board", board: name }),
      }, make("strong", {}, name), make("span", { class: "muted" }, description)))),
      make("h3", {}, "Screen"),
      make("div", { class: "sizes" }, sizes.map(({ name, width, height }) => {
        const shape = make("span", { class: "shape" });
        const factor = 44 / Math.max(width, height);
        shape.style.width = `${width * factor}px`;
        shape.style.height = `${height * factor}px`;
        return make("button", {
          type: "button", class: "size", "aria-pressed": String(board.width === width && board.height === height), "data-focus": `size ${width} ${height}`,
          onclick: () => this.send({ type: "size", width, height }),
        }, make("span", { class: "shape-place" }, shape), make("strong", {}, name), make("span", { class: "muted" }, `${width} × ${height}`));
      })));
    if (focused) this.rest.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
  }
}
