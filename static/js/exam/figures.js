// What a stack's maps are worth against the drawn region: the figures of ../localisation.js over all slices at once, on the map's own
// grid. A cell belongs to the region when its centre lies in a shape of its slice.

import { Figures } from "../figures.js";
import { otsu } from "../localisation.js";
import { contains, mask } from "../shapes.js";

const prepared = new WeakMap();
const NOTHING = Object.freeze({ pointing: null, iou: null, outside_inside: null, mass: null });

export class StackFigures extends Figures {
  subject() {
    return this.panes.active.stack;
  }

  truth(region) {
    const slices = new Map();
    for (const shape of region.shapes) slices.set(shape.image, [...(slices.get(shape.image) ?? []), shape]);
    return slices;
  }

  measure(maps, stack, slices) {
    return measured(maps, stack, slices);
  }
}

/** {pointing, iou, outside_inside, mass} of a stack's maps against {image id: shapes}; null where a figure is not defined. */
export function measured({ explanation, values }, stack, slices) {
  const { width, height, extent } = explanation;
  const size = width * height;
  const { total, found, threshold, top } = prepare(values);
  let [count, inside, both] = [0, 0, 0];
  for (const [image, shapes] of slices) {
    const from = stack.places.get(image) * size;
    const covered = cells(shapes, extent, width, height);
    for (let i = 0; i < size; i += 1) {
      if (!covered[i]) continue;
      const value = values[from + i];
      count += 1;
      if (value > 0) inside += value;
      both += value >= threshold;
    }
  }
  if (!count) return NOTHING;
  const within = inside / count;
  const beyond = (total - inside) / (values.length - count);
  return {
    pointing: top >= 0 && hit(top, stack, slices, explanation) ? 1 : 0,
    iou: both / (count + found - both),
    outside_inside: count === values.length ? null : within > 0 ? beyond / within : total > 0 ? Infinity : null,
    mass: total > 0 ? inside / total : 0,
  };
}

// What does not change with the region, once per stack of maps.
function prepare(values) {
  if (!prepared.has(values)) {
    let [total, found, at, tied] = [0, 0, 0, false];
    const threshold = otsu(values);
    for (let i = 0; i < values.length; i += 1) {
      if (values[i] > 0) total += values[i];
      found += values[i] >= threshold;
      if (values[i] > values[at]) [at, tied] = [i, false];
      else if (i && values[i] === values[at]) tied = true;
    }
    prepared.set(values, { total, found, threshold, top: tied || values[at] <= 0 ? -1 : at });
  }
  return prepared.get(values);
}

function cells(shapes, [left, top, right, bottom], width, height) {
  const moved = shapes.map(({ kind, points }) => ({ kind, points: points.map(([x, y]) => [x - left, y - top]) }));
  return mask({ shapes: moved }, { rows: bottom - top, columns: right - left }, { rows: height, columns: width });
}

function hit(at, stack, slices, { width, height, extent: [left, top, right, bottom] }) {
  const shapes = slices.get(stack.images[Math.floor(at / (width * height))].id);
  const place = at % (width * height);
  const x = left + ((place % width) + 0.5) * ((right - left) / width);
  const y = top + (Math.floor(place / width) + 0.5) * ((bottom - top) / height);
  return Boolean(shapes) && contains({ shapes }, x, y);
}
