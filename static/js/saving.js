// Verdicts on their way to the server: sent one after the other, sent again while the connection is away, taken back on request.
// Knows addresses and answers; no page.

const PAUSES = [1000, 2000, 5000, 10000, 30000];

export class Outbox {
  /** `changed(outbox)` after every change; `stored(entry)` and `refused(entry, sentence)` when one entry's fate is known. */
  constructor(urls, { changed, stored, refused }) {
    Object.assign(this, { urls, changed, stored, refused });
    this.waiting = [];
    this.failures = 0;
    this.sending = false;
    window.addEventListener("online", () => this.now());
    window.addEventListener("beforeunload", (event) => {
      if (this.waiting.length) event.preventDefault();
    });
  }

  get failing() {
    return this.failures > 0 && this.waiting.length > 0;
  }

  /** Queues {body} to be stored, or {remove: id} to be taken back; returns the entry. */
  add(entry) {
    this.waiting.push(entry);
    this.changed();
    this.#send();
    return entry;
  }

  /** Drops an entry that has not left yet; false when it has. */
  drop(entry) {
    const at = this.waiting.indexOf(entry);
    if (at < 0 || (at === 0 && this.sending)) return false;
    this.waiting.splice(at, 1);
    this.changed();
    return true;
  }

  /** Tries at once what waits. */
  now() {
    clearTimeout(this.timer);
    this.#send();
  }

  async #send() {
    if (this.sending || !this.waiting.length) return;
    this.sending = true;
    const [entry] = this.waiting;
    const answer = await this.#ask(entry);
    this.sending = false;
    if (answer.again) {
      this.timer = setTimeout(() => this.#send(), PAUSES[Math.min(this.failures, PAUSES.length - 1)]);
      this.failures += 1;
    } else {
      this.failures = 0;
      this.waiting.shift();
      if (answer.error) this.refused(entry, answer.error);
      else this.stored(entry, answer.review);
    }
    this.changed();
    if (!answer.again) this.#send();
  }

  async #ask(entry) {
    const headers = { Accept: "application/json", "Content-Type": "application/json" };
    try {
      const response = entry.remove
        ? await fetch(this.urls.review + entry.remove, { method: "DELETE", headers: { Accept: headers.Accept } })
        : await fetch(this.urls.reviews, { method: "POST", headers, body: JSON.stringify(entry.body) });
      if (response.status >= 500 || response.status === 429 || response.status === 408) return { again: true };
      const answer = await response.json();
      return response.ok ? answer : { error: answer.error ?? String(response.status) };
    } catch {
      return { again: true };
    }
  }
}
