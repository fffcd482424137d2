// The probe: what the film and every method's map hold at one pixel of the film. It follows the cursor until it is pinned; then arrows
// move it. Values are the raw ones: the film's stored pixel, and the map's own cell that holds the pixel's middle; nothing is
// interpolated. At most one update per frame, and none while a button is held, so that dragging costs nothing.

import { clamp, inverted, through } from "./viewport/geometry.js";
import { figures } from "./viewport/map.js";
import { say, words } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const CROSS = "M-11 0H-4M4 0H11M0-11V-4M0 4V11";
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const BUSY = "input, button, select, a, summary, textarea";
const SLIP = 3;
const DOUBLE = 600;
const sorted = new WeakMap();

export class Probe {
  /** `read()` gives the payload; `maps` the fetched maps by their explanation's id; `free()` whether a click is only a click. */
  constructor({ panes, display, maps, read, free }) {
    Object.assign(this, { panes, display, maps, read, free });
    this.table = document.getElementById("probe");
    this.button = document.getElementById("probe-pin");
    this.at = null;
    this.pinned = false;
    this.crosses = new Map();
    const { grid } = panes;
    grid.addEventListener("pointermove", (event) => this.#follow(event));
    grid.addEventListener("pointerleave", () => this.#leave());
    grid.addEventListener("pointerdown", (event) => this.#down(event));
    grid.addEventListener("pointerup", (event) => this.#up(event));
    // A double click enlarges; its two clicks were not meant for the probe.
    grid.addEventListener("dblclick", () => this.before && this.#put(this.before.at, this.before.pinned));
    this.button.addEventListener("click", () => this.toggle());
  }

  #pane(event) {
    const view = event.target.closest?.(".pane-view");
    return view && this.panes.all.find((pane) => pane.view === view);
  }

  #follow(event) {
    if (this.pinned || event.buttons || event.pointerType === "touch") return;
    this.seen = { pane: this.#pane(event), x: event.clientX, y: event.clientY };
    this.waiting ??= requestAnimationFrame(() => {
      this.waiting = null;
      if (!this.pinned && this.seen) this.#put(this.#under(this.seen), false);
    });
  }

  #leave() {
    this.seen = null;
    if (!this.pinned) this.#put(null, false);
  }

  #down(event) {
    const pane = this.#pane(event);
    const free = pane && event.button === 0 && event.isPrimary && this.free() && !event.target.dataset?.sides;
    this.pressed = free ? { pane, x: event.clientX, y: event.clientY } : null;
  }

  #up(event) {
    const { pressed } = this;
    this.pressed = null;
    if (!pressed || Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) > SLIP) return;
    const at = this.#under(pressed);
    if (!(event.timeStamp - this.clicked < DOUBLE)) this.before = { at: this.at, pinned: this.pinned };
    this.clicked = event.timeStamp;
    if (at) this.#put(at, true);
  }

