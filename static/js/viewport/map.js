// The scale that a layer's colours run over. An explanation's `scale` says how its values are to be read: "signed" on both
// sides of zero, "positive" from zero up, "unit" as they are, 0 … 1, "classes" by number, "grey" as a film's. Knows no WebGL
// and no DOM.

/** @import { LayerMap, Pair } from "../types.js" */
/** @typedef {Pick<LayerMap, "explanation">} Headed */
/** @typedef {Pick<LayerMap, "explanation" | "positive" | "strength"> & Partial<Pick<LayerMap, "low" | "high">>} Ranged */

/** How the renderer reads a map's values (see SAMPLE): along a scale of colours, … */
export const SCALE = 0;
/** … by class, … */
export const CLASSES = 1;
/** … as outlines of classes, … */
export const OUTLINES = 2;
/** … as greys. */
export const GREY = 3;

const FIXED = ["unit", "classes", "grey"];

/**
 * Whether a map's values mean what they are, so that nothing may stretch their colours: probabilities, classes, greys.
 * @param {Headed} map
 */
export function fixed({ explanation }) {
  return FIXED.includes(explanation.scale ?? "");
}

/**
 * The values at the ends of a map's colours. `robust`: the 99.5th percentile instead of the extreme.
 * @param {Ranged} map
 * @param {boolean} [robust]
 * @returns {Pair}
 */
export function ends(map, robust = false) {
  const { min, max, signed, scale } = map.explanation;
  if (scale === "classes") return [0, 255];
  if (scale === "grey") return [map.low ?? min, map.high ?? max];
  if (scale === "unit") return [0, 1];
  if (!signed) {
    const top = robust && map.positive > 0 ? map.positive : max;
    return [0, top > 0 ? top : 1];
  }
  const widest = robust && map.strength > 0 ? map.strength : Math.max(Math.abs(min), Math.abs(max));
  const high = widest || 1;
  return [-high, high];
}

/**
 * The ends for several maps at once: one scale for the signed ones and one for the others; those that are fixed are in none.
 * @param {Ranged[]} maps
 * @param {boolean} signed
 * @param {boolean} robust
 * @returns {Pair}
 */
export function sharedEnds(maps, signed, robust) {
  const alike = maps.filter((map) => map.explanation.signed === signed && !fixed(map));
  const high = Math.max(...alike.map((map) => ends(map, robust)[1]), 0) || 1;
  return [signed ? -high : 0, high];
}

/**
 * A value for reading: plain digits, as many as matter beside values of about this size.
 * @param {number} value
 * @param {number} [size]
 */
export function figure(value, size = Math.abs(value)) {
  const digits = size > 0 ? Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(size)))) : 0;
  return (value < 0 ? "−" : "") + Math.abs(value).toFixed(digits);
}

/**
 * Several values of one map with a common power of ten: {texts, power}; power is "" where plain digits will do.
 * @param {number[]} values
 */
export function figures(values) {
  const size = Math.max(...values.map(Math.abs));
  const exponent = size > 0 ? Math.floor(Math.log10(size)) : 0;
  const plain = exponent >= -1 && exponent < 4;
  const unit = plain ? 1 : 10 ** exponent;
  return { texts: values.map((value) => figure(value / unit, size / unit)), power: plain ? "" : `×10${raised(exponent)}` };
}

/** @param {number} exponent */
function raised(exponent) {
  return [...String(exponent)].map((digit) => (digit === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)])).join("");
}
