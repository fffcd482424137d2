// The films that what if has edited: fetched after the numbers, laid over the panes that show them plain, and a layer for any
// other.

import { element } from "./elements.js";
import { register, withdraw } from "./layers.js";
import { fetchFilm } from "./viewport/film.js";
import { words } from "./words.js";

/** @import { Drawing, Film, ReadingPane, WhatIfData } from "./types.js" */

const LAYER = "edited";

export class EditedFilms {
  /** @type {WhatIfData | null} */
  answer = null;

  /** Whether they are shown. */
  shown = true;

  /**
   * By the id of their image.
   * @type {Map<string, Film>}
   */
  films = new Map();

  /**
   * @param {Drawing} drawers
   * @param {() => void} failed one did not arrive
   */
  constructor(drawers, failed) {
    this.drawers = drawers;
    this.page = drawers.page;
    this.failed = failed;
  }

  /**
   * Another answer, or none.
   * @param {WhatIfData | null} answer
   */
  take(answer) {
    this.answer = answer;
    this.films = new Map();
    this.show();
  }

  /** Shows them once they are there, or takes them away. */
  async show() {
    const { answer } = this;
    if (!answer) withdraw(LAYER);
    if (!answer || !this.shown || !this.page.panes.renderer) {
      this.cover(false);
      return;
    }
    try {
      await Promise.all(answer.images.map((edited) => this.#fetch(answer, edited)));
    } catch {
      this.failed();
      return;
    }
    if (this.answer !== answer || !this.shown || element("whatif").hidden) return;
    const { films } = this;
    const film = (/** @type {ReadingPane} */ pane) => films.get(pane.image?.id ?? "") ?? null;
    register({ id: LAYER, kind: "film", title: words("whatif.film"), film });
    this.cover(true);
  }

  /**
   * @param {WhatIfData} answer
   * @param {WhatIfData["images"][number]} edited
   */
  async #fetch(answer, { image: id, pixels_url: address }) {
    const { films } = this;
    const image = this.page.image(id);
    if (!image || films.has(id)) return;
    films.set(id, await fetchFilm({ ...image, id: `${answer.id} ${id}`, pixels_url: address }));
  }

  /**
   * Lays them over the panes that show them plain, or takes them away. Any other pane shows them as a layer.
   * @param {boolean} on
   */
  cover(on) {
    for (const pane of this.page.panes.all) {
      const film = on && pane.layer === "film" ? this.films.get(pane.image?.id ?? "") : undefined;
      if (film) this.drawers.lay(pane, { title: words("whatif.film"), film });
      else if (pane.laid?.film) this.drawers.lay(pane, null);
      pane.element.dataset.edited = film && this.answer ? this.answer.id : "";
    }
  }

  /** Panes stand at other slices: the edited ones among them are shown so. */
  slice() {
    if (this.answer && this.shown && !element("whatif").hidden) this.cover(true);
  }
}
