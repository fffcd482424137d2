// The panes: what each of them says in words, its colour bar, its letters, and its part of the picture. The picture itself is drawn
// by one renderer for all panes, at most once per frame and only when something changed.

import { table } from "./viewport/colormaps.js";
import { letters, placed } from "./viewport/geometry.js";
import { ends, figures, sharedEnds } from "./viewport/map.js";
import { say, words } from "./words.js";

/** One pane of the page; `method` is "" for the plain film. */
export class Pane {
  constructor(element) {
    this.element = element;
    this.method = element.dataset.method;
    this.signed = element.dataset.signed === "yes";
    this.title = element.querySelector(".pane-title").textContent;
    this.view = element.querySelector(".pane-view");
    this.marks = element.querySelector(".pane-marks");
    this.state = element.querySelector(".pane-state");
    this.sentence = element.querySelector(".pane-words");
    this.enlarge = element.querySelector(".pane-enlarge");
    this.bar = element.querySelector(".bar");
    this.note = element.querySelector(".bar-note");
    this.edges = [...element.querySelectorAll(".letter")];
    this.verdicts = [...element.querySelectorAll(".verdict")];
    this.map = null;
    this.box = { x: 0, y: 0, width: 0, height: 0 };
  }

  /** The state mark, in words and as data for its colour. */
  mark(state, text = words(`state.${state}`)) {
    this.state.dataset.state = state;
    this.state.textContent = text;
  }

  /** A word of doubt beside the colours, `why` in full; or nothing. */
  doubt(text, why) {
    if (!this.note || this.note.textContent === text) return;
    this.note.hidden = !text;
    this.note.textContent = text;
    this.note.title = why;
  }

  /** A sentence in place of a map, or nothing. */
  tell(text) {
    this.sentence.hidden = !text;
    this.sentence.textContent = text;
  }
}

export class Panes {
  constructor(grid, display, renderer) {
    this.grid = grid;
    this.display = display;
    this.renderer = renderer;
    this.all = [...grid.querySelectorAll(".pane")].map((element) => new Pane(element));
    this.active = this.all[1] ?? this.all[0];
    this.film = null;
    this.unlikely = "";
    this.painted = () => {};
    this.listeners = [];
    display.listen(() => this.refresh());
    const watch = new ResizeObserver(() => this.refresh());
    watch.observe(grid);
    for (const pane of this.all) {
      watch.observe(pane.view);
      pane.enlarge.addEventListener("click", () => this.toggleLarge(pane));
      pane.element.addEventListener("focusin", () => this.activate(pane));
    }
    this.activate(this.active);
  }

  /** The panes that can be seen now. */
  get shown() {
    const large = this.all.filter((pane) => "large" in pane.element.dataset);
    return large.length ? large : this.all;
  }

  of(method) {
    return this.all.find((pane) => pane.method === method);
  }

  onActivate(listener) {
    this.listeners.push(listener);
  }

  activate(pane) {
    this.active = pane;
    for (const other of this.all) other.element.toggleAttribute("data-active", other === pane && this.all.length > 1);
    for (const listener of this.listeners) listener(pane);
  }

  /** Moves the active mark and the focus: by a number of panes, to the first or the last. */
  move(step) {
    const { shown } = this;
    const at = shown.indexOf(this.active);
    const next = step === "first" ? 0 : step === "last" ? shown.length - 1 : at + step;
    if (shown[next]) shown[next].element.focus();
  }

  /** How many panes stand side by side. */
  get columns() {
    return getComputedStyle(this.grid).gridTemplateColumns.split(" ").length;
  }

  toggleLarge(pane) {
    const large = "large" in pane.element.dataset;
    for (const other of this.all) {
      other.element.toggleAttribute("data-large", other === pane && !large);
      other.enlarge.setAttribute("aria-pressed", String(other === pane && !large));
    }
    this.grid.toggleAttribute("data-enlarged", !large);
    pane.enlarge.setAttribute("aria-label", `${words(large ? "maximise" : "restore")}: ${pane.title}`);
    pane.element.focus();
    this.refresh();
  }

  get enlarged() {
    return "enlarged" in this.grid.dataset;
  }

