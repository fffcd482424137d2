// Counterfactuals: what would have to change on the film for another answer. A worker makes the change; the server lays it onto
// the film in the strength that the slider says, in the film's own values, so that the reader's window holds for both. What
// everybody says of it is judgement.js.

import { Refused, ask } from "./asking.js";
import { row } from "./changes.js";
import { all, element } from "./elements.js";
import { Judgement } from "./judgement.js";
import { register, withdraw } from "./layers.js";
import { fetchFilm, fetchPreview } from "./viewport/film.js";
import { words } from "./words.js";

/** @import { CaseData, CounterfactualData, Drawing, Film, ReadingPane } from "./types.js" */

const LAYER = "counterfactual";
/** How many strengths are kept: a slider goes to and fro. */
const KEPT = 12;

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
   * By strength, the last one that was wanted at the end.
   * @type {Map<number, Film>}
   */
  films = new Map();

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
    this.tell("counterfactual.asking");
    const { direction, way } = this;
    const body = JSON.stringify({ model: data.model, finding: data.finding, image: data.image, direction, way });
    try {
      /** @type {CounterfactualData} */
      const answer = await ask(`${this.drawers.address}/counterfactual`, { method: "POST", body });
      if (mine !== this.asked) return;
      this.#answered(answer);
      this.tell("counterfactual.answered", answer.seconds.toFixed(1));
    } catch (error) {
      if (mine !== this.asked) return;
      this.#failed(error);
    }
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
    this.at.changes.replaceChildren(...(answer?.changes ?? []).map(row));
    this.judgement.take(answer);
    this.at.moving.hidden = !answer;
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
      button.disabled = !changeable;
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

  /** The film at the slider's strength: small at first where it is large, then all of it. */
  async #film() {
    const { answer, strength, page } = this;
    if (!answer) withdraw(LAYER);
    if (!answer || !this.shown || !page.panes.renderer) {
      this.cover(false);
      return;
    }
    const image = page.image(answer.image);
    if (!image) return;
    this.fetching?.abort();
    const fetching = new AbortController();
    this.fetching = fetching;
    const wanted = { ...image, id: `${answer.id} ${strength}`, pixels_url: `${answer.pixels_url}/${strength}/pixels` };
    try {
      const known = this.films.get(strength);
      if (!known) {
        const preview = await fetchPreview(wanted, fetching.signal);
        if (preview && !fetching.signal.aborted) this.#arrived(preview);
      }
      const film = known ?? (await fetchFilm(wanted, fetching.signal));
      if (fetching.signal.aborted) return;
      this.films.delete(strength);
      this.films.set(strength, film);
      if (this.films.size > KEPT) this.films.delete([...this.films.keys()][0]);
      this.#arrived(film);
    } catch (error) {
      if (!fetching.signal.aborted) this.#failed(error);
    }
  }

  /** @param {Film} film */
  #arrived(film) {
    if (!this.shown || element("counterfactual").hidden) return;
    const title = words("counterfactual.film", this.strength.toFixed(2));
    const here = (/** @type {ReadingPane} */ pane) => (pane.image?.id === this.answer?.image ? film : null);
    register({ id: LAYER, kind: "film", title, film: here });
    this.cover(true, film);
  }

  /**
   * Lays the changed film over the panes that show it plain, or takes it away. Any other pane shows it as a layer.
   * @param {boolean} on
   * @param {Film} [film]
   */
  cover(on, film) {
    for (const pane of this.page.panes.all) {
      const mine = on && film && pane.layer === "film" && pane.image?.id === this.answer?.image;
      if (mine) this.drawers.lay(pane, { title: words("counterfactual.film", this.strength.toFixed(2)), film });
      else if (pane.laid?.film) this.drawers.lay(pane, null);
      pane.element.dataset.changed = mine && this.answer ? `${this.answer.id} ${this.strength}` : "";
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

/** @param {CaseData} data */
function about({ stack, model, finding, prediction }) {
  return `${stack} ${model} ${finding} ${prediction?.model_sha256 ?? ""}`;
}
