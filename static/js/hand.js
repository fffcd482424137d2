// The reader's hand on one image: shapes in image pixels, drawn with the mouse, a finger or the keyboard, adjusted at handles,
// and seen on every pane that shows the image. Knows no verdict and no other image: regions.js puts the images of a stack
// together.

import { Easel } from "./easel.js";
import { all } from "./elements.js";
import { HandKeys, LEAST, stepOf } from "./handkeys.js";
import { clear, draw, shapeAt } from "./outlines.js";
import { Pencil } from "./pencil.js";
import { TOOLS, adjusted, bounds, boxed, handles, moved, same, settled } from "./shapes.js";
import { clamp, inverted, through } from "./viewport/geometry.js";
import { words } from "./words.js";

/** @import { Gesture, ImageData, Point, ReadingPane, ReadingPanes, Region, Shape, ShapeKind, Surface } from "./types.js" */
/** @typedef {(before: Region | null, after: Region | null) => void} Changed told the image's region before and after a step */

/** Where the hand is on no image. */
const NOWHERE = Object.freeze({ columns: 0, rows: 0 });

export class Hand {
  /**
   * The image that the hand works on.
   * @type {ImageData | null}
   */
  image = null;

  /**
   * What is drawn on it.
   * @type {Region | null}
   */
  region = null;

  /** @type {ShapeKind | ""} */
  tool = "";

  /** The tool that was taken up last. */
  last = TOOLS[0];

  /** The place of the chosen shape, −1 for none. */
  chosen = -1;

  keys = new HandKeys(this);

  pencil = new Pencil(this);

  /** @type {Easel | null} */
  easel = null;

  /** @type {Promise<Easel> | null} */
  opening = null;

  /** Called when a shape, a tool or the choice is another one. */
  told = () => {};

  /**
   * @param {ReadingPanes} panes
   * @param {Changed} changed
   */
  constructor(panes, changed) {
    this.panes = panes;
    this.changed = changed;
    this.buttons = all(document, "[data-tool]", HTMLButtonElement);
    for (const button of this.buttons) {
      const tool = TOOLS.find((kind) => kind === button.dataset.tool) ?? "";
      button.addEventListener("click", () => this.choose(this.tool === tool ? "" : tool));
    }
    panes.each((pane) => pane.view.addEventListener("pointermove", (event) => this.#hover(pane, event)));
  }

  get shapes() {
    return this.region?.shapes ?? [];
  }

  get drawing() {
    return Boolean(this.tool);
  }

  /**
   * Shows a region that is stored already, or none.
   * @param {Region | null} region
   */
  show(region) {
    if (!same(this.region, region)) this.chosen = -1;
    this.#set(region);
  }

  /** @param {Region | null | undefined} region */
  #set(region) {
    this.region = region?.shapes.length ? { shapes: region.shapes } : null;
    this.panes.refresh();
    this.told();
  }

  /**
   * Takes up a tool, or with "" puts it down; the next left drag in any pane draws.
   * @param {ShapeKind | ""} tool
   */
  choose(tool) {
    if (tool) {
      this.last = tool;
      this.chosen = -1;
      this.#open();
    }
    this.tool = tool;
    this.keys.drop();
    this.pencil.drop();
    for (const button of this.buttons) button.setAttribute("aria-pressed", String(button.dataset.tool === tool));
    for (const pane of this.panes.all) {
      if (tool) pane.view.dataset.mode = "draw";
      else if (pane.view.dataset.mode === "draw") delete pane.view.dataset.mode;
    }
    this.panes.refresh();
    this.told();
  }

  /**
   * Drawing on or off.
   * @param {boolean} on
   */
  mode(on) {
    this.choose(on ? this.last : "");
  }

  /** One key goes through the tools: the last one, the next one …, none. */
  next() {
    const at = this.tool ? TOOLS.indexOf(this.tool) + 1 : TOOLS.indexOf(this.last);
    if (at < TOOLS.length) {
      this.choose(TOOLS[at]);
      return;
    }
    this.choose("");
    this.last = TOOLS[0];
  }

  async #open() {
    try {
      this.opening ??= Easel.open();
      this.easel = await this.opening;
      this.panes.refresh();
    } catch {
      // Without Konva a shape can be drawn, but has no handles; the next try may bring it.
      this.opening = null;
    }
  }

