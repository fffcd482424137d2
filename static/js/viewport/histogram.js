// How often a film has which values: counted once per film, for the curve under the window's control and for how far a window
// may be dragged. Plain values only; knows no DOM.

/** @import { Film, Level, Pair, Window } from "../types.js" */
/** @typedef {{ counts: Uint32Array, total: number, dark: number, light: number }} Counted by stored value */

const STORED = 65536;
/** Sides of the picture that is counted: a larger one tells no more. */
const ENOUGH = 512;
/** The share of a film's pixels, and of its spread, that a drag leaves below white and above black at least. */
const SEEN = 0.25;
/** The share of its pixels at either end that a film's spread leaves out. */
const TAIL = 0.01;

/** @type {WeakMap<Film, Counted>} */
const known = new WeakMap();

/**
 * The largest picture of a film that is small enough to count.
 * @param {Film} film
 * @returns {Level}
 */
function counted({ levels }) {
  const there = levels.filter((level) => level !== undefined);
  return there.find(({ width, height }) => Math.max(width, height) <= ENOUGH) ?? there[there.length - 1];
}

/**
 * @param {Film} film
 * @returns {Counted}
 */
function count(film) {
  const before = known.get(film);
  if (before) return before;
  const counts = new Uint32Array(STORED);
  const { data } = counted(film);
  for (let i = 0; i < data.length; i += 1) counts[data[i]] += 1;
  let dark = 0;
  let light = STORED - 1;
  while (dark < light && !counts[dark]) dark += 1;
  while (light > dark && !counts[light]) light -= 1;
  const made = { counts, total: data.length, dark, light };
  known.set(film, made);
  return made;
}

/**
 * A film's value of a stored one.
 * @param {Film} film
 * @param {number} stored
 */
function valueOf({ bias, image }, stored) {
  return (stored - bias) * image.slope + image.intercept;
}

/**
 * How many pixels lie in each of some equal steps between the ends of a film's values, from the lowest value up.
 * @param {Film} film
 * @param {number} steps
 */
export function histogram(film, steps) {
  const { counts, dark, light } = count(film);
  const [low, high] = film.range;
  const bins = new Array(steps).fill(0);
  for (let stored = dark; stored <= light; stored += 1) {
    if (!counts[stored]) continue;
    const share = high > low ? (valueOf(film, stored) - low) / (high - low) : 0;
    bins[Math.min(steps - 1, Math.max(0, Math.floor(share * steps)))] += counts[stored];
  }
  return bins;
}

/**
 * The value below which a share of a film's pixels lies, those at the very ends left out: borders and what is burnt in.
 * @param {Film} film
 * @param {number} share
 */
function quantile(film, share) {
  const { counts, total, dark, light } = count(film);
  const between = total - counts[dark] - counts[light];
  const [from, to] = between > 0 ? [dark + 1, light - 1] : [dark, light];
  const least = share * (between > 0 ? between : total);
  let seen = 0;
  for (let stored = from; stored <= to; stored += 1) {
    seen += counts[stored];
    if (seen >= least && seen > 0) return valueOf(film, stored);
  }
  return valueOf(film, to);
}

/**
 * Where the white end of a window that is dragged stops at the lowest, and its black end at the highest: a quarter of the
 * film's pixels and of its spread stays below white, and as much above black.
 * @param {Film} film
 * @returns {Pair}
 */
export function limits(film) {
  const share = (/** @type {number} */ at) => quantile(film, film.image.slope < 0 ? 1 - at : at);
  const [low, high] = [share(TAIL), share(1 - TAIL)];
  const spread = high - low;
  return [Math.max(share(SEEN), low + SEEN * spread), Math.min(share(1 - SEEN), high - SEEN * spread)];
}

/**
 * A window that a hand makes of another one, within what leaves the film to be seen. What lay beyond that already, by a header
 * or a link, goes no further.
 * @param {Film} film
 * @param {Window} from
 * @param {number} centre
 * @param {number} width
 * @returns {Window}
 */
export function within(film, from, centre, width) {
  const span = film.range[1] - film.range[0] || 1;
  const least = from.shape === "LINEAR" ? Math.max(1, span / STORED) : span / STORED;
  const wide = Math.min(Math.max(width, Math.min(least, from.width)), Math.max(2 * span, from.width));
  const [white, black] = limits(film);
  const lowest = Math.min(white, from.centre + from.width / 2) - wide / 2;
  const highest = Math.max(black, from.centre - from.width / 2) + wide / 2;
  return { ...from, width: wide, centre: Math.min(Math.max(centre, lowest), Math.max(highest, lowest)) };
}
