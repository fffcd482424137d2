// The strip under a pane: a bar per slice for what the network makes of it, above or below a line, and under that how much of the shown
// map's relevance lies in it. A press or a drag jumps there, arrows step; to assistive technology it is a slider.

import { words } from "../words.js";

const SVG = "http://www.w3.org/2000/svg";
const HIGH = 26;
const MASS = 12;
const GAP = 2;

export class Strip {
  /** `jump(stack, at)` shows a slice. */
  constructor(pane, jump) {
    Object.assign(this, { pane, jump, element: pane.element.querySelector(".strip"), said: "" });
    this.words = [...pane.element.querySelectorAll(".strip-words > span")];
    this.svg = this.element.querySelector("svg");
    const { element } = this;
    element.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      element.setPointerCapture(event.pointerId);
      this.dragging = true;
      this.#to(event);
    });
    element.addEventListener("pointermove", (event) => this.dragging && this.#to(event));
    for (const name of ["pointerup", "pointercancel"]) element.addEventListener(name, () => (this.dragging = false));
    element.addEventListener("keydown", (event) => this.#key(event));
  }

  #to({ clientX }) {
    const { stack } = this.pane;
    const { left, width } = this.svg.getBoundingClientRect();
    if (!stack || !width) return;
    this.jump(stack, Math.floor(((clientX - left) / width) * stack.count));
  }

  #key(event) {
    const { stack } = this.pane;
    if (!stack || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    const leap = Math.max(1, Math.round(stack.count / 20));
    const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageUp: -leap, PageDown: leap, Home: -stack.at, End: stack.count }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.jump(stack, stack.at + step);
  }

  /** Shows the pane's stack: scores of the finding, the shown map's mass, the slice it stands at. */
  show({ stack, maps, scores, element }) {
    this.element.hidden = !stack;
    if (!stack) return;
    const mass = maps?.explanation.mass ?? null;
    this.#bars(stack.count, scores ?? null, mass, element.dataset.plane);
    const now = `translate(${stack.at} 0)`;
    if (this.mark.getAttribute("transform") !== now) this.mark.setAttribute("transform", now);
    const total = mass?.reduce((sum, value) => sum + value, 0);
    const said = [scores && words("strip.score", signed(scores[stack.at])), total > 0 && words("strip.mass", ((100 * mass[stack.at]) / total).toFixed(1))];
    this.words.forEach((span, at) => {
      if (span.textContent !== (said[at] || "")) span.textContent = said[at] || "";
    });
    const text = [words("exam.slice", stack.at + 1, stack.count), ...said].filter(Boolean).join(", ");
    if (this.element.getAttribute("aria-valuetext") === text) return;
    for (const [name, value] of [["aria-valuemax", stack.count], ["aria-valuenow", stack.at + 1], ["aria-valuetext", text]]) this.element.setAttribute(name, value);
  }

  // The bars change with the stack, the finding and the method; scrolling moves the mark alone.
  #bars(count, scores, mass, plane) {
    const about = JSON.stringify([count, scores, mass, plane]);
    if (this.about === about) return;
    this.about = about;
    const low = mass ? HIGH - MASS : HIGH;
    const high = low - GAP;
    const most = Math.max(0, ...(scores ?? []));
    const least = Math.min(0, ...(scores ?? []));
    const zero = most - least > 0 ? (high * most) / (most - least) : high;
    const top = Math.max(0, ...(mass ?? []));
    const bars = (values, from, unit) => values.map((value, at) => (value ? `M${at + 0.12} ${from}v${-value * unit}h.76V${from}z` : "")).join("");
    const parts = [
      ["strip-back", `M0 0H${count}V${HIGH}H0z`],
      ["strip-zero", scores ? `M0 ${zero}H${count}` : ""],
      ["strip-for", scores ? bars(scores.map((value) => Math.max(value, 0)), zero, high / (most - least || 1)) : ""],
      ["strip-against", scores ? bars(scores.map((value) => Math.min(value, 0)), zero, high / (most - least || 1)) : ""],
      ["strip-relevance", mass && top > 0 ? bars(mass, HIGH, (MASS - 1) / top) : ""],
    ];
    this.svg.setAttribute("viewBox", `0 0 ${count} ${HIGH}`);
    this.mark = path("strip-now", `M0 0H1V${HIGH}H0z`);
    this.svg.replaceChildren(...parts.map(([name, d]) => path(name, d)), this.mark);
  }
}

function path(name, d) {
  const made = document.createElementNS(SVG, "path");
  made.setAttribute("class", name);
  made.setAttribute("d", d);
  return made;
}

/** A figure with its sign. */
export function signed(value, digits = 2) {
  const text = Math.abs(value).toFixed(digits);
  return `${value < 0 ? "−" : "+"}${text}`;
}
