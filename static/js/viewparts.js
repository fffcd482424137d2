// The parts of a view that every case has: where it is, how films and maps are shown, which pane is in front. Each is {save,
// load} for permalink.js. Whatever comes out of a link was typed, cut or made up by somebody: it is looked at before it is
// used.

import { EDGES } from "./looks.js";
import { INFLUENCE, SIGNED, UNSIGNED } from "./viewport/colormaps.js";
import { clamp } from "./viewport/geometry.js";
import { Display, LEAST_ZOOM, LINKS, MOST_ZOOM } from "./viewport/state.js";
import { words } from "./words.js";

/** @import { Arrangement, CaseData, Chosen, Link, Part, State, View, Window } from "./types.js" */
/** @import { Grid } from "./grid.js" */
/** @import { Pane } from "./pane.js" */
/** @import { Panes } from "./panes.js" */
/** @import { Scrolling } from "./scrolling.js" */
/** @import { Stack } from "./stacks/stack.js" */
/** @import { Tools } from "./tools.js" */
/** @typedef {{ image?: string, model?: string, finding?: string, version?: unknown }} PlaceSaved */
/** @typedef {{ layout?: unknown, active?: string, large?: string, box?: [number, number] }} PanesSaved */
/** @typedef {{ at?: Record<string, number>, stack?: string, most?: unknown }} SlicesSaved */
/**
 * What of a case says at which images its stacks stand.
 * @typedef {object} Scrolled
 * @property {Panes} panes
 * @property {Map<string, Stack>} stacks
 * @property {Grid} grid
 * @property {Scrolling} scrolling
 * @property {boolean} maximum whether the largest value over the slices is shown
 * @property {() => void} most shows it, or shows it no more
 */

const VERSION_SHOWN = 8;
const LONGEST = 64;

/**
 * Image, network with its version, and finding. The page was loaded at what the link says where that is still there.
 * @param {{ readonly data: CaseData }} page
 * @returns {Part}
 */
export function placePart(page) {
  return {
    save: () => {
      const { image, model, finding, prediction } = page.data;
      return { image, model, finding, version: prediction?.model_sha256 ?? "" };
    },
    load: (/** @type {PlaceSaved} */ { image, model, finding, version }) => {
      const { data } = page;
      const said = [];
      if (image && image !== data.image) said.push(words("link.image"));
      if (model && model !== data.model) said.push(words("link.model", model));
      else if (finding && finding !== data.finding && data.prediction) said.push(words("link.finding", finding));
      const now = data.prediction?.model_sha256 ?? "";
      if (model === data.model && version && now && version !== now) {
        said.push(words("link.version", String(version).slice(0, VERSION_SHOWN), now.slice(0, VERSION_SHOWN)));
      }
      return said;
    },
  };
}

/**
 * Window, inversion, zoom, place, turns, and everything about overlays: every value of `display` that is not as a case opens.
 * @param {Display} display
 * @param {Tools} tools
 * @returns {Part}
 */
export function displayPart(display, tools) {
  /** @returns {State} */
  const usual = () => ({ ...new Display().state, window: tools.presets[0]?.window ?? null });
  return {
    save: () => {
      const first = new Map(Object.entries(usual()));
      const { windows, ...state } = display.state;
      /** @type {[string, unknown][]} */
      const all = Object.entries(state);
      const differs = all.filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(first.get(name)));
      const own = tools.changed(windows);
      if (Object.keys(own).length) differs.push(["windows", own]);
      return differs.length ? Object.fromEntries(differs) : null;
    },
    load: (/** @type {object} */ saved) => {
      const first = usual();
      const fit = Object.entries(saved).filter(([name, value]) => name in first && fits(name, value, first));
      /** @type {State} */
      const next = { ...first, ...Object.fromEntries(fit) };
      if (next.preset >= tools.presets.length) next.preset = -1;
      next.view = bounded(next.view);
      next.views = Object.fromEntries(Object.entries(next.views).map(([plane, view]) => [plane, bounded(view)]));
      display.restore(next);
      return fit.length < Object.keys(saved).length ? words("link.partly") : "";
    },
  };
}

/**
 * @param {View} view
 * @returns {View}
 */
