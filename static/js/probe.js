// The probe: what the film and every method's map hold at one pixel of the film. It follows the cursor until it is pinned; then
// arrows move it. Values are the raw ones: the film's stored pixel, and the map's own cell that holds the pixel's middle;
// nothing is interpolated. At most one update per frame, and none while a button is held, so that dragging costs nothing. What
// is said of them is probing.js.

import { all, element, first } from "./elements.js";
import { NOTHING, greyAt, mapAt } from "./probing.js";
import { clamp, inverted, through } from "./viewport/geometry.js";
import { say, words } from "./words.js";

/** @import { Pixel, Told } from "./probing.js" */
/** @import { CaseData, Cells, ExplanationData, ImageData, Part, Point, ReadingPane, ReadingPanes } from "./types.js" */
/** @import { Display } from "./viewport/state.js" */
/** @typedef {{ pane: ReadingPane, x: number, y: number }} Pointed a point of the screen, over a pane */
/** @typedef {{ explanation?: ExplanationData, map?: Cells }} Stored a layer of an image, as far as it is there */
/**
 * @typedef {object} Wiring
 * @property {ReadingPanes} panes
 * @property {Display} display
 * @property {() => CaseData} read gives the payload
 * @property {(image: ImageData | null, method: string) => Stored} layerOf
 * @property {() => boolean} free whether a click is only a click
 */

const SVG = "http://www.w3.org/2000/svg";
const CROSS = "M-11 0H-4M4 0H11M0-11V-4M0 4V11";
const BUSY = "input, button, select, a, summary, textarea";
const SLIP = 3;