  /** Asks for one redraw with the next frame. */
  refresh() {
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = 0;
      this.#paint();
    });
  }

  place(pane) {
    return placed(this.display.view, this.film.image, pane.box);
  }

  #paint() {
    const { film, grid, display } = this;
    const place = grid.getBoundingClientRect();
    const corner = this.renderer ? this.renderer.resize(place) : place;
    for (const pane of this.all) {
      const { x, y, width, height } = pane.view.getBoundingClientRect();
      pane.box = { x: x - corner.x, y: y - corner.y, width, height };
    }
    grid.dataset.overlays = display.overlays ? "on" : "off";
    if (!film) return;
    const seen = this.shown.filter(({ box }) => box.width > 0 && box.height > 0);
    const scales = new Map(seen.map((pane) => [pane, pane.map && this.scaleOf(pane)]));
    if (this.renderer) {
      this.renderer.draw(seen.map((pane) => this.#layer(pane, scales.get(pane))), channels(getComputedStyle(grid).backgroundColor));
      grid.dataset.drawn = "";
    }
    const edges = letters(film.image.orientation, display.view.turn);
    for (const pane of seen) {
      pane.edges.forEach((edge, at) => (edge.textContent = edges[at]));
      if (pane.bar) this.#bar(pane, scales.get(pane));
    }
    this.painted();
  }

  #layer(pane, scale) {
    const { display } = this;
    const film = pane.film ?? this.film;
    const { window: chosen, invert, overlays, threshold, opacity, smooth } = display;
    const colours = pane.signed ? display.signed : display.unsigned;
    return {
      ...this.place(pane),
      box: pane.box,
      film,
      grey: { window: chosen, negative: (film.image.photometric === "MONOCHROME1") !== invert },
      overlay: overlays && pane.map ? { map: pane.map, ends: scale, colours, threshold, opacity, smooth } : null,
    };
  }

  /** The values at the ends of a pane's colours, by the reader's choice of scale. */
  scaleOf(pane) {
    const { shared, robust } = this.display;
    if (!shared) return ends(pane.map, robust);
    return sharedEnds(this.all.map(({ map }) => map).filter(Boolean), pane.signed, robust);
  }

  #bar(pane, scale) {
    const { bar, map, signed } = pane;
    bar.hidden = !map;
    if (!map) return;
    if (map.against) pane.doubt(words("bar.against"), words("bar.against.why"));
    else if (this.unlikely) pane.doubt(words("bar.unlikely"), words("bar.unlikely.why", this.unlikely));
    else pane.doubt("", "");
    const { display } = this;
    const { min, max, conservation_error: lost } = map.explanation;
    const name = signed ? display.signed : display.unsigned;
    const { texts: [low, high, least, most], power } = figures([...scale, min, max]);
    const range = words(display.robust ? "bar.robust" : "bar.full");
    const said = `${name} ${range} ${low} ${high} ${display.threshold} ${least} ${most} ${power}`;
    if (bar.dataset.said === said) return;
    bar.dataset.said = said;
    bar.querySelector(".bar-low").textContent = low;
    bar.querySelector(".bar-high").textContent = high;
    bar.querySelector(".bar-range").textContent = `${least} … ${most}`;
    bar.querySelector(".bar-power").textContent = power && words("bar.power", power);
    const canvas = bar.querySelector(".bar-colours");
    bar.title = words("bar.label", ...[least, most, low || "0", high].map((text) => `${text}${power && ` ${power}`}`), range);
    // LRP and RAP hand a sum back to the pixels: how much of it did not arrive says whether the map can be trusted.
    if (typeof lost === "number") bar.title += `\n${words("bar.conservation", lost.toExponential(0))}`;
    canvas.setAttribute("aria-label", bar.title);
    const colours = table(name);
    for (let i = 0; i < 256; i += 1) {
      const strength = signed ? Math.abs(i / 127.5 - 1) : i / 255;
      if (strength < display.threshold) colours[i * 4 + 3] = 0;
    }
    canvas.getContext("2d").putImageData(new ImageData(colours, 256, 1), 0, 0);
  }

  /** Overlays on or off, said aloud. */
  toggleOverlays() {
    this.display.set({ overlays: !this.display.overlays });
    say(words(this.display.overlays ? "say.overlays.on" : "say.overlays.off"));
  }
}

function channels(css) {
  const found = css.match(/[\d.]+/g)?.map(Number) ?? [];
  return found.length >= 3 && css.startsWith("rgb") ? found : [32, 32, 32];
}
