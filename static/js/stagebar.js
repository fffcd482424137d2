// The strip above the panes: the layout and the saved ones, the layers, what of the active pane goes its own way, swipe and
// blink.

import { brings } from "./dragging.js";
import { all, element, first, optional } from "./elements.js";
import { layers } from "./layers.js";
import { Layouts } from "./layouts.js";
import { MOST_COLUMNS, MOST_ROWS, PLANES, parsed } from "./seats.js";
import { Usual } from "./usual.js";
import { say, words } from "./words.js";

/** @import { CaseData, Layer, LayoutData, Link } from "./types.js" */
/** @import { Compare } from "./compare.js" */
/** @import { Grid } from "./grid.js" */
/** @import { Guests } from "./guests.js" */
/** @import { Panes } from "./panes.js" */
/** @import { Display } from "./viewport/state.js" */
/**
 * What the strip asks of its page.
 * @typedef {object} Host
 * @property {CaseData} data
 * @property {Grid} grid
 * @property {Guests} guests
 * @property {Panes} panes
 * @property {Display} display
 * @property {Compare} compare
 * @property {boolean} maximum whether the largest value over the slices is shown
 * @property {() => void} most shows it, or shows it no more
 */

/** @type {("swipe" | "blink")[]} */
const MODES = ["swipe", "blink"];

/** @type {Link[]} */
const LINKED = ["zoom", "pan", "window", "slice"];

/** @type {Record<string, number>} */
const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -MOST_COLUMNS, ArrowDown: MOST_COLUMNS };

export class Stagebar {
  /** @param {Host} page */
  constructor(page) {
    const { grid, panes, display, compare, data } = page;
    this.page = page;
    this.grid = grid;
    this.panes = panes;
    this.display = display;
    this.compare = compare;
    this.own = display.own;
    this.table = element("layout-table");
    this.name = element("layout-name", HTMLInputElement);
    this.summary = first(document, "#links > summary");
    this.saved = new Layouts(data.layouts, (sentence) => say(words("layout.refused", sentence)));
    this.usual = new Usual(this);
    this.#chooser();
    this.#listen();
    grid.onChange(() => this.show());
    panes.onActivate(() => this.show());
    display.listen(() => {
      if (this.own !== display.own) this.#links();
    });
    compare.onChange(() => this.#modes());
    this.show();
    const { last } = this.saved;
    const usual = this.usual.layout;
    // A layout of planes says nothing of a film, nor one without planes of how an exam opens.
    if (usual) this.#put(usual);
    else if (last && last.layers.some((text) => parsed(text).plane) === (grid.arrangement === "planes")) this.restore(last);
  }

  #listen() {
    element("layout-save").addEventListener("submit", (event) => {
      event.preventDefault();
      this.save(this.name.value.trim());
    });
    for (const box of all(document, "[data-link]", HTMLInputElement)) {
      box.addEventListener("change", () => this.link(linkOf(box), box.checked));
    }
    for (const mode of MODES) element(mode).addEventListener("click", () => this.compare.toggle(mode));
    for (const button of all(document, "[data-arrange]")) {
      const { arrange = "", plane } = button.dataset;
      button.addEventListener("click", () => this.grid.arrange(arrange, plane || undefined));
    }
    optional("most")?.addEventListener("click", () => this.page.most());
    element("sides").addEventListener("click", () => this.sides());
    cued(element("layers"));
    for (const menu of all(document, ".menu", HTMLDetailsElement)) this.#menu(menu);
    this.summary.addEventListener("click", (event) => {
      if (this.summary.getAttribute("aria-disabled") === "true") event.preventDefault();
    });
  }

  /** The panels at the sides, there or away. */
  sides() {
    const body = first(document, ".case-body");
    body.toggleAttribute("data-wide");
    element("sides").setAttribute("aria-pressed", String(!body.hasAttribute("data-wide")));
  }

  /** Three planes, or one under every layer. */
  arrange() {
    const { grid } = this;
    if (!PLANES.some((plane) => grid.planes[plane])) return say(words("layout.noplanes"));
    const plane = PLANES.find((name) => grid.planes[name] && grid.planes[name] === this.panes.active.stack);
    return grid.arrange(grid.arrangement === "planes" ? "grid" : "planes", plane);
  }

