// From a case to the page that compares networks, with the finding, the methods that lie in the panes, and the view. Going back
// in the browser finds the case as it was left.

import { element, optional } from "./elements.js";
import { layer } from "./layers.js";
import { linked } from "./permalink.js";
import { say, words } from "./words.js";

/** @import { Case } from "./case.js" */

/** The parts of a view that are no network's. */
const PARTS = ["display", "panes", "slices", "probe"];
/** How many columns a case brings along. */
const MOST = 4;

export class ToNetworks {
  /** @param {Case} page with its links */
  constructor(page) {
    this.page = page;
    element("findings").addEventListener("click", (event) => {
      const link = event.target instanceof Element ? event.target.closest("#compare-networks") : null;
      if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.go();
    });
  }

  /** The methods in the panes, that a network makes maps by. */
  get #methods() {
    const { data, panes } = this.page;
    const made = [...data.methods, ...data.more].filter(({ imported }) => !imported).map(({ name }) => name);
    const shown = panes.all.filter((pane) => made.includes(pane.method) && !layer(pane.layer)?.variant);
    return [...new Set(shown.map(({ method }) => method))].slice(0, MOST);
  }

  go() {
    const { data, panes, payload, record } = this.page;
    if (!optional("compare-networks")) {
      say(words("networks.alone"));
      return;
    }
    const { image, finding, model, urls } = data;
    const plane = panes.active.stack?.plane ?? "";
    const told = Object.entries({ image, finding, plane, network: model }).filter(([, value]) => value);
    const query = new URLSearchParams([...told, ...this.#methods.map((name) => ["method", name])]);
    const view = record.link.collect(PARTS);
    Object.assign(payload.chosen, { model, finding });
    payload.address();
    history.replaceState(null, "", linked(location.href, view));
    location.assign(linked(`${urls.case}/networks?${query}`, view));
  }
}
