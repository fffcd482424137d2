// What lies where: how many panes there are, and which layer of which stack each of them shows. A place names a plane, whose
// stack it shows, or an image of its own, or neither: then it shows the one stack that the grid is about. Layers and images
// come onto panes by dragging them, by pressing them in the list, or by a saved layout. Knows layers and stacks by their ids.

import { takes } from "./dragging.js";
import { first } from "./elements.js";
import { layer, layers, onLayers } from "./layers.js";
import { MOST_COLUMNS, MOST_ROWS, PLANES, abreast, exchanged, ownOf, parsed, seat, seated, spelt } from "./seats.js";
import { offered } from "./serieslist.js";
import { say, words } from "./words.js";

/** @import { Arrangement, CaseData, Layer, Seat } from "./types.js" */
/** @import { Guests } from "./guests.js" */
/** @import { Pane } from "./pane.js" */
/** @import { Panes } from "./panes.js" */
/** @import { Stack } from "./stacks/stack.js" */
/**
 * What a grid asks of its page.
 * @typedef {object} Host
 * @property {CaseData} data
 * @property {Map<string, Stack>} stacks
 * @property {Guests} guests what places of their own show
 * @property {(pane: Pane) => void} give gives a pane what there is for it
 * @property {() => void} moved is told when panes show other stacks
 */
/** @typedef {import("./seats.js").Seats} Seats */

/** How high films are at least that nobody has asked for, in CSS pixels. */
const LEAST = 128;

export class Grid {
  /** @type {((grid: Grid) => void)[]} */
  #listeners = [];

  rows = 1;

  columns = 1;

  /** @type {Seat[]} */
  places = [];

  /**
   * The stack of every plane, null where there is none.
   * @type {Record<string, Stack | null>}
   */
  planes = {};

  /**
   * The stack that the grid is about.
   * @type {Stack | null}
   */
  stack = null;

  /** Whether the reader has chosen a stack. */
  own = false;

  /**
   * @param {Panes} panes
   * @param {Host} page
   */
  constructor(panes, page) {
    this.panes = panes;
    this.page = page;
    this.follow(page.data);
    this.#seat(page.data.arrangement === "planes" ? this.#planesFirst() : this.#usual());
    /** What the server laid out. */
    this.first = this.layout;
    panes.each((pane) => this.#attach(pane));
    onLayers((id) => this.#changed(id));
  }

  /**
   * The stacks of the planes as the server names them, unless the reader has chosen some; true when they are others.
   * @param {Pick<CaseData, "planes" | "image">} data
   */
  follow({ planes, image }) {
    const { stacks } = this.page;
    const before = JSON.stringify(this.#ids);
    const named = new Map(Object.entries(planes));
    if (!this.own) this.planes = Object.fromEntries(PLANES.map((plane) => [plane, stacks.get(named.get(plane) ?? "") ?? null]));
    const about = [...stacks.values()].find(({ places }) => places.has(image));
    this.stack ??= about ?? this.planes[this.plane] ?? [...stacks.values()][0] ?? null;
    return before !== JSON.stringify(this.#ids);
  }

  get #ids() {
    return PLANES.map((plane) => this.planes[plane]?.id ?? "");
  }

  /** The first plane that there is a stack of. */
  get plane() {
    const about = PLANES.find((plane) => this.planes[plane] && this.planes[plane] === this.stack);
    return about ?? PLANES.find((plane) => this.planes[plane]) ?? "";
  }

  #planesFirst() {
    return abreast(layers().find(({ method }) => method)?.id ?? "film");
  }

  // The film, and every layer that is there: as many as can be seen; the list has the others.
  #usual() {
    const stored = layers().filter(({ method, more }) => method && !more);
    const room = Math.min(Math.max(this.panes.roomFor(LEAST), 2), MOST_ROWS);
    // A lateral stands beside its frontal film, before every map.
    const { other } = this.page.guests;
    const all = [seat("film"), ...(other ? [seat("film", { own: other.id })] : []), ...stored.map(({ id }) => seat(id))];
    const places = all.slice(0, room * MOST_COLUMNS);
    return seated(places, places.length > room * 3 ? MOST_COLUMNS : undefined);
  }

  /** @param {Seats} seats */
  #seat({ rows, columns, places }) {
    this.rows = rows;
    this.columns = columns;
    this.places = places;
  }

  /**
   * Shows these places.
   * @param {Seats} seats
   */
  seat(seats) {
    this.#seat(seats);
    this.lay();
  }

  /** Places of their own show what they mean, now that more is known; those that mean nothing show what the grid is about. */
  settle() {
    this.places = this.places.map((place) => (place.own ? { ...place, own: this.page.guests.settled(place.own) } : place));
    this.lay();
  }

