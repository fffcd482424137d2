// What the reader measured on the patient's other studies, over their images where these stand beside what is read. It is
// changed in the case that it is of, and only looked at here.

import { ask } from "./asking.js";

/** @import { Case } from "./case.js" */
/** @import { Measure, ReadingPane } from "./types.js" */

/** How long what did not arrive is not asked for again, ms. */
const AGAIN = 5000;

export class Measured {
  /**
   * By study.
   * @type {Map<string, Measure[]>}
   */
  #known = new Map();

  /** @param {Pick<Case, "guests" | "panes">} page */
  constructor(page) {
    this.page = page;
  }

  /**
   * Those on a pane's image.
   * @param {ReadingPane} pane
   */
  on({ stack, image }) {
    const study = stack?.visit?.study;
    if (!study || !image) return [];
    if (!this.#known.has(study)) this.#read(study);
    return this.#known.get(study)?.filter((measure) => measure.image === image.id) ?? [];
  }

  /** @param {string} study */
  async #read(study) {
    this.#known.set(study, []);
    const address = this.page.guests.visits.get(study)?.urls.measures;
    if (!address) return;
    try {
      /** @type {Measure[]} */
      const found = await ask(address);
      this.#known.set(study, found.map(({ id, image, kind, points }) => ({ id, image, kind, points, fixed: true })));
      this.page.panes.refresh();
    } catch {
      setTimeout(() => this.#known.delete(study), AGAIN);
    }
  }
}
