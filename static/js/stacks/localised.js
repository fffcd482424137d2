// What a stack's maps are worth against the drawn region: the figures of ../localisation.js over all slices at once, on the
// map's own grid. A cell belongs to the region when its centre lies in a shape of its slice. Knows no DOM.

import { otsu, peak, pointOf, ratio } from "../localisation.js";
import { contains, mask } from "../shapes.js";

/** @import { Figures, Peak } from "../localisation.js" */
/** @import { Covering, Extent, Point, Region, Shape } from "../types.js" */
/** @import { StackMaps } from "./maps.js" */
/** @import { Stack } from "./stack.js" */
/** @typedef {Map<string, Shape[]>} Slices shapes by the id of their image */
/** @typedef {{ total: number, found: number, threshold: number, top: Peak | null }} Prepared */

/** @type {WeakMap<Float32Array, Prepared>} */
const prepared = new WeakMap();

/** @type {Readonly<Figures>} */
const NOTHING = Object.freeze({ pointing: null, iou: null, outside_inside: null, mass: null });

/**
 * The shapes of a region by their image's id.
 * @param {Region} region
 * @returns {Slices}
 */
export function byImage(region) {
  const images = new Map();
  for (const shape of region.shapes) images.set(shape.image, [...(images.get(shape.image) ?? []), shape]);
  return images;
}

/**
 * {pointing, iou, outside_inside, mass} of a stack's maps against {image id: shapes}; null where a figure is not defined.
 * @param {Pick<StackMaps, "explanation" | "values">} maps
 * @param {Pick<Stack, "places" | "images">} stack
 * @param {Slices} slices
 * @returns {Figures}
 */
export function measured({ explanation, values }, stack, slices) {
  const { width, height, extent } = explanation;
  const size = width * height;
  const { total, found, threshold, top } = prepare(values, explanation);
  let count = 0;
  let inside = 0;
  let both = 0;
  for (const [image, shapes] of slices) {
    const place = stack.places.get(image);
    if (place === undefined) continue;
    const from = stack.images[place].at * size;
    const covered = cells(shapes, extent, width, height);
    for (let i = 0; i < size; i += 1) {
      if (!covered[i]) continue;
      const value = values[from + i];
      count += 1;
      if (value > 0) inside += value;
      if (value >= threshold) both += 1;
    }
  }
  if (!count) return NOTHING;
  return {
    pointing: top && hit(top, stack, slices, explanation) ? 1 : 0,
    iou: both / (count + found - both),
    outside_inside: ratio(inside, total, count, values.length),
    mass: total > 0 ? inside / total : 0,
  };
}

/**
 * What does not change with the region, once per stack of maps.
 * @param {Float32Array} values
 * @param {Covering} covering
 * @returns {Prepared}
 */
function prepare(values, covering) {
  const known = prepared.get(values);
  if (known) return known;
  const threshold = otsu(values);
  let total = 0;
  let found = 0;
  for (let i = 0; i < values.length; i += 1) {
    if (values[i] > 0) total += values[i];
    if (values[i] >= threshold) found += 1;
  }
  const made = { total, found, threshold, top: peak(values, covering) };
  prepared.set(values, made);
  return made;
}

/**
 * Which cells of a slice's map have their centre in some shapes.
 * @param {Shape[]} shapes
 * @param {Extent} extent
 * @param {number} width
 * @param {number} height
 */
function cells(shapes, [left, top, right, bottom], width, height) {
  const moved = shapes.map(({ kind, points }) => {
    return { kind, points: points.map(([x, y]) => /** @type {Point} */ ([x - left, y - top])) };
  });
  return mask({ shapes: moved }, { rows: bottom - top, columns: right - left }, { rows: height, columns: width });
}

/**
 * Whether the point where the maps are highest lies in a shape of its slice.
 * @param {Peak} at
 * @param {Pick<Stack, "images">} stack
 * @param {Slices} slices
 * @param {Covering} covering
 */
function hit(at, stack, slices, covering) {
  const stored = Math.floor(at.slice + 0.5);
  const shapes = slices.get(stack.images.find((image) => image.at === stored)?.id ?? "");
  return shapes ? contains({ shapes }, ...pointOf(at, covering)) : false;
}
