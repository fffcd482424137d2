// Regions that were drawn but belong to no verdict yet: kept in this browser, so that a reload loses none.

const KEPT = "whylight-region ";

/** Keeps the region of an image and finding; null forgets it. */
export function keepDraft({ image, finding }, region) {
  try {
    const name = `${KEPT}${image} ${finding}`;
    if (region) localStorage.setItem(name, JSON.stringify(region));
    else localStorage.removeItem(name);
  } catch {
    // Without storage a region that no verdict has is lost with the page, as its words say.
  }
}

/** The region that was kept, or null. */
export function draft({ image, finding }) {
  try {
    return JSON.parse(localStorage.getItem(`${KEPT}${image} ${finding}`));
  } catch {
    return null;
  }
}
