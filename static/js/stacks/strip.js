// The strip under a pane: a bar per slice for what the network makes of it, above or below a line, and under that how much of
// the shown map's relevance lies in it; over it how much the slice weighs, where a network weighs its slices. A press or a drag
// jumps there, arrows step; to assistive technology it is a slider.

import { all, first } from "../elements.js";
import { words } from "../words.js";

/** @import { ReadingPane } from "../types.js" */
/** @typedef {(pane: ReadingPane, at: number) => void} Jump */

const SVG = "http://www.w3.org/2000/svg";
const HIGH = 26;
const MASS = 12;
const WEIGHT = 9;
const GAP = 2;

export class Strip {
  /** Whether a press began here. */
  dragging = false;

  /** The mark of the image that the pane stands at. */
  mark = path("strip-now", "");

  /** What the bars say. */
  about = "";

  /**
   * @param {ReadingPane} pane
   * @param {Jump} jump shows an image of the pane's stack
   */
  constructor(pane, jump) {
    this.pane = pane;
    this.jump = jump;
    this.element = first(pane.element, ".strip");
    this.words = all(pane.element, ".strip-words > span");
    this.svg = first(this.element, "svg", SVGSVGElement);
    const { element } = this;
    element.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      element.setPointerCapture(event.pointerId);
      this.dragging = true;
      this.#to(event);
    });
    element.addEventListener("pointermove", (event) => {
      if (this.dragging) this.#to(event);
    });
    const end = () => {
      this.dragging = false;
    };
    element.addEventListener("pointerup", end);
    element.addEventListener("pointercancel", end);
    element.addEventListener("keydown", (event) => this.#key(event));
  }

  /** @param {PointerEvent} event */
  #to({ clientX }) {
    const { stack } = this.pane;
    const { left, width } = this.svg.getBoundingClientRect();
    if (!stack || !width) return;
    this.jump(this.pane, Math.floor(((clientX - left) / width) * stack.count));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { stack, at } = this.pane;
    if (!stack || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    const leap = Math.max(1, Math.round(stack.count / 20));
    const arrows = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 };
    /** @type {Record<string, number>} */
    const steps = { ...arrows, PageUp: -leap, PageDown: leap, Home: -at, End: stack.count };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.jump(this.pane, at + step);
  }

  /**
   * Shows the pane's stack: scores of the finding, the shown map's mass, the image it stands at.
   * @param {Pick<ReadingPane, "stack" | "maps" | "scores" | "weights" | "at" | "element">} pane
   */
  show({ stack, maps, scores, weights, at, element }) {
    this.element.hidden = !stack || stack.count < 2;
    if (!stack || this.element.hidden) return;
    // Of a series of films each has a map of its own, so no mass runs along it; classes and pictures have none.
    const runs = maps?.explanation.kind === "relevance" && maps.explanation.slices === stack.count;
    const mass = runs ? stack.ordered(maps.explanation.mass) : null;
    this.element.dataset.weighed = weights ? "yes" : "no";
    this.#bars({ count: stack.count, scores, weights, mass, plane: element.dataset.plane ?? "" });
    const now = `translate(${at} 0)`;
    if (this.mark.getAttribute("transform") !== now) this.mark.setAttribute("transform", now);
    const weight = weights ? words("strip.weight", percent(weights[at])) : "";
    const told = [weight, scores ? words("strip.score", signed(scores[at])) : "", shareOf(mass, at)];
    this.words.forEach((span, place) => {
      if (span.textContent !== told[place]) span.textContent = told[place];
    });
    const text = [words("exam.slice", at + 1, stack.count), ...told].filter(Boolean).join(", ");
    if (this.element.getAttribute("aria-valuetext") === text) return;
    const values = { "aria-valuemax": stack.count, "aria-valuenow": at + 1, "aria-valuetext": text };
    for (const [name, value] of Object.entries(values)) this.element.setAttribute(name, String(value));
    // Where three figures find no room their end is cut off; it is there for whoever points at them.
    const { parentElement } = this.words[0];
    if (parentElement) parentElement.title = told.filter(Boolean).join(" · ");
  }

  /**
   * The bars change with the stack, the finding and the method; scrolling moves the mark alone.
   * @param {{ count: number, scores: number[] | null, weights: number[] | null, mass: number[] | null, plane: string }} shown
   */
  #bars(shown) {
    const about = JSON.stringify(shown);
    if (this.about === about) return;
    this.about = about;
    const { count, scores, weights, mass } = shown;
    const above = weights ? WEIGHT + GAP : 0;
    const low = above + HIGH;
    const high = (mass ? HIGH - MASS : HIGH) - GAP;
    const most = Math.max(0, ...(scores ?? []));
    const least = Math.min(0, ...(scores ?? []));
    const zero = above + (most - least > 0 ? (high * most) / (most - least) : high);
    const unit = high / (most - least || 1);
    const top = Math.max(0, ...(mass ?? []));
    const heavy = (WEIGHT - 1) / Math.max(1e-9, ...(weights ?? []));
    const parts = [
      path("strip-back", `M0 ${above}H${count}V${low}H0z`),
      path("strip-weight", weights ? bars(weights, WEIGHT, heavy) : ""),
      // What every slice would weigh if all weighed the same.
      path("strip-alike", weights ? `M0 ${WEIGHT - heavy / count}H${count}` : ""),
      path("strip-zero", scores ? `M0 ${zero}H${count}` : ""),
      path("strip-for", scores ? bars(scores.map((value) => Math.max(value, 0)), zero, unit) : ""),
      path("strip-against", scores ? bars(scores.map((value) => Math.min(value, 0)), zero, unit) : ""),
      path("strip-relevance", mass && top > 0 ? bars(mass, low, (MASS - 1) / top) : ""),
    ];
    this.svg.setAttribute("viewBox", `0 0 ${count} ${low}`);
    this.mark = path("strip-now", `M0 0H1V${low}H0z`);
    this.svg.replaceChildren(...parts, this.mark);
  }
}

/**
 * A share in per cent, as exact as its size is worth.
 * @param {number} share
 */
function percent(share) {
  return (100 * share).toFixed(share < 0.095 ? 1 : 0);
}

/**
 * How much of all relevance lies in one slice, in words; "" where there is none.
 * @param {number[] | null} mass
 * @param {number} at
 */
function shareOf(mass, at) {
  const total = mass?.reduce((sum, value) => sum + value, 0) ?? 0;
  return mass && total > 0 ? words("strip.mass", ((100 * mass[at]) / total).toFixed(1)) : "";
}

/**
 * A bar per value, as a path's data.
 * @param {number[]} values
 * @param {number} from the line that they stand on
 * @param {number} unit the height of 1
 */
function bars(values, from, unit) {
  return values.map((value, at) => (value ? `M${at + 0.12} ${from}v${-value * unit}h.76V${from}z` : "")).join("");
}

/**
 * @param {string} name its class
 * @param {string} d
 */
function path(name, d) {
  const made = document.createElementNS(SVG, "path");
  made.setAttribute("class", name);
  made.setAttribute("d", d);
  return made;
}

/**
 * A figure with its sign.
 * @param {number} value
 * @param {number} [digits]
 */
export function signed(value, digits = 2) {
  const text = Math.abs(value).toFixed(digits);
  return `${value < 0 ? "−" : "+"}${text}`;
}
