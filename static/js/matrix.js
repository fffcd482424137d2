// The agreement panel: one small matrix (rank correlations above the diagonal, overlaps of the top areas below it), the
// disagreement of the methods that count, and the overlap map as a layer. Computed here from the raw maps whenever all of them
// are there.

import { counted, disagreement, distinct, gathered, overlaps, ranks, topArea } from "./agreement.js";
import { all, element } from "./elements.js";
import { say, words } from "./words.js";

/** @import { Gathered } from "./agreement.js" */
/** @import { Maps, StackMaps } from "./stacks/maps.js" */
/** @import { CaseData, Cells, ExplanationData, ImageData, Layer, MethodData, ReadingPane, ReadingPanes } from "./types.js" */
/** @import { Display } from "./viewport/state.js" */
/**
 * @typedef {object} Wiring
 * @property {ReadingPanes} panes
 * @property {Display} display
 * @property {Maps} maps what was fetched
 * @property {() => CaseData} read gives the payload
 */
/**
 * What there is to compare, and what came of it. All numbers are places in `methods`.
 * @typedef {object} Compared
 * @property {Gathered} gathered
 * @property {MethodData[]} methods
 * @property {number[][]} rank
 * @property {number[]} voters those without a caution
 * @property {number[]} counting those of them that count
 * @property {number | null} apart the disagreement
 */

const COMPARED = ["relevance", "attention", "probability"];
const MOST = 32 * 2 ** 20;
const REST = 600;

export class Matrix {
  /**
   * The highest cells of every map.
   * @type {Uint8Array[]}
   */
  areas = [];

  /** @type {Compared | null} */
  found = null;

  /**
   * The stack that is compared.
   * @type {string | undefined}
   */
  subject = undefined;

  /** What the panel shows, to be done only when it is another thing. */
  key = "";

  /** The maps that were gathered. */
  gatheredFrom = "";

  /** The maps that were asked for. */
  asked = "";

  /** Waits until the reader rests. */
  resting = 0;

  /**
   * The overlap maps by slice.
   * @type {Map<number, Cells>}
   */
  made = new Map();

  layer = {
    id: "agreement",
    title: words("agree.layer"),
    kind: "agreement",
    /** @param {ReadingPane} pane */
    overlay: (pane) => this.overlay(pane),
  };

  /** @param {Wiring} wiring */
  constructor({ panes, display, maps, read }) {
    this.panes = panes;
    this.display = display;
    this.maps = maps;
    this.read = read;
    this.cells = all(element("matrix"), "[data-row]");
    this.share = element("top-share", HTMLInputElement);
    this.overlap = element("overlap");
    this.share.addEventListener("input", () => display.set({ top: Number(this.share.value) / 100 }));
    this.overlap.addEventListener("click", () => this.toggle());
  }

  /** The overlap map over the plain film, or the film alone. */
  toggle() {
    this.display.set({ overlap: !this.display.overlap });
    say(words(this.display.overlap ? "agree.say.on" : "agree.say.off"));
  }

  /**
   * How many methods have each place among their highest, over the image of a pane; null where it shows another stack.
   * @param {ReadingPane} pane
   * @returns {ReturnType<NonNullable<Layer["overlay"]>>}
   */
  overlay(pane) {
    const { found } = this;
    if (!found || !pane.image || pane.image.stack !== this.subject) return null;
    const steps = found.counting.length;
    const map = this.#count(found, pane.image.at);
    return { map, ends: [0, steps], colours: `steps ${steps}`, threshold: 0, smooth: false };
  }

