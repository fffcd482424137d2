// A point carried between planes: pressed in one pane, every other stack jumps to the slice nearest to it and shows it there.
// And the lines where the other planes' slices cut a slice. All through patient coordinates; what says not where it lies takes
// no part, nor what lies in another frame of reference.

import { element } from "../elements.js";
import { outline } from "../outlines.js";
import { clamp, inverted, through } from "../viewport/geometry.js";
import { say, words } from "../words.js";
import { crossing, half, lies, nearest, onSlice, patient, shares } from "./space.js";

/** @import { Gesture, Matrix, Point, ReadingPane, ReadingPanes, Shape, Triple } from "../types.js" */
/** @import { Stack } from "./stack.js" */
/** @typedef {[name: string, d: string]} Line a path's class and data */
/**
 * @typedef {object} Wiring
 * @property {ReadingPanes} panes
 * @property {() => Stack[]} stacks those on the screen
 * @property {(stack: Stack, at: number) => void} jump shows a slice
 * @property {(pane: ReadingPane) => Shape[]} drawn the shapes that lie on a pane's slice, where no hand draws them
 */

const SVG = "http://www.w3.org/2000/svg";
const OPEN = 6;
const ARM = 22;
const AXES = [["L", "R"], ["P", "A"], ["H", "F"]];

