// Building the screen's own elements.

export { make } from "./components/component.js";

const SVG = "http://www.w3.org/2000/svg";
const SIGNS = {
  back: ["M15 5l-7 7 7 7"],
  next: ["M9 5l7 7-7 7"],
  home: ["M4 11.5L12 4.5l8 7", "M6.5 10v9.5h11V10"],
  microphone: ["M12 3.5a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0v-5a3 3 0 0 0-3-3z", "M5.5 11.5a6.5 6.5 0 0 0 13 0", "M12 18v3"],
  stop: ["M7 7h10v10H7z"],
  send: ["M5 12h13", "M12.5 6l6 6-6 6"],
  share: ["M12 15.5V4", "M8 7.5L12 3.5l4 4", "M6.5 11v9h11v-9"],
  close: ["M6.5 6.5l11 11", "M17.5 6.5l-11 11"],
  success: ["M4.5 12.8l5 5L19.5 7"],
  error: ["M6.5 6.5l11 11", "M17.5 6.5l-11 11"],
  eye: ["M2.5 12c2.6-4.3 5.8-6.5 9.5-6.5s6.9 2.2 9.5 6.5c-2.6 4.3-5.8 6.5-9.5 6.5S5.1 16.3 2.5 12z", "M12 9.2a2.8 2.8 0 1 0 0 5.6a2.8 2.8 0 0 0 0-5.6z"],
  shield: ["M12 3.2l7 2.6v5.4c0 4.4-2.8 7.8-7 9.6c-4.2-1.8-7-5.2-7-9.6V5.8z", "M8.8 11.8l2.4 2.4l4.2-4.4"],
  warn: ["M12 5v9", "M12 18.5v.3"],
};

/** One of the screen's line drawings; decoration only, so the element around it carries the name. */
export function sign(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "sign");
  svg.setAttribute("aria-hidden", "true");
  for (const line of SIGNS[name] ?? []) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", line);
    svg.append(path);
  }
  return svg;
}
