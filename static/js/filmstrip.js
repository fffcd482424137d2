// The layer filmstrip: the relevance at every stage of the network, from the decision back to the film, each with its own range
// of colours and its sum. A click lays a stage over the film in the method's pane. The values are the server's, raw.

import { Refused, ask } from "./asking.js";
import { all, element } from "./elements.js";
import { layer } from "./layers.js";
import { table } from "./viewport/colormaps.js";
import { octets } from "./viewport/film.js";
import { words } from "./words.js";

/** @import { CaseData, Drawing, LayerMap, ReadingPane, StageData, StagesData } from "./types.js" */
/** @typedef {StagesData & { values: Float32Array }} Stages */

const REST = 200;

export class Filmstrip {
  /**
   * Strips that were asked for, by what they are about.
   * @type {Map<string, Stages>}
   */
  known = new Map();

  /** The stage that lies over the film, −1 for none. */
  chosen = -1;

  /** What is shown or asked for. */
  about = "";

  /** @type {Stages | null} */
  strip = null;

  /**
   * The pane that a stage lies over.
   * @type {ReadingPane | null}
   */
  pane = null;

  /** Whether that pane was enlarged for it. */
  enlarged = false;

  /** The colours that the stages are drawn in. */
  colours = "";

  /** Waits until the reader rests. */
  resting = 0;

  /** @param {Drawing} drawers */
  constructor(drawers) {
    this.drawers = drawers;
    this.page = drawers.page;
    this.buttons = all(document, "[data-strip]");
    this.method = this.buttons[0]?.dataset.strip ?? "";
    for (const button of this.buttons) button.addEventListener("click", () => this.choose(button.dataset.strip ?? ""));
    this.page.display.listen(() => {
      if (this.colours !== this.#palette && this.strip) this.#draw(this.strip);
    });
    this.page.panes.onActivate(() => this.take(this.page.data));
  }

  open() {
    this.take(this.page.data);
  }

  close() {
    this.lay(-1);
  }

  /**
   * Another method.
   * @param {string} method
   */
  choose(method) {
    this.lay(-1);
    this.method = method;
    for (const button of this.buttons) button.setAttribute("aria-pressed", String(button.dataset.strip === method));
    this.take(this.page.data);
  }

  /**
   * The page shows something else.
   * @param {CaseData} data
   */
  take(data) {
    if (element("filmstrip").hidden) return;
    const { image: shown, stack } = this.page.panes.active;
    const image = stack?.guest ? null : shown;
    const about = JSON.stringify([image?.id, data.prediction?.model_sha256, data.finding, this.method]);
    if (this.about === about) return;
    this.lay(-1);
    this.about = about;
    this.strip = null;
    element("filmstrip-stages").replaceChildren();
    if (!data.prediction || !image) this.tell("strip.none");
    else this.#later(data, image.id, about);
  }

  /**
   * Scrolling asks for nothing; the slice that it ends at does.
   * @param {CaseData} data
   * @param {string} image
   * @param {string} about
   */
  #later(data, image, about) {
    clearTimeout(this.resting);
    const then = () => {
      if (this.about === about) this.#ask(data, image, about);
    };
    this.resting = setTimeout(then, this.known.has(about) ? 0 : REST);
  }

  /**
   * @param {CaseData} data
   * @param {string} image
   * @param {string} about
   */
  async #ask(data, image, about) {
    this.tell("strip.asking");
    try {
      const strip = this.known.get(about) ?? (await this.#fetch(data, image));
      this.known.set(about, strip);
      if (this.about !== about) return;
      this.strip = strip;
      this.#draw(strip);
    } catch (error) {
      if (this.about !== about) return;
      this.about = "";
      if (error instanceof Refused) this.tell("strip.failed", error.message);
      else this.tell("whatif.offline");
      element("filmstrip-state").dataset.state = "failed";
    }
  }

