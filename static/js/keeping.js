// Measures and layouts on their way to the server: the last word on each is sent, sent again while the connection is away, and kept in the browser
// until the server has it, so that a reload loses nothing. Knows addresses and answers; no page.

const PAUSES = [1000, 2000, 5000, 10000, 30000];
const LETTERS = "abcdefghijklmnopqrstuvwxyz234567";

/** A new public id, as the store makes them: twelve random letters and digits. */
export function publicId() {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((octet) => LETTERS[octet & 31]).join("");
}

export class Keeping {
  /** `address` ends before "/" + the id. `changed()` after every change; `refused(id, sentence)` when the server says no. */
  constructor(address, { changed, refused }) {
    Object.assign(this, { address, changed, refused });
    this.failures = 0;
    this.savedAt = 0;
    this.name = `whylight${address}`;
    this.waiting = new Map(this.#stored());
    window.addEventListener("online", () => this.now());
  }

  get failing() {
    return this.failures > 0 && this.waiting.size > 0;
  }

  /** Every measure of the study as the server has it, with what has not reached it yet; throws where it cannot be asked. */
  async all() {
    const response = await fetch(this.address, { headers: { Accept: "application/json" } });
    if (!response.ok) throw new Error(String(response.status));
    return this.over((await response.json()).map(({ id, image, kind, points }) => ({ id, image, kind, points })));
  }

  /** What the server has, with what has not reached it yet, which is sent now. */
  over(list) {
    const known = new Map(list.map((entry) => [entry.id, entry]));
    for (const [id, body] of this.waiting) {
      if (body) known.set(id, { id, ...body });
      else known.delete(id);
    }
    this.now();
    return [...known.values()];
  }

  /** The last word on one of them: what is kept of it, or null when it was removed. */
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
      this.timer = setTimeout(() => this.#send(), PAUSES[Math.min(this.failures, PAUSES.length - 1)]);
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

  async #ask(id, body) {
    try {
      const response = await fetch(`${this.address}/${id}`, {
        method: body ? "PUT" : "DELETE",
        headers: { Accept: "application/json", ...(body && { "Content-Type": "application/json" }) },
        body: body ? JSON.stringify(body) : undefined,
      });
      if (response.status >= 500 || response.status === 429 || response.status === 408) return { again: true };
      if (response.ok || (!body && response.status === 404)) return {};
      return { error: (await response.json()).error ?? String(response.status) };
    } catch {
      return { again: true };
    }
  }

  #stored() {
    try {
      return JSON.parse(localStorage.getItem(this.name)) ?? [];
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
