// The keyboard: one table of keys and what they do, never while somebody types. templates/partials/keys.html shows the same
// table.

import { element, inside } from "./elements.js";

/**
 * @typedef {object} Actions
 * @property {(event: KeyboardEvent) => boolean} before is asked before all others; true when it took the key
 * @property {() => unknown} undo
 * @property {() => unknown} redo
 * @property {(code: string) => boolean | undefined} reason true when the key chose one
 * @property {(number: number) => unknown} verdict a digit with Shift, from 1
 * @property {(number: number) => unknown} preset a digit, from 1
 * @property {Record<string, () => unknown>} keys every other key, by its name, with "Shift+" in front where it means something
 *   else then; "space" is the space bar
 */

const FREE = "input:not([type=range], [type=radio], [type=checkbox], [type=button], [type=submit])";
const TYPING = `${FREE}, textarea, select, [contenteditable]`;
const PRESSABLE = "a, button, summary, input, label";
const NAMED = ["Escape", "Home", "End", "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"];
const SWITCH = "whylight-single-keys";

/**
 * Listens for keys.
 * @param {Actions} actions
 */
export function listen(actions) {
  const box = element("single-keys", HTMLInputElement);
  box.checked = stored() !== "off";
  box.addEventListener("change", () => store(box.checked ? "on" : "off"));
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.altKey || event.metaKey) return;
    if (document.querySelector("dialog[open]")) return;
    if (inside(event.target, TYPING) && event.key !== "Escape") return;
    const taken = event.ctrlKey ? ctrl(event, actions) : plain(event, actions, box.checked);
    if (taken) event.preventDefault();
  });
}

/**
 * @param {KeyboardEvent} event
 * @param {Actions} actions
 */
function ctrl(event, actions) {
  const key = event.key.toLowerCase();
  if (key !== "z" && (key !== "y" || event.shiftKey)) return false;
  if (key === "y" || event.shiftKey) actions.redo();
  else actions.undo();
  return true;
}

/**
 * @param {KeyboardEvent} event
 * @param {Actions} actions
 * @param {boolean} single whether single keys work
 */
function plain(event, actions, single) {
  const { key, code, target } = event;
  if (actions.before(event)) return true;
  const named = NAMED.includes(key);
  if (!named && !single) return false;
  if (inside(target, PRESSABLE) && (named ? key !== "Escape" : key === " " || key === "Enter")) return false;
  if (!event.shiftKey && actions.reason(code)) return true;
  const digit = /^(?:Digit|Numpad)([1-5])$/.exec(code)?.[1];
  if (digit) {
    if (event.shiftKey) actions.verdict(Number(digit));
    else actions.preset(Number(digit));
    return true;
  }
  const name = nameOf(key);
  const action = (event.shiftKey && actions.keys[`Shift+${name}`]) || actions.keys[name];
  if (!action) return false;
  action();
  return true;
}

/** @param {string} key */
function nameOf(key) {
  if (key === " ") return "space";
  return key.length === 1 ? key.toLowerCase() : key;
}

function stored() {
  try {
    return localStorage.getItem(SWITCH);
  } catch {
    return null;
  }
}

/** @param {string} value */
function store(value) {
  try {
    localStorage.setItem(SWITCH, value);
  } catch {
    // Without storage the switch holds for this page.
  }
}
