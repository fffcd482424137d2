// The keyboard and the clock in the worklist and the flagged list: j/k or arrows move, Enter opens (the link has the focus),
// "/" searches. Everything works without this file, with Tab and Enter. The address says what the list shows, and which row was
// opened last: a reader who comes back from a case finds it where they left it.

import "./between.js";
import "./choosing.js";
import { all, optional } from "./elements.js";
import { resend } from "./saving.js";

const search = optional("search", HTMLInputElement);

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

// The row that is opened stands in the address, so that coming back leads to it.
document.addEventListener("click", ({ target }) => {
  const link = target instanceof Element ? target.closest("[data-row-link]") : null;
  if (link?.id) history.replaceState(history.state, "", `#${link.id}`);
});

function returned() {
  const row = links().find(({ id }) => id && location.hash === `#${id}`);
  if (!row) return;
  row.focus({ preventScroll: true });
  row.closest("tr")?.scrollIntoView({ block: "center" });
}

returned();
window.addEventListener("pageshow", ({ persisted }) => persisted && returned());

// The table asks by itself for what is new. Meanwhile what the reader is on stays under their eyes and keeps the focus: the row
// under the pointer, the one with the focus, else the first in sight of a page that was scrolled.
/** @type {{ id: string, top: number } | null} */
let held = null;

function holding() {
  const on = document.querySelector("tr.table-link:hover, tr.table-link:has(:focus)");
  const seen = scrollY > 0 ? all(document, "tr.table-link").find((row) => row.getBoundingClientRect().bottom > 0) : null;
  return { row: on ?? seen, on: Boolean(on) };
}

document.addEventListener("htmx:beforeSwap", (event) => {
  const { detail } = /** @type {CustomEvent} */ (event);
  held = null;
  if (!detail.requestConfig.elt.hasAttribute("data-poll")) return;
  const { row, on } = holding();
  const id = row?.querySelector("[data-row-link]")?.id ?? "";
  if (!row || !id) return;
  if (on && !detail.serverResponse.includes(`id="${id}"`)) detail.shouldSwap = false;
  held = { id, top: row.getBoundingClientRect().top };
});

document.addEventListener("htmx:afterSwap", () => {
  const row = held && document.getElementById(held.id)?.closest("tr");
  if (held && row) scrollBy({ top: row.getBoundingClientRect().top - held.top, behavior: "instant" });
  held = null;
});

// The header's forms come back to what the list shows by now, and not to what it showed when the page was loaded; and that is
// what another network is to read.
document.addEventListener("htmx:afterSwap", () => {
  const address = document.querySelector("[data-list]")?.getAttribute("data-list");
  if (!address) return;
  for (const field of all(document, "input[name=back], .again input[name=list]", HTMLInputElement)) field.value = address;
});

document.addEventListener("click", ({ target }) => {
  if (target instanceof Element && target.closest("[data-print]")) window.print();
});

// Verdicts that a case page could not send before it was closed.
resend();
