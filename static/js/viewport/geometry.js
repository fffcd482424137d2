// Where an image lies in a pane: fit, zoom, pan, quarter turns and flips as one affine map, and the letters at the edges.
// Image coordinates are pixels as in the server's Extent: pixel (r, c) covers [c, c+1) × [r, r+1). Screen coordinates are CSS pixels
// from the pane's top left corner. Knows no DOM and no WebGL.

/** Image axes to screen axes, row by row: [xx, xy, yx, yy]. */
export const UPRIGHT = Object.freeze([1, 0, 0, 1]);

const STEPS = {
  right: [0, -1, 1, 0],
  left: [0, 1, -1, 0],
  horizontal: [-1, 0, 0, 1],
  vertical: [1, 0, 0, -1],
};

/** The orientation after one more turn or flip as seen on the screen. */
export function turned(turn, step) {
  const [a, b, c, d] = STEPS[step];
  const [p, q, r, s] = turn;
  return [a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s].map((v) => v + 0);
}

/** Height of a pixel in widths of a pixel; 1 where the spacing is unknown. */
export function aspect(image) {
  return image.spacing ? image.spacing[0] / image.spacing[1] : 1;
}

/**
 * The map from image to screen for a view {zoom, x, y, turn} (x, y: the point in the pane's middle, as a share of columns and rows) in a
 * box {width, height}. Returns {scale, matrix: [a, b, c, d, e, f]}: X = a·x + b·y + e, Y = c·x + d·y + f.
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

/** The inverse of an affine map. */
export function inverted([a, b, c, d, e, f]) {
  const k = a * d - b * c;
  return [d / k, -b / k, -c / k, a / k, (b * f - d * e) / k, (c * e - a * f) / k];
}

/** A point through an affine map. */
export function through([a, b, c, d, e, f], x, y) {
  return [a * x + b * y + e, c * x + d * y + f];
}

/** The view that keeps the image point under (x, y) of the box where it is, at another zoom. */
export function zoomedAt(view, image, box, x, y, zoom) {
  const [px, py] = through(inverted(placed(view, image, box).matrix), x, y);
  const next = { ...view, zoom };
  const [qx, qy] = through(inverted(placed(next, image, box).matrix), x, y);
  return { ...next, x: next.x + (px - qx) / image.columns, y: next.y + (py - qy) / image.rows };
}

/** The view moved by (dx, dy) screen pixels. */
export function panned(view, image, box, dx, dy) {
  const back = inverted(placed(view, image, box).matrix);
  const x = back[0] * dx + back[1] * dy;
  const y = back[2] * dx + back[3] * dy;
  return { ...view, x: clamp(view.x - x / image.columns, 0, 1), y: clamp(view.y - y / image.rows, 0, 1) };
}

/** The letters at the screen's left, top, right and bottom edge, from those at the image's edges. */
export function letters([left, top, right, bottom], [xx, xy, yx, yy]) {
  const out = ["", "", "", ""];
  for (const [letter, x, y] of [[left, -1, 0], [top, 0, -1], [right, 1, 0], [bottom, 0, 1]]) {
    const sx = xx * x + xy * y;
    const sy = yx * x + yy * y;
    out[sx < 0 ? 0 : sy < 0 ? 1 : sx > 0 ? 2 : 3] = letter;
  }
  return out;
}

export function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value));
}
