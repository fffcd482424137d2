// What a map is worth against the drawn region: pointing hit, IoU, outside–inside ratio and relevance mass, from the raw
// values, at once. The arithmetic is that of app/evaluation/truth.py and localisation.py, float32 where numpy's is. Knows no
// DOM.

import { contains, mask } from "./shapes.js";

/** @import { Cells, Covering, Localisation, Pair, Point, Region, Sized } from "./types.js" */
/** @typedef {Sized & { id: string }} Named */
/** @typedef {{ region: Region, covered: Uint8Array, count: number }} Truth */
/** @typedef {{ image: string, heat: Float32Array, total: number, threshold: number, top: Point | null }} Prepared */
/** @typedef {{ slice: number, row: number, column: number }} Peak in cells from 0, their centres being whole numbers */
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
 * What does not change with the region: the map on the grid, its positive sum, Otsu's threshold, the point where it is
 * highest.
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
 * The point where a map is highest, in image pixels; null where it points nowhere.
 * @param {Cells} map
 */
function highest({ values, explanation }) {
  const found = peak(values, explanation);
  return found && pointOf(found, explanation);
}

/**
 * A place of cells in image pixels.
 * @param {Pick<Peak, "row" | "column">} found
 * @param {Pick<Covering, "width" | "height" | "extent">} covering
 * @returns {Point}
 */
export function pointOf({ row, column }, { width, height, extent: [left, top, right, bottom] }) {
  return [left + ((column + 0.5) * (right - left)) / width, top + ((row + 0.5) * (bottom - top)) / height];
}

/**
 * Where a map, or the maps of a stack, slice after slice, point. Cells that share the maximum and hang together by their sides
 * (in a stack by their faces) count by their centroid; null where nothing is positive, two places that do not hang together are
 * equally high, or everything is.
 * @param {Float32Array} values
 * @param {Pick<Covering, "width" | "height">} grid
 * @returns {Peak | null}
 */
export function peak(values, { width, height }) {
  let top = 0;
  let at = -1;
  let count = 0;
  for (let i = 0; i < values.length; i += 1) {
    if (values[i] > top) {
      top = values[i];
      at = i;
      count = 1;
    } else if (count && values[i] === top) count += 1;
  }
  if (!count || (count > 1 && count === values.length)) return null;
  const cells = count > 1 ? plateau(values, at, width, height) : [at];
  if (cells.length < count) return null;
  const size = width * height;
  const mean = (/** @type {(cell: number) => number} */ of) => cells.reduce((sum, cell) => sum + of(cell), 0) / count;
  return {
    slice: mean((cell) => Math.floor(cell / size)),
    row: mean((cell) => Math.floor((cell % size) / width)),
    column: mean((cell) => cell % width),
  };
}

/**
 * The cells as high as one, with it, that hang together with it.
 * @param {Float32Array} values
 * @param {number} at
 * @param {number} width
 * @param {number} height
 */
function plateau(values, at, width, height) {
  const size = width * height;
  const cells = [at];
  const met = new Set(cells);
  for (const cell of cells) {
    const column = cell % width;
    const row = Math.floor((cell % size) / width);
    const beside = [cell - size, cell + size];
    if (column > 0) beside.push(cell - 1);
    if (column < width - 1) beside.push(cell + 1);
    if (row > 0) beside.push(cell - width);
    if (row < height - 1) beside.push(cell + width);
    for (const other of beside) {
      if (values[other] !== values[at] || met.has(other)) continue;
      met.add(other);
      cells.push(other);
    }
  }
  return cells;
}

/**
 * A map on an image's grid as app/grey.py's `resample` lays it: bilinear between cell centres, 0 where it is not drawn.
 * @param {Cells} map
 * @param {Sized} image
 */
export function resampled({ values, explanation }, image) {
  const size = grid(image);
  const { width, height, extent, reach = extent } = explanation;
  const across = image.columns / size.columns;
  const down = image.rows / size.rows;
  const x = places(size.columns, width, [extent[0] / across, extent[2] / across], [reach[0] / across, reach[2] / across]);
  const y = places(size.rows, height, [extent[1] / down, extent[3] / down], [reach[1] / down, reach[3] / down]);
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
 * Which two of `size` cells from `from` to `to` the centre of each of `count` cells lies between, and where; `seen` from
 * `first` to `last`.
 * @param {number} count
 * @param {number} size
 * @param {Pair} extent
 * @param {Pair} reach
 */
function places(count, size, [from, to], [first, last]) {
  const low = new Int32Array(count);
  const high = new Int32Array(count);
  const share = new Float32Array(count);
  const seen = new Uint8Array(count);
  for (let i = 0; i < count; i += 1) {
    const at = ((i + 0.5 - from) * size) / (to - from) - 0.5;
    low[i] = Math.min(size - 1, Math.max(0, Math.floor(at)));
    high[i] = Math.min(low[i] + 1, size - 1);
    share[i] = Math.min(1, Math.max(0, at - low[i]));
    seen[i] = i + 0.5 >= first && i + 0.5 <= last ? 1 : 0;
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
