// Smoothing a map of single pixels at the scale of the network's stride, as app/render/evening.py does: a display, done once
// per map. The probe and the measures keep the raw values. Knows no WebGL and no DOM.

const REACH = 3;

/**
 * Weights of a Gaussian of `sigma` cells, from one end to the other.
 * @param {number} sigma
 */
export function kernel(sigma) {
  const radius = Math.ceil(REACH * sigma);
  const weights = Float64Array.from({ length: 2 * radius + 1 }, (_, at) => Math.exp(-0.5 * ((at - radius) / sigma) ** 2));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/**
 * One slice smoothed across rows and columns; beyond its edges it goes on as it ends.
 * @param {Float32Array} values
 * @param {number} width
 * @param {number} sigma in cells
 */
export function evened(values, width, sigma) {
  const weights = kernel(sigma);
  const height = values.length / width;
  const down = along(Float64Array.from(values), weights, { count: width, length: height, apart: 1, step: width });
  return Float32Array.from(along(down, weights, { count: height, length: width, apart: width, step: 1 }));
}

/**
 * `count` lines of `length` cells each; lines begin `apart` from each other, their cells lie `step` apart.
 * @param {Float64Array} values
 * @param {Float64Array} weights
 * @param {{ count: number, length: number, apart: number, step: number }} lines
 */
function along(values, weights, { count, length, apart, step }) {
  const radius = (weights.length - 1) / 2;
  const out = new Float64Array(values.length);
  const line = new Float64Array(length + 2 * radius);
  for (let number = 0; number < count; number += 1) {
    const from = number * apart;
    for (let at = 0; at < line.length; at += 1) {
      line[at] = values[from + Math.min(length - 1, Math.max(0, at - radius)) * step];
    }
    for (let at = 0; at < length; at += 1) {
      let total = 0;
      for (let one = 0; one < weights.length; one += 1) total += weights[one] * line[at + one];
      out[from + at * step] = total;
    }
  }
  return out;
}
