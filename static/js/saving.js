// Verdicts on their way to the server: kept in this browser until they are stored, sent one after the other, sent again while the
// connection is away and after the page was opened anew. Knows addresses and answers; no page.

const PAUSES = [1000, 2000, 5000, 10000, 30000];
const KEPT = "whylight-unsent ";

export class Outbox {
  /**
   * `changed()` after every change; `stored(op, review)`, `refused(op, sentence)` and `met(op)` when an op's fate is known. An op is
   * {key, body} to be stored or {key, remove: id} to be taken back; `seen` has the id in force per key as this page knows it. Without
   * `refused` and `met` nobody is there to be told: what only a reader can decide waits for the case page.
   */
  constructor(urls, { changed, stored, refused, met }) {
    Object.assign(this, { urls, changed, stored, refused, met });
    this.seen = new Map();
    this.waiting = kept();
    this.failures = 0;
    this.sending = null;
    for (const name of ["online", "offline"]) {
      window.addEventListener(name, () => {
        this.changed();
        if (navigator.onLine) this.now();
      });
    }
    window.addEventListener("beforeunload", (event) => {
      if (this.waiting.some((op) => op.fleeting)) event.preventDefault();
    });
  }

  get failing() {
    return this.failures > 0 && this.waiting.length > 0;
  }

  /** The ops that met another verdict, and wait for the reader. */
  get stopped() {
    return this.waiting.filter((op) => "other" in op);
  }

  of(key) {
    return this.waiting.filter((op) => op.key === key);
  }

  /** Queues an op; returns it. */
  add(op) {
    Object.assign(op, { token: token(), at: Math.max(Date.now(), (this.waiting.at(-1)?.at ?? 0) + 1), urls: this.urls });
    // What the reader saw when they judged. Behind another op on the same map it is whatever that one leaves in force.
    if (!this.of(op.key).length) op.expected = this.seen.get(op.key) ?? "";
    this.waiting.push(op);
    keep(op);
    this.changed();
    this.#send();
    return op;
  }

  /** Drops an op that has not left yet; false when it has. */
  drop(op) {
    if (!this.waiting.includes(op) || op === this.sending) return false;
    const [next] = this.of(op.key).filter((other) => other.at >= op.at && other !== op);
    if (next && next.expected === undefined && op.expected !== undefined) {
      next.expected = op.expected;
      keep(next);
    }
    this.#forget(op);
    this.changed();
    return true;
  }

  #forget(op) {
    this.waiting = this.waiting.filter((other) => other !== op);
    forget(op);
  }

  /** Settles an op that met another verdict: the reader keeps their own, or takes the other one. */
  settle(op, own) {
    if (own) {
      op.expected = op.other?.id ?? "";
      if (op.remove) op.remove = op.other?.id;
    }
    if (!own || (!op.body && !op.remove)) for (const mine of this.of(op.key)) this.#forget(mine);
    this.seen.set(op.key, op.other?.id ?? "");
    delete op.other;
    if (own) keep(op);
    this.changed();
    this.now();
  }

  /** Another window of this browser has stored one of these ops. */
  heard(name, review) {
    const op = this.waiting.find((other) => other.token === name);
    if (op && op !== this.sending) this.#done(op, review);
  }

  /** Tries at once what waits. */
  now() {
    clearTimeout(this.timer);
    this.#send();
  }

  // The first op of each map may leave, unless the reader has to decide about that map first.
  #next() {
    const keys = new Set(this.stopped.map(({ key }) => key));
    return this.waiting.find((op) => !keys.has(op.key));
  }

  async #send() {
    if (this.sending) return;
    const op = this.#next();
    if (!op) return;
    // Another window may have sent or dropped what it left here.
    if (op.adopted && !isKept(op)) return void this.#gone(op);
    this.sending = op;
    const answer = await ask(op, op.expected ?? this.seen.get(op.key) ?? "");
    this.sending = null;
    if (answer.again) {
      this.timer = setTimeout(() => this.#send(), PAUSES[Math.min(this.failures, PAUSES.length - 1)]);
      this.failures += 1;
    } else {
      this.failures = 0;
      if (answer.met) {
        op.other = answer.review;
        this.met?.(op);
      } else if (answer.error && !this.refused) {
        this.waiting = this.waiting.filter((other) => other.key !== op.key);
      } else if (answer.error) {
        this.#forget(op);
        this.refused(op, answer.error);
      } else this.#done(op, answer.review);
    }
    this.changed();
    if (!answer.again) this.#send();
  }

  #gone(op) {
    this.#forget(op);
    this.changed();
    this.#send();
  }

  #done(op, review) {
    this.#forget(op);
    this.seen.set(op.key, review?.id ?? "");
    const [next] = this.of(op.key);
    if (next) {
      next.expected = review?.id ?? "";
      keep(next);
    }
    this.stored(op, review);
  }
}

async function ask(op, expected) {
  const headers = { Accept: "application/json", "Content-Type": "application/json" };
  try {
    const response = op.remove
      ? await fetch(op.urls.review + op.remove, { method: "DELETE", headers: { Accept: headers.Accept } })
      : await fetch(op.urls.reviews, { method: "POST", headers, body: JSON.stringify({ ...op.body, token: op.token, expected }) });
    if (response.status >= 500 || response.status === 429 || response.status === 408) return { again: true };
    const answer = await response.json();
    if (response.status === 409) return { met: true, review: answer.review };
    return response.ok ? answer : { error: answer.error ?? String(response.status) };
  } catch {
    return { again: true };
  }
}

/** Sends what an earlier page had to leave here, without a word; for pages that show no verdict to judge. */
export function resend() {
  if (kept().length) new Outbox({}, { changed() {}, stored() {} }).now();
}

function token() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function name({ at, token: own }) {
  return `${KEPT}${at} ${own}`;
}

// One entry per op, so that windows never write over each other's.
function keep(op) {
  try {
    const { fleeting, adopted, other, ...plain } = op;
    localStorage.setItem(name(op), JSON.stringify(plain));
    op.fleeting = false;
  } catch {
    op.fleeting = true;
  }
}

function forget(op) {
  try {
    localStorage.removeItem(name(op));
  } catch {
    // Without storage nothing was kept.
  }
}

function isKept(op) {
  return localStorage.getItem(name(op)) !== null;
}

function kept() {
  try {
    const names = Object.keys(localStorage).filter((key) => key.startsWith(KEPT));
    const ops = names.map((key) => ({ ...JSON.parse(localStorage.getItem(key)), adopted: true }));
    return ops.sort((a, b) => a.at - b.at);
  } catch {
    return [];
  }
}