  /**
   * Calls `listener` after every change of the layout.
   * @param {(grid: Grid) => void} listener
   */
  onChange(listener) {
    this.#listeners.push(listener);
  }

  #tell() {
    for (const listener of this.#listeners) listener(this);
  }

  /** "planes" where the first places show the planes' stacks, and whatever else is there stands beside them; else "grid". */
  get arrangement() {
    const mine = this.places.filter(({ own, id }) => !own && id);
    return mine.length && mine.every(({ plane }) => plane) ? "planes" : "grid";
  }

  /**
   * The layout as plain values.
   * @returns {Arrangement}
   */
  get layout() {
    return { rows: this.rows, columns: this.columns, layers: this.places.map(spelt) };
  }

  /**
   * Shows a layout: its places in front of what fills the rest, those that are there where it names none.
   * @param {Pick<Arrangement, "rows" | "columns"> & Partial<Arrangement>} layout
   */
  show({ rows, columns, layers: ids = this.places.map(spelt) }) {
    this.rows = Math.min(Math.max(rows, 1), MOST_ROWS);
    this.columns = Math.min(Math.max(columns, 1), MOST_COLUMNS);
    const count = this.rows * this.columns;
    const { guests } = this.page;
    // What a saved layout has of its own and this study has not is left out, and others move up.
    const known = ids.map(parsed).map((place) => ({ ...place, own: place.own && guests.settled(place.own), was: place.own }));
    const there = known.filter(({ own, was }) => own || !was).slice(0, count);
    const wanted = there.map(({ plane, own, id }) => seat(layer(id) ? id : "", { plane, own }));
    const taken = new Set(wanted.filter(({ own }) => !own).map(({ id }) => id));
    const spare = layers().map(({ id }) => id).filter((id) => !taken.has(id));
    while (wanted.length < count) wanted.push(seat(spare.shift() ?? ""));
    this.places = wanted;
    this.lay();
  }

  /**
   * Three planes next to each other, or one plane under every layer.
   * @param {string} kind "planes" or "grid"
   * @param {string} [plane]
   */
  arrange(kind, plane = this.plane) {
    if (kind === this.arrangement && plane === this.plane) return;
    const { active } = this.panes;
    if (kind === "planes") {
      this.#seat(abreast(active.layer || "film"));
    } else {
      this.stack = this.planes[plane] ?? this.stack;
      if (this.arrangement === "planes") this.#seat(this.#usual());
    }
    this.lay();
    const same = this.panes.all.find((pane) => pane.stack === active.stack && pane.layer === active.layer);
    const wanted = kind === "planes" ? this.panes.all[PLANES.indexOf(plane)] : same;
    if (wanted?.stack) this.panes.activate(wanted);
    say(words(`layout.${kind}`));
  }

  /** Puts what the places name into the panes. */
  lay() {
    const { panes } = this;
    if (panes.enlarged) panes.toggleLarge(panes.shown[0]);
    panes.count(this.places.length);
    this.places.forEach((_, place) => this.#fill(place));
    const missing = this.arrangement === "planes" && this.rows === 1 ? PLANES.filter((plane) => !this.planes[plane]) : [];
    Object.assign(panes.grid.dataset, {
      panes: this.places.length,
      columns: this.columns,
      rows: this.rows,
      arrangement: this.arrangement,
      empty: missing.map((plane) => PLANES.indexOf(plane) + 1).join(" "),
    });
    panes.moved();
    if (!panes.active.stack) panes.activate(panes.all.find(({ stack }) => stack) ?? panes.active);
    this.page.moved();
    this.#tell();
  }

  /**
   * The pane that is read first: the first map, or the first plane that there is; of an image that the address names, its
   * plane.
   * @param {string} image its id, "" for none
   */
  front(image) {
    const { all } = this.panes;
    if (this.arrangement === "grid") return all.find(({ method, stack }) => method && !stack?.guest) ?? all[0];
    const named = all.find(({ stack }) => stack?.places.has(image));
    return named ?? all.find(({ stack }) => stack) ?? all[0];
  }

  /**
   * The stack that a place shows.
   * @param {number} place
   */
  stackAt(place) {
    const { plane, own } = this.places[place];
    if (own) return this.page.guests.stackOf(own);
    return plane ? this.planes[plane] : this.stack;
  }

  /** @param {number} place */
  #fill(place) {
    const { plane, own, id } = this.places[place];
    const pane = this.panes.all[place];
    const stack = this.stackAt(place);
    const shown = layer(id);
    pane.set({ stack, plane, own, id, layer: shown, title: this.#title(place, shown, stack), name: this.#name(place, shown) });
    offered(pane, this.places[place], this.page);
    this.page.give(pane);
    return pane;
  }

  /**
   * @param {number} place
   * @param {Layer | undefined} shown
   * @param {Stack | null} stack
   */
  #title(place, shown, stack) {
    const { plane, own } = this.places[place];
    const layered = shown?.title ?? words("pane.empty");
    if (own) return [this.page.guests.titleOf(own), shown?.id === "film" ? "" : layered].filter(Boolean).join(" · ");
    return plane ? (stack?.title ?? words(`plane.${plane}`)) : layered;
  }

  /**
   * Panes are named by what they show, so that links and tests find them; planes by their place.
   * @param {number} place
   * @param {Layer | undefined} shown
   */
  #name(place, shown) {
    const { plane, own, id } = this.places[place];
    if (plane || own) return `pane-${place + 1}`;
    const name = shown ? shown.method || id.replaceAll(/[^a-z0-9-]/gi, "-") : "empty";
    const taken = this.places.findIndex((other) => other.id === id && !other.plane && !other.own);
    return taken < place ? `pane-${name}-${place + 1}` : `pane-${name}`;
  }

