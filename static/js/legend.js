// What stands under a pane: its layer's colours with their values, or the names of its classes, how the map is drawn, and a
// word of doubt. Said anew only when something has changed that it is made of.

import { first, write } from "./elements.js";
import { covered, fixedEnd, look, sided } from "./looks.js";
import { ended, rangeOf, told, unseen } from "./saying.js";
import { table } from "./viewport/colormaps.js";
import { figures, fixed } from "./viewport/map.js";
import { LINKS } from "./viewport/state.js";
import { words } from "./words.js";

/** @import { Drawn, LayerMap, Overlay, Settings } from "./types.js" */
/** @import { Pane } from "./pane.js" */

export class Legend {
  /**
   * What it was last made of.
   * @type {{ drawn: Drawn | null, from: string }}
   */
  #last = { drawn: null, from: "" };

  /** @param {Pane} pane whose map it is about */
  constructor(pane) {
    const { element } = pane;
    this.pane = pane;
    this.bar = first(element, ".bar");
    this.names = first(element, ".bar-names");
    this.note = first(element, ".bar-note");
    this.told = first(element, ".bar-told");
    this.go = first(element, ".bar-go", HTMLButtonElement);
    // The film under it takes presses for itself.
    this.go.addEventListener("pointerdown", (event) => event.stopPropagation());
  }

  /**
   * The colours with their values, or the names of the classes.
   * @param {Settings} settings those in force
   * @param {LayerMap[]} others the maps that share their scale
   * @param {string} unlikely the low probability
   */
  show(settings, others, unlikely) {
    const { bar, pane } = this;
    const { drawn } = pane;
    const from = this.#from(settings, others, unlikely);
    if (this.#last.drawn === drawn && this.#last.from === from) return;
    this.#last = { drawn, from };
    bar.hidden = !drawn;
    const seen = look(pane, settings, { others });
    this.#say(told(pane, settings, seen), seen);
    if (!drawn || !seen) return;
    this.#doubts(drawn, unlikely);
    const steps = /^steps (\d+)$/.exec(seen.colours)?.[1];
    const classes = seen.colours === "classes";
    bar.toggleAttribute("data-classes", classes || Boolean(steps));
    if (steps) this.#counts(Number(steps), drawn);
    else if (classes) this.#classes(drawn);
    else this.#colours(drawn, seen, settings);
  }

  /**
   * How the map is drawn, and where nothing of it is seen the way to the slice on which it is.
   * @param {string[]} sentences
   * @param {Overlay | null} seen
   */
  #say(sentences, seen) {
    write(this.told, sentences.join(" · "));
    this.told.title = sentences.length ? `${ended(sentences)} ${words("drawn.stored")}` : "";
    // The strip under the pane says where relevance lies, and nothing of attention.
    const attention = this.pane.map?.explanation.kind === "attention";
    const place = attention ? (unseen(this.pane, seen)?.go ?? null) : null;
    this.go.hidden = place === null;
    if (place === null) return;
    write(this.go, words("drawn.go", place + 1));
    this.go.onclick = () => this.pane.strip?.jump(this.pane, place);
  }

