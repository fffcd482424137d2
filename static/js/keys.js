// The keyboard: one table of keys and what they do, never while somebody types. templates/partials/keys.html shows the same table.

const TYPING = "input:not([type=range], [type=radio], [type=checkbox], [type=button], [type=submit]), textarea, select, [contenteditable]";
const PRESSABLE = "a, button, summary, input, label";
const SWITCH = "whylight-single-keys";

/** Listens for the keys of `actions`: {key: () => void}; "digit" and "shift digit" get the number from 1. */
export function listen(actions) {
  const box = document.getElementById("single-keys");
  box.checked = stored() !== "off";
  box.addEventListener("change", () => store(box.checked ? "on" : "off"));
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.altKey || event.metaKey) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.target.closest?.(TYPING) && event.key !== "Escape") return;
    const taken = event.ctrlKey ? ctrl(event, actions) : plain(event, actions, box.checked);
    if (taken) event.preventDefault();
  });
}

function ctrl(event, actions) {
  const key = event.key.toLowerCase();
  if (key !== "z" && (key !== "y" || event.shiftKey)) return false;
  actions[key === "y" || event.shiftKey ? "redo" : "undo"]();
  return true;
}

function plain(event, actions, single) {
  const { key, code, target } = event;
  if (actions.before(event)) return true;
  const named = ["Escape", "Home", "End", "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"].includes(key);
  if (!named && !single) return false;
  const pressable = target.closest?.(PRESSABLE);
  if (pressable && (named ? key !== "Escape" : key === " " || key === "Enter")) return false;
  if (!event.shiftKey && actions.reason(code)) return true;
  const digit = /^(?:Digit|Numpad)([1-5])$/.exec(code)?.[1];
  if (digit) {
    actions[event.shiftKey ? "verdict" : "preset"](Number(digit));
    return true;
  }
  const action = actions[key === " " ? "space" : key.length === 1 ? key.toLowerCase() : key];
  if (!action) return false;
  action();
  return true;
}

function stored() {
  try {
    return localStorage.getItem(SWITCH);
  } catch {
    return null;
  }
}

function store(value) {
  try {
    localStorage.setItem(SWITCH, value);
  } catch {
    // Without storage the switch holds for this page.
  }
}
