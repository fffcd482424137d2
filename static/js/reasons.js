// Why a map is wrong, by one more key: after a verdict the reasons stand with their numbers at the pane that was judged, and
// the next key chooses one or goes on.

import { all, element, first } from "./elements.js";

// Keys that neither choose a reason nor end the question.
const QUIET = ["Shift", "Control", "Alt", "Meta", "Tab", "Enter", " "];

export class Reasons {
  /**
   * `chosen(reason)` when the reader picks one.
   * @param {(reason: string) => void} chosen
   */
  constructor(chosen) {
    this.chosen = chosen;
    this.list = element("reason-keys");
    /** Where they wait: panes come and go. */
    this.home = this.list.parentElement;
    this.buttons = all(this.list, "button", HTMLButtonElement);
    for (const button of this.buttons) button.addEventListener("click", () => this.#take(button.value));
    // Before the table of keys: what gives a verdict asks again afterwards.
    document.addEventListener("keydown", ({ key, code, shiftKey }) => {
      if (this.asking && !QUIET.includes(key) && (shiftKey || !this.#at(code))) this.drop();
    });
    document.addEventListener("pointerdown", ({ target }) => {
      if (!(target instanceof Node && this.list.contains(target))) this.drop();
    });
  }

  get asking() {
    return !this.list.hidden;
  }

  /**
   * The button of a digit's key.
   * @param {string} code
   * @returns {HTMLButtonElement | undefined}
   */
  #at(code) {
    return this.buttons[Number(/^(?:Digit|Numpad)([1-9])$/.exec(code)?.[1] ?? 0) - 1];
  }

  /**
   * Asks for the reason.
   * @param {string} of the map and the verdict that it is asked for
   * @param {HTMLElement} pane that was judged: the reasons open over its film, next to its verdicts
   */
  ask(of, pane) {
    element("reason-of").textContent = of;
    this.list.style.insetBlockEnd = `${first(pane, ".pane-foot").offsetHeight}px`;
    pane.append(this.list);
    this.list.hidden = false;
    this.list.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  drop() {
    this.list.hidden = true;
    if (this.list.parentElement !== this.home) this.home?.append(this.list);
  }

  /**
   * A reason by its number from 1; false when none is asked for.
   * @param {string} code
   */
  key(code) {
    const button = this.asking ? this.#at(code) : null;
    if (button) this.#take(button.value);
    return Boolean(button);
  }

  /** @param {string} reason */
  #take(reason) {
    this.drop();
    this.chosen(reason);
  }
}
