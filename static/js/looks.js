// How a layer is drawn, by what its values are: a scale of colours, classes by number, outlines of classes, grey values
// windowed as the film. Knows maps and settings; no DOM and no WebGL.

import { CLASSES, GREY, OUTLINES, SCALE, ends, fixed, sharedEnds } from "./viewport/map.js";

/** @import { Drawn, LayerMap, Overlaid, Overlay, Pair, Settings, Window } from "./types.js" */
/** @typedef {Pick<Overlay, "colours" | "threshold" | "smooth">} Coloured */
/**
 * What of a pane says how it looks: its method's map, or what its layer lays over the film.
 * @typedef {{ map: LayerMap | null, overlay: Overlaid | null, drawn: Drawn | null, signed: boolean }} Worn
 */

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
  if (overlay) return { reading: SCALE, opacity, alone, contours: false, ...coloured(pane, settings), ...overlay };
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
  return { map, reading: SCALE, opacity, alone, contours: kind === "probability", ends: range, ...coloured(pane, settings) };
}

/**
 * @param {LayerMap} map
 * @param {boolean} signed
 * @param {Settings} settings
 * @param {LayerMap[]} others
 * @returns {Pair}
 */
function scaled(map, signed, { shared, robust }, others) {
  return shared && !fixed(map) ? sharedEnds(others, signed, robust) : ends(map, robust);
}

/**
 * @param {Worn} pane
 * @param {Settings} settings
 * @returns {Coloured}
 */
function coloured(pane, { threshold, smooth, signed, unsigned }) {
  // A probability is never cut where it matters: only what is next to nothing stays clear.
  const cut = pane.drawn?.explanation.kind === "probability" ? Math.min(threshold, CLEAR) : threshold;
  return { colours: sided(pane) ? signed : unsigned, threshold: cut, smooth };
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
