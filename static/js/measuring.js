// What a drawn measure amounts to: length, angle, and the grey values inside a rectangle or an ellipse. The same arithmetic as
// app/evaluation/annotations.py; points are image pixels, pixel (r, c) covers [c, c+1) × [r, r+1). Also how it is moved and
// bent, and how a link has it. Knows no DOM.

import { clamp } from "./viewport/geometry.js";

/** @import { Bounds, Film, Measure, MeasureKind, Point, Sized } from "./types.js" */

/**
 * Grey values in the film's units over the `pixels` whose centre lies inside; `sd` divides by their number. Null where there
 * are none; `pixels` too where only a film's preview is there, so that nothing can be said yet.
 * @typedef {{ pixels: number | null, mean: number | null, sd: number | null, min: number | null, max: number | null }} Greys
 */
/** @typedef {{ length: number } | { angle: number } | Greys & { area: number }} Measured */

/** @type {MeasureKind[]} */
export const KINDS = ["length", "angle", "rectangle", "ellipse"];

const LEAST = 2;

/** @type {Omit<Greys, "pixels">} */
const NOTHING = Object.freeze({ mean: null, sd: null, min: null, max: null });

/**
 * How many points a kind has: the ends of a length; end, vertex, end of an angle; two opposite corners of an area.
 * @param {string} kind
 */
export function pointsOf(kind) {
  return kind === "angle" ? 3 : 2;
}

/**
 * The figures of a measure. Lengths in mm and areas in mm² where the film has a spacing, else in pixels; angles in degrees.
 * @param {{ kind: MeasureKind, points: Point[] }} measure
 * @param {Film} film
 * @returns {Measured}
 */
export function measured({ kind, points }, film) {
  const [down, across] = film.image.spacing ?? [film.image.aspect ?? 1, 1];
  const at = points.map(([x, y]) => /** @type {Point} */ ([x * across, y * down]));
  if (kind === "length") return { length: Math.hypot(at[1][0] - at[0][0], at[1][1] - at[0][1]) };
  if (kind === "angle") return { angle: angle(at[0], at[1], at[2]) };
  const area = Math.abs(at[1][0] - at[0][0]) * Math.abs(at[1][1] - at[0][1]);
  return { ...greys(kind, points, film), area: kind === "ellipse" ? (area * Math.PI) / 4 : area };
}

/**
 * @param {Point} start
 * @param {Point} vertex
 * @param {Point} end
 */
function angle([x0, y0], [x1, y1], [x2, y2]) {
  const ax = x0 - x1;
  const ay = y0 - y1;
  const bx = x2 - x1;
  const by = y2 - y1;
  return (Math.atan2(Math.abs(ax * by - ay * bx), ax * bx + ay * by) * 180) / Math.PI;
}

/**
 * A pixel counts when its centre lies inside. Sums run over stored values, so that no figure loses digits to the slope.
 * @param {MeasureKind} kind
 * @param {Point[]} corners
 * @param {Film} film
 * @returns {Greys}
 */
function greys(kind, [[xa, ya], [xb, yb]], { image, levels: [full], bias }) {
  if (!full) return { pixels: null, ...NOTHING };
  const { left, top, right, bottom } = sorted(xa, ya, xb, yb);
  let pixels = 0;
  let sum = 0;
  let squares = 0;
  let least = Infinity;
  let most = -Infinity;
  for (let row = Math.max(0, Math.ceil(top - 0.5)); row + 0.5 <= bottom && row < image.rows; row += 1) {
    const dy = (row + 0.5 - (top + bottom) / 2) / ((bottom - top) / 2);
    for (let column = Math.max(0, Math.ceil(left - 0.5)); column + 0.5 <= right && column < image.columns; column += 1) {
      const dx = (column + 0.5 - (left + right) / 2) / ((right - left) / 2);
      if (kind === "ellipse" && dx * dx + dy * dy > 1) continue;
      const value = full.data[row * image.columns + column] - bias;
      pixels += 1;
      sum += value;
      squares += value * value;
      if (value < least) least = value;
      if (value > most) most = value;
    }
  }
  if (!pixels) return { pixels, ...NOTHING };
  const mean = sum / pixels;
  const sd = Math.sqrt(Math.max(0, squares / pixels - mean * mean)) * Math.abs(image.slope);
  const ends = [least, most].map((stored) => stored * image.slope + image.intercept).sort((a, b) => a - b);
  return { pixels, mean: mean * image.slope + image.intercept, sd, min: ends[0], max: ends[1] };
}

