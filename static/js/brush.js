// Painting areas on the panes: a brush or a box, in image pixels, seen on every pane while the tool is taken up; by hand, or by keyboard
// with a cursor that every pane shows. Knows panes and geometry; what the areas are for, whoever listens knows.

import { clamp, inverted, through } from "./viewport/geometry.js";

const SVG = "http://www.w3.org/2000/svg";
const LEAST = 2;
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const BUSY = "input, button, select, a, summary, textarea, label";

export class Brush {
  /** `moved(x, y)`: the keyboard's cursor lies there now. */
  constructor(panes, { radius, areas, drawn, moved }) {
    Object.assign(this, { panes, radius, areas, drawn, moved, tool: "", area: null, at: null });
    const { painted } = panes;
    panes.painted = () => {
      painted();
      this.paint();
    };
    for (const [name, act] of Object.entries({ pointerdown: this.#down, pointermove: this.#move, pointerup: this.#up, pointercancel: this.#up })) {
      panes.grid.addEventListener(name, (event) => act.call(this, event), { capture: true });
    }
  }

  /** Takes up "brush" or "rectangle", or with "" puts it down. */
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

  #point(event) {
    const { image } = this.panes.film;
    const corner = this.pane.view.getBoundingClientRect();
    const [x, y] = through(inverted(this.panes.place(this.pane).matrix), event.clientX - corner.x, event.clientY - corner.y);
    return [round(clamp(x, 0, image.columns)), round(clamp(y, 0, image.rows))];
  }

  // The left button paints, unless another tool was taken up since; the other buttons keep their meaning.
  #down(event) {
    const pane = this.panes.all.find(({ view }) => view.contains(event.target));
    if (!this.tool || event.button !== 0 || !pane || !this.panes.film) return;
    pane.view.dataset.mode ||= "paint";
    if (pane.view.dataset.mode !== "paint") return;
    event.stopPropagation();
    pane.view.setPointerCapture?.(event.pointerId);
    pane.element.focus({ preventScroll: true });
    this.pane = pane;
    const point = this.#point(event);
    this.area = this.tool === "brush" ? { kind: "brush", points: [point], radius: round(this.radius()) } : { kind: "rectangle", points: [point, point] };
    this.paint();
  }

