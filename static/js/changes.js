// What an edit of the film changes, one row per finding: its name, before → after, the change in percentage points, and a bar
// of what stayed and what moved.

import { words } from "./words.js";

/** @import { ChangeData } from "./types.js" */

/** @param {number} probability */
export function percent(probability) {
  return `${(probability * 100).toFixed(1)} %`;
}

/**
 * The row of one finding.
 * @param {ChangeData} change
 */
export function row(change) {
  const points = change.change * 100;
  const size = Math.abs(points).toFixed(1);
  const sign = points > 0 ? "+" : "−";
  const by = size === "0.0" ? size : `${sign}${size}`;
  const item = document.createElement("li");
  item.className = "change";
  item.dataset.finding = change.finding;
  item.dataset.way = points < 0 ? "down" : "up";
  item.setAttribute("aria-label", words("whatif.row", change.label, percent(change.before), percent(change.after), by));
  item.append(part("name", change.label));
  item.append(part("from", `${percent(change.before)} → ${percent(change.after)}`));
  item.append(part("by", by));
  item.append(bar(change));
  return item;
}

/** @param {ChangeData} change */
function bar({ before, after }) {
  const low = Math.min(before, after);
  const high = Math.max(before, after);
  const track = part("track");
  const held = part("held");
  const moved = part("moved");
  held.style.width = `${low * 100}%`;
  moved.style.insetInlineStart = `${low * 100}%`;
  moved.style.width = `${(high - low) * 100}%`;
  track.append(held, moved);
  return track;
}

/**
 * @param {string} name
 * @param {string} [text]
 */
function part(name, text = "") {
  const made = document.createElement("span");
  made.className = `change-${name}`;
  made.textContent = text;
  return made;
}
