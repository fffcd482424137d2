// The keyboard and the clock in the worklist and the flagged list: j/k or arrows move, Enter opens (the link has the focus), "/" searches.
// Everything works without this file, with Tab and Enter. The search text is kept for this tab only, so that the list is as it
// was when a reader comes back from a case.

import { resend } from "./saving.js";

const search = document.getElementById("search");
const form = search?.form;
const kept = `whylight-search ${location.pathname}`;

const typing = (element) => element.matches?.("input, select, textarea, [contenteditable]");
const links = () => [...document.querySelectorAll("[data-row-link]")];

function move(step) {
  const rows = links();
  if (rows.length === 0) return;
  const at = rows.indexOf(document.activeElement);
  const to = at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + step));
  rows[to].focus();
  rows[to].closest("tr").scrollIntoView({ block: "nearest" });
}

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
  if (typing(event.target)) return;
  const act = {
    j: () => move(1), ArrowDown: () => move(1), k: () => move(-1), ArrowUp: () => move(-1),
    Home: () => end(false), End: () => end(true), "/": () => search?.select(),
  }[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

// The server writes times in UTC; a reader's clock says something else.
function localise() {
  for (const time of document.querySelectorAll("time[datetime]:not([data-local])")) {
    const moment = new Date(time.dateTime);
    const two = (number) => String(number).padStart(2, "0");
    const clock = time.querySelector(".clock");
    clock.textContent = `${two(moment.getHours())}:${two(moment.getMinutes())}`;
    time.title = `${time.dateTime.slice(0, 16).replace("T", " ")} UTC`;
    time.firstChild.textContent = `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
    time.dataset.local = "";
  }
}

localise();
document.addEventListener("htmx:afterSwap", localise);

function remember() {
  if (search.value) sessionStorage.setItem(kept, search.value);
  else sessionStorage.removeItem(kept);
}

if (search) {
  search.addEventListener("input", remember);
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-search-reset]")) sessionStorage.removeItem(kept);
  });
  const text = sessionStorage.getItem(kept);
  if (text && !search.value) {
    search.value = text;
    form.requestSubmit();
  }
}

// Verdicts that a case page could not send before it was closed.
resend();
