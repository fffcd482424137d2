// The drawers beside the panes: opened by their buttons or keys, their scripts run when first opened. Also what both of them
// need: laying a layer into a pane, {film} or {map}, and taking it away again.

import { ask } from "./asking.js";
import { element, first, inside } from "./elements.js";
import { words } from "./words.js";

/** @import { CaseData, EditData, ImageData, KeptData, Laid, Part } from "./types.js" */
/** @import { Counterfactual } from "./counterfactual.js" */
/** @import { Filmstrip } from "./filmstrip.js" */
/** @import { Grid } from "./grid.js" */
/** @import { Pane } from "./pane.js" */
/** @import { Panes } from "./panes.js" */
/** @import { Regions } from "./regions.js" */
/** @import { Display } from "./viewport/state.js" */
/** @import { WhatIf } from "./whatif.js" */
/**
 * What drawers ask of their page.
 * @typedef {object} Host
 * @property {CaseData} data
 * @property {Panes} panes
 * @property {Display} display
 * @property {Regions} regions
 * @property {Grid} grid
 * @property {(id: string) => ImageData | undefined} image
 * @property {() => Promise<void>} refresh
 * @property {(pane: Pane) => void} shows a pane shows something else of what it has
 */
/** @typedef {"whatif" | "filmstrip" | "counterfactual"} Name */

const TYPING = "input:not([type=range], [type=radio], [type=checkbox]), textarea, select, [contenteditable]";
const FILLS = ["inpaint", "mean", "blur"];
/** @type {Name[]} */
const NAMES = ["whatif", "filmstrip", "counterfactual"];
/** @type {Record<string, Name>} */
const KEYS = { w: "whatif", f: "filmstrip" };
const LONGEST = 8000;

export class Drawers {
  /** The stack whose what-ifs were counted. */
  subject = "";

  /**
   * Those that have been opened.
   * @type {{ whatif?: WhatIf, filmstrip?: Filmstrip, counterfactual?: Counterfactual }}
   */
  parts = {};

  /** @param {Host} page */
  constructor(page) {
    this.page = page;
    this.address = element("drawers").dataset.address ?? "";
    for (const name of NAMES) element(`${name}-open`).addEventListener("click", () => this.toggle(name));
    document.addEventListener("keydown", (event) => this.#key(event), { capture: true });
    /** @type {KeptData[]} */
    this.kept = [];
    this.count();
  }

  /** Which drawer is open, or "". */
  get open() {
    return NAMES.find((name) => !element(name).hidden) ?? "";
  }

  /** What lies in the drawer that is open, once it is there. */
  get #opened() {
    return this.open ? this.parts[this.open] : undefined;
  }

  /** @param {Name} name */
  async toggle(name) {
    const opening = element(name).hidden;
    for (const other of NAMES) {
      const on = other === name && opening;
      element(other).hidden = !on;
      element(`${other}-open`).setAttribute("aria-expanded", String(on));
      if (!on) this.parts[other]?.close();
    }
    if (!opening) return;
    const part = await this.#part(name);
    if (!element(name).hidden) part.open();
  }

