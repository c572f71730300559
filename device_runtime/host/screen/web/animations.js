// Animations that programs make by code: the attribute `animation` (wx.createAnimation) and this.animate.

import { number, text } from "./components/component.js";

const MAX_STEPS = 256;
const MAX_FRAMES = 256;
const MAX_MILLISECONDS = 3_600_000;
/** Functions of `transform`, with the unit of each argument. */
const TRANSFORMS = {
  matrix: ["", 6], matrix3d: ["", 16], rotate: ["deg", 1], rotateX: ["deg", 1], rotateY: ["deg", 1], rotateZ: ["deg", 1],
  scale: ["", 2], scale3d: ["", 3], scaleX: ["", 1], scaleY: ["", 1], scaleZ: ["", 1], skew: ["deg", 2], skewX: ["deg", 1],
  skewY: ["deg", 1], translate: ["px", 2], translate3d: ["px", 3], translateX: ["px", 1], translateY: ["px", 1], translateZ: ["px", 1],
};
const STYLES = new Set([
  "opacity", "background-color", "width", "height", "top", "right", "bottom", "left", "transform-origin", "color", "font-size",
]);
const LENGTHS = new Set(["width", "height", "top", "right", "bottom", "left"]);
const kebab = (name) => text(name).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const milliseconds = (value, fallback) => Math.min(MAX_MILLISECONDS, Math.max(0, number(value, fallback)));

/** A value with its unit: plain numbers get `unit`, everything else is taken as it is written. */
function withUnit(value, unit) {
  return typeof value === "number" || /^-?[\d.]+$/.test(text(value)) ? `${Number(value)}${unit}` : text(value).replace(/[();]/g, "");
}

/** One function of `transform`; empty for a name that is none. */
function transformFunction(name, values) {
  if (name === "rotate3d") {
    const [x, y, z, angle] = values;
    return `rotate3d(${[x, y, z].map((part) => number(part, 0)).join(", ")}, ${withUnit(angle ?? 0, "deg")})`;
  }
  if (!Object.hasOwn(TRANSFORMS, name)) return "";
  const [unit, count] = TRANSFORMS[name];
  return `${name}(${values.slice(0, count).map((value) => withUnit(value, unit)).join(", ")})`;
}

/** A style declaration that an animation may make, as [property, value]; null for any other. */
function declaration(component, name, value) {
  const property = kebab(name);
  if (!STYLES.has(property)) return null;
  return [property, component.page.convertStyle(LENGTHS.has(property) ? withUnit(value, "px") : text(value))];
}

/**
 * Play what wx.createAnimation exported: step after step, each a transition of the element's own style. What the steps
 * set stays set, over the style that the program gives.
 */
export class Steps {
  constructor(component) {
    this.component = component;
    this.set = new Map();
    this.timer = 0;
  }

  play(exported) {
    clearTimeout(this.timer);
    const actions = Array.isArray(exported?.actions) ? exported.actions.slice(0, MAX_STEPS) : [];
    const next = (index) => {
      if (index >= actions.length) return;
      const wait = this.step(actions[index]);
      this.timer = setTimeout(() => next(index + 1), wait);
    };
    if (actions.length) this.component.element.getBoundingClientRect(); // a new element has to be somewhere first
    next(0);
  }

  step(action) {
    const { animates, option } = action ?? {};
    const { transformOrigin } = option ?? {};
    const transition = option?.transition ?? {};
    const [duration, delay] = [milliseconds(transition.duration, 400), milliseconds(transition.delay, 0)];
    const transforms = [];
    for (const { type, args } of (Array.isArray(animates) ? animates : []).filter(Boolean)) {
      const values = Array.isArray(args) ? args : [];
      if (type === "style") {
        const declared = declaration(this.component, values[0], values[1]);
        if (declared) this.set.set(...declared);
      } else {
        transforms.push(transformFunction(text(type), values));
      }
    }
    if (transforms.length) this.set.set("transform", transforms.join(" "));
    this.set.set("transform-origin", text(transformOrigin, "50% 50% 0"));
    this.set.set("transition", `all ${duration}ms ${text(transition.timingFunction, "linear")} ${delay}ms`);
    this.apply();
    return duration + delay;
  }

  apply() {
    for (const [property, value] of this.set) this.component.element.style.setProperty(property, value);
  }
}

/** Keyframes of WeChat's this.animate as the browser's; each may say `offset`, `ease`, transforms and styles. */
function browserFrames(component, frames) {
  return frames.slice(0, MAX_FRAMES).filter((frame) => frame !== null && typeof frame === "object").map((frame) => {
    const made = {};
    const transforms = [];
    for (const [name, value] of Object.entries(frame)) {
      if (name === "offset") made.offset = Math.min(1, Math.max(0, number(value, 0)));
      else if (name === "ease") made.easing = CSS.supports("transition-timing-function", text(value)) ? text(value) : "linear";
      else if (name === "composite") continue;
      else if (Object.hasOwn(TRANSFORMS, name) || name === "rotate3d") transforms.push(transformFunction(name, [value].flat()));
      else {
        const declared = declaration(component, name, value);
        if (declared) made[declared[0].replace(/-[a-z]/g, (part) => part[1].toUpperCase())] = declared[1];
      }
    }
    if (transforms.length) made.transform = transforms.join(" ");
    return made;
  });
}

/**
 * this.animate: its last frame stays until clearAnimation. With a `timeline` the scrolling of `source` moves it.
 * @param {Component} component
 * @param {unknown[]} values keyframes, duration and, for a scroll timeline, the node and the options of it
 */
export function animate(component, [frames, duration, source, timeline]) {
  const made = browserFrames(component, Array.isArray(frames) ? frames : []);
  if (!made.length) return;
  const played = component.element.animate(made, { duration: Math.max(1, milliseconds(duration, 400)), fill: "forwards" });
  played.cyStyles = new Set(made.flatMap((frame) => Object.keys(frame)));
  if (timeline) follow(component, played, source, timeline);
}

function follow(component, played, source, { orientation, startScrollOffset, endScrollOffset, timeRange }) {
  played.pause();
  const scroller = component.page.nodes.get(source)?.element;
  const whole = milliseconds(timeRange, 1);
  const across = orientation === "horizontal";
  const move = () => {
    if (!component.element.isConnected || played.playState === "idle") {
      scroller.removeEventListener("scroll", move);
      return;
    }
    const [at, end] = across
      ? [scroller.scrollLeft, scroller.scrollWidth - scroller.clientWidth] : [scroller.scrollTop, scroller.scrollHeight - scroller.clientHeight];
    const [from, to] = [number(startScrollOffset, 0), number(endScrollOffset, end)];
    const part = to > from ? Math.min(1, Math.max(0, (at - from) / (to - from))) : 0;
    played.effect.updateTiming({ duration: Math.max(1, whole) });
    played.currentTime = Math.min(part * whole, whole - 0.001);
  };
  scroller?.addEventListener("scroll", move, { passive: true });
  if (scroller) move();
}

/** this.clearAnimation: of all styles, or of those named. */
export function clearAnimation(component, [names]) {
  const wanted = Array.isArray(names) ? names.map((name) => (Object.hasOwn(TRANSFORMS, text(name)) ? "transform" : text(name))) : null;
  for (const played of component.element.getAnimations()) {
    if (played.cyStyles && (!wanted || wanted.some((name) => played.cyStyles.has(name)))) played.cancel();
  }
}
