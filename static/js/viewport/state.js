// How films and maps are shown: one state that all panes share. Knows no DOM; whoever shows something listens.

import { UPRIGHT, clamp, turned } from "./geometry.js";

const UPRIGHT_VIEW = Object.freeze({ zoom: 1, x: 0.5, y: 0.5, turn: UPRIGHT });
const FIRST = Object.freeze({
  overlays: true,
  opacity: 0.55,
  threshold: 0.25,
  unsigned: "viridis",
  signed: "coolwarm",
  smooth: true,
  shared: false,
  robust: true,
  top: 0.1,
  overlap: false,
});

export class Display {
  #listeners = new Set();

  constructor() {
    Object.assign(this, { view: UPRIGHT_VIEW, window: null, preset: 0, invert: false, ...FIRST });
  }

  /** Calls `listener` after every change. */
  listen(listener) {
    this.#listeners.add(listener);
  }

  set(changes) {
    Object.assign(this, changes);
    for (const listener of this.#listeners) listener(this);
  }

  /** The window of a preset by its place in `list`; null is the film's VOI LUT. */
  choose(list, place) {
    if (list[place]) this.set({ window: list[place].window, preset: place });
  }

  /** A window of the reader's own: dragging right widens it, dragging down darkens the film, whichever way its values run. */
  drag(film, list, dx, dy) {
    const from = this.window ?? list.find((entry) => entry.window).window;
    const span = film.range[1] - film.range[0] || 1;
    const step = Math.max(from.width, span / 256) / 300;
    const darker = film.image.photometric === "MONOCHROME1" ? -1 : 1;
    const least = from.shape === "LINEAR" ? 1 : span / 65536;
    const width = clamp(from.width + dx * step, Math.min(least, from.width), span * 4 + from.width);
    const centre = clamp(from.centre + dy * step * darker, film.range[0] - span, film.range[1] + span);
    this.set({ window: { ...from, width, centre }, preset: -1 });
  }

  turn(step) {
    this.set({ view: { ...this.view, turn: turned(this.view.turn, step) } });
  }

  fit() {
    this.set({ view: { ...UPRIGHT_VIEW, turn: this.view.turn } });
  }

  reset(list) {
    this.set({ view: UPRIGHT_VIEW, invert: false, window: list[0]?.window ?? null, preset: 0 });
  }
}

export const LEAST_ZOOM = 0.25;
export const MOST_ZOOM = 32;
