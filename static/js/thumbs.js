// The pictures of the study's series and films at the side: one that is chosen comes onto the panes without a new page, and the
// one that is shown is marked. What the page does not hold is a link like any other.

import { all, optional } from "./elements.js";

/** @import { Case } from "./case.js" */
/** @import { Stack } from "./stacks/stack.js" */

export class Thumbs {
  /** @param {Case} page */
  constructor(page) {
    this.page = page;
    const list = optional("study-images");
    /** @type {HTMLElement[]} */
    this.links = list ? all(list, "[data-image]") : [];
    list?.addEventListener("click", (event) => this.#chosen(event));
    page.grid.onChange(() => this.show());
    this.show();
  }

  /** @param {MouseEvent} event */
  #chosen(event) {
    const { target } = event;
    const link = target instanceof Element ? target.closest("[data-image]") : null;
    if (!(link instanceof HTMLElement) || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    const image = link.dataset.image ?? "";
    const stack = this.#holding(image);
    if (!stack) return;
    event.preventDefault();
    const { grid, panes, scrolling } = this.page;
    const place = panes.all.find((pane) => pane.plane && pane.plane === stack.plane) ?? panes.active;
    if (!panes.shown.some((pane) => pane.stack === stack)) grid.chooseStack(place, stack);
    if (stack.separate) scrolling.to(stack, stack.places.get(image) ?? 0);
    const shown = panes.shown.find((pane) => pane.image?.id === image) ?? panes.shown.find((pane) => pane.stack === stack);
    if (shown) panes.activate(shown);
    this.show();
  }

  /**
   * The stack, or the series of films, that has an image.
   * @param {string} image its id
   * @returns {Stack | undefined}
   */
  #holding(image) {
    return [...this.page.stacks.values()].find(({ places }) => places.has(image));
  }

  /** Marks what is on the screen. */
  show() {
    const { panes } = this.page;
    for (const link of this.links) {
      const image = link.dataset.image ?? "";
      const stack = this.#holding(image);
      const on = panes.shown.some((pane) => pane.image?.id === image || (!stack?.separate && pane.stack === stack));
      if (stack && on) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }
}
