// Measures and layouts on their way to the server: the last word on each is sent, sent again while the connection is away, and
// kept in the browser until the server has it, so that a reload loses nothing. Knows addresses and answers; no page.

const PAUSES = [1000, 2000, 5000, 10000, 30000];
const LETTERS = "abcdefghijklmnopqrstuvwxyz234567";

/** @typedef {{ again?: boolean, error?: string }} Answer */

/** A new public id, as the store makes them: twelve random letters and digits. */
export function publicId() {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((octet) => LETTERS[octet & 31]).join("");
}

/**
 * Whether an answer says to ask again later, not no.
 * @param {Response} response
 */
export function later({ status }) {
  return status >= 500 || status === 429 || status === 408;
}

/**
 * How long to wait before the next try, ms.
 * @param {number} failures
 */
export function pause(failures) {
  return PAUSES[Math.min(failures, PAUSES.length - 1)];
}

/** @template {{ id: string }} T what is kept, each under its id */
export class Keeping {
  /** How often in a row it did not arrive. */
  failures = 0;

  savedAt = 0;

  sending = false;

  timer = 0;

  /**
   * `address` ends before "/" + the id. `changed()` after every change; `refused(id, sentence)` when the server says no.
   * @param {string} address
   * @param {{ changed: () => void, refused: (id: string, sentence: string) => void }} told
   */
  constructor(address, { changed, refused }) {
    this.address = address;
    this.changed = changed;
    this.refused = refused;
    this.name = `whylight${address}`;
    this.waiting = new Map(this.#stored());
    window.addEventListener("online", () => this.now());
  }

  get failing() {
    return this.failures > 0 && this.waiting.size > 0;
  }

  /**
   * Every measure of the study as the server has it, with what has not reached it yet; throws where it cannot be asked.
   * @returns {Promise<T[]>}
   */
  async all() {
    const response = await fetch(this.address, { headers: { Accept: "application/json" } });
    if (!response.ok) throw new Error(String(response.status));
    /** @type {any[]} */
    const list = await response.json();
    return this.over(list.map(({ id, image, kind, points }) => /** @type {any} */ ({ id, image, kind, points })));
  }

  /**
   * What the server has, with what has not reached it yet, which is sent now.
   * @param {T[]} list
   * @returns {T[]}
   */
  over(list) {
    const known = new Map(list.map((entry) => [entry.id, entry]));
    for (const [id, body] of this.waiting) {
      if (body) known.set(id, /** @type {T} */ ({ id, ...body }));
      else known.delete(id);
    }
    this.now();
    return [...known.values()];
  }

  /**
   * The last word on one of them: what is kept of it, or null when it was removed.
   * @param {string} id
   * @param {Omit<T, "id"> | null} body
   */
  say(id, body) {
    this.waiting.set(id, body);
    this.#store();
    this.changed();
    this.#send();
  }

  now() {
    clearTimeout(this.timer);
    this.#send();
  }

  async #send() {
    if (this.sending || !this.waiting.size) return;
    this.sending = true;
    const [[id, body]] = this.waiting;
    const answer = await this.#ask(id, body);
    this.sending = false;
    if (answer.again) {
      this.timer = setTimeout(() => this.#send(), pause(this.failures));
      this.failures += 1;
    } else {
      this.failures = 0;
      if (this.waiting.get(id) === body) this.waiting.delete(id);
      this.#store();
      if (answer.error) this.refused(id, answer.error);
      else this.savedAt = Date.now();
    }
    this.changed();
    if (!answer.again) this.#send();
  }

  /**
   * @param {string} id
   * @param {Omit<T, "id"> | null} body
   * @returns {Promise<Answer>}
   */
  async #ask(id, body) {
    const json = "application/json";
    try {
      const response = await fetch(`${this.address}/${id}`, {
        method: body ? "PUT" : "DELETE",
        headers: body ? { Accept: json, "Content-Type": json } : { Accept: json },
        body: body ? JSON.stringify(body) : undefined,
      });
      if (later(response)) return { again: true };
      if (response.ok || (!body && response.status === 404)) return {};
      return { error: (await response.json()).error ?? String(response.status) };
    } catch {
      return { again: true };
    }
  }

  /** @returns {[string, Omit<T, "id"> | null][]} */
  #stored() {
    try {
      return JSON.parse(localStorage.getItem(this.name) ?? "[]") ?? [];
    } catch {
      return [];
    }
  }

  #store() {
    try {
      if (this.waiting.size) localStorage.setItem(this.name, JSON.stringify([...this.waiting]));
      else localStorage.removeItem(this.name);
    } catch {
      // Without storage it is safe once the server has it.
    }
  }
}
