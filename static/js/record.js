// What of a case can be kept and handed on: the link that restores the view, the report with the panes as seen, the measures,
// and its place in a list that is read through.

import { element } from "./elements.js";
import { Judged } from "./judged.js";
import { Measured } from "./measured.js";
import { ruled } from "./measuremarks.js";
import { Measures } from "./measures.js";
import { Permalink, decode, elsewhere, linked } from "./permalink.js";
import { Queue } from "./queue.js";
import { Staying } from "./staying.js";
import { displayPart, keepActive, panesPart, placePart, slicesPart } from "./viewparts.js";
import { say, words } from "./words.js";

/** @import { Case } from "./case.js" */
/** @import { ReadingPane } from "./types.js" */

export class Record {
  /** Whether the view of the address is there. */
  opened = false;

  /** Whether it shows what it asks for. */
  restored = false;

  /** @param {Case} page complete but for this */
  constructor(page) {
    const { panes, display, regions, input, tools, data } = page;
    this.page = page;
    const measured = new Measured(page);
    /** @param {ReadingPane} pane */
    const beside = (pane) => [...ruled(pane), ...measured.on(pane)];
    this.measures = new Measures({ panes, regions, input, history: page.history, address: data.urls.measures, beside });
    input.takers.push(this.measures);
    this.link = new Permalink();
    this.link.register("at", placePart(page));
    this.link.register("display", displayPart(display, tools));
    this.link.register("panes", panesPart(panes, page.grid));
    this.link.register("slices", slicesPart(page));
    this.link.register("beside", page.guests.part);
    this.link.register("measures", this.measures.part);
    this.link.register("probe", page.probe.part);
    if (page.drawers) this.link.register("whatif", page.drawers.part);
    keepActive(panes, data.study.id, page.payload.chosen.queue);
    this.queue = new Queue(page);
    this.judged = new Judged(page);
    this.staying = new Staying(page);
    this.loaded = this.measures.load();
    this.report = element("case-report", HTMLAnchorElement);
    this.state = element("link-state");
    element("copy-link").addEventListener("click", () => this.copy());
    element("link-close").addEventListener("click", () => this.#tell([]));
    for (const name of ["pointerdown", "keydown", "click"]) this.report.addEventListener(name, () => this.#report());
    window.addEventListener("hashchange", () => this.#arrived());
    if (!panes.renderer) this.#restore(["at"]);
  }

  /** Single keys of the page. */
  get keys() {
    return { c: () => this.copy(), t: () => this.measures.next(), ...this.queue.keys };
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    return this.measures.key(event);
  }

  paint() {
    this.measures.paint();
    this.judged.paint();
  }

  /** A film is shown; the first one brings what the address asks for. */
  async film() {
    if (this.opened) return;
    this.opened = true;
    await this.loaded;
    this.#restore();
  }

  // Somebody put another link into the address of this page.
  #arrived() {
    const first = elsewhere(decode(location.hash), this.page.payload.listed, location.search);
    if (first) location.replace(first + location.hash);
    else if (this.opened) this.#restore();
  }

  /** @param {string[]} [only] the parts that are restored, all where nothing is said */
  #restore(only) {
    const { state: asked = null, error } = decode(location.hash);
    const state = this.restored || only ? asked : this.staying.over(asked);
    if (error) this.#tell([words(`link.${error}`)]);
    if (state) {
      const wanted = only ? Object.fromEntries(Object.entries(state).filter(([name]) => only.includes(name))) : state;
      const told = this.link.restore(wanted, words("link.partly"));
      // Another network has other panes: nobody followed a link to one that is not here.
      if (asked) this.#tell(state.brought ? told.filter((sentence) => sentence !== words("link.pane")) : told);
    }
    if (!this.restored && !only) this.staying.stand();
    this.restored ||= !only;
    document.documentElement.dataset.view = "restored";
  }

  /**
   * Says one sentence more about what is shown, "" for none.
   * @param {string} sentence
   */
  tell(sentence) {
    if (sentence) this.#tell([sentence]);
  }

  /** @param {string[]} sentences */
  #tell(sentences) {
    element("link-words").textContent = sentences.join(" ");
    element("link-notice").hidden = !sentences.length;
  }

  /**
   * Copies the link to what is shown; where the browser does not let a page copy, the address is put out to be copied by hand.
   */
  async copy() {
    const { page } = this;
    const address = linked(`${location.origin}${page.data.urls.case}`, this.link.collect());
    const field = element("link-field", HTMLInputElement);
    field.value = address;
    try {
      await navigator.clipboard.writeText(address);
      field.hidden = true;
      this.state.textContent = words(page.drawers?.long ? "link.whatif.long" : "link.copied");
    } catch {
      field.hidden = false;
      field.select();
      this.state.textContent = words("link.byhand");
    }
    say(this.state.textContent ?? "");
  }

  // The report's address says what is shown, and the view as a link does; the measures are stored, so it need not carry them.
  #report() {
    const { urls, image, model, finding } = this.page.data;
    const view = this.link.collect(["at", "display", "panes", "slices"]);
    const shown = new URLSearchParams({ image, model, finding, view });
    this.report.href = `${urls.case}/report?${shown}`;
  }
}
