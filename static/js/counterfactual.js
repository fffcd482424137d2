// Counterfactuals: what would have to change on the film, or on the slices of a stack, for another answer. A worker makes the
// change; the server lays it onto the images in the strength that the slider says, in their own values, so that the reader's
// window holds for both. Of a stack the slices come that panes show. What everybody says of it is judgement.js.

import { Refused, ask } from "./asking.js";
import { row } from "./changes.js";
import { all, element } from "./elements.js";
import { Judgement } from "./judgement.js";
import { register, withdraw } from "./layers.js";
import { fetchFilm, fetchPreview } from "./viewport/film.js";
import { words } from "./words.js";

/** @import { CaseData, CounterfactualData, Drawing, Film, ReadingPane } from "./types.js" */

const LAYER = "counterfactual";
/** How many images are kept: a slider goes to and fro, and so does a reader through slices. */
const KEPT = 24;

export class Counterfactual {
  /** @type {CounterfactualData | null} */
  answer = null;

  /** How many questions were asked. */
  asked = 0;

  about = "";

  /** Less (−1) or more (1) of the finding; 0: what flips the answer. */
  direction = 0;

  /** By which way; "" for the better one. */
  way = "";

  /** Whether the changed film is shown. */
  shown = true;

  /**
   * By strength and image, the last one that was wanted at the end.
   * @type {Map<string, Film>}
   */
  films = new Map();

  /**
   * Those that are shown, by the id of their image.
   * @type {Map<string, Film>}
   */
  showing = new Map();

  /** The images that the panes showed when it was last looked which of them are changed. */
  seen = "";

  /** @type {AbortController | null} */
  fetching = null;

  /** @param {Drawing} drawers */
  constructor(drawers) {
    this.drawers = drawers;
    this.page = drawers.page;
    this.judgement = new Judgement();
    this.at = {
      question: element("counterfactual-question"),
      strength: element("counterfactual-strength", HTMLInputElement),
      out: element("counterfactual-strength-out"),
      show: element("counterfactual-show", HTMLButtonElement),
      state: element("counterfactual-state"),
      changes: element("counterfactual-changes"),
      keep: element("counterfactual-keep", HTMLButtonElement),
      moving: element("counterfactual-moving", HTMLAnchorElement),
    };
    this.at.keep.addEventListener("click", () => this.keep());
    this.directions = all(document, "[data-direction]", HTMLButtonElement);
    this.ways = all(element("counterfactual"), "[data-way]", HTMLButtonElement);
    this.at.strength.addEventListener("input", () => this.slide());
    this.at.show.addEventListener("click", () => this.flip());
    for (const button of this.directions) {
      button.addEventListener("click", () => this.#choose({ direction: Number(button.dataset.direction) }));
    }
    for (const button of this.ways) button.addEventListener("click", () => this.#choose({ way: button.dataset.way ?? "" }));
  }

  /** How strongly the film is changed. */
  get strength() {
    return Number(this.at.strength.value);
  }

  open() {
    this.take(this.page.data);
    this.show();
  }

  close() {
    this.cover(false);
  }

  /**
   * The page shows something else.
   * @param {CaseData} data
   */
  take(data) {
    const told = about(data);
    if (this.about === told && this.answer) return;
    if (this.about !== told) Object.assign(this, { about: told, direction: 0, way: "" });
    if (!element("counterfactual").hidden) this.ask();
  }

  /**
   * Keys while the drawer is open; true when one was taken.
   * @param {KeyboardEvent} event
   */
  key(event) {
    if (event.ctrlKey) return false;
    const name = event.key.toLowerCase();
    const { strength } = this.at;
    if (name === "x" && this.answer) this.flip();
    else if (name === "[" || name === "]") {
      if (name === "]") strength.stepUp();
      else strength.stepDown();
      this.slide();
    } else return false;
    return true;
  }

  /** @param {{ direction?: number, way?: string }} chosen */
  #choose(chosen) {
    Object.assign(this, chosen);
    this.ask();
  }

  /** What of the shown finding can be asked. */
  get #changeable() {
    const { changeable, finding } = this.page.data;
    return changeable.find((one) => one.finding === finding);
  }

