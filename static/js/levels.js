// The active film's histogram with the window drawn on it: the band is dragged as a whole, or by one of its ends; arrows do the
// same. Knows the window and the counts; what a window may be is histogram.js.

import { element, first } from "./elements.js";
import { histogram, within } from "./viewport/histogram.js";

/** @import { Film, Window } from "./types.js" */
/** @import { Tools } from "./tools.js" */

const STEPS = 100;
const HIGH = 40;
/** How near a press is to an end of the band to take hold of it, in hundredths of the width. */
const NEAR = 4;
/** What an arrow moves, as a share of the film's range. */
const ARROW = 0.01;
const ARROWS = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"];

export class Levels {
  /**
   * The film whose counts are drawn.
   * @type {Film | null}
   */
  #film = null;

  /**
   * What is dragged: both ends, or one of them.
   * @type {{ ends: Ends, at: number, from: Window } | null}
   */
  #held = null;

  #drawn = "";

  /** @typedef {"both" | "low" | "high"} Ends */

  /** @param {Tools} tools */
  constructor(tools) {
    this.tools = tools;
    this.place = element("histogram");
    this.counts = first(this.place, ".histogram-counts", SVGElement);
    this.band = first(this.place, ".histogram-window", SVGElement);
    this.ends = first(this.place, ".histogram-ends", SVGElement);
    this.place.addEventListener("pointerdown", (event) => this.#down(event));
    this.place.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel"]) {
      this.place.addEventListener(name, () => {
        this.#held = null;
      });
    }
    this.place.addEventListener("keydown", (event) => this.#key(event));
  }

  /**
   * The window in force; of a film that is shown by its lookup table that of the first preset that is a window.
   * @returns {Window | null}
   */
  get #window() {
    return this.tools.settings.window ?? this.tools.presets.find((entry) => entry.window)?.window ?? null;
  }

  /** Draws the active film's counts and its window. */
  show() {
    const { film } = this.tools.panes;
    this.place.hidden = !this.tools.panes.renderer; // before a film has come its place is kept: what lies below stays
    if (!film) return;
    if (film !== this.#film) {
      this.#film = film;
      this.counts.setAttribute("d", curve(histogram(film, STEPS)));
    }
    const chosen = this.tools.settings.window;
    const [low, high] = chosen ? [chosen.centre - chosen.width / 2, chosen.centre + chosen.width / 2] : [0, 0];
    const [from, to] = [this.#share(film, low), this.#share(film, high)].map((at) => Math.min(Math.max(at, 0), STEPS));
    const drawn = chosen ? `M${from.toFixed(2)} 0V${HIGH}M${to.toFixed(2)} 0V${HIGH}` : "";
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.ends.setAttribute("d", drawn);
    this.band.setAttribute("x", from.toFixed(2));
    this.band.setAttribute("width", chosen ? (to - from).toFixed(2) : "0");
    this.place.setAttribute("aria-valuenow", String(Math.round((from + to) / 2)));
    this.place.setAttribute("aria-valuetext", this.tools.windowOf(this.tools.panes.active));
  }

  /**
   * Where a value lies on the histogram, in hundredths of its width.
   * @param {Film} film
   * @param {number} value
   */
  #share({ range: [least, most] }, value) {
    return most > least ? ((value - least) / (most - least)) * STEPS : STEPS / 2;
  }

  /** @param {PointerEvent} event */
  #at({ clientX }) {
    const { left, width } = this.place.getBoundingClientRect();
    return ((clientX - left) / width) * STEPS;
  }

  /** @param {PointerEvent} event */
  #down(event) {
    const from = this.#window;
    const film = this.#film;
    if (!film || !from || event.button !== 0) return;
    this.place.setPointerCapture(event.pointerId);
    const at = this.#at(event);
    // An end that lies beyond the film's values is taken hold of at the edge, and comes to the pointer.
    const seen = (/** @type {number} */ value) => Math.min(Math.max(this.#share(film, value), 0), STEPS);
    const [low, high] = [seen(from.centre - from.width / 2), seen(from.centre + from.width / 2)];
    /** @type {Ends} */
    let ends = "both";
    if (Math.abs(at - low) < NEAR && at - low <= high - at) ends = "low";
    else if (Math.abs(at - high) < NEAR) ends = "high";
    this.#held = { ends, at, from };
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const held = this.#held;
    const film = this.#film;
    if (!held || !film) return;
    const [least, most] = film.range;
    const { from, ends } = held;
    const at = this.#at(event);
    const end = from.centre + (ends === "low" ? -from.width : from.width) / 2;
    const by = ends === "both" ? ((at - held.at) / STEPS) * (most - least) : least + (at / STEPS) * (most - least) - end;
    this.#set(film, from, by, ends);
  }

  /**
   * @param {Film} film
   * @param {Window} from
   * @param {number} by in the film's values
   * @param {Ends} ends that move
   */
  #set(film, from, by, ends) {
    const centre = from.centre + (ends === "both" ? by : by / 2);
    const width = from.width + { both: 0, low: -by, high: by }[ends];
    this.tools.own(within(film, from, centre, Math.max(width, 0)));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const from = this.#window;
    const film = this.#film;
    if (!film || !from || !ARROWS.includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    const more = event.key === "ArrowRight" || event.key === "ArrowUp" ? 1 : -1;
    const by = more * ARROW * (film.range[1] - film.range[0]);
    if (event.shiftKey) this.tools.own(within(film, from, from.centre, from.width + 2 * by));
    else this.#set(film, from, by, "both");
  }
}

/**
 * The counts as a path; the root of each, so that what is rare can be seen beside what is frequent.
 * @param {number[]} bins
 */
function curve(bins) {
  const most = Math.sqrt(Math.max(...bins, 1));
  const points = bins.map((count, at) => `L${at} ${(HIGH * (1 - Math.sqrt(count) / most)).toFixed(1)}H${at + 1}`);
  return `M0 ${HIGH}${points.join("")}V${HIGH}Z`;
}
