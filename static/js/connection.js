// Whether the server answers. What did not arrive is asked for again at growing intervals, at once when the browser says that
// it is online or the page is seen again, until one answer comes: then all of it is. Knows no page.

import { Away, GONE } from "./asking.js";
import { pause } from "./keeping.js";

/** By how much of itself an interval is longer at most, so that many pages do not come back in the same moment. */
const JITTER = 0.25;

export class Connection {
  /** Since when nothing has arrived, ms; 0 while the server answers. */
  since = 0;

  #failures = 0;

  #timer = 0;

  /**
   * What is asked again, by a name for each kind.
   * @type {Map<string, () => unknown>}
   */
  #waiting = new Map();

  /** @param {() => void} told after every change */
  constructor(told) {
    this.told = told;
    window.addEventListener("online", () => this.now());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.now();
    });
  }

  get away() {
    return this.since > 0;
  }

  /**
   * Something did not arrive because the server did not answer.
   * @param {string} name of what is asked for, once however often it is missed
   * @param {() => unknown} again asks once more
   */
  lost(name, again) {
    this.#waiting.set(name, again);
    if (!this.#timer) {
      const wait = pause(this.#failures) * (1 + JITTER * Math.random());
      this.#timer = setTimeout(() => this.now(), wait);
      this.#failures += 1;
    }
    if (this.since) return;
    this.since = Date.now();
    this.told();
  }

  /** Asks at once for what waits. */
  now() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const again of waiting) again();
  }

  /** Something arrived: whatever else waits comes now. */
  reached() {
    if (!this.since) return;
    this.since = 0;
    this.#failures = 0;
    this.told();
    this.now();
  }

  /**
   * What htmx asks for, too.
   * @param {HTMLElement} body
   * @param {(config: { verb: string, path: string }) => void} missed told of what did not arrive
   */
  follow(body, missed) {
    body.addEventListener("htmx:afterRequest", (event) => {
      const { xhr, requestConfig } = /** @type {CustomEvent} */ (event).detail;
      if (xhr.status && !GONE.includes(xhr.status)) this.reached();
      else if (xhr.status || xhr.readyState === XMLHttpRequest.DONE) missed(requestConfig);
    });
  }
}

/**
 * Whether an error says that the server did not answer.
 * @param {unknown} error
 */
export function isAway(error) {
  return error instanceof Away;
}