/**
 * The box between two opposite corners.
 * @param {number} xa
 * @param {number} ya
 * @param {number} xb
 * @param {number} yb
 * @returns {Bounds}
 */
function sorted(xa, ya, xb, yb) {
  return { left: Math.min(xa, xb), top: Math.min(ya, yb), right: Math.max(xa, xb), bottom: Math.max(ya, yb) };
}

/**
 * A point within an image, to the hundredth of a pixel.
 * @param {Point} point
 * @param {Sized} image
 * @returns {Point}
 */
export function within([x, y], { columns, rows }) {
  return [hundredth(clamp(x, 0, columns)), hundredth(clamp(y, 0, rows))];
}

/**
 * Points on the same spot were a slip of the hand.
 * @param {Point[]} points
 */
export function short(points) {
  return points.some(([x, y], at) => at > 0 && Math.hypot(x - points[at - 1][0], y - points[at - 1][1]) < LEAST);
}

/**
 * A measure with one end at another point. `end` names the point that gives the column and the one that gives the row: "0,1".
 * @param {Measure} measure
 * @param {string} end
 * @param {Point} point
 * @returns {Measure}
 */
export function bent(measure, end, [x, y]) {
  const [across, down] = end.split(",").map(Number);
  return { ...measure, points: measure.points.map(([px, py], at) => [at === across ? x : px, at === down ? y : py]) };
}

/**
 * A measure moved, but not beyond its image.
 * @param {Measure} measure
 * @param {number} dx
 * @param {number} dy
 * @param {Sized} image
 * @returns {Measure}
 */
export function shifted(measure, dx, dy, { columns, rows }) {
  const xs = measure.points.map(([x]) => x);
  const ys = measure.points.map(([, y]) => y);
  const mx = clamp(dx, -Math.min(...xs), columns - Math.max(...xs));
  const my = clamp(dy, -Math.min(...ys), rows - Math.max(...ys));
  return { ...measure, points: measure.points.map(([x, y]) => [hundredth(x + mx), hundredth(y + my)]) };
}

/** @param {number} value */
function hundredth(value) {
  return Math.round(value * 100) / 100;
}

/**
 * Kind and points of a measure as a link has them: [kind, x, y, x, y …].
 * @param {Pick<Measure, "kind" | "points">} measure
 */
export function flattened({ kind, points }) {
  return [KINDS.indexOf(kind), ...points.flat()];
}

/**
 * What `flattened` made, if that is what it is and it lies on an image; null for anything else that came out of a link.
 * @param {unknown} flat
 * @param {Sized} image
 * @returns {Pick<Measure, "kind" | "points"> | null}
 */
export function unflattened(flat, image) {
  if (!Array.isArray(flat) || !flat.every(Number.isFinite)) return null;
  /** @type {number[]} */
  const [place, ...numbers] = flat;
  const kind = KINDS[place];
  if (!kind || numbers.length !== 2 * pointsOf(kind)) return null;
  /** @type {Point[]} */
  const points = Array.from({ length: pointsOf(kind) }, (_, at) => [numbers[2 * at], numbers[2 * at + 1]]);
  const on = points.every(([x, y]) => x >= 0 && y >= 0 && x <= image.columns && y <= image.rows);
  return on && !short(points) ? { kind, points } : null;
}
