// Painting areas on the panes: a brush or a box, in image pixels, seen on every pane while the tool is taken up; by hand, or by
// keyboard with a cursor that every pane shows. Knows panes and geometry; what the areas are for, whoever listens knows.

import { clamp, inverted, through } from "./viewport/geometry.js";

/** @import { Area, Hot, Matrix, Point, ReadingPane, ReadingPanes } from "./types.js" */
/**
 * @typedef {object} Wiring
 * @property {() => number} radius of the brush, image pixels
 * @property {() => (Area | Hot)[]} areas what is there already
 * @property {(area: Area, pane: ReadingPane) => void} drawn takes an area that is finished, and where
 * @property {(x: number, y: number) => void} moved the keyboard's cursor lies there now
 */

const SVG = "http://www.w3.org/2000/svg";
const LEAST = 2;
const ARM = 7;
const BUSY = "input, button, select, a, summary, textarea, label";

/** @type {Record<string, Point>} */
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Brush {
  /** @type {"brush" | "rectangle" | ""} */
  tool = "";

  /**
   * The area that is being drawn.
   * @type {Area | null}
   */
  area = null;

  /**
   * The keyboard's cursor.
   * @type {Point | null}
   */
  at = null;

  /**
   * Where the area is being drawn.
   * @type {ReadingPane | null}
   */
  pane = null;

  /**
   * @param {ReadingPanes} panes
   * @param {Wiring} wiring
   */
  constructor(panes, { radius, areas, drawn, moved }) {
    this.panes = panes;
    this.radius = radius;
    this.areas = areas;
    this.drawn = drawn;
    this.moved = moved;
    const { painted } = panes;
    panes.painted = () => {
      painted();
      this.paint();
    };
    panes.grid.addEventListener("pointerdown", (event) => this.#down(event), { capture: true });
    panes.grid.addEventListener("pointermove", (event) => this.#move(event), { capture: true });
    panes.grid.addEventListener("pointerup", (event) => this.#up(event), { capture: true });
    panes.grid.addEventListener("pointercancel", (event) => this.#up(event), { capture: true });
  }

  /**
   * Takes up "brush" or "rectangle", or with "" puts it down.
   * @param {"brush" | "rectangle" | ""} tool
   */
  choose(tool) {
    this.tool = tool;
    this.area = null;
    this.at = null;
    for (const pane of this.panes.all) {
      if (tool) pane.view.dataset.mode = "paint";
      else if (pane.view.dataset.mode === "paint") delete pane.view.dataset.mode;
    }
    this.paint();
  }

  /**
   * The point of the film under the pointer.
   * @param {ReadingPane} pane
   * @param {PointerEvent} event
   * @returns {Point}
   */
  #point(pane, event) {
    const corner = pane.view.getBoundingClientRect();
    const back = inverted(this.panes.place(pane).matrix);
    return this.#within(pane, through(back, event.clientX - corner.x, event.clientY - corner.y));
  }

  /**
   * A point within a pane's image, to the hundredth of a pixel.
   * @param {ReadingPane} pane
   * @param {Point} point
   * @returns {Point}
   */
  #within(pane, [x, y]) {
    const { columns, rows } = pane.image ?? { columns: 0, rows: 0 };
    return [round(clamp(x, 0, columns)), round(clamp(y, 0, rows))];
  }

  /**
   * What the brush leaves at some points.
   * @param {Point[]} points
   * @returns {Area & { radius: number }}
   */
  #stroke(points) {
    return { kind: "brush", points, radius: round(this.radius()) };
  }

  /**
   * The left button paints, unless another tool was taken up since; the other buttons keep their meaning.
   * @param {PointerEvent} event
   */
  #down(event) {
    const pane = this.panes.all.find(({ view }) => event.target instanceof Node && view.contains(event.target));
    if (!this.tool || event.button !== 0 || !pane?.image || pane.stack?.guest || !this.panes.filmOf(pane)) return;
    pane.view.dataset.mode ||= "paint";
    if (pane.view.dataset.mode !== "paint") return;
    event.stopPropagation();
    pane.view.setPointerCapture?.(event.pointerId);
    pane.element.focus({ preventScroll: true });
    this.pane = pane;
    const point = this.#point(pane, event);
    this.area = this.tool === "brush" ? this.#stroke([point]) : { kind: "rectangle", points: [point, point] };
    this.paint();
  }

  /** @param {PointerEvent} event */
  #move(event) {
    // A hand on the mouse needs no cursor but its own.
    if (this.at && event.pointerType === "mouse" && (event.movementX || event.movementY)) this.#let();
    const { area, pane } = this;
    if (!area || !pane) return;
    event.stopPropagation();
    const point = this.#point(pane, event);
    const last = area.points[area.points.length - 1];
    if (area.kind === "rectangle") area.points = [area.points[0], point];
    else if (Math.hypot(point[0] - last[0], point[1] - last[1]) >= (area.radius ?? 0) / 4) area.points.push(point);
    this.paint();
  }

  /** @param {PointerEvent} event */
  #up(event) {
    if (!this.area) return;
    event.stopPropagation();
    this.#finish(this.area);
  }

  /**
   * A box too small to mean anything was a slip of the hand.
   * @param {Area} area
   */
  #finish(area) {
    this.area = null;
    const [x0, y0] = area.points[0];
    const [x1, y1] = area.points[area.points.length - 1];
    if (area.kind === "brush" || (Math.abs(x1 - x0) >= LEAST && Math.abs(y1 - y0) >= LEAST)) this.#done(area);
    this.paint();
  }

  #let() {
    this.at = null;
    this.area = null;
    this.paint();
  }

  /**
   * Painting by keyboard: arrows move the cursor, with Shift the brush paints on its way; space puts a dab, or a corner of the
   * box.
   * @param {KeyboardEvent} event
   */
  key(event) {
    const step = STEPS[event.key];
    const { mode = "paint" } = this.panes.active.view.dataset;
    const { active } = this.panes;
    if (!this.tool || mode !== "paint" || !active.image || active.stack?.guest) return false;
    if (event.ctrlKey || busy(event.target)) return false;
    if (!step && event.key !== " ") return false;
    this.pane = active;
    const { columns, rows } = active.image;
    // The first key shows where the cursor is.
    if (!this.at) this.at = [round(columns / 2), round(rows / 2)];
    else if (step) this.at = this.#stepped(this.at, step, event.shiftKey);
    else this.#press(this.at);
    this.moved(Math.round(this.at[0]), Math.round(this.at[1]));
    this.paint();
    return true;
  }

  /**
   * One step of the cursor, by half a brush, or a 64th of the film for a box; returns where it lies then.
   * @param {Point} before
   * @param {Point} step
   * @param {boolean} painting
   */
  #stepped(before, step, painting) {
    const pane = this.panes.active;
    const { columns, rows } = pane.image ?? { columns: 0, rows: 0 };
    const far = this.tool === "brush" ? Math.max(1, this.radius() / 2) : Math.max(columns, rows) / 64;
    const next = this.#within(pane, [before[0] + step[0] * far, before[1] + step[1] * far]);
    if (painting && this.tool === "brush") this.#done(this.#stroke([before, next]));
    if (this.area) this.area.points = [this.area.points[0], next];
    return next;
  }

  /** @param {Point} point */
  #press(point) {
    if (this.tool === "brush") this.#done(this.#stroke([point]));
    else if (this.area) this.#finish(this.area);
    else this.area = { kind: "rectangle", points: [point, point] };
  }

  /** @param {Area} area */
  #done(area) {
    if (this.pane) this.drawn(area, this.pane);
  }

  /** Draws the areas over every pane that shows their image, while a tool is taken up or one is being drawn. */
  paint() {
    const { active } = this.panes;
    for (const pane of this.panes.shown) {
      const { image } = pane;
      if (!image || !this.panes.filmOf(pane)) continue;
      const done = this.tool ? this.areas().flatMap((area) => (isOn(area, image.id) ? area : [])) : [];
      const mine = this.area && this.pane?.image === image ? [...done, this.area] : done;
      // The edited film is to be seen as the network sees it.
      const seen = pane.laid?.film && !this.area ? [] : mine;
      this.#marks(pane, seen, this.tool && image === active.image ? this.at : null);
    }
  }

  /**
   * @param {ReadingPane} pane
   * @param {Area[]} areas
   * @param {Point | null} at
   */
  #marks(pane, areas, at) {
    const there = pane.view.querySelector(".pane-edit g");
    if (!there && !areas.length && !at) return;
    const group = there ?? sheet(pane.view);
    const { matrix, scale } = this.panes.place(pane);
    group.setAttribute("transform", `matrix(${order(matrix).join(" ")})`);
    const cross = at ? cursor(at, this.tool === "brush" ? this.radius() : 0, scale) : [];
    group.replaceChildren(...areas.map(mark), ...cross);
  }
}

