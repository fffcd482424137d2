// The list of an image's measures at the side: their figures, each to be chosen and removed; by keyboard arrows move one, with
// Shift one of its ends.

import { element } from "./elements.js";
import { lines } from "./measuremarks.js";
import { bent, shifted, short, within } from "./measuring.js";
import { words } from "./words.js";

/** @import { Film, Measure, Point, Sized } from "./types.js" */
/**
 * @typedef {object} Wiring
 * @property {(id: string) => void} choose
 * @property {(id: string) => void} remove
 * @property {(before: Measure, after: Measure) => void} change
 * @property {() => Sized | null} image that they lie on
 */

/** @type {Record<string, Point>} */
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class MeasureList {
  /** @type {Measure[]} */
  measures = [];

  /** The id of the chosen one. */
  selected = "";

  /** Which of its points keys move. */
  end = 0;

  /** @param {Wiring} wiring */
  constructor({ choose, remove, change, image }) {
    this.choose = choose;
    this.remove = remove;
    this.change = change;
    this.image = image;
    this.list = element("measure-list");
    this.list.addEventListener("keydown", (event) => this.#key(event));
  }

  /**
   * @param {Measure[]} measures
   * @param {Film | null} film without one there are no figures, and no list
   * @param {string} selected the id of the chosen one
   */
  show(measures, film, selected) {
    this.measures = measures;
    this.selected = selected;
    const focused = this.list.contains(document.activeElement) ? idAt(document.activeElement) : undefined;
    const entries = film ? measures.map((measure, at) => this.#entry(measure, at, film)) : [];
    this.list.replaceChildren(...entries);
    if (focused) this.focus(focused);
  }

  /**
   * Moves the focus to one.
   * @param {string} id
   */
  focus(id) {
    const found = this.list.querySelector(`[data-id="${id}"]`);
    if (found instanceof HTMLElement) found.focus();
  }

  /**
   * @param {Measure} measure
   * @param {number} at
   * @param {Film} film
   */
  #entry(measure, at, film) {
    const entry = document.createElement("li");
    const name = `${at + 1} ${words(`measure.${measure.kind}`)}`;
    const figures = lines(measure, film, true).join(" · ");
    const told = measure.linked ? `${name}: ${figures} (${words("measure.linked")})` : `${name}: ${figures}`;
    const title = button("measure-name", told);
    title.dataset.id = measure.id;
    title.setAttribute("aria-pressed", String(measure.id === this.selected));
    title.addEventListener("click", () => {
      this.end = this.selected === measure.id ? this.end + 1 : 0;
      this.choose(measure.id);
    });
    const remove = button("measure-remove", "×");
    remove.title = words("measure.remove");
    remove.setAttribute("aria-label", `${words("measure.remove")}: ${name}`);
    remove.addEventListener("click", () => this.remove(measure.id));
    entry.append(title, remove);
    return entry;
  }

  /**
   * Arrows move the measure, with Shift one of its ends; Enter chooses it, then the next end.
   * @param {KeyboardEvent} event
   */
  #key(event) {
    const id = idAt(event.target);
    const before = this.measures.find((measure) => measure.id === id);
    const step = STEPS[event.key];
    const image = this.image();
    if (!before || !image || !step || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    const dx = (step[0] * image.columns) / 256;
    const dy = (step[1] * image.rows) / 256;
    if (!event.shiftKey) {
      this.change(before, shifted(before, dx, dy, image));
      return;
    }
    const at = this.end % before.points.length;
    const [x, y] = before.points[at];
    const after = bent(before, `${at},${at}`, within([x + dx, y + dy], image));
    if (short(after.points)) this.choose(before.id);
    else this.change(before, after);
  }
}

/**
 * The id of the measure whose name something is.
 * @param {EventTarget | null} target
 */
function idAt(target) {
  return target instanceof Element ? (target.closest("[data-id]")?.getAttribute("data-id") ?? undefined) : undefined;
}

/**
 * @param {string} name its class
 * @param {string} text
 */
function button(name, text) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = name;
  made.textContent = text;
  return made;
}
