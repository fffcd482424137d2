// What panes scroll through: the slices of a stack, or the films of a series. What each of them is, at which image it stands,
// and the pixels, fetched from the shown image outwards and kept while there is room. Knows addresses; no DOM.

import { pause } from "../keeping.js";
import { fetchFilm, fetchPreview } from "../viewport/film.js";

/** @import { Film, ImageData, StackData, VisitData } from "../types.js" */
/** @import { Group } from "../viewport/state.js" */
/** @typedef {{ stack: Stack, at: number }} Shown */
/** @typedef {{ stack: Stack, image: ImageData, score: number }} Wanted the lower its score, the sooner */
/** @typedef {{ stack: Stack, id: string, film: Film, away: number }} Spare */
/**
 * @typedef {object} Wiring
 * @property {() => Shown[]} shown what is on the screen, the most wanted first
 * @property {(stack: Stack, image: ImageData) => void} came an image is there
 * @property {(error: unknown) => boolean} lost an image did not arrive; true: it is asked for again once the server answers
 */

const AT_ONCE = 4;
const ROOM = 160 * 2 ** 20;
/** How many slices farther away something seems with every place farther down the list of what is on the screen. */
const BEHIND = 0.25;

export class Stack {
  /** @type {Map<string, Film>} */
  films = new Map();

  /**
   * Small films that are shown until all of one is there.
   * @type {Map<string, Film>}
   */
  previews = new Map();

  /**
   * Until when an image that did not arrive is not asked for again, ms.
   * @type {Map<string, number>}
   */
  failed = new Map();

  /**
   * The other study that it is of, null for the one that is shown.
   * @type {VisitData | null}
   */
  visit = null;

  /** @param {StackData} data */
  constructor(data) {
    this.data = data;
    /** The places of images by their ids. */
    this.places = placesOf(data);
    this.at = data.kind === "film" ? 0 : this.placeOf(Math.floor(data.images.length / 2));
  }

  /**
   * Takes what the server says of the stack now.
   * @param {StackData} data
   */
  take(data) {
    const { id } = this.image;
    this.data = data;
    this.places = placesOf(data);
    this.at = this.places.get(id) ?? this.at;
  }

  get id() {
    return this.data.id;
  }

  get series() {
    return this.data.series;
  }

  get plane() {
    return this.data.plane;
  }

  get title() {
    return this.data.title;
  }

  /** Whether only panes of its own show it: it is looked at, and neither judged nor drawn on. */
  get guest() {
    return false;
  }

  /**
   * Whose view and whose window its panes have: those of its plane and its series; films share one of each.
   * @returns {Group}
   */
  get group() {
    return this.separate ? { view: "", window: "" } : { view: this.plane || this.id, window: this.series };
  }

  get listed() {
    return this.data.listed;
  }

  get space() {
    return this.data.space;
  }

  get windows() {
    return this.data.windows;
  }

  get images() {
    return this.data.images;
  }

  /** Whether it is a series of films, each of them read by itself. */
  get separate() {
    return this.data.kind === "film";
  }

  get count() {
    return this.images.length;
  }

  get image() {
    return this.images[this.at];
  }

  /**
   * Where the slice lies that is stored at a place: readers may go through a stack from its other end. -1 where there is none.
   * @param {number} stored
   */
  placeOf(stored) {
    return this.images.findIndex(({ at }) => at === stored);
  }

  /**
   * What is told of every slice in its stored order, in the order in which they lie here.
   * @param {number[] | null} values
   */
  ordered(values) {
    return values && !this.separate && this.images[0].at ? this.images.map(({ at }) => values[at]) : values;
  }

  /**
   * The film at a place, or a small one, or null while none is there.
   * @param {number} at
   */
  film(at) {
    const { id } = this.images[at];
    return this.films.get(id) ?? this.previews.get(id) ?? null;
  }
}

export class Loader {
  /**
   * All stacks.
   * @type {Stack[]}
   */
  known = [];

  /**
   * The ids of images on their way.
   * @type {Set<string>}
   */
  loading = new Set();

  /** Octets. */
  held = 0;

  /** Whether anything has been asked for. */
  begun = false;

  /** How often in a row something did not arrive. */
  failures = 0;

  /** Whether a large film's small one is on its way. */
  opening = false;

  /** @param {Wiring} wiring */
  constructor({ shown, came, lost }) {
    this.shown = shown;
    this.came = came;
    this.lost = lost;
  }