  /**
   * @param {CaseData} data
   * @param {string} image
   * @returns {Promise<Stages>}
   */
  async #fetch({ model, finding }, image) {
    const query = new URLSearchParams({ image, model, finding, method: this.method });
    /** @type {StagesData} */
    const strip = await ask(`${this.drawers.address}/stages.json?${query}`);
    return { ...strip, values: new Float32Array(await octets(strip.values_url)) };
  }

  /** The colours of the method's maps. */
  get #palette() {
    const { signed, influence } = this.page.display;
    return (layer(`map:${this.method}`)?.influence && influence) || signed;
  }

  /** @param {Stages} strip */
  #draw(strip) {
    const { stages } = strip;
    this.colours = this.#palette;
    const seed = stages[0].total;
    const away = Math.max(...stages.map(({ total }) => Math.abs(total - seed))) / (Math.abs(seed) || 1);
    this.tell("strip.kept", stages.length, figure(seed), away.toExponential(0));
    element("filmstrip-stages").replaceChildren(...stages.map((stage, at) => this.#card(strip, stage, at)));
  }

  /**
   * @param {Stages} strip
   * @param {StageData} stage
   * @param {number} at
   */
  #card(strip, stage, at) {
    const values = valuesOf(strip, stage);
    const high = strength(values) || 1;
    const method = layer(`map:${this.method}`);
    const name = at === strip.stages.length - 1 ? words("strip.film") : stage.name;
    const short = at === 0 ? words("strip.decision") : name.split(".").slice(0, 2).join(".");
    const button = document.createElement("button");
    button.type = "button";
    const lines = [
      line("name", short),
      line("sum", words("strip.sum", figure(stage.total))),
      line("range", words("strip.range", figure(high), method?.above ?? "", method?.below ?? "")),
    ];
    button.append(picture(stage, values, high, table(this.colours)), ...lines);
    const said = words("strip.stage", name, figure(stage.total), figure(high));
    button.title = stage.spatial ? said : `${said}. ${words("strip.flat", stage.width)}`;
    button.setAttribute("aria-label", button.title);
    button.setAttribute("aria-pressed", "false");
    if (stage.spatial) button.addEventListener("click", () => this.lay(this.chosen === at ? -1 : at, name));
    else button.setAttribute("aria-disabled", "true");
    const item = document.createElement("li");
    item.className = "stage-card";
    item.append(button);
    return item;
  }

  /**
   * Lays a stage over the image in the method's pane, enlarged; −1 takes it away.
   * @param {number} at
   * @param {string} [name]
   */
  lay(at, name = "") {
    if (at === this.chosen) return;
    const { panes } = this.page;
    if (at < 0 || !this.strip) this.#away();
    else {
      this.pane ??= this.#method();
      this.drawers.lay(this.pane, { title: words("strip.title", this.pane.title, name), map: mapOf(this.strip, at) });
      if (!panes.enlarged) {
        panes.toggleLarge(this.pane);
        this.enlarged = true;
      }
    }
    this.chosen = at;
    const buttons = cards();
    buttons.forEach((button, place) => button.setAttribute("aria-pressed", String(place === at)));
    if (at >= 0) buttons[at].focus();
  }

  /** The pane with the method's map of the image: the active one takes it where there is none. */
  #method() {
    const { panes, grid } = this.page;
    const { active } = panes;
    const mine = panes.all.find((pane) => pane.method === this.method && pane.image === active.image);
    return mine ?? grid.put(`map:${this.method}`, active.place);
  }

  #away() {
    const { panes } = this.page;
    const { pane } = this;
    this.pane = null;
    if (!pane || !panes.all.includes(pane)) return;
    this.drawers.lay(pane, null);
    if (this.enlarged && panes.enlarged) panes.toggleLarge(pane);
    this.enlarged = false;
  }

  /**
   * Keys while the drawer is open; true when one was taken.
   * @param {KeyboardEvent} event
   */
  key(event) {
    const buttons = cards();
    const at = buttons.findIndex((button) => button === document.activeElement);
    if (event.key === "Escape" && this.chosen >= 0) {
      this.lay(-1);
      return true;
    }
    /** @type {Record<string, number>} */
    const steps = { ArrowLeft: -1, ArrowRight: 1 };
    const step = steps[event.key];
    if (at < 0 || !step || event.ctrlKey) return false;
    buttons[at + step]?.focus();
    return true;
  }

  /**
   * @param {string} key
   * @param {...(string | number)} values
   */
  tell(key, ...values) {
    const state = element("filmstrip-state");
    state.textContent = words(key, ...values);
    delete state.dataset.state;
  }
}

function cards() {
  return all(document, ".stage-card button");
}

/**
 * A line below a stage's picture.
 * @param {string} kind
 * @param {string} text
 */
function line(kind, text) {
  const made = document.createElement("span");
  made.className = `stage-${kind}`;
  made.textContent = text;
  return made;
}

/**
 * @param {Stages} strip
 * @param {StageData} stage
 */
function valuesOf(strip, { offset, height, width }) {
  return strip.values.subarray(offset, offset + height * width);
}

/**
 * A stage as the panes know a map.
 * @param {Stages} strip
 * @param {number} at
 * @returns {LayerMap}
 */
function mapOf(strip, at) {
  const stage = strip.stages[at];
  const values = valuesOf(strip, stage);
  const id = `${strip.id} ${at}`;
  const { width, height, minimum: min, maximum: max } = stage;
  const covering = { id, width, height, extent: stage.extent, reach: strip.extent };
  /** @type {LayerMap["explanation"]} */
  const explanation = { ...covering, kind: "relevance", scale: "signed", signed: true, min, max, conservation_error: null };
  const positive = strength(values.filter((value) => value > 0));
  return { id, explanation, values, positive, strength: strength(values), low: 0, high: 0, against: stage.total < 0 };
}

/**
 * A stage in its colours; neurons without a place in one row.
 * @param {StageData} stage
 * @param {Float32Array} values
 * @param {number} high the end of the colours
 * @param {Uint8ClampedArray} colours
 */
function picture({ width, height, spatial }, values, high, colours) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = spatial ? height : 1;
  const pixels = new ImageData(canvas.width, canvas.height);
  for (let i = 0; i < values.length; i += 1) {
    const place = Math.round(Math.min(1, Math.max(0, (values[i] / high + 1) / 2)) * 255);
    for (let part = 0; part < 3; part += 1) pixels.data[i * 4 + part] = colours[place * 4 + part];
    pixels.data[i * 4 + 3] = 255;
  }
  canvas.getContext("2d")?.putImageData(pixels, 0, 0);
  return canvas;
}

/**
 * The 99.5th percentile of the sizes, as the colours of a pane have it.
 * @param {Float32Array} values
 */
function strength(values) {
  if (!values.length) return 0;
  const sizes = values.map(Math.abs).sort();
  const rank = 0.995 * (sizes.length - 1);
  const low = Math.floor(rank);
  const found = sizes[low] + (sizes[Math.min(low + 1, sizes.length - 1)] - sizes[low]) * (rank - low);
  return found || sizes[sizes.length - 1];
}

/** @param {number} value */
function figure(value) {
  const size = Math.abs(value);
  const plain = size === 0 || (size >= 1e-3 && size < 1e4);
  const text = plain ? String(Number(size.toPrecision(4))) : size.toExponential(2);
  return (value < 0 ? "−" : "") + text;
}
