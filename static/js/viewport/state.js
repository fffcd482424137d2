// How films and maps are shown: one state that all panes share, and what single panes keep for themselves. Plain values only, so that
// `state` can be stored and `restore` brings it back. Knows no DOM; whoever shows something listens. A pane is named by its place.

import { UPRIGHT, clamp, turned } from "./geometry.js";

const UPRIGHT_VIEW = Object.freeze({ zoom: 1, x: 0.5, y: 0.5, turn: UPRIGHT });
const FIRST = Object.freeze({
  overlays: true,
  interpolated: true,
  opacity: 0.55,
  threshold: 0.25,
  unsigned: "viridis",
  signed: "coolwarm",
  smooth: true,
  shared: false,
  robust: true,
  top: 0.1,
  overlap: false,
});

/** What of a pane can be linked with the others, and the values that each link holds. */
export const LINKS = Object.freeze({
  zoom: ["zoom"],
  pan: ["x", "y"],
  window: ["window", "preset", "invert"],
  slice: [],
  overlay: ["opacity", "threshold", "unsigned", "signed", "smooth", "shared", "robust"],
});
const FIELDS = ["view", "window", "preset", "invert", ...Object.keys(FIRST)];

export class Display {
  #listeners = new Set();

  constructor() {
    Object.assign(this, { view: UPRIGHT_VIEW, window: null, preset: 0, invert: false, ...FIRST, own: {} });
  }

  /** Calls `listener` after every change. */
  listen(listener) {
    this.#listeners.add(listener);
  }

  set(changes) {
    Object.assign(this, changes);
    for (const listener of this.#listeners) listener(this);
  }

  /** Everything as plain values: the shared state, and `own`, {place: {unlinked: [link …], values}}. */
  get state() {
    return structuredClone(Object.fromEntries([...FIELDS, "own"].map((name) => [name, this[name]])));
  }

  /** Takes what `state` gave; what is missing stays as it is, and of `own` what makes no sense is left out. */
  restore(state) {
    const known = Object.fromEntries([...FIELDS, "own"].filter((name) => name in state).map((name) => [name, state[name]]));
    if ("own" in known) known.own = sound(known.own);
    this.set(structuredClone(known));
  }

  /** The settings in force in one pane. */
  of(place) {
    const own = this.own[place];
    if (!own) return this;
    const { zoom, x, y, ...others } = own.values;
    return { ...this, ...others, view: { ...this.view, ...defined({ zoom, x, y }) } };
  }

  linked(place, link) {
    return !this.own[place]?.unlinked.includes(link);
  }

  /** Lets a pane keep a link's values for itself, as they are now, or follow the others again. */
  link(place, link, on) {
    if (on === this.linked(place, link)) return;
    const { unlinked, values } = this.own[place] ?? { unlinked: [], values: {} };
    const now = { ...this.of(place), ...this.of(place).view };
    const others = on ? unlinked.filter((name) => name !== link) : [...unlinked, link];
    const kept = Object.entries(values).filter(([name]) => !LINKS[link].includes(name));
    const mine = on ? [] : LINKS[link].map((name) => [name, now[name]]);
    const own = { ...this.own, [place]: { unlinked: others, values: Object.fromEntries([...kept, ...mine]) } };
    if (!others.length) delete own[place];
    this.set({ own });
  }

  /** Changes settings from within a pane: those that it keeps for itself there, the others for all. */
  change(place, changes) {
    const own = this.own[place];
    if (!own) return this.set(changes);
    const { view = {}, ...others } = changes;
    const wanted = Object.entries({ ...view, ...others });
    const mine = Object.fromEntries(wanted.filter(([name]) => name in own.values));
    const all = Object.fromEntries(wanted.filter(([name]) => !(name in own.values)));
    const { zoom, x, y, turn, ...settings } = all;
    return this.set({
      ...settings,
      view: { ...this.view, ...defined({ zoom, x, y, turn }) },
      own: { ...this.own, [place]: { ...own, values: { ...own.values, ...mine } } },
    });
  }

  /** The window of a preset by its place in `list`; null is the film's VOI LUT. */
  choose(list, at, place) {
    if (list[at]) this.change(place, { window: list[at].window, preset: at });
  }

  /** A window of the reader's own: dragging right widens it, dragging down darkens the film, whichever way its values run. */
  drag(film, list, dx, dy, place) {
    const from = this.of(place).window ?? list.find((entry) => entry.window).window;
    const span = film.range[1] - film.range[0] || 1;
    const step = Math.max(from.width, span / 256) / 300;
    const darker = film.image.photometric === "MONOCHROME1" ? -1 : 1;
    const least = from.shape === "LINEAR" ? 1 : span / 65536;
    const width = clamp(from.width + dx * step, Math.min(least, from.width), span * 4 + from.width);
    const centre = clamp(from.centre + dy * step * darker, film.range[0] - span, film.range[1] + span);
    this.change(place, { window: { ...from, width, centre }, preset: -1 });
  }

  /** Turns and flips go with all panes, so that left is left in all of them. */
  turn(step) {
    this.set({ view: { ...this.view, turn: turned(this.view.turn, step) } });
  }

  fit(place) {
    this.change(place, { view: { ...UPRIGHT_VIEW, turn: this.view.turn } });
  }

  reset(list, place) {
    this.change(place, { view: UPRIGHT_VIEW, invert: false, window: list[0]?.window ?? null, preset: 0 });
  }
}

// Stored by a browser or carried by a link: looked at before it is used.
function sound(own) {
  const panes = Object.entries(own ?? {}).filter(([, kept]) => Array.isArray(kept?.unlinked) && kept.values && typeof kept.values === "object");
  return Object.fromEntries(
    panes.map(([place, { unlinked, values }]) => {
      const links = unlinked.filter((link) => Object.hasOwn(LINKS, link));
      const names = links.flatMap((link) => LINKS[link]);
      return [place, { unlinked: links, values: Object.fromEntries(names.filter((name) => name in values).map((name) => [name, values[name]])) }];
    }),
  );
}

function defined(values) {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

export const LEAST_ZOOM = 0.25;
export const MOST_ZOOM = 32;
