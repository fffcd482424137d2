// The what-ifs that are kept with a case, as a list: each can be asked again, or taken back.

import { ask } from "./asking.js";
import { percent } from "./changes.js";
import { element } from "./elements.js";
import { served } from "./served.js";
import { words } from "./words.js";

/** @import { Area, Drawing, EditData, Hot, KeptData } from "./types.js" */
/**
 * @typedef {object} Wiring
 * @property {(edit: EditData) => void} again asks one again
 * @property {() => void} gone one was taken back
 * @property {(error: unknown) => void} failed one could not be taken back
 */

export class KeptList {
  /**
   * @param {Drawing} drawers
   * @param {Wiring} wiring
   */
  constructor(drawers, { again, gone, failed }) {
    this.drawers = drawers;
    this.again = again;
    this.gone = gone;
    this.failed = failed;
    this.list = element("whatif-kept");
  }

  show() {
    const entries = this.drawers.kept.map((kept) => this.#entry(kept));
    this.list.replaceChildren(...(entries.length ? entries : [none()]));
  }

  /** @param {KeptData} kept */
  #entry(kept) {
    const [first] = kept.changes;
    const text = words("whatif.entry", first.label, percent(first.before), percent(first.after));
    const item = document.createElement("li");
    const again = button(text, words("whatif.again", text), () => {
      const [{ areas, fill, outside }] = kept.edits;
      this.again({ areas: areas.map(plain), fill, outside });
    });
    const remove = button("✕", words("whatif.remove", text), () => this.#remove(kept));
    item.append(again, remove);
    return item;
  }

  /** @param {KeptData} kept */
  async #remove(kept) {
    try {
      await ask(served(`/what-ifs/${kept.id}`), { method: "DELETE" });
      await this.drawers.count();
      this.gone();
    } catch (error) {
      this.failed(error);
    }
    this.show();
  }
}

function none() {
  const item = document.createElement("li");
  item.className = "quiet";
  item.textContent = words("whatif.nonekept");
  return item;
}

/**
 * What the server wrote of an area, as it takes it.
 * @param {Area | Hot} area
 * @returns {Area | Hot}
 */
function plain(area) {
  const { images = [] } = area;
  if (area.kind === "hot") return { kind: area.kind, explanation: area.explanation, threshold: area.threshold, images };
  const { kind, points, radius } = area;
  return kind === "brush" ? { kind, points, radius, images } : { kind, points, images };
}

/**
 * @param {string} text
 * @param {string} label
 * @param {() => void} act
 */
function button(text, label, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "button button-small button-quiet";
  made.textContent = text;
  made.title = label;
  made.setAttribute("aria-label", label);
  made.addEventListener("click", act);
  return made;
}
