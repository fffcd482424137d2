// Another network reads what is shown: the page is loaded anew at it, and comes back with the finding, and with the view as it
// was. What the other network does not know is said in words.

import { element } from "./elements.js";
import { parsed } from "./seats.js";
import { layer } from "./layers.js";
import { linked } from "./permalink.js";
import { words } from "./words.js";

/** @import { Arrangement, Part } from "./types.js" */
/** @import { Case } from "./case.js" */
/** @typedef {{ finding: string, label: string, layout: Arrangement, active: string }} Brought what a reader comes with */

/** The parts of a view that are no network's. */
const PARTS = ["display", "panes", "slices", "probe", "brought"];

export class Another {
  /** Whether the page is being left for another network's. */
  leaving = false;

  /**
   * What is wanted of a network that has not read yet.
   * @type {Brought | null}
   */
  wanted = null;

  /** @param {Case} page with its links */
  constructor(page) {
    this.page = page;
    page.record.link.register("brought", this.part);
    const findings = element("findings");
    findings.addEventListener("submit", (event) => {
      const { target } = event;
      if (!(target instanceof HTMLFormElement) || !target.matches(".network-switch")) return;
      event.preventDefault();
      this.go(String(new FormData(target).get("model") ?? ""));
    });
    findings.addEventListener("click", (event) => this.#link(event));
  }

  /**
   * A link to what another network says of the same.
   * @param {MouseEvent} event
   */
  #link(event) {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const { pathname, searchParams } = new URL(link.href);
    const model = searchParams.get("model");
    if (!model || pathname !== location.pathname) return;
    event.preventDefault();
    this.go(model, searchParams.get("finding") ?? undefined);
  }

  /**
   * @param {string} model
   * @param {string} [finding]
   */
  go(model, finding = this.page.data.finding) {
    const { data, record } = this.page;
    const wanted = Object.entries({ image: data.image, model, finding }).filter(([, value]) => value);
    this.leaving = true;
    location.assign(linked(`${data.urls.case}?${new URLSearchParams(wanted)}`, record.link.collect(PARTS)));
    this.leaving = false;
  }

  /** @returns {Part} */
  get part() {
    return {
      save: () => (this.leaving ? this.#brought() : null),
      load: (/** @type {Brought} */ brought) => this.#load(brought),
    };
  }

  /** @returns {Brought} */
  #brought() {
    const { data, payload, grid, panes } = this.page;
    return { finding: data.finding, label: payload.label, layout: grid.layout, active: panes.active.element.id };
  }

  /** @param {Brought} brought */
  #load(brought) {
    const { grid, panes, payload } = this.page;
    // The reader goes on from here: loading the page again must not bring this moment back.
    payload.address();
    const { rows, columns, layers } = brought.layout;
    const kept = layers.filter((text) => layer(parsed(text).id));
    const own = this.page.data.methods.map(({ name }) => `map:${name}`).filter((id) => !kept.includes(id));
    grid.show({ rows, columns, layers: [...kept, ...own].slice(0, layers.length) });
    const front = panes.all.find(({ element: { id } }) => id === brought.active);
    if (front) panes.activate(front);
    this.wanted = brought;
    return this.look();
  }

  /** Whether the network, once it has read, knows the finding; a sentence where it does not. */
  look() {
    const { wanted, page } = this;
    const { prediction, finding } = page.data;
    if (!wanted || !prediction) return "";
    this.wanted = null;
    if (!wanted.finding || wanted.finding === finding) return "";
    page.payload.chosen.finding = "";
    return words("another.finding", wanted.label || wanted.finding, prediction.title, page.payload.label);
  }
}
