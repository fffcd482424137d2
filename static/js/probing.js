// What a pixel of a film, and the cell of a map that it lies in, hold: in figures, and in words to be read aloud. Knows no DOM.

import { figures } from "./viewport/map.js";
import { words } from "./words.js";

/** @import { Cells, Covering, ExplanationData, Film } from "./types.js" */
/** @typedef {{ column: number, row: number }} Pixel */
/**
 * What a cell of the table says.
 * @typedef {object} Told
 * @property {string} text
 * @property {string} [beside] in small
 * @property {string} [value] the raw value
 * @property {string} [said] in words, to be read aloud
 * @property {string} [title] `said` where nothing else is given
 * @property {string} [percent]
 */

/** @type {Told} */
export const NOTHING = Object.freeze({ text: "–" });

/** @type {WeakMap<Cells, Float32Array>} */
const sorted = new WeakMap();

/**
 * What the film holds at a pixel.
 * @param {Film} film
 * @param {Pixel} pixel
 * @returns {Told}
 */
export function greyAt({ image, levels: [full], bias }, { column, row }) {
  if (!full) return { text: words("state.loading") };
  const { slope, intercept, units, columns } = image;
  const stored = full.data[row * columns + column] - bias;
  const value = stored * slope + intercept;
  const grey = words("probe.grey");
  if (!units) {
    return { text: String(stored), beside: words("probe.stored"), value: String(stored), said: `${grey} ${stored}` };
  }
  const said = `${grey} ${plain(value)} ${units}`;
  return { text: plain(value), beside: units, value: String(value), said, title: words("probe.from", stored) };
}

/**
 * What a map that is there holds at a pixel of its image.
 * @param {ExplanationData} explanation
 * @param {Cells} map
 * @param {Pixel} pixel
 * @param {string} title of its method
 * @returns {Told}
 */
export function mapAt(explanation, map, pixel, title) {
  const cell = cellAt(explanation, pixel);
  if (cell < 0) return { text: words("probe.outside"), said: `${title}: ${words("probe.outside")}` };
  return explanation.scale === "classes" ? classAt(explanation, map.values[cell], title) : valueAt(map, cell, title);
}

/**
 * The value of a map's cell, and how high it is among all of them.
 * @param {Cells} map
 * @param {number} cell
 * @param {string} title
 * @returns {Told}
 */
function valueAt(map, cell, title) {
  const value = map.values[cell];
  const { width } = map.explanation;
  const percent = percentile(map, value);
  const { texts, power } = figures([value]);
  const text = `${texts[0]}${power}`;
  const said = words("probe.in-words", title, text, percent.toFixed(1));
  const where = words("probe.cell", said, cell % width, Math.floor(cell / width));
  return { text, beside: `P ${percent.toFixed(1)}`, value: String(value), said, title: where, percent: String(percent) };
}

/**
 * The class of a map's cell.
 * @param {ExplanationData} explanation
 * @param {number} value
 * @param {string} title
 * @returns {Told}
 */
function classAt({ names }, value, title) {
  const number = Math.round(value);
  const name = names[number] ?? (number ? String(number) : "–");
  return { text: name, value: String(number), said: `${title}: ${name}` };
}

/**
 * The number of the map's own cell that holds the middle of a film's pixel, as it is drawn; -1 where it is not.
 * @param {Pick<Covering, "extent" | "reach" | "width" | "height">} covering
 * @param {Pixel} pixel
 */
export function cellAt({ extent, reach = extent, width, height }, { column, row }) {
  const [left, top, right, bottom] = extent;
  const beyond = column + 0.5 < reach[0] || row + 0.5 < reach[1] || column + 0.5 >= reach[2] || row + 0.5 >= reach[3];
  if (beyond) return -1;
  const x = Math.floor(((column + 0.5 - left) * width) / (right - left));
  const y = Math.floor(((row + 0.5 - top) * height) / (bottom - top));
  return Math.min(height - 1, Math.max(0, y)) * width + Math.min(width - 1, Math.max(0, x));
}

/**
 * Which share of a map's cells is lower than a value, in percent; equal ones count half.
 * @param {Cells} map
 * @param {number} value
 */
export function percentile(map, value) {
  const values = sorted.get(map) ?? map.values.slice().sort();
  sorted.set(map, values);
  return (50 * (before(values, (other) => other < value) + before(values, (other) => other <= value))) / values.length;
}

/**
 * How many values in order come before the first that is not less.
 * @param {Float32Array} values
 * @param {(value: number) => boolean} less
 */
function before(values, less) {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (less(values[middle])) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** @param {number} value */
function plain(value) {
  return String(Number(value.toPrecision(7))).replace("-", "−");
}
