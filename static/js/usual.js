// The layout that every case of a kind opens with: that of the panes as they are now, by a button in the menu of layouts, and
// none any more when it is pressed again. Kept as a saved layout is, by a name that says what it is for.

import { element } from "./elements.js";
import { say, words } from "./words.js";

/** @import { LayoutData } from "./types.js" */
/** @import { Stagebar } from "./stagebar.js" */

export class Usual {
  /** @param {Stagebar} bar whose layouts are there */
  constructor(bar) {
    this.bar = bar;
    this.button = element("layout-usual");
    /** "film", or the exam's modality. */
    this.kind = this.button.dataset.kind ?? "";
    /** What cases of this kind are called. */
    this.every = this.button.dataset.every ?? "";
    this.button.addEventListener("click", () => this.#toggle());
  }

  /** The layout that this case opens with because all of its kind do. */
  get layout() {
    return this.bar.saved.usual(this.kind);
  }

  /** The panes as they are now, as layouts are saved. */
  get #now() {
    const { page, grid, display } = this.bar;
    return { ...page.guests.general(grid.layout), own: display.state.own };
  }

  /** @param {LayoutData | undefined} saved */
  #inForce(saved) {
    if (!saved) return false;
    const { rows, columns, layers, own } = saved;
    const now = this.#now;
    return JSON.stringify([rows, columns, layers, own]) === JSON.stringify([now.rows, now.columns, now.layers, now.own]);
  }

  #toggle() {
    const { saved } = this.bar;
    const { layout } = this;
    if (layout && this.#inForce(layout)) {
      // What this button saved goes with it: left there as the last one it would open cases all the same.
      if (layout.name === this.every) saved.remove(layout.id);
      else saved.open(this.kind, "");
      say(words("layout.usual.off", this.every));
    } else {
      const known = saved.list.find((one) => this.#inForce(one));
      saved.open(this.kind, known?.id ?? saved.save({ name: this.every, ...this.#now }));
      say(words("layout.usual.on", this.every));
    }
    this.bar.show();
  }

  /**
   * A saved layout as the list calls it: with what opens with it, where its name does not say that.
   * @param {LayoutData} saved
   */
  named({ name, opens }) {
    const what = opens === this.kind ? this.every : opens;
    return what && what !== name ? `${name} · ${what}` : name;
  }

  show() {
    this.button.setAttribute("aria-pressed", String(this.#inForce(this.layout)));
  }
}
