// What a map is worth against the drawn region: pointing hit, IoU, outside–inside ratio and relevance mass, from the raw
// values, at once. The arithmetic is that of app/evaluation/truth.py and localisation.py, float32 where numpy's is. Knows no
// DOM.

import { contains, mask } from "./shapes.js";

/** @import { Cells, Localisation, Point, Region, Sized } from "./types.js" */
/** @typedef {Sized & { id: string }} Named */
/** @typedef {{ region: Region, covered: Uint8Array, count: number }} Truth */
/** @typedef {{ image: string, heat: Float32Array, total: number, threshold: number, top: Point | null }} Prepared */
/** @typedef {Localisation & { outside_inside: number | null }} Figures */

const LONGEST = 512;
const BINS = 256;
const { fround } = Math;

/** @type {WeakMap<Cells, Prepared>} */
const prepared = new WeakMap();

/** @type {Readonly<Figures>} */
const NOTHING = Object.freeze({ pointing: null, iou: null, outside_inside: null, mass: null });

/**
 * The grid that a film is measured on: its own pixels, or the longer side is 512 cells.
 * @param {Sized} image
 * @returns {Sized}
 */
export function grid({ rows, columns }) {
  const scale = Math.min(1, LONGEST / Math.max(rows, columns));
  return { rows: Math.max(1, Math.floor(rows * scale + 0.5)), columns: Math.max(1, Math.floor(columns * scale + 0.5)) };
}

/**
 * The region's cells on an image's grid, once for all maps.
 * @param {Region} region
 * @param {Sized} image
 * @returns {Truth}
 */
export function truth(region, image) {
  const covered = mask(region, image, grid(image));
  let count = 0;
  for (const cell of covered) count += cell;
  return { region, covered, count };
}

/**
 * {pointing, iou, outside_inside, mass} of a map against `truth(region, image)`; null where a figure is not defined.
 * @param {Cells} map
 * @param {Named} image
 * @param {Truth} against
 * @returns {Figures}
 */
export function measure(map, image, { region, covered, count }) {
  if (!count) return { ...NOTHING };
  const { heat, total, threshold, top } = prepare(map, image);
  let inside = 0;
  let both = 0;
  let either = 0;
  for (let i = 0; i < heat.length; i += 1) {
    const found = heat[i] >= threshold ? 1 : 0;
    if (covered[i]) {
      if (heat[i] > 0) inside += heat[i];
      both += found;
      either += 1;
    } else {
      either += found;
    }
  }
  return {
    pointing: top && contains(region, ...top) ? 1 : 0,
    iou: both / either,
    outside_inside: ratio(inside, total, count, heat.length),
    mass: total > 0 ? inside / total : 0,
  };
}

/**
 * Mean positive evidence outside ÷ inside: infinite where all of it lies outside, null where there is none or no outside.
 * @param {number} inside the sum inside
 * @param {number} total the sum of all cells
 * @param {number} count how many cells lie inside
 * @param {number} all how many there are
 */
export function ratio(inside, total, count, all) {
  if (count === all) return null;
  if (inside > 0) return (total - inside) / (all - count) / (inside / count);
  return total > 0 ? Infinity : null;
}

/**
 * What does not change with the region: the map on the grid, its positive sum, Otsu's threshold, the centre of its highest
 * cell.
 * @param {Cells} map
 * @param {Named} image
 * @returns {Prepared}
 */
function prepare(map, image) {
  const known = prepared.get(map);
  if (known?.image === image.id) return known;
  const heat = resampled(map, image);
  let total = 0;
  for (const value of heat) if (value > 0) total += value;
  const made = { image: image.id, heat, total, threshold: otsu(heat), top: highest(map) };
  prepared.set(map, made);
  return made;
}

/**
 * The centre of the highest cell in image pixels; null where two are equally high, or none is above 0.
 * @param {Cells} map
 * @returns {Point | null}
 */
function highest({ values, explanation }) {
  let at = 0;
  let tied = false;
  values.forEach((value, i) => {
    if (value > values[at]) {
      at = i;
      tied = false;
    } else if (i && value === values[at]) {
      tied = true;
    }
  });
  if (tied || values[at] <= 0) return null;
  const { width, height, extent: [left, top, right, bottom] } = explanation;
  const row = Math.floor(at / width);
  return [left + ((at % width) + 0.5) * ((right - left) / width), top + (row + 0.5) * ((bottom - top) / height)];
}

