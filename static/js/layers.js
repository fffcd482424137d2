// What a pane can show: the plain film, a method's map, and whatever else registers itself here. Panes and the list of layers
// read this registry; who makes a layer knows neither.

/** @import { Layer } from "./types.js" */
/** @typedef {Pick<Layer, "id" | "kind" | "title"> & Partial<Layer>} Offered */

/** What a layer is that does not say otherwise. */
const BARE = {
  summary: "",
  method: "",
  caution: "",
  signed: false,
  influence: false,
  above: "",
  below: "",
  more: false,
  variant: false,
};

/** @type {Map<string, Readonly<Layer>>} */
const known = new Map();

/** @type {Set<(id: string) => void>} */
const listeners = new Set();

/** @type {(id: string) => void} */
let provider = () => {};

/**
 * Puts a layer in, or replaces the one of the same id.
 *
 * `id`: "film", "map:lrp", "agreement" …; `kind`: "film", "agreement", or the kind of a stored layer; `title` and `summary` in
 * the reader's language; `method`, `caution`, `above`, `below` (what the ends of its colours mean) and `influence`: of a stored
 * layer; `more`: it came because a reader asked, `variant`: and is one of another layer. `overlay(pane)`, for layers that are
 * not stored, returns
 * null or what it lays over the film; what is missing in it is as the reader has set it. `film(pane)`, for a layer that shows
 * another film (an edited one), returns it as fetchFilm makes it, or null.
 * @param {Offered} offered
 */
export function register(offered) {
  const before = known.get(offered.id);
  const made = Object.freeze({ ...BARE, ...offered });
  known.set(offered.id, made);
  if (before && alike(before, made)) return;
  for (const listener of listeners) listener(offered.id);
}

/**
 * @param {Layer} one
 * @param {Layer} other
 */
function alike(one, other) {
  const values = new Map(Object.entries(one));
  return Object.entries(other).every(([name, value]) => values.get(name) === value);
}

/**
 * Takes a layer out; panes that showed it fall empty.
 * @param {string} id
 */
export function withdraw(id) {
  if (known.delete(id)) for (const listener of listeners) listener(id);
}

/**
 * Calls `make(id)` when a layer is wanted that is not there: it may register it.
 * @param {(id: string) => void} make
 */
export function provides(make) {
  provider = make;
}

/**
 * The layer of an id, or undefined.
 * @param {string} id
 */
export function layer(id) {
  if (!known.has(id)) provider(id);
  return known.get(id);
}

/** Every layer, in the order in which they came. */
export function layers() {
  return [...known.values()];
}

/**
 * Calls `listener(id)` when a layer comes, changes or goes.
 * @param {(id: string) => void} listener
 */
export function onLayers(listener) {
  listeners.add(listener);
}
