// One layer's values over a whole stack (a film is a stack of one): fetched at once, cut into slices as the panes know a map,
// with one range of colours for all of them, and the largest value per place over all slices. Knows no DOM.

import { evened } from "../viewport/evening.js";
import { octets } from "../viewport/film.js";

/** @import { ExplanationData, LayerMap, Pair, Scale } from "../types.js" */
/** @typedef {{ positive: number, strength: number, low: number, high: number }} Range */
/** @typedef {Range & { least: number, most: number }} Extremes */

const KEPT = 24;

/** Layers that were fetched, each once, by the address that names what they hold; the oldest go where there are many. */
export class Maps {
  /** @type {Map<string, StackMaps>} */
  #known = new Map();

  /** @type {Map<string, Promise<StackMaps>>} */
  #fetching = new Map();

  /** @param {() => string[]} held gives the addresses that panes show, which stay */
  constructor(held) {
    this.held = held;
  }

  /**
   * A layer's values if they are here, else undefined.
   * @param {Pick<ExplanationData, "values_url">} explanation
   */
  known({ values_url: address }) {
    return this.#known.get(address);
  }

  /**
   * A layer's values.
   * @param {ExplanationData} explanation
   * @returns {Promise<StackMaps>}
   */
  async get(explanation) {
    const { values_url: address } = explanation;
    const known = this.#known.get(address);
    if (known) return known;
    const maps = await (this.#fetching.get(address) ?? this.#fetch(explanation));
    this.#known.set(address, maps);
    const held = new Set(this.held());
    const spare = [...this.#known.keys()].filter((key) => !held.has(key) && key !== address);
    for (const old of spare.slice(0, Math.max(0, this.#known.size - KEPT))) this.#known.delete(old);
    return maps;
  }

  /** @param {ExplanationData} explanation */
  #fetch(explanation) {
    const { values_url: address } = explanation;
    const fetching = fetchMaps(explanation).finally(() => this.#fetching.delete(address));
    this.#fetching.set(address, fetching);
    return fetching;
  }
}

/**
 * Fetches a layer's values.
 * @param {ExplanationData} explanation
 * @param {AbortSignal} [signal]
 */
export async function fetchMaps(explanation, signal) {
  const values = new Float32Array(await octets(explanation.values_url, signal));
  const { slices, height, width } = explanation;
  if (values.length !== slices * height * width) throw new Error("length");
  return new StackMaps(explanation, values);
}

export class StackMaps {
  /**
   * What was cut, by its place or "most".
   * @type {Map<number | "most", LayerMap>}
   */
  #made = new Map();

  /**
   * The same smoothed at the network's stride.
   * @type {Map<number | "most", LayerMap>}
   */
  #evened = new Map();

  /** @type {Extremes | null} */
  #evenedRange = null;

  /**
   * @param {ExplanationData} explanation
   * @param {Float32Array} values
   */
  constructor(explanation, values) {
    this.explanation = explanation;
    this.values = values;
    this.size = explanation.height * explanation.width;
    /** One for all slices. */
    this.range = ranges(values, this.size, explanation.scale);
  }

  /**
   * One slice's map: {id, explanation, values, positive, strength, low, high, against}; `against`: it weighs against the
   * finding.
   * @param {number} at
   */
  slice(at) {
    return this.#map(at, () => this.values.subarray(at * this.size, (at + 1) * this.size));
  }

  /** Whether the largest value over the slices says anything: of classes and pictures it does not. */
  get ordered() {
    return !["classes", "grey"].includes(this.explanation.scale);
  }

  /** The largest value of every place over all slices. */
  most() {
    return this.#map("most", () => largest(this.values, this.size));
  }

  /**
   * @param {number | "most"} name
   * @param {() => Float32Array} cut
   * @returns {LayerMap}
   */
  #map(name, cut) {
    const known = this.#made.get(name);
    if (known) return known;
    const { explanation, range } = this;
    const values = cut();
    const against = explanation.kind === "relevance" && values.reduce((sum, value) => sum + value, 0) < 0;
    /** @type {LayerMap} */
    const made = { id: `${explanation.values_url} ${name}`, explanation, values, ...range, against };
    if (explanation.drawing?.sigma) Object.defineProperty(made, "evened", { get: () => this.#smooth(name, made) });
    this.#made.set(name, made);
    return made;
  }

  /**
   * A map of single pixels smoothed at the network's stride, once.
   * @param {number | "most"} name
   * @param {LayerMap} raw
   * @returns {LayerMap}
   */
  #smooth(name, raw) {
    const known = this.#evened.get(name);
    if (known) return known;
    const values = name === "most" ? largest(this.#evenedValues(), this.size) : this.#evenedSlice(name);
    const range = () => this.evenedRange;
    /** @type {LayerMap} */
    const made = {
      id: `${raw.id} evened`,
      explanation: {
        ...raw.explanation,
        get min() {
          return range().least;
        },
        get max() {
          return range().most;
        },
      },
      values,
      get positive() {
        return range().positive;
      },
      get strength() {
        return range().strength;
      },
      against: raw.against,
    };
    this.#evened.set(name, made);
    return made;
  }

  /** @param {number} at */
  #evenedSlice(at) {
    const { width, drawing } = this.explanation;
    return evened(this.values.subarray(at * this.size, (at + 1) * this.size), width, drawing.sigma);
  }

  /** Every slice smoothed. */
  #evenedValues() {
    const out = new Float32Array(this.values.length);
    for (let at = 0; at < this.explanation.slices; at += 1) out.set(this.#smooth(at, this.slice(at)).values, at * this.size);
    return out;
  }

  /** One for all slices, smoothed. */
  get evenedRange() {
    if (!this.#evenedRange) {
      const values = this.#evenedValues();
      let [least, most] = [Infinity, -Infinity];
      for (const value of values) {
        least = Math.min(least, value);
        most = Math.max(most, value);
      }
      this.#evenedRange = { ...ranges(values, this.size, this.explanation.scale), least, most };
    }
    return this.#evenedRange;
  }
}

/**
 * The largest value of every place over all slices.
 * @param {Float32Array} values
 * @param {number} size of a slice
 */
function largest(values, size) {
  const out = values.slice(0, size);
  for (let i = size; i < values.length; i += 1) {
    const at = i % size;
    if (values[i] > out[at]) out[at] = values[i];
  }
  return out;
}

/**
 * The ends of the colours are those of the slice where they lie farthest: most slices hold nothing, and over all of them a
 * finding's own slice would be one flat colour. One copy of a slice is worked on.
 * @param {Float32Array} values
 * @param {number} size of a slice
 * @param {Scale} scale
 * @returns {Range}
 */
function ranges(values, size, scale) {
  if (scale === "classes") return { positive: 255, strength: 255, low: 0, high: 255 };
  const [low, high] = scale === "grey" ? middle(values) : [0, 0];
  const scratch = new Float32Array(size);
  let positive = 0;
  let strength = 0;
  for (let from = 0; from < values.length; from += size) {
    let count = 0;
    for (let i = from; i < from + size; i += 1) {
      if (values[i] > 0) {
        scratch[count] = values[i];
        count += 1;
      }
    }
    positive = Math.max(positive, percentile(scratch.subarray(0, count)));
    for (let i = 0; i < size; i += 1) scratch[i] = Math.abs(values[from + i]);
    strength = Math.max(strength, percentile(scratch));
  }
  return { positive, strength, low, high };
}

/**
 * Grey values open as a film without a window does: from the 0.5th to the 99.5th percentile, or from end to end.
 * @param {Float32Array} values
 * @returns {Pair}
 */
function middle(values) {
  const low = percentile(values.slice(), 0.005);
  const high = percentile(values.slice(), 0.995);
  if (high > low) return [low, high];
  let least = Infinity;
  let most = -Infinity;
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return [least, Math.max(most, least + 1e-6)];
}

/**
 * The 99.5th percentile as viewport/map.js takes it, linear between the two nearest ranks, without sorting a million values;
 * changes their order.
 * @param {Float32Array} values
 * @param {number} [share]
 */
function percentile(values, share = 0.995) {
  if (values.length === 0) return 0;
  const rank = share * (values.length - 1);
  const low = Math.floor(rank);
  const first = ranked(values, low);
  let next = Infinity;
  for (let i = low + 1; i < values.length; i += 1) next = Math.min(next, values[i]);
  return next === Infinity ? first : first + (next - first) * (rank - low);
}

/**
 * The value that sorting would put at a rank (Hoare 1961); what is smaller lies before it afterwards.
 * @param {Float32Array} values
 * @param {number} rank
 */
function ranked(values, rank) {
  let from = 0;
  let to = values.length - 1;
  while (from < to) {
    const pivot = values[(from + to) >> 1];
    let low = from;
    let high = to;
    while (low <= high) {
      while (values[low] < pivot) low += 1;
      while (values[high] > pivot) high -= 1;
      if (low <= high) {
        [values[low], values[high]] = [values[high], values[low]];
        low += 1;
        high -= 1;
      }
    }
    if (rank <= high) to = high;
    else if (rank >= low) from = low;
    else break;
  }
  return values[rank];
}
