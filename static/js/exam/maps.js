// One method's maps of a whole stack: fetched at once, cut into slices as the panes know a map, with one range of colours for all of
// them, and the largest value per place over all slices. Knows no DOM.

import { octets } from "../viewport/film.js";

/** Fetches a stack's maps: {explanation, range, slice(at), most()}; whether a map speaks against the
 * finding is said of each slice. */
export async function fetchMaps(explanation, signal) {
  const values = new Float32Array(await octets(explanation.values_url, signal));
  const { slices, height, width } = explanation;
  if (values.length !== slices * height * width) throw new Error("length");
  return new StackMaps(explanation, values);
}

export class StackMaps {
  constructor(explanation, values) {
    Object.assign(this, { explanation, values, size: explanation.height * explanation.width, made: new Map() });
    this.range = ranges(values, this.size);
  }

  /** One slice's map, as viewport/map.js makes a film's. */
  slice(at) {
    return this.#map(at, () => this.values.subarray(at * this.size, (at + 1) * this.size));
  }

  /** The largest value of every place over all slices. */
  most() {
    return this.#map("most", () => {
      const out = this.values.slice(0, this.size);
      for (let i = this.size; i < this.values.length; i += 1) {
        const at = i % this.size;
        if (this.values[i] > out[at]) out[at] = this.values[i];
      }
      return out;
    });
  }

  #map(name, values) {
    if (!this.made.has(name)) {
      const { explanation, range } = this;
      const cut = values();
      const against = cut.reduce((sum, value) => sum + value, 0) < 0;
      this.made.set(name, { id: `${explanation.values_url} ${name}`, explanation, values: cut, ...range, against });
    }
    return this.made.get(name);
  }
}

// The ends of the colours are those of the slice where they lie farthest: most slices hold nothing, and over all of them a finding's
// own slice would be one flat colour. One copy of a slice is worked on.
function ranges(values, size) {
  const scratch = new Float32Array(size);
  let [positive, strength] = [0, 0];
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
  return { positive, strength };
}

// The 99.5th percentile as viewport/map.js takes it, linear between the two nearest ranks, without sorting a million values.
function percentile(values) {
  if (values.length === 0) return 0;
  const rank = 0.995 * (values.length - 1);
  const low = Math.floor(rank);
  const first = ranked(values, low);
  let next = Infinity;
  for (let i = low + 1; i < values.length; i += 1) next = Math.min(next, values[i]);
  return next === Infinity ? first : first + (next - first) * (rank - low);
}

/** The value that sorting would put at a rank (Hoare 1961); what is smaller lies before it afterwards. */
function ranked(values, rank) {
  let [from, to] = [0, values.length - 1];
  while (from < to) {
    const pivot = values[(from + to) >> 1];
    let [low, high] = [from, to];
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
