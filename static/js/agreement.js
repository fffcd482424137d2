// How far methods agree: the arithmetic of app/evaluation/agreement.py (docs/reference/metrics.md), which a test compares with this.
// Maps are brought onto the coarsest one's cells by area, then ranked and cut to their top areas. Knows no DOM.

const SAME = 0.9999;

/**
 * Every map's positive part on the cells of the coarsest map, those on the film only. `maps`: [[method, {explanation, values}], …];
 * null when none has an order. `cells[i]` is a Float32Array for `methods[i]`, `places` the number of each cell, row by row.
 */
export function gathered(maps, image) {
  if (maps.length === 0) return null;
  const size = ([, { explanation }]) => explanation.width * explanation.height;
  const { width, height, extent } = maps.reduce((least, map) => (size(map) < size(least) ? map : least))[1].explanation;
  const x = edges(extent[0], extent[2], width);
  const y = edges(extent[1], extent[3], height);
  const inside = (line, at, length) => (line[at] + line[at + 1]) / 2 >= 0 && (line[at] + line[at + 1]) / 2 < length;
  const places = [];
  for (let i = 0; i < width * height; i += 1) {
    if (inside(x, i % width, image.columns) && inside(y, Math.floor(i / width), image.rows)) places.push(i);
  }
  const found = { methods: [], cells: [], places, width, height, extent };
  for (const [method, map] of maps) {
    const all = averaged(map, x, y);
    const cells = Float32Array.from(places, (place) => all[place]);
    if (!cells.some((value) => value !== cells[0])) continue;
    found.methods.push(method);
    found.cells.push(cells);
  }
  return found.methods.length ? found : null;
}

function edges(start, end, count) {
  return Array.from({ length: count + 1 }, (_, i) => start + ((end - start) * i) / count);
}

// Mean positive value over each coarse cell, 0 where the map does not reach; along rows first, then along columns.
function averaged({ values, explanation: { width, height, extent } }, x, y) {
  const across = shares(x, edges(extent[0], extent[2], width));
  const down = shares(y, edges(extent[1], extent[3], height));
  const out = new Float32Array(across.length * down.length);
  const row = new Float64Array(width);
  down.forEach((rows, i) => {
    row.fill(0);
    for (const [from, part] of rows) {
      for (let c = 0, at = from * width; c < width; c += 1, at += 1) if (values[at] > 0) row[c] += part * values[at];
    }
    across.forEach((columns, j) => {
      let sum = 0;
      for (const [from, part] of columns) sum += part * row[from];
      out[i * across.length + j] = sum;
    });
  });
  return out;
}

// For each coarse cell the fine cells that it shares area with, and which share of it each covers: [[place, share], …].
function shares(coarse, fine) {
  const wide = fine[1] - fine[0];
  return coarse.slice(1).map((end, i) => {
    const start = coarse[i];
    const found = [];
    const first = Math.max(0, Math.floor((start - fine[0]) / wide) - 1);
    for (let at = first; at < fine.length - 1 && fine[at] < end; at += 1) {
      const shared = Math.min(end, fine[at + 1]) - Math.max(start, fine[at]);
      if (shared > 0) found.push([at, shared / (end - start)]);
    }
    return found;
  });
}

/** The highest `share` of the cells, at least one, as far as they are above 0, as flags; cells equal to the last one come in too. */
export function topArea(cells, share) {
  const count = Math.max(1, Math.floor(share * cells.length + 0.5));
  const last = cells.slice().sort()[cells.length - count];
  return Uint8Array.from(cells, (value) => (value >= last && value > 0 ? 1 : 0));
}

/** Spearman's correlation of every pair. */
export function ranks(cells) {
  const centred = cells.map(ranked);
  return pairs(centred, (a, b) => {
    let [both, left, right] = [0, 0, 0];
    for (let i = 0; i < a.length; i += 1) {
      both += a[i] * b[i];
      left += a[i] * a[i];
      right += b[i] * b[i];
    }
    return both / Math.sqrt(left * right);
  });
}

// Ranks less their mean; equal values share the mean of their ranks.
function ranked(cells) {
  const order = Uint32Array.from(cells.keys()).sort((a, b) => cells[a] - cells[b]);
  const out = new Float64Array(cells.length);
  const middle = (cells.length - 1) / 2;
  for (let from = 0, to = 0; from < order.length; from = to) {
    while (to < order.length && cells[order[to]] === cells[order[from]]) to += 1;
    for (let i = from; i < to; i += 1) out[order[i]] = (from + to - 1) / 2 - middle;
  }
  return out;
}

/** The IoU of the top areas of every pair; NaN where both are empty. */
export function overlaps(areas) {
  return pairs(areas, (a, b) => {
    let [both, either] = [0, 0];
    for (let i = 0; i < a.length; i += 1) {
      both += a[i] & b[i];
      either += a[i] | b[i];
    }
    return both / either;
  });
}

function pairs(of, measure) {
  const table = of.map(() => of.map(() => 1));
  for (let i = 0; i < of.length; i += 1) {
    for (let j = 0; j < i; j += 1) table[i][j] = table[j][i] = measure(of[i], of[j]);
  }
  return table;
}

/** Which of the methods at `places` count, from `ranks`: of methods that rank the film alike the first, so that none has two votes. */
export function distinct(table, places) {
  const kept = [];
  for (const place of places) if (kept.every((other) => table[place][other] < SAME)) kept.push(place);
  return kept;
}

/** 1 − the mean rank correlation over all pairs of the methods at `places`, cut to 0 … 1; null below two. */
export function disagreement(table, places) {
  if (places.length < 2) return null;
  let [sum, count] = [0, 0];
  for (const i of places) {
    for (const j of places) {
      if (i >= j) continue;
      sum += table[i][j];
      count += 1;
    }
  }
  return Math.min(1, Math.max(0, 1 - sum / count));
}

/** A map of how many of the areas have each cell: {id, explanation, values}, as the renderer takes it. */
export function counted({ places, width, height, extent }, areas, id) {
  const values = new Float32Array(width * height);
  for (const area of areas) places.forEach((place, i) => (values[place] += area[i]));
  return { id, explanation: { id, width, height, extent }, values };
}