  /**
   * Puts a layer onto a place.
   * @param {string} id "" for none
   * @param {number} place
   */
  put(id, place) {
    if (this.places[place].id === id) return this.panes.all[place];
    this.places = this.places.map((other, at) => (at === place ? { ...other, id } : other));
    const pane = this.#fill(place);
    this.panes.refresh();
    this.#tell();
    return pane;
  }

  /**
   * Shows a layer in the active pane, and says so; over planes in all of them.
   * @param {string} id
   */
  choose(id) {
    const { place } = this.panes.active;
    if (this.arrangement === "planes") this.places.forEach(({ plane, own }, at) => (plane || own) && this.put(id, at));
    else this.put(id, place);
    this.panes.activate(this.panes.all[place]);
    say(words("say.layer", layer(id)?.title ?? id, place + 1));
  }

  /**
   * The layer after or before the active pane's one.
   * @param {number} by
   */
  step(by) {
    const all = layers();
    const at = all.findIndex(({ id }) => id === this.panes.active.layer);
    this.choose(all[(at + by + all.length) % all.length].id);
    this.panes.active.element.focus();
  }

  /**
   * @param {number} one
   * @param {number} other
   */
  swap(one, other) {
    const places = [...this.places];
    [places[one], places[other]] = [places[other], places[one]];
    this.places = places;
    this.#fill(one);
    this.panes.activate(this.#fill(other));
    this.panes.moved();
    this.#tell();
  }

  /**
   * Another stack in a pane, and wherever its plane is shown.
   * @param {Pane} pane
   * @param {Stack | null} stack
   */
  chooseStack(pane, stack) {
    const { plane } = this.places[pane.place];
    const before = plane ? this.planes[plane] : this.stack;
    this.own = true;
    if (plane) this.planes = { ...this.planes, [plane]: stack };
    else this.stack = stack;
    // Of films it is told which one is read where they are turned to.
    if (before && stack && !stack.separate) this.places = exchanged(this.places, ownOf(before), ownOf(stack));
    this.lay();
  }

  /**
   * The grid is about another stack.
   * @param {Stack} stack
   */
  turnTo(stack) {
    this.stack = stack;
    this.lay();
  }

  /**
   * An image of its own in a place, or with "" what the grid is about.
   * @param {string} own
   * @param {number} place
   */
  bring(own, place) {
    const before = this.places[place];
    const settled = own && this.page.guests.settled(own);
    if (own && !settled) return;
    const plane = !settled && this.arrangement === "planes" ? (PLANES[place] ?? "") : "";
    this.places = this.places.map((other, at) => (at === place ? seat(before.id || "film", { plane, own: settled }) : other));
    this.lay();
    this.panes.activate(this.panes.all[place]);
  }

  /** @param {string} id */
  #changed(id) {
    this.places.forEach((place, at) => {
      if (place.id !== id) return;
      if (!layer(id)) this.put("", at);
      else if (!this.panes.all[at].method) this.panes.refresh();
    });
    this.#tell();
  }

  /** @param {Pane} pane */
  #attach(pane) {
    const list = first(pane.element, ".pane-series", HTMLSelectElement);
    list.addEventListener("change", () => {
      const { value } = list;
      if (value.startsWith("@")) this.bring(value.slice(1), pane.place);
      else this.chooseStack(pane, this.page.stacks.get(value) ?? null);
    });
    takes(pane, {
      own: (own) => this.bring(own, pane.place),
      put: (id) => {
        if (layer(id)) this.panes.activate(this.put(id, pane.place));
      },
      swap: (from) => this.swap(from, pane.place),
    });
  }
}
