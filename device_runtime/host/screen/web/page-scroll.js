// What a page as a whole tells its program: that it scrolls, that its end is near, that it is pulled down.

import { number } from "./components/component.js";
import { scrollArea } from "./scrolling.js";

const SCROLL_MILLISECONDS = 100;
const PULL_PIXELS = 50;

export class PageScroll {
  constructor(page) {
    this.page = page;
    this.told = 0;
    this.timer = 0;
    this.atBottom = true;
    this.pull = null;
    const area = page.viewport;
    this.area = area;
    area.addEventListener("scroll", () => this.scrolled(), { passive: true });
    const quiet = { passive: true };
    area.addEventListener("touchstart", (event) => event.touches.length === 1 && this.pressed(event.touches[0].clientY), quiet);
    area.addEventListener("touchmove", (event) => this.moved(event.touches[0].clientY), quiet);
    area.addEventListener("touchend", () => this.released(), quiet);
    area.addEventListener("touchcancel", () => this.released(), quiet);
    const byMouse = (action) => (event) => event.pointerType === "mouse" && action(event);
    area.addEventListener("pointerdown", byMouse((event) => event.button === 0 && this.pressed(event.clientY)));
    area.addEventListener("pointermove", byMouse((event) => this.moved(event.clientY)), quiet);
    area.addEventListener("pointerup", byMouse(() => this.released()));
  }

  get end() {
    return this.area.scrollHeight - this.area.clientHeight - this.area.scrollTop;
  }

  /** The content has changed: what was the end may be it no more. */
  contentChanged() {
    if (this.end > this.reach) this.atBottom = false;
  }

  get reach() {
    return Math.max(1, number(this.page.window.onReachBottomDistance, 50));
  }

  scrolled() {
    const atBottom = this.end <= this.reach;
    if (atBottom && !this.atBottom) this.page.send(this.page.root, "reachbottom", {}, []);
    this.atBottom = atBottom;
    const wait = this.told + SCROLL_MILLISECONDS - performance.now();
    clearTimeout(this.timer);
    if (wait > 0) this.timer = setTimeout(() => this.tell(), wait);
    else this.tell();
  }

  tell() {
    this.told = performance.now();
    this.page.send(this.page.root, "scroll", { scrollTop: Math.round(this.area.scrollTop) }, []);
  }

  /** Scroll to `top`, or so that a node is `offset` pixels below the top, in `duration` milliseconds. */
  go({ top, node, offset, duration }) {
    const element = this.page.nodes.get(node)?.element;
    if (top === undefined && !element) return;
    const from = this.area.scrollTop;
    const place = element ? element.getBoundingClientRect().top - this.area.getBoundingClientRect().top + from : top;
    scrollArea(this.area, { top: place + number(offset, 0), duration: this.page.calm ? 0 : number(duration, 300) });
  }

  // ---------------------------------------------------------------- pulling down to refresh

  pressed(y) {
    const may = this.page.window.enablePullDownRefresh && this.area.scrollTop <= 0;
    this.pull = may && !this.area.hasAttribute("data-refreshing") ? { from: y, by: 0 } : null;
  }

  moved(y) {
    if (!this.pull) return;
    this.pull.by = this.area.scrollTop > 0 ? 0 : Math.max(0, Math.min(90, (y - this.pull.from) / 2));
    this.area.style.setProperty("--pull", `${this.pull.by}px`);
  }

  released() {
    if (!this.pull) return;
    const { by } = this.pull;
    this.pull = null;
    this.area.style.removeProperty("--pull");
    if (by < PULL_PIXELS) return;
    this.refreshing(true);
    this.page.send(this.page.root, "pulldownrefresh", {}, []);
  }

  refreshing(on) {
    this.area.toggleAttribute("data-refreshing", on);
  }
}
