// The tags of a device, edited where they stand.

import { call, segment } from "./api.js";
import { announce, h, toast } from "./dom.js";
import { may, press } from "./session.js";
import { called, state } from "./state.js";

/** Its tags with buttons to take one away and to add one; `changed` hears what it has then. */
export function tagEditor(device, tags, changed = () => null) {
  const box = h("div", { class: "tags" });
  const draw = (adding = false) => {
    const input = adding ? newTag() : null;
    box.replaceChildren(
      ...tags.map((tag) => h("span", { class: "tag" }, tag,
        may("operator") ? h("button", { type: "button", class: "quiet", "aria-label": `Take the tag ${tag} away from ${called(device)}`, onclick: () => change({ remove: [tag] }) }, "✕") : null)),
      input ?? press("+ tag", { class: "quiet add-tag", "aria-label": `Add a tag to ${called(device)}`, onclick: () => draw(true) }));
    input?.querySelector("input").focus();
  };
  const newTag = () => {
    const input = h("input", { "aria-label": `New tag of ${called(device)}`, list: "known-tags", size: 12, maxlength: 64, autocapitalize: "none", autocomplete: "off", spellcheck: "false" });
    input.addEventListener("keydown", (event) => event.key === "Escape" && draw());
    return h("form", { class: "new-tag", onsubmit: (event) => {
      event.preventDefault();
      if (input.value.trim()) change({ add: [input.value.trim()] });
      else draw();
    } }, input, h("button", { class: "small" }, "Add"), h("datalist", { id: "known-tags" }, ...state.overview.tags.map(([tag]) => h("option", { value: tag }))));
  };
  const change = async (body) => {
    try {
      ({ tags } = await call("PATCH", `/api/devices/${segment(device.id)}/tags`, { body }));
    } catch (refusal) {
      toast(refusal.message, true);
      return;
    }
    announce(`${called(device)} has ${tags.length ? `the tags ${tags.join(", ")}` : "no tags"}`);
    draw();
    box.querySelector(".add-tag")?.focus();
    changed(tags);
  };
  draw();
  return box;
}
