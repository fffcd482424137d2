// Regions that were drawn but belong to no verdict yet: kept in this browser, so that a reload loses none.

/** @import { Region } from "./types.js" */
/** @typedef {{ image: string, finding: string }} Subject what a region is drawn on, and for which finding */

const KEPT = "whylight-region ";

/** @param {Subject} subject */
function nameOf({ image, finding }) {
  return `${KEPT}${image} ${finding}`;
}

/**
 * Keeps the region of an image and finding; null forgets it.
 * @param {Subject} subject
 * @param {Region | null} region
 */
export function keepDraft(subject, region) {
  try {
    if (region) localStorage.setItem(nameOf(subject), JSON.stringify(region));
    else localStorage.removeItem(nameOf(subject));
  } catch {
    // Without storage a region that no verdict has is lost with the page, as its words say.
  }
}

/**
 * The region that was kept, or null.
 * @param {Subject} subject
 * @returns {Region | null}
 */
export function draft(subject) {
  try {
    return JSON.parse(localStorage.getItem(nameOf(subject)) ?? "null");
  } catch {
    return null;
  }
}
