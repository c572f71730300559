// Permissions: what the manifest asks for, what the program used, and what the developer lets it do for now.

import { icon, make, segments } from "../dom.js";
import { Panel, nothing } from "./panel.js";

const CHOICES = [[null, "Manifest"], [true, "Allow"], [false, "Deny"]];

export class PermissionsPanel extends Panel {
  constructor(tools) {
    super(tools, "permissions", "Permissions", ["surroundings", "used", "hello"]);
    this.scroll = make("div", { class: "scroll padded" });
    this.element.append(this.scroll);
  }

  badge() {
    const { used } = this.store;
    const refused = Object.values(used.refused).reduce((sum, count) => sum + count, 0);
    return refused ? { text: String(refused), tone: "bad" } : null;
  }

  render() {
    const { program, used, rules } = this.store;
    if (!program) {
      this.scroll.replaceChildren(nothing("No program yet", "It has not been built."));
      return;
    }
    const focused = document.activeElement?.closest?.(".rule-row")?.dataset.rule;
    const asked = new Map(program.permissions.map((item) => [item.name, item.reason]));
    const names = [...new Set([...asked.keys(), ...Object.keys(used.permissions), ...Object.keys(used.refused), ...Object.keys(rules.permissions)])];
    const changed = Object.keys(rules.permissions).length + Object.keys(rules.origins.request).length + Object.keys(rules.origins.socket).length;
    this.scroll.replaceChildren(
      changed ? make("p", { class: "notice" }, icon("info"), "A choice here holds while the tools run. A device knows the manifest only.") : "",
      make("h3", {}, "Permissions"),
      names.length ? make("div", { class: "rules" }, names.map((name) => this.row({
        rule: `permission ${name}`, name, told: asked.has(name) ? asked.get(name) || "asked for, without a reason" : "not in the manifest",
        asked: asked.has(name), used: used.permissions[name] ?? 0, refused: used.refused[name] ?? 0, value: rules.permissions[name] ?? null,
        choose: (allowed) => this.send({ type: "permission", name, allowed }),
      }))) : make("p", { class: "muted" }, "The manifest asks for none, and the program has used none."),
      ...[["request", "Servers: requests, downloads, uploads"], ["socket", "Servers: sockets"]].flatMap(([kind, title]) => this.origins(kind, title)),
    );
    if (focused) [...this.scroll.querySelectorAll(".rule-row")].find((row) => row.dataset.rule === focused)?.querySelector("[aria-checked=true]")?.focus();
  }

  origins(kind, title) {
    const { program, used, rules } = this.store;
    const declared = program.origins[kind];
    const all = [...new Set([...declared, ...Object.keys(used[kind]), ...Object.keys(rules.origins[kind])])];
    return [make("h3", {}, title), all.length ? make("div", { class: "rules" }, all.map((origin) => this.row({
      rule: `${kind} ${origin}`, name: origin, told: declared.includes(origin) ? "declared" : "not declared in the manifest",
      asked: declared.includes(origin), used: used[kind][origin] ?? 0, refused: 0, value: rules.origins[kind][origin] ?? null,
      choose: (allowed) => this.send({ type: "origin", kind, origin, allowed }),
    }))) : make("p", { class: "muted" }, "None is declared, and none was asked for.")];
  }

  row({ rule, name, told, asked, used, refused, value, choose }) {
    const words = rule.startsWith("permission") ? "used" : "asked for";
    return make("div", { class: "rule-row", "data-rule": rule },
      make("span", { class: `dot ${(value ?? asked) ? "good" : "bad"}`, title: (value ?? asked) ? "allowed" : "refused" }),
      make("div", { class: "rule-words" }, make("strong", {}, name), make("span", { class: "muted" }, told)),
      make("span", { class: "count" }, used ? `${words} ${used} ×` : "", refused ? make("span", { class: "bad" }, ` refused ${refused} ×`) : ""),
      segments(`${name}`, CHOICES, value, choose));
  }
}
