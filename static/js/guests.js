// What panes show alone, beside what the case is about: other films of the study, and images of the patient's other studies,
// whose payload is read when somebody wants one. Those that are joined are zoomed, windowed and scrolled together with what
// they stand beside: a window is carried over as a share of how each opens, because one grey value is not the other's.

import { ask } from "./asking.js";
import { OTHER, PLANES, PRIOR, exchanged, parsed, partsOf, spelt } from "./seats.js";
import { Guest, alone, depth, placeAt } from "./stacks/guest.js";
import { Display, FILMS } from "./viewport/state.js";
import { words } from "./words.js";

/** @import { Arrangement, Chosen, ImageData, Seat, StackData, Told, VisitData, Window } from "./types.js" */
/** @import { Case } from "./case.js" */
/** @import { Stack } from "./stacks/stack.js" */
/** @typedef {{ own: string, title: string }} Listed */
/** @typedef {{ joined?: Record<string, boolean>, at?: Record<string, number>, offsets?: Record<string, number> }} Saved */

export class Guests {
  /**
   * By what places call them.
   * @type {Map<string, Guest>}
   */
  known = new Map();

  /**
   * What the patient's other studies say of themselves, by their ids; null where one did not answer.
   * @type {Map<string, Told | null>}
   */
  visits = new Map();

  /** @type {Map<string, Promise<void>>} */
  #asked = new Map();

  /**
   * The windows that a joined guest and what it stands beside had last.
   * @type {WeakMap<Guest, { mine: Chosen | undefined, theirs: Chosen | undefined }>}
   */
  #seen = new WeakMap();

  /** @type {Saved} */
  #wanted = {};

  #carrying = false;

  /** @param {Case} page */
  constructor(page) {
    this.page = page;
    page.display.listen(() => this.window());
  }

  /**
   * What a place of its own shows; null where it is not there, or not yet.
   * @param {string} own
   * @returns {Stack | null}
   */
  stackOf(own) {
    const { study, image } = partsOf(own);
    if (study) this.visit(study);
    const entries = study ? (this.visits.get(study)?.stacks ?? []) : this.page.data.stacks;
    const entry = entries.find(({ images }) => images.some(({ id }) => id === image));
    if (!entry) return null;
    if (!study && entry.kind === "slices") return this.page.stacks.get(entry.id) ?? null;
    const key = entry.kind === "film" ? own : `${study}.${entry.id}`;
    const known = this.known.get(key);
    if (known) return known;
    const space = entry.space && `${study} ${entry.space}`;
    const shown = entry.images.find(({ id }) => id === image);
    const made = new Guest(entry.kind === "film" && shown ? alone(entry, shown) : { ...entry, space }, this.#told(study));
    this.known.set(key, made);
    this.page.loader.known.push(made);
    this.#opens(made);
    return made;
  }

  /**
   * Where a guest stands first: as a link says, else its middle at the middle of what it stands beside.
   * @param {Guest} guest
   */
  #opens(guest) {
    const { joined = {}, at = {}, offsets = {} } = this.#wanted;
    guest.byHand = typeof joined[guest.id] === "boolean";
    guest.joined = guest.byHand ? joined[guest.id] : this.#alike(guest);
    const beside = this.counterpart(guest);
    if (guest.separate || !beside) return;
    guest.offset = offsets[guest.id] ?? (depth(guest, guest.count - 1) - depth(beside, beside.count - 1)) / 2;
    guest.at = placeAt(guest, depth(beside, beside.at) + guest.offset);
    const stored = at[guest.id];
    if (Number.isInteger(stored) && guest.placeOf(stored) >= 0) guest.at = guest.placeOf(stored);
  }

