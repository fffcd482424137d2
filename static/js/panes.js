// The panes: what each of them says in words, its colour bar, its letters, and its part of the picture. The picture itself is drawn
// by one renderer for all panes, at most once per frame and only when something changed.

import { layer as registered } from "./layers.js";
import { table } from "./viewport/colormaps.js";
import { letters, placed } from "./viewport/geometry.js";
import { ends, figures, fixed, sharedEnds } from "./viewport/map.js";
import { say, words } from "./words.js";

/** One pane of the page, by its place in the grid; `layer` says what it shows, `method` is "" for all but a method's map. */
export class Pane {
  constructor(element, place) {
    this.element = element;
    this.place = place;
    this.layer = element.dataset.layer;
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
    this.film = null;
    this.image = "";
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
    const elements = [...grid.querySelectorAll(".pane")];
    this.originals = new Map(elements.map((element) => [element.dataset.layer, element.cloneNode(true)]));
    this.all = elements.map((element, place) => new Pane(element, place));
    this.active = this.all[1] ?? this.all[0];
    this.before = this.all[0];
    this.compared = null;
    this.film = null;
    this.unlikely = "";
    this.painted = () => {};
    this.listeners = [];
    this.watchers = [];
    display.listen(() => this.refresh());
    this.boxes = false;
    this.watch = new ResizeObserver(() => this.moved());
    this.watch.observe(grid);
    this.each((pane) => {
      this.watch.observe(pane.view);
      pane.enlarge.addEventListener("click", () => this.toggleLarge(pane));
      pane.element.addEventListener("focusin", () => this.activate(pane));
    });
    this.activate(this.active);
  }

  /** The panes that can be seen now. */
  get shown() {
    const large = this.all.filter((pane) => "large" in pane.element.dataset);
    return large.length ? large : this.all;
  }

  /** Calls `listener(pane)` for every pane there is, and for each one that comes. */
  each(listener) {
    this.watchers.push(listener);
    for (const pane of this.all) listener(pane);
  }

  /** Puts a pane's element at a place, instead of the one that is there. */
  put(place, element) {
    const old = this.all[place];
    if (old) old.element.replaceWith(element);
    else this.grid.append(element);
    const pane = new Pane(element, place);
    this.all[place] = pane;
    if (old) this.watch.unobserve(old.view);
    if (this.before === old) this.before = pane;
    for (const listener of this.watchers) listener(pane);
    if (this.active === old || !old) this.activate(this.active === old ? pane : this.active);
    this.moved();
    return pane;
  }

  /** Leaves only the first `count` panes. */
  cut(count) {
    for (const pane of this.all.splice(count)) {
      this.watch.unobserve(pane.view);
      pane.element.remove();
    }
    if (!this.all.includes(this.before)) [this.before] = this.all;
    if (!this.all.includes(this.active)) this.activate(this.all.at(-1));
    this.moved();
  }

  of(method) {
    return this.all.find((pane) => pane.method === method);
  }

  onActivate(listener) {
    this.listeners.push(listener);
  }

  activate(pane) {
    if (this.active !== pane && this.all.includes(this.active)) this.before = this.active;
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
    this.moved();
  }

  get enlarged() {
    return "enlarged" in this.grid.dataset;
  }

  /** Asks for a redraw after panes have moved or changed their size: they are measured again. */
  moved() {
    this.boxes = false;
    this.refresh();
  }

  /** The view is being dragged (`on`), or came to rest: a picture at rest is drawn exactly. */
  dragging(on) {
    if (this.quick === on) return;
    this.quick = on;
    this.refresh();
  }

