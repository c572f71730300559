// A column of choices that turns by hand, by wheel and by key, and comes to rest on one of them.

const SLOP = 6;
const TURN_MILLISECONDS = 260;
/** How far a flick carries on: milliseconds of its speed at the moment of release. */
const CARRY_MILLISECONDS = 180;

export class Wheel {
  /**
   * @param {object} options
   * @param {HTMLElement} options.element the window on the column; it takes the focus
   * @param {HTMLElement} options.track holds the items, one below the other
   * @param {() => number} options.itemHeight pixels of one item
   * @param {() => boolean} options.calm no animation, please
   * @param {() => void} [options.onStart] a hand has taken it
   * @param {(index: number) => void} [options.onTurn] it will rest at this index
   * @param {(index: number) => void} [options.onRest] it rests at this index
   */
  constructor({ element, track, itemHeight, calm, onStart = () => {}, onTurn = () => {}, onRest = () => {} }) {
    Object.assign(this, { element, track, itemHeight, calm, onStart, onTurn, onRest });
    this.index = 0;
    this.position = 0;
    this.drag = null;
    this.frame = 0;
    element.classList.add("cy-wheel");
    track.classList.add("cy-wheel-track");
    element.tabIndex = 0;
    element.setAttribute("role", "spinbutton");
    element.addEventListener("pointerdown", (event) => this.pressed(event));
    element.addEventListener("pointermove", (event) => this.moved(event));
    element.addEventListener("pointerup", (event) => this.released(event));
    element.addEventListener("pointercancel", (event) => this.released(event));
    element.addEventListener("keydown", (event) => this.keyPressed(event));
    element.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.turn(this.index + Math.sign(event.deltaY));
    }, { passive: false });
  }

  get items() {
    return this.track.children;
  }

  get last() {
    return Math.max(0, this.items.length - 1);
  }

  /** Rest at an index at once; nobody is told. */
  set(index) {
    if (this.drag) return; // the hand knows better
    cancelAnimationFrame(this.frame);
    this.index = Math.min(this.last, Math.max(0, Math.round(index)));
    this.position = this.index;
    this.place();
  }

  place() {
    this.track.style.transform = `translateY(${(-this.position * this.itemHeight()).toFixed(2)}px)`;
    const chosen = this.items[this.index];
    this.element.setAttribute("aria-valuemin", "0");
    this.element.setAttribute("aria-valuemax", String(this.last));
    this.element.setAttribute("aria-valuenow", String(this.index));
    this.element.setAttribute("aria-valuetext", chosen ? chosen.textContent.trim() : "");
  }

  /** Turn to an index, and tell. */
  turn(index, started = false) {
    const target = Math.min(this.last, Math.max(0, Math.round(index)));
    const changed = target !== this.index;
    if (!changed && target === this.position) {
      if (started) this.onRest(target);
      return;
    }
    if (!started) this.onStart();
    this.index = target;
    if (changed) this.onTurn(target);
    cancelAnimationFrame(this.frame);
    const [from, begin, duration] = [this.position, performance.now(), this.calm() ? 0 : TURN_MILLISECONDS];
    const step = (now) => {
      const part = duration > 0 ? Math.min(1, Math.max(0, now - begin) / duration) : 1;
      this.position = from + (this.index - from) * (1 - (1 - part) ** 3);
      this.place();
      if (part < 1) this.frame = requestAnimationFrame(step);
      else this.onRest(this.index);
    };
    if (duration > 0) this.frame = requestAnimationFrame(step);
    else step(begin);
  }

  pressed(event) {
    if (event.button > 0 || !this.items.length) return;
    cancelAnimationFrame(this.frame);
    this.element.setPointerCapture(event.pointerId);
    this.drag = { pointer: event.pointerId, y: event.clientY, origin: this.position, moving: false, speed: 0, at: event };
  }

  moved(event) {
    const drag = this.drag;
    if (!drag || event.pointerId !== drag.pointer) return;
    if (!drag.moving) {
      if (Math.abs(event.clientY - drag.y) < SLOP) return;
      drag.moving = true;
      this.onStart();
    }
    const height = Math.max(1, this.itemHeight());
    const passed = Math.max(1, event.timeStamp - drag.at.timeStamp);
    drag.speed = (drag.at.clientY - event.clientY) / height / passed;
    drag.at = event;
    let position = drag.origin - (event.clientY - drag.y) / height;
    if (position < 0) position /= 3; // the ends give a little
    if (position > this.last) position = this.last + (position - this.last) / 3;
    this.position = position;
    this.place();
  }

  released(event) {
    const drag = this.drag;
    if (!drag || event.pointerId !== drag.pointer) return;
    this.drag = null;
    if (drag.moving) {
      const still = event.timeStamp - drag.at.timeStamp > 80;
      this.turn(this.position + (still ? 0 : drag.speed * CARRY_MILLISECONDS), true);
    } else if (event.type === "pointerup") {
      const box = this.element.getBoundingClientRect();
      this.turn(this.position + Math.round((event.clientY - box.top - box.height / 2) / Math.max(1, this.itemHeight())));
    }
  }

  keyPressed(event) {
    const steps = { ArrowUp: -1, ArrowDown: 1, PageUp: -5, PageDown: 5, Home: -this.index, End: this.last - this.index };
    if (!(event.key in steps)) return;
    event.preventDefault();
    this.turn(this.index + steps[event.key]);
  }
}
