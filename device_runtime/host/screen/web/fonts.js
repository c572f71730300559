// The fonts of a program: what its style sheets and wx.loadFontFace name.
//
// A style sheet in a shadow tree cannot bring a font to the browser, so the document gets them, and only while the
// program is in front: two programs may have different fonts of one name.

const DESCRIPTORS = ["style", "weight", "stretch", "unicodeRange", "variant", "featureSettings", "display"];
const MAX_FONTS = 64;
const ADDRESS = /url\(\s*(?:"([^"]*)"|'([^']*)'|([^)"']*))\s*\)/g;

export class Fonts {
  constructor() {
    this.faces = new Map();
    this.shown = false;
  }

  /** Take the `@font-face` rules of a style sheet that has been loaded. */
  adopt(sheet) {
    let rules = [];
    try {
      rules = [...(sheet?.cssRules ?? [])];
    } catch {
      return; // not ours to read, such as one that could not be loaded
    }
    for (const rule of rules) {
      if (rule instanceof CSSFontFaceRule) {
        const says = (name) => rule.style.getPropertyValue(name);
        const source = says("src").replace(ADDRESS, (whole, quoted, single, bare) => (
          `url("${new URL((quoted ?? single ?? bare).trim(), sheet.href).href.replace(/["\\\n]/g, encodeURIComponent)}")`
        ));
        const descriptors = { style: says("font-style"), weight: says("font-weight"), stretch: says("font-stretch"), display: says("font-display"), unicodeRange: says("unicode-range") };
        this.add(says("font-family").replace(/^["']|["']$/g, ""), source, descriptors);
      } else if (rule.cssRules) {
        this.adopt({ cssRules: rule.cssRules, href: sheet.href });
      }
    }
  }

  /** A font under a name; `source` as CSS has it. One that the browser does not take is left out. */
  add(family, source, descriptors = {}) {
    const given = Object.fromEntries(DESCRIPTORS.filter((name) => descriptors[name]).map((name) => [name, String(descriptors[name])]));
    const key = JSON.stringify([family, source, given]);
    if (this.faces.has(key) || this.faces.size >= MAX_FONTS) return;
    let face;
    try {
      face = new FontFace(family, source, given);
    } catch (error) {
      console.warn(`the font ${family} cannot be used: ${error.message}`);
      return;
    }
    this.faces.set(key, face);
    if (this.shown) document.fonts.add(face);
  }

  show(shown) {
    this.shown = shown;
    for (const face of this.faces.values()) {
      if (shown) document.fonts.add(face);
      else document.fonts.delete(face);
    }
  }
}