function bounded(view) {
  return { ...view, zoom: clamp(view.zoom, LEAST_ZOOM, MOST_ZOOM), x: clamp(view.x, 0, 1), y: clamp(view.y, 0, 1) };
}

const TURNS = ["1,0,0,1", "-1,0,0,1", "1,0,0,-1", "-1,0,0,-1", "0,1,1,0", "0,-1,1,0", "0,1,-1,0", "0,-1,-1,0"];
const SHAPES = ["LINEAR", "LINEAR_EXACT", "SIGMOID"];

/**
 * What values may be that are no plain number, text or switch.
 * @type {Record<string, (value: unknown, usual: State) => boolean>}
 */
const FITS = {
  window: (value) => value === null || isWindow(value),
  view: isView,
  views: (value) => entries(value).every(([plane, view]) => plane.length <= LONGEST && isView(view)),
  windows: (value) => entries(value).every(([series, kept]) => series.length <= LONGEST && isKept(kept)),
  own: isOwn,
  unsigned: (value) => typeof value === "string" && UNSIGNED.includes(value),
  signed: (value) => typeof value === "string" && SIGNED.includes(value),
  influence: (value) => typeof value === "string" && INFLUENCE.includes(value),
  edge: (value) => typeof value === "string" && EDGES.includes(value),
  preset: isPreset,
  opacity: isShare,
  threshold: isShare,
  top: isShare,
};

/**
 * Whether a value can stand under a name of the display's.
 * @param {string} name
 * @param {unknown} value
 * @param {State} usual
 * @returns {boolean}
 */
function fits(name, value, usual) {
  if (Object.hasOwn(FITS, name)) return FITS[name](value, usual);
  const known = new Map(Object.entries(usual)).get(name);
  return typeof value === typeof known && (typeof value !== "number" || Number.isFinite(value));
}

/** @param {unknown} value */
function isShare(value) {
  return typeof value === "number" && value >= 0 && value <= 1;
}

/**
 * What is under a value's names; one entry that is nothing where it has none.
 * @param {unknown} value
 * @returns {[string, unknown][]}
 */
function entries(value) {
  return value && typeof value === "object" && !Array.isArray(value) ? Object.entries(value) : [["", null]];
}

/** @param {unknown} value */
function isView(value) {
  const { zoom, x, y, turn } = /** @type {Partial<View>} */ (value ?? {});
  return [zoom, x, y].every(Number.isFinite) && TURNS.includes(String(turn));
}

/** @param {unknown} value */
function isKept(value) {
  const { window: chosen, preset, invert } = /** @type {Partial<Chosen>} */ (value ?? {});
  return (chosen === null || isWindow(chosen)) && isPreset(preset) && typeof invert === "boolean";
}

/** @param {unknown} value */
function isPreset(value) {
  return Number.isInteger(value) && Number(value) >= -1;
}

/**
 * What single panes keep for themselves: {place: {unlinked: [link …], values}}, each value one of an unlinked link's.
 * @param {unknown} value
 * @param {State} usual
 */
function isOwn(value, usual) {
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).every(([place, own]) => /^\d{1,2}$/.test(place) && isKeeping(own, usual));
}

/**
 * @param {unknown} value
 * @param {State} usual
 */
function isKeeping(value, usual) {
  const { unlinked, values } = /** @type {{ unlinked?: unknown, values?: unknown }} */ (value ?? {});
  if (!Array.isArray(unlinked) || !unlinked.every((link) => link in LINKS)) return false;
  const names = unlinked.flatMap((/** @type {Link} */ link) => LINKS[link]);
  return Object.entries(values ?? {}).every(([name, one]) => {
    return names.includes(name) && (["zoom", "x", "y"].includes(name) ? Number.isFinite(one) : fits(name, one, usual));
  });
}

/** @param {unknown} value */
function isWindow(value) {
  const { centre, width, shape } = /** @type {Partial<Window>} */ (value ?? {});
  return Number.isFinite(centre) && Number.isFinite(width) && Number(width) > 0 && SHAPES.includes(shape ?? "");
}

/**
 * Keeps which pane is active for as long as this tab lives, so that loading a case again does not lose the map that is judged;
 * the next study of a list that is read through opens at the same one.
 * @param {Panes} panes
 * @param {string} study
 * @param {string} queue the list that is read through, "" for none
 */
