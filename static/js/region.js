// The true region: shapes in image pixels that the reader draws once and sees on every pane. Drawn with the mouse, a finger or the
// keyboard; adjusted at handles. Knows no verdict: whoever stores the region listens.

import { Easel } from "./easel.js";
import { Pencil } from "./pencil.js";
import { TOOLS, adjusted, bounds, boxed, corners, handles, moved, same, settled, stretched } from "./shapes.js";
import { clamp, inverted, through } from "./viewport/geometry.js";
import { words } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const LAYERS = ["region-reach", "region-shade", "region"];
const LEAST = 4;
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Regions {
  constructor(panes, changed) {
    Object.assign(this, { panes, changed, region: null, tool: "", last: TOOLS[0], chosen: -1, keyed: null, easel: null });
    this.pencil = new Pencil(this);
    this.buttons = [...document.querySelectorAll("[data-tool]")];
    for (const button of this.buttons) button.addEventListener("click", () => this.choose(this.tool === button.dataset.tool ? "" : button.dataset.tool));
    panes.each((pane) => pane.view.addEventListener("pointermove", (event) => this.#hover(pane, event)));
  }

  get shapes() {
    return this.region?.shapes ?? [];
  }

  get drawing() {
    return Boolean(this.tool);
  }

  /** Shows a region that is stored already, or none. */
  show(region) {
    if (!same(this.region, region)) this.chosen = -1;
    this.#set(region);
  }

  #set(region) {
    this.region = region?.shapes.length ? { shapes: region.shapes } : null;
    this.panes.refresh();
    this.told?.();
  }

  /** Takes up a tool, or with "" puts it down; the next left drag in any pane draws. */
  choose(tool) {
    if (tool) {
      this.last = tool;
      this.chosen = -1;
      this.#open();
    }
    this.tool = tool;
    this.keyed = null;
    this.pencil.drop();
    for (const button of this.buttons) button.setAttribute("aria-pressed", String(button.dataset.tool === tool));
    for (const pane of this.panes.all) {
      if (tool) pane.view.dataset.mode = "draw";
      else if (pane.view.dataset.mode === "draw") delete pane.view.dataset.mode;
    }
    this.panes.refresh();
    this.told?.();
  }

  /** Drawing on or off. */
  mode(on) {
    this.choose(on ? this.last : "");
  }

  /** One key goes through the tools: the last one, the next one …, none. */
  next() {
    if (!this.tool) return this.choose(this.last);
    const at = TOOLS.indexOf(this.tool) + 1;
    if (at < TOOLS.length) return this.choose(TOOLS[at]);
    this.choose("");
    this.last = TOOLS[0];
    return undefined;
  }

  async #open() {
    try {
      this.easel ??= await (this.opening ??= Easel.open());
      this.panes.refresh();
    } catch {
      // Without Konva a shape can be drawn, but has no handles; the next try may bring it.
      this.opening = null;
    }
  }

  /** Leaves drawing or the chosen shape; what the keyboard moved meanwhile goes back to where it was. True when there was something. */
  cancel() {
    if (!this.drawing && this.chosen < 0) return false;
    if (this.keyed?.before !== undefined) this.#set(this.keyed.before);
    this.keyed = null;
    this.chosen = -1;
    this.choose("");
    return true;
  }

  /** An image point under a pane's point, within the film. */
  point(pane, x, y) {
    const { image } = this.panes.film;
    const [px, py] = through(inverted(this.panes.place(pane).matrix), x, y);
    return [clamp(px, 0, image.columns), clamp(py, 0, image.rows)];
  }

  /** How many image pixels a screen pixel of a pane is. */
  grain(pane) {
    return 1 / this.panes.place(pane).scale;
  }

  /** Whether a pane shows the image that the region belongs to; one may show another image of the stack. */
  on(pane) {
    const { film } = this.panes;
    return Boolean(film) && this.panes.filmOf(pane)?.image.id === film.image.id;
  }

  /** What a left drag at a pane's point does to the region: {move, end}, or null when it is none of the region's. */
  gesture(pane, x, y, target) {
    if (!this.on(pane)) return null;
    if (this.drawing) {
      this.easel?.place(pane);
      return this.pencil.gesture(pane, x, y);
    }
    const grip = this.chosen >= 0 && this.easel ? this.easel.hit(pane, x, y) : -1;
    if (grip >= 0) return this.#adjust(pane, grip);
    const shape = Number(target?.dataset?.shape ?? -1);
    if (shape >= 0 && shape < this.shapes.length) return this.#drag(pane, shape, x, y);
    this.keyed = null;
    if (this.chosen >= 0) this.#pick(-1);
    return null;
  }

  #pick(shape) {
    this.chosen = shape;
    if (shape >= 0) this.#open();
    this.panes.refresh();
    this.told?.();
  }

  #adjust(pane, grip) {
    const before = this.region;
    const { chosen } = this;
    const shape = this.shapes[chosen];
    const handle = handles(shape)[grip];
    return {
      move: (x, y) => this.#put(chosen, adjusted(shape, handle, this.point(pane, x, y))),
      end: () => this.#settle(before),
    };
  }

  #drag(pane, at, x, y) {
    const before = this.region;
    const shape = this.shapes[at];
    const [x0, y0] = this.point(pane, x, y);
    this.#pick(at);
    this.easel?.place(pane);
    return {
      move: (mx, my) => {
        const [x1, y1] = this.point(pane, mx, my);
        this.#put(at, moved(shape, x1 - x0, y1 - y0, this.panes.film.image));
      },
      end: () => this.#settle(before),
    };
  }

  #put(at, shape) {
    this.#set({ shapes: this.shapes.map((other, place) => (place === at ? shape : other)) });
  }

  // A step is done: the region is told as it will be stored. A shape too small to mean anything was a slip of the hand.
  #settle(before) {
    const after = this.region && { shapes: this.region.shapes.map(settled) };
    const small = after?.shapes.some((shape) => tiny(shape));
    this.#set(small ? before : after);
    if (!small && !same(before, after)) this.changed(before, after);
  }

  /** Adds a shape that was drawn, and puts the tool down. */
  add(shape) {
    this.choose("");
    if (tiny(shape)) return;
    const before = this.region;
    this.#set({ shapes: [...this.shapes, settled(shape)] });
    this.#pick(this.shapes.length - 1);
    this.changed(before, this.region);
  }

  /** Removes the chosen shape, or without one the whole region. */
  remove() {
    const before = this.region;
    if (!before) return;
    this.keyed = null;
    this.#set(this.chosen < 0 ? null : { shapes: before.shapes.filter((_, at) => at !== this.chosen) });
    this.#pick(-1);
    this.changed(before, this.region);
  }

  /** Undo and redo within a shape that is being drawn; false when there is nothing. */
  back() {
    return this.drawing && this.pencil.back();
  }

  forward() {
    return this.drawing && this.pencil.forward();
  }

  /** Chooses the next shape, for the keyboard: arrows move it, with Shift stretch it, Delete removes it, Enter keeps it. */
  edit() {
    if (this.drawing || !this.shapes.length) return;
    this.#keep();
    this.#pick((this.chosen + 1) % this.shapes.length);
    this.keyed = { before: this.region };
    this.easel?.place(this.panes.active);
  }

  #keep() {
    const before = this.keyed?.before;
    this.keyed = null;
    if (before !== undefined) this.#settle(before);
  }

  /** Drawing and editing by keyboard. True when the key was taken. */
  key(event) {
    if (this.drawing) return boxed({ kind: this.tool }) ? this.#boxKey(event) : this.pencil.key(event);
    if (this.chosen < 0) return false;
    if (event.key === "Delete" || event.key === "Backspace") {
      this.remove();
      return true;
    }
    if (!this.keyed) return false;
    if (event.key === "Enter") {
      this.#keep();
      this.#pick(-1);
      return true;
    }
    const step = this.step(event);
    if (step) this.#put(this.chosen, this.#stepped(this.shapes[this.chosen], step, event.shiftKey));
    return Boolean(step);
  }

  /** What an arrow key moves by, in image pixels; null for another key. */
  step(event) {
    const step = STEPS[event.key];
    const { columns, rows } = this.panes.film.image;
    return step && [(step[0] * columns) / 64, (step[1] * rows) / 64];
  }

  #stepped(shape, [dx, dy], stretch) {
    const { image } = this.panes.film;
    return stretch ? stretched(shape, dx, dy, image, LEAST) : moved(shape, dx, dy, image);
  }

  #boxKey(event) {
    const step = this.step(event);
    if (!step && event.key !== "Enter") return false;
    const { columns, rows } = this.panes.film.image;
    const shape = this.keyed?.shape ?? { kind: this.tool, points: [[columns * 0.375, rows * 0.375], [columns * 0.625, rows * 0.625]] };
    if (!step) this.add(shape);
    else {
      this.keyed = { shape: this.#stepped(shape, step, event.shiftKey) };
      this.panes.refresh();
    }
    return true;
  }

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
    const draft = this.keyed?.shape ?? this.pencil.draft;
    const all = draft ? [...this.shapes, draft] : this.shapes;
    for (const pane of this.panes.shown) this.#mark(pane, this.on(pane) ? all : []);
    this.#grips();
  }

  #mark(pane, shapes) {
    const { marks } = pane;
    const { matrix } = shapes.length ? this.panes.place(pane) : {};
    while (marks.childElementCount > shapes.length * LAYERS.length) marks.lastElementChild.remove();
    while (marks.childElementCount < shapes.length * LAYERS.length) marks.append(document.createElementNS(SVG, "path"));
    shapes.forEach((shape, at) => {
      const d = outline(shape, matrix);
      LAYERS.forEach((layer, place) => {
        const element = marks.children[at * LAYERS.length + place];
        if (element.getAttribute("d") !== d) element.setAttribute("d", d);
        if (element.getAttribute("class") !== layer) element.setAttribute("class", layer);
        element.dataset.shape = String(at);
        element.toggleAttribute("data-chosen", at === this.chosen);
      });
    });
  }

  #grips() {
    const { easel, panes } = this;
    if (!easel) return;
    const shape = this.shapes[this.chosen];
    if (!this.drawing && !shape) return void easel.place(null);
    const able = panes.shown.filter((pane) => this.on(pane));
    if (!able.includes(easel.pane)) easel.place(able.includes(panes.active) ? panes.active : (able[0] ?? null));
    if (!easel.pane) return undefined;
    const { matrix } = panes.place(easel.pane);
    const screen = (points) => points.map(([x, y]) => through(matrix, x, y));
    if (this.drawing) easel.draw(this.pencil.sketch(screen));
    else easel.draw({ grips: screen(handles(shape).map(({ x, y }) => [x, y])), round: !boxed(shape) });
    return undefined;
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

function tiny(shape) {
  const { left, top, right, bottom } = bounds(shape);
  return right - left < LEAST || bottom - top < LEAST;
}

/** A shape as a path on the screen; an ellipse keeps its axes along the screen's under every quarter turn and flip. */
export function outline(shape, matrix) {
  const [first, ...others] = corners(shape).map(([x, y]) => through(matrix, x, y));
  const end = shape.kind === "line" ? "" : "Z";
  if (shape.kind !== "ellipse") return `M${first.join(" ")}${others.map((point) => `L${point.join(" ")}`).join("")}${end}`;
  const [[x0, y0], [x1, y1]] = [first, others[0]];
  const [rx, ry] = [Math.abs(x1 - x0) / 2, Math.abs(y1 - y0) / 2];
  const y = (y0 + y1) / 2;
  const [left, right] = [Math.min(x0, x1), Math.max(x0, x1)];
  return `M${left} ${y}A${rx} ${ry} 0 1 0 ${right} ${y}A${rx} ${ry} 0 1 0 ${left} ${y}Z`;
}