/**
 * A map on an image's grid as app/grey.py's `resample` lays it: bilinear between cell centres, 0 outside its extent.
 * @param {Cells} map
 * @param {Sized} image
 */
export function resampled({ values, explanation }, image) {
  const size = grid(image);
  const { width, height, extent } = explanation;
  const across = image.columns / size.columns;
  const down = image.rows / size.rows;
  const x = places(size.columns, width, extent[0] / across, extent[2] / across);
  const y = places(size.rows, height, extent[1] / down, extent[3] / down);
  const out = new Float32Array(size.rows * size.columns);
  for (let r = 0; r < size.rows; r += 1) {
    if (!y.seen[r]) continue;
    const above = y.low[r] * width;
    const below = y.high[r] * width;
    for (let c = 0; c < size.columns; c += 1) {
      if (!x.seen[c]) continue;
      const left = between(values[above + x.low[c]], values[below + x.low[c]], y.share[r]);
      const right = between(values[above + x.high[c]], values[below + x.high[c]], y.share[r]);
      out[r * size.columns + c] = between(left, right, x.share[c]);
    }
  }
  return out;
}

/**
 * @param {number} a
 * @param {number} b
 * @param {number} share of b
 */
function between(a, b, share) {
  return fround(fround(a * fround(1 - share)) + fround(b * share));
}

/**
 * Which two of `size` cells from `from` to `to` the centre of each of `count` cells lies between, and where.
 * @param {number} count
 * @param {number} size
 * @param {number} from
 * @param {number} to
 */
function places(count, size, from, to) {
  const low = new Int32Array(count);
  const high = new Int32Array(count);
  const share = new Float32Array(count);
  const seen = new Uint8Array(count);
  for (let i = 0; i < count; i += 1) {
    const at = ((i + 0.5 - from) * size) / (to - from) - 0.5;
    low[i] = Math.min(size - 1, Math.max(0, Math.floor(at)));
    high[i] = Math.min(low[i] + 1, size - 1);
    share[i] = Math.min(1, Math.max(0, at - low[i]));
    seen[i] = at >= -0.5 && at <= size - 0.5 ? 1 : 0;
  }
  return { low, high, share, seen };
}

/**
 * Otsu's threshold (1979) of the positive part; infinite without evidence.
 * @param {Float32Array} heat
 */
export function otsu(heat) {
  let top = 0;
  for (const value of heat) top = Math.max(top, value);
  if (top <= 0) return Infinity;
  const edges = Float32Array.from({ length: BINS + 1 }, (_, i) => (i === BINS ? top : i * (top / BINS)));
  const counts = histogram(heat, top, edges);
  const middles = Float32Array.from({ length: BINS }, (_, i) => fround(fround(edges[i] + edges[i + 1]) / 2));
  const all = middles.reduce((sum, middle, i) => sum + middle * counts[i], 0);
  let best = -1;
  let at = top / 2;
  let below = 0;
  let sum = 0;
  for (let i = 0; i < BINS - 1; i += 1) {
    below += counts[i];
    sum += counts[i] * middles[i];
    const above = heat.length - below;
    if (!below || !above) continue;
    const variance = below * above * (sum / below - (all - sum) / above) ** 2;
    if (variance > best) {
      best = variance;
      at = edges[i + 1];
    }
  }
  return at;
}

/**
 * How many values lie in each bin, as numpy counts them: by division, then by a look at the bin's own edges.
 * @param {Float32Array} heat
 * @param {number} top
 * @param {Float32Array} edges
 */
function histogram(heat, top, edges) {
  const counts = new Float64Array(BINS);
  for (const raw of heat) {
    const value = Math.max(raw, 0);
    let bin = Math.min(Math.floor((value / top) * BINS), BINS - 1);
    if (value < edges[bin]) bin -= 1;
    else if (bin < BINS - 1 && value >= edges[bin + 1]) bin += 1;
    counts[bin] += 1;
  }
  return counts;
}
