// Which view the URL's hash names: "#/devices/kitchen?window=3600". Each view is opened with what it may use until
// another one takes its place.

import { $, announce, h } from "./dom.js";
import { markView } from "./nav.js";
import { on } from "./state.js";

const routes = []; // [segments of the pattern, open]
let current = null;

/** "/devices/:device" opens a view: open(view) answers when it has drawn itself. */
export const route = (pattern, open) => routes.push([pattern.split("/").filter(Boolean), open]);

/** The path and query of the hash. */
export function place() {
  const [path, query = ""] = location.hash.replace(/^#/, "").split("?", 2);
  return { segments: path.split("/").filter(Boolean).map(decoded), query: new URLSearchParams(query) };
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The hash of a place: to("devices", "kitchen") */
export const to = (...segments) => `#/${segments.map(encodeURIComponent).join("/")}`;

export const goTo = (hash) => (location.hash = hash);

/** Change what stands behind the "?" without another step in the browser's history. */
export function replaceQuery(members) {
  const path = location.hash.split("?", 1)[0] || "#/";
  const query = new URLSearchParams(Object.entries(members).filter(([, value]) => value)).toString();
  history.replaceState(null, "", query ? `${path}?${query}` : path);
}

function found(segments) {
  for (const [pattern, open] of routes) {
    if (pattern.length !== segments.length) continue;
    const params = {};
    if (pattern.every((part, index) => (part.startsWith(":") ? ((params[part.slice(1)] = segments[index]), true) : part === segments[index]))) return [open, params];
  }
  return [nowhere, {}];
}

function nowhere(view) {
  view.title("There is no such page");
  view.box.append(h("div", { class: "panel" }, h("div", { class: "empty" }, h("p", {}, "Nothing is here. "), h("a", { href: "#/" }, "Go to the overview"))));
}

/** Open what the hash names. */
export async function open() {
  current?.close();
  const { segments, query } = place(), [show, params] = found(segments);
  const view = makeView(params, query);
  const moved = current !== null;
  current = view;
  $("view").replaceChildren(view.heading, view.box);
  $("view").setAttribute("aria-busy", "true");
  markView(segments[0] ?? "");
  window.scrollTo(0, 0);
  try {
    await show(view);
  } catch (error) {
    if (view.signal.aborted || error.name === "AbortError") return;
    if (!view.name()) view.title("This cannot be shown");
    view.box.replaceChildren(h("div", { class: "panel" }, h("p", { class: "empty error", role: "alert", dir: "auto" }, error.message)));
  }
  if (view.signal.aborted) return;
  $("view").setAttribute("aria-busy", "false");
  if (moved) {
    const heading = view.heading.querySelector("h1");
    heading.focus({ preventScroll: true });
    announce(heading.textContent);
  }
}

function makeView(params, query) {
  const end = new AbortController(), name = h("h1", { tabindex: "-1", dir: "auto" }), beside = h("div", { class: "beside" });
  return {
    params, query,
    box: h("div", { class: "view" }),
    heading: h("div", { class: "heading" }, name, beside),
    beside,
    signal: end.signal,
    close: () => end.abort(),
    name: () => name.textContent,
    title(text, label = text) {
      name.replaceChildren(label);
      document.title = `${text} – Cygnet fleet`;
    },
    /** Hear of events for as long as the view is open. */
    on(type, hear) {
      end.signal.addEventListener("abort", on(type, hear));
    },
    /** Do it every so many seconds for as long as the view is open and seen. */
    every(seconds, work) {
      const timer = setInterval(() => document.hidden || work(), seconds * 1000);
      end.signal.addEventListener("abort", () => clearInterval(timer));
    },
  };
}
