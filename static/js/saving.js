// Verdicts on their way to the server: kept in this browser until they are stored, sent one after the other, sent again while
// the connection is away and after the page was opened anew. Knows addresses and answers; no page.

import { later, pause } from "./keeping.js";

/** @import { Op, ReviewData, Urls } from "./types.js" */
/** @typedef {Pick<Op, "key" | "body" | "remove">} Wish */
/** @typedef {{ again?: boolean, met?: boolean, error?: string, review?: ReviewData | null }} Answer */
/**
 * @typedef {object} Told
 * @property {() => void} changed after every change
 * @property {(op: Op, review: ReviewData | null) => void} stored
 * @property {(op: Op, sentence: string) => void} [refused]
 * @property {(op: Op) => void} [met]
 */

const KEPT = "whylight-unsent ";

export class Outbox {
  /** The id in force per key as this page knows it. */
  seen = new Map();

  /** How often in a row it did not arrive. */
  failures = 0;

  /** @type {Op | null} */
  sending = null;

  /**
   * What other windows have stored while it was on its way from here too, by token.
   * @type {Map<string, ReviewData | null>}
   */
  elsewhere = new Map();

  timer = 0;

  /**
   * `stored`, `refused` and `met` when an op's fate is known. An op is {key, body} to be stored or {key, remove: id} to be
   * taken back. Without `refused` and `met` nobody is there to be told: what only a reader can decide waits for the case page.
   * @param {Pick<Urls, "review" | "reviews">} urls
   * @param {Told} told
   */
  constructor(urls, { changed, stored, refused, met }) {
    this.urls = urls;
    this.changed = changed;
    this.stored = stored;
    this.refused = refused;
    this.met = met;
    this.waiting = kept();
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

  /** @param {string} key */
  of(key) {
    return this.waiting.filter((op) => op.key === key);
  }

  /**
   * Queues an op; returns it.
   * @param {Wish} wish
   */
  add(wish) {
    const at = Math.max(Date.now(), (this.waiting.at(-1)?.at ?? 0) + 1);
    /** @type {Op} */
    const op = Object.assign(wish, { token: newToken(), at, urls: this.urls });
    // What the reader saw when they judged. Behind another op on the same map it is whatever that one leaves in force.
    if (!this.of(op.key).length) op.expected = this.seen.get(op.key) ?? "";
    this.waiting.push(op);
    keep(op);
    this.changed();
    this.#send();
    return op;
  }

  /**
   * Drops an op that has not left yet; false when it has.
   * @param {Op} op
   */
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

  /** @param {Op} op */
  #forget(op) {
    this.waiting = this.waiting.filter((other) => other !== op);
    forget(op);
  }

  /**
   * Settles an op that met another verdict: the reader keeps their own, or takes the other one.
   * @param {Op} op
   * @param {boolean} own
   */
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

  /**
   * Another window of this browser has stored one of these ops.
   * @param {string} token
   * @param {ReviewData | null} review
   */
  heard(token, review) {
    const op = this.waiting.find((other) => other.token === token);
    if (op && op === this.sending) this.elsewhere.set(token, review);
    else if (op) this.#done(op, review);
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
    if (op.adopted && !isKept(op)) {
      this.#gone(op);
      return;
    }
    this.sending = op;
    const told = await ask(op, op.expected ?? this.seen.get(op.key) ?? "");
    this.sending = null;
    const answer = told.again ? this.#heard(op) : told;
    this.elsewhere.delete(op.token);
    if (answer.again) {
      this.timer = setTimeout(() => this.#send(), pause(this.failures));
      this.failures += 1;
    } else {
      this.failures = 0;
      this.#answered(op, answer);
    }
    this.changed();
    if (!answer.again) this.#send();
  }

  /**
   * What is known of an op that got no answer here: it may have been stored by another window meanwhile.
   * @param {Op} op
   * @returns {Answer}
   */
  #heard({ token }) {
    return this.elsewhere.has(token) ? { review: this.elsewhere.get(token) } : { again: true };
  }

  /**
   * @param {Op} op
   * @param {Answer} answer
   */
  #answered(op, answer) {
    if (answer.met) {
      op.other = answer.review;
      this.met?.(op);
    } else if (!answer.error) {
      this.#done(op, answer.review ?? null);
    } else if (this.refused) {
      this.#forget(op);
      this.refused(op, answer.error);
    } else {
      this.waiting = this.waiting.filter((other) => other.key !== op.key);
    }
  }

  /** @param {Op} op */
  #gone(op) {
    this.#forget(op);
    this.changed();
    this.#send();
  }

  /**
   * @param {Op} op
   * @param {ReviewData | null} review
   */
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

/**
 * @param {Op} op
 * @param {string} expected
 * @returns {Promise<Answer>}
 */
async function ask(op, expected) {
  try {
    const response = await sent(op, expected);
    if (later(response)) return { again: true };
    const answer = await response.json();
    if (response.status === 409) return { met: true, review: answer.review };
    return response.ok ? answer : { error: answer.error ?? String(response.status) };
  } catch {
    return { again: true };
  }
}

/**
 * @param {Op} op
 * @param {string} expected
 */
function sent(op, expected) {
  const json = "application/json";
  if (op.remove) return fetch(op.urls.review + op.remove, { method: "DELETE", headers: { Accept: json } });
  const body = JSON.stringify({ ...op.body, token: op.token, expected });
  return fetch(op.urls.reviews, { method: "POST", headers: { Accept: json, "Content-Type": json }, body });
}

/** Sends what an earlier page had to leave here, without a word; for pages that show no verdict to judge. */
export function resend() {
  if (kept().length) new Outbox({ review: "", reviews: "" }, { changed() {}, stored() {} }).now();
}

function newToken() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {Op} op */
function nameOf({ at, token }) {
  return `${KEPT}${at} ${token}`;
}

/**
 * One entry per op, so that windows never write over each other's.
 * @param {Op} op
 */
function keep(op) {
  try {
    const { fleeting, adopted, other, ...plain } = op;
    localStorage.setItem(nameOf(op), JSON.stringify(plain));
    op.fleeting = false;
  } catch {
    op.fleeting = true;
  }
}

/** @param {Op} op */
function forget(op) {
  try {
    localStorage.removeItem(nameOf(op));
  } catch {
    // Without storage nothing was kept.
  }
}

/** @param {Op} op */
function isKept(op) {
  return localStorage.getItem(nameOf(op)) !== null;
}

/** @returns {Op[]} */
function kept() {
  try {
    const names = Object.keys(localStorage).filter((key) => key.startsWith(KEPT));
    const ops = names.map((key) => ({ ...JSON.parse(localStorage.getItem(key) ?? "null"), adopted: true }));
    return ops.sort((a, b) => a.at - b.at);
  } catch {
    return [];
  }
}
