// The verdict that the address leads to: its map comes to the front, and a region that somebody else drew lies over the image.
// Nothing of it is this reader's, so nothing of it can be changed here.

import { element, optional } from "./elements.js";
import { clear, draw } from "./outlines.js";
import { fromImages } from "./regions.js";

/** @import { Case } from "./case.js" */
/** @import { ReviewData, Shape } from "./types.js" */
/** @typedef {Pick<ReviewData, "id" | "method" | "finding" | "regions"> & { image: string }} Told */

const SVG = "http://www.w3.org/2000/svg";

export class Judged {
  /** @type {Told | null} */
  #told = null;

  /** Whether the page was opened at a verdict. */
  #there = false;

  /**
   * A picture over each pane.
   * @type {WeakMap<Element, SVGElement>}
   */
  #marks = new WeakMap();

  /** @param {Case} page whose panes are laid */
  constructor(page) {
    this.page = page;
    const data = optional("judged-data");
    this.#there = Boolean(data);
    if (!data) return;
    this.#told = JSON.parse(data.textContent ?? "null");
    element("judged-close").addEventListener("click", () => this.#close());
    this.#front();
  }

  #close() {
    element("judged").remove();
    this.#told = null;
    this.page.payload.chosen.flag = "";
    this.page.payload.address();
    this.page.panes.refresh();
  }

  // The judged map at its image, in the pane that shows it, else in the last one.
  #front() {
    const { page } = this;
    const { panes, grid } = page;
    if (!this.#told) return;
    const { method, image } = this.#told;
    const mine = () => panes.all.find((pane) => pane.method === method && pane.stack?.places.has(image));
    if (!mine() && page.judged) {
      if (grid.arrangement === "planes") grid.choose(`map:${method}`);
      else grid.put(`map:${method}`, panes.all.length - 1);
    }
    const pane = mine();
    if (!pane?.stack) return;
    page.scrolling.to(pane.stack, pane.stack.places.get(image) ?? 0);
    panes.activate(pane);
    pane.element.focus();
  }

  /** @returns {Shape[]} */
  get #shapes() {
    const told = this.#told;
    const { data } = this.page;
    const own = data.reviews.some(({ id }) => id === told?.id);
    return told && !own && data.finding === told.finding ? (fromImages(told.regions)?.shapes ?? []) : [];
  }

  /** Draws the region wherever its image is shown. */
  paint() {
    if (!this.#there) return;
    const { panes } = this.page;
    const every = this.#shapes;
    for (const pane of panes.shown) {
      const shapes = pane.film ? every.filter(({ image }) => image === pane.image?.id) : [];
      const svg = this.#over(pane.view);
      if (shapes.length) draw(svg, shapes, panes.place(pane).matrix, -1);
      else clear(svg);
    }
  }

  /** @param {Element} view */
  #over(view) {
    const known = this.#marks.get(view);
    if (known) return known;
    const svg = /** @type {SVGElement} */ (document.createElementNS(SVG, "svg"));
    svg.setAttribute("class", "pane-marks pane-judged");
    svg.setAttribute("aria-hidden", "true");
    view.append(svg);
    this.#marks.set(view, svg);
    return svg;
  }
}
