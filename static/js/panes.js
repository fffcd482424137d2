// The panes together: which of them are there, which one is active, and one picture for all of them, drawn by one renderer at
// most once per frame and only when something changed.

import { all } from "./elements.js";
import { layer as registered } from "./layers.js";
import { look, shown as drawn, windowOf } from "./looks.js";
import { Pane } from "./pane.js";
import { after, letters, placed } from "./viewport/geometry.js";
import { GREY } from "./viewport/map.js";
import { say, words } from "./words.js";

/** @import { Film, LayerMap, Picture, Settings, Surfaces } from "./types.js" */
/** @import { Renderer } from "./viewport/gl.js" */
/** @import { Display } from "./viewport/state.js" */

const SURROUND = [32, 32, 32];

/** @implements {Surfaces} */
export class Panes {
  /** @type {((pane: Pane) => void)[]} */
  #listeners = [];

  /** @type {((pane: Pane) => void)[]} */
  #watchers = [];

  #waiting = 0;

  /** Whether the panes lie where they were measured. */
  boxes = false;

  /** The colour between panes, red, green, blue. */
  surround = SURROUND;

  /** Whether the view is being dragged. */
  quick = false;

  /** How low the probability of the shown finding is, in words, or "" where it is not. */
  unlikely = "";

  /**
   * Gives the pictures that stand in a pane while it is compared with another, null for its own.
   * @type {((pane: Pane) => Picture[] | null) | null}
   */
  compared = null;

  /** Called after every drawing. */
  painted = () => {};

  /**
   * @param {HTMLElement} grid
   * @param {Display} display
   * @param {Renderer | null} renderer null where there is no WebGL2
   */
  constructor(grid, display, renderer) {
    this.grid = grid;
    this.display = display;
    this.renderer = renderer;
    const elements = all(grid, ".pane");
    this.mould = copied(elements[0]);
    this.all = elements.map((element, place) => new Pane(element, place));
    this.active = this.all[1] ?? this.all[0];
    this.before = this.all[0];
    display.listen(() => this.refresh());
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

  /**
   * Calls `listener(pane)` for every pane there is, and for each one that comes.
   * @param {(pane: Pane) => void} listener
   */
  each(listener) {
    this.#watchers.push(listener);
    for (const pane of this.all) listener(pane);
  }

  /**
   * There are so many panes from now on.
   * @param {number} wanted
   */
  count(wanted) {
    for (const pane of this.all.splice(wanted)) {
      this.watch.unobserve(pane.view);
      pane.element.remove();
    }
    while (this.all.length < wanted) {
      const element = copied(this.mould);
      element.querySelector(".pane-preview")?.remove();
      element.id = `pane-${this.all.length + 1}`;
      this.grid.append(element);
      const pane = new Pane(element, this.all.length);
      this.all.push(pane);
      for (const listener of this.#watchers) listener(pane);
    }
    if (!this.all.includes(this.before)) [this.before] = this.all;
    if (!this.all.includes(this.active)) this.activate(this.all[this.all.length - 1]);
    this.moved();
  }

  /**
   * Calls `listener(pane)` with the pane that is the active one from now on.
   * @param {(pane: Pane) => void} listener
   */
  onActivate(listener) {
    this.#listeners.push(listener);
  }

  /** @param {Pane} pane */
  activate(pane) {
    if (this.active !== pane && this.all.includes(this.active)) this.before = this.active;
    this.active = pane;
    for (const other of this.all) other.element.toggleAttribute("data-active", other === pane && this.all.length > 1);
    for (const listener of this.#listeners) listener(pane);
  }

  /**
   * Moves the active mark and the focus: by a number of panes, to the first or the last.
   * @param {number | "first" | "last"} step
   */
  move(step) {
    const { shown } = this;
    let next = 0;
    if (step === "last") next = shown.length - 1;
    else if (step !== "first") next = shown.indexOf(this.active) + step;
    if (shown[next]) shown[next].element.focus();
  }

  /** How many panes stand side by side. */
  get columns() {
    return getComputedStyle(this.grid).gridTemplateColumns.split(" ").length;
  }

  /**
   * How many rows of panes there is room for whose films are so high.
   * @param {number} least in CSS pixels
   */
  roomFor(least) {
    const [{ element, view }] = this.all;
    return Math.floor(this.grid.clientHeight / (element.offsetHeight - view.offsetHeight + least));
  }

  /** @param {Pane} pane */
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

  /**
   * The view is being dragged, or came to rest: a picture at rest is drawn exactly.
   * @param {boolean} on
   */
  dragging(on) {
    if (this.quick === on) return;
    this.quick = on;
    this.refresh();
  }

  /** Asks for one redraw with the next frame. */
  refresh() {
    if (this.#waiting) return;
    this.#waiting = requestAnimationFrame(() => {
      this.#waiting = 0;
      this.#paint();
    });
  }

  /** The active pane's film as it is: what hands draw on. Null while it is on its way. */
  get film() {
    return this.active.film;
  }

  /**
   * The film that a pane shows: one that is laid over it, its layer's, or its own. Null while it is on its way.
   * @param {Pane} pane
   * @returns {Film | null}
   */
  filmOf(pane) {
    return pane.laid?.film ?? registered(pane.layer)?.film?.(pane) ?? pane.film;
  }

  /**
   * The film that a pane shows, where it is known to be there.
   * @param {Pane} pane
   */
  seen(pane) {
    const film = this.filmOf(pane);
    if (!film) throw new Error(`no film in ${pane.element.id}`);
    return film;
  }

  /**
   * Where the film lies in a pane; see `placed`. What is drawn and pointed at goes where a layer moved the film to.
   * @param {Pane} pane that has one
   */
  place(pane) {
    const found = placed(this.display.of(pane.place).view, this.seen(pane).image, pane.box);
    const { moves } = pane.belongs;
    return moves ? { ...found, matrix: after(found.matrix, moves) } : found;
  }

  #paint() {
    const { grid, display } = this;
    if (!this.boxes) this.#measure();
    grid.dataset.overlays = display.overlays ? "on" : "off";
    for (const pane of this.all) this.#overlay(pane);
    const seen = this.shown.filter((pane) => pane.layer && this.filmOf(pane) && pane.box.width > 0 && pane.box.height > 0);
    if (this.renderer && (seen.length || "drawn" in grid.dataset)) {
      this.renderer.draw(seen.flatMap((pane) => this.compared?.(pane) ?? [this.picture(pane)]), this.surround, this.quick);
      if (!("drawn" in grid.dataset)) this.#first();
    }
    for (const pane of seen) {
      const edges = letters(this.seen(pane).image.orientation, display.of(pane.place).view.turn);
      pane.edges.forEach((edge, at) => {
        if (edge.textContent !== edges[at]) edge.textContent = edges[at];
      });
    }
    for (const pane of this.shown) {
      const settings = display.of(pane.place);
      // What the network says of this film is not said of one that stands beside it.
      pane.legend.show(settings, this.#beside(settings), pane.stack?.guest ? "" : this.unlikely);
    }
    this.painted();
  }

  // The film is on the screen when the frame after its first one begins; `bench viewer` reads the mark.
  #first() {
    this.grid.dataset.drawn = "";
    requestAnimationFrame(() => performance.mark("film drawn"));
  }

  // Asking a page where something lies makes it lay itself out at once, which costs more than the picture: asked only when
  // needed.
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

  /**
   * Layers that are no method's map are asked for what they lay over the film; what is laid over a pane comes before its own.
   * @param {Pane} pane
   */
  #overlay(pane) {
    const overlay = registered(pane.layer)?.overlay;
    if (pane.laid?.map) {
      pane.map = pane.laid.map;
      pane.overlay = null;
    } else if (overlay) {
      pane.overlay = overlay(pane);
      pane.map = null;
    }
  }

