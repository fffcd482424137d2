// A place of the grid, and a place as text. A place names a plane, whose stack it shows, or an image of its own, or neither:
// then it shows what the grid is about. An image of its own is one of this study by its id, or "study.image", one of another
// study of the patient, whose image is "" as long as nobody knows which one belongs beside this one. In a saved layout, which
// is of no study, "other" stands for the study's other film and "prior" for the study before this one.

/** @import { Seat } from "./types.js" */
/** @typedef {{ rows: number, columns: number, places: Seat[] }} Seats */

export const MOST_ROWS = 3;
export const MOST_COLUMNS = 4;
export const PLANES = ["sagittal", "coronal", "axial"];
export const OTHER = "other";
export const PRIOR = "prior";
const OWN = /^(other|prior|[a-z2-7]{12}|[a-z2-7]{12}\.([a-z2-7]{12})?)$/;

/**
 * A place as text: "map:rap", "sagittal|map:rap" where it shows a plane's stack, "@image|film" with an image of its own.
 * @param {Seat} place
 */
export function spelt({ plane, own, id }) {
  if (own) return `@${own}|${id}`;
  return plane ? `${plane}|${id}` : id;
}

/**
 * What `spelt` wrote.
 * @param {string} text
 * @returns {Seat}
 */
export function parsed(text) {
  const [front, id] = text.includes("|") ? text.split("|") : ["", text];
  if (front.startsWith("@")) return OWN.test(front.slice(1)) ? seat(id, { own: front.slice(1) }) : seat("");
  return PLANES.includes(front) || !front ? seat(id, { plane: front }) : seat("");
}

/**
 * @param {string} id of the layer, "" for an empty place
 * @param {{ plane?: string, own?: string }} [shows]
 * @returns {Seat}
 */
export function seat(id, { plane = "", own = "" } = {}) {
  return { plane, own, id };
}

/**
 * The study and the image of a place's own, the study "" for this one.
 * @param {string} own
 */
export function partsOf(own) {
  const [study, image] = own.includes(".") ? own.split(".") : ["", own];
  return { study, image };
}

/**
 * What a place of its own calls a stack of slices.
 * @param {{ data: { images: { id: string }[] } }} stack
 */
export function ownOf({ data }) {
  return data.images[0].id;
}

/**
 * Places where what stood beside is read now: what was read before stands there instead, so that nothing is shown twice.
 * @param {Seat[]} places
 * @param {string} before what was read, as places of their own call it
 * @param {string} now what is read
 */
export function exchanged(places, before, now) {
  return places.map((place) => (place.own === now ? { ...place, own: before } : place));
}

/**
 * How many panes stand side by side where there are so many.
 * @param {number} count
 */
export function columnsOf(count) {
  if (count === 1) return 1;
  if (count === 2 || count === 4) return 2;
  // Nine lie three by three; else a fourth column leaves films more room than a third row.
  return count > 6 && count !== MOST_ROWS * 3 ? MOST_COLUMNS : 3;
}

/**
 * So many places in as many rows as they need.
 * @param {Seat[]} places
 * @param {number} [columns]
 * @returns {Seats}
 */
export function seated(places, columns = columnsOf(places.length)) {
  return { rows: Math.ceil(places.length / columns), columns, places };
}

/**
 * Every plane next to the others, a layer over all of them.
 * @param {string} id
 * @returns {Seats}
 */
export function abreast(id) {
  return seated(PLANES.map((plane) => seat(id, { plane })), PLANES.length);
}
