// The strip above the panes: the layout and the saved ones, the layers, what of the active pane goes its own way, swipe and blink.

import { Grid, MOST_COLUMNS, MOST_ROWS } from "./grid.js";
import { layers } from "./layers.js";
import { say, words } from "./words.js";

const SAVED = "whylight-layouts";
const $ = (id) => document.getElementById(id);

export class Stagebar {
  constructor({ grid, panes, display, compare }) {
    Object.assign(this, { grid, panes, display, compare });
    this.saved = stored();
    this.#chooser();
    $("layout-save").addEventListener("submit", (event) => {
      event.preventDefault();
      this.save($("layout-name").value.trim());
    });
    for (const box of document.querySelectorAll("[data-link]")) {
      box.addEventListener("change", () => this.link(box.dataset.link, box.checked));
    }
    for (const mode of ["swipe", "blink"]) $(mode).addEventListener("click", () => compare.toggle(mode));
    for (const menu of document.querySelectorAll(".menu")) this.#menu(menu);
    document.querySelector("#links > summary").addEventListener("click", (event) => this.#lonely(event));
    grid.onChange(() => this.show());
    panes.onActivate(() => this.show());
    display.listen(() => this.own !== display.own && this.#links());
    compare.onChange(() => this.#modes());
    this.show();
    const last = this.saved.list.find(({ name }) => name === this.saved.last);
    if (last) this.restore(last);
  }

  // A menu closes with Escape, and when something else is pressed.
  #menu(menu) {
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !menu.open) return;
      event.stopPropagation();
      menu.open = false;
      menu.querySelector("summary").focus();
    });
    document.addEventListener("pointerdown", (event) => {
      if (menu.open && !menu.contains(event.target)) menu.open = false;
    });
  }

  #chooser() {
    const table = $("layout-table");
    for (let rows = 1; rows <= MOST_ROWS; rows += 1) {
      for (let columns = 1; columns <= MOST_COLUMNS; columns += 1) {
        const button = document.createElement("button");
        Object.assign(button, { type: "button", className: "layout-cell" });
        Object.assign(button.dataset, { rows, columns });
        button.setAttribute("aria-label", words("layout.size", rows, columns));
        button.addEventListener("click", () => {
          this.grid.show({ rows, columns });
          this.#chosen("");
          say(words("layout.size", rows, columns));
        });
        table.append(button);
      }
    }
    table.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -MOST_COLUMNS, ArrowDown: MOST_COLUMNS }[event.key];
      const next = step && table.children[[...table.children].indexOf(event.target) + step];
      if (!step) return;
      event.preventDefault();
      event.stopPropagation();
      next?.focus();
    });
  }

  /** Opens the menu of layouts, the one in force under the focus. */
  open() {
    $("layout").open = true;
    (document.querySelector('.layout-cell[aria-pressed="true"]') ?? $("layout-table").firstElementChild).focus();
  }

  /** Keeps the layout, the links and the display of the panes' own under a name, in this browser. */
  save(name) {
    if (!name) return $("layout-name").focus();
    const { own } = this.display.state;
    const list = this.saved.list.filter((other) => other.name !== name);
    this.saved.list = [...list, { name, ...this.grid.layout, own }];
    $("layout-name").value = "";
    this.#chosen(name);
    return say(words("layout.saved", name));
  }

  /** Shows a saved layout. */
  restore(saved) {
    this.grid.show(saved);
    this.display.restore({ own: saved.own ?? {} });
    this.#chosen(saved.name);
  }

  remove(name) {
    this.saved.list = this.saved.list.filter((other) => other.name !== name);
    this.#chosen(this.saved.last === name ? "" : this.saved.last);
    say(words("layout.removed", name));
    $("layout-name").focus();
  }

  #chosen(name) {
    this.saved.last = name;
    store(this.saved);
    this.show();
  }

  /** Links the active pane's zoom, place, window or slice with the others', or lets it go its own way. */
  link(what, on) {
    this.display.link(this.panes.active.place, what, on);
    this.onLink?.(this.panes.active, what, on);
  }

  /** All links of the active pane off, or on when one is off. */
  toggleLinks() {
    if ($("swipe").disabled) return say(words("compare.two"));
    const links = ["zoom", "pan", "window", "slice"];
    const on = links.some((what) => !this.display.linked(this.panes.active.place, what));
    for (const what of links) this.link(what, on);
    return say(words(on ? "say.linked" : "say.unlinked", this.panes.active.title));
  }

  show() {
    const { rows, columns } = this.grid;
    $("layout-words").textContent = `${rows} × ${columns}`;
    for (const button of $("layout-table").children) {
      const [r, c] = [Number(button.dataset.rows), Number(button.dataset.columns)];
      button.setAttribute("aria-pressed", String(r === rows && c === columns));
      button.toggleAttribute("data-within", r <= rows && c <= columns);
    }
    this.#layers();
    this.#list();
    this.#links();
    this.#modes();
  }

  // Chips stay the same elements as long as the layers are the same, so that focus and drags survive.
  #layers() {
    const all = layers();
    const bar = $("layers");
    const ids = all.map(({ id }) => id).join(" ");
    if (bar.dataset.ids !== ids) {
      bar.dataset.ids = ids;
      bar.replaceChildren(...all.map((layer) => this.#chip(layer)));
    }
    for (const chip of bar.children) chip.setAttribute("aria-pressed", String(this.panes.active.layer === chip.dataset.layer));
  }

  #chip({ id, title, summary }) {
    const chip = document.createElement("button");
    Object.assign(chip, { type: "button", className: "chip", textContent: title, title: summary });
    chip.dataset.layer = id;
    chip.addEventListener("click", () => this.grid.choose(id));
    Grid.drag(chip, id);
    return chip;
  }

  #list() {
    $("layout-list").replaceChildren(
      ...this.saved.list.map((saved) => {
        const row = document.createElement("li");
        const open = document.createElement("button");
        Object.assign(open, { type: "button", className: "button button-small layout-saved", textContent: saved.name });
        open.setAttribute("aria-pressed", String(saved.name === this.saved.last));
        open.addEventListener("click", () => this.restore(saved));
        const remove = document.createElement("button");
        Object.assign(remove, { type: "button", className: "button button-small button-quiet", textContent: "×" });
        remove.setAttribute("aria-label", words("layout.remove", saved.name));
        remove.addEventListener("click", () => this.remove(saved.name));
        row.append(open, remove);
        return row;
      }),
    );
  }

  #links() {
    const { active } = this.panes;
    this.own = this.display.own;
    for (const box of document.querySelectorAll("[data-link]")) box.checked = this.display.linked(active.place, box.dataset.link);
    for (const pane of this.panes.all) {
      const own = this.display.own[pane.place]?.unlinked ?? [];
      pane.element.toggleAttribute("data-unlinked", own.length > 0);
    }
  }

  // One pane alone is compared with nothing and goes with nothing: what is of no use then says why.
  #modes() {
    const lonely = this.panes.all.filter(({ layer }) => layer).length < 2;
    const controls = [$("swipe"), $("blink"), document.querySelector("#links > summary")];
    for (const control of controls) {
      control.dataset.usual ??= control.title;
      control.title = lonely ? words("compare.two") : control.dataset.usual;
    }
    for (const mode of ["swipe", "blink"]) {
      $(mode).disabled = lonely;
      $(mode).setAttribute("aria-pressed", String(this.compare.mode === mode));
    }
    if (lonely) $("links").open = false;
    controls[2].setAttribute("aria-disabled", String(lonely));
  }

  #lonely(event) {
    if (event.currentTarget.getAttribute("aria-disabled") === "true") event.preventDefault();
  }
}

function stored() {
  try {
    const { list, last } = JSON.parse(localStorage.getItem(SAVED));
    return { list, last };
  } catch {
    return { list: [], last: "" };
  }
}

function store(saved) {
  try {
    localStorage.setItem(SAVED, JSON.stringify(saved));
  } catch {
    // Without storage a layout holds for this page.
  }
}
