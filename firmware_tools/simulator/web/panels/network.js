// The network: each request, download, upload and socket, what came of it, and why one was refused.

import { bytes, clock, counted, grid, icon, iconButton, make, milliseconds } from "../dom.js";
import { fromValue, tree } from "../tree.js";
import { Panel, nothing } from "./panel.js";

const KINDS = { request: "request", download: "download", upload: "upload", socket: "socket" };

export class NetworkPanel extends Panel {
  constructor(tools) {
    super(tools, "network", "Network", ["network", "entry", "surroundings"]);
    this.selected = null;
    this.tab = "overview";
    this.words = "";
    this.filter = make("input", { type: "search", class: "field filter", placeholder: "Filter by address", "aria-label": "Filter the network", spellcheck: "false",
      oninput: () => {
        this.words = this.filter.value.trim().toLowerCase();
        this.invalidate();
      } });
    this.sum = make("span", { class: "muted sum" });
    this.body = make("tbody");
    this.table = grid(["Address", "Method", "Status", "Sent#", "Received#", "Time#"], this.body);
    this.place = make("div", { class: "table-place" }, this.table);
    this.detail = make("div", { class: "detail" });
    this.detail.hidden = true;
    this.element.append(
      make("div", { class: "toolbar" }, iconButton("clear", "Clear the network", () => this.send({ type: "clear", panel: "network" })), this.filter, this.sum),
      make("div", { class: "split" }, this.place, this.detail));
    this.store.on("network", () => {
      const entry = this.store.network.get(this.selected);
      if (this.visible && entry) this.send({ type: "entry", id: entry.id });
    });
  }

  badge() {
    const refused = [...this.store.network.values()].filter((entry) => entry.state === "refused" || entry.state === "failed").length;
    return refused ? { text: String(refused), tone: "bad" } : null;
  }

  render() {
    const all = [...this.store.network.values()];
    const entries = all.filter((entry) => !this.words || entry.url.toLowerCase().includes(this.words));
    const received = all.reduce((sum, entry) => sum + entry.received, 0);
    this.sum.textContent = all.length ? `${counted(all.length, "call")}, ${bytes(received)} received` : "";
    const focused = document.activeElement?.dataset?.entry;
    this.body.replaceChildren(...entries.map((entry) => this.row(entry)));
    if (focused) this.body.querySelector(`[data-entry="${focused}"]`)?.focus();
    this.place.querySelector(":scope > .nothing")?.remove();
    this.table.hidden = !entries.length;
    if (!entries.length) this.place.append(nothing("No calls", "Each wx.request, download, upload and socket shows here."));
    this.drawDetail();
  }

  row(entry) {
    const { host, rest } = parts(entry.url);
    const select = () => this.select(entry.id);
    return make("tr", {
      class: `entry state-${entry.state}`, "aria-selected": String(entry.id === this.selected), "data-entry": entry.id, tabindex: "0", onclick: select,
      onkeydown: (event) => {
        if (event.key === "Enter" || event.key === " ") {
          event.preventDefault();
          select();
        }
        const next = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
        if (next) {
          event.preventDefault();
          event.currentTarget[next]?.focus();
        }
      },
    },
      make("td", { class: "address", title: entry.url }, make("span", { class: "rest" }, rest), make("span", { class: "host" }, host)),
      make("td", { class: "method" }, entry.kind === "request" ? entry.method : KINDS[entry.kind]),
      make("td", { class: "status" }, make("span", { class: "pill" }, word(entry))),
      make("td", { class: "number" }, entry.sent ? bytes(entry.sent) : ""),
      make("td", { class: "number" }, entry.received ? bytes(entry.received) : ""),
      make("td", { class: "number" }, milliseconds(entry.ms)));
  }

  select(id) {
    this.selected = this.selected === id ? null : id;
    if (this.selected !== null) this.send({ type: "entry", id });
    this.store.entry = null;
    this.invalidate();
  }

