// At which of its images every stack stands: scrolled, opened where the network's score is largest, or left alone by a pane
// that goes its own way. Tells whoever shows, windows and loads images.

import { clamp } from "./viewport/geometry.js";
import { say, words } from "./words.js";

/** @import { Case } from "./case.js" */
/** @import { CaseData, ImageData } from "./types.js" */
/** @import { Pane } from "./pane.js" */
/** @import { Stack } from "./stacks/stack.js" */
/** @typedef {{ stack: Stack, at: number }} Standing */

/** Milliseconds: until a film that was scrolled to is asked about, and until a stack that was scrolled is drawn exactly. */
const SETTLE = 250;
const REST = 150;

export class Scrolling {
  #resting = 0;

  #settling = 0;

  /** @param {Case} page */
  constructor(page) {
    this.page = page;
  }

  /**
   * How many images a pane can be scrolled through.
   * @param {Pane} pane
   */
  count(pane) {
    return pane.stack?.count ?? 0;
  }

  /**
   * What is on the screen first, then what a key brings there.
   * @returns {Standing[]}
   */
  get wanted() {
    const { panes, grid } = this.page;
    const { active, shown } = panes;
    /** @type {Map<string, Standing>} */
    const places = new Map();
    /**
     * @param {Stack | null} stack
     * @param {number} at
     */
    const add = (stack, at) => {
      const key = `${stack?.id} ${at}`;
      if (stack && !places.has(key)) places.set(key, { stack, at });
    };
    if (shown.includes(active)) add(active.stack, active.at);
    for (const { stack, at } of shown) add(stack, at);
    for (const stack of [...Object.values(grid.planes), grid.stack]) add(stack, stack?.at ?? 0);
    return [...places.values()];
  }

  /**
   * Every stack at the slice with the largest score; then the image that is read or named.
   * @param {CaseData} data
   */
  open(data) {
    const { stacks, payload } = this.page;
    for (const { stack, opens } of data.prediction?.parts ?? []) {
      const known = stacks.get(stack);
      if (known && opens && data.finding in opens) known.at = known.placeOf(opens[data.finding]);
    }
    const named = payload.chosen.image || data.image;
    for (const stack of stacks.values()) {
      stack.at = stack.places.get(named) ?? stack.at;
      offer(stack);
    }
  }

  /**
   * One stack at the slice with the largest score.
   * @param {Stack | null} stack
   */
  opening(stack) {
    const { payload } = this.page;
    const stored = payload.part(stack?.image)?.opens?.[payload.data.finding];
    if (!stack || stored === undefined) {
      say(words("exam.no-score"));
      return;
    }
    const at = stack.placeOf(stored);
    this.to(stack, at);
    say(words("exam.opened", at + 1, payload.label));
  }

  /**
   * A number of images on from where a pane stands.
   * @param {number} step
   * @param {Pane} pane
   */
  by(step, pane) {
    this.jump(pane, pane.at + step);
  }

  /**
   * A pane at another image: all that go with its stack, or it alone.
   * @param {Pane} pane
   * @param {number} at
   */
  jump(pane, at) {
    const { stack } = pane;
    if (!stack) return;
    if (pane.kept === null) {
      this.to(stack, at);
      return;
    }
    pane.kept = clamp(at, 0, stack.count - 1);
    this.page.showing.give(pane);
    this.#moved(stack);
  }

  /**
   * A stack at another image, in every pane that goes with it.
   * @param {Stack} stack
   * @param {number} at
   */
  to(stack, at) {
    const { panes, grid, showing } = this.page;
    const wanted = clamp(at, 0, stack.count - 1);
    if (wanted === stack.at) return;
    stack.at = wanted;
    panes.dragging(true);
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => panes.dragging(false), REST);
    if (stack.separate && stack === grid.stack) this.film(stack.image);
    for (const pane of panes.all) {
      if (pane.stack !== stack || pane.kept !== null) continue;
      if (stack.separate) showing.give(pane);
      else showing.shows(pane);
    }
    this.#moved(stack);
  }

  /** @param {Stack} stack */
  #moved(stack) {
    const { panes, regions, tools, loader } = this.page;
    offer(stack);
    this.page.thumbs?.show();
    this.page.guests.follow(stack);
    if (panes.active.stack === stack) {
      regions.look();
      const { film, place } = panes.active;
      if (film) tools.film(stack, film, place);
    }
    loader.look();
  }

  /**
   * Another film of the series, which is asked about when the reader rests.
   * @param {ImageData} image
   */
  film(image) {
    const { page } = this;
    const { image: before } = page.data;
    page.payload.turnTo(image);
    page.guests.exchange(before, image.id);
    page.judge();
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => page.refresh(), SETTLE);
  }

  /**
   * Panes whose link to the others' images was taken off stay where they are; those that got it back go with their stack again.
   */
  alone() {
    const { panes, display, showing } = this.page;
    for (const pane of panes.all) {
      if (!pane.stack) continue;
      const linked = display.linked(pane.place, "slice");
      if (!linked && pane.kept === null) pane.kept = pane.stack.at;
      else if (linked && pane.kept !== null) {
        pane.kept = null;
        showing.give(pane);
      }
    }
  }
}

/**
 * A stack is split at the slice that is shown, unless the reader types another one.
 * @param {Stack} stack
 */
function offer(stack) {
  const field = document.getElementById(`split-${stack.id}`);
  if (field instanceof HTMLInputElement) field.value = String(Math.max(2, stack.at + 1));
}
