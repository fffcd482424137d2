// The verdict panel: what was said of the active pane's map, why, the region in words, the figures, and how far it is stored.

import { Figures } from "./figures.js";
import { Reasons } from "./reasons.js";
import { same } from "./shapes.js";
import { say, words } from "./words.js";

const COMMENT_PAUSE = 1200;
const PARTS = [
  "judge-title", "judge-verdict", "judge-fields", "reason", "comment", "region-title", "region-words", "region-remove", "undo", "redo", "save-state", "save-retry", "met",
  "met-own", "met-other", "met-keep", "met-take",
];

export class Judge {
  constructor(reviews, panes) {
    Object.assign(this, { reviews, panes });
    this.at = Object.fromEntries(PARTS.map((id) => [id, document.getElementById(id)]));
    this.reasons = new Reasons((reason) => reviews.amend({ reason }));
    this.tools = [...document.querySelectorAll("[data-tool]")];
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
    at["save-retry"].addEventListener("click", () => reviews.outbox.now());
    for (const [id, own] of [["met-keep", true], ["met-take", false]]) at[id].addEventListener("click", () => reviews.settle(reviews.met(panes.active.method), own));
  }

  #comment() {
    this.pause();
    this.reviews.amend({ comment: this.at.comment.value.trim() });
  }

  /** A comment that is still being typed waits no longer. */
  pause() {
    clearTimeout(this.timer);
  }

  /** Asks for the reason of a verdict that wants one. */
  ask(verdict) {
    if (verdict === "right") return this.reasons.drop();
    this.reasons.ask(`${this.panes.active.title}: ${words(`verdict.${verdict}`)}`);
    return say(words("reason.ask"));
  }

  show() {
    const { reviews, panes } = this;
    for (const pane of panes.all) {
      const verdict = reviews.of(pane.method, pane)?.verdict;
      const able = reviews.able(pane);
      pane.verdicts.forEach((button, at) => {
        button.disabled = !able;
        button.setAttribute("aria-pressed", String(reviews.data.verdicts[at] === verdict));
      });
    }
    this.#panel(panes.active);
    this.state();
    for (const flag of document.querySelectorAll(".finding-flags")) {
      const count = reviews.count(flag.dataset.flags);
      flag.textContent = count ? `⚑ ${count}` : "";
    }
  }

  #panel(pane) {
    const { at, reviews } = this;
    const { data } = reviews;
    const able = reviews.able(pane);
    const review = able ? reviews.of(pane.method) : null;
    const label = data.prediction?.scores.find(({ finding }) => finding === data.finding)?.label ?? "";
    at["region-title"].textContent = label ? words("region.title", label) : words("region.any");
    at["judge-title"].textContent = able ? words("judge.title", pane.subject ?? pane.title, label) : words("judge.choose");
    at["judge-verdict"].textContent = review ? words(`verdict.${review.verdict}`) : able ? (this.#older(pane) ?? words("judge.none")) : "";
    at["judge-fields"].disabled = !review;
    if (this.judged !== pane || !review) this.reasons.drop();
    this.judged = pane;
    if (document.activeElement !== at.reason) at.reason.value = review?.reason ?? "";
    if (document.activeElement !== at.comment) at.comment.value = review?.comment ?? "";
    this.#met(pane);
    this.showRegion();
  }

  #older(pane) {
    const { image, finding, reviews, prediction } = this.reviews.data;
    const old = reviews.find((r) => r.image === image && r.finding === finding && r.method === pane.method && r.model === prediction.model);
    return old && words("judge.older", words(`verdict.${old.verdict}`));
  }

  // Two verdicts on one map, given apart: both in words, and a choice.
  #met(pane) {
    const { at, reviews } = this;
    const op = reviews.met(pane.method);
    at.met.hidden = !op;
    if (!op) return;
    at["met-own"].textContent = words("met.own", inWords(op.remove ? null : op.body));
    at["met-other"].textContent = words("met.other", inWords(op.other));
  }

  /** The region in words, whether it is stored, and what can be done with it. */
  showRegion() {
    const { at, panes, reviews } = this;
    const { region, drawing, chosen, shapes } = reviews.regions;
    const stored = Boolean(this.#holder(region));
    const text = reviews.regions.words;
    at["region-words"].textContent = region && !drawing && !stored ? `${text}. ${words("region.unsaved")}` : text;
    at["region-remove"].disabled = !region;
    at["region-remove"].textContent = words(chosen >= 0 && shapes.length > 1 ? "region.remove.shape" : "region.remove");
    at.undo.disabled = !reviews.history.done.length;
    at.redo.disabled = !reviews.history.undone.length;
    for (const tool of this.tools) tool.disabled = !panes.film;
  }

  // The verdict that has this region.
  #holder(region) {
    const given = this.reviews.data.methods.map(({ name }) => this.reviews.of(name));
    return region && given.find((review) => review?.region && same(review.region, region));
  }

  /** The figures; where the browser cannot take them, those that the server stored with this region. */
  paint() {
    const { panes, reviews } = this;
    this.figures ??= new (reviews.Figures ?? Figures)(panes, reviews.regions, (explanation) => reviews.map(explanation));
    this.figures.paint(reviews.data.explanations, this.#holder(reviews.regions.region)?.measures);
  }

  /** How far everything is stored, in words. */
  state() {
    const { outbox, refusal, savedAt } = this.reviews;
    const element = this.at["save-state"];
    const waiting = outbox.waiting.length;
    const away = !navigator.onLine || outbox.failing;
    let text = ago(savedAt);
    if (refusal) text = words("save.refused", refusal);
    else if (outbox.stopped.length) text = words("save.met", [...new Set(outbox.stopped.map(({ key }) => this.#named(key)))].join(", "));
    else if (away) text = waiting ? words(navigator.onLine ? "save.retrying" : "save.offline", waiting) : words("save.away");
    else if (waiting) text = words("save.saving");
    if (element.textContent !== text) element.textContent = text;
    element.dataset.state = refusal || outbox.stopped.length ? "failed" : away ? "away" : "saved";
    this.at["save-retry"].hidden = !outbox.failing;
  }

  #named(key) {
    return this.reviews.title(key.split(" ")[2]);
  }
}

function inWords(review) {
  if (!review) return words("met.none");
  const { verdict, reason, comment, region } = review;
  return [words(`verdict.${verdict}`), reason && words(`reason.${reason}`), comment && `“${comment}”`, region && words("met.region")].filter(Boolean).join(" · ");
}

function ago(time) {
  if (!time) return "";
  const seconds = Math.round((Date.now() - time) / 1000);
  if (seconds < 2) return words("save.now");
  return seconds < 60 ? words("save.seconds", seconds) : words("save.minutes", Math.floor(seconds / 60));
}
