// button, and navigator, which is a button that opens a page.

import { COMPONENT, Component, Field, make, number, text } from "./component.js";
import { Form } from "./form.js";
import { resolvePath } from "../style.js";

/** What a button may open that no board has, with the event that says so. */
const ABSENT = {
  getPhoneNumber: "getphonenumber", getRealtimePhoneNumber: "getrealtimephonenumber", phoneOneClickLogin: "phoneoneclicklogin",
  getUserInfo: "getuserinfo", contact: "contact", launchApp: "error", openSetting: "opensetting", chooseAvatar: "chooseavatar",
  createLiveActivity: "createliveactivity",
};

export class Button extends Field {
  static reflected = ["type", "size", "plain", "loading"];

  build() {
    this.element.setAttribute("type", "default");
    this.focusable("button");
    this.element.addEventListener("click", () => this.usable && this.clicked());
  }

  createElement() {
    return document.createElement("wx-button"); // HTML's own is never wider than its words, where a block should fill
  }

  get hoverClass() {
    return text(this.values["hover-class"], "button-hover");
  }

  set(name, value) {
    super.set(name, value);
    if (name === "class" || name === "style") this.fit();
  }

  attached() {
    this.fit();
  }

  /** WeChat's button is as wide as its place, but where a program lays it in a line. HTML's has no such width of its
   *  own, so that the style sheet must be told which it is. */
  fit() {
    if (this.fitting) return;
    this.fitting = true;
    this.page.styled.then(() => requestAnimationFrame(() => {
      this.fitting = false;
      this.element.toggleAttribute("data-inline", getComputedStyle(this.element).display.startsWith("inline"));
    }));
  }

  update(name) {
    if (name === "disabled") {
      this.updateDisabled();
    } else if (name === "loading") {
      if (this.values.loading && !this.spinner) {
        this.spinner = make("i", { class: "cy-spinner", "aria-hidden": "true" });
        this.element.prepend(this.spinner);
      } else if (!this.values.loading && this.spinner) {
        this.spinner.remove();
        this.spinner = null;
      }
      this.element.setAttribute("aria-busy", String(Boolean(this.values.loading)));
    } else if (name === "type" && this.values.type === undefined) {
      this.element.setAttribute("type", "default");
    }
  }

  /** What the button opens besides: a page for another device, or what only a phone has and fails here. */
  open() {
    // Two may be joined, as `getPhoneNumber|agreePrivacyAuthorization`.
    for (const kind of text(this.values["open-type"]).split("|")) {
      if (kind === "share") this.page.share(this);
      else if (kind === "agreePrivacyAuthorization") this.emit("agreeprivacyauthorization", { errMsg: `${kind}:ok` });
      else if (Object.hasOwn(ABSENT, kind)) this.emit(ABSENT[kind], { errMsg: `${kind}:fail not supported on this host` });
    }
  }

  clicked() {
    this.open();
    const action = this.values["form-type"];
    const form = action ? this.closest(Form) : null;
    if (form && action === "submit") form.submit();
    else if (form && action === "reset") form.reset();
  }

  activate() {
    this.element.click();
  }
}

const OPEN_TYPES = { navigate: "navigateTo", redirect: "redirectTo", switchTab: "switchTab", reLaunch: "reLaunch" };

export class Navigator extends Component {
  static reflected = ["hover-class"];

  build() {
    this.element.tabIndex = 0;
    this.element.setAttribute("role", "link");
    this.element.addEventListener("click", (event) => {
      // The innermost navigator is the one that was meant.
      let node = event.target;
      while (node && !(node[COMPONENT] instanceof Navigator)) node = node.parentNode;
      if (node === this.element) this.follow();
    });
  }

  get hoverClass() {
    return text(this.values["hover-class"], "navigator-hover");
  }

  follow() {
    const kind = text(this.values["open-type"], "navigate");
    const address = text(this.values.url);
    if (text(this.values.target) === "miniProgram" && kind !== "exit") {
      const errMsg = "navigateToMiniProgram:fail not supported on this host";
      this.emit("fail", { errMsg });
      this.emit("complete", { errMsg });
    } else if (kind === "exit") {
      this.page.home();
    } else if (kind === "navigateBack") {
      this.page.back(Math.max(1, number(this.values.delta, 1)));
    } else if (OPEN_TYPES[kind] && address) {
      const query = address.includes("?") ? address.slice(address.indexOf("?")) : "";
      this.page.open(resolvePath(this.page.route, address) + query, OPEN_TYPES[kind]);
    }
  }
}
