// The stacks of an exam: what each of them is, at which slice it stands, and its slices' pixels, fetched from the shown slice outwards
// and kept while there is room. Knows addresses; no DOM.

import { fetchFilm } from "../viewport/film.js";

const AT_ONCE = 4;
const ROOM = 160 * 2 ** 20;
const PAUSE = 3000;

export class Stack {
  constructor(data) {
    this.films = new Map();
    this.failed = new Map();
    this.at = Math.floor(data.images.length / 2);
    this.take(data);
  }

  /** Takes what the server says of the stack now. */
  take(data) {
    Object.assign(this, data);
    this.places = new Map(data.images.map(({ id }, at) => [id, at]));
  }

  get count() {
    return this.images.length;
  }

  get image() {
    return this.images[this.at];
  }

  /** The shown slice's film, or null while it is on its way. */
  get film() {
    return this.films.get(this.image.id) ?? null;
  }
}

export class Loader {
  /** `shown()` are the stacks that are on the screen, the most wanted first; `came(stack, image)` and `lost(stack, image)` say what
   * became of a slice. `known` are all stacks. */
  constructor({ shown, came, lost }) {
    Object.assign(this, { shown, came, lost, known: [], loading: new Set(), held: 0 });
  }

  /** Looks for what is wanted next; called whenever that may have changed. */
  look() {
    while (this.loading.size < AT_ONCE) {
      const next = this.#next();
      if (!next || !this.#room(next)) return;
      this.#fetch(next);
    }
  }

  #next() {
    let best = null;
    const now = Date.now();
    this.shown().forEach((stack, order) => {
      for (let away = 0; away < stack.count; away += 1) {
        const score = away + order * 0.25;
        if (best && score >= best.score) return;
        const image = [stack.images[stack.at + away], stack.images[stack.at - away]].find((one) => one && this.#wanted(stack, one, now));
        if (image) best = { stack, image, score };
      }
    });
    return best;
  }

  #wanted(stack, { id }, now) {
    return !stack.films.has(id) && !this.loading.has(id) && now > (stack.failed.get(id) ?? 0);
  }

  // Where there is no more room the slice farthest from what is shown goes, unless the wanted one lies farther still.
  #room({ score }) {
    while (this.held >= ROOM) {
      const stacks = this.shown();
      let worst = null;
      for (const stack of this.known) {
        const order = stacks.indexOf(stack);
        for (const [id, film] of stack.films) {
          const away = order < 0 ? Infinity : Math.abs(stack.places.get(id) - stack.at) + order * 0.25;
          if (!worst || away > worst.away) worst = { stack, id, film, away };
        }
      }
      if (!worst || worst.away <= score) return false;
      worst.stack.films.delete(worst.id);
      this.held -= size(worst.film);
    }
    return true;
  }

  async #fetch({ stack, image }) {
    this.loading.add(image.id);
    try {
      const film = await fetchFilm(image);
      stack.failed.delete(image.id);
      stack.films.set(image.id, film);
      this.held += size(film);
      this.loading.delete(image.id);
      this.came(stack, image);
    } catch {
      this.loading.delete(image.id);
      stack.failed.set(image.id, Date.now() + PAUSE);
      this.lost(stack, image);
      setTimeout(() => this.look(), PAUSE);
    }
    this.look();
  }
}

function size(film) {
  return film.levels.reduce((sum, { data }) => sum + data.byteLength, 0);
}
