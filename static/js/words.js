// Words from the payload's catalogue, and saying something to readers who do not see the page change.

import { element } from "./elements.js";

/** @import { Strings } from "./types.js" */

const PAUSE = 80;

/** @type {Strings} */
let known = {};
let timer = 0;

/**
 * Takes the catalogue of the payload.
 * @param {Strings} strings
 */
export function learn(strings) {
  known = strings;
}

/**
 * The sentence of a key; {0}, {1} … are replaced by what follows.
 * @param {string} key
 * @param {...(string | number)} values
 */
export function words(key, ...values) {
  return (known[key] ?? key).replace(/\{(\d)\}/g, (_, place) => String(values[Number(place)]));
}

/** Every sentence, for a part that takes several. */
export function catalogue() {
  return known;
}

/**
 * Speaks through the page's live region; several in a row are spoken as the last one.
 * @param {string} text
 */
export function say(text) {
  clearTimeout(timer);
  timer = setTimeout(() => {
    element("said").textContent = text;
  }, PAUSE);
}
