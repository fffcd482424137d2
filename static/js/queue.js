// The list that is read through: the next study and the one before, being done with this one, and going on by itself once a map
// is judged. The bar is the server's, and works by itself; here are the keys, and what goes along from study to study.

import { optional } from "./elements.js";
import { say, words } from "./words.js";

/** @import { Case } from "./case.js" */
/** @import { JudgedStep, Step } from "./types.js" */

/** How long a reader may think better of it before the next study opens, ms. */
const PAUSE = 900;
const AGAIN = 200;

export class Queue {
  #timer = 0;

  /** Whether the key that is down has been down for long: one that is held must not run through the list. */
  #held = false;

  /** How many steps had been done when this looked last. */
  #steps = 0;

  /** @param {Case} page complete but for this */
  constructor(page) {
    this.page = page;
    this.bar = optional("queue");
    if (!this.bar) return;
    this.done = /** @type {HTMLFormElement} */ (optional("queue-done"));
    this.#onward();
    page.history.listen(() => this.#stepped());
    for (const name of ["keydown", "pointerdown"]) document.addEventListener(name, () => this.#stay(), true);
    document.addEventListener("keydown", (event) => this.#down(event), true);
    // Forms that load this case anew, with another network or finding, keep its place in the list.
    document.addEventListener("formdata", ({ target, formData }) => {
      const { urls } = page.data;
      if (!(target instanceof HTMLFormElement) || target.method !== "get" || !target.action.endsWith(urls.case)) return;
      for (const name of /** @type {const} */ (["queue", "place"])) formData.set(name, page.payload.chosen[name]);
    });
  }

  /** Single keys of the page. */
  get keys() {
    return {
      ">": () => this.#follow("queue-after"),
      "<": () => this.#follow("queue-before"),
      "/": () => this.#follow("queue-list"),
      Enter: () => this.#settle(),
      9: () => this.#finding(1),
      8: () => this.#finding(-1),
    };
  }

  /**
   * The finding after or before the shown one, in the order of the list.
   * @param {number} by
   */
  #finding(by) {
    const { data } = this.page;
    const all = data.prediction?.scores ?? [];
    const at = all.findIndex(({ finding }) => finding === data.finding);
    const next = all[at + by];
    if (!next) {
      say(words("finding.last"));
      return;
    }
    const field = document.querySelector(`input[name=finding][value="${CSS.escape(next.finding)}"]`);
    if (field instanceof HTMLInputElement) field.checked = true;
    this.page.showFinding(next.finding);
  }

  /** @param {string} name of a link of the bar */
  #follow(name) {
    const link = optional(name);
    if (!(link instanceof HTMLAnchorElement)) say(this.bar ? words("queue.end") : "");
    else if (!this.#held && this.#connected()) link.click();
  }

  /** @param {KeyboardEvent} event */
  #down({ repeat }) {
    this.#held = repeat;
  }

  #settle() {
    if (this.bar && !this.#held && this.#connected()) this.done?.requestSubmit();
  }

  // A page that cannot be loaded would take this one away.
  #connected() {
    if (navigator.onLine) return true;
    this.#tell(words("queue.offline"));
    return false;
  }

  /** @param {string} text */
  #tell(text) {
    const place = optional("queue-words");
    if (place) place.textContent = text;
  }

  // Whether to go on by itself is kept without loading the case anew.
  #onward() {
    const form = /** @type {HTMLFormElement} */ (optional("queue-onward"));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const button = /** @type {HTMLButtonElement} */ (event.submitter);
      const { value } = button;
      try {
        const body = new URLSearchParams({ onward: value });
        const answer = await fetch(form.action, { method: "POST", body, redirect: "manual" });
        if (answer.type !== "opaqueredirect") return;
      } catch {
        return;
      }
      button.value = value === "yes" ? "no" : "yes";
      button.setAttribute("aria-pressed", String(value === "yes"));
    });
  }

  get #wished() {
    return this.bar?.querySelector("[name=onward]")?.getAttribute("aria-pressed") === "true";
  }

  // What was done last: does it end the work on this study?
  #stepped() {
    const { done } = this.page.history;
    const added = done.length > this.#steps;
    this.#steps = done.length;
    if (added && this.#wished && done.at(-1)?.entries.some(ends)) this.#go();
  }

  #go() {
    this.#tell(words("queue.going"));
    this.#timer = setTimeout(() => this.#leave(), PAUSE);
  }

  // Not before everything that was said is stored.
  #leave() {
    const { outbox } = this.page.reviews ?? {};
    if (outbox?.failing || !navigator.onLine) this.#tell(words("queue.offline"));
    else if (outbox?.waiting.length) this.#timer = setTimeout(() => this.#leave(), AGAIN);
    else this.done?.requestSubmit();
  }

  #stay() {
    if (!this.#timer) return;
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#tell("");
  }
}

/**
 * Whether a verdict is complete with this: it says that the map is right, or why it is not.
 * @param {Step["entries"][number]} entry
 */
function ends(entry) {
  const { before, body } = /** @type {JudgedStep} */ (entry);
  if (!body?.verdict) return false;
  if (body.verdict === "right") return before?.verdict !== "right";
  return Boolean(body.reason) && before?.reason !== body.reason;
}
