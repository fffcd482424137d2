// Panes that go their own way through the stack: each has its own image, film and map while its link "slice" is off. Their maps are
// looked at and not judged, because verdicts are about the image that the page shows.

import { words } from "./words.js";

export class Alone {
  /** `page`: {film(image), map(explanation), give(pane), data, stack}. */
  constructor(panes, display, page) {
    Object.assign(this, { panes, display, page });
    display.listen(() => {
      for (const pane of panes.all) if (pane.image && display.linked(pane.place, "slice")) this.#follow(pane);
    });
  }

  has(pane) {
    return Boolean(pane?.layer) && !this.display.linked(pane.place, "slice");
  }

  /** Holds panes that do not follow on the image that is shown now. */
  hold() {
    for (const pane of this.panes.all) {
      if (!this.has(pane) || pane.image) continue;
      pane.image = this.page.data.image;
      pane.film = this.panes.film;
    }
  }

  /** Moves one pane by some images of the stack. */
  async step(pane, by) {
    this.hold();
    const { stack } = this.page;
    const at = stack.findIndex(({ id }) => id === pane.image);
    const image = stack[Math.min(Math.max(at + by, 0), stack.length - 1)];
    if (image.id === pane.image) return;
    pane.image = image.id;
    pane.map = null;
    pane.explanation = "";
    pane.mark("loading");
    this.panes.refresh();
    try {
      const film = await this.page.film(image);
      if (pane.image !== image.id) return;
      pane.film = film;
      if (pane.method) await this.#map(pane);
      if (pane.image === image.id) pane.mark("full");
    } catch {
      if (pane.image === image.id) pane.mark("failed");
    }
    this.panes.refresh();
  }

  async #map(pane) {
    const { data } = this.page;
    const { image } = pane;
    const query = new URLSearchParams({ image, model: data.model, finding: data.finding });
    const response = await fetch(`${data.urls.data}?${query}`, { headers: { Accept: "application/json" } });
    if (!response.ok) throw new Error(String(response.status));
    const { explanations } = await response.json();
    const found = explanations.find(({ method, finding }) => method === pane.method && finding === data.finding);
    const map = found?.state === "ok" ? await this.page.map(found) : null;
    if (pane.image !== image) return;
    pane.map = map;
    pane.tell(map ? "" : (found?.state_text ?? words("pane.none")));
  }

  #follow(pane) {
    Object.assign(pane, { image: "", film: null, explanation: "", map: null });
    this.page.give(pane);
  }
}
