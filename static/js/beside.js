// What stands beside what, by hand: an image of its own comes onto a pane out of the pictures at the side, out of a pane's own
// list or by key, goes together with what it stands beside or on its own, and is closed again.

import { all, first, optional } from "./elements.js";
import { bringsImage } from "./dragging.js";
import { MOST_COLUMNS, MOST_ROWS, PLANES, parsed, partsOf, seat, seated, spelt } from "./seats.js";
import { Guest } from "./stacks/guest.js";
import { isLayout } from "./viewparts.js";
import { say, words } from "./words.js";

/** @import { Case } from "./case.js" */
/** @import { Pane } from "./pane.js" */
/** @import { Part } from "./types.js" */
/** @import { Seats } from "./seats.js" */

/** A layout with more panes gives way to the films alone when the first image comes beside them. */
const FEW = 3;

export class Beside {
  /**
   * The places that gave way, null where none did.
   * @type {Seats | null}
   */
  before = null;

  /** @param {Case} page */
  constructor(page) {
    this.page = page;
    page.panes.each((pane) => this.#attach(pane));
    page.grid.onChange(() => this.show());
    for (const side of ["study-images", "visits"]) this.#side(side);
    page.record.link.register("gave", this.part);
    this.show();
  }

  /**
   * The part of a link: the places that gave way.
   * @returns {Part}
   */
  get part() {
    return {
      save: () => this.before && { ...this.before, places: undefined, layers: this.before.places.map(spelt) },
      load: (/** @type {unknown} */ saved) => {
        if (!isLayout(saved)) return "";
        const { rows, columns, layers } = saved;
        this.before = { rows, columns, places: layers.map(parsed) };
        return "";
      },
    };
  }

  /** @param {string} id of a list of pictures */
  #side(id) {
    const list = optional(id);
    if (!list) return;
    for (const picture of all(list, "[data-own]")) bringsImage(picture, picture.dataset.own ?? "");
    list.addEventListener("click", ({ target }) => {
      const button = target instanceof Element ? target.closest("[data-beside]") : null;
      if (button instanceof HTMLElement) this.toggle(button.dataset.beside ?? "");
    });
  }

  /** @param {Pane} pane */
  #attach(pane) {
    first(pane.element, ".pane-join").addEventListener("click", () => this.join(pane));
    first(pane.element, ".pane-close").addEventListener("click", () => this.close(pane));
  }

  /** The study before this one comes beside what is shown, or goes again. */
  prior() {
    const { visits } = this.page.data;
    const last = visits.find(({ earlier }) => earlier) ?? visits[0];
    if (last) this.toggle(`${last.study}.`);
    else say(words("beside.none"));
  }

  /**
   * The panes that show it: an image, or any one of another study.
   * @param {string} own
   */
  #panes(own) {
    const { study } = partsOf(own);
    const { places } = this.page.grid;
    return this.page.panes.all.filter(({ place }) => {
      const mine = places[place].own;
      return mine && (study ? partsOf(mine).study === study : mine === own);
    });
  }

  /** @param {string} own */
  toggle(own) {
    const [there] = this.#panes(own);
    if (there) this.close(there);
    else this.open(own);
  }

  /**
   * Puts an image beside what is shown; of three planes next to each other all three of another study.
   * @param {string} own
   */
  async open(own) {
    const { grid, guests, panes } = this.page;
    const { study } = partsOf(own);
    if (study) await guests.visit(study);
    const planes = grid.arrangement === "planes";
    const row = planes && study ? guests.abreast(study) : [];
    const owns = row.some(Boolean) ? row : [guests.settled(own)];
    while (planes && owns.length < PLANES.length) owns.push("");
    const id = planes ? panes.active.layer || "film" : "film";
    const places = [...(planes ? grid.places : this.#kept()), ...owns.map((one) => seat(one && id, { own: one }))];
    if (places.length > (planes ? PLANES.length * MOST_ROWS : MOST_ROWS * MOST_COLUMNS)) return say(words("beside.full"));
    grid.seat(seated(places, planes ? PLANES.length : undefined));
    const front = panes.all.find(({ place }) => owns.includes(grid.places[place].own || "-"));
    if (front) panes.activate(front);
    return say(words("beside.opened", front?.title ?? ""));
  }

  // The first image that comes takes the place of many maps: it is films that are compared. They come back with its end.
  #kept() {
    const { grid } = this.page;
    if (this.before || grid.places.length <= FEW) return grid.places.filter(({ id }) => id);
    this.before = { rows: grid.rows, columns: grid.columns, places: grid.places };
    const films = grid.places.filter(({ id }) => id === "film");
    return films.length ? films.slice(0, FEW) : [grid.places[0]];
  }

  /**
   * Goes together with what it stands beside, or no more.
   * @param {Pane} pane
   */
  join({ stack }) {
    if (!(stack instanceof Guest)) return;
    stack.byHand = true;
    this.page.guests.join(stack);
    this.show();
    say(words(stack.joined ? "beside.joined" : "beside.apart", stack.visit?.title ?? stack.title));
  }

  /**
   * Takes a pane's image of its own away, with everything of another study.
   * @param {Pane} pane
   */
  close(pane) {
    const { grid, panes } = this.page;
    const { own } = grid.places[pane.place];
    if (!own) return;
    const gone = new Set(this.#panes(own));
    const rest = grid.places.filter((_, at) => !gone.has(panes.all[at]));
    const usual = new Set((this.before?.places ?? []).map((place) => place.own));
    const stays = rest.some((place) => place.own && !usual.has(place.own));
    if (this.before && !stays) {
      grid.seat(this.before);
      this.before = null;
    } else if (grid.arrangement === "planes") {
      const rows = rest.slice(PLANES.length).filter(({ id }) => id);
      grid.seat(seated([...rest.slice(0, PLANES.length), ...(stays ? rows : [])], PLANES.length));
    } else grid.seat(seated(rest.length ? rest : [seat("film")]));
    panes.active.element.focus();
    say(words("beside.closed"));
  }

  /** Each pane's buttons, and which pictures stand beside. */
  show() {
    const { grid, panes } = this.page;
    for (const pane of panes.all) {
      const { own } = grid.places[pane.place];
      const guest = pane.stack instanceof Guest ? pane.stack : null;
      const join = first(pane.element, ".pane-join", HTMLButtonElement);
      const close = first(pane.element, ".pane-close", HTMLButtonElement);
      join.hidden = !guest;
      join.setAttribute("aria-pressed", String(Boolean(guest?.joined)));
      join.setAttribute("aria-label", `${words("beside.join")}: ${pane.title}`);
      close.hidden = !own;
      close.setAttribute("aria-label", `${words("beside.close")}: ${pane.title}`);
    }
    for (const button of all(document, "[data-beside]")) {
      button.setAttribute("aria-pressed", String(this.#panes(button.dataset.beside ?? "").length > 0));
    }
  }
}