  drawDetail() {
    const entry = this.store.entry;
    this.detail.hidden = this.selected === null || entry?.id !== this.selected;
    if (this.detail.hidden) return;
    const tabs = [["overview", "Overview"], ["headers", "Headers"], ["body", "Body"]];
    if (entry.kind === "socket") tabs[2] = ["messages", `Messages ${entry.messages.length}`];
    if (!tabs.some(([name]) => name === this.tab)) this.tab = "overview";
    const top = this.detail.querySelector(".detail-body")?.scrollTop ?? 0;
    const shown = { overview: () => this.overview(entry), headers: () => headers(entry), body: () => this.bodies(entry), messages: () => this.messages(entry) }[this.tab]();
    this.detail.replaceChildren(
      make("div", { class: "detail-bar" },
        make("div", { class: "subtabs", role: "tablist" }, tabs.map(([name, words]) => make("button", {
          type: "button", role: "tab", class: "subtab", "aria-selected": String(name === this.tab),
          onclick: () => {
            this.tab = name;
            this.invalidate();
          },
        }, words))),
        iconButton("close", "Close", () => this.select(this.selected))),
      make("div", { class: "detail-body" }, shown));
    this.detail.querySelector(".detail-body").scrollTop = top;
  }

  overview(entry) {
    const origin = originOf(entry.url);
    const kind = entry.kind === "socket" ? "socket" : "request";
    const undeclared = entry.state === "refused" && entry.reason.includes("domain list");
    const permission = entry.state === "refused" && /permission (\S+)/.exec(entry.reason)?.[1];
    const allowed = (undeclared && this.store.rules.origins[kind][origin]) || (permission && this.store.rules.permissions[permission]);
    let advice = null;
    if (undeclared || permission) {
      const snippet = undeclared
        ? `"network": { "${kind}": ["${origin}"] }`
        : `"permissions": [{ "name": "${permission}", "reason": "…" }]`;
      advice = make("div", { class: "advice" },
        make("p", {}, "In cygnet.json this would allow it:"),
        make("pre", { class: "code" }, snippet),
        make("button", {
          type: "button", class: "button", disabled: Boolean(allowed),
          onclick: () => this.send(undeclared
            ? { type: "origin", kind, origin, allowed: true }
            : { type: "permission", name: permission, allowed: true }),
        }, allowed ? "Allowed while the tools run" : "Allow while the tools run"));
    }
    const facts = [
      ["Address", entry.url], ["Kind", KINDS[entry.kind]], ["Method", entry.method], ["Status", word(entry)],
      ["Began", clock(this.store.began, entry.time)], ["Took", milliseconds(entry.ms)],
      ["Sent", bytes(entry.sent)], ["Received", bytes(entry.received)],
    ];
    return [
      entry.reason ? make("p", { class: `reason state-${entry.state}` }, icon(entry.state === "closed" ? "info" : "error"), entry.reason) : null,
      advice, definitions(facts),
    ].filter(Boolean);
  }

  bodies(entry) {
    return [["Request", entry.request_body], ["Answer", entry.response_body]].filter(([, text]) => text).flatMap(([title, text]) => [
      make("h3", {}, title), asTree(text) ?? make("pre", { class: "code" }, text),
    ]).concat(entry.request_body || entry.response_body ? [] : [make("p", { class: "muted" }, "Neither side sent a body.")]);
  }

  messages(entry) {
    return entry.messages.length ? entry.messages.map((message) => make("div", { class: `socket-message ${message.direction}` },
      make("time", {}, clock(this.store.began, message.time)), make("span", { class: "arrow", title: message.direction }, message.direction === "sent" ? "↑" : "↓"),
      make("span", { class: "message" }, message.text), make("span", { class: "muted" }, bytes(message.size))))
      : make("p", { class: "muted" }, "No message has gone or come.");
  }
}

function headers(entry) {
  return [["Request", entry.request_header], ["Answer", entry.response_header]].flatMap(([title, header]) => {
    const rows = Object.entries(header);
    return [make("h3", {}, title), rows.length ? definitions(rows) : make("p", { class: "muted" }, "None.")];
  });
}

function definitions(rows) {
  return make("dl", { class: "facts" }, rows.filter(([, value]) => value !== "").flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
}

/** JSON as a tree that is open at its first level; null for what is no JSON object. */
function asTree(text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (value === null || typeof value !== "object") return null;
  return make("div", { class: "values" }, tree(fromValue(value), { open: new Set([""]) }));
}

function word(entry) {
  if (entry.state === "done") return String(entry.status ?? "done");
  return { pending: "waiting", open: "open", closed: "closed", failed: "failed", refused: "refused" }[entry.state];
}

function parts(address) {
  try {
    const url = new URL(address);
    return { host: url.host, rest: (url.pathname === "/" ? "" : url.pathname) + url.search || "/" };
  } catch {
    return { host: "", rest: address || "(no address)" };
  }
}

function originOf(address) {
  try {
    const url = new URL(address);
    return `${url.protocol}//${url.host}`;
  } catch {
    return "";
  }
}
