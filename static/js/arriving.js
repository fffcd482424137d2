// What becomes of a case's questions when the server does not answer: they are kept and asked again by the connection, the page
// says so meanwhile, and every pane says the truth about what it has.

import { Connection, isAway } from "./connection.js";
import { showJob } from "./jobs.js";

/** @import { Case } from "./case.js" */
/** @typedef {Pick<Case["showing"], "anew" | "mark">} Shown */
/** @typedef {Pick<Case, "notice" | "panes" | "loader"> & { showing: Shown, refresh: () => unknown }} Host */

export class Arriving {
  /** @param {Host} page that has its notice; all else may come later */
  constructor(page) {
    this.page = page;
    this.connection = new Connection(() => this.#connected());
  }

  /** What the payload tells. */
  get hearer() {
    const { page, connection } = this;
    return {
      missed: (/** @type {() => void} */ again) => page.notice.missed(again),
      lost: (/** @type {() => void} */ again) => connection.lost("payload", again),
      reached: () => connection.reached(),
      asked: () => page.showing.anew(),
    };
  }

  /**
   * Something did not arrive; true where that is because the server does not answer: then it comes by itself.
   * @param {unknown} error
   * @param {string} name of what it was
   * @param {() => unknown} again asks once more
   */
  missed(error, name, again) {
    const away = isAway(error);
    if (away) this.connection.lost(name, again);
    else this.page.notice.missed(again);
    return away;
  }

  /** @param {unknown} error why an image did not arrive */
  film(error) {
    const { page } = this;
    queueMicrotask(() => page.panes.all.forEach((pane) => page.showing.mark(pane)));
    return this.missed(error, "films", () => {
      page.loader.anew();
      page.refresh();
    });
  }

  // The server is away, or it answers again.
  #connected() {
    this.page.notice.away(this.connection.since, () => this.connection.now());
    this.page.showing.anew();
  }

  /**
   * Follows what htmx asks for: how far the job is, and maps.
   * @param {Case} page
   */
  follow(page) {
    const { connection } = this;
    const { body } = document;
    connection.follow(body, ({ verb, path }) => {
      const { urls } = page.data;
      if (path.startsWith(urls.job)) connection.lost("job", () => htmx.trigger("#job", "again"));
      if (verb !== "post" || path !== urls.explanations) return;
      page.payload.unasked();
      connection.lost("payload", () => page.refresh());
    });
    body.addEventListener("htmx:afterSettle", ({ target }) => {
      if (!(target instanceof Element) || target.id !== "job") return;
      page.payload.posting = false;
      showJob(page.data);
      page.showing.anew();
    });
  }
}
