// The parts of a view that every case has: where it is, how films and maps are shown, which pane is in front. Each is {save, load} for
// permalink.js. Whatever comes out of a link was typed, cut or made up by somebody: it is looked at before it is used.

import { SIGNED, UNSIGNED } from "./viewport/colormaps.js";
import { clamp } from "./viewport/geometry.js";
import { Display, LEAST_ZOOM, LINKS, MOST_ZOOM } from "./viewport/state.js";
import { words } from "./words.js";

const VERSION_SHOWN = 8;

/** Image, network with its version, and finding. `page` is the case; it was loaded at what the link says where that is still there. */
export function placePart(page) {
  return {
    save: () => {
      const { image, model, finding, prediction } = page.data;
      return { image, model, finding, version: prediction?.model_sha256 ?? "" };
    },
    load: (at) => {
      const { data } = page;
      const said = [];
      const { image, model, finding, version } = at;
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

/** Window, inversion, zoom, place, turns, and everything about overlays: every value of `display` that is not as a case opens. */
export function displayPart(display, presets) {
  const usual = () => ({ ...new Display().state, window: presets()[0]?.window ?? null });
  return {
    save: () => {
      const first = usual();
      const other = Object.entries(display.state).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(first[name]));
      return other.length ? Object.fromEntries(other) : null;
    },
    load: (saved) => {
      const first = usual();
      const fit = Object.entries(saved).filter(([name, value]) => name in first && fits(name, value, first));
      const next = { ...first, ...Object.fromEntries(fit) };
      if (next.preset >= presets().length) next.preset = -1;
      next.view = { ...next.view, zoom: clamp(next.view.zoom, LEAST_ZOOM, MOST_ZOOM), x: clamp(next.view.x, 0, 1), y: clamp(next.view.y, 0, 1) };
      display.restore(next);
      return fit.length < Object.keys(saved).length ? words("link.partly") : "";
    },
  };
}

const TURNS = ["1,0,0,1", "-1,0,0,1", "1,0,0,-1", "-1,0,0,-1", "0,1,1,0", "0,-1,1,0", "0,1,-1,0", "0,-1,-1,0"];

function fits(name, value, usual) {
  if (name === "window") return value === null || isWindow(value);
  if (name === "view") return Boolean(value) && [value.zoom, value.x, value.y].every(Number.isFinite) && TURNS.includes(String(value.turn));
  if (name === "own") return isOwn(value, usual);
  if (name === "unsigned") return UNSIGNED.includes(value);
  if (name === "signed") return SIGNED.includes(value);
  if (name === "preset") return Number.isInteger(value) && value >= -1;
  if (["opacity", "threshold", "top"].includes(name)) return Number.isFinite(value) && value >= 0 && value <= 1;
  return typeof value === typeof usual[name] && (typeof value !== "number" || Number.isFinite(value));
}

// What single panes keep for themselves: {place: {unlinked: [link …], values}}, each value one of an unlinked link's.
function isOwn(value, usual) {
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).every(([place, own]) => {
    if (!/^\d{1,2}$/.test(place) || !Array.isArray(own?.unlinked) || !own.unlinked.every((link) => link in LINKS)) return false;
    const names = own.unlinked.flatMap((link) => LINKS[link]);
    const kept = Object.entries(own.values ?? {});
    return kept.every(([name, one]) => names.includes(name) && (["zoom", "x", "y"].includes(name) ? Number.isFinite(one) : fits(name, one, usual)));
  });
}

function isWindow(value) {
  return Number.isFinite(value?.centre) && Number.isFinite(value.width) && value.width > 0 && ["LINEAR", "LINEAR_EXACT", "SIGMOID"].includes(value.shape);
}

/** Keeps which pane is active for as long as this tab lives, so that loading a case again does not lose the map that is judged. */
export function keepActive(panes, study) {
  const name = `whylight-active ${study}`;
  try {
    const last = panes.all.find(({ layer }) => layer && layer === sessionStorage.getItem(name));
    if (last) panes.activate(last);
    panes.onActivate(({ layer }) => sessionStorage.setItem(name, layer));
  } catch {
    // Without storage the first map is active.
  }
}

/**
 * Which layers lie where, which pane is active, which one is enlarged, and how large a pane was: {layout, active, large, box}; a pane
 * is named by its element's id, and there is no layout where it is the one that a case opens with.
 */
export function panesPart(panes, grid) {
  // What the server laid out: a reader's own layout, which their browser keeps, belongs into the link.
  const usual = JSON.stringify(grid.first);
  return {
    save: () => {
      const [first] = panes.shown;
      const saved = { active: panes.active.element.id, box: [Math.round(first.box.width), Math.round(first.box.height)] };
      if (JSON.stringify(grid.layout) !== usual) saved.layout = grid.layout;
      return panes.enlarged ? { ...saved, large: first.element.id } : saved;
    },
    load: ({ layout, active, large }) => {
      const wished = isLayout(layout) ? layout : grid.first;
      if (JSON.stringify(grid.layout) !== JSON.stringify(wished)) grid.show(wished);
      const named = (id) => panes.all.find(({ element }) => element.id === id);
      const wanted = large ? named(large) : null;
      if (panes.enlarged && panes.shown[0] !== wanted) panes.toggleLarge(panes.shown[0]);
      if (wanted && !panes.enlarged) panes.toggleLarge(wanted);
      if (named(active)) panes.activate(named(active));
      return (large && !wanted) || (active && !named(active)) ? words("link.pane") : "";
    },
  };
}

function isLayout(layout) {
  const whole = layout && [layout.rows, layout.columns].every((count) => Number.isInteger(count) && count >= 1);
  return Boolean(whole) && Array.isArray(layout.layers) && layout.layers.every((id) => typeof id === "string");
}
