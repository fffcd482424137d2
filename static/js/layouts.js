// The reader's saved layouts: kept by the server, {id, name, rows, columns, layers, own, last, opens} each; `last` marks the
// one that a case opens with, unless another one `opens` every case of its kind. What an earlier version kept in this browser
// is carried over once. Knows no panes.

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
   * The layout that every case of a kind opens with, or undefined.
   * @param {string} kind
   */
  usual(kind) {
    return this.list.find(({ opens }) => opens === kind);
  }

  /**
   * Every case of a kind opens with this layout, "" for none.
   * @param {string} kind
   * @param {string} id
   */
  open(kind, id) {
    const before = this.usual(kind)?.id ?? "";
    this.list = this.list.map((one) => {
      if (one.id === id) return { ...one, opens: kind };
      return one.opens === kind ? { ...one, opens: "" } : one;
    });
    this.#say(id || before); // the one that opens it now takes the mark from the other
  }

  /**
   * Keeps a layout; it takes the place of the one of the same name. Its id.
   * @param {Omit<LayoutData, "id" | "last" | "opens">} layout
   */
  save(layout) {
    const { id = publicId(), opens = "" } = this.list.find(({ name }) => name === layout.name) ?? {};
    this.list = [...this.list.filter((other) => other.id !== id), { ...layout, id, last: false, opens }];
    this.choose(id);
    return id;
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
    const { name, rows, columns, layers, own, last, opens } = layout;
    this.kept.say(id, { name, rows, columns, layers, own, last, opens });
  }

  #carry() {
    try {
      const earlier = JSON.parse(localStorage.getItem(EARLIER) ?? "null");
      localStorage.removeItem(EARLIER);
      /** @type {Partial<LayoutData>[]} */
      const list = earlier?.list ?? [];
      const fresh = list.filter(({ name }) => !this.list.some((other) => other.name === name));
      for (const { name = "", rows = 1, columns = 1, layers = [], own = {} } of fresh) {
        const last = !this.last && name === earlier.last;
        const layout = { id: publicId(), name, rows, columns, layers, own, last, opens: "" };
        this.list.push(layout);
        this.#say(layout.id);
      }
    } catch {
      // Nothing that could be read was kept here.
    }
  }
}
