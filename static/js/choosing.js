// The ticks in the worklist stay while its table is replaced, for those studies that are still in it.

import { all } from "./elements.js";

const BOXES = 'input[name="study"]';
/** @type {Set<string>} */
let ticked = new Set();

document.addEventListener("htmx:beforeSwap", () => {
  ticked = new Set(all(document, `${BOXES}:checked`, HTMLInputElement).map(({ value }) => value));
});
document.addEventListener("htmx:afterSwap", () => {
  for (const box of all(document, BOXES, HTMLInputElement)) box.checked = ticked.has(box.value);
});
