// The icons of the views: strokes on a 24 × 24 ground, in the colour of the text beside them.

import { svg } from "./dom.js";

const PATHS = {
  overview: "M4 13h6V4H4zM14 20h6v-9h-6zM4 20h6v-3H4zM14 7h6V4h-6z",
  devices: "M4 5h16v11H4zM9 20h6M12 16v4",
  groups: "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM16 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2.500 19c.5-3 2.700-4.500 5.500-4.500s5 1.500 5.500 4.500M15 14.500c3.300-.3 5.800 1.300 6.500 4.500",
  rollouts: "M4 19h4v-4H4zM10 19h4V11h-4zM16 19h4V5h-4z",
  releases: "M4 8l8-4 8 4v8l-8 4-8-4zM4 8l8 4 8-4M12 12v8",
  telemetry: "M3 13h4l3-8 4 14 3-8h4",
  identity: "M8 16a4.500 4.500 0 1 0 0-9 4.500 4.500 0 0 0 0 9zM12.500 11.500H21V15M17 11.500V14",
  trust: "M12 3l7 3v5c0 5-3 8-7 10-4-2-7-5-7-10V6zM9 12l2 2 4-4",
  audit: "M6 3h9l4 4v14H6zM9 12h7M9 16h7M9 8h3",
  operators: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 20c1-4 4-5.500 8-5.500s7 1.500 8 5.500",
  more: "M5 12h.01M12 12h.01M19 12h.01",
};

/** The icon of this name. */
export const icon = (name) => svg("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true", fill: "none", stroke: "currentColor", "stroke-width": name === "more" ? 3 : 1.6, "stroke-linecap": "round", "stroke-linejoin": "round" }, svg("path", { d: PATHS[name] }));
