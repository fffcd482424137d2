// A point carried between planes: pressed in one pane, every other stack jumps to the slice nearest to it and shows it there. And the
// lines where the other planes' slices cut a slice. All through patient coordinates; what says not where it lies takes no part, nor what
// lies in another frame of reference.

import { outline } from "../region.js";
import { clamp, inverted, through } from "../viewport/geometry.js";
import { say, words } from "../words.js";
import { crossing, half, lies, nearest, onSlice, patient, shares } from "./space.js";

const SVG = "http://www.w3.org/2000/svg";
const OPEN = 6;
const ARM = 22;
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const AXES = [["L", "R"], ["P", "A"], ["H", "F"]];
const $ = (id) => document.getElementById(id);

export class Crosshair {
  /** `jump(stack, at)` shows a slice; `stacks()` are those on the screen; `drawn(stack)` the shapes of other panes' slices. */
  constructor({ panes, stacks, jump, drawn }) {
    Object.assign(this, { panes, stacks, jump, drawn, on: false, point: null });
    this.button = $("crosshair");
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
    else if (!lies(this.panes.active.stack?.image)) say(words("cross.unplaced"));
  }

  /** What a press of the left button begins: a carried point, or null when it is none of this one's business. */
  grab(pane, event, x, y) {
    if (!(this.on || event.shiftKey) || !pane.film) return null;
    if (!lies(pane.stack.image)) {
      say(words("cross.unplaced"));
      return null;
    }
    const move = (mx, my) => this.carry(pane, ...through(inverted(this.panes.place(pane).matrix), mx, my));
    move(x, y);
    return { move, end: () => this.tell() };
  }

  /** Carries the point from a pane's image point to all other stacks. */
  carry(pane, x, y) {
    const { image } = pane.stack;
    this.from = pane.stack;
    this.#to(patient(image, clamp(x, 0, image.columns), clamp(y, 0, image.rows)));
  }

  #to(point) {
    this.point = point;
    this.out = [];
    this.apart = [];
    if (point) {
      for (const stack of this.stacks()) {
        if (stack === this.from) continue;
        if (!shares(stack, this.from)) {
          if (stack.images.some(lies)) this.apart.push(stack);
          continue;
        }
        const found = nearest(stack.images, point);
        if (!found) continue;
        if (outside(stack, found)) this.out.push(stack);
        this.jump(stack, found.at);
      }
    }
    const text = point ? words("cross.at", ...spoken(point)) : "";
    const out = this.out.map((stack) => words("cross.outside", stack.title)).join(" ");
    const apart = this.apart.map((stack) => words(stack.space && this.from.space ? "cross.apart" : "cross.unknown", stack.title)).join(" ");
    const said = $("cross-words");
    said.textContent = [text, out, apart].filter(Boolean).join(" ");
    said.title = said.textContent;
    this.panes.refresh();
  }

  tell() {
    if (this.point) say($("cross-words").textContent);
  }

  /** Keys while the mode is on: arrows carry the point by a pixel, with Shift by ten; Escape leaves. */
  key(event) {
    if (event.key === "Escape" && (this.on || this.point)) {
      this.toggle(false);
      return true;
    }
    const step = STEPS[event.key];
    const { active } = this.panes;
    if (!this.on || !step || !lies(active.stack?.image) || event.target.closest?.(".strip")) return false;
    const far = event.shiftKey ? 10 : 1; // the point begins in the middle of the slice
    const at = this.point && shares(active.stack, this.from) ? onSlice(active.stack.image, this.point) : { x: active.stack.image.columns / 2, y: active.stack.image.rows / 2 };
    this.carry(active, at.x + step[0] * far, at.y + step[1] * far);
    this.tell();
    return true;
  }

  /** Draws the lines and the point into every pane that can be seen. */
  paint() {
    const stacks = this.stacks();
    for (const pane of this.panes.shown) this.#pane(pane, stacks);
  }

  #pane(pane, stacks) {
    const { stack, film } = pane;
    const lines = [];
    if (film && lies(stack.image)) {
      const { matrix } = this.panes.place(pane);
      const screen = ([x, y]) => through(matrix, x, y).map((v) => Math.round(v * 100) / 100);
      for (const other of stacks) {
        const cut = other !== stack && shares(stack, other) && crossing(stack.image, other.image);
        if (cut) lines.push([`reference reference-${other.plane || "other"}`, `M${screen(cut[0]).join(" ")}L${screen(cut[1]).join(" ")}`]);
      }
      for (const shape of this.drawn(pane)) lines.push(["region-shade", outline(shape, matrix)], ["region", outline(shape, matrix)]);
      const at = this.point && shares(stack, this.from) && onSlice(stack.image, this.point);
      if (at && (stack === this.from || Math.abs(at.away) <= half(stack.images, stack.at) + 1e-3)) {
        const d = cross(screen([at.x, at.y]));
        lines.push(["cross-shade", d], ["cross", d]);
        pane.element.dataset.cross = `${at.x.toFixed(3)},${at.y.toFixed(3)},${at.away.toFixed(3)}`;
      } else delete pane.element.dataset.cross;
    } else delete pane.element.dataset.cross;
    this.#draw(pane.element.querySelector(".pane-lines"), lines);
  }

  #draw(svg, lines) {
    while (svg.childElementCount > lines.length) svg.lastElementChild.remove();
    while (svg.childElementCount < lines.length) svg.append(document.createElementNS(SVG, "path"));
    lines.forEach(([name, d], at) => {
      const element = svg.children[at];
      if (element.getAttribute("d") !== d) element.setAttribute("d", d);
      if (element.getAttribute("class") !== name) element.setAttribute("class", name);
    });
  }
}

function outside({ images }, { at, away }) {
  return Math.abs(away) > half(images, at) + 1e-3;
}

function cross([x, y]) {
  return `M${x - ARM} ${y}H${x - OPEN}M${x + OPEN} ${y}H${x + ARM}M${x} ${y - ARM}V${y - OPEN}M${x} ${y + OPEN}V${y + ARM}`;
}

// "L 12.4", "P 30.1", "H 5.2": how far to the left, to the back and to the head.
function spoken(point) {
  return point.map((mm, axis) => `${AXES[axis][mm < 0 ? 1 : 0]} ${Math.abs(mm).toFixed(1)}`);
}
