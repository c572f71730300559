// What is wrong with what is shown: evaluated by tests in the page, for all that can be seen of it.
() => {
  const seen = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && element.getClientRects().length > 0 && !element.closest(".unseen, [aria-hidden=true]");
  const named = (element) => `${element.tagName.toLowerCase()}.${element.className?.baseVal ?? element.className}: ${element.textContent.trim().slice(0, 40)}`;
  const all = [...document.body.querySelectorAll("*")].filter(seen);

  // WCAG 2.2, 1.4.3: contrast of a text with its ground, from the colours that the browser computed.
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const over = ([r, g, b, a], [R, G, B]) => [r, g, b].map((value, index) => (value * a + [R, G, B][index] * (255 - a)) / 255);
  const ground = (element) => {
    const own = element ? rgba(getComputedStyle(element).backgroundColor) : [255, 255, 255, 255];
    if (!element || own[3] === 255) return own.slice(0, 3);
    return over(own, ground(element.parentElement));
  };
  const luminance = (colour) => {
    const [r, g, b] = colour.map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const faint = [];
  for (const element of all) {
    const own = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim());
    const off = element.closest("[aria-disabled=true], :disabled"); // 1.4.3 leaves out what cannot be used
    const style = getComputedStyle(element), drawn = element instanceof SVGElement;
    if (!own || off || element.closest("option, datalist")) continue;
    const behind = ground(drawn ? element.closest("svg").parentElement : element);
    const ratio = contrast(over(rgba(drawn ? style.fill : style.color), behind), behind);
    if (ratio < 4.5) faint.push(`${named(element)} ${ratio.toFixed(2)}`);
  }

  // 2.5.5 and 2.5.8: what is pressed is at least 44 px high, and wide, or stands in a sentence.
  const small = all.filter((element) => element.matches("button, select, textarea, summary, a[href], input:not([type=checkbox], [type=radio]), label.check, label.choice"))
    .filter((element) => !(element.matches("a") && element.parentElement.matches("p, .sub, .empty, code")))
    .map((element) => [element, element.getBoundingClientRect()])
    .filter(([, { height, width }]) => height < 43.5 || width < 24)
    .map(([element, { height, width }]) => `${named(element)} ${Math.round(width)} × ${Math.round(height)}`);

  // Whatever is used has a name: 4.1.2.
  const labelled = (element) => element.labels?.length || element.getAttribute("aria-label") || element.getAttribute("aria-labelledby") || element.textContent.trim();
  const unnamed = all.filter((element) => element.matches("button, a[href], input, select, textarea, [role=img], svg[role=img], nav, dialog")).filter((element) => !labelled(element) || (element.matches("select, input, textarea") && !element.labels?.length && !element.getAttribute("aria-label"))).map(named);

  const levels = all.filter((element) => element.matches("h1, h2, h3")).map((element) => Number(element.tagName[1]));
  const headings = levels.filter((level) => level === 1).length === 1 && levels[0] === 1 ? [] : [`levels ${levels}`];
  const names = [...document.querySelectorAll("[id]")].map((element) => element.id);
  const ids = names.filter((id, index) => names.indexOf(id) !== index);
  return { faint: [...new Set(faint)], small: [...new Set(small)], unnamed, headings, ids };
}