  /** Looks for what is wanted next; called whenever that may have changed. */
  look() {
    while (this.loading.size < AT_ONCE) {
      const next = this.#next();
      if (!next || !this.#room(next)) return;
      this.#fetch(next);
      // A large film's small one travels alone: it is what the reader waits for.
      if (this.opening) return;
    }
  }

  /** @returns {Wanted | null} */
  #next() {
    if (this.opening) return null;
    /** @type {Wanted | null} */
    let best = null;
    const now = Date.now();
    let most = Infinity;
    for (const [order, shown] of this.shown().entries()) {
      const found = this.#nearest(shown, order * BEHIND, most, now);
      if (!found) continue;
      best = found;
      most = found.score;
    }
    return best;
  }

  /**
   * The image of a stack nearest to the one that is shown that is not there yet, where it scores less than `most`.
   * @param {Shown} shown
   * @param {number} behind what is added to its score
   * @param {number} most
   * @param {number} now
   * @returns {Wanted | null}
   */
  #nearest({ stack, at }, behind, most, now) {
    for (let away = 0; away < stack.count && away + behind < most; away += 1) {
      const sides = [stack.images[at + away], stack.images[at - away]];
      const image = sides.find((one) => one && this.#wanted(stack, one, now));
      if (image) return { stack, image, score: away + behind };
    }
    return null;
  }

  /**
   * @param {Stack} stack
   * @param {ImageData} image
   * @param {number} now
   */
  #wanted(stack, { id }, now) {
    return !stack.films.has(id) && !this.loading.has(id) && now > (stack.failed.get(id) ?? 0);
  }

  /**
   * Where there is no more room the slice farthest from what is shown goes, unless the wanted one lies farther still.
   * @param {Wanted} wanted
   */
  #room({ score }) {
    while (this.held >= ROOM) {
      const worst = this.#farthest();
      if (!worst || worst.away <= score) return false;
      worst.stack.films.delete(worst.id);
      this.held -= size(worst.film);
    }
    return true;
  }

  /** @returns {Spare | null} */
  #farthest() {
    const shown = this.shown();
    /** @type {Spare | null} */
    let worst = null;
    for (const stack of this.known) {
      const places = shown.flatMap((one, order) => (one.stack === stack ? [{ at: one.at, order }] : []));
      for (const [id, film] of stack.films) {
        const place = stack.places.get(id) ?? Infinity;
        const away = Math.min(...places.map(({ at, order }) => Math.abs(place - at) + order * BEHIND), Infinity);
        if (!worst || away > worst.away) worst = { stack, id, film, away };
      }
    }
    return worst;
  }

  /** @param {Wanted} wanted */
  async #fetch({ stack, image }) {
    this.loading.add(image.id);
    try {
      await this.#preview(stack, image);
      const film = await fetchFilm(image);
      this.failures = 0;
      stack.failed.delete(image.id);
      stack.previews.delete(image.id);
      stack.films.set(image.id, film);
      this.held += size(film);
      this.loading.delete(image.id);
      this.came(stack, image);
    } catch (error) {
      this.#lost(stack, image, error);
    }
    this.look();
  }

  /**
   * @param {Stack} stack
   * @param {ImageData} image
   * @param {unknown} error
   */
  #lost(stack, image, error) {
    this.loading.delete(image.id);
    const wait = pause(this.failures);
    this.failures += 1;
    stack.failed.set(image.id, Date.now() + wait);
    if (this.lost(error)) stack.failed.set(image.id, Infinity);
    else setTimeout(() => this.look(), wait);
  }

  /** Asks anew for everything that did not arrive. */
  anew() {
    for (const stack of this.known) stack.failed.clear();
    this.look();
  }

  /**
   * The first large film is drawn from a small one, so that reading begins before all of it has travelled.
   * @param {Stack} stack
   * @param {ImageData} image
   */
  async #preview(stack, image) {
    if (this.begun) return;
    this.begun = true;
    if (!image.halved) return;
    this.opening = true;
    try {
      const small = await fetchPreview(image).catch(() => null);
      if (!small) return;
      stack.previews.set(image.id, small);
      this.came(stack, image);
    } finally {
      this.opening = false;
    }
  }
}

/** @param {StackData} data */
function placesOf({ images }) {
  return new Map(images.map(({ id }, at) => [id, at]));
}

/** @param {Film} film */
function size(film) {
  return film.levels.reduce((sum, level) => sum + (level?.data.byteLength ?? 0), 0);
}
