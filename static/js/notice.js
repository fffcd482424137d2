// A sentence over the panes: what did not arrive, that the server is away, or what this browser cannot do; asking once more.

import { element } from "./elements.js";
import { words } from "./words.js";

/** @typedef {{ text: string, again: (() => void) | null }} Told */

const NOTHING = Object.freeze({ text: "", again: null });

export class Notice {
  /**
   * What is told while the server answers.
   * @type {Told}
   */
  #usual = NOTHING;

  /**
   * That it does not, which goes before.
   * @type {Told}
   */
  #away = NOTHING;

  constructor() {
    element("stage-again").addEventListener("click", () => this.#told.again?.());
  }

  get #told() {
    return this.#away.text ? this.#away : this.#usual;
  }

  #show() {
    const { text, again } = this.#told;
    element("stage-words").textContent = text;
    element("stage-notice").hidden = !text;
    element("stage-again").hidden = !again;
  }

  /**
   * A sentence, "" for none.
   * @param {string} text
   * @param {(() => void) | null} [again] asks once more
   */
  tell(text, again = null) {
    this.#usual = { text, again };
    this.#show();
  }

  /**
   * What was asked for did not arrive: says so, and offers to ask once more.
   * @param {() => void} again
   */
  missed(again) {
    this.tell(words("load.failed"), () => {
      this.tell("");
      again();
    });
  }

  /**
   * Since when the server has not answered, and that what is missing comes by itself; 0: it answers.
   * @param {number} since ms
   * @param {() => void} again asks at once
   */
  away(since, again) {
    const at = new Date(since).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
    this.#away = since ? { text: words("load.away", at), again } : NOTHING;
    this.#show();
  }
}
