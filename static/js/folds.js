// What is fetched anew beside the panes, and its folded parts: those that the reader opened stay open, and those that were
// closed stay closed.

import { optional } from "./elements.js";

/** @import { Told } from "./types.js" */

/**
 * Fetches the findings, or what is said of the maps of the shown finding alone: where their evidence lies.
 * @param {Told} told
 * @param {boolean} whole
 */
export async function anew({ image, model, finding, urls }, whole) {
  const target = whole ? "#findings" : "#lying";
  if (!whole && !optional("lying")) return;
  // htmx keeps one waiting request per source and lets the others go: what asks for maps must not wait in this line.
  const how = whole ? { swap: "innerHTML" } : { swap: "outerHTML", select: target };
  await htmx.ajax("get", `${urls.case}?${new URLSearchParams({ image, model, finding })}`, { source: target, target, ...how });
}

/**
 * Keeps the state of every `details` with an id in an element that htmx fills.
 * @param {HTMLElement} element
 */
export function keepFolds(element) {
  /** @type {Map<string, boolean>} */
  const chosen = new Map();
  element.addEventListener("click", ({ target }) => {
    const summary = target instanceof Element ? target.closest("summary") : null;
    const fold = summary?.parentElement;
    if (fold instanceof HTMLDetailsElement && fold.id) chosen.set(fold.id, !fold.open); // it turns after the click
  });
  element.addEventListener("htmx:afterSwap", () => {
    for (const [id, open] of chosen) {
      const fold = document.getElementById(id);
      if (fold instanceof HTMLDetailsElement) fold.open = open;
    }
  });
}