  /**
   * @param {Compared} found
   * @param {number} at
   */
  #count({ gathered: cells, counting }, at) {
    const known = this.made.get(at);
    if (known) return known;
    const id = `agreement ${this.gatheredFrom} ${this.display.top} ${at}`;
    const made = counted(cells, counting.map((place) => this.areas[place]), id, at);
    this.made.set(at, made);
    return made;
  }

  /** Looks whether something has changed; called after every drawing. */
  look() {
    const { display, panes } = this;
    const { explanations, disagree } = this.read();
    const { image } = panes.active;
    const wanted = this.#methods();
    const here = explanations.filter(({ stack }) => stack === image?.stack);
    const mine = here.filter(({ method }) => wanted.some(({ name }) => name === method));
    const ok = mine.filter(({ state }) => state === "ok");
    const whole = mine.length === wanted.length;
    const there = wanted.length > 0 && whole && ok.every((entry) => this.maps.known(entry));
    if (whole && !there) this.#ask(ok);
    const maps = there && image ? `${image.stack} ${ok.map(({ values_url: address }) => address).join(" ")}` : "";
    const key = `${maps} ${display.top} ${display.overlap}`;
    if (this.key === key) return;
    this.key = key;
    this.subject = image?.stack;
    if (this.gatheredFrom !== maps) {
      this.gatheredFrom = maps;
      this.found = maps && image ? this.#gathered(ok, wanted, image) : null;
    }
    this.#show(disagree);
  }

  /** The methods that are compared, in the order of the table. */
  #methods() {
    return this.read().methods.filter(({ kind }) => COMPARED.includes(kind));
  }

  /**
   * Maps that no pane shows are fetched for the comparison, when the reader rests and as long as they are not large.
   * @param {ExplanationData[]} ok
   */
  #ask(ok) {
    const missing = ok.filter((entry) => !this.maps.known(entry));
    const octets = missing.reduce((sum, { slices, width, height }) => sum + 4 * slices * width * height, 0);
    const asked = missing.map(({ values_url: address }) => address).join(" ");
    if (octets > MOST || this.asked === asked) return;
    this.asked = asked;
    clearTimeout(this.resting);
    this.resting = setTimeout(async () => {
      try {
        await Promise.all(missing.map((entry) => this.maps.get(entry)));
        this.panes.refresh();
      } catch {
        this.asked = ""; // asked for again when something changes
      }
    }, REST);
  }

  /**
   * @param {ExplanationData[]} ok
   * @param {MethodData[]} methods
   * @param {ImageData} image
   * @returns {Compared | null}
   */
  #gathered(ok, methods, image) {
    const entries = methods.flatMap(({ name }) => {
      const explanation = ok.find(({ method }) => method === name);
      const maps = explanation && this.maps.known(explanation);
      return maps ? [/** @type {[string, StackMaps]} */ ([name, maps])] : [];
    });
    const cells = gathered(entries, image);
    if (!cells) return null;
    const told = methods.filter(({ name }) => cells.methods.includes(name));
    const rank = ranks(cells.cells);
    const voters = told.flatMap(({ caution }, at) => (caution ? [] : [at]));
    const counting = distinct(rank, voters);
    return { gathered: cells, methods: told, rank, voters, counting, apart: disagreement(rank, counting) };
  }

  /** @param {number} disagree from which value on methods disagree */
  #show(disagree) {
    const { found, display } = this;
    const percent = Math.round(display.top * 100);
    this.share.value = String(percent);
    element("top-share-out").textContent = `${percent} %`;
    this.overlap.setAttribute("aria-checked", String(display.overlap));
    this.overlap.textContent = words(display.overlap ? "overlays.on" : "overlays.off");
    this.made = new Map();
    if (found) {
      this.areas = found.gathered.cells.map((cells) => topArea(cells, display.top));
      this.#fill(found, overlaps(this.areas), percent);
    } else {
      for (const cell of this.cells) put(cell, NaN, "");
    }
    this.#sum(found, disagree);
    this.panes.refresh();
  }

  /**
   * @param {Compared} found
   * @param {number[][]} overlap
   * @param {number} percent
   */
  #fill({ rank, methods }, overlap, percent) {
    const every = this.#methods();
    for (const cell of this.cells) {
      const row = Number(cell.dataset.row);
      const column = Number(cell.dataset.column);
      const [i, j] = [every[row], every[column]].map(({ name }) => methods.findIndex((method) => method.name === name));
      const names = [every[row].title, every[column].title];
      if (i < 0 || j < 0) put(cell, NaN, words("agree.no-order", i < 0 ? names[0] : names[1]));
      else if (row < column) put(cell, rank[i][j], words("agree.rank", ...names, signed(rank[i][j])));
      else put(cell, overlap[i][j], words("agree.iou", ...names, percent, Math.round(overlap[i][j] * 100)));
    }
    for (const said of all(document, ".top-share-words")) said.textContent = `${percent} %`;
  }

  /**
   * @param {Compared | null} found
   * @param {number} disagree
   */
  #sum(found, disagree) {
    const apart = found?.apart ?? null;
    const told = element("apart");
    element("apart-meter", HTMLMeterElement).value = apart ?? 0;
    told.textContent = apart === null ? "–" : apart.toFixed(2);
    told.dataset.value = apart === null ? "" : String(apart);
    const { prediction, finding } = this.read();
    const apartBy = apart !== null && apart >= disagree;
    const weighs = prediction?.scores.find((score) => score.finding === finding)?.weighs;
    element("apart-words").hidden = !apartBy || !weighs;
    element("apart-unlikely").hidden = !apartBy || Boolean(weighs);
    element("counting").textContent = found ? inWords(found) : words("agree.waiting");
  }
}

/**
 * Who counts, and why the others do not.
 * @param {Compared} found
 */
function inWords({ methods, counting, voters }) {
  const titles = (/** @type {number[]} */ places) => places.map((at) => methods[at].title).join(", ");
  const twins = voters.filter((at) => !counting.includes(at));
  const cautious = [...methods.keys()].filter((at) => !voters.includes(at));
  const told = [words("agree.counted", titles(counting) || "–")];
  if (twins.length) told.push(words("agree.twins", titles(twins)));
  if (cautious.length) told.push(words("agree.cautious", titles(cautious)));
  return told.join(" ");
}

/**
 * @param {HTMLElement} cell
 * @param {number} value NaN for none
 * @param {string} text
 */
function put(cell, value, text) {
  const known = Number.isFinite(value);
  cell.textContent = known ? short(value) : "–";
  cell.dataset.value = known ? String(value) : "";
  cell.title = text;
  cell.style.setProperty("--tint", known ? Math.abs(value).toFixed(2) : "0");
  cell.toggleAttribute("data-against", known && value < 0);
  if (text) cell.setAttribute("aria-label", text);
  else cell.removeAttribute("aria-label");
}

/**
 * As correlation tables are printed: no 0 before the point, so that five columns have room.
 * @param {number} value
 */
function short(value) {
  return signed(value).replace("0.", ".").replace("1.00", "1");
}

/** @param {number} value */
function signed(value) {
  return value.toFixed(2).replace("-", "−").replace("−0.00", "0.00");
}
