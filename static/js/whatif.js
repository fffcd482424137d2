// What if: the reader paints over a part of the film or takes an area, and the network reads the film again. Areas go to the server
// in image pixels and the server edits the film, so that the API gives the same numbers. One area list, one fill; undo over both.

import { Brush } from "./brush.js";
import { Refused, ask } from "./drawers.js";
import { register, withdraw } from "./layers.js";
import { fetchFilm } from "./viewport/film.js";
import { ends } from "./viewport/map.js";
import { say, words } from "./words.js";

const LAYER = "edited";
const EMPTY = Object.freeze({ areas: [], fill: "inpaint", outside: false });
const $ = (id) => document.getElementById(id);

export class WhatIf {
  constructor(drawers) {
    Object.assign(this, { drawers, page: drawers.page, state: EMPTY, before: [], after: [], shown: true, answer: null, asked: 0 });
    this.brush = new Brush(this.page.panes, { radius: () => this.radius, areas: () => this.state.areas, drawn: (area) => this.add([area]), moved: (x, y) => say(words("whatif.cursor", x, y)) });
    for (const button of document.querySelectorAll("[data-paint]")) {
      button.addEventListener("click", (event) => {
        this.paint(this.brush.tool === button.dataset.paint ? "" : button.dataset.paint);
        // Taken up by keyboard it is used by keyboard: on the pane.
        if (this.brush.tool && !event.detail) this.page.panes.active.element.focus();
      });
    }
    for (const button of document.querySelectorAll("[data-fill]")) button.addEventListener("click", () => this.change({ fill: button.dataset.fill }));
    $("whatif-outside").addEventListener("change", (event) => this.change({ outside: event.target.checked }));
    $("whatif-radius").addEventListener("input", () => this.show());
    $("whatif-hot").addEventListener("click", () => this.hot());
    $("whatif-region").addEventListener("click", () => this.region());
    for (const [name, act] of Object.entries({ undo: this.undo, redo: this.redo, reset: this.reset, keep: this.keep, show: this.flip })) {
      $(`whatif-${name}`).addEventListener("click", () => act.call(this));
    }
    this.page.panes.onActivate(() => this.show());
  }

  /** The brush's radius in image pixels: a share of the film's longer side. */
  get radius() {
    const { image } = this.page.panes.film ?? { image: { rows: 1, columns: 1 } };
    return (Math.max(image.rows, image.columns) * Number($("whatif-radius").value)) / 100;
  }

  open() {
    const { data } = this.page;
    this.about = about(data);
    this.#begin(data);
    if (!this.state.areas.length) this.paint(data.prediction ? "brush" : "");
    this.show();
    this.drawers.count().then(() => this.showKept());
    this.#layer();
  }

  close() {
    this.paint("");
    this.#cover(null);
  }

  take(data) {
    if (this.about === about(data)) return this.show();
    this.about = about(data);
    Object.assign(this, { state: EMPTY, before: [], after: [] });
    this.#answered(null);
    this.#begin(data);
    this.drawers.count().then(() => this.showKept());
    return undefined;
  }

  /** Keys while the drawer is open; true when one was taken. */
  key(event) {
    const name = event.key.toLowerCase();
    if (event.ctrlKey) {
      if (name === "z" && !event.shiftKey && this.before.length) return this.undo() || true;
      if ((name === "y" || (name === "z" && event.shiftKey)) && this.after.length) return this.redo() || true;
      return false;
    }
    if (this.brush.key(event)) return true;
    if (this.brush.tool === "brush" && (name === "[" || name === "]")) return this.#resize(name === "]" ? 1 : -1) || true;
    if (name === "x" && this.answer) return this.flip() || true;
    if (name === "escape" && this.brush.tool) return this.paint("") || true;
    return false;
  }