  /**
   * A menu closes with Escape, and when something else is pressed.
   * @param {HTMLDetailsElement} menu
   */
  #menu(menu) {
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !menu.open) return;
      event.stopPropagation();
      menu.open = false;
      first(menu, "summary").focus();
    });
    document.addEventListener("pointerdown", ({ target }) => {
      if (menu.open && !(target instanceof Node && menu.contains(target))) menu.open = false;
    });
  }

  #chooser() {
    const { table } = this;
    for (let rows = 1; rows <= MOST_ROWS; rows += 1) {
      for (let columns = 1; columns <= MOST_COLUMNS; columns += 1) {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "layout-cell";
        button.dataset.rows = String(rows);
        button.dataset.columns = String(columns);
        button.setAttribute("aria-label", words("layout.size", rows, columns));
        button.addEventListener("click", () => {
          this.grid.show({ rows, columns });
          this.saved.choose("");
          this.show();
          say(words("layout.size", rows, columns));
        });
        table.append(button);
      }
    }
    table.addEventListener("keydown", (event) => {
      const step = STEPS[event.key];
      if (!step) return;
      const cells = all(table, "button");
      const at = cells.findIndex((cell) => cell === event.target);
      event.preventDefault();
      event.stopPropagation();
      cells[at + step]?.focus();
    });
  }

  /** Opens the menu of layouts, the one in force under the focus. */
  open() {
    element("layout", HTMLDetailsElement).open = true;
    const cells = all(this.table, "button");
    const inForce = cells.find((cell) => cell.getAttribute("aria-pressed") === "true");
    (inForce ?? cells[0]).focus();
  }

  /**
   * Keeps the layout, the links and the display of the panes' own under a name.
   * @param {string} name
   */
  save(name) {
    if (!name) return this.name.focus();
    const { own } = this.display.state;
    this.saved.save({ name, ...this.page.guests.general(this.grid.layout), own });
    this.name.value = "";
    this.show();
    return say(words("layout.saved", name));
  }

  /**
   * Shows a saved layout.
   * @param {LayoutData} saved
   */
  restore(saved) {
    this.#put(saved);
    this.saved.choose(saved.id);
    this.show();
  }

  /** @param {LayoutData} saved */
  #put(saved) {
    this.grid.show(saved);
    this.display.restore({ own: saved.own ?? {} });
  }

  /** @param {LayoutData} saved */
  remove({ id, name }) {
    this.saved.remove(id);
    this.show();
    say(words("layout.removed", name));
    this.name.focus();
  }

  /**
   * Links the active pane's zoom, place, window or slice with the others', or lets it go its own way.
   * @param {Link} what
   * @param {boolean} on
   */
  link(what, on) {
    this.display.link(this.panes.active.place, what, on);
  }

  /** All links of the active pane off, or on when one is off. */
  toggleLinks() {
    if (this.lonely) return say(words("compare.two"));
    const { place } = this.panes.active;
    const on = LINKED.some((what) => !this.display.linked(place, what));
    for (const what of LINKED) this.link(what, on);
    return say(words(on ? "say.linked" : "say.unlinked", this.panes.active.title));
  }

  show() {
    const { rows, columns } = this.grid;
    element("layout-words").textContent = `${rows} × ${columns}`;
    for (const button of all(this.table, "button")) {
      const [r, c] = [Number(button.dataset.rows), Number(button.dataset.columns)];
      button.setAttribute("aria-pressed", String(r === rows && c === columns));
      button.toggleAttribute("data-within", r <= rows && c <= columns);
    }
    this.#layers();
    this.#list();
    this.usual.show();
    this.#links();
    this.#modes();
    this.#arrangement();
  }

  #arrangement() {
    const { arrangement, planes, stack } = this.grid;
    for (const button of all(document, "[data-arrange]", HTMLButtonElement)) {
      const { arrange, plane } = button.dataset;
      const mine = arrange === arrangement && (!plane || (stack !== null && planes[plane] === stack));
      button.disabled = Boolean(plane && !planes[plane]);
      button.setAttribute("aria-pressed", String(mine));
    }
    const most = optional("most");
    if (!most) return;
    most.setAttribute("aria-pressed", String(this.page.maximum));
    element("most-words").hidden = !this.page.maximum || !this.page.data.prediction;
  }

  // Chips stay the same elements as long as the layers are the same, so that focus and drags survive.
  #layers() {
    const known = layers();
    const bar = element("layers");
    const ids = known.map(({ id }) => id).join(" ");
    if (bar.dataset.ids !== ids) {
      bar.dataset.ids = ids;
      bar.replaceChildren(...known.map((layer) => this.#chip(layer)));
    }
    const { active } = this.panes;
    for (const chip of all(bar, "button")) chip.setAttribute("aria-pressed", String(active.layer === chip.dataset.layer));
  }

  /** @param {Layer} layer */
  #chip({ id, title, summary }) {
    const chip = document.createElement("button");
    chip.type = "button";
    chip.className = "chip";
    chip.textContent = title;
    chip.title = summary;
    chip.dataset.layer = id;
    chip.addEventListener("click", () => this.grid.choose(id));
    brings(chip, id);
    return chip;
  }

  #list() {
    const rows = this.saved.list.map((saved) => {
      const row = document.createElement("li");
      const open = smallButton("layout-saved", this.usual.named(saved), () => this.restore(saved));
      open.setAttribute("aria-pressed", String(saved.last));
      const remove = smallButton("button-quiet", "×", () => this.remove(saved));
      remove.setAttribute("aria-label", words("layout.remove", saved.name));
      row.append(open, remove);
      return row;
    });
    element("layout-list").replaceChildren(...rows);
  }

  #links() {
    const { active } = this.panes;
    this.own = this.display.own;
    for (const box of all(document, "[data-link]", HTMLInputElement)) {
      box.checked = this.display.linked(active.place, linkOf(box));
    }
    for (const pane of this.panes.all) {
      const own = this.display.own[pane.place]?.unlinked ?? [];
      pane.element.toggleAttribute("data-unlinked", own.length > 0);
    }
  }

  /** Whether there is one pane alone, which goes with nothing. */
  get lonely() {
    return this.panes.all.filter(({ layer }) => layer).length < 2;
  }

  // What is of no use then says why.
  #modes() {
    const { lonely, summary } = this;
    for (const control of [...MODES.map((mode) => element(mode)), summary]) {
      control.dataset.usual ??= control.title;
      control.title = lonely ? words("compare.two") : control.dataset.usual;
    }
    for (const mode of MODES) {
      const control = element(mode, HTMLButtonElement);
      control.disabled = lonely;
      control.setAttribute("aria-pressed", String(this.compare.mode === mode));
    }
    if (lonely) element("links", HTMLDetailsElement).open = false;
    summary.setAttribute("aria-disabled", String(lonely));
  }
}

/**
 * What a box links.
 * @param {HTMLElement} box
 */
function linkOf(box) {
  return /** @type {Link} */ (box.dataset.link);
}

/**
 * A small button of the list of layouts.
 * @param {string} kind
 * @param {string} text
 * @param {() => void} act
 */
function smallButton(kind, text, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = `button button-small ${kind}`;
  made.textContent = text;
  made.addEventListener("click", act);
  return made;
}

/**
 * A strip that is wider than its room shades off on the sides where there is more of it, and the wheel goes along it.
 * @param {HTMLElement} strip
 */
function cued(strip) {
  const cue = () => {
    strip.toggleAttribute("data-before", strip.scrollLeft > 1);
    strip.toggleAttribute("data-after", strip.scrollWidth - strip.clientWidth - strip.scrollLeft > 1);
  };
  strip.addEventListener("scroll", cue, { passive: true });
  strip.addEventListener("wheel", (event) => {
    if (event.ctrlKey || event.deltaX || strip.scrollWidth <= strip.clientWidth) return;
    event.preventDefault();
    strip.scrollLeft += event.deltaY;
  });
  new ResizeObserver(cue).observe(strip);
  new MutationObserver(cue).observe(strip, { childList: true });
}
