// What stays when the case is loaded anew, by a reload, by the way back, or because a form of its page was sent: which image
// and layer stand in which pane, how they are shown, and at which images stacks stand. The tab keeps it as long as it lives,
// under the study's id, as a link would say it: ids and figures, and nothing of who the patient is.

import { layer } from "./layers.js";
import { parsed } from "./seats.js";
import { served } from "./served.js";
import { isLayout } from "./viewparts.js";

/** @import { Case } from "./case.js" */
/** @import { Linked } from "./permalink.js" */

const PARTS = ["display", "panes", "slices", "beside", "gave"];
const ANEW = ["reload", "back_forward"];

export class Staying {
  /** Whether a form was sent that leads back here. */
  #sent = false;

  /** @param {Case} page with its links */
  constructor(page) {
    this.page = page;
    this.name = `whylight-view ${page.data.study.id}`;
    /** How the case opened for this reader. */
    this.opened = JSON.stringify(page.grid.layout);
    this.kept = this.#taken();
    window.addEventListener("pagehide", () => this.#keep());
    document.addEventListener("submit", (event) => this.#submitted(event));
    document.addEventListener("htmx:beforeOnLoad", (event) => this.#answered(event));
  }

  /**
   * What was kept, with which a link's own view gives way: it is what the reader made of it.
   * @param {Linked | null} linked
   * @returns {Linked | null}
   */
  over(linked) {
    if (!this.kept) return linked;
    const { panes, ...kept } = this.kept;
    if (!isLayout(panes?.layout)) return { ...linked, ...kept };
    // Layers that are gone, as maps are of a stack that was split, leave their places to those that are there.
    const layers = panes.layout.layers.filter((/** @type {string} */ text) => !parsed(text).id || layer(parsed(text).id));
    return { ...linked, ...kept, panes: { ...panes, layout: { ...panes.layout, layers } } };
  }

  /** Stacks that are others than before, because a reader split or joined them, stand at the images where they stood. */
  stand() {
    const { stacks, scrolling } = this.page;
    /** @type {unknown} */
    const images = this.kept?.images;
    if (!Array.isArray(images)) return;
    for (const stack of stacks.values()) {
      const at = images.map((image) => stack.places.get(image)).find((place) => place !== undefined);
      if (at !== undefined && !stack.separate) scrolling.to(stack, at);
    }
  }

  // A plain form whose answer is this page anew.
  /** @param {Event} event */
  #submitted({ target, defaultPrevented }) {
    if (defaultPrevented || !(target instanceof HTMLFormElement)) return;
    const { pathname } = new URL(target.action);
    const { corrections, explanations } = this.page.data.urls;
    this.#sent = [corrections, explanations, served("/preferences")].includes(pathname);
  }

  // An answer that sends a page of scripts here anew.
  /** @param {Event} event */
  #answered(event) {
    const { xhr } = /** @type {CustomEvent<{ xhr: XMLHttpRequest }>} */ (event).detail;
    const to = xhr.getResponseHeader("HX-Redirect");
    if (to) this.#sent = new URL(to, location.href).pathname === this.page.data.urls.case;
  }

  /** @returns {Linked | null} */
  #taken() {
    try {
      const text = sessionStorage.getItem(this.name);
      sessionStorage.removeItem(this.name);
      const { sent, model, ...kept } = JSON.parse(text ?? "{}");
      const [how] = /** @type {PerformanceNavigationTiming[]} */ (performance.getEntriesByType("navigation"));
      return (sent || ANEW.includes(how?.type)) && model === this.page.data.model ? kept : null;
    } catch {
      return null; // without storage a case opens as ever
    }
  }

  #keep() {
    const { record, grid, panes, data } = this.page;
    if (!record.restored) return;
    const { panes: lying, ...kept } = record.link.saved(PARTS);
    // A layout that nobody changed is not held against one that is chosen elsewhere meanwhile.
    const own = JSON.stringify(grid.layout) !== this.opened || panes.enlarged;
    const images = panes.all.flatMap(({ stack, image }) => (stack && image && !stack.separate ? [image.id] : []));
    const whole = { ...kept, ...(own ? { panes: { ...lying, layout: grid.layout } } : {}), images };
    try {
      sessionStorage.setItem(this.name, JSON.stringify({ ...whole, model: data.model, sent: this.#sent }));
    } catch {
      // Without storage a case opens as ever.
    }
  }
}