  /**
   * Leaves drawing or the chosen shape; what the keyboard moved meanwhile goes back to where it was. True when there was
   * something.
   */
  cancel() {
    if (!this.drawing && this.chosen < 0) return false;
    if (this.keys.before !== undefined) this.#set(this.keys.before);
    this.keys.drop();
    this.chosen = -1;
    this.choose("");
    return true;
  }

  /**
   * An image point under a pane's point, within the film.
   * @param {Surface} pane
   * @param {number} x
   * @param {number} y
   * @returns {Point}
   */
  point(pane, x, y) {
    const { columns, rows } = this.image ?? NOWHERE;
    const [px, py] = through(inverted(this.panes.place(pane).matrix), x, y);
    return [clamp(px, 0, columns), clamp(py, 0, rows)];
  }

  /**
   * How many image pixels a screen pixel of a pane is.
   * @param {Surface} pane
   */
  grain(pane) {
    return 1 / this.panes.place(pane).scale;
  }

  /**
   * Whether a pane shows the image that the hand works on, and it is there.
   * @param {Surface} pane
   */
  on(pane) {
    return this.image !== null && pane.image?.id === this.image.id && Boolean(this.panes.filmOf(pane));
  }

  /**
   * What a left drag at a pane's point does to the region, or null when it is none of the region's.
   * @param {Surface} pane
   * @param {number} x
   * @param {number} y
   * @param {EventTarget | null} target what was pressed
   * @returns {Gesture | null}
   */
  gesture(pane, x, y, target) {
    if (!this.on(pane)) return null;
    if (this.drawing) {
      this.easel?.place(pane);
      return this.pencil.gesture(pane, x, y);
    }
    const grip = this.chosen >= 0 && this.easel ? this.easel.hit(pane, x, y) : -1;
    if (grip >= 0) return this.#adjust(pane, grip);
    const shape = shapeAt(target);
    if (shape >= 0 && shape < this.shapes.length) return this.#drag(pane, shape, x, y);
    this.keys.drop();
    if (this.chosen >= 0) this.pick(-1);
    return null;
  }

  /**
   * Chooses a shape, −1 for none.
   * @param {number} shape
   */
  pick(shape) {
    this.chosen = shape;
    if (shape >= 0) this.#open();
    this.panes.refresh();
    this.told();
  }

