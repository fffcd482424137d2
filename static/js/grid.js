// The grid: how many panes there are, and which layer each of them shows. Layers come onto panes by dragging them, by pressing them
// in the list, or by a saved layout. Knows the layers by their ids only.

import { layer, layers, onLayers } from "./layers.js";
import { say, words } from "./words.js";

export const MOST_ROWS = 3;
export const MOST_COLUMNS = 4;
const TYPE = "application/x-whylight-layer";
const PLACE = "application/x-whylight-place";

export class Grid {
  constructor(panes) {
    this.panes = panes;
    const count = panes.all.length;
    this.columns = count === 1 ? 1 : count === 2 || count === 4 ? 2 : 3;
    this.rows = Math.ceil(count / this.columns);
    this.first = this.layout;
    this.listeners = [];
    panes.each((pane) => this.#attach(pane));
    onLayers((id) => this.#changed(id));
  }

  /** Calls `listener` after every change of the layout. */
  onChange(listener) {
    this.listeners.push(listener);
  }

  /** The layout as plain values. */
  get layout() {
    return { rows: this.rows, columns: this.columns, layers: this.panes.all.map((pane) => pane.layer) };
  }

  /** Shows a layout; `ids` the layers by place, in front of what fills the rest. */
  show({ rows, columns, layers: ids = this.panes.all.map((pane) => pane.layer) }) {
    this.rows = Math.min(Math.max(rows, 1), MOST_ROWS);
    this.columns = Math.min(Math.max(columns, 1), MOST_COLUMNS);
    const count = this.rows * this.columns;
    const wanted = ids.slice(0, count).map((id) => (layer(id) ? id : ""));
    const spare = layers().map(({ id }) => id).filter((id) => !wanted.includes(id));
    while (wanted.length < count) wanted.push(spare.shift() ?? "");
    if (this.panes.enlarged) this.panes.toggleLarge(this.panes.shown[0]);
    this.panes.cut(count);
    wanted.forEach((id, place) => this.put(id, place));
    Object.assign(this.panes.grid.dataset, { panes: count, columns: this.columns, rows: this.rows });
    for (const listener of this.listeners) listener(this);
  }

  /** Puts a layer ("" for none) onto a place. */
  put(id, place) {
    const { panes } = this;
    const old = panes.all[place];
    if (old?.layer === id) return old;
    const pane = panes.put(place, this.#element(id, place));
    for (const listener of this.listeners) listener(this);
    return pane;
  }

  /** Shows a layer in the active pane, and says so. */
  choose(id) {
    const { place } = this.panes.active;
    this.panes.activate(this.put(id, place));
    say(words("say.layer", layer(id).title, place + 1));
  }

  /** The layer after or before the active pane's one. */
  step(by) {
    const all = layers();
    const at = all.findIndex(({ id }) => id === this.panes.active.layer);
    this.choose(all[(at + by + all.length) % all.length].id);
    this.panes.active.element.focus();
  }

  swap(one, other) {
    const [a, b] = [one, other].map((place) => this.panes.all[place].layer);
    this.put(b, one);
    this.panes.activate(this.put(a, other));
  }

  // A pane as the server made it where there is one; else the film's, with what differs.
  #element(id, place) {
    const { originals } = this.panes;
    const shown = layer(id);
    const element = (originals.get(id) ?? originals.get("film")).cloneNode(true);
    if (!originals.has(id)) this.#adapt(element, id, shown);
    const name = shown ? shown.method || id.replaceAll(/[^a-z0-9-]/gi, "-") : "empty";
    const taken = document.getElementById(`pane-${name}`);
    element.id = taken && taken !== this.panes.all[place]?.element ? `pane-${name}-${place + 1}` : `pane-${name}`;
    const caution = element.querySelector(".caution-words");
    if (caution) {
      caution.id = `caution-${name}-${place + 1}`;
      element.querySelector(".pane-caution").setAttribute("popovertarget", caution.id);
    }
    return element;
  }

  #adapt(element, id, shown) {
    const title = shown?.title ?? words("pane.empty");
    Object.assign(element.dataset, { layer: id, method: "", signed: shown?.signed ? "yes" : "no" });
    element.setAttribute("aria-label", title);
    Object.assign(element.querySelector(".pane-title"), { textContent: title, title: shown?.summary ?? "" });
    element.querySelector(".pane-enlarge").setAttribute("aria-label", `${words("maximise")}: ${title}`);
    const bar = [...this.panes.originals.values()].map((other) => other.querySelector(".bar")).find(Boolean);
    if (shown?.overlay && bar) element.querySelector(".pane-foot").replaceChildren(bar.cloneNode(true));
    if (shown) return;
    element.querySelector(".pane-foot").replaceChildren();
    element.querySelector(".pane-preview").remove();
    Object.assign(element.querySelector(".pane-words"), { hidden: false, textContent: words("pane.drop") });
  }

  #changed(id) {
    for (const pane of this.panes.all) {
      if (pane.layer !== id) continue;
      if (!layer(id)) this.put("", pane.place);
      else if (!pane.method) this.panes.refresh();
    }
    for (const listener of this.listeners) listener(this);
  }

  /** Makes an element something that can be dragged onto a pane. */
  static drag(element, id) {
    element.draggable = true;
    element.addEventListener("dragstart", (event) => {
      event.dataTransfer.setData(TYPE, id);
      event.dataTransfer.effectAllowed = "copy";
    });
  }

  #attach(pane) {
    const { element } = pane;
    const head = element.querySelector(".pane-title");
    head.draggable = true;
    head.addEventListener("dragstart", (event) => {
      event.dataTransfer.setData(PLACE, String(pane.place));
      event.dataTransfer.effectAllowed = "move";
    });
    element.addEventListener("dragover", (event) => {
      const { types } = event.dataTransfer;
      if (!types.includes(TYPE) && !types.includes(PLACE)) return;
      event.preventDefault();
      element.toggleAttribute("data-drop", true);
    });
    element.addEventListener("dragleave", (event) => {
      if (!element.contains(event.relatedTarget)) element.removeAttribute("data-drop");
    });
    element.addEventListener("drop", (event) => {
      event.preventDefault();
      element.removeAttribute("data-drop");
      const id = event.dataTransfer.getData(TYPE);
      const from = event.dataTransfer.getData(PLACE);
      if (layer(id)) this.panes.activate(this.put(id, pane.place));
      else if (from && Number(from) !== pane.place) this.swap(Number(from), pane.place);
    });
  }
}
