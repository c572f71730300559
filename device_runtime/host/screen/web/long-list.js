// Long lists: the browser skips the rows that are out of sight.
//
// `content-visibility: auto` makes a row a box of its own (CSS Containment 3): its children's margins no longer reach
// through it, and a fixed box inside it would no longer be fixed to the page. So it is used only for rows that come by
// the hundred, and only where the first rows stay exactly where they were.

const MANY = 100;
const SAMPLE = 3;
const TALLEST_PIXELS = 2000;
const ROWS = new Set(["view", "navigator", "label"]);

/** Look at a component whose children have changed, once they are in the page and have their style. */
export function considerList(component) {
  const list = component.content;
  if (component.children.length < MANY) {
    list.removeAttribute("data-long");
    return;
  }
  if (list.hasAttribute("data-long")) return;
  const rows = component.children.slice(0, SAMPLE);
  if (!rows.every((row) => ROWS.has(row.tag))) return;
  const places = () => rows.map((row) => row.element.getBoundingClientRect()).flatMap(({ top, left, width, height }) => [top, left, width, height]);
  const before = places();
  const [height] = before.slice(3);
  if (!(height > 0 && height < TALLEST_PIXELS) || rows.some((row) => escapes(row.element))) return;
  list.style.setProperty("--cy-row", `${height}px`);
  list.setAttribute("data-long", "");
  const after = places();
  if (before.some((value, at) => Math.abs(value - after[at]) > 0.01)) list.setAttribute("data-long", "not");
}

/** A row whose inside means to lie somewhere else on the page. */
function escapes(row) {
  if (["absolute", "fixed", "sticky"].includes(getComputedStyle(row).position)) return true;
  return [...row.querySelectorAll("*")].some((element) => getComputedStyle(element).position === "fixed");
}