export function keepActive(panes, study, queue) {
  const names = [study, queue].filter(Boolean).map((id) => `whylight-active ${id}`);
  try {
    const kept = names.map((name) => sessionStorage.getItem(name)).find(Boolean);
    const last = panes.all.find(({ layer }) => layer && layer === kept);
    if (last) panes.activate(last);
    panes.onActivate(({ layer }) => names.forEach((name) => sessionStorage.setItem(name, layer)));
  } catch {
    // Without storage the first map is active.
  }
}

/**
 * Which layers lie where, which pane is active, which one is enlarged, and how large a pane was: {layout, active, large, box};
 * a pane is named by its element's id, and there is no layout where it is the one that a case opens with.
 * @param {Panes} panes
 * @param {Grid} grid
 * @returns {Part}
 */
export function panesPart(panes, grid) {
  // What the server laid out: a reader's own layout, which their browser keeps, belongs into the link.
  const usual = JSON.stringify(grid.first);
  /** @param {string | undefined} id */
  const named = (id) => panes.all.find(({ element }) => element.id === id);
  return {
    save: () => {
      const [first] = panes.shown;
      /** @type {PanesSaved} */
      const saved = { active: panes.active.element.id, box: [Math.round(first.box.width), Math.round(first.box.height)] };
      if (JSON.stringify(grid.layout) !== usual || grid.places.some(({ own }) => own)) saved.layout = grid.layout;
      return panes.enlarged ? { ...saved, large: first.element.id } : saved;
    },
    load: (/** @type {PanesSaved} */ { layout, active, large }) => {
      const wished = isLayout(layout) ? layout : grid.first;
      if (JSON.stringify(grid.layout) !== JSON.stringify(wished)) grid.show(wished);
      const wanted = large ? named(large) : undefined;
      enlarge(panes, wanted);
      const front = named(active);
      if (front) panes.activate(front);
      return (large && !wanted) || (active && !front) ? words("link.pane") : "";
    },
  };
}

/**
 * @param {Panes} panes
 * @param {Pane | undefined} wanted
 */
function enlarge(panes, wanted) {
  if (panes.enlarged && panes.shown[0] !== wanted) panes.toggleLarge(panes.shown[0]);
  if (wanted && !panes.enlarged) panes.toggleLarge(wanted);
}

/**
 * @param {unknown} value
 * @returns {value is Arrangement}
 */
export function isLayout(value) {
  const { rows, columns, layers } = /** @type {Partial<Arrangement>} */ (value ?? {});
  const whole = [rows, columns].every((count) => Number.isInteger(count) && Number(count) >= 1);
  return whole && Array.isArray(layers) && layers.every((id) => typeof id === "string");
}

/**
 * Which image each stack stands at, which stack a grid shows, and whether the largest value over the slices is shown: {at:
 * {stack: place}, stack, most}. Places are those of the stored stack: a link means the same image to whoever looks through
 * stacks from the other end. Only stacks on the screen are named.
 * @param {Scrolled} page
 * @returns {Part}
 */
export function slicesPart(page) {
  const { panes, stacks, grid, scrolling } = page;
  return {
    save: () => {
      const at = new Map();
      for (const { stack } of panes.all) if (stack && !stack.separate && !stack.guest) at.set(stack.id, stack.image.at);
      return at.size ? { at: Object.fromEntries(at), stack: grid.stack?.id ?? "", most: page.maximum } : null;
    },
    load: (/** @type {SlicesSaved} */ { at = {}, stack: id = "", most }) => {
      const stack = stacks.get(id);
      const there = (/** @type {string} */ name, /** @type {number} */ place) => (stacks.get(name)?.placeOf(place) ?? -1) >= 0;
      const known = Object.entries(at ?? {}).filter(([name, place]) => there(name, place));
      if (grid.arrangement === "grid" && stack && grid.stack !== stack) grid.turnTo(stack);
      for (const [name, place] of known) {
        const one = stacks.get(name);
        if (one) scrolling.to(one, one.placeOf(place));
      }
      if (Boolean(most) !== page.maximum) page.most();
      return known.length < Object.keys(at ?? {}).length ? words("link.image") : "";
    },
  };
}