  /** @param {Name} name */
  #part(name) {
    if (name === "counterfactual") return this.#counterfactual();
    return name === "whatif" ? this.#whatIf() : this.#filmstrip();
  }

  async #counterfactual() {
    if (!this.parts.counterfactual) {
      const { Counterfactual } = await import("./counterfactual.js");
      this.parts.counterfactual ??= new Counterfactual(this);
    }
    return this.parts.counterfactual;
  }

  async #whatIf() {
    if (!this.parts.whatif) {
      const { WhatIf } = await import("./whatif.js");
      this.parts.whatif ??= new WhatIf(this);
    }
    return this.parts.whatif;
  }

  async #filmstrip() {
    if (!this.parts.filmstrip) {
      const { Filmstrip } = await import("./filmstrip.js");
      this.parts.filmstrip ??= new Filmstrip(this);
    }
    return this.parts.filmstrip;
  }

  /**
   * Before the page's own keys: these two, and whatever the open drawer takes. The switch for single keys holds here too.
   * @param {KeyboardEvent} event
   */
  #key(event) {
    if (event.altKey || event.metaKey || event.isComposing || document.querySelector("dialog[open]")) return;
    if (inside(event.target, TYPING)) return;
    const single = element("single-keys", HTMLInputElement).checked;
    const name = this.#called(event);
    let taken = false;
    if (event.ctrlKey || event.key === "Escape" || single) taken = Boolean(this.#opened?.key(event));
    if (!taken && name && !event.ctrlKey && single) {
      this.toggle(name);
      taken = true;
    }
    if (!taken) return;
    event.preventDefault();
    event.stopPropagation();
  }

  /**
   * The drawer that a key opens, undefined for any other key.
   * @param {KeyboardEvent} event
   */
  #called({ key, shiftKey }) {
    const name = KEYS[key.toLowerCase()];
    if (!shiftKey) return name;
    if (name !== "whatif") return undefined;
    return element("counterfactual-open").hidden ? undefined : "counterfactual";
  }

  /** Whether the what-if on the screen is too long for a link. */
  get long() {
    return this.#whatif.length > LONGEST;
  }

  get #whatif() {
    const state = this.open === "whatif" ? this.parts.whatif?.state : null;
    return state?.areas.length ? JSON.stringify(state) : "";
  }

  /**
   * The part of a link: the what-if on the screen, kept or not; it is asked again where the link is opened.
   * @returns {Part}
   */
  get part() {
    return {
      save: () => (this.long || !this.#whatif ? null : JSON.parse(this.#whatif)),
      load: (saved) => {
        if (!isEdit(saved)) return words("link.partly");
        this.#again(saved);
        return "";
      },
    };
  }

  /** @param {EditData} edit */
  async #again({ areas, fill, outside }) {
    if (this.open !== "whatif") await this.toggle("whatif");
    this.parts.whatif?.change({ areas, fill, outside });
  }

  /**
   * The page shows something else.
   * @param {CaseData} data
   */
  take(data) {
    element("counterfactual-open").hidden = !data.changeable.length;
    for (const part of Object.values(this.parts)) part.take(data);
    if (this.subject !== data.stack) this.count();
  }

  /** Asks what is kept for what is shown, and says how many. */
  async count() {
    const { stack } = this.page.data;
    this.subject = stack;
    try {
      /** @type {{ what_ifs: KeptData[] }} */
      const { what_ifs: kept } = await ask(`${this.address}/what-ifs`);
      this.kept = kept.filter((one) => !stack || one.stack === stack || this.page.image(one.image)?.stack === stack);
    } catch {
      return; // the drawer asks again when it opens
    }
    element("whatif-count").textContent = this.kept.length ? words("whatif.count", this.kept.length) : "";
  }

  /**
   * Lays a film or a map over what a pane shows; null takes it away.
   * @param {Pane} pane
   * @param {Laid | null} layer
   */
  lay(pane, layer) {
    pane.laid = layer;
    first(pane.element, ".pane-title").textContent = layer?.title ?? pane.title;
    this.page.shows(pane);
    this.page.panes.refresh();
  }
}

/**
 * Whether what came out of a link is an edit; what the areas amount to, the server looks at.
 * @param {unknown} saved
 * @returns {saved is EditData}
 */
function isEdit(saved) {
  const { areas, fill, outside } = /** @type {Partial<EditData>} */ (saved ?? {});
  if (!Array.isArray(areas) || !areas.length || typeof outside !== "boolean") return false;
  return areas.every(isArea) && FILLS.includes(fill ?? "");
}

/** @param {unknown} area */
function isArea(area) {
  const { kind, points, explanation, threshold } = /** @type {Record<string, unknown>} */ (area ?? {});
  if (kind === "hot") return typeof explanation === "string" && Number.isFinite(threshold);
  return typeof kind === "string" && Array.isArray(points) && points.length > 0 && points.every(isPoint);
}

/** @param {unknown} point */
function isPoint(point) {
  return Array.isArray(point) && point.length === 2 && point.every(Number.isFinite);
}
