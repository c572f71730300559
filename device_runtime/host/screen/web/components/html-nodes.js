// HTML text into the nodes that rich-text shows: `{name, attrs, children}` and `{type: "text", text}`.
//
// A small tokenizer and no more: it makes plain objects, never DOM, so nothing of what it reads can run. What may be
// shown is decided afterwards, in rich-text.js, for this text and for a program's own nodes alike.

const MAX_CHARACTERS = 500_000;
const VOID = new Set(["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"]);
/** Their content is no HTML; it is passed over as a whole. */
const RAW = new Set(["script", "style", "textarea", "title", "iframe", "noscript", "noembed", "noframes", "xmp", "template"]);
/** An opening tag that ends an open one of the same kind. */
const ENDED_BY = {
  li: ["li"], dt: ["dt", "dd"], dd: ["dt", "dd"], tr: ["tr", "td", "th"], td: ["td", "th"], th: ["td", "th"], p: ["p"],
  rt: ["rt"], tbody: ["thead", "tbody", "tr", "td", "th"], tfoot: ["thead", "tbody", "tr", "td", "th"],
};
const WALLS = new Set(["ul", "ol", "dl", "table", "blockquote", "div", "section", "article", "ruby"]);
const ENTITIES = {
  amp: "&", lt: "<", gt: ">", quot: "\"", apos: "'", nbsp: "\u00a0", ensp: "\u2002", emsp: "\u2003", thinsp: "\u2009",
  copy: "©", reg: "®", trade: "™", hellip: "…", mdash: "—", ndash: "–", lsquo: "‘", rsquo: "’", ldquo: "“", rdquo: "”",
  laquo: "«", raquo: "»", bull: "•", middot: "·", times: "×", divide: "÷", deg: "°", plusmn: "±", frac12: "½",
  euro: "€", pound: "£", yen: "¥", cent: "¢", sect: "§", para: "¶", larr: "←", uarr: "↑", rarr: "→", darr: "↓",
  hearts: "♥", infin: "∞", ne: "≠", le: "≤", ge: "≥", shy: "\u00ad", zwnj: "\u200c", zwj: "\u200d",
};
const TAG = /<(\/?)([a-zA-Z][a-zA-Z0-9-]*)((?:[^>"']|"[^"]*"|'[^']*')*)>|<!--[\s\S]*?(?:-->|$)|<[!?][^>]*>/g;
const ATTRIBUTE = /([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+)))?/g;

/** A text's character references as the characters. */
export function decodeEntities(text) {
  return text.replace(/&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-zA-Z][a-zA-Z0-9]*));/g, (whole, decimal, hex, name) => {
    if (name !== undefined) return Object.hasOwn(ENTITIES, name) ? ENTITIES[name] : whole;
    const code = decimal !== undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : "\ufffd";
  });
}

function attributesOf(text) {
  const attributes = Object.create(null);
  for (const [, name, quoted, single, bare] of text.matchAll(ATTRIBUTE)) {
    attributes[name.toLowerCase()] ??= decodeEntities(quoted ?? single ?? bare ?? "");
  }
  return attributes;
}

/** The nodes of an HTML text; malformed HTML gives some nodes, never an error. */
export function parseHtml(source) {
  const html = source.slice(0, MAX_CHARACTERS);
  const root = { children: [] };
  const open = [root];
  const addText = (text) => text && open.at(-1).children.push({ type: "text", text: decodeEntities(text) });
  let at = 0;
  TAG.lastIndex = 0;
  for (let match = TAG.exec(html); match; match = TAG.exec(html)) {
    addText(html.slice(at, match.index));
    at = TAG.lastIndex;
    const [, closing, rawName, rest] = match;
    if (rawName === undefined) continue; // a comment or declaration
    const name = rawName.toLowerCase();
    if (closing) {
      const depth = open.findLastIndex((node) => node.name === name);
      if (depth > 0) open.length = depth;
      continue;
    }
    if (RAW.has(name)) {
      const end = new RegExp(`</${name}[^>]*>`, "gi");
      end.lastIndex = at;
      at = end.exec(html) ? end.lastIndex : html.length;
      TAG.lastIndex = at;
      continue;
    }
    closeBefore(open, name);
    const node = { name, attrs: attributesOf(rest), children: [] };
    open.at(-1).children.push(node);
    if (!VOID.has(name) && !/\/\s*$/.test(rest)) open.push(node);
  }
  addText(html.slice(at));
  return root.children;
}

function closeBefore(open, name) {
  const ended = ENDED_BY[name];
  if (!ended) return;
  for (let depth = open.length - 1; depth > 0; depth -= 1) {
    if (ended.includes(open[depth].name)) open.length = depth;
    else if (WALLS.has(open[depth].name)) return;
  }
}
