// The true region: a rectangle in image pixels that the reader draws once and sees on every pane. Drawn with the mouse, a finger or
// the keyboard; adjusted at its handles. Knows no verdict: whoever stores it listens.

import { clamp, inverted, through } from "./viewport/geometry.js";
import { words } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const HANDLES = [["left", "top"], ["right", "top"], ["right", "bottom"], ["left", "bottom"], ["", "top"], ["right", ""], ["", "bottom"], ["left", ""]];
const LEAST = 4;

export class Regions {
  constructor(panes, changed) {
    this.panes = panes;
    this.changed = changed;
    this.region = null;
    this.drawing = false;
    this.button = document.getElementById("draw");
  }

  /** Shows a region that is stored already, or none. */
  show(region) {
    this.region = region;
    this.panes.refresh();
  }

  /** Drawing on or off; the next left drag in any pane draws. */
  mode(on) {
    if (on && !this.drawing) this.started = this.region;
    this.drawing = on;
    this.button?.setAttribute("aria-pressed", String(on));
    for (const pane of this.panes.all) {
      if (on) pane.view.dataset.mode = "draw";
      else delete pane.view.dataset.mode;
    }
    this.told?.();
  }

  /** Leaves drawing; what the keyboard moved meanwhile goes back to where it was. */
  cancel() {
    if (!this.drawing) return;
    this.mode(false);
    this.show(this.started);
  }

  #point(pane, x, y) {
    const { image } = this.panes.film;
    const [px, py] = through(inverted(this.panes.place(pane).matrix), x, y);
    return [clamp(px, 0, image.columns), clamp(py, 0, image.rows)];
  }

  /** Starts a rectangle at a pane's point; returns what to call with further points and at the end. */
  draw(pane, x, y) {
    const before = this.region;
    const [x0, y0] = this.#point(pane, x, y);
    return {
      move: (mx, my) => {
        const [x1, y1] = this.#point(pane, mx, my);
        this.show({ left: Math.min(x0, x1), top: Math.min(y0, y1), right: Math.max(x0, x1), bottom: Math.max(y0, y1) });
      },
      end: () => this.#settle(before),
    };
  }

  /** Starts moving a handle, named by the sides it moves; "left top", "right" … */
  adjust(pane, sides) {
    const before = this.region;
    const moved = sides.split(" ").filter(Boolean);
    return {
      move: (mx, my) => {
        const [x, y] = this.#point(pane, mx, my);
        const next = { ...this.region };
        for (const side of moved) next[side] = side === "left" || side === "right" ? x : y;
        this.show(next);
      },
      end: () => this.#settle(before),
    };
  }

  // A rectangle too small to mean anything was a slip of the hand.
  #settle(before) {
    const { region } = this;
    if (!region) return this.mode(false);
    const ordered = {
      left: Math.min(region.left, region.right),
      top: Math.min(region.top, region.bottom),
      right: Math.max(region.left, region.right),
      bottom: Math.max(region.top, region.bottom),
    };
    if (ordered.right - ordered.left < LEAST || ordered.bottom - ordered.top < LEAST) return this.show(before);
    this.mode(false);
    this.show(ordered);
    if (!same(before, ordered)) this.changed(before, ordered);
    return undefined;
  }

  /** Removes the region. */
  remove() {
    const before = this.region;
    this.show(null);
    if (before) this.changed(before, null);
  }

  /** Drawing by keyboard: arrows move the rectangle, with Shift its lower right corner; Enter ends. True when the key was taken. */
  key(event) {
    if (!this.drawing) return false;
    if (event.key === "Enter") {
      const region = this.region ?? this.#middle();
      this.mode(false);
      this.show(region);
      if (!same(this.started, region)) this.changed(this.started, region);
      return true;
    }
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step) return false;
    const { columns, rows } = this.panes.film.image;
    if (!this.region) this.region = this.#middle();
    const [dx, dy] = [(step[0] * columns) / 64, (step[1] * rows) / 64];
    const { left, top, right, bottom } = this.region;
    if (event.shiftKey) {
      this.show({ left, top, right: clamp(right + dx, left + LEAST, columns), bottom: clamp(bottom + dy, top + LEAST, rows) });
    } else {
      const mx = clamp(dx, -left, columns - right);
      const my = clamp(dy, -top, rows - bottom);
      this.show({ left: left + mx, top: top + my, right: right + mx, bottom: bottom + my });
    }
    return true;
  }

  #middle() {
    const { columns, rows } = this.panes.film.image;
    return { left: columns * 0.375, top: rows * 0.375, right: columns * 0.625, bottom: rows * 0.625 };
  }

  /** Draws the region into every pane that can be seen. */
  paint() {
    for (const pane of this.panes.shown) this.#mark(pane);
  }

  #mark(pane) {
    const { region } = this;
    const parts = region ? this.#parts(pane) : [];
    while (pane.marks.childElementCount > parts.length) pane.marks.lastElementChild.remove();
    while (pane.marks.childElementCount < parts.length) pane.marks.append(document.createElementNS(SVG, "rect"));
    parts.forEach((attributes, at) => {
      const element = pane.marks.children[at];
      for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    });
  }

  #parts(pane) {
    const { left, top, right, bottom } = this.region;
    const { matrix } = this.panes.place(pane);
    const [x0, y0] = through(matrix, left, top);
    const [x1, y1] = through(matrix, right, bottom);
    const box = { x: Math.min(x0, x1), y: Math.min(y0, y1), width: Math.abs(x1 - x0), height: Math.abs(y1 - y0) };
    const grips = HANDLES.map(([across, down]) => {
      const px = across === "left" ? left : across === "right" ? right : (left + right) / 2;
      const py = down === "top" ? top : down === "bottom" ? bottom : (top + bottom) / 2;
      const [x, y] = through(matrix, px, py);
      return { x: x - 4, y: y - 4, width: 8, height: 8, class: "region-handle", "data-sides": `${across} ${down}`.trim() };
    });
    return [{ ...box, class: "region-shade" }, { ...box, class: "region" }, ...grips];
  }

  /** The region in words. */
  get words() {
    if (this.drawing) return words("region.drawing");
    if (!this.region) return words("region.none");
    const { left, top, right, bottom } = this.region;
    return words("region.size", Math.round(right - left), Math.round(bottom - top));
  }
}

export function same(a, b) {
  return a === b || (!!a && !!b && ["left", "top", "right", "bottom"].every((side) => a[side] === b[side]));
}
