// The display controls at the side: sliders, lists and buttons, kept equal to the one display state whoever changes it.

import { SIGNED, UNSIGNED } from "./viewport/colormaps.js";
import { presets } from "./viewport/film.js";
import { figure } from "./viewport/map.js";
import { catalogue, say, words } from "./words.js";

const $ = (id) => document.getElementById(id);

export class Tools {
  constructor({ display, panes, input, regions }) {
    Object.assign(this, { display, panes, input, regions });
    this.presets = [];
    this.#slider("opacity");
    this.#slider("threshold");
    this.#colours("unsigned", UNSIGNED);
    this.#colours("signed", SIGNED);
    $("overlays")?.addEventListener("click", () => panes.toggleOverlays());
    for (const button of document.querySelectorAll("[data-set]")) {
      button.addEventListener("click", () => this.#change({ [button.dataset.set]: button.value === "true" }));
    }
    $("preset").addEventListener("change", (event) => this.choose(Number(event.target.value)));
    for (const button of document.querySelectorAll("[data-scope]")) {
      button.addEventListener("click", () => display.link(panes.active.place, "overlay", button.dataset.scope === "all"));
    }
    $("invert").addEventListener("click", () => this.invert());
    $("sharp").addEventListener("click", () => this.interpolate());
    $("fit").addEventListener("click", () => display.fit(panes.active.place));
    $("actual").addEventListener("click", () => input().actual(panes.active));
    $("reset").addEventListener("click", () => this.reset());
    for (const button of document.querySelectorAll("[data-turn]")) button.addEventListener("click", () => display.turn(button.dataset.turn, panes.active.place));
    $("zoom-tool").addEventListener("click", () => input().toggleZoom());
    $("region-remove")?.addEventListener("click", () => regions.remove());
    const dialog = $("keys");
    $("show-keys").addEventListener("click", () => dialog.showModal());
    display.listen(() => this.soon());
    panes.onActivate(() => this.soon());
    this.show();
  }

  /** Shows the state with the next frame, however often it changes before. */
  soon() {
    this.waiting ??= requestAnimationFrame(() => {
      this.waiting = null;
      this.show();
    });
  }

  /** The settings in force in the active pane. */
  get settings() {
    return this.display.of(this.panes.active.place);
  }

  #change(changes) {
    this.display.change(this.panes.active.place, changes);
  }

  invert() {
    this.#change({ invert: !this.settings.invert });
  }

  /** Film pixels smoothed, or as they are: for all panes. */
  interpolate() {
    this.display.set({ interpolated: !this.display.interpolated });
  }

  #slider(name) {
    $(name)?.addEventListener("input", (event) => this.#change({ [name]: Number(event.target.value) / 100 }));
  }

  #colours(name, choices) {
    const list = $(`colours-${name}`);
    if (!list) return;
    list.replaceChildren(...choices.map((choice) => new Option(words(`map.${choice}`), choice)));
    list.addEventListener("change", () => this.#change({ [name]: list.value }));
  }

  /** A film's own windows as the presets; a film of another kind opens with its first. */
  film(film, fresh) {
    this.offer(presets(film, catalogue()));
    if (fresh) this.display.choose(this.presets, 0);
    else if (this.display.preset >= 0) this.display.choose(this.presets, Math.min(this.display.preset, this.presets.length - 1));
    this.show();
  }

  /** Presets to choose from. */
  offer(list) {
    this.presets = list;
    const options = list.map(({ label }, at) => new Option(at < 5 ? `${at + 1}  ${label}` : label, String(at)));
    $("preset").replaceChildren(...options, new Option(words("window.own"), "-1"));
  }

  /** A preset by its place from 0. */
  choose(place) {
    if (place < 0 || place >= this.presets.length) return;
    this.display.choose(this.presets, place, this.panes.active.place);
    say(words("say.window", this.presets[place].label));
  }

  reset() {
    this.display.reset(this.presets, this.panes.active.place);
  }

  /** The window in words: centre and width in the film's values. */
  get window() {
    const { window: chosen } = this.settings;
    return chosen ? words("film.window", figure(chosen.centre), figure(chosen.width)) : words("film.lut");
  }

  show() {
    const display = this.settings;
    const linked = this.display.linked(this.panes.active.place, "overlay");
    for (const button of document.querySelectorAll("[data-scope]")) {
      button.setAttribute("aria-pressed", String((button.dataset.scope === "all") === linked));
    }
    $("sharp").setAttribute("aria-pressed", String(!display.interpolated));
    for (const name of ["opacity", "threshold"]) {
      if (!$(name)) continue;
      $(name).value = String(Math.round(display[name] * 100));
      $(`${name}-out`).textContent = `${Math.round(display[name] * 100)} %`;
    }
    for (const name of ["unsigned", "signed"]) if ($(`colours-${name}`)) $(`colours-${name}`).value = display[name];
    if ($("overlays")) {
      $("overlays").setAttribute("aria-checked", String(display.overlays));
      $("overlays").textContent = words(display.overlays ? "overlays.on" : "overlays.off");
    }
    for (const button of document.querySelectorAll("[data-set]")) {
      button.setAttribute("aria-pressed", String(display[button.dataset.set] === (button.value === "true")));
    }
    $("preset").value = String(display.preset);
    $("invert").setAttribute("aria-pressed", String(display.invert));
    const { film } = this.panes;
    if (!film) return;
    write([$("window-words"), ...document.querySelectorAll(".film-window")], this.window);
  }

  /** How large a film's pixel is on the screen, in the plain film's pane. */
  showScale() {
    const { film } = this.panes;
    const pane = this.panes.all.find(({ layer }) => layer === "film") ?? this.panes.all[0];
    if (!film || !pane.box.width) return;
    const percent = this.panes.place(pane).scale * (window.devicePixelRatio || 1) * 100;
    write(document.querySelectorAll(".film-scale"), words("film.scale", percent < 10 ? percent.toFixed(1) : Math.round(percent)));
  }
}

// Text that stays as it is costs nothing.
function write(elements, text) {
  for (const element of elements) if (element.textContent !== text) element.textContent = text;
}
