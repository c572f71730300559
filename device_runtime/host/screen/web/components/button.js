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

let stretches;

/** Whether `justify-self: stretch` widens a button; older browsers know it in grids only. */
function buttonsStretch() {
  if (stretches === undefined) {
    const probe = make("button");
    const around = make("div", { "aria-hidden": "true" }, probe);
    around.style.cssText = "position: fixed; width: 100px; visibility: hidden";
    probe.style.cssText = "display: block; justify-self: stretch; padding: 0; border: 0";
    document.body.append(around);
    stretches = probe.getBoundingClientRect().width === 100;
    around.remove();
  }
  return stretches;
}

export class Button extends Field {
  static reflected = ["type", "size", "plain", "loading"];

  build() {
    this.element.setAttribute("type", "default");
    this.element.addEventListener("click", () => this.clicked());
  }

  createElement() {
    const element = document.createElement("button");
    element.type = "button";
    element.toggleAttribute("data-wide", !buttonsStretch());
    return element;
  }

  get hoverClass() {
    return text(this.values["hover-class"], "button-hover");
  }

  update(name) {
    if (name === "disabled") {
      this.element.disabled = Boolean(this.values.disabled);
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
