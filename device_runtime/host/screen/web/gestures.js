// From the browser's pointer, touch and key events to a program's tap, longpress and touch events.

import { COMPONENT } from "./components/component.js";

const SLOP = 10;
const LONG_PRESS_MILLISECONDS = 350;

/** The component that an event happened to: the nearest around its target. */
function componentOf(event) {
  let node = event.target;
  while (node && !node[COMPONENT]) node = node.parentNode;
  return node ? node[COMPONENT] : null;
}

export class Gestures {
  constructor(page) {
    this.page = page;
    this.press = null;
    this.mouseTarget = null;
    this.moveWaiting = null;
    const area = page.viewport;
    const quiet = { passive: true };

    area.addEventListener("pointerdown", (event) => this.pressed(event));
    area.addEventListener("pointermove", (event) => this.moved(event), quiet);
    area.addEventListener("pointerup", () => this.unpressed());
    area.addEventListener("pointercancel", () => this.unpressed());
    area.addEventListener("scroll", () => this.unpressed(), { capture: true, passive: true });
    area.addEventListener("click", (event) => this.clicked(event));
    area.addEventListener("keydown", (event) => this.keyPressed(event));
    area.addEventListener("contextmenu", (event) => {
      if (this.press?.long) event.preventDefault();
    });

    for (const type of ["transitionend", "animationstart", "animationiteration", "animationend"]) {
      area.addEventListener(type, (event) => {
        const target = event.target[COMPONENT]; // not for the parts inside a component
        const name = event.animationName ?? event.propertyName;
        if (target) this.emit(target, type, [], event.timeStamp, { elapsedTime: event.elapsedTime, name });
      });
    }
    for (const type of ["touchstart", "touchmove", "touchend", "touchcancel"]) {
      area.addEventListener(type, (event) => this.touched(type, event), quiet);
    }
    // A mouse makes the same touch events, with one finger.
    area.addEventListener("pointerdown", (event) => this.moused("touchstart", event));
    area.addEventListener("pointermove", (event) => this.moused("touchmove", event), quiet);
    area.addEventListener("pointerup", (event) => this.moused("touchend", event));
    area.addEventListener("pointercancel", (event) => this.moused("touchcancel", event));
  }

  /** A point as programs know it: relative to the page's area, and to its content; on a canvas, to that too. */
  point(identifier, source, target = null) {
    const box = this.page.viewport.getBoundingClientRect();
    const [x, y] = [round(source.clientX - box.left), round(source.clientY - box.top)];
    return {
      identifier, clientX: x, clientY: y,
      pageX: round(x + this.page.viewport.scrollLeft), pageY: round(y + this.page.viewport.scrollTop),
      ...target?.point?.(source),
    };
  }

  // ---------------------------------------------------------------- touch

  touched(type, event) {
    const target = componentOf(event);
    if (!target) return;
    const points = (list) => [...list].map((touch) => this.point(touch.identifier, touch, target));
    this.tell(target, type, points(event.touches), event.timeStamp, points(event.changedTouches));
  }

  moused(type, event) {
    if (event.pointerType === "touch") return; // its own touch events follow
    if (type === "touchstart") {
      if (event.button !== 0) return;
      this.mouseTarget = componentOf(event);
    }
    if (!this.mouseTarget) return;
    const ended = type === "touchend" || type === "touchcancel";
    const changed = [this.point(0, event, this.mouseTarget)];
    this.tell(this.mouseTarget, type, ended ? [] : changed, event.timeStamp, changed);
    if (ended) this.mouseTarget = null;
  }

  /** Moves are told at most once a frame; the newest counts, and none is told after the end. */
  tell(target, type, touches, timeStamp, changed) {
    if (type !== "touchmove") {
      this.flushMove();
      this.emit(target, type, touches, timeStamp, {}, changed);
      return;
    }
    const waiting = this.moveWaiting;
    const frame = waiting?.frame ?? requestAnimationFrame(() => this.flushMove());
    this.moveWaiting = { target, touches, timeStamp, changed, frame };
  }

