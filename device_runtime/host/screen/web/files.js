// Where a screen finds the files of a program: its device serves them.

import { resourceAddress } from "./style.js";

/** The files of a package. A screen that has them from elsewhere gives its pages another object of these members. */
export class PackageFiles {
  constructor(appId, version) {
    this.base = `/program/${encodeURIComponent(appId)}/${version}/`;
  }

  /** The address of a picture, sound or font that a page of this route names; null for what is none. */
  address(route, address) {
    return resourceAddress(this.base, route, address);
  }

  /** A style sheet of the package: a link to be put into the page, or a CSSStyleSheet that is there already. */
  style(path) {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = this.base + path.split("/").map(encodeURIComponent).join("/");
    return link;
  }
}