  /**
   * @param {string} study
   * @returns {VisitData | null}
   */
  #told(study) {
    return this.page.data.visits.find((visit) => visit.study === study) ?? null;
  }

  /**
   * Reads another study of the patient, once; panes are laid anew when it is there.
   * @param {string} study
   */
  visit(study) {
    const known = this.#asked.get(study);
    if (known) return known;
    const told = this.#told(study);
    const asked = told ? ask(told.data) : Promise.reject(new Error("no such study"));
    const done = asked.then((/** @type {Told} */ answer) => answer, () => null).then((answer) => {
      this.visits.set(study, answer);
      if (!answer) this.#asked.delete(study);
      this.page.grid?.settle();
    });
    this.#asked.set(study, done);
    return done;
  }

  /**
   * What a place of its own is called, whether it is there or not.
   * @param {string} own
   */
  titleOf(own) {
    const { study } = partsOf(own);
    const stack = this.stackOf(own);
    return [study && (this.#told(study)?.title ?? words("beside.gone")), stack?.title].filter(Boolean).join(" · ");
  }

  /**
   * Why a place of its own is empty.
   * @param {number} place
   */
  why(place) {
    const { study } = partsOf(this.page.grid.places[place].own);
    if (!study || !this.#told(study)) return words("beside.gone");
    return words(this.visits.get(study) === null ? "load.failed" : "exam.fetching");
  }

  /**
   * A place of its own with the image that it means; "" where there is none, as it is while nobody knows.
   * @param {string} own
   * @returns {string}
   */
  settled(own) {
    if (own === OTHER) return this.other?.id ?? "";
    if (own === PRIOR) {
      const last = this.page.data.visits.find(({ earlier }) => earlier);
      return last ? this.settled(`${last.study}.`) : "";
    }
    const { study, image } = partsOf(own);
    if (study) {
      const payload = image ? null : this.visits.get(study);
      return payload ? this.#matching(study, payload) : own;
    }
    const entry = this.page.data.stacks.find(({ images }) => images.some(({ id }) => id === image));
    if (!entry) return "";
    return entry.kind === "slices" ? entry.images[0].id : image;
  }

  /**
   * A layout to be saved, which is of no study: its places have the other film, or the study before, or nothing of their own.
   * @template {Arrangement} T
   * @param {T} layout
   * @returns {T}
   */
  general(layout) {
    const { other } = this;
    /** @param {Seat} place */
    const of = ({ own }) => (partsOf(own).study ? PRIOR : (own && own === other?.id && OTHER) || "");
    return { ...layout, layers: layout.layers.map(parsed).map((place) => spelt({ ...place, own: of(place) })) };
  }

  /** Every image of the study that a pane of its own can show, and every other study of the patient. */
  get listed() {
    const { stacks, visits } = this.page.data;
    const others = visits.flatMap(({ study, title }) => {
      const there = this.visits.get(study)?.stacks.flatMap(named) ?? [];
      const all = there.map((one) => ({ own: `${study}.${one.own}`, title: `${title} · ${one.title}` }));
      return all.length ? all : [{ own: `${study}.`, title }];
    });
    return { mine: stacks.flatMap(named), visits: others };
  }

  /**
   * The film of this study that was taken from another side than the one that is read.
   * @returns {ImageData | undefined}
   */
  get other() {
    const { stacks, image } = this.page.data;
    const films = stacks.filter(({ kind }) => kind === "film").flatMap(({ images }) => images);
    const facing = films.find(({ id }) => id === image)?.facing;
    return facing ? films.find((film) => film.facing && film.facing !== facing) : undefined;
  }

  /**
   * The image of another study that belongs beside what is shown: of the same plane, or taken from the same side.
   * @param {string} study
   * @param {Told} payload
   */
  #matching(study, { stacks, planes, image }) {
    const { data, grid } = this.page;
    const facing = this.page.image(data.image)?.facing;
    const films = stacks.filter(({ kind }) => kind === "film").flatMap(({ images }) => images);
    const plane = planes[/** @type {keyof typeof planes} */ (grid.plane)];
    const stack = stacks.find(({ id }) => id === plane) ?? stacks[0];
    const film = films.find((one) => facing && one.facing === facing) ?? films.find(({ id }) => id === image);
    return `${study}.${(plane ? stack.images[0] : (film ?? stack.images[0])).id}`;
  }

  /**
   * The places that another study gets where three planes lie next to each other: one for each of them, "" where it has none.
   * @param {string} study
   */
  abreast(study) {
    const { planes = {}, stacks = [] } = this.visits.get(study) ?? {};
    return PLANES.map((plane) => {
      const id = planes[/** @type {keyof typeof planes} */ (plane)];
      const stack = id && stacks.find((one) => one.id === id);
      return stack ? `${study}.${stack.images[0].id}` : "";
    });
  }

  /**
   * What a guest stands beside: the stack of its plane, or the film that the grid is about.
   * @param {Guest} guest
   * @returns {Stack | null}
   */
  counterpart(guest) {
    const { planes, stack } = this.page.grid;
    if (guest.separate) return stack?.separate ? stack : null;
    return stack?.plane === guest.plane ? stack : (planes[guest.plane] ?? null);
  }

  /**
   * A film is read that may have stood beside: what was read stands there now, each as it was zoomed and windowed.
   * @param {string} before
   * @param {string} now
   */
  exchange(before, now) {
    const { display, grid } = this.page;
    if (before === now) return;
    this.match();
    if (!grid.places.some(({ own }) => own === now)) return;
    const guest = this.known.get(now);
    if (guest && !guest.joined) {
      const { views, windows } = new Display();
      /**
       * @template T
       * @param {Record<string, T>} all
       * @param {Record<string, T>} usual
       */
      const of = (all, usual) => ({ ...all, [FILMS]: all[`@${now}`] ?? usual[FILMS], [`@${before}`]: all[FILMS] });
      display.set({ views: of(display.views, views), windows: of(display.windows, windows) });
    }
    grid.seat({ rows: grid.rows, columns: grid.columns, places: exchanged(grid.places, before, now) });
  }

  /**
   * Whether a guest shows the same as what it stands beside, so that both go together: a stack of the same plane, or a film
   * that was taken from the same side. Of films whose headers do not say, nobody knows.
   * @param {Guest} guest
   */
  #alike(guest) {
    const beside = this.counterpart(guest);
    if (!guest.separate) return Boolean(beside && guest.plane && beside.plane === guest.plane);
    const { facing } = guest.image;
    return Boolean(beside && facing && facing === this.page.image(this.page.data.image)?.facing);
  }

  /** Another film is read: those that go together with it are others, but for what the reader said. */
  match() {
    for (const guest of this.known.values()) {
      if (!guest.byHand && guest.joined !== this.#alike(guest)) this.join(guest);
    }
  }

  /**
   * Joined to what it stands beside, or on its own, as it is now.
   * @param {Guest} guest
   * @param {boolean} [on]
   */
  join(guest, on = !guest.joined) {
    const { display } = this.page;
    const from = guest.joined ? guest.shared : guest.id;
    guest.joined = on;
    const beside = this.counterpart(guest);
    if (on && beside) guest.offset = depth(guest, guest.at) - depth(beside, beside.at);
    const view = display.views[from];
    this.#seen.set(guest, { mine: display.windows[guest.id], theirs: display.windows[beside?.group.window ?? ""] });
    display.set(on || !view ? {} : { views: { ...display.views, [guest.id]: view } });
  }

  /**
   * A stack stands at another image: what goes together with it follows.
   * @param {Stack} stack
   */
  follow(stack) {
    if (this.#carrying || stack.separate) return;
    this.#carrying = true;
    const beside = stack instanceof Guest && stack.joined ? this.counterpart(stack) : null;
    const away = stack instanceof Guest ? stack.offset : 0;
    if (beside) this.page.scrolling.to(beside, placeAt(beside, depth(stack, stack.at) - away));
    const led = beside ?? stack;
    for (const guest of this.known.values()) {
      if (guest === stack || !guest.joined || guest.separate || this.counterpart(guest) !== led) continue;
      this.page.scrolling.to(guest, placeAt(guest, depth(led, led.at) + guest.offset));
    }
    this.#carrying = false;
  }

  /** A window was changed: those that go together with it are changed likewise. */
  window() {
    for (const guest of this.known.values()) if (guest.joined) this.#window(guest);
  }

  /** @param {Guest} guest */
  #window(guest) {
    const { display, tools } = this.page;
    const beside = this.counterpart(guest);
    const film = guest.film(guest.at);
    const other = beside?.film(beside.at);
    if (!beside || !film || !other) return;
    const group = beside.group.window;
    const [mine, theirs] = [display.windows[guest.id], display.windows[group]];
    const seen = this.#seen.get(guest);
    if (seen && seen.mine === mine && seen.theirs === theirs) return;
    const [opens, opened] = [tools.opens(guest, film), tools.opens(beside, other)];
    const back = seen && seen.theirs === theirs && mine;
    const changed = back ? carried(mine, opens, opened) : theirs && carried(theirs, opened, opens);
    if (!changed) return;
    this.#seen.set(guest, back ? { mine, theirs: changed } : { mine: changed, theirs });
    display.set({ windows: { ...display.windows, [back ? group : guest.id]: changed } });
  }

  /** The part of a link: at which slices they stand, and which of them go together with what they stand beside. */
  get part() {
    return {
      save: () => {
        const shown = new Set(this.page.panes.all.map(({ stack }) => stack));
        const here = [...this.known.values()].filter((guest) => shown.has(guest));
        if (!here.length) return null;
        /** @param {(guest: Guest) => unknown} told */
        const by = (told) => Object.fromEntries(here.map((guest) => [guest.id, told(guest)]));
        const said = here.filter(({ byHand }) => byHand).map(({ id, joined }) => [id, joined]);
        return { joined: Object.fromEntries(said), at: by(({ image }) => image.at), offsets: by(({ offset }) => offset) };
      },
      load: (/** @type {Saved} */ saved) => {
        this.#wanted = saved;
        for (const guest of this.known.values()) {
          this.#opens(guest);
          const on = saved.joined?.[guest.id];
          if (typeof on !== "boolean") continue;
          guest.byHand = true;
          if (on !== guest.joined) this.join(guest, on);
        }
        return "";
      },
    };
  }
}

/**
 * What of a series or a stack a place can have of its own: every film, or the stack.
 * @param {StackData} entry
 * @returns {Listed[]}
 */
function named(entry) {
  if (entry.kind === "slices") return [{ own: entry.images[0].id, title: entry.listed }];
  return entry.images.map((image) => ({ own: image.id, title: alone(entry, image).title }));
}

/**
 * A window carried from one film to another: as far from how that one opens as it is from how this one does.
 * @param {Chosen} chosen
 * @param {Window | null | undefined} from how the one opens, null by its VOI LUT
 * @param {Window | null | undefined} to how the other one does
 * @returns {Chosen | null} null where nothing can be told
 */
export function carried(chosen, from, to) {
  const { window, invert, preset } = chosen;
  if (from === undefined || to === undefined) return null;
  if (!window || !from || !to) return preset === 0 ? { window: to, preset, invert } : null;
  const centre = to.centre + ((window.centre - from.centre) / from.width) * to.width;
  const same = preset === 0 && window.centre === from.centre && window.width === from.width;
  return { window: { ...to, centre, width: (window.width / from.width) * to.width }, preset: same ? 0 : -1, invert };
}
