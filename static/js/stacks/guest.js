// A film or a stack that only panes of its own show, beside what the case is about: another film of the study, or an image of
// another study of the patient. It has a window and a view of its own, or goes together with what it stands beside. No DOM.

import { Stack } from "./stack.js";

/** @import { ImageData, StackData, VisitData } from "../types.js" */

export class Guest extends Stack {
  /** Whether it is zoomed, windowed and scrolled together with what it stands beside. */
  joined = false;

  /** Whether a reader, or a link, said so. */
  byHand = false;

  /** How far its slices lie from those that it goes together with, mm along both stacks. */
  offset = 0;

  /**
   * @param {StackData} data
   * @param {VisitData | null} visit the study that it is of, null for the one that is shown
   */
  constructor(data, visit) {
    super(data);
    this.visit = visit;
  }

  /** @override */
  get guest() {
    return true;
  }

  /**
   * Its own view, or that of its plane or of the films; its window is its own always, because grey values differ.
   * @override
   */
  get group() {
    const own = { view: this.id, window: this.id };
    return this.joined ? { ...own, view: this.shared } : own;
  }

  /** The name of the view that it has while it goes together with the others. */
  get shared() {
    return this.separate ? "" : this.plane || this.id;
  }
}

/**
 * A film by itself.
 * @param {StackData} entry the series that it is of
 * @param {ImageData} image
 * @returns {StackData}
 */
export function alone(entry, image) {
  const number = entry.images.length > 1 ? ` · ${entry.images.indexOf(image) + 1}/${entry.images.length}` : "";
  return { ...entry, id: `@${image.id}`, title: entry.title + number, images: [image] };
}

/**
 * How far an image of a stack lies from the first one, mm; in places where nobody says how far slices are apart.
 * @param {Stack} stack
 * @param {number} at
 */
export function depth({ data: { between } }, at) {
  return at * (between || 1);
}

/**
 * The place at a depth.
 * @param {Stack} stack
 * @param {number} mm
 */
export function placeAt({ data: { between }, count }, mm) {
  return Math.min(Math.max(Math.round(mm / (between || 1)), 0), count - 1);
}
