// How an exam is shown: zoom, place and turns belong to a plane, the window to a series, everything about overlays to all panes. The
// interface is that of viewport/state.js, so that hands and tools work on it as on a film's.

import { UPRIGHT, turned } from "../viewport/geometry.js";
import { Display } from "../viewport/state.js";

const UPRIGHT_VIEW = Object.freeze({ zoom: 1, x: 0.5, y: 0.5, turn: UPRIGHT });
const NO_WINDOW = Object.freeze({ window: null, preset: 0, invert: false });
const WINDOW = ["window", "preset", "invert"];

export class ExamDisplay extends Display {
  /** `where(place)` says which {plane, series} a pane shows. */
  constructor(where) {
    super();
    Object.assign(this, { where, views: {}, windows: {} });
  }

  of(place) {
    const { plane, series } = this.where(place);
    return { ...this, view: this.views[plane] ?? UPRIGHT_VIEW, ...(this.windows[series] ?? NO_WINDOW) };
  }

  linked() {
    return true;
  }

  change(place, changes) {
    const { plane, series } = this.where(place);
    const { view, ...others } = changes;
    const mine = WINDOW.filter((name) => name in others);
    if (view) this.views = { ...this.views, [plane]: { ...(this.views[plane] ?? UPRIGHT_VIEW), ...view } };
    if (mine.length) {
      const kept = { ...(this.windows[series] ?? NO_WINDOW) };
      for (const name of mine) {
        kept[name] = others[name];
        delete others[name];
      }
      this.windows = { ...this.windows, [series]: kept };
    }
    this.set(others);
  }

  turn(step, place) {
    this.change(place, { view: { turn: turned(this.of(place).view.turn, step) } });
  }

  fit(place) {
    this.change(place, { view: { ...UPRIGHT_VIEW, turn: this.of(place).view.turn } });
  }

  reset(list, place) {
    this.change(place, { view: UPRIGHT_VIEW, invert: false, window: list[0]?.window ?? null, preset: 0 });
  }
}
