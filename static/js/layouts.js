// The reader's saved layouts: kept by the server, {id, name, rows, columns, layers, own, last} each; `last` marks the one that a case opens
// with. What an earlier version kept in this browser is carried over once. Knows no panes.

import { Keeping, publicId } from "./keeping.js";

const ADDRESS = "/api/v1/layouts";
const EARLIER = "whylight-layouts";

export class Layouts {
  /** `list` as the server has it; `refused(sentence)` when it says no. */
  constructor(list, refused) {
    this.kept = new Keeping(ADDRESS, { changed: () => {}, refused: (_, sentence) => refused(sentence) });
    this.list = this.kept.over(list);
    this.#carry();
  }

  /** The layout that the case opens with, or undefined. */
  get last() {
    return this.list.find(({ last }) => last);
  }

  /** Keeps a layout {name, rows, columns, layers, own}; it takes the place of the one of the same name. */
  save(layout) {
    const id = this.list.find(({ name }) => name === layout.name)?.id ?? publicId();
    this.list = [...this.list.filter((other) => other.id !== id), { ...layout, id, last: false }];
    this.choose(id);
  }

  /** The layout of this id is the last one; "" for none. */
  choose(id) {
    const changed = this.list.filter((layout) => layout.last !== (layout.id === id));
    this.list = this.list.map((layout) => ({ ...layout, last: layout.id === id }));
    // The one that is on now comes last: it is what takes the mark from all others.
    for (const { id: one } of changed.sort((a, b) => b.last - a.last)) this.#say(one);
  }

  remove(id) {
    this.list = this.list.filter((layout) => layout.id !== id);
    this.kept.say(id, null);
  }

  #say(id) {
    const { name, rows, columns, layers, own, last } = this.list.find((layout) => layout.id === id);
    this.kept.say(id, { name, rows, columns, layers, own, last });
  }

  #carry() {
    try {
      const earlier = JSON.parse(localStorage.getItem(EARLIER));
      localStorage.removeItem(EARLIER);
      const fresh = (earlier?.list ?? []).filter(({ name }) => !this.list.some((other) => other.name === name));
      for (const { name, rows, columns, layers = [], own = {} } of fresh) {
        const layout = { id: publicId(), name, rows, columns, layers, own, last: !this.last && name === earlier.last };
        this.list.push(layout);
        this.#say(layout.id);
      }
    } catch {
      // Nothing that could be read was kept here.
    }
  }
}
