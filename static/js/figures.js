// The table of what every method's map is worth against the drawn region, told anew with every step of the hand.

import { all, element } from "./elements.js";
import { measure, truth } from "./localisation.js";
import { byImage, measured } from "./stacks/localised.js";
import { words } from "./words.js";

/** @import { Regions } from "./regions.js" */
/** @import { StackMaps } from "./stacks/maps.js" */
/** @import { Stack } from "./stacks/stack.js" */
/** @import { ExplanationData, ImageData, Localisation, ReadingPanes, Region } from "./types.js" */
/** @typedef {Map<string, Localisation | null>} Told by the method's name */

/** @type {(keyof Localisation)[]} */
export const NAMES = ["pointing", "iou", "outside_inside", "mass"];
const LOWER = "outside_inside";
const AGAIN = 3000;

export class Figures {
  /**
   * What the figures that the table has were made of.
   * @type {unknown[]}
   */
  shown = [];

  /**
   * What was fetched, by its address.
   * @type {Map<string, StackMaps>}
   */
  maps = new Map();

  /** @type {Set<string>} */
  asked = new Set();

  /**
   * Every map of the finding is measured, whether a pane shows it or not.
   * @param {ReadingPanes} panes
   * @param {Regions} regions
   * @param {(explanation: ExplanationData) => Promise<StackMaps>} fetched gives a map's values
   */
  constructor(panes, regions, fetched) {
    this.panes = panes;
    this.regions = regions;
    this.fetched = fetched;
    this.table = element("figures");
    const rows = all(this.table, "tr[data-method]", HTMLTableRowElement);
    this.rows = new Map(rows.map((row) => [row.dataset.method ?? "", row]));
  }

  /**
   * Tells the figures, when the region, the stack or a map is another one than before.
   * @param {ExplanationData[]} explanations
   * @param {Record<string, Localisation> | undefined} stored what the server says of the region, by method
   */
  paint(explanations, stored) {
    const { regions, maps } = this;
    const { stack, image } = this.panes.active;
    const useful = explanations.filter(({ scale }) => scale !== "grey");
    if (regions.region) for (const explanation of useful) this.#ask(explanation);
    const seen = [regions.region, image?.stack, stored, maps.size, ...explanations];
    if (seen.length === this.shown.length && seen.every((value, at) => value === this.shown[at])) return;
    this.shown = seen;
    const against = regions.region && stack ? this.#against(regions.region, stack, image) : null;
    /** @type {Told} */
    const told = new Map();
    for (const method of this.rows.keys()) {
      const map = maps.get(useful.find((explanation) => explanation.method === method)?.values_url ?? "");
      told.set(method, against && map ? against(map) : (stored?.[method] ?? null));
    }
    for (const [method, row] of this.rows) this.#row(row, told.get(method), told);
    this.table.toggleAttribute("data-told", [...told.values()].some(Boolean));
  }

  /**
   * A film is measured on its own pixels, a stack of several slices on the map's cells, as app/evaluation/truth.py does.
   * @param {Region} region
   * @param {Stack} stack
   * @param {ImageData | null} image
   * @returns {(maps: StackMaps) => Localisation | null}
   */
  #against(region, stack, image) {
    const film = image && region.shapes.some((shape) => shape.image === image.id) ? truth(region, image) : null;
    const images = byImage(region);
    return (maps) => {
      if (maps.explanation.slices > 1) return measured(maps, stack, images);
      return film && image ? measure(maps.slice(0), image, film) : null;
    };
  }

  /**
   * A map that says nothing has figures too: it misses. One that does not arrive is asked for again later.
   * @param {ExplanationData} explanation
   */
  async #ask(explanation) {
    const { values_url: id } = explanation;
    if (this.asked.has(id)) return;
    this.asked.add(id);
    try {
      this.maps.set(id, await this.fetched(explanation));
      this.panes.refresh();
    } catch {
      setTimeout(() => this.asked.delete(id), AGAIN);
    }
  }

  /**
   * @param {HTMLTableRowElement} row
   * @param {Localisation | null | undefined} found
   * @param {Told} every
   */
  #row(row, found, every) {
    NAMES.forEach((name, at) => {
      const cell = row.cells[at + 1];
      const raw = found?.[name] ?? null;
      const value = raw === "inf" ? Infinity : raw;
      const text = figure(name, value);
      if (cell.textContent !== text) cell.textContent = text;
      cell.dataset.value = value === null ? "" : String(value);
      cell.toggleAttribute("data-best", best(name, value, every));
    });
  }
}

/**
 * One figure of a map against the region, as app/web/figures.py writes it.
 * @param {keyof Localisation} name
 * @param {number | null} value
 */
export function figure(name, value) {
  if (value === null) return "–";
  if (name === "pointing") return words(value ? "measure.hit" : "measure.miss");
  if (value === Infinity) return "∞";
  if (name === "mass") return `${Math.round(value * 100)} %`;
  return value < 10 ? value.toFixed(2) : value.toFixed(value < 100 ? 1 : 0);
}

/**
 * The best of several that differ, in what is a matter of degree.
 * @param {keyof Localisation} name
 * @param {number | null} value
 * @param {Told} every
 */
function best(name, value, every) {
  if (value === null || name === "pointing") return false;
  const others = [...every.values()].map((found) => found?.[name]).filter((other) => typeof other === "number");
  const least = Math.min(...others);
  const most = Math.max(...others);
  return others.length > 1 && least < most && value === (name === LOWER ? least : most);
}
