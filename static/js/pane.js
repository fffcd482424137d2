// One pane: which stack it shows at which image, which layer lies over it, and what it says of that in words. A pane goes with
// its stack, or stands at a place of its own.

import { all, first, write } from "./elements.js";
import { Legend } from "./legend.js";
import { spoken } from "./stacks/space.js";
import { words } from "./words.js";

/** @import { Belonging, Box, Drawn, Laid, Layer, LayerMap, Overlaid, Overlay, Settings, Surface } from "./types.js" */
/** @import { StackMaps } from "./stacks/maps.js" */
/** @import { Stack } from "./stacks/stack.js" */
/** @import { Strip } from "./stacks/strip.js" */
/**
 * What a pane is told to show.
 * @typedef {object} Wanted
 * @property {Stack | null} stack
 * @property {string} plane
 * @property {string} own what it shows alone, "" for nothing (seats.js)
 * @property {string} id of the layer
 * @property {Layer | undefined} layer what the registry has under `id`, or undefined for an empty pane
 * @property {string} title
 * @property {string} name the element's new id
 */
/** @typedef {"loading" | "preview" | "bare" | "full" | "failed"} Arrival how much is there; "bare": the film without a map */

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

  /** @type {Belonging} what belongs to its layer */
  belongs = { rules: [], moves: null };

  /** The address that it waits for. */
  coming = "";

  /** Whether its maps did not arrive. */
  missed = false;

  /**
   * What the network makes of every slice.
   * @type {number[] | null}
   */
  scores = null;

  /**
   * How much each slice weighs for it.
   * @type {number[] | null}
   */
  weights = null;

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
    this.lines = first(element, ".pane-lines", SVGElement);
    this.state = first(element, ".pane-state");
    this.sentence = first(element, ".pane-words");
    this.enlarge = first(element, ".pane-enlarge", HTMLButtonElement);
    this.legend = new Legend(this);
    this.edges = all(element, ".letter");
    /** What is told of its film: asked for in every frame, looked for once. */
    this.facts = {
      windows: [first(element, ".pane-window"), first(element, ".film-window")],
      scale: first(element, ".film-scale"),
      spacing: first(element, ".film-spacing"),
    };
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
  set({ stack, plane, own, id, layer, title, name }) {
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
      own: own && (own.includes(".") ? "visit" : "image"),
      slices: (stack?.count ?? 0) >= FEWEST ? "several" : "one",
    });
    element.setAttribute("aria-label", title);
    this.#head(layer, own);
    // Where networks are compared nothing is judged.
    for (const judged of all(element, ".verdicts")) {
      judged.hidden = !this.method || !stack || stack.guest || Boolean(layer?.variant);
      judged.setAttribute("aria-label", `${words("pane.verdict")}: ${title}`);
    }
    first(element, ".film-facts").hidden = id !== "film" || Boolean(plane);
    if (!layer) this.tell(words("pane.drop"));
  }

  #clear() {
    this.kept = null;
    this.maps = null;
    this.map = null;
    this.overlay = null;
    this.laid = null;
    this.belongs = { rules: [], moves: null };
    this.explanation = "";
  }

  /**
   * @param {Layer | undefined} layer
   * @param {string} own
   */
  #head(layer, own) {
    const { element, title } = this;
    const head = first(element, ".pane-title");
    write(head, title);
    head.title = own ? title : (layer?.summary ?? "");
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
      const parts = [words("exam.slice", this.at + 1, stack.count)];
      if (image.number) parts.push(words("exam.number", image.number));
      if (place) parts.push(words("exam.place", place.letter, place.mm.toFixed(1)));
      text = parts.join(" · ");
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
   * A sentence in place of a map, or nothing.
   * @param {string} text
   */
  tell(text) {
    this.sentence.hidden = !text;
    write(this.sentence, text);
  }
}
