// The display controls of an exam: those of a film's page, with the window of the active pane's series.

import { Tools } from "../tools.js";
import { presets } from "../viewport/film.js";
import { figure } from "../viewport/map.js";
import { catalogue, words } from "../words.js";
import { write } from "./panes.js";

export class ExamTools extends Tools {
  #series = new Map();

  /** A series' first film has arrived: from now on it has windows, and opens with the first of them. */
  first(stack, film) {
    if (this.#series.has(stack.series)) return;
    const image = { ...film.image, windows: stack.windows };
    this.#series.set(stack.series, presets({ ...film, image }, catalogue()));
    const [{ window: chosen }] = this.#series.get(stack.series);
    const { display } = this;
    display.windows = { ...display.windows, [stack.series]: { window: chosen, preset: 0, invert: false } };
    display.set({});
    this.pane(this.panes.active);
  }

  /** Another pane is the active one. */
  pane({ stack }) {
    const list = this.#series.get(stack?.series);
    if (list && list !== this.presets) this.offer(list);
    this.soon();
  }

  show() {
    super.show();
    const stacks = new Map(this.panes.all.map((pane) => [pane, pane.element.querySelector(".pane-window")]));
    for (const [pane, element] of stacks) {
      const { window: chosen } = this.display.of(pane.place);
      write(element, pane.film ? (chosen ? words("film.window", figure(chosen.centre), figure(chosen.width)) : words("film.lut")) : "");
    }
  }
}
