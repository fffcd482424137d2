// How a map is drawn, in words: what stands under the colours of its pane. Knows maps and settings; no DOM.

import { fixedEnd } from "./looks.js";
import { words } from "./words.js";

/** @import { LayerMap, Overlaid, Settings } from "./types.js" */
/** @typedef {{ map: LayerMap | null, overlay: Overlaid | null }} Mapped */

/**
 * What is to be known of a map, then its range, its fading, its smoothing; of other kinds of layers the first alone. It
 * stands here and not over the film, where it would cover what is looked at.
 * @param {Mapped} pane
 * @param {Settings} settings
 */
export function told({ map, overlay }, settings) {
  if (!map || overlay) return [];
  const { kind = "relevance", notes = [] } = map.explanation;
  if (kind !== "relevance") return notes;
  const range = words(ranged(map, settings));
  return [...notes, weak(map, settings), range, faded(map, settings), evened(map, settings)].filter(Boolean);
}

/**
 * A map that stays below the threshold all over, so that nobody takes a plain film for one without evidence.
 * @param {LayerMap} map
 * @param {Settings} settings
 */
function weak(map, settings) {
  const end = settings.shared ? null : fixedEnd(map, settings);
  const { min, max, signed } = map.explanation;
  const strongest = Math.max(max, signed ? -min : 0);
  if (!end || !(strongest > 0) || strongest >= settings.threshold * end) return "";
  return words("drawn.weak", Math.round((100 * strongest) / end));
}

/**
 * The key of what the colours' ends are.
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
