// Films that were fetched, each once, and kept while there is room.

import { fetchFilm } from "./viewport/film.js";

const KEPT = 24;

export class Films {
  #known = new Map();

  has(id) {
    return this.#known.has(id);
  }

  /** An image's film: a promise. */
  async get(image) {
    const film = this.#known.get(image.id) ?? (await fetchFilm(image));
    this.#known.delete(image.id);
    this.#known.set(image.id, film);
    if (this.#known.size > KEPT) this.#known.delete(this.#known.keys().next().value);
    return film;
  }
}
