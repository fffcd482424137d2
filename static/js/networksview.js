// What of the page that compares networks lasts: the address says what is compared, its fragment how it is shown, and both go
// along to another choice, to the case, and through a loading of the page.

import { all, element } from "./elements.js";
import { decode, encode, linked } from "./permalink.js";
import { displayPart } from "./viewparts.js";
import { say, words } from "./words.js";

/** @import { Networks } from "./networks.js" */
/** @import { Part } from "./types.js" */
/** @typedef {Record<string, any>} Linked */

const REST = 300;

export class View {
  /** Whether the view of the address is there. */
  #opened = false;

  #waiting = 0;

  /**
   * What a case brought along that this page has no use for: it goes back with the reader.
   * @type {Linked}
   */
  #brought = {};

  /** @param {Networks} page */
  constructor(page) {
    this.page = page;
    this.part = displayPart(page.display, page.tools);
    this.form = element("choose", HTMLFormElement);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#go();
    });
    const chosen = ["image", "finding", "plane", "minus"].map((name) => `select[name="${name}"]`);
    for (const list of all(document, chosen.join())) {
      list.addEventListener("change", () => this.form.requestSubmit());
    }
    document.addEventListener("click", (event) => this.#link(event));
    element("link-close").addEventListener("click", () => this.#tell(""));
    page.display.listen(() => this.soon());
  }

  /** A film is shown; the first one brings what the address asks for. */
  film() {
    if (this.#opened) return;
    this.#opened = true;
    const { state, error } = decode(location.hash);
    if (error) this.#tell(words(`link.${error}`));
    if (state) this.#restore(state);
    document.documentElement.dataset.view = "restored";
  }

  /** @param {Linked} state */
  #restore({ display, slices, ...others }) {
    this.#brought = { ...others, slices };
    try {
      // What single panes kept for themselves belongs to the page that they were on.
      if (display) this.#tell(String(this.part.load({ ...display, own: {} }) ?? ""));
      for (const [id, at] of Object.entries(slices?.at ?? {})) this.#at(id, Number(at));
    } catch {
      this.#tell(words("link.partly"));
    }
  }

  /**
   * A stack at a place of the stored one.
   * @param {string} id
   * @param {number} stored
   */
  #at(id, stored) {
    const { stacks, panes, showing, loader } = this.page;
    const stack = stacks.get(id);
    const at = stack?.placeOf(stored) ?? -1;
    if (!stack || at < 0) return;
    stack.at = at;
    for (const pane of panes.all) if (pane.stack === stack) showing.shows(pane);
    loader.look();
  }

  /** The view, and what a case brought, as an address has it; "" where all is as it opens. */
  get #text() {
    const display = /** @type {Linked | null} */ (this.part.save());
    const { own, ...shared } = display ?? {};
    const standing = [...this.page.stacks.values()].filter(({ separate }) => !separate).map(({ id, image }) => [id, image.at]);
    const before = this.#brought.slices ?? {};
    const slices = standing.length ? { ...before, at: { ...before.at, ...Object.fromEntries(standing) } } : undefined;
    const state = { ...this.#brought, slices, display: Object.keys(shared).length ? shared : undefined };
    return Object.values(state).some((value) => value !== undefined) ? encode(state) : "";
  }

  /**
   * An address with the view.
   * @param {string} address
   */
  #linked(address) {
    const text = this.#text;
    return text ? linked(address, text) : address;
  }

  /** Puts the view into the address when the reader rests. */
  soon() {
    if (!this.#opened) return;
    clearTimeout(this.#waiting);
    this.#waiting = setTimeout(() => history.replaceState(null, "", this.#linked(location.href.split("#")[0])), REST);
  }

  #go() {
    const chosen = [...new FormData(this.form)].flatMap(([name, value]) => (value ? [[name, String(value)]] : []));
    location.assign(this.#linked(`${this.form.action}?${new URLSearchParams(chosen)}`));
  }

  /**
   * A link to a case takes the view along.
   * @param {MouseEvent} event
   */
  #link(event) {
    const link = event.target instanceof Element ? event.target.closest("a.to-case") : null;
    if (!(link instanceof HTMLAnchorElement) || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    location.assign(this.#linked(link.href));
  }

  /** Back to the case. */
  leave() {
    element("to-case").click();
  }

  /**
   * The finding after or before the shown one, in the order of the list.
   * @param {number} by
   */
  finding(by) {
    const list = element("finding", HTMLSelectElement);
    const at = list.selectedIndex + by;
    if (!list.options[at]) {
      say(words("finding.last"));
      return;
    }
    list.selectedIndex = at;
    this.form.requestSubmit();
  }

  /** @param {string} sentence */
  #tell(sentence) {
    element("link-words").textContent = sentence;
    element("link-notice").hidden = !sentence;
  }
}