/** @type {Record<string, Point>} */
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Crosshair {
  /** Whether the left button carries the point. */
  on = false;

  /**
   * The point in patient coordinates.
   * @type {Triple | null}
   */
  point = null;

  /**
   * The stack that it was put on.
   * @type {Stack | null}
   */
  from = null;

  /**
   * Stacks that end before they reach the point.
   * @type {Stack[]}
   */
  out = [];

  /**
   * Stacks in another frame of reference.
   * @type {Stack[]}
   */
  apart = [];

  /** @param {Wiring} wiring */
  constructor({ panes, stacks, jump, drawn }) {
    this.panes = panes;
    this.stacks = stacks;
    this.jump = jump;
    this.drawn = drawn;
    this.button = element("crosshair");
    this.button.addEventListener("click", () => this.toggle());
  }

  /** The mode in which the left button carries the point. */
  toggle(on = !this.on) {
    this.on = on;
    this.button.setAttribute("aria-pressed", String(on));
    for (const pane of this.panes.all) {
      if (on) pane.view.dataset.mode = "cross";
      else if (pane.view.dataset.mode === "cross") delete pane.view.dataset.mode;
    }
    if (!on) this.#to(null);
    else if (!lies(this.panes.active.image)) say(words("cross.unplaced"));
  }

  /**
   * What a press of the left button begins: a carried point, or null when it is none of this one's business.
   * @param {ReadingPane} pane
   * @param {PointerEvent} event
   * @param {number} x
   * @param {number} y
   * @returns {Gesture | null}
   */
  grab(pane, event, x, y) {
    if (!(this.on || event.shiftKey) || !pane.film) return null;
    if (!lies(pane.image)) {
      if (this.on) say(words("cross.unplaced"));
      return null;
    }
    const move = (/** @type {number} */ mx, /** @type {number} */ my) => {
      this.carry(pane, ...through(inverted(this.panes.place(pane).matrix), mx, my));
    };
    move(x, y);
    return { move, end: () => this.tell() };
  }

  /**
   * Carries the point from a pane's image point to all other stacks.
   * @param {ReadingPane} pane
   * @param {number} x
   * @param {number} y
   */
  carry(pane, x, y) {
    const { image } = pane;
    if (!lies(image)) return;
    this.from = pane.stack;
    this.#to(patient(image, clamp(x, 0, image.columns), clamp(y, 0, image.rows)));
  }

  /** @param {Triple | null} point */
  #to(point) {
    this.point = point;
    this.out = [];
    this.apart = [];
    const { from } = this;
    if (point && from) for (const stack of this.stacks()) this.#jump(stack, point, from);
    const said = element("cross-words");
    said.textContent = point ? this.#words(point) : "";
    said.title = said.textContent;
    this.panes.refresh();
  }

  /**
   * Takes a stack to the slice nearest to the point.
   * @param {Stack} stack
   * @param {Triple} point
   * @param {Stack} from
   */
  #jump(stack, point, from) {
    if (stack === from) return;
    if (!shares(stack, from)) {
      if (stack.images.some(lies)) this.apart.push(stack);
      return;
    }
    const found = nearest(stack.images, point);
    if (!found) return;
    if (Math.abs(found.away) > half(stack.images, found.at) + 1e-3) this.out.push(stack);
    this.jump(stack, found.at);
  }

  /**
   * Where the point lies, and which stacks it does not reach, and why.
   * @param {Triple} point
   */
  #words(point) {
    const out = this.out.map((stack) => words("cross.outside", stack.title)).join(" ");
    const why = (/** @type {Stack} */ stack) => (stack.space && this.from?.space ? "cross.apart" : "cross.unknown");
    const apart = this.apart.map((stack) => words(why(stack), stack.title)).join(" ");
    return [words("cross.at", ...spoken(point)), out, apart].filter(Boolean).join(" ");
  }

  tell() {
    if (this.point) say(element("cross-words").textContent);
  }

  /**
   * Keys while the mode is on: arrows carry the point by a pixel, with Shift by ten; Escape leaves.
   * @param {KeyboardEvent} event
   */
  key(event) {
    if (event.key === "Escape" && (this.on || this.point)) {
      this.toggle(false);
      return true;
    }
    const step = STEPS[event.key];
    const { active } = this.panes;
    const { image, stack } = active;
    if (!this.on || !step || !stack || !lies(image)) return false;
    if (event.target instanceof Element && event.target.closest(".strip")) return false;
    const far = event.shiftKey ? 10 : 1;
    const at = this.#at(stack, image) ?? { x: image.columns / 2, y: image.rows / 2 };
    this.carry(active, at.x + step[0] * far, at.y + step[1] * far);
    this.tell();
    return true;
  }

  /**
   * The point on a slice of a stack; null where there is none, or none that compares.
   * @param {Stack} stack
   * @param {Parameters<typeof onSlice>[0]} slice
   */
  #at(stack, slice) {
    return this.point && this.from && shares(stack, this.from) ? onSlice(slice, this.point) : null;
  }

  /** Draws the lines and the point into every pane that can be seen. */
  paint() {
    const stacks = this.stacks();
    for (const pane of this.panes.shown) this.#pane(pane, stacks);
  }

  /**
   * @param {ReadingPane} pane
   * @param {Stack[]} stacks
   */
  #pane(pane, stacks) {
    /** @type {Line[]} */
    const lines = [];
    delete pane.element.dataset.cross;
    if (pane.film && this.panes.filmOf(pane)) {
      const { matrix } = this.panes.place(pane);
      for (const shape of this.drawn(pane)) {
        const d = outline(shape, matrix);
        lines.push(["region-shade", d], ["region", d]);
      }
      lines.push(...this.#lines(pane, stacks, matrix), ...this.#point(pane, matrix));
    }
    draw(pane.lines, lines);
  }

  /**
   * Where the other stacks' slices cut this one.
   * @param {ReadingPane} pane
   * @param {Stack[]} stacks
   * @param {Matrix} matrix
   * @returns {Line[]}
   */
  #lines({ stack, image }, stacks, matrix) {
    if (!stack || !lies(image)) return [];
    const screen = (/** @type {Point} */ [x, y]) => through(matrix, x, y).map((v) => Math.round(v * 100) / 100);
    return stacks.flatMap((other) => {
      const cut = other !== stack && shares(stack, other) ? crossing(image, other.image) : null;
      if (!cut) return [];
      const [from, to] = cut.map(screen);
      /** @type {Line} */
      const line = [`reference reference-${other.plane || "other"}`, `M${from.join(" ")}L${to.join(" ")}`];
      return [line];
    });
  }

  /**
   * @param {ReadingPane} pane
   * @param {Matrix} matrix
   * @returns {Line[]}
   */
  #point({ image, stack, at: place, element: frame }, matrix) {
    if (!stack || !lies(image)) return [];
    const at = this.#at(stack, image);
    if (!at || (stack !== this.from && Math.abs(at.away) > half(stack.images, place) + 1e-3)) return [];
    frame.dataset.cross = `${at.x.toFixed(3)},${at.y.toFixed(3)},${at.away.toFixed(3)}`;
    const d = cross(through(matrix, at.x, at.y));
    return [["cross-shade", d], ["cross", d]];
  }
}

/**
 * @param {SVGElement} svg
 * @param {Line[]} lines
 */
function draw(svg, lines) {
  while (svg.childElementCount > lines.length) svg.lastElementChild?.remove();
  while (svg.childElementCount < lines.length) svg.append(document.createElementNS(SVG, "path"));
  lines.forEach(([name, d], at) => {
    const path = svg.children[at];
    if (path.getAttribute("d") !== d) path.setAttribute("d", d);
    if (path.getAttribute("class") !== name) path.setAttribute("class", name);
  });
}

/** @param {Point} point */
function cross([x, y]) {
  const across = `M${x - ARM} ${y}H${x - OPEN}M${x + OPEN} ${y}H${x + ARM}`;
  return `${across}M${x} ${y - ARM}V${y - OPEN}M${x} ${y + OPEN}V${y + ARM}`;
}

/**
 * "L 12.4", "P 30.1", "H 5.2": how far to the left, to the back and to the head.
 * @param {Triple} point
 */
function spoken(point) {
  return point.map((mm, axis) => `${AXES[axis][mm < 0 ? 1 : 0]} ${Math.abs(mm).toFixed(1)}`);
}
