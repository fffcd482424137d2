// The display controls at the side: sliders, lists and buttons, kept equal to the one display state whoever changes it.

import { all, element, optional, write } from "./elements.js";
import { Levels } from "./levels.js";
import { INFLUENCE, SIGNED, UNSIGNED } from "./viewport/colormaps.js";
import { presets } from "./viewport/film.js";
import { figure } from "./viewport/map.js";
import { catalogue, say, words } from "./words.js";

/** @import { Changes, Chosen, Film, Preset, Shared, Window } from "./types.js" */
/** @import { Hand } from "./hand.js" */
/** @import { Input } from "./input.js" */
/** @import { Pane } from "./pane.js" */
/** @import { Panes } from "./panes.js" */
/** @import { Stack } from "./stacks/stack.js" */
/** @import { Display } from "./viewport/state.js" */
/**
 * @typedef {object} Wiring
 * @property {Display} display
 * @property {Panes} panes
 * @property {{ hand: Pick<Hand, "remove"> }} regions
 * @property {() => Input} input which comes after this
 */

/** @type {("opacity" | "threshold")[]} */
const SLIDERS = ["opacity", "threshold"];

/** @typedef {"unsigned" | "signed" | "influence"} Coloured */
/** @type {Coloured[]} */
const COLOURS = ["unsigned", "signed", "influence"];

const CHOICES = { unsigned: UNSIGNED, signed: SIGNED, influence: INFLUENCE };

/** @type {Record<string, { fixed: boolean, shared: boolean }>} */
const SCALES = {
  fixed: { fixed: true, shared: false },
  map: { fixed: false, shared: false },
  shared: { fixed: false, shared: true },
};

export class Tools {
  /**
   * The presets of what the active pane shows.
   * @type {Preset[]}
   */
  presets = [];

  /**
   * The presets by series of slices, and by film.
   * @type {Map<string, Preset[]>}
   */
  known = new Map();

  /** Whether a film has opened. */
  opened = false;

  #waiting = 0;

  /** @param {Wiring} wiring */
  constructor({ display, panes, input, regions }) {
    this.display = display;
    this.panes = panes;
    this.input = input;
    // They are shown in every frame of a drag: looked for once, and written to only when they change.
    this.setters = all(document, "[data-set]", HTMLButtonElement);
    this.scales = all(document, "[data-scale]");
    this.scopes = all(document, "[data-scope]");
    for (const name of SLIDERS) this.#slider(name);
    for (const name of COLOURS) this.#colours(name);
    optional("overlays")?.addEventListener("click", () => panes.toggleOverlays());
    for (const button of this.setters) {
      button.addEventListener("click", () => this.#change({ [settingOf(button)]: valueOf(button) }));
    }
    for (const button of this.scales) {
      button.addEventListener("click", () => this.#change(SCALES[button.dataset.scale ?? ""]));
    }
    this.list = element("preset", HTMLSelectElement);
    this.list.addEventListener("change", () => this.choose(Number(this.list.value)));
    for (const button of this.scopes) {
      button.addEventListener("click", () => display.link(panes.active.place, "overlay", button.dataset.scope === "all"));
    }
    this.levels = new Levels(this);
    this.#buttons();
    optional("region-remove")?.addEventListener("click", () => regions.hand.remove());
    display.listen(() => this.soon());
    panes.onActivate((pane) => this.pane(pane));
    this.show();
  }

  #buttons() {
    const { display, panes, input } = this;
    const acts = {
      invert: () => this.invert(),
      sharp: () => this.interpolate(),
      fit: () => display.fit(panes.active.place),
      actual: () => input().actual(panes.active),
      reset: () => this.reset(),
      "zoom-tool": () => input().toggleZoom(),
      "show-keys": () => element("keys", HTMLDialogElement).showModal(),
    };
    for (const [id, act] of Object.entries(acts)) element(id).addEventListener("click", act);
    for (const button of all(document, "[data-turn]")) {
      button.addEventListener("click", () => display.turn(button.dataset.turn ?? "", panes.active.place));
    }
  }

  /** Shows the state with the next frame, however often it changes before. */
  soon() {
    if (this.#waiting) return;
    this.#waiting = requestAnimationFrame(() => {
      this.#waiting = 0;
      this.show();
    });
  }