  /**
   * @param {Surface} pane
   * @param {number} grip
   * @returns {Gesture}
   */
  #adjust(pane, grip) {
    const before = this.region;
    const { chosen } = this;
    const shape = this.shapes[chosen];
    const handle = handles(shape)[grip];
    return {
      move: (x, y) => this.put(chosen, adjusted(shape, handle, this.point(pane, x, y))),
      end: () => this.settle(before),
    };
  }

  /**
   * @param {Surface} pane
   * @param {number} at
   * @param {number} x
   * @param {number} y
   * @returns {Gesture}
   */
  #drag(pane, at, x, y) {
    const before = this.region;
    const image = this.image ?? NOWHERE;
    const shape = this.shapes[at];
    const [x0, y0] = this.point(pane, x, y);
    this.pick(at);
    this.easel?.place(pane);
    return {
      move: (mx, my) => {
        const [x1, y1] = this.point(pane, mx, my);
        this.put(at, moved(shape, x1 - x0, y1 - y0, image));
      },
      end: () => this.settle(before),
    };
  }

  /**
   * Puts another shape into the place of one.
   * @param {number} at
   * @param {Shape} shape
   */
  put(at, shape) {
    this.#set({ shapes: this.shapes.map((other, place) => (place === at ? shape : other)) });
  }

  /**
   * A step is done: the region is told as it will be stored. A shape too small to mean anything was a slip of the hand.
   * @param {Region | null} before
   */
  settle(before) {
    const after = this.region && { shapes: this.region.shapes.map(settled) };
    const small = after?.shapes.some(tiny);
    this.#set(small ? before : after);
    if (!small && !same(before, after)) this.changed(before, after);
  }

  /**
   * Adds a shape that was drawn, and puts the tool down.
   * @param {Shape} shape
   */
  add(shape) {
    this.choose("");
    if (tiny(shape)) return;
    const before = this.region;
    this.#set({ shapes: [...this.shapes, settled(shape)] });
    this.pick(this.shapes.length - 1);
    this.changed(before, this.region);
  }

  /** Removes the chosen shape, or without one the whole region. */
  remove() {
    const before = this.region;
    if (!before) return;
    this.keys.drop();
    this.#set(this.chosen < 0 ? null : { shapes: before.shapes.filter((_, at) => at !== this.chosen) });
    this.pick(-1);
    this.changed(before, this.region);
  }

  /** Undo and redo within a shape that is being drawn; false when there is nothing. */
  back() {
    return this.drawing && this.pencil.back();
  }

  forward() {
    return this.drawing && this.pencil.forward();
  }

  /** Chooses the next shape, for the keyboard. */
  edit() {
    this.keys.edit();
  }

  /**
   * Drawing and editing by keyboard. True when the key was taken.
   * @param {KeyboardEvent} event
   */
  key(event) {
    return this.keys.key(event);
  }

  /**
   * What an arrow key moves by, in image pixels; null for another key.
   * @param {KeyboardEvent} event
   */
  step(event) {
    return stepOf(event, this.image ?? NOWHERE);
  }

  /**
   * @param {ReadingPane} pane
   * @param {PointerEvent} event
   */
  #hover(pane, event) {
    if (!this.easel || event.buttons || !this.on(pane) || (!this.drawing && this.chosen < 0)) return;
    const { x, y } = pane.view.getBoundingClientRect();
    this.pencil.hover(pane, event.clientX - x, event.clientY - y);
    if (this.easel.pane !== pane || this.pencil.points.length) {
      this.easel.place(pane);
      this.panes.refresh();
    }
  }

  /** Draws the region into every pane that can be seen. */
  paint() {
    const draft = this.keys.box ?? this.pencil.draft;
    const shapes = draft ? [...this.shapes, draft] : this.shapes;
    for (const pane of this.panes.shown) {
      if (shapes.length && this.on(pane)) draw(pane.marks, shapes, this.panes.place(pane).matrix, this.chosen);
      else clear(pane.marks);
    }
    this.#grips();
  }

  #grips() {
    const { easel, panes } = this;
    if (!easel) return;
    const shape = this.shapes[this.chosen];
    if (!this.drawing && !shape) {
      easel.place(null);
      return;
    }
    const able = panes.shown.filter((pane) => this.on(pane));
    if (!able.some((pane) => pane === easel.pane)) {
      easel.place(able.includes(panes.active) ? panes.active : (able[0] ?? null));
    }
    if (!easel.pane) return;
    const { matrix } = panes.place(easel.pane);
    const screen = (/** @type {Point[]} */ points) => points.map(([x, y]) => through(matrix, x, y));
    if (this.drawing) easel.draw(this.pencil.sketch(screen));
    else easel.draw({ grips: screen(handles(shape).map(({ x, y }) => [x, y])), round: !boxed(shape) });
  }

  /** The region in words. */
  get words() {
    if (this.drawing) return words(`region.drawing.${this.tool}`);
    if (!this.region) return words("region.none");
    const { left, top, right, bottom } = bounds({ points: this.shapes.flatMap(({ points }) => points) });
    const size = words("region.size", Math.round(right - left), Math.round(bottom - top));
    const kinds = this.shapes.map(({ kind }) => words(`shape.${kind}`)).join(", ");
    return `${kinds}: ${size}`;
  }
}

/** @param {Shape} shape */
function tiny(shape) {
  const { left, top, right, bottom } = bounds(shape);
  return right - left < LEAST || bottom - top < LEAST;
}
