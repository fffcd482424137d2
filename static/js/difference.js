// What one map has more than another, each as it is drawn: divided by the end of its colours, cut off there, and faded as it
// is; both brought onto the cells of the coarser one by area; then subtracted. docs/reference/metrics.md defines it. Knows no
// DOM.

import { averaged, coarser, edges } from "./agreement.js";
import { clamp } from "./viewport/geometry.js";

/** @import { Cells, Drawn } from "./types.js" */
/**
 * A map, where its colours end, and with which share of the opacity it is drawn.
 * @typedef {Pick<Cells, "values" | "explanation"> & { end: number, signed: boolean, strength: number }} Scaled
 */

/**
 * Values in −1 … 1 of maps with one side, in −2 … 2 of those with two.
 * @param {Scaled} one
 * @param {Scaled} other
 * @param {string} id of what comes out
 * @returns {Drawn}
 */
export function difference(one, other, id) {
  const { width, height, extent, reach = extent } = coarser(one.explanation, other.explanation);
  const { x, y } = edges({ width, height, extent, reach });
  const [more, less] = [one, other].map((map) => averaged({ values: scaled(map), explanation: map.explanation }, x, y, true));
  const values = more.map((value, at) => value - less[at]);
  const [min, max] = [Math.min(0, ...rows(values, width, Math.min)), Math.max(0, ...rows(values, width, Math.max))];
  return { id, explanation: { id, width, height, extent, reach, signed: true, min, max }, values };
}

/**
 * The least or the most of every row: a whole map is too much for the arguments of one call.
 * @param {Float32Array} values
 * @param {number} width
 * @param {(...values: number[]) => number} of
 */
function rows(values, width, of) {
  return Array.from({ length: values.length / width }, (_, at) => of(...values.subarray(at * width, (at + 1) * width)));
}

/** @param {Scaled} map */
function scaled({ values, end, signed, strength }) {
  return values.map((value) => strength * clamp(value / end, signed ? -1 : 0, 1));
}