  /** The settings in force in the active pane. */
  get settings() {
    return this.display.of(this.panes.active.place);
  }

  /** @param {Changes} changes */
  #change(changes) {
    this.display.change(this.panes.active.place, changes);
  }

  /** Whether nothing draws here what is changed: that is said. */
  get #still() {
    if (!this.panes.renderer) say(words("webgl.needs"));
    return !this.panes.renderer;
  }

  invert() {
    if (this.#still) return;
    this.#change({ invert: !this.settings.invert });
  }

  /** Film pixels smoothed, or as they are: for all panes. */
  interpolate() {
    if (this.#still) return;
    this.display.set({ interpolated: !this.display.interpolated });
  }

  /** @param {"opacity" | "threshold"} name */
  #slider(name) {
    const slider = optional(name, HTMLInputElement);
    slider?.addEventListener("input", () => this.#change({ [name]: Number(slider.value) / 100 }));
  }

  /** @param {Coloured} name */
  #colours(name) {
    const list = optional(`colours-${name}`, HTMLSelectElement);
    if (!list) return;
    list.replaceChildren(...CHOICES[name].map((choice) => new Option(words(`map.${choice || "same"}`), choice)));
    list.addEventListener("change", () => this.#change({ [name]: list.value }));
  }

  /**
   * A film has arrived. Slices share the windows of their series, and open with the first one of the first slice; a film has
   * windows of its own, of which the one at the same place as before is taken.
   * @param {Stack} stack
   * @param {Film} film
   * @param {number} place of a pane that shows it
   */
  film(stack, film, place) {
    const key = keyOf(stack, film);
    if (!this.known.has(key)) {
      const image = stack.separate ? film.image : { ...film.image, windows: stack.windows };
      const list = presets({ ...film, image }, catalogue());
      this.known.set(key, list);
      // A link may have said already through which window what stands beside is seen.
      const said = stack.guest && stack.group.window in this.display.windows;
      const opens = stack.guest || !stack.separate || !this.opened;
      if (opens && !said) this.display.choose(list, 0, place);
      this.opened = true;
    }
    if (this.panes.active.place === place) this.pane(this.panes.active);
  }

  /**
   * Another pane is the active one, or shows another film.
   * @param {Pane} pane
   */
  pane({ stack, film, place, kept }) {
    const list = stack ? this.known.get(keyOf(stack, film)) : undefined;
    if (stack && list && list !== this.presets) {
      this.offer(list);
      const { preset } = this.display.of(place);
      // What a pane shows by itself changes no window that all panes share.
      const own = !stack.guest && (kept === null || !this.display.linked(place, "window"));
      if (stack.separate && preset >= 0 && own) this.display.choose(list, Math.min(preset, list.length - 1), place);
    }
    this.soon();
  }

  /**
   * The window that a film opens with, null for its VOI LUT; undefined while it is not known.
   * @param {Stack} stack
   * @param {Film} film
   */
  opens(stack, film) {
    return this.known.get(keyOf(stack, film))?.[0]?.window;
  }

  /**
   * Of windows by series those that are not as the series opens.
   * @param {Record<string, Chosen>} windows
   * @returns {Record<string, Chosen>}
   */
  changed(windows) {
    /** @param {string} series */
    const opens = (series) => ({ window: this.known.get(series)?.[0].window ?? null, preset: 0, invert: false });
    const other = Object.entries(windows).filter(([series, kept]) => {
      return JSON.stringify(kept) !== JSON.stringify({ ...kept, ...opens(series) });
    });
    return Object.fromEntries(other);
  }

  /**
   * Presets to choose from.
   * @param {Preset[]} list
   */
  offer(list) {
    this.presets = list;
    const options = list.map(({ label }, at) => new Option(at < 5 ? `${at + 1}  ${label}` : label, String(at)));
    this.list.replaceChildren(...options, new Option(words("window.own"), "-1"));
  }

  /**
   * A preset by its place from 0.
   * @param {number} place
   */
  choose(place) {
    if (place < 0 || place >= this.presets.length || this.#still) return;
    this.display.choose(this.presets, place, this.panes.active.place);
    say(words("say.window", this.presets[place].label));
  }

  /**
   * A window of the reader's own.
   * @param {Window} window
   */
  own(window) {
    this.#change({ window, preset: -1 });
  }

  reset() {
    this.display.reset(this.presets, this.panes.active.place);
  }

  /**
   * A pane's window in words: centre and width in the film's values.
   * @param {Pane} pane
   */
  windowOf(pane) {
    const { window: chosen } = this.display.of(pane.place);
    return chosen ? words("film.window", figure(chosen.centre), figure(chosen.width)) : words("film.lut");
  }

  show() {
    const settings = this.settings;
    const linked = this.display.linked(this.panes.active.place, "overlay");
    for (const button of this.scopes) press(button, (button.dataset.scope === "all") === linked);
    press(element("sharp"), !settings.interpolated);
    this.#overlays(settings);
    for (const button of this.setters) press(button, settings[settingOf(button)] === valueOf(button));
    const own = settings.fixed ? "fixed" : "map";
    const scale = settings.shared ? "shared" : own;
    for (const button of this.scales) press(button, button.dataset.scale === scale);
    choose(this.list, String(settings.preset));
    press(element("invert"), settings.invert);
    for (const pane of this.panes.all) this.#facts(pane);
    this.levels.show();
    if (this.panes.film) write(element("window-words"), this.windowOf(this.panes.active));
  }

  /**
   * The controls of overlays, which a plain film's page does without.
   * @param {Shared} settings
   */
  #overlays(settings) {
    for (const name of SLIDERS) {
      const slider = optional(name, HTMLInputElement);
      if (!slider) continue;
      const percent = String(Math.round(settings[name] * 100));
      if (slider.value !== percent) slider.value = percent;
      write(element(`${name}-out`), `${percent} %`);
    }
    for (const name of COLOURS) {
      const list = optional(`colours-${name}`, HTMLSelectElement);
      if (list) choose(list, settings[name]);
    }
    const switched = optional("overlays");
    if (!switched) return;
    put(switched, "aria-checked", String(settings.overlays));
    write(switched, words(settings.overlays ? "overlays.on" : "overlays.off"));
  }

  /**
   * What stands in a pane of its window, and beside a plain film of its size.
   * @param {Pane} pane
   */
  #facts(pane) {
    const { film } = pane;
    const text = film ? this.windowOf(pane) : "";
    for (const place of pane.facts.windows) write(place, text);
    write(pane.facts.spacing, film?.image.spacing ? film.image.spacing_kind : "");
  }

  /** How large a film's pixel is on the screen, in the plain film's pane. */
  showScale() {
    for (const pane of this.panes.all) {
      if (pane.layer !== "film" || !this.panes.filmOf(pane) || !pane.box.width) continue;
      const percent = this.panes.place(pane).scale * (window.devicePixelRatio || 1) * 100;
      const text = words("film.scale", percent < 10 ? percent.toFixed(1) : Math.round(percent));
      write(pane.facts.scale, text);
    }
  }
}

/**
 * @param {Element} control
 * @param {string} name
 * @param {string} value
 */
function put(control, name, value) {
  if (control.getAttribute(name) !== value) control.setAttribute(name, value);
}

/**
 * @param {Element} button
 * @param {boolean} on
 */
function press(button, on) {
  put(button, "aria-pressed", String(on));
}

/**
 * @param {HTMLSelectElement} list
 * @param {string} value
 */
function choose(list, value) {
  if (list.value !== value) list.value = value;
}

/**
 * Under which key windows are known: slices share those of their series, a film has its own.
 * @param {Stack} stack
 * @param {Film | null} film
 */
function keyOf(stack, film) {
  if (stack.guest) return stack.group.window;
  return stack.separate ? `${film?.image.id} ${film?.first}` : stack.series;
}

/**
 * The setting that a button sets.
 * @param {HTMLElement} button
 */
function settingOf(button) {
  return /** @type {"smooth" | "robust" | "fading" | "evened" | "edge" | "alone"} */ (button.dataset.set);
}

/**
 * What it sets it to: a text, or whether it is on.
 * @param {HTMLButtonElement} button
 */
function valueOf({ value }) {
  return ["true", "false"].includes(value) ? value === "true" : value;
}
