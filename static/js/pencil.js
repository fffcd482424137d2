// One shape while it is being drawn: a box by a drag, a freehand line by a drag, a polygon by a point per click or per key. It
// goes back and forward by points; when it is finished the region gets it.

import { boxed, simplified } from "./shapes.js";
import { clamp } from "./viewport/geometry.js";

/** @import { Gesture, ImageData, Point, Shape, ShapeKind, Surface } from "./types.js" */
/**
 * What the pencil draws for.
 * @typedef {object} Board
 * @property {ShapeKind | ""} tool
 * @property {ImageData | null} image what is drawn on
 * @property {{ refresh: () => void }} panes
 * @property {(pane: Surface, x: number, y: number) => Point} point an image point under a pane's point
 * @property {(pane: Surface) => number} grain image pixels per screen pixel
 * @property {(shape: Shape) => void} add takes what is finished
 * @property {(event: KeyboardEvent) => Point | null | undefined} step what an arrow key moves by, in image pixels
 */

const NEAR = 10;
const STRAY = 0.75;
const TWICE = 450;

export class Pencil {
  /**
   * A box or a freehand line.
   * @type {Shape | null}
   */
  shape = null;

  /**
   * A polygon's corners.
   * @type {Point[]}
   */
  points = [];

  /** @type {Point[]} */
  undone = [];

  /**
   * Where the next corner would lie.
   * @type {Point | null}
   */
  ghost = null;

  /**
   * The keyboard's cross.
   * @type {Point | null}
   */
  cursor = null;

  /** When a corner was set last, ms. */
  clicked = 0;

  /** @param {Board} regions */
  constructor(regions) {
    this.regions = regions;
  }

  /** Forgets what was begun. */
  drop() {
    this.shape = null;
    this.points = [];
    this.undone = [];
    this.ghost = null;
    this.cursor = null;
    this.clicked = 0;
  }

  /**
   * @param {Surface} pane
   * @param {number} x
   * @param {number} y
   * @returns {Gesture}
   */
  gesture(pane, x, y) {
    const { regions } = this;
    const { tool } = regions;
    const start = regions.point(pane, x, y);
    if (tool === "polygon" || tool === "") return this.#corner(pane, start);
    return boxed({ kind: tool }) ? this.#box(tool, pane, start) : this.#line(tool, pane, start);
  }

  /**
   * @param {ShapeKind} kind
   * @param {Surface} pane
   * @param {Point} start
   * @returns {Gesture}
   */
  #box(kind, pane, start) {
    const { regions } = this;
    return {
      move: (x, y) => {
        this.shape = { kind, points: [start, regions.point(pane, x, y)] };
        regions.panes.refresh();
      },
      end: () => {
        if (this.shape) regions.add(this.shape);
        else this.drop();
      },
    };
  }

  /**
   * @param {ShapeKind} kind
   * @param {Surface} pane
   * @param {Point} start
   * @returns {Gesture}
   */
  #line(kind, pane, start) {
    const { regions } = this;
    const line = [start];
    let last = start;
    return {
      move: (x, y) => {
        const at = regions.point(pane, x, y);
        if (apart(at, last) < regions.grain(pane)) return;
        line.push(at);
        last = at;
        this.shape = { kind, points: [...line] };
        regions.panes.refresh();
      },
      end: () => {
        if (line.length < 3) this.drop();
        else regions.add({ kind, points: simplified(line, STRAY * regions.grain(pane)) });
      },
    };
  }

  /**
   * A click sets a corner, and can drag it until it is let go; on the first corner, or twice on the same place, it closes.
   * @param {Surface} pane
   * @param {Point} at
   * @returns {Gesture}
   */
  #corner(pane, at) {
    const { regions } = this;
    const reach = NEAR * regions.grain(pane);
    const twice = performance.now() - this.clicked < TWICE && near(at, this.points.at(-1), reach);
    const closes = this.points.length > 2 && (twice || near(at, this.points[0], reach));
    this.clicked = performance.now();
    if (!closes && !twice) {
      this.points = [...this.points, at];
      this.undone = [];
      regions.panes.refresh();
    }
    return {
      move: (x, y) => {
        if (closes || twice) return;
        this.points = [...this.points.slice(0, -1), regions.point(pane, x, y)];
        regions.panes.refresh();
      },
      // Only after the browser's own double click, which would enlarge the pane.
      end: () => {
        if (closes) setTimeout(() => this.#close());
      },
    };
  }

  #close() {
    const { regions, points } = this;
    if (points.length > 2 && regions.tool) regions.add({ kind: regions.tool, points });
  }

  /**
   * What every pane shows of it.
   * @returns {Shape | null}
   */
  get draft() {
    if (this.shape) return this.shape;
    return this.points.length ? { kind: "line", points: this.points } : null;
  }

  /** The last point away, and back again; false when there is none. */
  back() {
    const last = this.points.at(-1);
    if (!last) return false;
    this.undone.push(last);
    this.points = this.points.slice(0, -1);
    this.regions.panes.refresh();
    return true;
  }

  forward() {
    const last = this.undone.pop();
    if (!last) return false;
    this.points = [...this.points, last];
    this.regions.panes.refresh();
    return true;
  }

  /**
   * Points by keyboard: arrows move a cross, Space sets a point, Backspace takes it away, Enter closes the line.
   * @param {KeyboardEvent} event
   */
  key(event) {
    const { panes, image } = this.regions;
    const step = this.regions.step(event);
    if (!image) return false;
    const { columns, rows } = image;
    const at = this.cursor ?? [columns / 2, rows / 2];
    if (step) {
      this.cursor = [clamp(at[0] + step[0], 0, columns), clamp(at[1] + step[1], 0, rows)];
      this.ghost = this.cursor;
    } else if (event.key === " ") {
      this.cursor = at;
      this.points = [...this.points, at];
      this.undone = [];
    } else if (event.key === "Backspace") {
      this.back();
    } else if (event.key === "Enter") {
      this.#close();
    } else {
      return false;
    }
    panes.refresh();
    return true;
  }

  /**
   * The pointer moves without a button.
   * @param {Surface} pane
   * @param {number} x
   * @param {number} y
   */
  hover(pane, x, y) {
    if (this.points.length) this.ghost = this.regions.point(pane, x, y);
  }

  /**
   * What the easel draws of it, through a map from image to screen points.
   * @param {(points: Point[]) => Point[]} screen
   */
  sketch(screen) {
    const line = screen(this.points);
    const [ghost] = this.ghost ? screen([this.ghost]) : [null];
    const cross = this.cursor ? screen([this.cursor]) : [];
    return { line, ghost, grips: [...line, ...cross], round: true };
  }
}

/**
 * @param {Point} a
 * @param {Point | undefined} b
 * @param {number} reach
 */
function near(a, b, reach) {
  return b !== undefined && apart(a, b) <= reach;
}

/**
 * @param {Point} a
 * @param {Point} b
 */
function apart(a, b) {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}
