// One film's pixels: fetched once, kept as unsigned 16-bit values with a bias, halved step by step for small panes, and the
// windows it can be shown with. The arithmetic is that of app/grey.py. Knows no WebGL.

import { reach } from "../asking.js";

/** @import { Film, ImageData, Level, Lut, Pair, Preset, Strings, Window } from "../types.js" */

const SMALL = 128;
const BIAS = 32768;

/**
 * @param {string} url
 * @param {AbortSignal} [signal]
 */
async function answer(url, signal) {
  const response = await reach(url, { signal });
  if (!response.ok) throw new Error(`${response.status}`);
  return response;
}

/**
 * Raw octets of an address; an error carries the status.
 * @param {string} url
 * @param {AbortSignal} [signal]
 */
export async function octets(url, signal) {
  return (await answer(url, signal)).arrayBuffer();
}

/**
 * Fetches one image of the payload. `levels[n]` is {data, width, height} at 2⁻ⁿ of the size, from the n-th = `first` on; a
 * stored value is `data[i] - bias`; `middle` and `range` are the 0.5th and 99.5th percentile and the ends of the values.
 * @param {ImageData} image
 * @param {AbortSignal} [signal]
 * @returns {Promise<Film>}
 */
export async function fetchFilm(image, signal) {
  const [pixels, lut] = await Promise.all([octets(image.pixels_url, signal), fetchLut(image, signal)]);
  const data = unsigned(new Uint16Array(pixels), image);
  if (data.length !== image.rows * image.columns) throw new Error("length");
  const bias = biasOf(image);
  return { image, bias, first: 0, levels: pyramid(data, image.columns, image.rows), lut, ...spread(data, image, bias) };
}

/**
 * The same film halved until it is small, to be shown until all of it is there; null for one that is small anyway.
 * @param {ImageData} image
 * @param {AbortSignal} [signal]
 * @returns {Promise<Film | null>}
 */
export async function fetchPreview(image, signal) {
  const first = image.halved;
  if (!first) return null;
  const [response, lut] = await Promise.all([answer(`${image.pixels_url}?halved=${first}`, signal), fetchLut(image, signal)]);
  const data = unsigned(new Uint16Array(await response.arrayBuffer()), image);
  /** @type {(Level | undefined)[]} */
  const larger = Array(first).fill(undefined);
  const levels = [...larger, ...pyramid(data, image.columns >> first, image.rows >> first)];
  const told = response.headers.get("X-Spread");
  if (!told) throw new Error("X-Spread");
  const [least, low, high, most] = told.split(",").map((stored) => Number(stored) * image.slope + image.intercept);
  return { image, bias: biasOf(image), first, levels, lut, middle: [low, high], range: [least, most] };
}

/**
 * @param {ImageData} image
 * @param {AbortSignal} [signal]
 * @returns {Promise<Lut | null>}
 */
async function fetchLut({ voi_lut: lut }, signal) {
  if (!lut) return null;
  return { first: lut.first, top: 2 ** lut.bits - 1, data: new Uint16Array(await octets(lut.url, signal)) };
}

/** @param {ImageData} image */
function biasOf(image) {
  return image.signed ? BIAS : 0;
}

/**
 * Signed values with their sign bit turned, so that they lie in the order of unsigned ones; changes what it gets.
 * @param {Uint16Array} data
 * @param {ImageData} image
 */
function unsigned(data, image) {
  if (image.signed) for (let i = 0; i < data.length; i += 1) data[i] ^= BIAS;
  return data;
}

/**
 * @param {Uint16Array} data
 * @param {number} width
 * @param {number} height
 */
function pyramid(data, width, height) {
  /** @type {Level[]} */
  const levels = [{ data, width, height }];
  let last = levels[0];
  while (Math.max(last.width, last.height) > SMALL) {
    last = halved(last);
    levels.push(last);
  }
  return levels;
}

/**
 * @param {Level} level
 * @returns {Level}
 */
function halved({ data, width: stride, height: rows }) {
  const width = Math.max(1, stride >> 1);
  const height = Math.max(1, rows >> 1);
  const out = new Uint16Array(width * height);
  const right = stride > 1 ? 1 : 0;
  const below = rows > 1 ? stride : 0;
  for (let y = 0, o = 0; y < height; y += 1) {
    for (let x = 0, i = y * 2 * stride; x < width; x += 1, i += 2, o += 1) {
      out[o] = (data[i] + data[i + right] + data[i + below] + data[i + below + right] + 2) >> 2;
    }
  }
  return { data: out, width, height };
}

/**
 * Percentiles of the stored values as numpy computes them: linear between the two nearest ranks.
 * @param {Uint16Array} data
 * @param {ImageData} image
 * @param {number} bias
 * @returns {{ middle: Pair, range: Pair }}
 */
function spread(data, image, bias) {
  const counts = new Uint32Array(65536);
  for (let i = 0; i < data.length; i += 1) counts[data[i]] += 1;
  const value = (/** @type {number} */ share) => {
    const rank = share * (data.length - 1);
    const low = nth(counts, Math.floor(rank));
    const stored = low + (nth(counts, Math.ceil(rank)) - low) * (rank - Math.floor(rank));
    return (stored - bias) * image.slope + image.intercept;
  };
  return { middle: [value(0.005), value(0.995)], range: [value(0), value(1)] };
}

/**
 * @param {Uint32Array} counts
 * @param {number} rank
 */
function nth(counts, rank) {
  let seen = 0;
  for (let v = 0; v < 65536; v += 1) {
    seen += counts[v];
    if (seen > rank) return v;
  }
  return 65535;
}

/**
 * What the film can be shown with, the one it opens with first; window null is the film's VOI LUT.
 * @param {Film} film
 * @param {Strings} strings
 */
export function presets(film, strings) {
  /** @type {Preset[]} */
  const list = [];
  if (film.lut) list.push({ label: strings["window.lut"], window: null });
  for (const { centre, width, function: shape, label } of film.image.windows) {
    list.push({ label: label || strings["window.header"], window: { centre, width, shape } });
  }
  const [low, high] = film.middle;
  const whole = exact(...film.range);
  list.push({ label: strings["window.auto"], window: high > low ? exact(low, high) : whole });
  list.push({ label: strings["window.range"], window: whole });
  return list;
}

/**
 * @param {number} low
 * @param {number} high
 * @returns {Window}
 */
function exact(low, high) {
  return { centre: (low + high) / 2, width: Math.max(high - low, 1e-6), shape: "LINEAR_EXACT" };
}
