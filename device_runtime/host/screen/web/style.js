// Lengths and addresses in the style attributes of programs.

const PARTS = /url\(\s*(?:"([^"]*)"|'([^']*)'|([^)"']*))\s*\)|"[^"]*"|'[^']*'|(-?(?:\d+\.?\d*|\.\d+))(rpx|vh|vw)\b/gi;

/**
 * An inline style as the browser understands it: `rpx` counts in the stage's --rpx, `vh` and `vw` in the page's own
 * box (not the browser's window), and `url(...)` in the program's package.
 */
export function convertStyle(text, resolve) {
  return String(text).replace(PARTS, (whole, quoted, single, bare, number, unit) => {
    if (number !== undefined) {
      const lower = unit.toLowerCase();
      return lower === "rpx" ? `calc(${number} * var(--rpx))` : `${number}${lower === "vh" ? "cqh" : "cqw"}`;
    }
    const address = quoted ?? single ?? bare;
    if (address === undefined) return whole;
    const resolved = resolve(address.trim());
    return resolved ? `url("${resolved.replace(/["\\\n]/g, encodeURIComponent)}")` : "none";
  });
}

/**
 * CSS pixels in one rpx. Portrait: the width is 750 rpx, as everywhere. Landscape: the shorter edge is, so that a
 * program keeps the proportions that its author saw on a phone; but never less than a 480 px wide page would have,
 * since a small screen is also looked at from further away.
 */
export function pixelsPerRpx(width, height, boardRpx) {
  if (boardRpx) return boardRpx;
  if (width <= height) return width / 750;
  return Math.max(height, Math.min(width, 480)) / 750;
}

/**
 * The address of a program's resource, or null for what is none. A file of the program and an address on the network
 * are asked of the device, which knows what the program may have; nothing is ever fetched from another place.
 */
export function resourceAddress(base, route, address) {
  const text = String(address ?? "").trim().toWellFormed(); // half a character has no address
  if (/^data:(image|font|audio|video)\//i.test(text)) return text;
  if (/^((https?:)?\/\/|(wxfile|bdfile):\/\/)/i.test(text)) {
    return base.replace("/program/", "/media/") + encodeURIComponent(text.startsWith("//") ? `https:${text}` : text);
  }
  if (text === "" || /^[a-z][a-z0-9+.-]*:/i.test(text)) return null;
  return base + resolvePath(route, text).split("/").map(encodeURIComponent).join("/");
}

/** A path inside the package: absolute from its root, relative from the folder of `route`; query kept out. */
export function resolvePath(route, address) {
  const folder = address.startsWith("/") ? [] : route.split("/").slice(0, -1);
  for (const part of address.split(/[?#]/, 1)[0].split("/")) {
    if (part === "..") folder.pop();
    else if (part !== "" && part !== ".") folder.push(part);
  }
  return folder.join("/");
}
