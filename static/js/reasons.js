// Why a map is wrong, by one more key: after a verdict the reasons stand with their numbers, and the next key chooses one or goes on.

const $ = (id) => document.getElementById(id);

export class Reasons {
  /** `chosen(reason)` when the reader picks one. */
  constructor(chosen) {
    this.chosen = chosen;
    this.list = $("reason-keys");
    this.buttons = [...this.list.querySelectorAll("button")];
    for (const button of this.buttons) button.addEventListener("click", () => this.#take(button.value));
    // Before the table of keys: what gives a verdict asks again afterwards.
    document.addEventListener("keydown", ({ key, code, shiftKey }) => {
      if (this.asking && !["Shift", "Control", "Alt", "Meta", "Tab", "Enter", " "].includes(key) && (shiftKey || !this.#at(code))) this.drop();
    });
    document.addEventListener("pointerdown", (event) => {
      if (!this.list.contains(event.target)) this.drop();
    });
  }

  get asking() {
    return !this.list.hidden;
  }

  #at(code) {
    return this.buttons[Number(/^(?:Digit|Numpad)([1-9])$/.exec(code)?.[1] ?? 0) - 1];
  }

  /** `of`: the map and the verdict that the reason is asked for, which the list covers. */
  ask(of) {
    $("reason-of").textContent = of;
    this.list.hidden = false;
  }

  drop() {
    this.list.hidden = true;
  }

  /** A reason by its number from 1; false when none is asked for. */
  key(code) {
    const button = this.asking ? this.#at(code) : null;
    if (button) this.#take(button.value);
    return Boolean(button);
  }

  #take(reason) {
    this.drop();
    this.chosen(reason);
  }
}