  #resize(steps) {
    const slider = $("whatif-radius");
    if (steps > 0) slider.stepUp();
    else slider.stepDown();
    this.show();
    say(words("whatif.size", $("whatif-radius-out").textContent));
  }

  paint(tool) {
    this.brush.choose(tool);
    for (const button of document.querySelectorAll("[data-paint]")) button.setAttribute("aria-pressed", String(button.dataset.paint === tool));
  }

  add(areas) {
    this.change({ areas: [...this.state.areas, ...areas] });
  }

  change(changes) {
    this.before.push(this.state);
    this.after = [];
    this.#set({ ...this.state, ...changes });
  }

  undo() {
    if (!this.before.length) return;
    this.after.push(this.state);
    this.#set(this.before.pop());
  }

  redo() {
    if (!this.after.length) return;
    this.before.push(this.state);
    this.#set(this.after.pop());
  }

  reset() {
    if (this.state.areas.length) this.change({ areas: [] });
  }

  #set(state) {
    this.state = state;
    this.page.panes.refresh();
    this.#ask();
    this.show();
  }

  /** The area where the active pane's map is above the threshold of the overlays. */
  hot() {
    const pane = this.#mapped;
    if (!pane) return this.tell("whatif.nomap");
    const { threshold } = this.page.display;
    const { values } = pane.map;
    const [, high] = ends(pane.map, true);
    if (!values.some((value) => value > 0 && value >= threshold * high)) return this.tell("whatif.nohot");
    return this.add([{ kind: "hot", explanation: pane.explanation, threshold }]);
  }

  get #mapped() {
    const { panes } = this.page;
    const pane = panes.active.method ? panes.active : panes.all.find(({ map }) => map);
    return pane?.map && pane.explanation ? pane : null;
  }

  /** The true region that the reader drew. */
  region() {
    const { region } = this.page.regions;
    if (!region) return this.tell("whatif.noregion");
    const whole = { kind: "rectangle", points: [[region.left, region.top], [region.right, region.bottom]] };
    return this.add((region.shapes ?? [whole]).map(({ kind, points }) => ({ kind, points })));
  }

  get #body() {
    const { areas, fill, outside } = this.state;
    const { model, image } = this.page.data;
    return { model, image, edits: [{ areas, fill, outside }] };
  }

  // Only the last question counts: answers to earlier ones are let go.
  async #ask() {
    this.asked += 1;
    const mine = this.asked;
    if (!this.state.areas.length) {
      this.#answered(null);
      return this.#begin(this.page.data);
    }
    this.tell("whatif.asking");
    $("whatif-changes").dataset.stale = "";
    const started = performance.now();
    try {
      const answer = await ask(`${this.drawers.address}/what-if`, { method: "POST", body: JSON.stringify(this.#body) });
      if (mine !== this.asked) return undefined;
      const seconds = (performance.now() - started) / 1000;
      performance.measure("what if", { start: started, end: performance.now() });
      this.#answered(answer);
      this.tell("whatif.answered", seconds.toFixed(2));
      const [first] = answer.changes;
      say(words("whatif.biggest", first.label, percent(first.before), percent(first.after)));
    } catch (error) {
      if (mine !== this.asked) return undefined;
      this.#answered(null);
      this.#failed(error);
    }
    return undefined;
  }

  #failed(error) {
    this.tell(...(error instanceof Refused ? ["whatif.failed", error.message] : ["whatif.offline"]));
    $("whatif-state").dataset.state = "failed";
  }

  #answered(answer) {
    this.answer = answer;
    delete $("whatif-changes").dataset.stale;
    $("whatif-changes").replaceChildren(...(answer?.changes ?? []).map(row));
    this.film = null;
    this.show();
    this.#layer();
  }

  // The edited film comes after the numbers, and takes the film's pane.
  async #layer() {
    const { panes, data } = this.page;
    const { answer } = this;
    if (!answer) withdraw(LAYER);
    if (!answer || !this.shown || !panes.renderer) return this.#cover(null);
    const image = data.images.find(({ id }) => id === answer.image);
    try {
      this.film ??= await fetchFilm({ ...image, id: answer.id, pixels_url: answer.pixels_url });
    } catch {
      return this.#failed(null);
    }
    if (this.answer !== answer || !this.shown || $("whatif").hidden) return undefined;
    const film = this.film;
    register({ id: LAYER, kind: "film", title: words("whatif.film"), film: () => film });
    return this.#cover(film);
  }

  // Lays the edited film into the plain film's pane, where there is one. Any other pane shows it as a layer.
  #cover(film) {
    const pane = this.page.panes.all.find((one) => one.layer === "film" && !one.image);
    if (this.covered && this.covered !== pane) this.drawers.lay(this.covered, null);
    this.covered = film ? pane : null;
    if (!pane) return;
    this.drawers.lay(pane, film && { title: words("whatif.film"), film });
    pane.element.dataset.edited = film ? this.answer.id : "";
  }

  /** The edited film, or the film as it is. */
  flip() {
    this.shown = !this.shown;
    this.show();
    this.#layer();
  }

  async keep() {
    try {
      await ask(`${this.drawers.address}/what-ifs`, { method: "POST", body: JSON.stringify(this.#body) });
      await this.drawers.count();
      this.tell("whatif.kept");
    } catch (error) {
      this.#failed(error);
    }
    this.showKept();
  }

  showKept() {
    const entries = this.drawers.kept.map((kept) => this.#entry(kept));
    if (!entries.length) entries.push(Object.assign(document.createElement("li"), { className: "quiet", textContent: words("whatif.nonekept") }));
    $("whatif-kept").replaceChildren(...entries);
  }

  #entry(kept) {
    const [first] = kept.changes;
    const text = words("whatif.entry", first.label, percent(first.before), percent(first.after));
    const item = document.createElement("li");
    const again = button(text, words("whatif.again", text), () => {
      const [{ areas, fill, outside }] = kept.edits;
      this.change({ areas: areas.map(plain), fill, outside });
    });
    const remove = button("✕", words("whatif.remove", text), async () => {
      try {
        await ask(`/what-ifs/${kept.id}`, { method: "DELETE" });
        await this.drawers.count();
        this.tell("whatif.gone");
      } catch (error) {
        this.#failed(error);
      }
      this.showKept();
    });
    item.append(again, remove);
    return item;
  }

  // An image that the guard refused and somebody had read all the same: the refusal stands before the reader starts.
  #begin({ prediction, inspection }) {
    const start = prediction ? "whatif.empty" : "whatif.unread";
    if (inspection?.insisted) this.tell("whatif.insisted", inspection.reasons.join(" "));
    else this.tell(start);
  }

  tell(key, ...values) {
    $("whatif-state").textContent = words(key, ...values);
    delete $("whatif-state").dataset.state;
  }

  show() {
    const { state } = this;
    $("whatif-undo").disabled = !this.before.length;
    $("whatif-redo").disabled = !this.after.length;
    $("whatif-reset").disabled = !state.areas.length;
    $("whatif-keep").disabled = !this.answer;
    $("whatif-show").disabled = !this.answer;
    $("whatif-show").setAttribute("aria-pressed", String(this.shown));
    $("whatif-outside").checked = state.outside;
    $("whatif-radius-out").textContent = `${Math.round(this.radius)} px`;
    $("whatif-hot").textContent = words("whatif.hot", this.#mapped?.title ?? "–");
    for (const button of document.querySelectorAll("[data-fill]")) button.setAttribute("aria-pressed", String(button.dataset.fill === state.fill));
    this.brush.paint();
  }
}

function about({ image, model, prediction }) {
  return `${image} ${model} ${prediction?.model_sha256 ?? ""}`;
}

// What the server wrote of an area, as it takes it.
function plain({ kind, points, radius, explanation, threshold }) {
  if (kind === "hot") return { kind, explanation, threshold };
  return kind === "brush" ? { kind, points, radius } : { kind, points };
}

function percent(probability) {
  return `${(probability * 100).toFixed(1)} %`;
}

function button(text, label, act) {
  const made = document.createElement("button");
  Object.assign(made, { type: "button", className: "button button-small button-quiet", textContent: text, title: label });
  made.setAttribute("aria-label", label);
  made.addEventListener("click", act);
  return made;
}

// One finding: its name, before → after, the change in percentage points, and a bar of what stayed and what moved.
function row(change) {
  const points = change.change * 100;
  const size = Math.abs(points).toFixed(1);
  const by = size === "0.0" ? size : `${points > 0 ? "+" : "−"}${size}`;
  const item = document.createElement("li");
  item.className = "change";
  Object.assign(item.dataset, { finding: change.finding, way: points < 0 ? "down" : "up" });
  item.setAttribute("aria-label", words("whatif.row", change.label, percent(change.before), percent(change.after), by));
  for (const [name, text] of [["name", change.label], ["from", `${percent(change.before)} → ${percent(change.after)}`], ["by", by]]) {
    item.append(Object.assign(document.createElement("span"), { className: `change-${name}`, textContent: text }));
  }
  const [low, high] = [Math.min(change.before, change.after), Math.max(change.before, change.after)];
  const parts = ["track", "held", "moved"].map((name) => Object.assign(document.createElement("span"), { className: `change-${name}` }));
  parts[1].style.width = `${low * 100}%`;
  parts[2].style.insetInlineStart = `${low * 100}%`;
  parts[2].style.width = `${(high - low) * 100}%`;
  parts[0].append(parts[1], parts[2]);
  item.append(parts[0]);
  return item;
}
