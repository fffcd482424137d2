// The true region of a stack: shapes, each on one of its slices. The hand that draws is ../region.js, on the slice of the active pane;
// here the slices' shapes come together. A stack's region is {shapes: [{kind, points, image}]}.

import { Regions } from "../region.js";
import { same } from "../shapes.js";
import { words } from "../words.js";

export class StackRegions {
  /** `changed(before, after)` is told every step of the hand, of the whole stack. */
  constructor(panes, changed) {
    Object.assign(this, { panes, changed, region: null });
    this.hand = new Regions(panes, (before, after) => this.#changed(after));
    this.hand.told = () => this.told?.();
  }

  get drawing() {
    return this.hand.drawing;
  }

  get chosen() {
    return this.hand.chosen;
  }

  get shapes() {
    return this.hand.shapes;
  }

  #on(image) {
    return (this.region?.shapes ?? []).filter((shape) => shape.image === image);
  }

  /** Shows the region of the active pane's stack, or none. */
  show(region) {
    this.region = region?.shapes.length ? region : null;
    this.slice();
    this.told?.();
  }

  /** Another slice lies in the active pane. */
  slice() {
    const image = this.panes.active.stack?.image.id;
    const shapes = this.#on(image).map(({ kind, points }) => ({ kind, points }));
    const here = shapes.length ? { shapes } : null;
    if (this.at === image && same(this.hand.region, here)) return;
    // A shape that was begun on another slice belongs to that one, and is dropped.
    if (this.at !== image) this.hand.pencil.drop();
    this.at = image;
    this.hand.show(here);
  }

  #changed(after) {
    const image = this.panes.active.stack.image.id;
    const before = this.region;
    const others = (before?.shapes ?? []).filter((shape) => shape.image !== image);
    const shapes = [...others, ...(after?.shapes ?? []).map(({ kind, points }) => ({ kind, points, image }))];
    this.region = shapes.length ? { shapes } : null;
    this.changed(before, this.region);
  }

  /** The region in words: what lies on this slice, and on which slices there is something. */
  get words() {
    const { hand, region } = this;
    if (hand.drawing || !region) return hand.words;
    const { stack } = this.panes.active;
    const places = [...new Set(region.shapes.map(({ image }) => stack.places.get(image) + 1))].sort((a, b) => a - b);
    const here = hand.region ? hand.words : words("region.not-here");
    return `${here}. ${words("region.slices", places.join(", "))}`;
  }
}

/** The region as the server takes it: {image id: [{kind, points}]}, or null. */
export function bySlice(region) {
  if (!region) return null;
  const slices = {};
  for (const { image, kind, points } of region.shapes) (slices[image] ??= []).push({ kind, points });
  return slices;
}

/** What `bySlice` made, as shapes that know their slice. */
export function fromSlices(slices) {
  const shapes = Object.entries(slices ?? {}).flatMap(([image, list]) => list.map(({ kind, points }) => ({ kind, points, image })));
  return shapes.length ? { shapes } : null;
}
