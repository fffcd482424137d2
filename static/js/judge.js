// The verdict panel: what was said of the active pane's map, why, the region in words, the figures, and how far it is stored.

import { all, element } from "./elements.js";
import { Figures } from "./figures.js";
import { Reasons } from "./reasons.js";
import { same } from "./shapes.js";
import { say, words } from "./words.js";

/** @import { Regions } from "./regions.js" */
/** @import { Reviews } from "./review.js" */
/** @import { ReadingPane, ReadingPanes, Region, Said, Verdict } from "./types.js" */

const COMMENT_PAUSE = 1200;

export class Judge {
  /**
   * Made with the first region that is measured.
   * @type {Figures | null}
   */
  figures = null;

  /**
   * The pane that the panel shows.
   * @type {ReadingPane | null}
   */
  judged = null;

  /** Waits for the end of a comment. */
  timer = 0;

  /**
   * @param {Reviews} reviews
   * @param {ReadingPanes} panes
   */
  constructor(reviews, panes) {
    this.reviews = reviews;
    this.panes = panes;
    this.at = {
      title: element("judge-title"),
      verdict: element("judge-verdict"),
      fields: element("judge-fields", HTMLFieldSetElement),
      reason: element("reason", HTMLSelectElement),
      comment: element("comment", HTMLTextAreaElement),
      region: element("region-title"),
      drawn: element("region-words"),
      remove: element("region-remove", HTMLButtonElement),
      undo: element("undo", HTMLButtonElement),
      redo: element("redo", HTMLButtonElement),
      saved: element("save-state"),
      retry: element("save-retry"),
      met: element("met"),
      own: element("met-own"),
      other: element("met-other"),
    };
    this.reasons = new Reasons((reason) => reviews.amend({ reason }));
    this.tools = all(document, "[data-tool]", HTMLButtonElement);
    this.#listen();
    setInterval(() => this.state(), 1000);
  }

  #listen() {
    const { reviews, panes, at } = this;
    panes.each((pane) => {
      pane.verdicts.forEach((button, place) => {
        button.addEventListener("click", (event) => {
          event.preventDefault();
          panes.activate(pane);
          reviews.judge(place + 1, pane);
        });
      });
    });
    at.reason.addEventListener("change", () => reviews.amend({ reason: at.reason.value }));
    at.comment.addEventListener("change", () => this.#comment());
    at.comment.addEventListener("input", () => {
      this.pause();
      this.timer = setTimeout(() => this.#comment(), COMMENT_PAUSE);
    });
    at.undo.addEventListener("click", () => reviews.history.undo());
    at.redo.addEventListener("click", () => reviews.history.redo());
    at.retry.addEventListener("click", () => reviews.outbox.now());
    element("met-keep").addEventListener("click", () => this.#settle(true));
    element("met-take").addEventListener("click", () => this.#settle(false));
  }

  /** @param {boolean} own */
  #settle(own) {
    const op = this.reviews.met(this.panes.active.method);
    if (op) this.reviews.settle(op, own);
  }

  #comment() {
    this.pause();
    this.reviews.amend({ comment: this.at.comment.value.trim() });
  }

  /** A comment that is still being typed waits no longer. */
  pause() {
    clearTimeout(this.timer);
  }

  /**
   * Asks for the reason of a verdict that wants one.
   * @param {string} verdict
   */
  ask(verdict) {
    if (verdict === "right") {
      this.reasons.drop();
      return;
    }
    const { active } = this.panes;
    this.reasons.ask(`${active.title}: ${words(`verdict.${verdict}`)}`, active.element);
    say(words("reason.ask"));
  }

  /** @param {Regions} regions */
  show(regions) {
    const { panes } = this;
    const { given } = this.reviews;
    for (const pane of panes.all) {
      const verdict = given.of(pane.method, pane)?.verdict;
      const able = given.able(pane);
      pane.verdicts.forEach((button, at) => {
        button.disabled = !able;
        button.setAttribute("aria-pressed", String(given.data.verdicts[at] === verdict));
      });
    }
    this.#panel(panes.active);
    this.showRegion(regions);
    this.state();
    for (const flag of all(document, ".finding-flags")) {
      const count = given.count(flag.dataset.flags ?? "");
      flag.textContent = count ? `⚑ ${count}` : "";
    }
  }

  /** @param {ReadingPane} pane */
  #panel(pane) {
    const { at } = this;
    const { given } = this.reviews;
    const { data } = given;
    const able = given.able(pane);
    const review = able ? given.of(pane.method) : undefined;
    const label = data.prediction?.scores.find(({ finding }) => finding === data.finding)?.label ?? "";
    at.region.textContent = label ? words("region.title", label) : words("region.any");
    at.title.textContent = able ? words("judge.title", pane.subject, label) : words("judge.choose");
    at.verdict.textContent = able ? this.#verdict(pane, review) : "";
    at.fields.disabled = !review;
    if (this.judged !== pane || !review) this.reasons.drop();
    this.judged = pane;
    if (document.activeElement !== at.reason) at.reason.value = review?.reason ?? "";
    if (document.activeElement !== at.comment) at.comment.value = review?.comment ?? "";
    this.#met(pane);
  }

