// What if: the reader paints over a part of the film or takes an area, and the network reads the film again. Areas go to the
// server in image pixels and the server edits the film, so that the API gives the same numbers. One area list, one fill; undo
// over both (edits.js). What comes out of it are changes.js and editedfilms.js, what is kept keptlist.js.

import { Refused, ask } from "./asking.js";
import { Brush } from "./brush.js";
import { percent, row } from "./changes.js";
import { EditedFilms } from "./editedfilms.js";
import { Edits } from "./edits.js";
import { all, element, first } from "./elements.js";
import { KeptList } from "./keptlist.js";
import { ends } from "./viewport/map.js";
import { say, words } from "./words.js";

/** @import { Area, CaseData, Drawing, EditData, Hot, ReadingPane, WhatIfData } from "./types.js" */
/** @typedef {Brush["tool"]} Tool */

/** @type {Tool[]} */
const TOOLS = ["brush", "rectangle"];

export class WhatIf {
  edits = new Edits();

  /** @type {WhatIfData | null} */
  answer = null;

  /** How many questions were asked. */
  asked = 0;

  /** What is edited. */
  about = "";

  /** @param {Drawing} drawers */
  constructor(drawers) {
    this.drawers = drawers;
    this.page = drawers.page;
    this.at = {
      radius: element("whatif-radius", HTMLInputElement),
      radiusOut: element("whatif-radius-out"),
      around: element("whatif-around", HTMLInputElement),
      aroundOut: element("whatif-around-out"),
      slices: first(document, ".whatif-around"),
      outside: element("whatif-outside", HTMLInputElement),
      hot: element("whatif-hot"),
      undo: element("whatif-undo", HTMLButtonElement),
      redo: element("whatif-redo", HTMLButtonElement),
      reset: element("whatif-reset", HTMLButtonElement),
      keep: element("whatif-keep", HTMLButtonElement),
      show: element("whatif-show", HTMLButtonElement),
      state: element("whatif-state"),
      changes: element("whatif-changes"),
    };
    this.paints = all(document, "[data-paint]");
    this.fills = all(document, "[data-fill]");
    this.kept = new KeptList(drawers, {
      again: (edit) => this.change(edit),
      gone: () => this.tell("whatif.gone"),
      failed: (error) => this.#failed(error),
    });
    this.edited = new EditedFilms(drawers, () => this.#failed(null));
    this.brush = new Brush(this.page.panes, {
      radius: () => this.radius,
      areas: () => this.state.areas,
      drawn: (area, pane) => this.add([{ ...area, images: this.#around(pane) }]),
      moved: (x, y) => say(words("whatif.cursor", x, y)),
    });
    this.#listen();
  }

  #listen() {
    const { at } = this;
    for (const button of this.paints) {
      const tool = TOOLS.find((one) => one === button.dataset.paint) ?? "";
      button.addEventListener("click", (event) => {
        this.paint(this.brush.tool === tool ? "" : tool);
        // Taken up by keyboard it is used by keyboard: on the pane.
        if (this.brush.tool && !event.detail) this.page.panes.active.element.focus();
      });
    }
    for (const button of this.fills) button.addEventListener("click", () => this.change({ fill: button.dataset.fill ?? "" }));
    at.around.addEventListener("input", () => this.show());
    at.outside.addEventListener("change", () => this.change({ outside: at.outside.checked }));
    at.radius.addEventListener("input", () => this.show());
    at.hot.addEventListener("click", () => this.hot());
    element("whatif-region").addEventListener("click", () => this.region());
    at.undo.addEventListener("click", () => this.undo());
    at.redo.addEventListener("click", () => this.redo());
    at.reset.addEventListener("click", () => this.reset());
    at.keep.addEventListener("click", () => this.keep());
    at.show.addEventListener("click", () => this.flip());
    this.page.panes.onActivate(() => this.show());
  }

  /** What is edited, and how. */
  get state() {
    return this.edits.now;
  }

  /** The brush's radius in image pixels: a share of the film's longer side. */
  get radius() {
    const image = this.page.panes.active.image ?? { rows: 1, columns: 1 };
    return (Math.max(image.rows, image.columns) * Number(this.at.radius.value)) / 100;
  }

  /**
   * The slices that an area drawn on a pane covers: its own, and as many before and behind as the reader wants.
   * @param {ReadingPane} pane
   */
  #around({ stack, at }) {
    if (!stack) return [];
    if (stack.separate) return [stack.images[at].id];
    const many = Number(this.at.around.value);
    return stack.images.slice(Math.max(0, at - many), at + many + 1).map(({ id }) => id);
  }

  open() {
    const { data } = this.page;
    this.about = about(data);
    this.#begin(data);
    if (!this.state.areas.length) this.paint(data.prediction ? "brush" : "");
    this.show();
    this.drawers.count().then(() => this.kept.show());
    this.edited.show();
  }

  close() {
    this.paint("");
    this.edited.cover(false);
  }

  /**
   * The page shows something else.
   * @param {CaseData} data
   */
  take(data) {
    if (this.about === about(data)) {
      this.show();
      return;
    }
    this.about = about(data);
    this.edits.clear();
    this.#answered(null);
    this.#begin(data);
    this.drawers.count().then(() => this.kept.show());
  }

  /**
   * Keys while the drawer is open; true when one was taken.
   * @param {KeyboardEvent} event
   */
  key(event) {
    const name = event.key.toLowerCase();
    if (event.ctrlKey) return this.#turned(name, event.shiftKey);
    if (this.brush.key(event)) return true;
    if (this.brush.tool === "brush" && (name === "[" || name === "]")) this.#resize(name === "]" ? 1 : -1);
    else if (name === "x" && this.answer) this.flip();
    else if (name === "escape" && this.brush.tool) this.paint("");
    else return false;
    return true;
  }

  /**
   * Ctrl+Z, Ctrl+Y and Ctrl+Shift+Z, as long as there is something to take back or to do again here.
   * @param {string} name
   * @param {boolean} shifted
   */
  #turned(name, shifted) {
    if (name === "z" && !shifted) return this.undo();
    return (name === "y" || name === "z") && this.redo();
  }

  /** @param {number} steps */
  #resize(steps) {
    const { radius, radiusOut } = this.at;
    if (steps > 0) radius.stepUp();
    else radius.stepDown();
    this.show();
    say(words("whatif.size", radiusOut.textContent));
  }

