// Where slices lie in the patient: DICOM's Image Plane geometry (PS3.3 C.7.6.2.1.1). A slice is {rows, columns, spacing:
// [between rows, between columns], position: the centre of the first pixel, axes: along a row, then down a column}; patient
// coordinates are mm, to the left, to the back, to the head. Image coordinates are those of viewport/geometry.js: pixel (r, c)
// covers [c, c+1) × [r, r+1).

/** @import { ImageData, Point, Spaced, Triple } from "../types.js" */
/** @typedef {Spaced & Pick<ImageData, "position" | "axes">} Slice */
/** @typedef {{ [part in keyof Slice]: NonNullable<Slice[part]> }} Lying a slice that says where it lies */
/** @typedef {{ x: number, y: number, away: number }} Under image coordinates, and mm along the slice's normal */
/** @typedef {{ space: string, series: string }} Framed */

const LETTERS = [["L", "R"], ["P", "A"], ["H", "F"]];

/**
 * Whether a slice says where it lies.
 * @param {Slice | null | undefined} slice
 * @returns {slice is Lying}
 */
export function lies(slice) {
  return Boolean(slice?.position && slice.axes && slice.spacing);
}

/**
 * Whether places in two stacks compare: in one frame of reference; where the files name none, in one series.
 * @param {Framed} a
 * @param {Framed} b
 */
export function shares(a, b) {
  return a.space === b.space && (a.space !== "" || a.series === b.series);
}

/**
 * The direction across a slice, a unit vector.
 * @param {Pick<Lying, "axes">} slice
 * @returns {Triple}
 */
export function normal({ axes: [a, b, c, d, e, f] }) {
  return [b * f - c * e, c * d - a * f, a * e - b * d];
}

/**
 * @param {number[]} a
 * @param {number[]} b
 */
export function dot(a, b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/**
 * Patient coordinates of an image point.
 * @param {Lying} slice
 * @param {number} x
 * @param {number} y
 * @returns {Triple}
 */
export function patient({ position, axes, spacing }, x, y) {
  const along = (x - 0.5) * spacing[1];
  const down = (y - 0.5) * spacing[0];
  const mm = (/** @type {number} */ i) => position[i] + axes[i] * along + axes[3 + i] * down;
  return [mm(0), mm(1), mm(2)];
}

/**
 * A patient point on a slice: {x, y} in image coordinates under it, and `away`, mm along the slice's normal.
 * @param {Lying} slice
 * @param {Triple} point
 * @returns {Under}
 */
export function onSlice(slice, point) {
  const { position, axes, spacing } = slice;
  const from = [0, 1, 2].map((i) => point[i] - position[i]);
  return {
    x: dot(from, axes.slice(0, 3)) / spacing[1] + 0.5,
    y: dot(from, axes.slice(3, 6)) / spacing[0] + 0.5,
    away: dot(from, normal(slice)),
  };
}

/**
 * The slice nearest to a patient point, the first of equals: {at, x, y, away}; null where no slice says where it lies.
 * @param {Slice[]} slices
 * @param {Triple} point
 * @returns {Under & { at: number } | null}
 */
export function nearest(slices, point) {
  /** @type {Under & { at: number } | null} */
  let best = null;
  for (const [at, slice] of slices.entries()) {
    if (!lies(slice)) continue;
    const found = onSlice(slice, point);
    if (!best || Math.abs(found.away) < Math.abs(best.away)) best = { at, ...found };
  }
  return best;
}

/**
 * Where the rectangle of another slice cuts a slice: two points in the slice's image coordinates; null where it does not.
 * @param {Slice | null | undefined} slice
 * @param {Slice | null | undefined} other
 * @returns {[Point, Point] | null}
 */
export function crossing(slice, other) {
  if (!lies(slice) || !lies(other) || Math.abs(dot(normal(slice), normal(other))) > 0.999) return null;
  /** @type {Point[]} */
  const corners = [[0, 0], [other.columns, 0], [other.columns, other.rows], [0, other.rows]];
  const under = corners.map(([x, y]) => onSlice(slice, patient(other, x, y)));
  /** @type {Point[]} */
  const ends = [];
  under.forEach((a, at) => {
    const b = under[(at + 1) % 4];
    if ((a.away >= 0) === (b.away >= 0)) return;
    const share = a.away / (a.away - b.away);
    ends.push([a.x + (b.x - a.x) * share, a.y + (b.y - a.y) * share]);
  });
  return ends.length === 2 ? [ends[0], ends[1]] : null;
}

/**
 * A slice's place as readers say it, by the axis it is stacked along: {letter, mm}, of the slice's middle; null when unknown.
 * @param {Slice | null | undefined} slice
 */
export function spoken(slice) {
  if (!lies(slice)) return null;
  const across = normal(slice).map(Math.abs);
  const axis = across.indexOf(Math.max(...across));
  const mm = patient(slice, slice.columns / 2, slice.rows / 2)[axis];
  return { letter: LETTERS[axis][mm < 0 ? 1 : 0], mm: Math.abs(mm) };
}

/**
 * Half the distance to the neighbour that lies farther, in mm: how far a point may lie from a slice and still belong to it.
 * @param {Slice[]} slices
 * @param {number} at
 */
export function half(slices, at) {
  const slice = slices[at];
  const near = [slices[at - 1], slices[at + 1]].filter(lies);
  if (!near.length || !lies(slice)) return Infinity;
  return Math.max(...near.map((other) => Math.abs(onSlice(slice, other.position).away))) / 2;
}
