// What a reader can ask for besides the layers that a case opens with: other methods, and of the active pane's map its mean and
// spread and its randomised twin. They become layers like the others when somebody wants them.

import { element } from "./elements.js";
import { keepFolds } from "./folds.js";
import { failedFor } from "./jobs.js";
import { provides, register } from "./layers.js";
import { served } from "./served.js";
import { say, words } from "./words.js";

/** @import { CaseData, MethodData } from "./types.js" */
/** @import { Grid } from "./grid.js" */
/** @import { Pane } from "./pane.js" */
/** @import { Panes } from "./panes.js" */
/** @import { Payload } from "./payload.js" */
/**
 * What the menu asks of its page.
 * @typedef {object} Host
 * @property {CaseData} data
 * @property {Grid} grid
 * @property {Panes} panes
 * @property {Payload} payload
 */

export class More {
  /** @param {Host} page whose layers are registered already */
  constructor(page) {
    this.page = page;
    this.menu = element("more", HTMLDetailsElement);
    this.list = element("more-list");
    provides((id) => this.#offer(id));
    this.menu.addEventListener("toggle", () => this.show());
    page.panes.onActivate(() => this.show());
    element("findings").addEventListener("click", ({ target }) => this.#outline(target));
    keepFolds(element("findings"));
  }

  /**
   * A region of a table of evidence: its outline comes into the active pane.
   * @param {EventTarget | null} target
   */
  #outline(target) {
    const name = target instanceof HTMLElement ? target.dataset.outline : "";
    const entry = name && this.page.data.more.find((one) => one.name === name);
    if (entry) this.choose(entry);
  }

  /** In place of a map that weighs a mask the mask alone, so that a reader sees what the network added; and back. */
  alone() {
    const { data, panes } = this.page;
    const shown = panes.active.method;
    const every = [...data.methods, ...data.more];
    const weighing = every.find(({ name, prior }) => prior && (name === shown || prior === shown));
    const wanted = weighing?.name === shown ? weighing.prior : weighing?.name;
    const entry = every.find(({ name }) => name === wanted);
    if (entry) this.choose(entry);
    else say(words("mask.none"));
  }

  /** The names of those that panes show. */
  get shown() {
    const names = new Set(this.page.panes.all.map(({ method }) => method));
    return this.page.data.more.filter(({ name, imported }) => names.has(name) && !imported).map(({ name }) => name);
  }

  /** The methods of the layers that panes show and that are not there yet; see Payload.missing. */
  get missing() {
    return this.page.payload.missing(this.shown);
  }

  /** Asks for them, unless that has just come to nothing. */
  ask() {
    const { data, payload } = this.page;
    if (!failedFor(data)) payload.askMaps(this.missing);
  }

  /**
   * Those that somebody has asked for stand in the list of layers.
   * @param {CaseData} data
   */
  take({ more, explanations }) {
    const there = new Set(explanations.map(({ method }) => method));
    for (const entry of more) if (there.has(entry.name)) put(entry);
  }

  /**
   * A layer that is wanted and not there: a saved layout or a link may name one.
   * @param {string} id
   */
  #offer(id) {
    const entry = this.page.data.more.find(({ name }) => id === `map:${name}`);
    if (entry) put(entry);
  }

  show() {
    if (!this.menu.open) return;
    const { data, panes } = this.page;
    const [base] = panes.active.method.split(".");
    const others = data.more.filter(({ of }) => !of);
    const variants = data.more.filter(({ name, of }) => of && name.startsWith(`${base}.`));
    const hint = document.createElement("p");
    hint.className = "quiet small";
    hint.textContent = words(variants.length ? "more.beside" : "more.choose");
    const help = document.createElement("a");
    help.href = served(base ? `/help#${base}` : "/help#methods");
    help.textContent = words("more.help");
    hint.append(" ", help);
    this.list.replaceChildren(
      ...this.#group(words("more.methods"), others),
      ...this.#group(variants.length ? variants[0].of : words("more.of"), variants),
      hint,
    );
  }

  /**
   * @param {string} title
   * @param {MethodData[]} entries
   */
  #group(title, entries) {
    const head = document.createElement("h3");
    head.className = "eyebrow";
    head.textContent = title;
    const list = document.createElement("ul");
    list.className = "layout-list";
    list.append(...entries.map((entry) => this.#item(entry)));
    return [head, list];
  }

  /** @param {MethodData} entry */
  #item(entry) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button button-small layout-saved";
    button.textContent = entry.title;
    button.title = entry.summary;
    button.dataset.more = entry.name;
    button.addEventListener("click", () => this.choose(entry));
    const item = document.createElement("li");
    item.append(button);
    return item;
  }

  /**
   * Another method comes into the active pane; a variant comes beside it, so that the two can be compared at once.
   * @param {MethodData} entry
   */
  choose(entry) {
    const { data, grid, panes, payload } = this.page;
    const id = put(entry);
    const place = this.#beside();
    this.menu.open = false;
    if (entry.of && place !== null) {
      panes.activate(grid.put(id, place));
      say(words("say.layer", entry.title, place + 1));
    } else grid.choose(id);
    panes.active.element.focus();
    // What has just come to nothing is asked for once more, because somebody wants it; all else follows from the new layout.
    if (failedFor(data)) payload.askMaps(this.missing, true);
  }

  /** The place of the pane that a variant of the active pane's map comes into; null where it has none of its own. */
  #beside() {
    const { grid, panes } = this.page;
    const { active, before, all } = panes;
    if (grid.arrangement === "planes" || all.length === 1) return null;
    /** @param {Pane} pane */
    const fits = (pane) => pane !== active && pane.stack === active.stack;
    return (fits(before) ? before : (all.find((pane) => fits(pane) && !pane.layer) ?? all.find(fits)))?.place ?? null;
  }
}

/**
 * Puts one into the list of layers; its id there.
 * @param {MethodData} entry
 */
function put({ name, kind, title, signed, summary, caution, of, influence, ends: [above, below] }) {
  const id = `map:${name}`;
  const more = { more: true, variant: Boolean(of) };
  register({ id, kind, method: name, title, signed, summary, caution, influence, above, below, ...more });
  return id;
}
