// What a pane can show: the plain film, a method's map, and whatever else registers itself here. Panes and the list of layers read
// this registry; who makes a layer knows neither.

const known = new Map();
const listeners = new Set();

/**
 * Puts a layer in, or replaces the one of the same id. `id`: "film", "map:lrp", "agreement:0.1" …; `kind`: "film", "map" or another
 * word; `title` and `summary` in the reader's language; `method`: for a method's map. `overlay(film)`, for layers that are no
 * method's map, returns null or {map, ends, colours?, threshold?, opacity?, smooth?}: `map` as fetchMap makes it (id, values,
 * explanation with extent, width, height, min, max, signed), what is missing as the reader has set it. `film(shown)`, for a layer
 * that shows another film (an aligned or a changed one), returns it as fetchFilm makes it, or null.
 */
export function register(layer) {
  known.set(layer.id, Object.freeze({ summary: "", method: "", signed: false, ...layer }));
  for (const listener of listeners) listener(layer.id);
}

/** Takes a layer out; panes that showed it fall empty. */
export function withdraw(id) {
  if (known.delete(id)) for (const listener of listeners) listener(id);
}

/** The layer of an id, or undefined. */
export function layer(id) {
  return known.get(id);
}

/** Every layer, in the order in which they came. */
export function layers() {
  return [...known.values()];
}

/** Calls `listener(id)` when a layer comes, changes or goes. */
export function onLayers(listener) {
  listeners.add(listener);
}
