// How films and maps are shown: one state that all panes share, and what single panes keep for themselves. Plain values only,
// so that `state` can be stored and `restore` brings it back. Knows no DOM; whoever shows something listens. A pane is named by
// its place. Zoom, place and turns belong to a plane, the window to a series of slices; films have one of each, whatever series
// they are of.

import { UPRIGHT, turned } from "./geometry.js";
import { within } from "./histogram.js";

/** @import { Changes, Chosen, Film, Kept, Link, Own, Preset, Settings, Shared, State, View } from "../types.js" */
/** @typedef {{ view: string, window: string }} Group whose view and whose window a pane has, "" for films */

export const LEAST_ZOOM = 0.25;
export const MOST_ZOOM = 32;
/** The view and the window of films. */
export const FILMS = "";

/** @type {Readonly<View>} */
const UPRIGHT_VIEW = Object.freeze({ zoom: 1, x: 0.5, y: 0.5, turn: UPRIGHT });

/** @type {Readonly<Chosen>} */
const NO_WINDOW = Object.freeze({ window: null, preset: 0, invert: false });

/** @type {readonly (keyof Chosen)[]} */
const WINDOW = ["window", "preset", "invert"];

/** @type {readonly (keyof Shared)[]} */
const SHARED = [
  "overlays", "interpolated", "opacity", "threshold", "unsigned", "signed", "influence", "smooth", "shared", "robust", "fixed",
  "fading", "evened", "edge", "alone", "top", "overlap",
];

/**
 * What of a pane can be linked with the others, and the values that each link holds.
 * @type {Readonly<Record<Link, readonly string[]>>}
 */
export const LINKS = Object.freeze({
  zoom: ["zoom"],
  pan: ["x", "y"],
  window: WINDOW,
  slice: [],
  overlay: [
    "opacity", "threshold", "unsigned", "signed", "influence", "smooth", "shared", "robust", "fixed", "fading", "evened",
    "edge", "alone",
  ],
});

export class Display {
  /** @type {Set<(display: Display) => void>} */
  #listeners = new Set();

  /**
   * The view of films (""), and of each plane.
   * @type {Record<string, View>}
   */
  views = { [FILMS]: UPRIGHT_VIEW };

  /**
   * The window of films (""), and of each series of slices.
   * @type {Record<string, Chosen>}
   */
  windows = { [FILMS]: NO_WINDOW };

  /** @type {Own} */
  own = {};

  overlays = true;

  interpolated = true;

  opacity = 0.55;

  threshold = 0.25;

  unsigned = "viridis";

  signed = "coolwarm";

  smooth = true;

  shared = false;

  robust = true;

  /** Colours end where the network's card says. */
  fixed = true;

  /** What is improbable is drawn faintly. */
  fading = true;

  /** Maps of single pixels are smoothed at the network's stride. */
  evened = true;

  /** How a map begins above the threshold: see EDGES of looks.js. */
  edge = "soft";

  /** The colours of maps of influence, "" for those of the other signed ones. */
  influence = "";

  /** A layer by itself, without the film under it. */
  alone = false;

  top = 0.1;

  overlap = false;

  /**
   * What is in force, by group and place: asked for many times in every frame, put together once after a change.
   * @type {Map<string, Settings>}
   */
  #inForce = new Map();

  /** @param {(place: number | string) => Group} [group] */
  constructor(group = () => ({ view: FILMS, window: FILMS })) {
    this.group = group;
  }

  /**
   * Calls `listener` after every change.
   * @param {(display: Display) => void} listener
   */
  listen(listener) {
    this.#listeners.add(listener);
  }

  /**
   * Changes what all panes share.
   * @param {Partial<Shared> & { views?: Record<string, View>, windows?: Record<string, Chosen>, own?: Own }} changes
   */
  set(changes) {
    Object.assign(this, changes);
    this.#inForce.clear();
    for (const listener of this.#listeners) listener(this);
  }

  /** @returns {Shared} */
  get #shared() {
    /** @type {any} */
    const values = Object.fromEntries(SHARED.map((name) => [name, this[name]]));
    return values;
  }