/**
 * Whether an area was drawn, and lies on an image.
 * @param {Area | Hot} area
 * @param {string} image
 * @returns {area is Area}
 */
function isOn(area, image) {
  return area.kind !== "hot" && (area.images ?? []).includes(image);
}

/** @param {EventTarget | null} target */
function busy(target) {
  return target instanceof Element && target.closest(BUSY) !== null;
}

/**
 * What a pane's areas are drawn on.
 * @param {HTMLElement} view
 */
function sheet(view) {
  const group = made("g", {});
  const svg = made("svg", { class: "pane-edit", "aria-hidden": "true" });
  svg.append(group);
  view.append(svg);
  return group;
}

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 */
function made(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}

/**
 * Where the keyboard is: the brush's rim, and a cross for its middle; dark below and light above, so that it is seen on any
 * film.
 * @param {Point} point
 * @param {number} radius 0 for no rim
 * @param {number} scale
 */
function cursor([x, y], radius, scale) {
  const arm = ARM / scale;
  return ["paint-cursor-shade", "paint-cursor"].flatMap((name) => {
    const cross = made("path", { d: `M${x - arm} ${y}H${x + arm}M${x} ${y - arm}V${y + arm}`, class: name });
    return radius ? [made("circle", { cx: x, cy: y, r: radius, class: name }), cross] : [cross];
  });
}

/** @param {Area} area */
function mark({ kind, points, radius = 0 }) {
  const [x0, y0] = points[0];
  const [x1, y1] = points[points.length - 1];
  if (kind === "rectangle") {
    return made("polygon", { class: "outline", points: `${x0},${y0} ${x1},${y0} ${x1},${y1} ${x0},${y1}` });
  }
  if (kind === "ellipse") {
    const half = { rx: Math.abs(x1 - x0) / 2, ry: Math.abs(y1 - y0) / 2 };
    return made("ellipse", { class: "outline", cx: (x0 + x1) / 2, cy: (y0 + y1) / 2, ...half });
  }
  // One point alone is a line to itself, which round ends make a dot.
  const line = points.length === 1 ? [points[0], points[0]] : points;
  const told = line.map((point) => point.join(",")).join(" ");
  if (kind === "brush") return made("polyline", { class: "stroke", points: told, "stroke-width": radius * 2 });
  return made("polygon", { class: "outline", points: told });
}

/**
 * Geometry writes X = a·x + b·y + e, Y = c·x + d·y + f; SVG counts by columns.
 * @param {Matrix} matrix
 */
function order([a, b, c, d, e, f]) {
  return [a, c, b, d, e, f];
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 100) / 100;
}