  flushMove() {
    const move = this.moveWaiting;
    if (!move) return;
    this.moveWaiting = null;
    cancelAnimationFrame(move.frame);
    this.emit(move.target, "touchmove", move.touches, move.timeStamp, {}, move.changed);
  }

  emit(target, type, touches, timeStamp, detail = {}, changed = touches) {
    for (let node = target; node; node = node.parent) {
      if (node.events.has(type)) {
        this.page.send(target, type, detail, touches, timeStamp, changed);
        return true;
      }
    }
    return false;
  }

  // ---------------------------------------------------------------- press, hover, long press

  pressed(event) {
    this.unpressed();
    if (event.button > 0) return;
    const target = componentOf(event);
    if (!target) return;
    const press = { x: event.clientX, y: event.clientY, far: false, long: false };
    this.press = press;
    const touches = [this.point(0, event)];
    press.timer = setTimeout(() => {
      const [first] = touches;
      const detail = { x: first.pageX, y: first.pageY };
      const heard = ["longpress", "longtap"].map((type) => this.emit(target, type, touches, performance.now(), detail));
      press.long = heard[0]; // a longtap, older than longpress, does not keep the tap from coming
    }, LONG_PRESS_MILLISECONDS);
    this.startHover(target, press);
  }

  moved(event) {
    const press = this.press;
    if (!press || press.far || Math.hypot(event.clientX - press.x, event.clientY - press.y) <= SLOP) return;
    press.far = true;
    this.settle(press);
  }

  unpressed() {
    if (!this.press) return;
    this.settle(this.press);
    this.lastPress = this.press;
    this.press = null;
  }

  settle(press) {
    clearTimeout(press.timer);
    for (const stop of press.hovers ?? []) stop();
    press.hovers = [];
  }

  startHover(target, press) {
    press.hovers = [];
    for (let node = target; node; node = node.parent) {
      const classes = (node.hoverClass ?? "none").split(/\s+/).filter((name) => name && name !== "none");
      if (!classes.length || !node.usable) continue;
      press.hovers.push(hover(node, classes));
      if (node.values["hover-stop-propagation"]) break;
    }
  }

  // ---------------------------------------------------------------- tap

  clicked(event) {
    const press = this.lastPress;
    this.lastPress = null;
    if (press && event.detail > 0 && (press.far || press.long)) {
      // A drag or a long press is no tap, not even for the component itself.
      return;
    }
    const target = componentOf(event);
    if (!target || !target.usable || event.target.hasAttribute?.("data-quiet")) return;
    // Nor is it one for what is in a button that is off.
    for (let node = target.parent; node; node = node.parent) if (node.tag === "button" && !node.usable) return;
    const byKey = event.detail === 0;
    const box = byKey ? target.element.getBoundingClientRect() : null;
    const source = byKey ? { clientX: box.left + box.width / 2, clientY: box.top + box.height / 2 } : event;
    const point = this.point(0, source);
    this.emit(target, "tap", [point], event.timeStamp, { x: point.pageX, y: point.pageY });
  }

  keyPressed(event) {
    if (event.key !== "Enter" && event.key !== " ") return;
    const element = event.target;
    if (event.repeat || element instanceof HTMLButtonElement || element instanceof HTMLInputElement) return;
    if (element instanceof HTMLTextAreaElement || !element[COMPONENT] || element.tabIndex < 0) return;
    event.preventDefault(); // Space would scroll
    element.click();
  }
}

function round(value) {
  return Math.round(value * 100) / 100;
}

/** Put on a component's hover classes in a moment; the function that comes back takes them off, also in a moment. */
function hover(node, classes) {
  const wait = Number(node.values["hover-start-time"] ?? (node.tag === "button" ? 20 : 50));
  const stay = Number(node.values["hover-stay-time"] ?? (node.tag === "button" ? 70 : node.tag === "navigator" ? 600 : 400));
  const start = setTimeout(() => {
    node.hover = classes;
    node.element.classList.add(...classes);
  }, wait);
  return () => {
    clearTimeout(start);
    setTimeout(() => {
      node.hover = null;
      node.element.classList.remove(...classes);
    }, stay);
  };
}
