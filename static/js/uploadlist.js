// The files of an upload, one line each: how far it is, and what became of it. Knows no request.

/** @import { Chosen } from "./batches.js" */

export class UploadList {
  /** @type {Map<Chosen, HTMLElement>} */
  #states = new Map();

  /**
   * @param {HTMLElement} list
   * @param {(key: string) => string} say the word of a state
   */
  constructor(list, say) {
    this.list = list;
    this.say = say;
  }

  /** @param {readonly Chosen[]} files */
  show(files) {
    this.#states.clear();
    this.list.replaceChildren(...files.map((chosen) => this.#line(chosen)));
    this.list.hidden = files.length < 2;
  }

  /**
   * @param {Chosen} chosen
   * @param {string} state
   * @param {string} [reason] in the reader's words
   */
  tell(chosen, state, reason = "") {
    const line = this.#states.get(chosen);
    if (!line || line.dataset.state === `${state} ${reason}`) return;
    line.dataset.state = `${state} ${reason}`;
    const word = /^\d/.test(state) ? state : this.say(state.replace(" ", ""));
    line.textContent = reason ? `${word}: ${reason}` : word;
    line.toggleAttribute("data-bad", state === "rejected" || state === "refused");
  }

  /**
   * How far a batch is: its files travel one after the other.
   * @param {readonly Chosen[]} batch
   * @param {number} loaded octets
   */
  travelled(batch, loaded) {
    let left = loaded;
    for (const chosen of batch) {
      const { size } = chosen.file;
      const share = size ? Math.max(0, Math.min(1, left / size)) : 1;
      this.tell(chosen, `${Math.floor(100 * share)} %`);
      left -= size;
    }
  }

  /** @param {Chosen} chosen */
  #line(chosen) {
    const line = document.createElement("li");
    const name = document.createElement("span");
    const state = document.createElement("span");
    name.className = "mono";
    name.textContent = chosen.name;
    state.className = "quiet";
    state.textContent = this.say("waiting");
    line.append(name, state);
    this.#states.set(chosen, state);
    return line;
  }
}
