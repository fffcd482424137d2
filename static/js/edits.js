// What if, step by step: the areas and their fill that are in force, and what there is to go back and forward to. Knows no DOM.

/** @import { EditData } from "./types.js" */

/** @type {Readonly<EditData>} */
const EMPTY = Object.freeze({ areas: [], fill: "inpaint", outside: false });

export class Edits {
  now = EMPTY;

  /**
   * Earlier ones, the last one at the end.
   * @type {Readonly<EditData>[]}
   */
  before = [];

  /**
   * Those that were taken back, the next one at the end.
   * @type {Readonly<EditData>[]}
   */
  after = [];

  /** Begins anew: nothing is edited, and there is nothing to go back to. */
  clear() {
    this.now = EMPTY;
    this.before = [];
    this.after = [];
  }

  /** @param {Partial<EditData>} changes */
  change(changes) {
    this.before.push(this.now);
    this.after = [];
    this.now = { ...this.now, ...changes };
  }

  /** One step back; false where there is none. */
  undo() {
    return this.#move(this.before, this.after);
  }

  /** One step forward again; false where there is none. */
  redo() {
    return this.#move(this.after, this.before);
  }

  /**
   * @param {Readonly<EditData>[]} from
   * @param {Readonly<EditData>[]} to
   */
  #move(from, to) {
    const next = from.pop();
    if (!next) return false;
    to.push(this.now);
    this.now = next;
    return true;
  }
}
