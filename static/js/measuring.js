// What a drawn measure amounts to: length, angle, and the grey values inside a rectangle or an ellipse. The same arithmetic as
// app/evaluation/annotations.py; points are image pixels, pixel (r, c) covers [c, c+1) × [r, r+1). Knows no DOM.

export const KINDS = ["length", "angle", "rectangle", "ellipse"];

/** How many points a kind has: the ends of a length; end, vertex, end of an angle; two opposite corners of an area. */
export function pointsOf(kind) {
  return kind === "angle" ? 3 : 2;
}

/**
 * {length} or {angle} in degrees, or {mean, sd, min, max, pixels, area}. Lengths in mm and areas in mm² where the film has a spacing,
 * else in pixels; grey values in the film's units. `sd` divides by the number of pixels. Grey figures are null where no pixel's
 * centre lies inside.
 */
export function measured({ kind, points }, film) {
  const [down, across] = film.image.spacing ?? [1, 1];
  const at = points.map(([x, y]) => [x * across, y * down]);
  if (kind === "length") return { length: Math.hypot(at[1][0] - at[0][0], at[1][1] - at[0][1]) };
  if (kind === "angle") return { angle: angle(...at) };
  const area = Math.abs(at[1][0] - at[0][0]) * Math.abs(at[1][1] - at[0][1]);
  return { ...greys(kind, points, film), area: kind === "ellipse" ? (area * Math.PI) / 4 : area };
}

function angle([x0, y0], [x1, y1], [x2, y2]) {
  const [ax, ay, bx, by] = [x0 - x1, y0 - y1, x2 - x1, y2 - y1];
  return (Math.atan2(Math.abs(ax * by - ay * bx), ax * bx + ay * by) * 180) / Math.PI;
}

// A pixel counts when its centre lies inside. Sums run over stored values, so that no figure loses digits to the slope.
function greys(kind, [[xa, ya], [xb, yb]], { image, levels, bias }) {
  const [left, right, top, bottom] = [Math.min(xa, xb), Math.max(xa, xb), Math.min(ya, yb), Math.max(ya, yb)];
  const [cx, cy, rx, ry] = [(left + right) / 2, (top + bottom) / 2, (right - left) / 2, (bottom - top) / 2];
  const [{ data }] = levels;
  let [pixels, sum, squares, min, max] = [0, 0, 0, Infinity, -Infinity];
  for (let row = Math.max(0, Math.ceil(top - 0.5)); row + 0.5 <= bottom && row < image.rows; row += 1) {
    for (let column = Math.max(0, Math.ceil(left - 0.5)); column + 0.5 <= right && column < image.columns; column += 1) {
      const [dx, dy] = [(column + 0.5 - cx) / rx, (row + 0.5 - cy) / ry];
      if (kind === "ellipse" && dx * dx + dy * dy > 1) continue;
      const value = data[row * image.columns + column] - bias;
      pixels += 1;
      sum += value;
      squares += value * value;
      if (value < min) min = value;
      if (value > max) max = value;
    }
  }
  if (!pixels) return { mean: null, sd: null, min: null, max: null, pixels };
  const grey = (stored) => stored * image.slope + image.intercept;
  const mean = sum / pixels;
  const ends = [grey(min), grey(max)].sort((a, b) => a - b);
  return { mean: grey(mean), sd: Math.sqrt(Math.max(0, squares / pixels - mean * mean)) * Math.abs(image.slope), min: ends[0], max: ends[1], pixels };
}
