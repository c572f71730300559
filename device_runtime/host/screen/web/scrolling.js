// Scrolling by code, in a time that the program says.

const MAX_MILLISECONDS = 10_000;
const running = new WeakMap();

/** Scroll an element to `left` and `top` (what is left out stays) within `duration` milliseconds. */
export function scrollArea(element, { left = element.scrollLeft, top = element.scrollTop, duration = 0 }) {
  cancelAnimationFrame(running.get(element));
  const whole = Math.min(MAX_MILLISECONDS, Math.max(0, duration));
  if (whole === 0) {
    element.scrollTo({ left, top, behavior: "instant" });
    return;
  }
  const [fromLeft, fromTop, begin] = [element.scrollLeft, element.scrollTop, performance.now()];
  const step = (now) => {
    const part = Math.min(1, Math.max(0, now - begin) / whole);
    const eased = part < 0.5 ? 2 * part * part : 1 - (2 - 2 * part) ** 2 / 2;
    element.scrollTo({ left: fromLeft + (left - fromLeft) * eased, top: fromTop + (top - fromTop) * eased, behavior: "instant" });
    if (part < 1) running.set(element, requestAnimationFrame(step));
  };
  running.set(element, requestAnimationFrame(step));
}