  /** Asks for one redraw with the next frame. */
  refresh() {
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = 0;
      this.#paint();
    });
  }

  /** The film that a pane shows: its own, its layer's, or the one that all show. */
  filmOf(pane) {
    return pane.film ?? registered(pane.layer)?.film?.(this.film) ?? this.film;
  }

  /** Where the film lies in a pane; see `placed`. */
  place(pane) {
    return placed(this.display.of(pane.place).view, this.filmOf(pane).image, pane.box);
  }

  #paint() {
    const { grid, display } = this;
    if (!this.boxes) this.#measure();
    grid.dataset.overlays = display.overlays ? "on" : "off";
    if (!this.all.some((pane) => this.filmOf(pane))) return;
    for (const pane of this.all) this.#overlay(pane);
    const seen = this.shown.filter((pane) => pane.layer && this.filmOf(pane) && pane.box.width > 0 && pane.box.height > 0);
    if (this.renderer) {
      this.renderer.draw(seen.flatMap((pane) => this.compared?.(pane) ?? [this.picture(pane)]), this.surround, this.quick);
      if (!("drawn" in grid.dataset)) this.#first();
    }
    for (const pane of seen) {
      const edges = letters(this.filmOf(pane).image.orientation, display.of(pane.place).view.turn);
      pane.edges.forEach((edge, at) => edge.textContent === edges[at] || (edge.textContent = edges[at]));
      if (pane.bar) this.#bar(pane, pane.map && this.scaleOf(pane));
    }
    this.painted();
  }

  // The film is on the screen when the frame after its first one begins; `bench viewer` reads the mark.
  #first() {
    this.grid.dataset.drawn = "";
    requestAnimationFrame(() => performance.mark("film drawn"));
  }

  // Asking a page where something lies makes it lay itself out at once, which costs more than the picture: asked only when needed.
  #measure() {
    const place = this.grid.getBoundingClientRect();
    const corner = this.renderer ? this.renderer.resize(place) : place;
    for (const pane of this.all) {
      const { x, y, width, height } = pane.view.getBoundingClientRect();
      pane.box = { x: x - corner.x, y: y - corner.y, width, height };
    }
    this.surround = channels(getComputedStyle(this.grid).backgroundColor);
    this.boxes = true;
  }

  // Layers that are no method's map are asked for what they lay over the film.
  #overlay(pane) {
    const overlay = registered(pane.layer)?.overlay;
    if (!overlay) return;
    pane.overlay = overlay(this.filmOf(pane));
    pane.map = pane.overlay?.map ?? null;
  }

  /** What the renderer draws of a pane, here or in another pane's place (`where`). */
  picture(pane, where = pane) {
    const film = this.filmOf(pane);
    const display = this.display.of(pane.place);
    const { view } = this.display.of(where.place);
    const { window: chosen, invert, overlays, interpolated, threshold, opacity, smooth } = display;
    const colours = sided(pane) ? display.signed : display.unsigned;
    const overlay = { map: pane.map, ends: pane.map && this.scaleOf(pane), colours, threshold, opacity, smooth, ...pane.overlay };
    return {
      ...placed(view, film.image, where.box),
      box: where.box,
      film,
      interpolated,
      grey: { window: chosen, negative: (film.image.photometric === "MONOCHROME1") !== invert },
      overlay: overlays && pane.map ? overlay : null,
    };
  }

  /** The values at the ends of a pane's colours, by the reader's choice of scale. */
  scaleOf(pane) {
    if (pane.overlay?.ends) return pane.overlay.ends;
    const { shared, robust } = this.display.of(pane.place);
    if (!shared || fixed(pane.map)) return ends(pane.map, robust);
    return sharedEnds(this.all.filter(({ map, method }) => map && method).map(({ map }) => map), sided(pane), robust);
  }

  #bar(pane, scale) {
    const { bar, map } = pane;
    const signed = sided(pane);
    bar.hidden = !map;
    if (!map) return;
    if (!pane.method) pane.doubt("", "");
    else if (map.against) pane.doubt(words("bar.against"), words("bar.against.why"));
    else if (this.unlikely && (map.explanation.kind ?? "relevance") === "relevance") pane.doubt(words("bar.unlikely"), words("bar.unlikely.why", this.unlikely));
    else pane.doubt("", "");
    const display = { ...this.display.of(pane.place), ...pane.overlay };
    const { min, max, conservation_error: lost } = map.explanation;
    const name = pane.overlay?.colours ?? (signed ? display.signed : display.unsigned);
    const { texts: [low, high, least, most], power } = figures([...scale, min, max]);
    const range = words(fixed(map) ? "bar.unit" : display.robust ? "bar.robust" : "bar.full");
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

// Whether a pane's colours have two sides: what its map says of itself counts before what its method usually makes.
function sided({ map, signed }) {
  return map?.explanation.signed ?? signed;
}

function channels(css) {
  const found = css.match(/[\d.]+/g)?.map(Number) ?? [];
  return found.length >= 3 && css.startsWith("rgb") ? found : [32, 32, 32];
}
