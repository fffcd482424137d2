// A sentence over the panes: what did not arrive, or what this browser cannot do; and asking once more.

import { element } from "./elements.js";
import { words } from "./words.js";

export class Notice {
  /**
   * What the reader can ask for once more.
   * @type {(() => void) | null}
   */
  #again = null;

  constructor() {
    element("stage-again").addEventListener("click", () => this.#again?.());
  }

  /**
   * A sentence, "" for none.
   * @param {string} text
   * @param {(() => void) | null} [again] asks once more
   */
  tell(text, again = null) {
    element("stage-words").textContent = text;
    element("stage-notice").hidden = !text;
    element("stage-again").hidden = !again;
    this.#again = again;
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
}
