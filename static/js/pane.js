// One pane: which stack it shows at which image, which layer lies over it, and what it says of that in words. A pane goes with
// its stack, or stands at a place of its own.

import { all, first } from "./elements.js";
import { table } from "./viewport/colormaps.js";
import { figures, fixed } from "./viewport/map.js";
import { spoken } from "./stacks/space.js";
import { covered, fixedEnd, look, sided } from "./looks.js";
import { told } from "./saying.js";
import { words } from "./words.js";

/** @import { Box, Drawn, Laid, Layer, LayerMap, Overlaid, Overlay, Point, Settings, Surface } from "./types.js" */
/** @import { StackMaps } from "./stacks/maps.js" */
/** @import { Stack } from "./stacks/stack.js" */
/** @import { Strip } from "./stacks/strip.js" */
/**
 * What a pane is told to show.
 * @typedef {object} Wanted
 * @property {Stack | null} stack
 * @property {string} plane
 * @property {string} id of the layer
 * @property {Layer | undefined} layer what the registry has under `id`, or undefined for an empty pane
 * @property {string} title
 * @property {string} name the element's new id
 */
/** @typedef {"loading" | "preview" | "full" | "failed"} Arrival how much of the image is there */

const FEWEST = 2;

/** @implements {Surface} */
export class Pane {
  /** @type {Stack | null} */
  stack = null;

  /**
   * The place that it keeps for itself, null while it goes with its stack.
   * @type {number | null}
   */
  kept = null;

  method = "";

  signed = false;

  /** Its method's two sides are no evidence for and against. */
  influence = false;

  /** What the ends of its colours mean. */
  above = "";

  below = "";

  title = "";

  subject = "";

  /**
   * The method's maps of the whole stack, null while they are not there.
   * @type {StackMaps | null}
   */
  maps = null;

  /**
   * The map of the image that it shows.
   * @type {LayerMap | null}
   */
  map = null;

  /**
   * What a layer that is no method's map lays over the film.
   * @type {Overlaid | null}
   */
  overlay = null;

  /**
   * A film or a map that is laid over what it shows.
   * @type {Laid | null}
   */
  laid = null;

  /** The address of its maps' values. */
  explanation = "";

  /** The id of the explanation. */
  layerId = "";

  /** @type {[Point, Point][]} the lines of its layer */
  rules = [];

  /** The address that it waits for. */
  coming = "";

  /**
   * What the network makes of every slice.
   * @type {number[] | null}
   */
  scores = null;

  /** @type {Strip | null} */
  strip = null;

  /** @type {Box} */
  box = { x: 0, y: 0, width: 0, height: 0 };

  /**
   * @param {HTMLElement} element a `.pane` of the page
   * @param {number} place from 0
   */
  constructor(element, place) {
    this.element = element;
    this.place = place;
    this.layer = element.dataset.layer ?? "";
    this.plane = element.dataset.plane ?? "";
    this.view = first(element, ".pane-view");
    this.marks = first(element, ".pane-marks", SVGElement);
    this.state = first(element, ".pane-state");
    this.sentence = first(element, ".pane-words");
    this.enlarge = first(element, ".pane-enlarge", HTMLButtonElement);
    this.bar = first(element, ".bar");
    this.names = first(element, ".bar-names");
    this.note = first(element, ".bar-note");
    this.told = first(element, ".bar-told");
    this.edges = all(element, ".letter");
    this.verdicts = all(element, ".verdict", HTMLButtonElement);
  }

  /** Place of the image in the stack, from 0. */
  get at() {
    return this.kept ?? this.stack?.at ?? 0;
  }

  /** The image that it shows, or null where there is no stack. */
  get image() {
    return this.stack?.images[this.at] ?? null;
  }

  /** The film of that image as it is, or null while it is on its way. */
  get film() {
    return this.stack?.film(this.at) ?? null;
  }

  /**
   * What lies over the film.
   * @returns {Drawn | null}
   */
  get drawn() {
    return this.overlay?.map ?? this.map;
  }

