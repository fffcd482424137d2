// The table of what every method's map is worth against the drawn region, told anew with every step of the hand.

import { measure, truth } from "./localisation.js";
import { words } from "./words.js";

export const NAMES = ["pointing", "iou", "outside_inside", "mass"];
const LOWER = "outside_inside";
const AGAIN = 3000;

export class Figures {
  /** `fetched(explanation)` gives a map's values; every map of the finding is measured, whether a pane shows it or not. */
  constructor(panes, regions, fetched) {
    Object.assign(this, { panes, regions, fetched, shown: [], maps: new Map(), asked: new Set() });
    this.table = document.getElementById("figures");
    this.rows = new Map([...this.table.querySelectorAll("tr[data-method]")].map((row) => [row.dataset.method, row]));
  }

  /** What the region is drawn on. */
  subject() {
    return this.panes.film?.image;
  }

  truth(region, image) {
    return truth(region, image);
  }

  measure(map, image, against) {
    return measure(map, image, against);
  }

  /** Tells the figures, when the region, the film or a map is another one than before. */
  paint(explanations, stored) {
    const { regions, maps } = this;
    const image = this.subject();
    if (regions.region) for (const explanation of explanations) this.#ask(explanation);
    const seen = [regions.region, image, explanations, stored, maps.size];
    if (seen.length === this.shown.length && seen.every((value, at) => value === this.shown[at])) return;
    this.shown = seen;
    const against = regions.region && image ? this.truth(regions.region, image) : null;
    const all = new Map();
    for (const method of this.rows.keys()) {
      const map = maps.get(explanations.find((explanation) => explanation.method === method)?.id);
      all.set(method, against && map ? this.measure(map, image, against) : (stored?.[method] ?? null));
    }
    for (const [method, row] of this.rows) this.#row(row, all.get(method), all);
    this.table.toggleAttribute("data-told", [...all.values()].some(Boolean));
  }

  // A map that says nothing has figures too: it misses. One that does not arrive is asked for again later.
  async #ask(explanation) {
    const { id } = explanation;
    if (this.asked.has(id)) return;
    this.asked.add(id);
    try {
      this.maps.set(id, await this.fetched(explanation));
      this.panes.refresh();
    } catch {
      setTimeout(() => this.asked.delete(id), AGAIN);
    }
  }

  #row(row, found, all) {
    NAMES.forEach((name, at) => {
      const cell = row.cells[at + 1];
      const value = found ? (found[name] === "inf" ? Infinity : found[name]) : null;
      const text = figure(name, value);
      if (cell.textContent !== text) cell.textContent = text;
      cell.dataset.value = value ?? "";
      cell.toggleAttribute("data-best", best(name, value, all));
    });
  }
}

/** One figure of a map against the region, as app/web/figures.py writes it. */
export function figure(name, value) {
  if (value === null) return "–";
  if (name === "pointing") return words(value ? "measure.hit" : "measure.miss");
  if (value === Infinity) return "∞";
  if (name === "mass") return `${Math.round(value * 100)} %`;
  return value < 10 ? value.toFixed(2) : value.toFixed(value < 100 ? 1 : 0);
}

// The best of several that differ, in what is a matter of degree.
function best(name, value, all) {
  if (value === null || name === "pointing") return false;
  const others = [...all.values()].filter(Boolean).map((found) => found[name]).filter((other) => typeof other === "number");
  const [least, most] = [Math.min(...others), Math.max(...others)];
  return others.length > 1 && least < most && value === (name === LOWER ? least : most);
}