  /**
   * The maps that a shared scale is made of; none where there is no such scale.
   * @param {Settings} settings
   */
  #beside({ shared }) {
    /** @type {LayerMap[]} */
    const maps = [];
    if (!shared) return maps;
    for (const { map, method, place } of this.all) if (map && method) maps.push(drawn(map, this.display.of(place)));
    return maps;
  }

  /**
   * How a pane's layer is drawn, null where it has nothing to lay over its film.
   * @param {Pane} pane
   * @param {boolean} [own] in its own range, whatever range its network's card has
   */
  look(pane, own = false) {
    const usual = this.display.of(pane.place);
    const settings = own ? { ...usual, fixed: false } : usual;
    const mixed = "opacity" in (this.display.own[pane.place]?.values ?? {});
    return look(pane, settings, { mixed, others: this.#beside(settings) });
  }

  /**
   * What the renderer draws of a pane, here or in another pane's place.
   * @param {Pane} pane
   * @param {Pane} [where]
   * @param {boolean} [bare] the film without its layer
   * @returns {Picture}
   */
  picture(pane, where = pane, bare = false) {
    const film = this.seen(pane);
    const settings = this.display.of(pane.place);
    const { view } = this.display.of(where.place);
    const { window: chosen, invert, overlays, interpolated } = settings;
    const overlay = overlays && !bare ? this.look(pane) : null;
    const opened = overlay?.reading === GREY && pane.map ? windowOf(pane.map, chosen) : chosen;
    return {
      ...placed(view, film.image, where.box),
      box: where.box,
      film,
      interpolated,
      grey: { window: opened, negative: (film.image.photometric === "MONOCHROME1") !== invert },
      overlay,
    };
  }

  /** Overlays on or off, said aloud. */
  toggleOverlays() {
    if (!this.renderer) {
      say(words("webgl.needs"));
      return;
    }
    this.display.set({ overlays: !this.display.overlays });
    say(words(this.display.overlays ? "say.overlays.on" : "say.overlays.off"));
  }
}

/**
 * @param {HTMLElement} element
 * @returns {HTMLElement}
 */
function copied(element) {
  return /** @type {HTMLElement} */ (element.cloneNode(true));
}

/** @param {string} css */
function channels(css) {
  const found = css.match(/[\d.]+/g)?.map(Number) ?? [];
  return found.length >= 3 && css.startsWith("rgb") ? found : SURROUND;
}