  /** Only the last question counts: answers to earlier ones are let go. */
  async ask() {
    this.asked += 1;
    const mine = this.asked;
    this.#answered(null);
    const { data } = this.page;
    if (!this.#changeable) {
      const names = data.changeable.map(({ label }) => label);
      this.tell("counterfactual.none", names.join(", ") || "–");
      return;
    }
    const { direction, way } = this;
    const exam = data.arrangement === "planes";
    this.tell(exam ? "counterfactual.asking-stack" : "counterfactual.asking");
    const image = exam ? "" : data.image; // the server knows which stack can be changed
    const body = JSON.stringify({ model: data.model, finding: data.finding, image, direction, way });
    try {
      /** @type {CounterfactualData} */
      const answer = await ask(`${this.drawers.address}/counterfactual`, { method: "POST", body });
      if (mine !== this.asked) return;
      this.#answered(answer);
      const told = answer.plane ? "counterfactual.answered-stack" : "counterfactual.answered";
      this.tell(told, answer.seconds.toFixed(1), answer.plane);
      if (answer.plane) this.#bare();
    } catch (error) {
      if (mine !== this.asked) return;
      this.#failed(error);
    }
  }

  /** Three planes share one layer, and open with a map: what is changed is seen on slices without one. */
  #bare() {
    const { grid, panes } = this.page;
    const mine = panes.all.filter(({ stack }) => stack && !stack.guest);
    if (mine.some(({ layer }) => layer === "film")) return;
    for (const pane of mine) grid.put("film", panes.all.indexOf(pane));
  }

  /** @param {unknown} error */
  #failed(error) {
    if (error instanceof Refused) this.tell("counterfactual.failed", error.message);
    else this.tell("counterfactual.offline");
    this.at.state.dataset.state = "failed";
  }

  /** @param {CounterfactualData | null} answer */
  #answered(answer) {
    this.answer = answer;
    this.films = new Map();
    this.showing = new Map();
    this.at.changes.replaceChildren(...(answer?.changes ?? []).map(row));
    this.judgement.take(answer);
    this.at.moving.hidden = !answer || Boolean(answer.plane);
    this.at.keep.hidden = Boolean(answer?.plane);
    if (answer) this.at.moving.href = `${answer.pixels_url}/film.webp`;
    this.show();
  }

  /** Keeps it with the case in the strength that is shown; its layers are then in the menu of layers. */
  async keep() {
    const { answer, strength, page } = this;
    if (!answer || !strength) return;
    this.at.keep.disabled = true;
    try {
      await ask(`${answer.pixels_url}/kept`, { method: "POST", body: JSON.stringify({ strength }) });
      await page.refresh();
      this.tell("counterfactual.kept", strength.toFixed(2));
    } catch (error) {
      this.#failed(error);
    }
    this.at.keep.disabled = !this.answer;
  }

  /** The slider moved. */
  slide() {
    this.at.out.textContent = this.strength.toFixed(2);
    this.at.keep.disabled = !this.answer || !this.strength;
    this.judgement.at(this.strength);
    this.#film();
  }

  /** The changed film, or the film as it is. */
  flip() {
    this.shown = !this.shown;
    this.show();
  }

  show() {
    const { at, answer } = this;
    const changeable = this.#changeable;
    const direction = answer?.direction ?? this.direction;
    const way = answer?.way ?? this.way;
    at.question.textContent = changeable ? words(`counterfactual.${direction > 0 ? "more" : "less"}`, changeable.label) : "";
    for (const button of this.directions) {
      button.disabled = !changeable?.directions.includes(Number(button.dataset.direction));
      button.setAttribute("aria-pressed", String(Number(button.dataset.direction) === direction));
    }
    for (const button of this.ways) {
      button.disabled = !changeable?.ways.includes(button.dataset.way ?? "");
      button.setAttribute("aria-pressed", String(button.dataset.way === way));
    }
    at.show.disabled = !answer;
    at.keep.disabled = !answer || !this.strength;
    at.show.setAttribute("aria-pressed", String(this.shown));
    this.slide();
  }

  /**
   * The changed images that are wanted now: the film, or the slices of the stack that panes show.
   * @param {CounterfactualData} answer
   */
  #wanted(answer) {
    if (!answer.plane) return [answer.image];
    const here = new Set(this.page.panes.all.map(({ image }) => image?.id));
    return answer.images.filter((id) => here.has(id));
  }

  /** What the panes show, changed at the slider's strength. */
  async #film() {
    const { answer, page } = this;
    this.seen = standing(page.panes.all);
    if (!answer) withdraw(LAYER);
    if (!answer || !this.shown || !page.panes.renderer) {
      this.cover(false);
      return;
    }
    this.fetching?.abort();
    const fetching = new AbortController();
    this.fetching = fetching;
    const wanted = this.#wanted(answer);
    for (const id of this.showing.keys()) if (!wanted.includes(id)) this.showing.delete(id);
    if (answer.plane) this.#arrived();
    try {
      await Promise.all(wanted.map((id) => this.#fetch(answer, id, fetching.signal)));
    } catch (error) {
      if (!fetching.signal.aborted) this.#failed(error);
    }
  }

  /**
   * One of them: small at first where it is large, then all of it.
   * @param {CounterfactualData} answer
   * @param {string} id
   * @param {AbortSignal} signal
   */
  async #fetch(answer, id, signal) {
    const { strength } = this;
    const image = this.page.image(id);
    if (!image) return;
    const key = `${strength} ${id}`;
    const address = `${answer.pixels_url}/${strength}/pixels`;
    const wanted = { ...image, id: `${answer.id} ${key}`, pixels_url: answer.plane ? `${address}?image=${id}` : address };
    const known = this.films.get(key);
    if (!known && !answer.plane) {
      const preview = await fetchPreview(wanted, signal);
      if (preview && !signal.aborted) this.#arrived(id, preview);
    }
    const film = known ?? (await fetchFilm(wanted, signal));
    if (signal.aborted) return;
    this.films.delete(key);
    this.films.set(key, film);
    if (this.films.size > KEPT) this.films.delete([...this.films.keys()][0]);
    this.#arrived(id, film);
  }

  /**
   * @param {string} [id]
   * @param {Film} [film]
   */
  #arrived(id, film) {
    if (!this.shown || element("counterfactual").hidden) return;
    if (id && film) this.showing.set(id, film);
    register({ id: LAYER, kind: "film", title: this.#title, film: ({ image }) => this.showing.get(image?.id ?? "") ?? null });
    this.cover(true);
  }

  get #title() {
    return words(this.answer?.plane ? "counterfactual.slice" : "counterfactual.film", this.strength.toFixed(2));
  }

  /** Panes stand at other slices: the changed ones among them are shown so. */
  slice() {
    if (!this.answer?.plane || !this.shown || element("counterfactual").hidden) return;
    if (this.seen !== standing(this.page.panes.all)) this.#film();
  }

  /**
   * Lays the changed images over the panes that show them plain, or takes them away. Any other pane shows them as a layer.
   * @param {boolean} on
   */
  cover(on) {
    for (const pane of this.page.panes.all) {
      const film = on && pane.layer === "film" ? this.showing.get(pane.image?.id ?? "") : undefined;
      if (film) this.drawers.lay(pane, { title: this.#title, film });
      else if (pane.laid?.film) this.drawers.lay(pane, null);
      pane.element.dataset.changed = film && this.answer ? `${this.answer.id} ${this.strength}` : "";
    }
  }

  /**
   * @param {string} key
   * @param {...string} values
   */
  tell(key, ...values) {
    this.at.state.textContent = words(key, ...values);
    delete this.at.state.dataset.state;
  }
}

/** @param {readonly ReadingPane[]} panes */
function standing(panes) {
  return panes.map(({ image }) => image?.id ?? "").join(" ");
}

/** @param {CaseData} data */
function about({ stack, model, finding, prediction }) {
  return `${stack} ${model} ${finding} ${prediction?.model_sha256 ?? ""}`;
}
