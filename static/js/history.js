// What the reader did, step by step, to take it back and do it again in the order in which it was done. A step is {kind,
// entries, …}: an entry is about one thing, by its `key`. How a step is undone, whoever registered its kind knows. Knows no
// page and no server.

/** @import { Step } from "./types.js" */
/** @typedef {{ undo: (step: Step) => void, redo: (step: Step) => void }} Ways */

export class History {
  /** @type {Map<string, Ways>} */
  #kinds = new Map();

  /** @type {(() => void)[]} */
  #listeners = [];

  /** @type {Step[]} */
  done = [];

  /** @type {Step[]} */
  undone = [];

  /**
   * Steps of a kind are taken back by `undo(step)` and done again by `redo(step)`.
   * @param {string} kind
   * @param {Ways} ways
   */
  register(kind, { undo, redo }) {
    this.#kinds.set(kind, { undo, redo });
  }

  /**
   * Calls `listener` after every change.
   * @param {() => void} listener
   */
  listen(listener) {
    this.#listeners.push(listener);
  }

  #changed() {
    for (const listener of this.#listeners) listener();
  }

  /**
   * @param {string} kind
   * @param {Omit<Step, "kind">} step
   */
  add(kind, step) {
    this.done.push({ kind, ...step });
    this.undone = [];
    this.#changed();
  }

  /** Takes the last step back; false when there is none. */
  undo() {
    return this.#move(this.done, this.undone, "undo");
  }

  /** Does the step that was taken back last again; false when there is none. */
  redo() {
    return this.#move(this.undone, this.done, "redo");
  }

  /**
   * @param {Step[]} from
   * @param {Step[]} to
   * @param {"undo" | "redo"} way
   */
  #move(from, to, way) {
    const step = from.pop();
    if (!step) return false;
    to.push(step);
    this.#kinds.get(step.kind)?.[way](step);
    this.#changed();
    return true;
  }

  /**
   * The entries of every step of a kind.
   * @param {string} kind
   */
  entries(kind) {
    return [...this.done, ...this.undone].filter((step) => step.kind === kind).flatMap(({ entries }) => entries);
  }

  /**
   * Forgets what was done to one thing: something else became of it. Steps with nothing left in them go.
   * @param {string} key
   */
  forget(key) {
    const others = (/** @type {Step[]} */ steps) =>
      steps
        .map((step) => ({ ...step, entries: step.entries.filter((entry) => entry.key !== key) }))
        .filter((step) => step.entries.length || step.region);
    this.done = others(this.done);
    this.undone = others(this.undone);
    this.#changed();
  }
}
