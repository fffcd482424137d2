// What the reader says of the shown finding by keys: present, absent, unsure. The buttons are the server's (point.html).

import { element } from "./elements.js";

/** @type {Record<string, string>} */
const KEYS = { P: "present", A: "absent", U: "unsure" };

/**
 * With Shift; true when it took the key.
 * @param {KeyboardEvent} event
 */
export function opine(event) {
  const opinion = event.shiftKey && !event.ctrlKey ? KEYS[event.key.toUpperCase()] : undefined;
  if (!opinion) return false;
  const shown = `.finding:has(input:checked) + .point [data-opinion="${opinion}"]`;
  const button = element("findings").querySelector(shown);
  if (!(button instanceof HTMLButtonElement)) return false;
  button.click();
  return true;
}
