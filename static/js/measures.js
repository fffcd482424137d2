// Measures that a reader draws on the film and sees in every pane: drawn with the mouse or a finger, changed at their ends,
// moved, removed, taken back. By keyboard through their list at the side, measurelist.js. What they amount to is measuring.js,
// who keeps them keeping.js.

import { all, element } from "./elements.js";
import { Keeping, publicId } from "./keeping.js";
import { MeasureList } from "./measurelist.js";
import { marks } from "./measuremarks.js";
import { KINDS, bent, flattened, pointsOf, shifted, short, unflattened, within } from "./measuring.js";
import { inverted, through } from "./viewport/geometry.js";
import { say, words } from "./words.js";

/** @import { History } from "./history.js" */
/** @import { Regions } from "./regions.js" */
/** @import { Film, Gesture, ImageData, Measure, MeasureKind, Part, Point } from "./types.js" */
/** @import { ReadingPane, ReadingPanes, Step } from "./types.js" */
/**
 * @typedef {object} Wiring
 * @property {ReadingPanes} panes
 * @property {Regions} regions
 * @property {{ zooming: boolean, toggleZoom(on?: boolean): void }} input
 * @property {History} history takes every step, beside the reader's others
 * @property {string} address of the study's measures
 * @property {(pane: ReadingPane) => Measure[]} beside what lies on a pane besides, and nobody changes here
 */

export class Measures {
  /**
   * Those of all images.
   * @type {Measure[]}
   */
  every = [];

  /** @type {MeasureKind | ""} */
  tool = "";

  /** The id of the one that was chosen, "" for none. */
  selected = "";

  /**
   * What is being drawn; its id is "".
   * @type {Measure | null}
   */
  draft = null;

  /** Why something was not stored. */
  refusal = "";

  /**
   * The id of the image that was looked at last.
   * @type {string | undefined}
   */
  image = undefined;

  /** @type {Film | null} */
  film = null;

  /** @param {Wiring} wiring */
  constructor({ panes, regions, input, history, address, beside }) {
    this.panes = panes;
    this.beside = beside;
    this.regions = regions;
    this.input = input;
    this.history = history;
    history.register("measured", {
      undo: (step) => this.#turn(step, "before"),
      redo: (step) => this.#turn(step, "after"),
    });
    /** @type {Keeping<Measure>} */
    this.kept = new Keeping(address, {
      changed: () => this.#state(),
      refused: (id, sentence) => this.#refused(id, sentence),
    });
    this.listed = new MeasureList({
      choose: (id) => this.#choose(id),
      remove: (id) => this.remove(id),
      change: (before, after) => this.#put(before, after),
      image: () => this.panes.active.image,
    });
    this.buttons = all(document, "[data-measure-tool]");
    for (const button of this.buttons) {
      const kind = KINDS.find((one) => one === button.dataset.measureTool) ?? "";
      button.addEventListener("click", () => this.choose(this.tool === kind ? "" : kind));
    }
    setInterval(() => this.#state(), 1000);
  }

  /** Asks the server for the study's measures. */
  async load() {
    try {
      this.every = await this.kept.all();
    } catch {
      this.refusal = words("measure.unread");
    }
    this.#show();
  }

  /** The measures of the active pane's image. */
  get list() {
    return this.#on(this.panes.active.image);
  }

  /** @param {ImageData | null} image */
  #on(image) {
    return this.every.filter((measure) => measure.image === image?.id);
  }

  /** Another image or film lies in the active pane. */
  look() {
    const { image, film } = this.panes.active;
    if (this.image === image?.id && this.film === film) return;
    if (this.image !== image?.id) this.draft = null;
    this.image = image?.id;
    this.film = film;
    this.#show();
  }

  /**
   * The tool by its kind, or none.
   * @param {MeasureKind | ""} kind
   */
  choose(kind) {
    this.tool = kind;
    this.draft = null;
    if (kind) {
      this.regions.hand.mode(false);
      this.input.toggleZoom(false);
    }
    for (const pane of this.panes.all) {
      if (kind) pane.view.dataset.mode = "measure";
      else if (pane.view.dataset.mode === "measure") delete pane.view.dataset.mode;
    }
    say(kind ? words(`measure.${kind}`) : words("measure.off"));
    this.#show();
  }

  /** The next tool; after the last one none. */
  next() {
    const at = this.tool ? KINDS.indexOf(this.tool) + 1 : 0;
    this.choose(KINDS[at] ?? "");
  }

