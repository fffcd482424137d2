// Without WebGL2: the server's pictures, moved and turned as the films would be, so that what is drawn lies where it belongs;
// and controls that only WebGL2 makes work say so.

import { all } from "./elements.js";
import { aspect } from "./viewport/geometry.js";
import { words } from "./words.js";

/** @import { Panes } from "./panes.js" */
/** @import { Pane } from "./pane.js" */

const DEAD = [
  "#preset", "#invert", "#sharp", "#opacity", "#threshold", "#overlays", "#colours-unsigned", "#colours-signed",
  "#colours-influence", "#swipe", "#blink", "[data-set]", "[data-scale]", "[data-scope]",
].join(", ");

export class Pictures {
  /** @param {Panes} panes that nothing draws */
  constructor(panes) {
    this.panes = panes;
    document.body.toggleAttribute("data-fixed", true);
    this.still();
  }

  /** What has no effect here cannot be used, and says why. */
  still() {
    for (const control of all(document, DEAD)) {
      if (!("disabled" in control) || control.disabled) continue;
      control.disabled = true;
      control.title = words("webgl.needs");
    }
  }

  /** Lays every picture where its film would lie. */
  paint() {
    this.still();
    for (const pane of this.panes.shown) {
      const picture = pane.view.querySelector("img.pane-preview");
      if (picture instanceof HTMLImageElement && this.panes.filmOf(pane) && pane.box.width) this.#lay(pane, picture);
    }
  }

  /**
   * @param {Pane} pane
   * @param {HTMLImageElement} picture whose pixels are square; under a map's film stand its colours and words
   */
  #lay(pane, picture) {
    const { image } = this.panes.seen(pane);
    const [a, b, c, d, e, f] = this.panes.place(pane).matrix;
    const tall = aspect(image);
    picture.dataset.placed = "";
    picture.style.width = `${image.columns}px`;
    picture.style.transform = `matrix(${[a, c, b / tall, d / tall, e, f].join(", ")})`;
  }
}
