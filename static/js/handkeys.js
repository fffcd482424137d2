// The reader's hand by keyboard: a box is moved, stretched and put down by keys, and so is a shape that is there already. A
// polygon's points are pencil.js.

import { boxed, moved, stretched } from "./shapes.js";

/** @import { Hand } from "./hand.js" */
/** @import { ImageData, Point, Region, Shape, ShapeKind, Sized } from "./types.js" */

/** The least that a side of a shape may be, image pixels. */
export const LEAST = 4;

/** @type {Record<string, Point>} */
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class HandKeys {
  /**
   * The region before keys moved the chosen shape; undefined while they move none.
   * @type {Region | null | undefined}
   */
  before = undefined;

  /**
   * The box that keys draw.
   * @type {Shape | null}
   */
  box = null;

  /** @param {Hand} hand */
  constructor(hand) {
    this.hand = hand;
  }

  /** Forgets what is under way; what was moved stays where it is. */
  drop() {
    this.before = undefined;
    this.box = null;
  }

  /** Chooses the next shape: arrows move it, with Shift stretch it, Delete removes it, Enter keeps it. */
  edit() {
    const { hand } = this;
    if (hand.drawing || !hand.shapes.length) return;
    this.#keep();
    hand.pick((hand.chosen + 1) % hand.shapes.length);
    this.before = hand.region;
    hand.easel?.place(hand.panes.active);
  }

  #keep() {
    const { before } = this;
    this.drop();
    if (before !== undefined) this.hand.settle(before);
  }

  /**
   * Drawing and editing. True when the key was taken.
   * @param {KeyboardEvent} event
   */
  key(event) {
    const { hand } = this;
    const { image, tool } = hand;
    if (!image) return false;
    if (tool) return boxed({ kind: tool }) ? this.#draw(event, tool, image) : hand.pencil.key(event);
    if (hand.chosen < 0) return false;
    if (event.key === "Delete" || event.key === "Backspace") {
      hand.remove();
      return true;
    }
    if (this.before === undefined) return false;
    if (event.key === "Enter") {
      this.#keep();
      hand.pick(-1);
      return true;
    }
    const step = stepOf(event, image);
    if (step) hand.put(hand.chosen, stepped(hand.shapes[hand.chosen], step, event.shiftKey, image));
    return Boolean(step);
  }

  /**
   * @param {KeyboardEvent} event
   * @param {ShapeKind} kind
   * @param {ImageData} image
   */
  #draw(event, kind, image) {
    const step = stepOf(event, image);
    if (!step && event.key !== "Enter") return false;
    const shape = this.box ?? inTheMiddle(kind, image);
    if (!step) this.hand.add(shape);
    else {
      this.box = stepped(shape, step, event.shiftKey, image);
      this.hand.panes.refresh();
    }
    return true;
  }
}

/**
 * What an arrow key moves by, in image pixels; null for another key.
 * @param {KeyboardEvent} event
 * @param {Sized} image
 * @returns {Point | null}
 */
export function stepOf(event, { columns, rows }) {
  const step = STEPS[event.key];
  return step ? [(step[0] * columns) / 64, (step[1] * rows) / 64] : null;
}

/**
 * A box that keys begin with.
 * @param {ShapeKind} kind
 * @param {Sized} image
 * @returns {Shape}
 */
function inTheMiddle(kind, { columns, rows }) {
  return { kind, points: [0.375, 0.625].map((share) => [columns * share, rows * share]) };
}

/**
 * A shape moved by a key, or stretched.
 * @param {Shape} shape
 * @param {Point} step
 * @param {boolean} stretch
 * @param {Sized} image
 */
function stepped(shape, [dx, dy], stretch, image) {
  return stretch ? stretched(shape, dx, dy, image, LEAST) : moved(shape, dx, dy, image);
}