  // The film's pixel under a point of the screen, or null beside the film.
  #under({ pane, x, y }) {
    const { film } = this.panes;
    if (!film || !pane) return null;
    const corner = pane.view.getBoundingClientRect();
    const [px, py] = through(inverted(this.panes.place(pane).matrix), x - corner.x, y - corner.y);
    const { columns, rows } = film.image;
    if (px < 0 || py < 0 || px >= columns || py >= rows) return null;
    return { column: Math.floor(px), row: Math.floor(py) };
  }

  #put(at, pinned) {
    const { film } = this.panes;
    this.at = at;
    this.pinned = Boolean(at) && pinned;
    this.image = film?.image.id;
    this.button.setAttribute("aria-pressed", String(this.pinned));
    this.button.textContent = words(this.pinned ? "probe.unpin" : "probe.pin");
    this.table.toggleAttribute("data-pinned", this.pinned);
    this.show();
    this.#cross();
  }

  /** Pins the point under the cursor, or the film's middle; unpins a pinned one. */
  toggle() {
    const { film } = this.panes;
    if (this.pinned) return this.unpin();
    if (!film) return undefined;
    const { columns, rows } = film.image;
    this.#put(this.at ?? { column: columns >> 1, row: rows >> 1 }, true);
    return this.#say();
  }

  unpin() {
    this.#put(this.seen ? this.#under(this.seen) : null, false);
    say(words("probe.say.unpinned"));
  }

  /** Arrows move a pinned point by a pixel as seen on the screen, with Shift by ten. True when the key was taken. */
  key(event) {
    const step = STEPS[event.key];
    if (!this.pinned || !step || event.ctrlKey || event.target.closest?.(BUSY)) return false;
    const [xx, xy, yx, yy] = this.display.view.turn;
    const far = event.shiftKey ? 10 : 1;
    // A turn is a rotation or a mirroring: its inverse is its transpose.
    const dx = (xx * step[0] + yx * step[1]) * far;
    const dy = (xy * step[0] + yy * step[1]) * far;
    const { columns, rows } = this.panes.film.image;
    this.#put({ column: clamp(this.at.column + dx, 0, columns - 1), row: clamp(this.at.row + dy, 0, rows - 1) }, true);
    this.#say();
    return true;
  }

  /** The part of a link: the pinned point, column and row. */
  get part() {
    return {
      save: () => (this.pinned ? [this.at.column, this.at.row] : null),
      load: ([column, row]) => {
        const { columns, rows } = this.panes.film.image;
        const fit = [column, row].every(Number.isInteger) && column >= 0 && row >= 0 && column < columns && row < rows;
        if (fit) this.#put({ column, row }, true);
        return fit ? "" : words("link.partly");
      },
    };
  }

  #say() {
    const { column, row } = this.at;
    const read = [...this.table.querySelectorAll("[data-said]")].map((cell) => cell.dataset.said).filter(Boolean);
    say([words("probe.say", column, row), ...read].join("; "));
  }

  /** After every drawing: the cross follows the film, and what has arrived meanwhile is read. */
  paint() {
    const { film } = this.panes;
    if (film && this.at && this.image !== film.image.id) {
      const { columns, rows } = film.image;
      this.at = { column: Math.min(this.at.column, columns - 1), row: Math.min(this.at.row, rows - 1) };
      this.image = film.image.id;
    }
    if (this.at || this.crossed) this.#cross();
    const key = `${film?.image.id} ${Boolean(film?.levels[0])} ${this.read().explanations.map(({ id }) => `${id}${this.maps.has(id)}`)}`;
    if (this.known === key) return;
    this.known = key;
    this.show();
  }

  #cross() {
    this.crossed = Boolean(this.at);
    for (const pane of this.panes.shown) {
      const cross = this.crosses.get(pane) ?? this.#made(pane);
      cross.toggleAttribute("hidden", !this.at);
      if (!this.at) continue;
      const [x, y] = through(this.panes.place(pane).matrix, this.at.column + 0.5, this.at.row + 0.5);
      cross.firstChild.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
    }
  }

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
    const { film } = this.panes;
    tell(table.querySelector("[data-probe=point]"), at ? words("probe.point", at.column, at.row) : "–");
    tell(table.querySelector("[data-probe=grey]"), ...this.#grey(film));
    for (const cell of table.querySelectorAll("[data-method]")) {
      const { method } = cell.dataset;
      const title = this.read().methods.find(({ name }) => name === method).title;
      tell(cell, ...this.#method(method, title));
    }
  }

  #grey(film) {
    if (!this.at || !film) return ["–"];
    if (!film.levels[0]) return [words("state.loading")];
    const { slope, intercept, units, columns } = film.image;
    const stored = film.levels[0].data[this.at.row * columns + this.at.column] - film.bias;
    const value = stored * slope + intercept;
    if (!units) return [String(stored), words("probe.stored"), stored, `${words("probe.grey")} ${stored}`];
    return [plain(value), units, value, `${words("probe.grey")} ${plain(value)} ${units}`, words("probe.from", stored)];
  }

  #method(method, title) {
    if (!this.at) return ["–"];
    const explanation = this.read().explanations.find((entry) => entry.method === method);
    if (!explanation) return [words("pane.none")];
    if (explanation.state !== "ok") return [words("probe.none"), "", "", "", explanation.state_text];
    const map = this.maps.get(explanation.id);
    if (!map) return [words("state.loading")];
    const cell = cellAt(explanation, this.at);
    if (cell < 0) return [words("probe.outside"), "", "", `${title}: ${words("probe.outside")}`];
    const value = map.values[cell];
    const percent = percentile(map, value);
    const { texts, power } = figures([value]);
    const read = `${texts[0]}${power}`;
    const told = words("probe.in-words", title, read, percent.toFixed(1));
    return [read, `P ${percent.toFixed(1)}`, value, told, words("probe.cell", told, cell % explanation.width, Math.floor(cell / explanation.width)), percent];
  }
}

/** The number of the map's own cell that holds the middle of a film's pixel; -1 outside the map. */
export function cellAt({ extent: [left, top, right, bottom], width, height }, { column, row }) {
  const x = Math.floor(((column + 0.5 - left) * width) / (right - left));
  const y = Math.floor(((row + 0.5 - top) * height) / (bottom - top));
  return x < 0 || y < 0 || x >= width || y >= height ? -1 : y * width + x;
}

/** Which share of a map's cells is lower than a value, in percent; equal ones count half. */
export function percentile(map, value) {
  if (!sorted.has(map)) sorted.set(map, map.values.slice().sort());
  const all = sorted.get(map);
  return (50 * (before(all, (other) => other < value) + before(all, (other) => other <= value))) / all.length;
}

function before(all, less) {
  let [low, high] = [0, all.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (less(all[middle])) low = middle + 1;
    else high = middle;
  }
  return low;
}

function plain(value) {
  return String(Number(value.toPrecision(7))).replace("-", "−");
}

function tell(cell, text, beside = "", value = "", said = "", title = said, percent = "") {
  cell.firstElementChild.textContent = text;
  cell.lastElementChild.textContent = beside;
  cell.title = title;
  Object.assign(cell.dataset, { value: String(value), said, percent: String(percent) });
}