  /** @param {string} id */
  #choose(id) {
    this.selected = id;
    this.#show();
  }

  /**
   * An image point under a pane's point.
   * @param {ReadingPane} pane
   * @param {ImageData} image
   * @param {number} x
   * @param {number} y
   */
  #point(pane, image, x, y) {
    return within(through(inverted(this.panes.place(pane).matrix), x, y), image);
  }

  /**
   * What a press of the left button begins here, or null when it is no measure's business.
   * @param {ReadingPane} pane
   * @param {PointerEvent} event
   * @param {number} x
   * @param {number} y
   * @returns {Gesture | null}
   */
  grab(pane, event, x, y) {
    const { image } = pane;
    const pressed = event.target instanceof SVGElement || event.target instanceof HTMLElement ? event.target.dataset : {};
    const found = pressed.measure ? this.#on(image).find(({ id }) => id === pressed.measure) : undefined;
    if (found && image) return this.#change(pane, image, found, pressed.end ?? "", this.#point(pane, image, x, y));
    if (this.tool && (this.regions.drawing || this.input.zooming)) this.choose("");
    if (!this.tool || !image || pane.stack?.visit) return null;
    return this.#draw(pane, image, this.tool, this.#point(pane, image, x, y));
  }

  /**
   * @param {ReadingPane} pane
   * @param {ImageData} image
   * @param {MeasureKind} kind
   * @param {Point} start
   * @returns {Gesture}
   */
  #draw(pane, image, kind, start) {
    const { draft } = this;
    const before = draft?.points ?? [start];
    const follow = (/** @type {Point} */ point) => {
      this.draft = { id: "", image: image.id, kind, points: [...before, point] };
      this.panes.refresh();
    };
    if (draft) follow(start);
    return {
      move: (x, y) => follow(this.#point(pane, image, x, y)),
      end: () => {
        const { draft: drawn } = this;
        if (!drawn || short(drawn.points)) this.draft = draft;
        else if (drawn.points.length === pointsOf(kind)) {
          this.draft = null;
          this.#put(null, { ...drawn, id: publicId() });
        }
        this.#show();
      },
    };
  }

  /**
   * @param {ReadingPane} pane
   * @param {ImageData} image
   * @param {Measure} before
   * @param {string} end what was taken hold of, see `bent`; "": the whole measure moves
   * @param {Point} start
   * @returns {Gesture}
   */
  #change(pane, image, before, end, start) {
    let now = before;
    this.#choose(before.id);
    return {
      move: (x, y) => {
        const point = this.#point(pane, image, x, y);
        now = end ? bent(before, end, point) : shifted(before, point[0] - start[0], point[1] - start[1], image);
        this.#replace(now);
        this.panes.refresh();
      },
      end: () => {
        if (now !== before && !short(now.points)) this.#put(before, now);
        else this.#replace(before);
        this.#show();
      },
    };
  }

  /** @param {Measure} measure */
  #replace(measure) {
    this.every = this.every.map((other) => (other.id === measure.id ? measure : other));
  }

  /**
   * A measure changes for good; it is remembered.
   * @param {Measure | null} before null where there was none
   * @param {Measure | null} after null where there is none any more
   */
  #put(before, after) {
    const stored = after && { ...after, linked: false };
    const key = (before ?? after)?.id ?? "";
    this.history.add("measured", { entries: [{ key, before, after: stored }] });
    this.#keep(key, stored);
  }

  /**
   * The one place where a measure changes for good.
   * @param {string} id
   * @param {Measure | null} measure
   */
  #keep(id, measure) {
    this.every = this.every.filter((other) => other.id !== id);
    if (measure) this.every.push(measure);
    this.refusal = "";
    this.selected = measure ? id : "";
    this.kept.say(id, measure && { image: measure.image, kind: measure.kind, points: measure.points });
    this.#show();
  }

  /**
   * Removes one measure.
   * @param {string} id
   */
  remove(id) {
    const found = this.list.find((measure) => measure.id === id);
    if (!found) return;
    this.#put(found, null);
    say(words("measure.removed"));
  }

  /**
   * Takes a step back, or does it again.
   * @param {Step} step
   * @param {"before" | "after"} to
   */
  #turn({ entries: [entry] }, to) {
    /** @type {Measure | null} */
    const measure = entry[to];
    this.#keep(entry.key, measure && { ...measure, linked: false });
    say(words(to === "before" ? "measure.undone" : "measure.redone"));
  }

  /**
   * @param {string} id
   * @param {string} sentence
   */
  #refused(id, sentence) {
    this.refusal = sentence;
    this.every = this.every.filter((measure) => measure.id !== id);
    this.history.forget(id);
    this.#show();
  }

  /**
   * Keys of the page: Enter puts a measure down while a tool is chosen, Escape leaves it, Delete removes the chosen one.
   * @param {KeyboardEvent} event
   */
  key(event) {
    const { image } = this.panes.active;
    if (event.key === "Escape" && (this.tool || this.selected)) {
      this.selected = "";
      this.choose("");
      return true;
    }
    if (event.key === "Enter" && this.tool && image) {
      this.#middle(this.tool);
      return true;
    }
    if ((event.key === "Delete" || event.key === "Backspace") && this.selected) {
      this.remove(this.selected);
      return true;
    }
    return false;
  }

  /**
   * Puts a measure down in the middle of the active pane.
   * @param {MeasureKind} kind
   */
  #middle(kind) {
    const { active, shown } = this.panes;
    const pane = shown.includes(active) ? active : shown[0];
    const { image, box } = pane;
    if (!image || pane.stack?.visit) return;
    const places = kind === "angle" ? [[0.4, 0.4], [0.4, 0.6], [0.6, 0.6]] : [[0.4, 0.4], [0.6, 0.6]];
    const points = places.map(([x, y]) => this.#point(pane, image, x * box.width, y * box.height));
    const made = { id: publicId(), image: image.id, kind, points };
    this.#put(null, made);
    this.choose("");
    this.#choose(made.id);
    say(words(`measure.${kind}`));
    this.listed.focus(made.id);
  }

  /** Draws the measures into every pane that can be seen. */
  paint() {
    this.look();
    const { draft } = this;
    for (const pane of this.panes.shown) {
      const { image, film } = pane;
      const shown = [...this.#on(image), ...this.beside(pane), ...(draft && draft.image === image?.id ? [draft] : [])];
      if (film) marks(pane, shown, { film, place: this.panes.place(pane), selected: this.selected });
      else pane.view.querySelector(".pane-measures")?.remove();
    }
  }

  #show() {
    for (const button of this.buttons) button.setAttribute("aria-pressed", String(button.dataset.measureTool === this.tool));
    const hint = this.tool === "angle" && this.draft ? "measure.hint.arm" : `measure.hint.${this.tool}`;
    element("measure-hint").textContent = this.tool ? words(hint) : "";
    this.listed.show(this.list, this.panes.film, this.selected);
    this.#state();
    this.panes.refresh();
  }

  #state() {
    const { kept, refusal } = this;
    const state = element("measure-state");
    const text = this.#stored();
    if (state.textContent !== text) state.textContent = text;
    state.dataset.state = refusal || kept.failing ? "failed" : "saved";
  }

  /** How far everything is stored, in words. */
  #stored() {
    const { kept, refusal } = this;
    if (refusal) return words("save.refused", refusal);
    if (kept.failing) return words("save.retrying", kept.waiting.size);
    if (kept.waiting.size) return words("save.saving");
    if (!kept.savedAt) return "";
    const seconds = Math.round((Date.now() - kept.savedAt) / 1000);
    return seconds < 60 ? words("save.seconds", seconds) : words("save.minutes", Math.floor(seconds / 60));
  }

  /**
   * The part of a link: every measure of the active image as [kind, x, y, x, y …]. One that is stored no more is shown again,
   * unsaved.
   * @returns {Part}
   */
  get part() {
    return {
      save: () => (this.list.length ? this.list.map(flattened) : null),
      load: (/** @type {unknown[]} */ saved) => {
        const { image } = this.panes.active;
        if (!image) return words("link.partly");
        const here = new Set(this.list.map((measure) => String(flattened(measure))));
        const fit = saved.flatMap((entry) => unflattened(entry, image) ?? []);
        const gone = fit.filter((measure) => !here.has(String(flattened(measure))));
        for (const measure of gone) this.every.push({ ...measure, id: publicId(), image: image.id, linked: true });
        this.#show();
        return [gone.length && words("link.measures", gone.length), fit.length < saved.length && words("link.partly")];
      },
    };
  }
}
