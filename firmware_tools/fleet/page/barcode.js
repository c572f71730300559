// Code 128 (ISO/IEC 15417), code set B: what hand scanners of a production bench read, and type as a keyboard would.

import { svg } from "./dom.js";

// Widths of bars and spaces in modules, six for each symbol character: by value 0 to 105, then the stop with its last bar.
const WIDTHS = (
  "212222222122222221121223121322131222122213122312132212221213221312231212112232122132122231113222123122123221223211221132221231" +
  "213212223112312131311222321122321221312212322112322211212123212321232121111323131123131321112313132113132311211313231113231311" +
  "112133112331132131113123113321133121313121211331231131213113213311213131311123311321331121312113312311332111314111221411431111" +
  "111224111422121124121421141122141221112214112412122114122411142112142211241211221114413111241112134111111242121142121241114212" +
  "124112124211411212421112421211212141214121412121111143111341131141114113114311411113411311113141114131311141411131211412211214" +
  "211232"
).match(/.{6}/g);
const STOP = "2331112", START_B = 104, CHECK = 103, QUIET = 10;

/** The widths of bars and spaces, a bar first, of printable ASCII. */
export function barWidths(text) {
  const values = [...text].map((character) => character.charCodeAt(0) - 32);
  const check = values.reduce((sum, value, index) => sum + value * (index + 1), START_B) % CHECK;
  return [START_B, ...values, check].map((value) => WIDTHS[value]).join("") + STOP;
}

/** The bar code as SVG, with the ten modules of quiet zone at each side; its box says how large it is. */
export function barcode(text) {
  let x = QUIET, path = "";
  [...barWidths(text)].forEach((digit, index) => {
    if (index % 2 === 0) path += `M${x} 0h${digit}v1h-${digit}z`;
    x += Number(digit);
  });
  return svg("svg", { viewBox: `0 0 ${x + QUIET} 1`, class: "barcode", preserveAspectRatio: "none", "shape-rendering": "crispEdges" }, svg("path", { d: path }));
}