  /** @param {Tool} tool */
  paint(tool) {
    this.brush.choose(tool);
    for (const button of this.paints) button.setAttribute("aria-pressed", String(button.dataset.paint === tool));
  }

  /** @param {(Area | Hot)[]} areas */
  add(areas) {
    this.change({ areas: [...this.state.areas, ...areas] });
  }

  /** @param {Partial<EditData>} changes */
  change(changes) {
    this.edits.change(changes);
    this.#changed();
  }

  /** One step back; false where there is none. */
  undo() {
    const done = this.edits.undo();
    if (done) this.#changed();
    return done;
  }

  /** One step forward again; false where there is none. */
  redo() {
    const done = this.edits.redo();
    if (done) this.#changed();
    return done;
  }

  reset() {
    if (this.state.areas.length) this.change({ areas: [] });
  }

  #changed() {
    this.page.panes.refresh();
    this.#ask();
    this.show();
  }

  /** The area where the active pane's map is above the threshold of the overlays. */
  hot() {
    const mapped = this.#mapped;
    if (!mapped) {
      this.tell("whatif.nomap");
      return;
    }
    const { pane, maps } = mapped;
    const { threshold } = this.page.display.of(pane.place);
    // One range holds for all slices.
    const [, high] = ends(maps.slice(0), true);
    if (maps.values.some((value) => value > 0 && value >= threshold * high)) {
      this.add([{ kind: "hot", explanation: pane.layerId, threshold, images: [] }]);
    } else {
      this.tell("whatif.nohot");
    }
  }

  /** The pane whose map is meant: the active one, where that has a method's map. */
  get #mapped() {
    const { panes } = this.page;
    const mine = panes.all.filter(({ stack }) => !stack?.guest);
    const pane = panes.active.method && mine.includes(panes.active) ? panes.active : mine.find(({ maps }) => maps);
    return pane?.maps && pane.map ? { pane, maps: pane.maps } : null;
  }

  /** The true region that the reader drew. */
  region() {
    const { region } = this.page.regions;
    if (!region) {
      this.tell("whatif.noregion");
      return;
    }
    /** @type {Area[]} */
    const areas = [];
    for (const { kind, points, image } of region.shapes) {
      if (kind !== "line" && image) areas.push({ kind, points, images: [image] });
    }
    this.add(areas);
  }

  get #body() {
    const { areas, fill, outside } = this.state;
    const { panes, data } = this.page;
    const stack = this.#stack ?? (panes.active.stack?.guest ? data.stack : panes.active.image?.stack);
    return JSON.stringify({ model: data.model, stack, edits: [{ areas, fill, outside }] });
  }

  /** The stack that the areas lie on. */
  get #stack() {
    for (const area of this.state.areas) {
      const [id] = area.images ?? [];
      const image = id && this.page.image(id);
      if (image) return image.stack;
      const hot = area.kind === "hot" && this.page.data.explanations.find((layer) => layer.id === area.explanation);
      if (hot) return hot.stack;
    }
    return undefined;
  }

  /** Only the last question counts: answers to earlier ones are let go. */
  async #ask() {
    this.asked += 1;
    const mine = this.asked;
    if (!this.state.areas.length) {
      this.#answered(null);
      this.#begin(this.page.data);
      return;
    }
    this.tell("whatif.asking");
    this.at.changes.dataset.stale = "";
    const started = performance.now();
    try {
      /** @type {WhatIfData} */
      const answer = await ask(`${this.drawers.address}/what-if`, { method: "POST", body: this.#body });
      if (mine !== this.asked) return;
      const seconds = (performance.now() - started) / 1000;
      performance.measure("what if", { start: started, end: performance.now() });
      this.#answered(answer);
      this.tell("whatif.answered", seconds.toFixed(2));
      const [most] = answer.changes;
      say(words("whatif.biggest", most.label, percent(most.before), percent(most.after)));
    } catch (error) {
      if (mine !== this.asked) return;
      this.#answered(null);
      this.#failed(error);
    }
  }

  /** @param {unknown} error */
  #failed(error) {
    if (error instanceof Refused) this.tell("whatif.failed", error.message);
    else this.tell("whatif.offline");
    this.at.state.dataset.state = "failed";
  }

  /** @param {WhatIfData | null} answer */
  #answered(answer) {
    const { changes } = this.at;
    this.answer = answer;
    delete changes.dataset.stale;
    changes.replaceChildren(...(answer?.changes ?? []).map(row));
    this.show();
    this.edited.take(answer);
  }

  /** Panes stand at other slices: the edited ones among them are shown so. */
  slice() {
    this.edited.slice();
    this.brush.paint();
  }

  /** The edited film, or the film as it is. */
  flip() {
    this.edited.shown = !this.edited.shown;
    this.show();
    this.edited.show();
  }

  async keep() {
    try {
      await ask(`${this.drawers.address}/what-ifs`, { method: "POST", body: this.#body });
      await this.drawers.count();
      this.tell("whatif.kept");
    } catch (error) {
      this.#failed(error);
    }
    this.kept.show();
  }

  /**
   * An image that the guard refused and somebody had read all the same: the refusal stands before the reader starts.
   * @param {CaseData} data
   */
  #begin({ prediction, inspection }) {
    if (inspection?.insisted) this.tell("whatif.insisted", inspection.reasons.join(" "));
    else this.tell(prediction ? "whatif.empty" : "whatif.unread");
  }

  /**
   * @param {string} key
   * @param {...string} values
   */
  tell(key, ...values) {
    this.at.state.textContent = words(key, ...values);
    delete this.at.state.dataset.state;
  }

  show() {
    const { at, state } = this;
    at.undo.disabled = !this.edits.before.length;
    at.redo.disabled = !this.edits.after.length;
    at.reset.disabled = !state.areas.length;
    at.keep.disabled = !this.answer;
    at.show.disabled = !this.answer;
    at.show.setAttribute("aria-pressed", String(this.edited.shown));
    at.outside.checked = state.outside;
    at.radiusOut.textContent = `${Math.round(this.radius)} px`;
    at.hot.textContent = words("whatif.hot", this.#mapped?.pane.title ?? "–");
    const { stack } = this.page.panes.active;
    at.slices.hidden = !stack || stack.count < 2 || stack.separate;
    const many = Number(at.around.value);
    at.aroundOut.textContent = many ? `± ${many}` : words("whatif.this-slice");
    for (const button of this.fills) button.setAttribute("aria-pressed", String(button.dataset.fill === state.fill));
    this.brush.paint();
  }
}

/** @param {CaseData} data */
function about({ stack, model, prediction }) {
  return `${stack} ${model} ${prediction?.model_sha256 ?? ""}`;
}
