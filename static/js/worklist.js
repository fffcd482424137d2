// The keyboard and the clock in the worklist and the flagged list: j/k or arrows move, Enter opens (the link has the focus),
// "/" searches. Everything works without this file, with Tab and Enter. The search text is kept for this tab only, so that the
// list is as it was when a reader comes back from a case.

import "./between.js";
import "./choosing.js";
import { all, optional } from "./elements.js";
import { resend } from "./saving.js";

const search = optional("search", HTMLInputElement);
const kept = `whylight-search ${location.pathname}`;

/** @type {Record<string, () => void>} */
const KEYS = {
  j: () => move(1),
  ArrowDown: () => move(1),
  k: () => move(-1),
  ArrowUp: () => move(-1),
  Home: () => end(false),
  End: () => end(true),
  "/": () => search?.select(),
};

/** @param {EventTarget | null} target */
function typing(target) {
  return target instanceof Element && target.matches("input, select, textarea, [contenteditable]");
}

function links() {
  return all(document, "[data-row-link]");
}

/** @param {number} step */
function move(step) {
  const rows = links();
  if (rows.length === 0) return;
  const at = rows.findIndex((row) => row === document.activeElement);
  const first = step > 0 ? 0 : rows.length - 1;
  const row = rows[at < 0 ? first : Math.min(rows.length - 1, Math.max(0, at + step))];
  row.focus();
  row.closest("tr")?.scrollIntoView({ block: "nearest" });
}

/** @param {boolean} last */
function end(last) {
  const rows = links();
  rows[last ? rows.length - 1 : 0]?.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target === search && event.key === "ArrowDown") {
    event.preventDefault();
    end(false);
    return;
  }
  if (typing(event.target) || !Object.hasOwn(KEYS, event.key)) return;
  event.preventDefault();
  KEYS[event.key]();
});

/** @param {number} number */
function two(number) {
  return String(number).padStart(2, "0");
}

// The server writes times in UTC; a reader's clock says something else.
function localise() {
  for (const time of all(document, "time[datetime]:not([data-local])", HTMLTimeElement)) {
    const moment = new Date(time.dateTime);
    const clock = time.querySelector(".clock");
    if (clock) clock.textContent = `${two(moment.getHours())}:${two(moment.getMinutes())}`;
    time.title = `${time.dateTime.slice(0, 16).replace("T", " ")} UTC`;
    if (time.firstChild) {
      time.firstChild.textContent = `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
    }
    time.dataset.local = "";
  }
}

localise();
document.addEventListener("htmx:afterSwap", localise);

/** @param {HTMLInputElement} field */
function remember(field) {
  if (field.value) sessionStorage.setItem(kept, field.value);
  else sessionStorage.removeItem(kept);
}

if (search) {
  search.addEventListener("input", () => remember(search));
  document.addEventListener("click", ({ target }) => {
    if (target instanceof Element && target.closest("[data-search-reset]")) sessionStorage.removeItem(kept);
  });
  const text = sessionStorage.getItem(kept);
  if (text && !search.value) {
    search.value = text;
    search.form?.requestSubmit();
  }
}

// Verdicts that a case page could not send before it was closed.
resend();
