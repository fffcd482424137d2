// How a map is drawn, in words: what stands under the colours of its pane. Knows maps and settings; no DOM.

import { covered, fixedEnd } from "./looks.js";
import { words } from "./words.js";

/** @import { LayerMap, Overlaid, Overlay, Settings } from "./types.js" */
/** @import { StackMaps } from "./stacks/maps.js" */
/** @import { Stack } from "./stacks/stack.js" */
/** @typedef {{ map: LayerMap | null, overlay: Overlaid | null }} Drawing */
/** @typedef {Drawing & { maps: StackMaps | null, stack: Stack | null, at: number }} Mapped */

/** Of the opacity: what is laid so faintly nobody sees. */
const SEEN = 0.04;

/**
 * The largest value of every slice of a layer, by size; worked out once.
 * @type {WeakMap<Float32Array, number[]>}
 */
const known = new WeakMap();

/**
 * What is to be known of a map, then why it is not seen, its range, its fading, its smoothing; of attention the first two, of
 * other kinds of layers the first alone. It stands here and not over the film, where it would cover what is looked at.
 * @param {Mapped} pane
 * @param {Settings} settings
 * @param {Overlay | null} seen how the map is drawn
 */
export function told(pane, settings, seen) {
  const { map, overlay } = pane;
  if (!map || overlay) return [];
  const { kind = "relevance", notes = [] } = map.explanation;
  if (kind !== "relevance" && kind !== "attention") return notes;
  const why = unseen(pane, seen)?.text ?? "";
  if (kind === "attention") return [...notes, why].filter(Boolean);
  return [...notes, why, rangeOf(map, settings), faded(map, settings), evened(map, settings)].filter(Boolean);
}

/**
 * Several sentences as one, which ends with one full stop.
 * @param {string[]} sentences
 */
export function ended(sentences) {
  const text = sentences.join(" · ");
  return /[.!?…。]$/u.test(text) ? text : `${text}.`;
}

/**
 * Why nothing of a map is seen, so that nobody takes a plain film for one without evidence: in words, and the place of the
 * slice on which the map is strongest, null where that helps nothing; null where it is seen.
 * @param {Mapped} pane
 * @param {Overlay | null} seen how the map is drawn
 * @returns {{ text: string, go: number | null } | null}
 */
export function unseen({ map, maps, stack, at }, seen) {
  if (!map || !seen || seen.contours || !(seen.ends[1] > 0)) return null;
  const end = seen.ends[1];
  const here = strongest((seen.map ?? map).values);
  const there = (/** @type {number} */ value) => covered(Math.min(value / end, 1), seen)[0];
  const faint = seen.opacity * (seen.strength ?? 1);
  if (there(here) * faint >= SEEN) return null;
  const others = stack && maps && maps.explanation.slices === stack.count ? (stack.ordered(slices(maps)) ?? []) : [];
  const go = others.length > 1 ? others.indexOf(Math.max(...others)) : -1;
  if (go >= 0 && go !== at && there(others[go]) * faint >= SEEN) {
    return { text: words("drawn.elsewhere", go + 1), go };
  }
  if (!(here > 0)) return null;
  const percent = Math.round((100 * here) / end);
  const laid = Math.round(100 * there(here) * faint);
  return { text: there(here) > 0 ? words("drawn.faint", laid) : words("drawn.weak", percent), go: null };
}

/** @param {Float32Array} values */
function strongest(values) {
  let most = 0;
  for (const value of values) most = Math.max(most, Math.abs(value));
  return most;
}

/** @param {StackMaps} maps */
function slices({ values, size, explanation }) {
  const before = known.get(values);
  if (before) return before;
  const each = Array.from({ length: explanation.slices }, (_, at) => strongest(values.subarray(at * size, (at + 1) * size)));
  known.set(values, each);
  return each;
}

/**
 * What the colours' ends are, in words.
 * @param {LayerMap} map
 * @param {Settings} settings
 */
export function rangeOf(map, settings) {
  return words(ranged(map, settings));
}

/**
 * @param {LayerMap} map
 * @param {Settings} settings
 */
function ranged(map, settings) {
  if (settings.shared) return "range.shared";
  if (fixedEnd(map, settings)) return `range.${map.explanation.drawing?.source}`;
  return settings.robust ? "range.map" : "range.full";
}

/**
 * @param {LayerMap} map
 * @param {Settings} settings
 */
function faded({ explanation: { drawing } }, { fading }) {
  if (!drawing || drawing.probability === null) return "";
  if (!fading) return words("drawn.unfaded");
  if (drawing.strength >= 1) return "";
  return words("drawn.faded", Math.round(drawing.strength * 100), (drawing.probability * 100).toFixed(1));
}

/**
 * @param {LayerMap} map
 * @param {Settings} settings
 */
function evened({ explanation: { drawing } }, settings) {
  if (!drawing?.sigma) return "";
  return settings.evened ? words("drawn.evened", drawing.pixels) : words("drawn.raw");
}