/** @type {Record<string, Point>} */
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Probe {
  /** @type {Pixel | null} */
  at = null;

  pinned = false;

  /**
   * The id of the image that the point lies on.
   * @type {string | undefined}
   */
  image = undefined;

  /**
   * Where the cursor was last.
   * @type {Pointed | null}
   */
  seen = null;

  /**
   * Where a press began that may pin.
   * @type {Pointed | null}
   */
  pressed = null;

  /** The frame that will follow the cursor, 0 for none. */
  waiting = 0;

  /** What the table was filled from. */
  known = "";

  /** Whether a cross is to be seen. */
  crossed = false;

  /** @type {Map<ReadingPane, SVGElement>} */
  crosses = new Map();

  /** @param {Wiring} wiring */
  constructor({ panes, display, read, layerOf, free }) {
    this.panes = panes;
    this.display = display;
    this.read = read;
    this.layerOf = layerOf;
    this.free = free;
    this.table = element("probe");
    this.button = element("probe-pin");
    /** The pane whose image the point lies on. */
    this.pane = panes.active;
    const { grid } = panes;
    grid.addEventListener("pointermove", (event) => this.#follow(event));
    grid.addEventListener("pointerleave", () => this.#leave());
    grid.addEventListener("pointerdown", (event) => this.#down(event));
    grid.addEventListener("pointerup", (event) => this.#up(event));
    this.button.addEventListener("click", () => this.toggle());
  }

  /**
   * @param {PointerEvent} event
   * @returns {Pointed | null}
   */
  #pointed({ target, clientX: x, clientY: y }) {
    const view = target instanceof Element ? target.closest(".pane-view") : null;
    const pane = view && this.panes.all.find((one) => one.view === view);
    return pane ? { pane, x, y } : null;
  }

  /** @param {PointerEvent} event */
  #follow(event) {
    if (this.pinned || event.buttons || event.pointerType === "touch") return;
    this.seen = this.#pointed(event);
    this.waiting ||= requestAnimationFrame(() => {
      this.waiting = 0;
      if (!this.pinned) this.#put(this.#under(this.seen), false);
    });
  }

  #leave() {
    this.seen = null;
    if (!this.pinned) this.#put(null, false);
  }

  /**
   * A mouse points without pressing: only with Shift it pins. A finger cannot.
   * @param {PointerEvent} event
   */
  #down(event) {
    const meant = event.shiftKey || event.pointerType === "touch";
    this.pressed = meant && event.button === 0 && event.isPrimary && this.free() ? this.#pointed(event) : null;
  }

  /** @param {PointerEvent} event */
  #up(event) {
    const { pressed } = this;
    this.pressed = null;
    if (!pressed || Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) > SLIP) return;
    const at = this.#under(pressed);
    if (at) this.#put(at, true);
  }

  /**
   * The image's pixel under a point of the screen, or null beside it.
   * @param {Pointed | null} pointed
   * @returns {Pixel | null}
   */
  #under(pointed) {
    if (!pointed?.pane.image || !this.panes.filmOf(pointed.pane)) return null;
    const { pane, x, y } = pointed;
    const { columns, rows } = pointed.pane.image;
    const corner = pane.view.getBoundingClientRect();
    const [px, py] = through(inverted(this.panes.place(pane).matrix), x - corner.x, y - corner.y);
    if (px < 0 || py < 0 || px >= columns || py >= rows) return null;
    this.pane = pane;
    return { column: Math.floor(px), row: Math.floor(py) };
  }

  /**
   * @param {Pixel | null} at
   * @param {boolean} pinned
   */
  #put(at, pinned) {
    if (!this.panes.all.includes(this.pane)) this.pane = this.panes.active;
    this.at = at;
    this.pinned = Boolean(at) && pinned;
    this.image = this.pane.image?.id;
    this.button.setAttribute("aria-pressed", String(this.pinned));
    this.button.textContent = words(this.pinned ? "probe.unpin" : "probe.pin");
    this.table.toggleAttribute("data-pinned", this.pinned);
    this.show();
    this.#cross();
  }

  /** Pins the point under the cursor, or the image's middle; unpins a pinned one. */
  toggle() {
    if (this.pinned) {
      this.unpin();
      return;
    }
    if (!this.at) this.pane = this.panes.active;
    const { image } = this.pane;
    if (!image) return;
    this.#pin(this.at ?? { column: image.columns >> 1, row: image.rows >> 1 });
  }

  unpin() {
    this.#put(this.#under(this.seen), false);
    say(words("probe.say.unpinned"));
  }

  /**
   * Pins a pixel, and says what is there.
   * @param {Pixel} at
   */
  #pin(at) {
    this.#put(at, true);
    const read = all(this.table, "[data-said]").flatMap(({ dataset }) => dataset.said || []);
    say([words("probe.say", at.column, at.row), ...read].join("; "));
  }

  /**
   * Arrows move a pinned point by a pixel as seen on the screen, with Shift by ten. True when the key was taken.
   * @param {KeyboardEvent} event
   */
  key(event) {
    const step = STEPS[event.key];
    const { at, pane } = this;
    if (!this.pinned || !at || !pane.image || !step || event.ctrlKey) return false;
    if (event.target instanceof Element && event.target.closest(BUSY)) return false;
    const [xx, xy, yx, yy] = this.display.of(pane.place).view.turn;
    const far = event.shiftKey ? 10 : 1;
    // A turn is a rotation or a mirroring: its inverse is its transpose.
    const dx = (xx * step[0] + yx * step[1]) * far;
    const dy = (xy * step[0] + yy * step[1]) * far;
    const { columns, rows } = pane.image;
    this.#pin({ column: clamp(at.column + dx, 0, columns - 1), row: clamp(at.row + dy, 0, rows - 1) });
    return true;
  }

  /**
   * The part of a link: the pinned point, column and row.
   * @returns {Part}
   */
  get part() {
    return {
      save: () => (this.pinned && this.at ? [this.at.column, this.at.row] : null),
      load: (/** @type {number[]} */ [column, row]) => {
        this.pane = this.panes.active;
        const { columns, rows } = this.pane.image ?? { columns: 0, rows: 0 };
        const fit = [column, row].every(Number.isInteger) && column >= 0 && row >= 0 && column < columns && row < rows;
        if (fit) this.#put({ column, row }, true);
        return fit ? "" : words("link.partly");
      },
    };
  }

  /** After every drawing: the cross follows the image, and what has arrived meanwhile is read. */
  paint() {
    if (!this.panes.all.includes(this.pane)) this.pane = this.panes.active;
    const { image, film } = this.pane;
    if (image && this.at && this.image !== image.id) {
      const { columns, rows } = image;
      this.at = { column: Math.min(this.at.column, columns - 1), row: Math.min(this.at.row, rows - 1) };
      this.image = image.id;
    }
    if (this.at || this.crossed) this.#cross();
    const there = this.read().methods.map(({ name }) => {
      const { explanation, map } = this.layerOf(image, name);
      return `${explanation?.values_url ?? ""} ${Boolean(map)}`;
    });
    const key = JSON.stringify([image?.id, Boolean(film?.levels[0]), there]);
    if (this.known === key) return;
    this.known = key;
    this.show();
  }

  /** The cross stands in every pane that shows the image. */
  #cross() {
    const { at } = this;
    this.crossed = Boolean(at);
    for (const pane of this.panes.shown) {
      const cross = this.crosses.get(pane) ?? this.#made(pane);
      const here = at !== null && pane.image?.id === this.image && Boolean(this.panes.filmOf(pane));
      cross.toggleAttribute("hidden", !here);
      if (!here) continue;
      const [x, y] = through(this.panes.place(pane).matrix, at.column + 0.5, at.row + 0.5);
      cross.firstElementChild?.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
    }
  }

  /** @param {ReadingPane} pane */
  #made(pane) {
    const cross = document.createElementNS(SVG, "svg");
    cross.setAttribute("class", "pane-cross");
    cross.setAttribute("aria-hidden", "true");
    const both = cross.appendChild(document.createElementNS(SVG, "g"));
    for (const name of ["cross-shade", "cross"]) {
      const path = both.appendChild(document.createElementNS(SVG, "path"));
      path.setAttribute("d", CROSS);
      path.setAttribute("class", name);
    }
    pane.marks.after(cross);
    this.crosses.set(pane, cross);
    return cross;
  }

  /** Fills the table. */
  show() {
    const { at, table } = this;
    tell(first(table, "[data-probe=point]"), at ? { text: words("probe.point", at.column, at.row) } : NOTHING);
    const { film } = this.pane;
    tell(first(table, "[data-probe=grey]"), at && film ? greyAt(film, at) : NOTHING);
    for (const cell of all(table, "[data-method]")) {
      const { method = "" } = cell.dataset;
      const title = this.read().methods.find(({ name }) => name === method)?.title ?? method;
      tell(cell, this.#method(method, title));
    }
  }

  /**
   * @param {string} method
   * @param {string} title
   * @returns {Told}
   */
  #method(method, title) {
    if (!this.at) return NOTHING;
    const { explanation, map } = this.layerOf(this.pane.image, method);
    if (!explanation) return { text: words("pane.none") };
    if (explanation.state !== "ok") return { text: words("probe.none"), title: explanation.state_text };
    if (!map) return { text: words("state.loading") };
    return mapAt(explanation, map, this.at, title);
  }
}

/**
 * @param {HTMLElement} cell
 * @param {Told} told
 */
function tell(cell, { text, beside = "", value = "", said = "", title = said, percent = "" }) {
  const [shown, small] = cell.children;
  shown.textContent = text;
  small.textContent = beside;
  cell.title = title;
  cell.dataset.value = value;
  cell.dataset.said = said;
  cell.dataset.percent = percent;
}