  #move(event) {
    // A hand on the mouse needs no cursor but its own.
    if (this.at && event.pointerType === "mouse" && (event.movementX || event.movementY)) this.#let();
    if (!this.area) return;
    event.stopPropagation();
    const { area } = this;
    const point = this.#point(event);
    const last = area.points.at(-1);
    if (area.kind === "rectangle") area.points = [area.points[0], point];
    else if (Math.hypot(point[0] - last[0], point[1] - last[1]) >= area.radius / 4) area.points.push(point);
    this.paint();
  }

  #up(event) {
    if (!this.area) return;
    event.stopPropagation();
    this.#finish();
  }

  // A box too small to mean anything was a slip of the hand.
  #finish() {
    const { area } = this;
    this.area = null;
    const [[x0, y0], [x1, y1]] = [area.points[0], area.points.at(-1)];
    if (area.kind === "brush" || (Math.abs(x1 - x0) >= LEAST && Math.abs(y1 - y0) >= LEAST)) this.drawn(area);
    this.paint();
  }

  #let() {
    this.at = null;
    this.area = null;
    this.paint();
  }

  /** Painting by keyboard: arrows move the cursor, with Shift the brush paints on its way; space puts a dab, or a corner of the box. */
  key(event) {
    const step = STEPS[event.key];
    const { mode = "paint" } = this.panes.active.view.dataset;
    if (!this.tool || mode !== "paint" || !this.panes.film || event.ctrlKey || event.target.closest?.(BUSY)) return false;
    if (!step && event.key !== " ") return false;
    const { columns, rows } = this.panes.film.image;
    const before = this.at ?? [round(columns / 2), round(rows / 2)];
    // The first key shows where the cursor is.
    if (!this.at) this.at = before;
    else if (!step) this.#press(before);
    else {
      const far = this.tool === "brush" ? Math.max(1, this.radius() / 2) : Math.max(columns, rows) / 64;
      const next = [clamp(before[0] + step[0] * far, 0, columns), clamp(before[1] + step[1] * far, 0, rows)].map(round);
      if (event.shiftKey && this.tool === "brush") this.drawn({ kind: "brush", points: [before, next], radius: round(this.radius()) });
      this.at = next;
      if (this.area) this.area.points = [this.area.points[0], next];
    }
    this.moved(...this.at.map(Math.round));
    this.paint();
    return true;
  }

  #press(point) {
    if (this.tool === "brush") return this.drawn({ kind: "brush", points: [point], radius: round(this.radius()) });
    if (!this.area) this.area = { kind: "rectangle", points: [point, point] };
    else this.#finish();
    return undefined;
  }

  /** Draws the areas over every pane that can be seen, while a tool is taken up or one is being drawn. */
  paint() {
    if (!this.panes.film) return;
    const areas = this.tool ? [...this.areas(), ...(this.area ? [this.area] : [])].filter(({ kind }) => kind !== "hot") : [];
    // The edited film is to be seen as the network sees it.
    for (const pane of this.panes.shown) this.#marks(pane, pane.film && !this.area ? [] : areas, this.tool ? this.at : null);
  }

  #marks(pane, areas, at) {
    let svg = pane.view.querySelector(".pane-edit");
    if (!svg) {
      if (!areas.length && !at) return;
      svg = document.createElementNS(SVG, "svg");
      svg.setAttribute("class", "pane-edit");
      svg.setAttribute("aria-hidden", "true");
      svg.append(document.createElementNS(SVG, "g"));
      pane.view.append(svg);
    }
    const group = svg.firstElementChild;
    group.setAttribute("transform", `matrix(${order(this.panes.place(pane).matrix).join(" ")})`);
    group.replaceChildren(...areas.map(mark), ...(at ? cursor(at, this.tool === "brush" ? this.radius() : 0, this.panes.place(pane).scale) : []));
  }
}

// Where the keyboard is: the brush's rim, and a cross for its middle; dark below and light above, so that it is seen on any film.
function cursor([x, y], radius, scale) {
  const arm = 7 / scale;
  return ["paint-cursor-shade", "paint-cursor"].flatMap((name) => {
    const cross = document.createElementNS(SVG, "path");
    cross.setAttribute("d", `M${x - arm} ${y}H${x + arm}M${x} ${y - arm}V${y + arm}`);
    const rim = document.createElementNS(SVG, "circle");
    for (const [key, value] of Object.entries({ cx: x, cy: y, r: radius })) rim.setAttribute(key, value);
    for (const made of [cross, rim]) made.setAttribute("class", name);
    return radius ? [rim, cross] : [cross];
  });
}

function mark(area) {
  const points = area.points.map((point) => point.join(",")).join(" ");
  const made = document.createElementNS(SVG, area.kind === "rectangle" ? "polygon" : area.kind === "ellipse" ? "ellipse" : area.kind === "brush" ? "polyline" : "polygon");
  made.setAttribute("class", area.kind === "brush" ? "stroke" : "outline");
  const [[x0, y0], [x1, y1]] = [area.points[0], area.points.at(-1)];
  if (area.kind === "rectangle") made.setAttribute("points", `${x0},${y0} ${x1},${y0} ${x1},${y1} ${x0},${y1}`);
  else if (area.kind === "ellipse") {
    for (const [name, value] of Object.entries({ cx: (x0 + x1) / 2, cy: (y0 + y1) / 2, rx: Math.abs(x1 - x0) / 2, ry: Math.abs(y1 - y0) / 2 })) made.setAttribute(name, value);
  } else made.setAttribute("points", area.points.length === 1 ? `${points} ${points}` : points);
  if (area.kind === "brush") made.setAttribute("stroke-width", area.radius * 2);
  return made;
}

// Geometry writes X = a·x + b·y + e, Y = c·x + d·y + f; SVG counts by columns.
function order([a, b, c, d, e, f]) {
  return [a, c, b, d, e, f];
}

function round(value) {
  return Math.round(value * 100) / 100;
}
