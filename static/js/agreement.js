// How far methods agree: the arithmetic of app/evaluation/agreement.py (docs/reference/metrics.md), which a test compares with
// this. Maps are brought onto the coarsest one's cells by area, then ranked and cut to their top areas. Knows no DOM.

/** @import { Cells, Covering, Extent, Sized } from "./types.js" */
/** @typedef {Omit<Covering, "id"> & { slices?: number }} Covered */
/** @typedef {{ explanation: Covered, values: Float32Array }} Heat the values of all slices of a stack */
/** @typedef {{ places: number[], slices: number, width: number, height: number, extent: Extent, reach?: Extent }} Grid */
/** @typedef {Grid & { methods: string[], cells: Float32Array[] }} Gathered */
/** @typedef {[place: number, share: number]} Share */

const SAME = 0.9999;

/**
 * Every map's positive part on the cells of the coarsest map, those on the image only, slice after slice; null when none has an
 * order. `cells[i]` belongs to `methods[i]`, `places` is the number of each cell of a slice, row by row; every slice has as
 * many.
 * @param {[method: string, map: Heat][]} maps of one stack
 * @param {Sized} image
 * @returns {Gathered | null}
 */
export function gathered(maps, image) {
  if (maps.length === 0) return null;
  const { width, height, extent, reach = extent, slices = 1 } = maps.map(([, { explanation }]) => explanation).reduce(coarser);
  const { x, y } = edges({ width, height, extent, reach });
  const places = onFilm(x, y, image);
  /** @type {Gathered} */
  const found = { methods: [], cells: [], places, slices, width, height, extent, reach };
  for (const [method, map] of maps) {
    const cells = stacked(map, x, y, places, slices);
    if (!cells.some((value) => value !== cells[0])) continue;
    found.methods.push(method);
    found.cells.push(cells);
  }
  return found.methods.length ? found : null;
}

/**
 * A map's cells at some places of every slice.
 * @param {Heat} map
 * @param {number[]} x edges
 * @param {number[]} y edges
 * @param {number[]} places
 * @param {number} slices
 */
function stacked({ values, explanation }, x, y, places, slices) {
  const size = explanation.width * explanation.height;
  const cells = new Float32Array(slices * places.length);
  for (let at = 0; at < slices; at += 1) {
    const all = averaged({ values: values.subarray(at * size, (at + 1) * size), explanation }, x, y);
    places.forEach((place, i) => {
      cells[at * places.length + i] = all[place];
    });
  }
  return cells;
}

/**
 * The one of fewer cells, of equals the first.
 * @template {Covered} T
 * @param {T} least
 * @param {T} other
 */
export function coarser(least, other) {
  return other.width * other.height < least.width * least.height ? other : least;
}

/**
 * The numbers of the cells between edges whose middle lies on the film.
 * @param {number[]} x
 * @param {number[]} y
 * @param {Sized} image
 */
function onFilm(x, y, image) {
  const width = x.length - 1;
  const height = y.length - 1;
  const places = [];
  for (let i = 0; i < width * height; i += 1) {
    const across = middle(x, i % width);
    const down = middle(y, Math.floor(i / width));
    if (across >= 0 && across < image.columns && down >= 0 && down < image.rows) places.push(i);
  }
  return places;
}

/**
 * @param {number[]} line
 * @param {number} at
 */
function middle(line, at) {
  return (line[at] + line[at + 1]) / 2;
}

/**
 * Where the cells of a map begin and end as they are drawn, across and down.
 * @param {Omit<Covered, "slices">} covered
 */
export function edges({ width, height, extent: [left, top, right, bottom], reach = [left, top, right, bottom] }) {
  return { x: held(left, right, width, reach[0], reach[2]), y: held(top, bottom, height, reach[1], reach[3]) };
}

/**
 * Evenly spaced edges, cut off where `low` and `high` are, the outermost cells held up to there.
 * @param {number} start
 * @param {number} end
 * @param {number} count
 * @param {number} low
 * @param {number} high
 */
function held(start, end, count, low, high) {
  return Array.from({ length: count + 1 }, (_, i) => {
    if (i === 0) return low;
    if (i === count) return high;
    return Math.min(high, Math.max(low, start + ((end - start) * i) / count));
  });
}

/**
 * Mean positive value over each coarse cell, 0 where the map does not reach; along rows first, then along columns. `both`: mean
 * value, on both sides of zero.
 * @param {Heat} map
 * @param {number[]} x
 * @param {number[]} y
 * @param {boolean} [both]
 */
export function averaged({ values, explanation }, x, y, both = false) {
  const { width } = explanation;
  const own = edges(explanation);
  const across = shares(x, own.x);
  const down = shares(y, own.y);
  const out = new Float32Array(across.length * down.length);
  const row = new Float64Array(width);
  down.forEach((rows, i) => {
    row.fill(0);
    for (const [from, part] of rows) {
      for (let c = 0; c < width; c += 1) {
        const value = values[from * width + c];
        if (both || value > 0) row[c] += part * value;
      }
    }
    across.forEach((columns, j) => {
      let sum = 0;
      for (const [from, part] of columns) sum += part * row[from];
      out[i * across.length + j] = sum;
    });
  });
  return out;
}

