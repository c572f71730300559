// Groups: lists of devices, and queries that take whoever fits.

import { call, query, segment } from "./api.js";
import { confirmThat, field, h, panel, redrawWhen, said, toast } from "./dom.js";
import { many } from "./format.js";
import { goTo, to } from "./router.js";
import { deviceField, queryField } from "./search.js";
import { press } from "./session.js";
import { paced, state } from "./state.js";

const ON_A_PAGE = 100;

export async function showGroups(view) {
  view.title("Groups");
  const list = h("div");
  const load = async () => {
    const { groups } = await call("GET", "/api/groups", { signal: view.signal });
    redrawWhen(list, groups, () => (groups.length ? [h("ul", { class: "cards" }, ...groups.map(groupCard))] : [h("p", { class: "empty" }, "No group yet. A rollout goes to a group.")]));
  };
  view.box.append(h("div", { class: "columns" }, panel("Groups of this fleet", null, list), panel("New group", null, newGroup(view))));
  view.on("overview", paced(load, 3000)); // who fits a query changes with what devices report
  await load();
}

function groupCard(group) {
  return h("li", { class: "card" },
    h("div", { class: "card-head" }, h("a", { href: to("groups", group.name) }, said(group.name)), h("span", { class: "badge k-faint" }, many(group.devices, "device"))),
    h("div", { class: "sub" }, group.query === null ? "a list" : said(group.query, { class: "mono" })),
    group.description ? h("div", { class: "sub" }, said(group.description)) : null);
}

function newGroup(view) {
  const name = field("Name", h("input", { required: true, pattern: "[a-z0-9][a-z0-9._\\-]{0,63}", placeholder: "beta", autocapitalize: "none", autocomplete: "off", spellcheck: "false", title: "lower-case letters, digits, dots, underscores and hyphens" }));
  const description = field("What it is for", h("input", { maxlength: 200 }));
  const taking = queryField("Query", { hint: "Facts: id, name, board, runtime, status, tag; program(app id) < version code; and, or, not.", signal: view.signal });
  const members = field("Devices", h("textarea", { rows: 4, placeholder: "kitchen-1\nkitchen-2", spellcheck: "false", autocapitalize: "none" }), { hint: "Their ids, one a line.", wide: true });
  const kind = (value, text, checked) => h("label", { class: "choice" }, h("input", { type: "radio", name: "group-kind", value, checked, onchange: () => choose(value) }), h("span", {}, text));
  let chosen = "query";
  const choose = (value) => {
    chosen = value;
    taking.row.hidden = value !== "query";
    members.row.hidden = value === "query";
  };
  const submit = async (event) => {
    event.preventDefault();
    for (const one of [name, description, taking, members]) one.fail("");
    const content = chosen === "query" ? { query: taking.text() } : { devices: members.control.value.split(/[\s,]+/).filter(Boolean) };
    try {
      const group = await call("POST", "/api/groups", { body: { name: name.control.value, description: description.control.value, ...content } });
      toast(`The group ${group.name} takes ${many(group.devices, "device")} now.`);
      goTo(to("groups", group.name));
    } catch (refusal) {
      const at = /description/.test(refusal.message) ? description : /query/.test(refusal.message) ? taking : /^device|enrolled/.test(refusal.message) ? members : name;
      at.fail(refusal.message);
      at.control.focus();
    }
  };
  const form = h("form", { class: "form", onsubmit: submit },
    name.row, description.row,
    h("fieldset", { class: "choices" }, h("legend", {}, "Takes"), kind("query", "whoever fits a query", true), kind("list", "a list of devices", false)),
    taking.row, members.row,
    h("div", { class: "buttons" }, press("Make the group", { class: "primary", onclick: () => form.requestSubmit() })));
  choose("query");
  return form;
}

export async function showGroup(view) {
  const name = view.params.group, path = `/api/groups/${segment(name)}`;
  let group = await call("GET", path, { signal: view.signal });
  view.title(name, said(name));
  view.beside.append(
    press("Delete…", { class: "danger quiet-danger", onclick: () => confirmThat(`Delete the group ${name}?`, {
      what: "Its devices stay, and so do rollouts that have ended. A group that a rollout still needs cannot be deleted.",
      yes: "Delete the group",
      bad: true,
      act: async () => {
        await call("DELETE", path);
        toast(`The group ${name} is deleted.`);
        goTo("#/groups");
      },
    }) }),
    press("New rollout", { class: "primary", onclick: () => goTo(`#/rollouts/new?${query({ group: name })}`) }));
  const about = h("div"), members = h("div");
  view.box.append(h("div", { class: "columns" }, panel("What it takes", null, about), panel("In it now", null, members)));
  let shown = ON_A_PAGE;
  const draw = () => redrawWhen(members, [group.members, shown], () => memberList(group, path, shown, changed, () => {
    shown += ON_A_PAGE;
    draw();
  }));
  const changed = async () => {
    group = await call("GET", path, { signal: view.signal });
    draw();
  };
  about.replaceChildren(groupForm(view, group, path, changed));
  view.on("overview", paced(changed, 3000));
  draw();
}

function groupForm(view, group, path, changed) {
  const description = field("What it is for", h("input", { maxlength: 200, value: group.description }));
  const taking = group.query === null ? null : queryField("Query", { value: group.query, signal: view.signal });
  const more = group.query === null ? deviceField("Add a device") : null;
  if (more) more.control.required = false;
  const submit = async (event) => {
    event.preventDefault();
    const added = more?.control.value.trim(), body = { description: description.control.value, ...(taking ? { query: taking.text() } : {}), ...(added ? { add: [added] } : {}) };
    for (const one of [description, taking, more]) one?.fail("");
    try {
      await call("PATCH", path, { body });
      if (more) more.control.value = "";
      toast(`The group ${group.name} is changed.`);
      await changed();
    } catch (refusal) {
      (/description/.test(refusal.message) ? description : (taking ?? more)).fail(refusal.message);
    }
  };
  const form = h("form", { class: "form", onsubmit: submit }, taking?.row, more?.row, description.row,
    h("div", { class: "buttons" }, press(more ? "Change the group" : "Change the query", { class: "primary", onclick: () => form.requestSubmit() })));
  return form;
}

function memberList(group, path, shown, changed, more) {
  const { members } = group;
  if (!members.length) return [h("p", { class: "empty" }, "No device is in it now.")];
  const remove = (device) => confirmThat(`Take ${device} out of ${group.name}?`, {
    what: "The device stays. A rollout that still goes on leaves it out if its turn has not come; if it has, the device keeps what it got.",
    yes: "Take it out",
    act: async () => {
      await call("PATCH", path, { body: { remove: [device] } });
      await changed();
    },
  });
  return [
    h("p", { class: "hint pad" }, `${many(members.length, "device")} of ${state.overview.devices.toLocaleString()}`),
    h("ul", { class: "lines" }, ...members.slice(0, shown).map((device) => h("li", {},
      h("a", { href: to("devices", device) }, said(device)),
      group.query === null ? press("✕", { class: "quiet", "aria-label": `Take ${device} out of ${group.name}`, onclick: () => remove(device) }) : null))),
    members.length > shown ? h("div", { class: "panel-foot" }, h("button", { type: "button", onclick: more }, `Show ${Math.min(ON_A_PAGE, members.length - shown)} more`)) : null,
  ];
}
