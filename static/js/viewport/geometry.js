// Where an image lies in a pane: fit, zoom, pan, quarter turns and flips as one affine map, and the letters at the edges. Image
// coordinates are pixels as in the server's Extent: pixel (r, c) covers [c, c+1) × [r, r+1). Screen coordinates are CSS pixels
// from the pane's top left corner. Knows no DOM and no WebGL.

/** @import { Letters, Matrix, Placed, Point, Spaced, Turn, View } from "../types.js" */
/** @typedef {{ width: number, height: number }} Size */

/**
 * Image axes to screen axes, row by row: [xx, xy, yx, yy].
 * @type {Turn}
 */
export const UPRIGHT = Object.freeze(/** @type {const} */ ([1, 0, 0, 1]));

/** @type {Record<string, Turn>} */
const STEPS = {
  right: [0, -1, 1, 0],
  left: [0, 1, -1, 0],
  horizontal: [-1, 0, 0, 1],
  vertical: [1, 0, 0, -1],
};

/**
 * The orientation after one more turn or flip as seen on the screen.
 * @param {Turn} turn
 * @param {string} step "right", "left", "horizontal" or "vertical"
 * @returns {Turn}
 */
export function turned(turn, step) {
  const [a, b, c, d] = STEPS[step];
  const [p, q, r, s] = turn;
  // + 0: no −0, which JSON and a comparison of texts would tell from 0.
  return [a * p + b * r + 0, a * q + b * s + 0, c * p + d * r + 0, c * q + d * s + 0];
}

/**
 * Height of a pixel in widths of a pixel: by its spacing, else as the header's aspect ratio says; 1 where nothing is known.
 * @param {Pick<Spaced, "spacing" | "aspect">} image
 */
export function aspect(image) {
  return image.spacing ? image.spacing[0] / image.spacing[1] : (image.aspect ?? 1);
}

/**
 * The map from image to screen for a view (x, y: the point in the pane's middle, as a share of columns and rows) in a box.
 * @param {View} view
 * @param {Spaced} image
 * @param {Size} box
 * @returns {Placed} `matrix` [a, b, c, d, e, f]: X = a·x + b·y + e, Y = c·x + d·y + f
 */
export function placed(view, image, box) {
  const tall = aspect(image);
  const [xx, xy, yx, yy] = view.turn;
  const across = xx === 0;
  const wide = image.columns;
  const high = image.rows * tall;
  const fit = Math.min(box.width / (across ? high : wide), box.height / (across ? wide : high));
  const scale = fit * view.zoom;
  const a = scale * xx;
  const b = scale * xy * tall;
  const c = scale * yx;
  const d = scale * yy * tall;
  const cx = view.x * image.columns;
  const cy = view.y * image.rows;
  return { scale, matrix: [a, b, c, d, box.width / 2 - a * cx - b * cy, box.height / 2 - c * cx - d * cy] };
}

/**
 * The inverse of an affine map.
 * @param {Matrix} matrix
 * @returns {Matrix}
 */
export function inverted([a, b, c, d, e, f]) {
  const k = a * d - b * c;
  return [d / k, -b / k, -c / k, a / k, (b * f - d * e) / k, (c * e - a * f) / k];
}

/**
 * One affine map after another.
 * @param {Matrix} last
 * @param {Matrix} first
 * @returns {Matrix}
 */
export function after([a, b, c, d, e, f], [g, h, i, j, k, l]) {
  const [x, y] = through([a, b, c, d, e, f], k, l);
  return [a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, x, y];
}

/**
 * A point through an affine map.
 * @param {Matrix} matrix
 * @param {number} x
 * @param {number} y
 * @returns {Point}
 */
export function through([a, b, c, d, e, f], x, y) {
  return [a * x + b * y + e, c * x + d * y + f];
}

/**
 * The view that keeps the image point under (x, y) of the box where it is, at another zoom.
 * @param {View} view
 * @param {Spaced} image
 * @param {Size} box
 * @param {number} x
 * @param {number} y
 * @param {number} zoom
 * @returns {View}
 */
export function zoomedAt(view, image, box, x, y, zoom) {
  const [px, py] = through(inverted(placed(view, image, box).matrix), x, y);
  const next = { ...view, zoom };
  const [qx, qy] = through(inverted(placed(next, image, box).matrix), x, y);
  return { ...next, x: next.x + (px - qx) / image.columns, y: next.y + (py - qy) / image.rows };
}

/**
 * The view moved by (dx, dy) screen pixels.
 * @param {View} view
 * @param {Spaced} image
 * @param {Size} box
 * @param {number} dx
 * @param {number} dy
 * @returns {View}
 */
export function panned(view, image, box, dx, dy) {
  const back = inverted(placed(view, image, box).matrix);
  const x = back[0] * dx + back[1] * dy;
  const y = back[2] * dx + back[3] * dy;
  return { ...view, x: clamp(view.x - x / image.columns, 0, 1), y: clamp(view.y - y / image.rows, 0, 1) };
}

/**
 * The letters at the screen's left, top, right and bottom edge, from those at the image's edges.
 * @param {Letters} image
 * @param {Turn} turn
 * @returns {Letters}
 */
export function letters([left, top, right, bottom], [xx, xy, yx, yy]) {
  /** @type {Letters} */
  const out = ["", "", "", ""];
  /** @type {[string, number, number][]} */
  const edges = [[left, -1, 0], [top, 0, -1], [right, 1, 0], [bottom, 0, 1]];
  for (const [letter, x, y] of edges) out[edge(xx * x + xy * y, yx * x + yy * y)] = letter;
  return out;
}

/**
 * The place of the screen's edge in a direction among left, top, right, bottom.
 * @param {number} x
 * @param {number} y
 */
function edge(x, y) {
  if (x < 0) return 0;
  if (y < 0) return 1;
  return x > 0 ? 2 : 3;
}

/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
export function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value));
}