  /**
   * @param {ReadingPane} pane
   * @param {Verdict | undefined} review
   */
  #verdict(pane, review) {
    if (review) return words(`verdict.${review.verdict}`);
    const old = this.reviews.given.older(pane.method);
    return old ? words("judge.older", words(`verdict.${old.verdict}`)) : words("judge.none");
  }

  /**
   * Two verdicts on one map, given apart: both in words, and a choice.
   * @param {ReadingPane} pane
   */
  #met(pane) {
    const { at } = this;
    const op = this.reviews.met(pane.method);
    at.met.hidden = !op;
    if (!op) return;
    at.own.textContent = words("met.own", inWords(op.remove ? null : /** @type {Said} */ (op.body)));
    at.other.textContent = words("met.other", inWords(op.other ?? null));
  }

  /**
   * The region in words, whether it is stored, and what can be done with it.
   * @param {Regions} regions
   */
  showRegion(regions) {
    const { at, panes, reviews } = this;
    const { region, drawing, chosen, shapes, words: text } = regions;
    const stored = Boolean(this.#holder(region));
    at.drawn.textContent = region && !drawing && !stored ? `${text}. ${words("region.unsaved")}` : text;
    const several = chosen >= 0 && shapes.length > 1;
    at.remove.disabled = !region;
    at.remove.textContent = words(several ? "region.remove.shape" : "region.remove");
    at.undo.disabled = !reviews.history.done.length;
    at.redo.disabled = !reviews.history.undone.length;
    for (const tool of this.tools) tool.disabled = !panes.film;
  }

  /**
   * The verdict that has this region.
   * @param {Region | null} region
   */
  #holder(region) {
    const { given } = this.reviews;
    if (!region) return undefined;
    const verdicts = given.methods.map(({ name }) => given.of(name));
    return verdicts.find((verdict) => verdict?.region && same(verdict.region, region));
  }

  /**
   * The figures; where the browser cannot take them, those that the server stored with this region.
   * @param {Regions} regions
   */
  paint(regions) {
    const { panes, reviews } = this;
    this.figures ??= new Figures(panes, regions, (explanation) => reviews.map(explanation));
    const mine = reviews.data.explanations.filter(({ stack }) => stack === reviews.subject);
    this.figures.paint(mine, this.#holder(regions.region)?.measures);
  }

  /** How far everything is stored, in words. */
  state() {
    const { saved, retry } = this.at;
    const { outbox, refusal } = this.reviews;
    const text = this.#stored();
    if (saved.textContent !== text) saved.textContent = text;
    const away = !navigator.onLine || outbox.failing ? "away" : "saved";
    saved.dataset.state = refusal || outbox.stopped.length ? "failed" : away;
    retry.hidden = !outbox.failing;
  }

  #stored() {
    const { outbox, refusal, savedAt } = this.reviews;
    const waiting = outbox.waiting.length;
    if (refusal) return words("save.refused", refusal);
    if (outbox.stopped.length) {
      const titles = outbox.stopped.map(({ key }) => this.reviews.given.title(key.split(" ")[2]));
      return words("save.met", [...new Set(titles)].join(", "));
    }
    if (navigator.onLine && !outbox.failing) return waiting ? words("save.saving") : ago(savedAt);
    if (!waiting) return words("save.away");
    return words(navigator.onLine ? "save.retrying" : "save.offline", waiting);
  }
}

/** @param {Said | null} said */
function inWords(said) {
  if (!said) return words("met.none");
  const { verdict, reason, comment, regions } = said;
  const parts = [words(`verdict.${verdict}`)];
  if (reason) parts.push(words(`reason.${reason}`));
  if (comment) parts.push(`“${comment}”`);
  if (regions) parts.push(words("met.region"));
  return parts.join(" · ");
}

/** @param {number} time ms, 0 for never */
function ago(time) {
  if (!time) return "";
  const seconds = Math.round((Date.now() - time) / 1000);
  if (seconds < 2) return words("save.now");
  return seconds < 60 ? words("save.seconds", seconds) : words("save.minutes", Math.floor(seconds / 60));
}
