// Dragging onto panes: a layer out of the list, or what lies in another pane.

import { first } from "./elements.js";

/** @import { Pane } from "./pane.js" */

const LAYER = "application/x-whylight-layer";
const PLACE = "application/x-whylight-place";
const OWN = "application/x-whylight-own";

/**
 * Makes an element something that brings a layer onto a pane.
 * @param {HTMLElement} element
 * @param {string} id of the layer
 */
export function brings(element, id) {
  draggable(element, "copy", () => [LAYER, id]);
}

/**
 * Makes an element something that brings an image onto a pane, which shows it alone.
 * @param {HTMLElement} element
 * @param {string} own what places call it (seats.js)
 */
export function bringsImage(element, own) {
  draggable(element, "copy", () => [OWN, own]);
}

/**
 * Makes a pane something that layers can be dropped on, and that changes places with another one by its title.
 * @param {Pane} pane
 * @param {{ put: (id: string) => void, own: (own: string) => void, swap: (from: number) => void }} told
 */
export function takes(pane, { put, own, swap }) {
  const { element } = pane;
  draggable(first(element, ".pane-title"), "move", () => [PLACE, String(pane.place)]);
  element.addEventListener("dragover", (event) => {
    const types = event.dataTransfer?.types ?? [];
    if (![LAYER, PLACE, OWN].some((type) => types.includes(type))) return;
    event.preventDefault();
    element.toggleAttribute("data-drop", true);
  });
  element.addEventListener("dragleave", ({ relatedTarget: to }) => {
    if (!(to instanceof Node && element.contains(to))) element.removeAttribute("data-drop");
  });
  element.addEventListener("drop", (event) => {
    event.preventDefault();
    element.removeAttribute("data-drop");
    const id = event.dataTransfer?.getData(LAYER);
    const from = event.dataTransfer?.getData(PLACE);
    const image = event.dataTransfer?.getData(OWN);
    if (id) put(id);
    else if (image) own(image);
    else if (from && Number(from) !== pane.place) swap(Number(from));
  });
}

/**
 * @param {HTMLElement} element
 * @param {"copy" | "move"} effect
 * @param {() => [type: string, text: string]} carried
 */
function draggable(element, effect, carried) {
  element.draggable = true;
  element.addEventListener("dragstart", ({ dataTransfer }) => {
    if (!dataTransfer) return;
    dataTransfer.setData(...carried());
    dataTransfer.effectAllowed = effect;
  });
}