/**
 * For each coarse cell the fine cells that it shares area with, and which share of it each covers.
 * @param {number[]} coarse edges
 * @param {number[]} fine edges
 * @returns {Share[][]}
 */
function shares(coarse, fine) {
  let first = 0;
  return coarse.slice(1).map((end, i) => {
    const start = coarse[i];
    /** @type {Share[]} */
    const found = [];
    while (first < fine.length - 1 && fine[first + 1] <= start) first += 1;
    for (let at = first; at < fine.length - 1 && fine[at] < end; at += 1) {
      const shared = Math.min(end, fine[at + 1]) - Math.max(start, fine[at]);
      if (shared > 0) found.push([at, shared / (end - start)]);
    }
    return found;
  });
}

/**
 * The highest `share` of the cells, at least one, as far as they are above 0, as flags; cells equal to the last one come in
 * too.
 * @param {Float32Array} cells
 * @param {number} share
 */
export function topArea(cells, share) {
  const count = Math.max(1, Math.floor(share * cells.length + 0.5));
  const last = cells.slice().sort()[cells.length - count];
  return Uint8Array.from(cells, (value) => (value >= last && value > 0 ? 1 : 0));
}

/**
 * Spearman's correlation of every pair.
 * @param {Float32Array[]} cells
 */
export function ranks(cells) {
  return pairs(cells.map(ranked), (a, b) => {
    let both = 0;
    let left = 0;
    let right = 0;
    for (let i = 0; i < a.length; i += 1) {
      both += a[i] * b[i];
      left += a[i] * a[i];
      right += b[i] * b[i];
    }
    return both / Math.sqrt(left * right);
  });
}

/**
 * Ranks less their mean; equal values share the mean of their ranks.
 * @param {Float32Array} cells
 */
function ranked(cells) {
  const order = Uint32Array.from(cells.keys()).sort((a, b) => cells[a] - cells[b]);
  const out = new Float64Array(cells.length);
  const mean = (cells.length - 1) / 2;
  let from = 0;
  while (from < order.length) {
    let to = from;
    while (to < order.length && cells[order[to]] === cells[order[from]]) to += 1;
    for (let i = from; i < to; i += 1) out[order[i]] = (from + to - 1) / 2 - mean;
    from = to;
  }
  return out;
}

/**
 * The IoU of the top areas of every pair; NaN where both are empty.
 * @param {Uint8Array[]} areas
 */
export function overlaps(areas) {
  return pairs(areas, (a, b) => {
    let both = 0;
    let either = 0;
    for (let i = 0; i < a.length; i += 1) {
      both += a[i] & b[i];
      either += a[i] | b[i];
    }
    return both / either;
  });
}

/**
 * A measure of every pair as a table, 1 on its diagonal.
 * @template T
 * @param {T[]} of
 * @param {(a: T, b: T) => number} measure
 */
function pairs(of, measure) {
  const table = of.map(() => of.map(() => 1));
  for (let i = 0; i < of.length; i += 1) {
    for (let j = 0; j < i; j += 1) {
      table[i][j] = measure(of[i], of[j]);
      table[j][i] = table[i][j];
    }
  }
  return table;
}

/**
 * Which of the methods at `places` count, from `ranks`: of methods that rank the film alike the first, so that none has two
 * votes.
 * @param {number[][]} table
 * @param {number[]} places
 */
export function distinct(table, places) {
  /** @type {number[]} */
  const kept = [];
  for (const place of places) {
    if (kept.every((other) => table[place][other] < SAME)) kept.push(place);
  }
  return kept;
}

/**
 * 1 − the mean rank correlation over all pairs of the methods at `places`, cut to 0 … 1; null below two.
 * @param {number[][]} table
 * @param {number[]} places
 */
export function disagreement(table, places) {
  if (places.length < 2) return null;
  let sum = 0;
  let count = 0;
  for (const i of places) {
    for (const j of places) {
      if (i >= j) continue;
      sum += table[i][j];
      count += 1;
    }
  }
  return Math.min(1, Math.max(0, 1 - sum / count));
}

/**
 * A map of how many of the areas have each cell of one slice, as the renderer takes it.
 * @param {Grid} grid
 * @param {Uint8Array[]} areas
 * @param {string} id
 * @param {number} [slice]
 * @returns {Cells}
 */
export function counted({ places, width, height, extent, reach }, areas, id, slice = 0) {
  const values = new Float32Array(width * height);
  const from = slice * places.length;
  for (const area of areas) {
    places.forEach((place, i) => {
      values[place] += area[from + i];
    });
  }
  return { id, explanation: { id, width, height, extent, reach }, values };
}