  /**
   * Shows another stack or layer.
   * @param {Wanted} wanted
   */
  set({ stack, plane, id, layer, title, name }) {
    const { element } = this;
    if (this.stack !== stack || this.layer !== id) this.#clear();
    this.stack = stack;
    this.plane = plane;
    this.layer = id;
    this.method = layer?.method ?? "";
    this.signed = layer?.signed ?? false;
    this.influence = layer?.influence ?? false;
    this.above = layer?.above ?? "";
    this.below = layer?.below ?? "";
    this.title = title;
    this.subject = stack && !stack.separate && layer?.method ? `${layer.title} · ${stack.title}` : title;
    element.id = name;
    Object.assign(element.dataset, {
      layer: id,
      method: this.method,
      signed: this.signed ? "yes" : "no",
      plane: stack?.plane || plane,
      stack: stack?.id ?? "",
      slices: (stack?.count ?? 0) >= FEWEST ? "several" : "one",
    });
    element.setAttribute("aria-label", title);
    this.#head(layer);
    first(element, ".verdicts").hidden = !this.method || !stack || Boolean(layer?.variant);
    first(element, ".film-facts").hidden = id !== "film" || Boolean(plane);
    if (!layer) this.tell(words("pane.drop"));
  }

  #clear() {
    this.kept = null;
    this.maps = null;
    this.map = null;
    this.overlay = null;
    this.laid = null;
    this.rules = [];
    this.explanation = "";
  }

  /** @param {Layer | undefined} layer */
  #head(layer) {
    const { element, title } = this;
    const head = first(element, ".pane-title");
    write(head, title);
    head.title = layer?.summary ?? "";
    this.enlarge.setAttribute("aria-label", `${words("maximise")}: ${title}`);
    const caution = first(element, ".pane-caution");
    const sentence = first(element, ".caution-words");
    caution.hidden = !layer?.caution;
    caution.title = layer?.caution ?? "";
    caution.setAttribute("aria-label", `${words("caution")}: ${layer?.caution ?? ""}`);
    sentence.textContent = layer?.caution ?? "";
    sentence.id = `caution-${this.place + 1}`;
    caution.setAttribute("popovertarget", sentence.id);
  }

  /** Number and place of the shown image, where there are several. */
  tellPlace() {
    const { stack, image, element } = this;
    let text = "";
    if (stack && image && stack.count >= FEWEST) {
      const place = spoken(image);
      const number = words("exam.slice", this.at + 1, stack.count);
      text = place ? `${number} · ${words("exam.place", place.letter, place.mm.toFixed(1))}` : number;
    }
    write(first(element, ".pane-place"), text);
    return text;
  }

  /**
   * The state mark, in words and as data for its colour.
   * @param {Arrival} state
   * @param {string} [text]
   */
  mark(state, text = words(`state.${state}`)) {
    this.state.dataset.state = state;
    write(this.state, text);
  }

  /**
   * A word of doubt beside the colours, `why` in full; or nothing.
   * @param {string} text
   * @param {string} why
   */
  doubt(text, why) {
    if (this.note.textContent === text) return;
    this.note.hidden = !text;
    this.note.textContent = text;
    this.note.title = why;
  }

  /**
   * A sentence in place of a map, or nothing.
   * @param {string} text
   */
  tell(text) {
    this.sentence.hidden = !text;
    write(this.sentence, text);
  }

  /**
   * The colours with their values, or the names of the classes.
   * @param {Settings} settings those in force
   * @param {LayerMap[]} others the maps that share their scale
   * @param {string} unlikely the low probability
   */
  legend(settings, others, unlikely) {
    const { bar, drawn } = this;
    bar.hidden = !drawn;
    const sentences = told(this, settings).join(" · ");
    write(this.told, sentences);
    this.told.title = sentences && `${sentences}. ${words("drawn.stored")}`;
    const seen = look(this, settings, { others });
    if (!drawn || !seen) return;
    this.#doubts(drawn, unlikely);
    const steps = /^steps (\d+)$/.exec(seen.colours)?.[1];
    const classes = seen.colours === "classes";
    bar.toggleAttribute("data-classes", classes || Boolean(steps));
    if (steps) this.#counts(Number(steps), drawn);
    else if (classes) this.#classes(drawn);
    else this.#colours(drawn, seen, settings);
  }

  /**
   * How many methods have a place among their highest: a swatch for every count.
   * @param {number} steps
   * @param {Drawn} drawn
   */
  #counts(steps, drawn) {
    const { bar, names } = this;
    if (bar.dataset.told === drawn.id) return;
    bar.dataset.told = drawn.id;
    const palette = table(`steps ${steps}`);
    const swatches = Array.from({ length: steps + 1 }, (_, count) => {
      const swatch = document.createElement("span");
      swatch.className = "count";
      swatch.textContent = String(count);
      const at = Math.round((count / steps) * 255) * 4;
      if (count) swatch.style.setProperty("--swatch", `rgb(${palette.slice(at, at + 3).join(" ")})`);
      return swatch;
    });
    const head = document.createElement("span");
    head.textContent = words("agree.methods");
    names.replaceChildren(head, ...swatches);
    bar.title = words("agree.legend", steps);
  }

  /**
   * @param {Drawn} drawn
   * @param {string} unlikely
   */
  #doubts(drawn, unlikely) {
    const { kind = "relevance" } = drawn.explanation;
    if (!this.method) this.doubt("", "");
    else if (drawn.against) this.doubt(words("bar.against"), words("bar.against.why"));
    else if (unlikely && kind === "relevance") this.doubt(words("bar.unlikely"), words("bar.unlikely.why", unlikely));
    else this.doubt("", "");
  }

  /**
   * What the colours stand for: the classes that this slice has, by their names.
   * @param {Drawn} drawn
   */
  #classes(drawn) {
    const { bar, names } = this;
    if (bar.dataset.told === drawn.id) return;
    bar.dataset.told = drawn.id;
    const colours = table("classes");
    const numbers = [...new Set(drawn.values.map(Math.round))].filter((number) => number > 0).sort((a, b) => a - b);
    const swatches = numbers.map((number) => {
      const swatch = document.createElement("span");
      swatch.className = "class-name";
      swatch.textContent = drawn.explanation.names?.[number] ?? String(number);
      swatch.style.setProperty("--swatch", `rgb(${colours.slice(number * 4, number * 4 + 3).join(" ")})`);
      return swatch;
    });
    names.replaceChildren(...swatches);
    bar.title = swatches.map(({ textContent }) => textContent).join(", ");
  }

  /**
   * @param {Drawn} drawn
   * @param {Overlay} seen
   * @param {Settings} settings
   */
  #colours(drawn, seen, settings) {
    const { bar } = this;
    const { min, max, conservation_error: lost } = drawn.explanation;
    const { texts, power } = figures([...seen.ends, min ?? seen.ends[0], max ?? seen.ends[1]]);
    const [low, high, least, most] = texts;
    const range = this.#range(settings);
    const shown = [seen.colours, range, ...texts, seen.threshold, seen.soft, seen.lines, power, this.above].join(" ");
    if (bar.dataset.told === shown) return;
    bar.dataset.told = shown;
    write(first(bar, ".bar-low"), low);
    write(first(bar, ".bar-high"), high);
    write(first(bar, ".bar-below"), this.below);
    write(first(bar, ".bar-above"), this.above);
    write(first(bar, ".bar-range"), `${least} … ${most}`);
    write(first(bar, ".bar-power"), power);
    const figured = [least, most, low || "0", high].map((text) => `${text}${power && ` ${power}`}`);
    bar.title = words("bar.label", ...figured, range);
    // LRP and RAP hand a sum back to the pixels: how much of it did not arrive says whether the map can be trusted.
    if (typeof lost === "number") bar.title += `\n${words("bar.conservation", lost.toExponential(0))}`;
    this.#ramp(seen);
  }

  /**
   * What the ends of the colours are.
   * @param {Settings} settings
   */
  #range(settings) {
    const map = this.overlay ? null : this.map;
    if (map && fixed(map)) return words("bar.unit");
    if (map && !settings.shared && fixedEnd(map, settings)) return told(this, settings)[0];
    return words(settings.robust ? "bar.robust" : "bar.full");
  }

  /**
   * The colours themselves, as faint and as clear as they are laid over the film.
   * @param {Overlay} seen
   */
  #ramp(seen) {
    const signed = sided(this);
    const canvas = first(this.bar, ".bar-colours", HTMLCanvasElement);
    canvas.setAttribute("aria-label", this.bar.title);
    const colours = table(seen.colours);
    const out = new ImageData(256, 1);
    for (let i = 0; i < 256; i += 1) {
      const side = signed ? i / 127.5 - 1 : i / 255;
      const [share, strength] = covered(Math.abs(side), seen);
      const at = Math.round(signed ? (Math.sign(side) * strength + 1) * 127.5 : strength * 255) * 4;
      out.data.set(colours.subarray(at, at + 3), i * 4);
      out.data[i * 4 + 3] = Math.round(share * 255);
    }
    canvas.getContext("2d")?.putImageData(out, 0, 0);
  }
}

/**
 * Text that stays as it is costs nothing.
 * @param {Element} element
 * @param {string} text
 */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
