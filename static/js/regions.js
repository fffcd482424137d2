// The true region of a stack: shapes, each on one of its images; a film is a stack of one. The hand that draws (hand.js) works
// on the active pane's image; here the images' shapes come together. A region is {shapes: [{kind, points, image}]}.

import { Hand } from "./hand.js";
import { same } from "./shapes.js";
import { words } from "./words.js";

/** @import { Changed } from "./hand.js" */
/** @import { ReadingPanes, Region, ReviewData, Shape } from "./types.js" */
/** @typedef {NonNullable<ReviewData["regions"]>} ByImage shapes by the id of the image that they lie on */

export class Regions {
  /** @type {Region | null} */
  region = null;

  /** Called when a shape, a tool or the choice is another one. */
  told = () => {};

  /**
   * @param {ReadingPanes} panes
   * @param {Changed} changed told every step of the hand, of the whole stack
   */
  constructor(panes, changed) {
    this.panes = panes;
    this.changed = changed;
    this.hand = new Hand(panes, (_, after) => this.#changed(after));
    this.hand.told = () => this.told();
  }

  get drawing() {
    return this.hand.drawing;
  }

  get chosen() {
    return this.hand.chosen;
  }

  /** The shapes on the image that the hand works on. */
  get shapes() {
    return this.hand.shapes;
  }

  /**
   * The shapes on an image, by its id.
   * @param {string | undefined} image
   */
  on(image) {
    return (this.region?.shapes ?? []).filter((shape) => shape.image === image);
  }

  /**
   * Shows the region of the active pane's stack, or none.
   * @param {Region | null} region
   */
  show(region) {
    this.region = region?.shapes.length ? region : null;
    this.look();
    this.told();
  }

  /** Looks which image lies in the active pane now. */
  look() {
    const { image: shown, stack: at } = this.panes.active;
    // What stands beside is looked at only.
    const image = at?.guest ? null : shown;
    const shapes = this.on(image?.id).map(({ kind, points }) => ({ kind, points }));
    const here = shapes.length ? { shapes } : null;
    const other = this.hand.image?.id !== image?.id;
    if (!other && same(this.hand.region, here)) return;
    // A shape that was begun on another image belongs to that one, and is dropped.
    if (other) this.hand.pencil.drop();
    this.hand.image = image;
    this.hand.show(here);
  }

  /** @param {Region | null} after */
  #changed(after) {
    const { image } = this.hand;
    if (!image) return;
    const before = this.region;
    const others = (before?.shapes ?? []).filter((shape) => shape.image !== image.id);
    const mine = (after?.shapes ?? []).map(({ kind, points }) => ({ kind, points, image: image.id }));
    const shapes = [...others, ...mine];
    this.region = shapes.length ? { shapes } : null;
    this.changed(before, this.region);
  }

  /** The region in words: what lies on this image, and, of a stack, on which slices there is something. */
  get words() {
    const { hand, region } = this;
    const { stack } = this.panes.active;
    if (hand.drawing || !region || !stack) return hand.words;
    const here = hand.region ? hand.words : words("region.not-here");
    if (stack.count < 2 || stack.separate) return here;
    const numbers = region.shapes.map(({ image = "" }) => (stack.places.get(image) ?? NaN) + 1);
    const places = [...new Set(numbers)].sort((a, b) => a - b);
    return `${here}. ${words("region.slices", places.join(", "))}`;
  }
}

/**
 * The region as the server takes it: {image id: [{kind, points}]}, or null.
 * @param {Region | null} region
 * @returns {ByImage | null}
 */
export function byImage(region) {
  if (!region) return null;
  /** @type {ByImage} */
  const images = {};
  for (const { image = "", kind, points } of region.shapes) {
    images[image] ??= [];
    images[image].push({ kind, points });
  }
  return images;
}

/**
 * What `byImage` made, as shapes that know their image.
 * @param {ByImage | null | undefined} images
 * @returns {Region | null}
 */
export function fromImages(images) {
  /** @type {Shape[]} */
  const shapes = [];
  for (const [image, list] of Object.entries(images ?? {})) {
    for (const { kind, points } of list) shapes.push({ kind, points, image });
  }
  return shapes.length ? { shapes } : null;
}
