// How a layer is drawn, by what its values are: a scale of colours, classes by number, outlines of classes, grey values
// windowed as the film. Knows maps and settings; no DOM and no WebGL.

import { CLASSES, GREY, OUTLINES, SCALE, ends, fixed, sharedEnds } from "./viewport/map.js";

/** @import { Drawn, LayerMap, Overlaid, Overlay, Pair, Settings, Window } from "./types.js" */
/** @typedef {Pick<Overlay, "colours" | "threshold" | "smooth">} Coloured */
/**
 * What of a pane says how it looks: its method's map, or what its layer lays over the film; `influence`: the map's two sides
 * are no evidence for and against.
 * @typedef {object} Worn
 * @property {LayerMap | null} map
 * @property {Overlaid | null} overlay
 * @property {Drawn | null} drawn
 * @property {boolean} signed
 * @property {boolean} [influence]
 */
/** @typedef {Pick<Settings, "fixed" | "evened">} Scaling */

/** How a map begins above the threshold: its colours come up slowly, or at once, or only lines are drawn. */
export const EDGES = ["soft", "hard", "lines"];
const QUARTERS = 4;

const CLEAR = 0.05;

/**
 * Whether a pane's colours have two sides: what its map says of itself counts before what its method usually makes.
 * @param {Pick<Worn, "drawn" | "signed">} pane
 */
export function sided({ drawn, signed }) {
  return drawn?.explanation.signed ?? signed;
}

/**
 * What the renderer lays over a film, or null where a pane has nothing to lay over it.
 * @param {Worn} pane
 * @param {Settings} settings those in force in the pane
 * @param {{ mixed?: boolean, others?: LayerMap[] }} [beside] `mixed`: the reader has set an opacity for this pane alone;
 *   `others`: the maps that share their scale
 * @returns {Overlay | null}
 */
export function look(pane, settings, { mixed = false, others = [] } = {}) {
  const { map, overlay } = pane;
  const { opacity, alone } = settings;
  if (overlay) {
    const began = (overlay.faint ? faintly : hard)(coloured(pane, settings), settings);
    return { reading: SCALE, opacity, alone, contours: false, ...began, ...overlay };
  }
  if (!map) return null;
  const { kind = "relevance", scale } = map.explanation;
  if (scale === "classes") {
    const reading = kind === "outline" ? OUTLINES : CLASSES;
    return { map, reading, ends: [0, 255], colours: "classes", threshold: 0, opacity, smooth: false, alone };
  }
  if (scale === "grey") {
    const share = mixed ? opacity : 1;
    return { map, reading: GREY, ends: ends(map), colours: "grey", threshold: 0, opacity, smooth: true, share };
  }
  const range = scaled(map, sided(pane), settings, others);
  const contours = kind === "probability";
  const began = contours ? hard(coloured(pane, settings)) : edged(coloured(pane, settings), settings);
  const strength = settings.fading ? (map.explanation.drawing?.strength ?? 1) : 1;
  return { map: shown(map, settings), reading: SCALE, opacity, alone, contours, ends: range, strength, ...began };
}

/**
 * The map as it is drawn: one of single pixels smoothed at the network's stride, where the reader wants that.
 * @param {LayerMap} map
 * @param {Pick<Settings, "evened">} settings
 * @returns {LayerMap}
 */
export function shown(map, settings) {
  return (settings.evened && map.evened) || map;
}

/**
 * Where a map's colours end by the network's card; null where that does not say, or the reader wants the map's own range.
 * @param {Pick<LayerMap, "explanation">} map
 * @param {Scaling} settings
 */
export function fixedEnd({ explanation: { drawing } }, settings) {
  if (!settings.fixed || !drawing) return null;
  return settings.evened && drawing.sigma ? drawing.evened : drawing.high;
}

/**
 * @param {LayerMap} map
 * @param {boolean} signed
 * @param {Settings} settings
 * @param {LayerMap[]} others
 * @returns {Pair}
 */
function scaled(map, signed, settings, others) {
  const { shared, robust } = settings;
  if (shared && !fixed(map)) return sharedEnds(others, signed, robust);
  const high = fixedEnd(map, settings);
  return high ? [map.explanation.signed ? -high : 0, high] : ends(shown(map, settings), robust);
}

/**
 * @param {Coloured} colours
 * @returns {Coloured & Pick<Overlay, "soft" | "lines">}
 */
function hard(colours) {
  return { ...colours, soft: 0, lines: false };
}

/**
 * A soft edge comes up from the threshold to its double, or half-way to 1 where that is nearer.
 * @param {Coloured} colours
 * @param {Pick<Settings, "edge">} settings
 * @returns {Coloured & Pick<Overlay, "soft" | "lines">}
 */
function edged(colours, { edge }) {
  const { threshold } = colours;
  return { ...colours, soft: edge === "soft" ? Math.min(threshold, 1 - threshold) : 0, lines: edge === "lines" };
}

/**
 * Small values are there, but faint: with a soft edge colours come up from next to nothing to the threshold.
 * @param {Coloured} colours
 * @param {Pick<Settings, "edge">} settings
 * @returns {Coloured & Pick<Overlay, "soft" | "lines">}
 */
function faintly(colours, settings) {
  const { threshold } = colours;
  if (settings.edge !== "soft") return edged(colours, settings);
  return { ...colours, threshold: Math.min(threshold, CLEAR), soft: threshold, lines: false };
}

/**
 * How a value of a strength, 0 … 1, is drawn: with which share of the opacity, and in the colour of which strength.
 * @param {number} strength
 * @param {Pick<Overlay, "threshold" | "soft" | "lines">} look
 * @returns {Pair}
 */
export function covered(strength, { threshold, soft = 0, lines = false }) {
  if (lines) {
    const quarter = Math.min(Math.floor(strength * QUARTERS), QUARTERS - 1);
    const there = quarter > 0 && quarter / QUARTERS >= threshold;
    return there ? [1, Math.min(quarter + 1, QUARTERS) / QUARTERS] : [0, 0];
  }
  if (strength < threshold) return [0, strength];
  return [soft > 0 ? Math.min(1, (strength - threshold) / soft) : 1, strength];
}

/**
 * @param {Worn} pane
 * @param {Settings} settings
 * @returns {Coloured}
 */
function coloured(pane, { threshold, smooth, signed, unsigned, influence }) {
  const two = (pane.influence && influence) || signed;
  // A probability is never cut where it matters: only what is next to nothing stays clear.
  const cut = pane.drawn?.explanation.kind === "probability" ? Math.min(threshold, CLEAR) : threshold;
  return { colours: sided(pane) ? two : unsigned, threshold: cut, smooth };
}

/**
 * The window that a picture layer is seen through: the film's where the layer has values in it, else its own.
 * @param {LayerMap} map
 * @param {Window | null} chosen null for the film's lookup table
 * @returns {Window}
 */
export function windowOf({ low = 0, high = 0 }, chosen) {
  /** @type {Window} */
  const own = { centre: (low + high) / 2, width: high - low, shape: "LINEAR_EXACT" };
  if (!chosen) return own;
  const [from, to] = [chosen.centre - chosen.width / 2, chosen.centre + chosen.width / 2];
  const shared = Math.min(to, high) - Math.max(from, low);
  return shared > 0.1 * Math.min(chosen.width, high - low) ? chosen : own;
}
