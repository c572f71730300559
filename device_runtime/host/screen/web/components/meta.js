// page-meta and navigation-bar: a page's own bar, colours and sizes, said in its template; match-media beside them.

import { Component, color, make, number, text } from "./component.js";

const DARK = { "#000000": "black", "#ffffff": "white" };

export class NavigationBar extends Component {
  build() {
    this.content = make("span", { class: "cy-unseen" });
  }

  attached() {
    this.update();
  }

  update() {
    if (!this.page.shows(this)) return;
    const window = {};
    const { title, loading } = this.values;
    if (title !== undefined) window.navigationBarTitleText = text(title);
    if (loading !== undefined) window.navigationBarLoading = Boolean(loading);
    const front = DARK[text(this.values["front-color"]).toLowerCase()];
    if (front) window.navigationBarTextStyle = front;
    const background = color(this.values["background-color"], "");
    if (background) window.navigationBarBackgroundColor = background;
    this.page.setMeta(this, window);
  }

  detached() {
    this.page.setMeta(this, null);
  }
}

export class PageMeta extends Component {
  attached() {
    this.sizes = new ResizeObserver(() => {
      const { clientWidth: windowWidth, clientHeight: windowHeight } = this.page.viewport;
      const before = this.size;
      this.size = `${windowWidth} ${windowHeight}`;
      if (before && before !== this.size) this.emit("resize", { size: { windowWidth, windowHeight } });
    });
    this.sizes.observe(this.page.viewport);
    this.scrolled = () => this.emit("scroll", { scrollTop: Math.round(this.page.viewport.scrollTop) });
    this.rested = () => this.emit("scrolldone");
    this.page.viewport.addEventListener("scroll", this.scrolled, { passive: true });
    this.page.viewport.addEventListener("scrollend", this.rested);
    for (const name of ["scroll-top", "page-style", "background-color"]) this.update(name);
  }

  detached() {
    this.sizes?.disconnect();
    this.page.viewport.removeEventListener("scroll", this.scrolled);
    this.page.viewport.removeEventListener("scrollend", this.rested);
    this.page.setMeta(this, null);
    this.page.setPageStyle("");
  }

  update(name) {
    const { values } = this;
    if (!this.page.shows(this)) return;
    if (name === "scroll-top") {
      const top = number(text(values["scroll-top"]).replace(/px$/, ""), NaN);
      if (Number.isFinite(top)) this.page.afterPatch(() => this.page.scrollTo(top));
    } else if (name === "page-style" || name === "page-font-size" || name === "root-font-size") {
      const size = text(values["page-font-size"]);
      const sized = /^[\d.]+(px|rpx)$/.test(size) ? `font-size: ${size};` : "";
      this.page.setPageStyle(`${sized}${text(values["page-style"])}`);
    } else {
      const window = {};
      const background = color(values["background-color"], "");
      if (background) window.backgroundColor = background;
      if (values["background-text-style"] !== undefined) window.backgroundTextStyle = text(values["background-text-style"]);
      this.page.setMeta(this, window);
      this.page.setRootColor(color(values["root-background-color"], ""));
    }
  }
}

/** match-media: shows its children where the page's area is as it says. */
export class MatchMedia extends Component {
  attached() {
    this.sizes = new ResizeObserver(() => this.match());
    this.sizes.observe(this.page.viewport);
    this.match();
  }

  detached() {
    this.sizes?.disconnect();
  }

  update() {
    this.match();
  }

  match() {
    const { clientWidth: width, clientHeight: height } = this.page.viewport;
    const wants = (name) => number(this.values[name], null);
    const holds = (name, test) => wants(name) === null || test(wants(name));
    const orientation = text(this.values.orientation);
    this.element.hidden = !(
      holds("min-width", (limit) => width >= limit) && holds("max-width", (limit) => width <= limit)
      && holds("width", (limit) => width === limit) && holds("min-height", (limit) => height >= limit)
      && holds("max-height", (limit) => height <= limit) && holds("height", (limit) => height === limit)
      && (!orientation || orientation === (width > height ? "landscape" : "portrait"))
    );
  }
}
