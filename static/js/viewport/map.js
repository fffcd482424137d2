// One layer's values: raw float32, fetched once, and the scale its colours run over. An explanation's `scale` says how its values
// are to be read: "signed" on both sides of zero, "positive" from zero up, "unit" as they are, 0 … 1. Knows no WebGL and no DOM.

import { octets } from "./film.js";

/** Fetches one explanation's values. `positive` and `strength` are the 99.5th percentile of the positive values and of all sizes;
 * `against`: the values below zero weigh more than those above. */
export async function fetchMap(explanation, signal) {
  const values = new Float32Array(await octets(explanation.values_url, signal));
  if (values.length !== explanation.width * explanation.height) throw new Error("length");
  return {
    id: explanation.id,
    explanation,
    values,
    positive: percentile(values.filter((v) => v > 0)),
    strength: percentile(values.map(Math.abs)),
    against: values.reduce((sum, v) => sum + v, 0) < 0,
  };
}

function percentile(values) {
  if (values.length === 0) return 0;
  values.sort();
  const rank = 0.995 * (values.length - 1);
  const low = Math.floor(rank);
  return values[low] + (values[Math.min(low + 1, values.length - 1)] - values[low]) * (rank - low);
}

/** Whether a map's values mean what they are, so that nothing may stretch their colours: probabilities, for one. */
export function fixed({ explanation }) {
  return explanation.scale === "unit";
}

/** The values at the ends of a map's colours. `robust`: the 99.5th percentile instead of the extreme. */
export function ends(map, robust) {
  const { min, max, signed } = map.explanation;
  if (fixed(map)) return [0, 1];
  if (!signed) {
    const high = robust && map.positive > 0 ? map.positive : max;
    return [0, high > 0 ? high : 1];
  }
  const high = robust && map.strength > 0 ? map.strength : Math.max(Math.abs(min), Math.abs(max));
  return [-(high || 1), high || 1];
}

/** The ends for several maps at once: one scale for the signed ones and one for the others; those of 0 … 1 are in none. */
export function sharedEnds(maps, signed, robust) {
  const alike = maps.filter((map) => map.explanation.signed === signed && !fixed(map)).map((map) => ends(map, robust)[1]);
  const high = Math.max(...alike, 0) || 1;
  return [signed ? -high : 0, high];
}

/** A value for reading: plain digits, as many as matter beside values of about this size. */
export function figure(value, size = Math.abs(value)) {
  const digits = size > 0 ? Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(size)))) : 0;
  return (value < 0 ? "−" : "") + Math.abs(value).toFixed(digits);
}

/** Several values of one map with a common power of ten: {texts, power}; power is "" where plain digits will do. */
export function figures(values) {
  const size = Math.max(...values.map(Math.abs));
  const exponent = size > 0 ? Math.floor(Math.log10(size)) : 0;
  const plain = exponent >= -1 && exponent < 4;
  const unit = plain ? 1 : 10 ** exponent;
  return { texts: values.map((value) => figure(value / unit, size / unit)), power: plain ? "" : `×10${raised(exponent)}` };
}

function raised(exponent) {
  return [...String(exponent)].map((digit) => (digit === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit])).join("");
}