  /**
   * Everything as plain values: the shared state, the view and the window of films, `views` and `windows` of planes and series,
   * and `own`.
   * @returns {State}
   */
  get state() {
    const { [FILMS]: view, ...views } = this.views;
    const { [FILMS]: chosen, ...windows } = this.windows;
    return structuredClone({ view, ...chosen, ...this.#shared, views, windows, own: this.own });
  }

  /**
   * Takes what `state` gave; what is missing stays as it is, and of `own` what makes no sense is left out.
   * @param {Partial<State>} state
   */
  restore(state) {
    const saved = structuredClone(state);
    /** @type {Parameters<Display["set"]>[0]} */
    const changes = taken(saved, SHARED);
    changes.views = { ...this.views, ...saved.views, [FILMS]: { ...this.views[FILMS], ...saved.view } };
    changes.windows = { ...this.windows, ...saved.windows, [FILMS]: { ...this.windows[FILMS], ...taken(saved, WINDOW) } };
    if ("own" in saved) changes.own = sound(saved.own);
    this.set(changes);
  }

  /**
   * The settings in force in one pane.
   * @param {number | string} place
   * @returns {Settings}
   */
  of(place) {
    const group = this.group(place);
    const key = JSON.stringify([place, group.view, group.window]);
    const known = this.#inForce.get(key);
    if (known) return known;
    const made = this.#of(place, group);
    this.#inForce.set(key, made);
    return made;
  }

  /**
   * @param {number | string} place
   * @param {Group} group
   * @returns {Settings}
   */
  #of(place, { view, window: series }) {
    const base = { ...this.#shared, view: this.views[view] ?? UPRIGHT_VIEW, ...(this.windows[series] ?? NO_WINDOW) };
    const own = this.own[place];
    if (!own) return base;
    const { zoom, x, y, ...others } = own.values;
    return { ...base, ...others, view: { ...base.view, ...defined({ zoom, x, y }) } };
  }

  /**
   * @param {number | string} place
   * @param {string} link
   */
  linked(place, link) {
    return !this.own[place]?.unlinked.includes(link);
  }

  /**
   * Lets a pane keep a link's values for itself, as they are now, or follow the others again.
   * @param {number | string} place
   * @param {Link} link
   * @param {boolean} on
   */
  link(place, link, on) {
    if (on === this.linked(place, link)) return;
    const { unlinked, values } = this.own[place] ?? { unlinked: [], values: {} };
    const settings = this.of(place);
    const others = on ? unlinked.filter((name) => name !== link) : [...unlinked, link];
    const kept = Object.entries(values).filter(([name]) => !LINKS[link].includes(name));
    const mine = on ? {} : taken({ ...settings, ...settings.view }, LINKS[link]);
    const own = { ...this.own, [place]: { unlinked: others, values: { ...Object.fromEntries(kept), ...mine } } };
    if (!others.length) delete own[place];
    this.set({ own });
  }

  /**
   * Changes settings from within a pane: those that it keeps for itself there, its plane's, its series', the others for all.
   * @param {number | string} place
   * @param {Changes} changes
   */
  change(place, changes) {
    const { view, ...others } = changes;
    const held = this.own[place]?.values ?? {};
    const wanted = Object.entries({ ...view, ...others });
    const mine = Object.fromEntries(wanted.filter(([name]) => name in held));
    /** @type {Kept} */
    const theirs = Object.fromEntries(wanted.filter(([name]) => !(name in held)));
    const { zoom, x, y, turn, window, preset, invert, ...next } = theirs;
    this.#groups(place, defined({ zoom, x, y, turn }), defined({ window, preset, invert }));
    const own = { ...this.own, [place]: { ...this.own[place], values: { ...held, ...mine } } };
    this.set(Object.keys(mine).length ? { ...next, own } : next);
  }

  /**
   * Moves a pane's plane, and windows its series.
   * @param {number | string} place
   * @param {Partial<View>} moved
   * @param {Partial<Chosen>} chosen
   */
  #groups(place, moved, chosen) {
    const { view, window: series } = this.group(place);
    if (Object.keys(moved).length) this.views = { ...this.views, [view]: { ...(this.views[view] ?? UPRIGHT_VIEW), ...moved } };
    if (!Object.keys(chosen).length) return;
    this.windows = { ...this.windows, [series]: { ...(this.windows[series] ?? NO_WINDOW), ...chosen } };
  }

  /**
   * The window of a preset by its place in `list`; null is the film's VOI LUT.
   * @param {Preset[]} list
   * @param {number} at
   * @param {number | string} place
   */
  choose(list, at, place) {
    if (list[at]) this.change(place, { window: list[at].window, preset: at });
  }

  /**
   * A window of the reader's own: dragging right widens it, dragging down darkens the film, whichever way its values run.
   * However far it is dragged, the film is never all white or all black (`limits` of histogram.js).
   * @param {Film} film
   * @param {Preset[]} list
   * @param {number} dx
   * @param {number} dy
   * @param {number | string} place
   */
  drag(film, list, dx, dy, place) {
    const from = this.of(place).window ?? list.find((entry) => entry.window)?.window;
    if (!from) return;
    const span = film.range[1] - film.range[0] || 1;
    const step = Math.max(from.width, span / 256) / 300;
    const darker = film.image.photometric === "MONOCHROME1" ? -1 : 1;
    const window = within(film, from, from.centre + dy * step * darker, from.width + dx * step);
    this.change(place, { window, preset: -1 });
  }

  /**
   * Turns and flips go with all panes of a plane, so that left is left in all of them.
   * @param {string} step see `turned`
   * @param {number | string} place
   */
  turn(step, place) {
    this.change(place, { view: { turn: turned(this.of(place).view.turn, step) } });
  }

  /** @param {number | string} place */
  fit(place) {
    this.change(place, { view: { ...UPRIGHT_VIEW, turn: this.of(place).view.turn } });
  }

  /**
   * @param {Preset[]} list
   * @param {number | string} place
   */
  reset(list, place) {
    this.change(place, { view: UPRIGHT_VIEW, invert: false, window: list[0]?.window ?? null, preset: 0 });
  }
}

/**
 * What panes keep for themselves was stored by a browser or carried by a link: it is looked at before it is used.
 * @param {unknown} own
 * @returns {Own}
 */
function sound(own) {
  /** @type {Own} */
  const out = {};
  for (const [place, kept] of Object.entries(own ?? {})) {
    if (!Array.isArray(kept?.unlinked) || !kept.values || typeof kept.values !== "object") continue;
    /** @type {Link[]} */
    const unlinked = kept.unlinked.filter(isLink);
    out[place] = { unlinked, values: taken(kept.values, unlinked.flatMap((link) => LINKS[link])) };
  }
  return out;
}

/**
 * @param {string} name
 * @returns {name is Link}
 */
function isLink(name) {
  return Object.hasOwn(LINKS, name);
}

/**
 * Those of some values that have these names.
 * @param {object} values
 * @param {readonly string[]} names
 * @returns {any}
 */
function taken(values, names) {
  return Object.fromEntries(Object.entries(values).filter(([name]) => names.includes(name)));
}

/**
 * Values that are there.
 * @template {object} T
 * @param {T} values
 * @returns {Partial<T>}
 */
function defined(values) {
  /** @type {any} */
  const found = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
  return found;
}
