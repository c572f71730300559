// The body of an async function: applies hostile patches to pages of the screen's own code, and says what they broke.

const { Page, PatchError, loadBaseStyle } = await import("/web/page.js");
await loadBaseStyle();

/** Elements that bring behaviour, or documents, of their own; no page of a program has one. */
const FOREIGN = "script, iframe, frame, object, embed, applet, base, meta, template, style, portal, fencedframe";
const ADDRESSES = ["href", "src", "srcdoc", "action", "formaction", "data", "poster", "background", "xlink:href"];
let faults = [];
addEventListener("error", (event) => faults.push(`uncaught: ${event.message}`));
addEventListener("unhandledrejection", (event) => faults.push(`unhandled: ${event.reason?.stack ?? event.reason}`));

function strange(page) {
  const found = [];
  for (const root of [page.viewport, page.limbo.element, page.overlays]) {
    for (const element of [root, ...root.querySelectorAll("*")]) {
      if (element.matches(FOREIGN)) found.push(`a <${element.localName}> is on the page`);
      for (const { name, value } of element.attributes) {
        if (/^on/i.test(name)) found.push(`${element.localName} has the attribute ${name}`);
        if (ADDRESSES.includes(name) && /^\s*(javascript|data:text|vbscript|https?|\/\/)/i.test(value)) {
          found.push(`${element.localName} leads to ${value.slice(0, 60)}`);
        }
      }
    }
  }
  return found;
}

/** Show a page, apply `patches` up to the first that does not fit, and close it; what went wrong, as sentences. */
async function feed(patches) {
  faults = [];
  const page = new Page({
    appId: "org.example.app", version: 1, id: 1, route: "pages/a/a", window: {}, fonts: { adopt() {} },
    send: (message) => JSON.stringify(message),
  });
  document.body.append(page.host);
  page.show(true);
  try {
    for (const patch of patches) page.apply(patch);
  } catch (error) {
    if (!(error instanceof PatchError)) faults.push(error.stack ?? String(error));
  }
  await new Promise((resolve) => setTimeout(resolve));
  faults.push(...strange(page));
  try {
    page.close();
  } catch (error) {
    faults.push(`closing: ${error.stack}`);
  }
  if (globalThis.executed) faults.push("a program's text was executed");
  return faults;
}

/** Feed one page after the other; `[index, faults]` of those that broke something. */
async function feedAll(pages) {
  const broken = [];
  for (const [index, patches] of pages.entries()) {
    const found = await feed(patches);
    if (found.length) broken.push([index, found.slice(0, 3)]);
  }
  return broken;
}

return feedAll;
