// The reader's saved layouts: kept by the server, {id, name, rows, columns, layers, own, last} each; `last` marks the one that
// a case opens with. What an earlier version kept in this browser is carried over once. Knows no panes.

import { Keeping, publicId } from "./keeping.js";
import { served } from "./served.js";

/** @import { LayoutData } from "./types.js" */

const ADDRESS = served("/api/v1/layouts");
const EARLIER = "whylight-layouts";

export class Layouts {
  /**
   * `list` as the server has it; `refused(sentence)` when it says no.
   * @param {LayoutData[]} list
   * @param {(sentence: string) => void} refused
   */
  constructor(list, refused) {
    /** @type {Keeping<LayoutData>} */
    this.kept = new Keeping(ADDRESS, { changed: () => {}, refused: (_, sentence) => refused(sentence) });
    this.list = this.kept.over(list);
    this.#carry();
  }

  /** The layout that the case opens with, or undefined. */
  get last() {
    return this.list.find(({ last }) => last);
  }

  /**
   * Keeps a layout; it takes the place of the one of the same name.
   * @param {Omit<LayoutData, "id" | "last">} layout
   */
  save(layout) {
    const id = this.list.find(({ name }) => name === layout.name)?.id ?? publicId();
    this.list = [...this.list.filter((other) => other.id !== id), { ...layout, id, last: false }];
    this.choose(id);
  }

  /**
   * The layout of this id is the last one; "" for none.
   * @param {string} id
   */
  choose(id) {
    const changed = this.list.filter((layout) => layout.last !== (layout.id === id));
    this.list = this.list.map((layout) => ({ ...layout, last: layout.id === id }));
    // The one that is on now comes last: it is what takes the mark from all others.
    for (const { id: one } of changed.sort((a, b) => Number(b.last) - Number(a.last))) this.#say(one);
  }

  /** @param {string} id */
  remove(id) {
    this.list = this.list.filter((layout) => layout.id !== id);
    this.kept.say(id, null);
  }

  /** @param {string} id */
  #say(id) {
    const layout = this.list.find((other) => other.id === id);
    if (!layout) return;
    const { name, rows, columns, layers, own, last } = layout;
    this.kept.say(id, { name, rows, columns, layers, own, last });
  }

  #carry() {
    try {
      const earlier = JSON.parse(localStorage.getItem(EARLIER) ?? "null");
      localStorage.removeItem(EARLIER);
      /** @type {Partial<LayoutData>[]} */
      const list = earlier?.list ?? [];
      const fresh = list.filter(({ name }) => !this.list.some((other) => other.name === name));
      for (const { name = "", rows = 1, columns = 1, layers = [], own = {} } of fresh) {
        const layout = { id: publicId(), name, rows, columns, layers, own, last: !this.last && name === earlier.last };
        this.list.push(layout);
        this.#say(layout.id);
      }
    } catch {
      // Nothing that could be read was kept here.
    }
  }
}
