// The list in a pane's head of what can stand in it: the stacks of its plane and all others, which it shares with other panes;
// and what it can show alone: any image of the study, and the patient's other studies.

import { first } from "./elements.js";
import { PLANES } from "./seats.js";
import { words } from "./words.js";

/** @import { Seat } from "./types.js" */
/** @import { Guests } from "./guests.js" */
/** @import { Pane } from "./pane.js" */
/** @import { Stack } from "./stacks/stack.js" */

/**
 * Fills a pane's list. In a grid the first pane chooses for all.
 * @param {Pane} pane
 * @param {Seat} place
 * @param {{ stacks: Map<string, Stack>, guests: Guests }} page
 */
export function offered(pane, { plane, own }, { stacks, guests }) {
  const list = first(pane.element, ".pane-series", HTMLSelectElement);
  const all = [...stacks.values()];
  const mine = all.filter((stack) => stack.plane === plane);
  const rest = all.filter((stack) => stack.plane !== plane);
  const odd = rest.some((stack) => !PLANES.includes(stack.plane));
  const useful = all.length > 1 && !own && (plane ? mine.length > 1 || odd || !pane.stack : pane.place === 0);
  /** @param {Stack} stack */
  const option = (stack) => new Option(stack.listed, stack.id);
  const shared = useful ? [...mine, ...rest].map(option) : [];
  const about = useful ? (pane.stack?.id ?? "") : "@";
  const here = own ? `@${own}` : about;
  const alone = options(guests);
  list.hidden = !useful && !alone.length;
  // What is no choice but an offer is seen in the pane that is in hand.
  list.toggleAttribute("data-offer", !useful && !own);
  const none = here ? [] : [new Option(words("series.choose"), "")];
  const back = useful || !alone.length ? [] : [new Option(words(plane ? "series.plane" : "series.shown"), "@")];
  list.replaceChildren(...none, ...shared, ...back, ...alone);
  list.value = here;
}

/** @param {Guests} guests */
function options({ listed: { mine, visits } }) {
  const groups = [];
  if (mine.length > 1) groups.push(group(words("series.alone"), mine));
  if (visits.length) groups.push(group(words("series.visits"), visits));
  return groups;
}

/**
 * @param {string} title
 * @param {{ own: string, title: string }[]} entries
 */
function group(title, entries) {
  const made = document.createElement("optgroup");
  made.label = title;
  made.append(...entries.map((entry) => new Option(entry.title, `@${entry.own}`)));
  return made;
}