  /**
   * Everything but the map that its words come from: when neither changes, as while a window is dragged, they stay.
   * @param {Settings} settings
   * @param {LayerMap[]} others
   * @param {string} unlikely
   */
  #from(settings, others, unlikely) {
    const { overlay, layer, signed, influence, above, below } = this.pane;
    const set = LINKS.overlay.map((name) => settings[/** @type {keyof Settings} */ (name)]);
    const beside = others.map(({ id }) => id);
    return JSON.stringify([set, beside, unlikely, layer, signed, influence, above, below, overlay?.ends, overlay?.colours]);
  }

  /**
   * A word of doubt beside the colours, `why` in full; or nothing.
   * @param {string} text
   * @param {string} why
   */
  doubt(text, why) {
    if (this.note.textContent === text) return;
    this.note.hidden = !text;
    this.note.textContent = text;
    this.note.title = why;
  }

  /**
   * How many methods have a place among their highest: a swatch for every count.
   * @param {number} steps
   * @param {Drawn} drawn
   */
  #counts(steps, drawn) {
    const { bar, names } = this;
    if (bar.dataset.told === drawn.id) return;
    bar.dataset.told = drawn.id;
    const palette = table(`steps ${steps}`);
    const swatches = Array.from({ length: steps + 1 }, (_, count) => {
      const swatch = document.createElement("span");
      swatch.className = "count";
      swatch.textContent = String(count);
      const at = Math.round((count / steps) * 255) * 4;
      if (count) swatch.style.setProperty("--swatch", `rgb(${palette.slice(at, at + 3).join(" ")})`);
      return swatch;
    });
    const head = document.createElement("span");
    head.textContent = words("agree.methods");
    names.replaceChildren(head, ...swatches);
    bar.title = words("agree.legend", steps);
  }

  /**
   * @param {Drawn} drawn
   * @param {string} unlikely
   */
  #doubts(drawn, unlikely) {
    const { kind = "relevance" } = drawn.explanation;
    if (!this.pane.method) this.doubt("", "");
    else if (drawn.against) this.doubt(words("bar.against"), words("bar.against.why"));
    else if (unlikely && kind === "relevance") this.doubt(words("bar.unlikely"), words("bar.unlikely.why", unlikely));
    else this.doubt("", "");
  }

  /**
   * What the colours stand for: the classes that this slice has, by their names.
   * @param {Drawn} drawn
   */
  #classes(drawn) {
    const { bar, names } = this;
    if (bar.dataset.told === drawn.id) return;
    bar.dataset.told = drawn.id;
    const colours = table("classes");
    const numbers = [...new Set(drawn.values.map(Math.round))].filter((number) => number > 0).sort((a, b) => a - b);
    const swatches = numbers.map((number) => {
      const swatch = document.createElement("span");
      swatch.className = "class-name";
      swatch.textContent = drawn.explanation.names?.[number] ?? String(number);
      swatch.style.setProperty("--swatch", `rgb(${colours.slice(number * 4, number * 4 + 3).join(" ")})`);
      return swatch;
    });
    names.replaceChildren(...swatches);
    bar.title = swatches.map(({ textContent }) => textContent).join(", ");
  }

  /**
   * @param {Drawn} drawn
   * @param {Overlay} seen
   * @param {Settings} settings
   */
  #colours(drawn, seen, settings) {
    const { bar } = this;
    const { min, max, conservation_error: lost } = drawn.explanation;
    const { texts, power } = figures([...seen.ends, min ?? seen.ends[0], max ?? seen.ends[1]]);
    const [low, high, least, most] = texts;
    const range = this.#range(settings);
    const shown = [seen.colours, range, ...texts, seen.threshold, seen.soft, seen.lines, power, this.pane.above].join(" ");
    if (bar.dataset.told === shown) return;
    bar.dataset.told = shown;
    write(first(bar, ".bar-low"), low);
    write(first(bar, ".bar-high"), high);
    write(first(bar, ".bar-below"), this.pane.below);
    write(first(bar, ".bar-above"), this.pane.above);
    write(first(bar, ".bar-range"), `${least} … ${most}`);
    write(first(bar, ".bar-power"), power);
    const figured = [least, most, low || "0", high].map((text) => `${text}${power && ` ${power}`}`);
    bar.title = words("bar.label", ...figured, range);
    // LRP and RAP hand a sum back to the pixels: how much of it did not arrive says whether the map can be trusted.
    if (typeof lost === "number") bar.title += `\n${words("bar.conservation", lost.toExponential(0))}`;
    this.#ramp(seen);
  }

  /**
   * What the ends of the colours are.
   * @param {Settings} settings
   */
  #range(settings) {
    const { pane } = this;
    const map = pane.overlay ? null : pane.map;
    if (map && fixed(map)) return words("bar.unit");
    if (map && !settings.shared && fixedEnd(map, settings)) return rangeOf(map, settings);
    return words(settings.robust ? "bar.robust" : "bar.full");
  }

  /**
   * The colours themselves, as faint and as clear as they are laid over the film.
   * @param {Overlay} seen
   */
  #ramp(seen) {
    const signed = sided(this.pane);
    const canvas = first(this.bar, ".bar-colours", HTMLCanvasElement);
    canvas.setAttribute("aria-label", this.bar.title);
    const colours = table(seen.colours);
    const out = new ImageData(256, 1);
    for (let i = 0; i < 256; i += 1) {
      const side = signed ? i / 127.5 - 1 : i / 255;
      const [share, strength] = covered(Math.abs(side), seen);
      const at = Math.round(signed ? (Math.sign(side) * strength + 1) * 127.5 : strength * 255) * 4;
      out.data.set(colours.subarray(at, at + 3), i * 4);
      out.data[i * 4 + 3] = Math.round(share * 255);
    }
    canvas.getContext("2d")?.putImageData(out, 0, 0);
  }
}
