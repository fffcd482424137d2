// What of a case can be kept and handed on: the link that restores the view, the report with the panes as seen, and the measures.

import { Measures } from "./measures.js";
import { Permalink, decode, elsewhere, linked } from "./permalink.js";
import { displayPart, keepActive, panesPart, placePart } from "./viewparts.js";
import { say, words } from "./words.js";

const $ = (id) => document.getElementById(id);

export class Record {
  /** `page` is the case, complete but for this. */
  constructor(page) {
    const { panes, display, regions, input, tools, data } = page;
    this.page = page;
    this.measures = new Measures({ panes, regions, input, history: page.history, address: `/api/v1${data.urls.case}/measures` });
    input.measures = this.measures;
    this.link = new Permalink();
    this.link.register("at", placePart(page));
    this.link.register("display", displayPart(display, () => tools.presets));
    this.link.register("panes", panesPart(panes, page.grid));
    this.link.register("measures", this.measures.part);
    this.link.register("probe", page.probe.part);
    if (page.drawers) this.link.register("whatif", page.drawers.part);
    keepActive(panes, data.study.id);
    this.loaded = this.measures.load();
    $("copy-link").addEventListener("click", () => this.copy());
    $("link-close").addEventListener("click", () => this.#tell([]));
    for (const name of ["pointerdown", "keydown", "click"]) $("case-report").addEventListener(name, () => this.#report());
    window.addEventListener("hashchange", () => this.#arrived());
    if (!panes.renderer) this.#restore(["at"]);
  }

  /** Single keys of the page. */
  get keys() {
    return { c: () => this.copy(), t: () => this.measures.next() };
  }

  key(event) {
    return this.measures.key(event);
  }

  paint() {
    this.measures.paint();
  }

  /** A film is shown; the first one brings what the address asks for. */
  async film() {
    this.measures.film();
    if (this.opened) return;
    this.opened = true;
    await this.loaded;
    this.#restore();
  }

  // Somebody put another link into the address of this page.
  #arrived() {
    const first = elsewhere(decode(location.hash), this.page.data, location.search);
    if (first) location.replace(first + location.hash);
    else if (this.opened) this.#restore();
  }

  #restore(only) {
    const { state, error } = decode(location.hash);
    if (error) this.#tell([words(`link.${error}`)]);
    else if (state) {
      const wanted = only ? Object.fromEntries(Object.entries(state).filter(([name]) => only.includes(name))) : state;
      this.#tell(this.link.restore(wanted, words("link.partly")));
    }
    document.documentElement.dataset.view = "restored";
  }

  #tell(sentences) {
    $("link-words").textContent = sentences.join(" ");
    $("link-notice").hidden = !sentences.length;
  }

  /** Copies the link to what is shown; where the browser does not let a page copy, the address is put out to be copied by hand. */
  async copy() {
    const { page } = this;
    const address = linked(`${location.origin}${page.data.urls.case}`, this.link.collect());
    const field = $("link-field");
    field.value = address;
    try {
      await navigator.clipboard.writeText(address);
      field.hidden = true;
      $("link-state").textContent = words(page.drawers?.long ? "link.whatif.long" : "link.copied");
    } catch {
      field.hidden = false;
      field.select();
      $("link-state").textContent = words("link.byhand");
    }
    say($("link-state").textContent);
  }

  // The report's address says what is shown, and the view as a link does; the measures are stored, so it need not carry them.
  #report() {
    const { urls, image, model, finding } = this.page.data;
    const shown = new URLSearchParams({ image, model, finding, view: this.link.collect(["at", "display", "panes"]) });
    $("case-report").href = `${urls.case}/report?${shown}`;
  }
}
