// The reader's verdicts: which map is judged, what was said of it, with which reason, comment and region; saved at once, taken back
// with Ctrl+Z. The verdict in force on a map is the last one given.

import { Outbox } from "./saving.js";
import { same } from "./region.js";
import { say, words } from "./words.js";

const COMMENT_PAUSE = 1200;

export class Reviews {
  constructor(data, panes) {
    this.panes = panes;
    this.known = new Map();
    this.done = [];
    this.savedAt = 0;
    this.refusal = "";
    this.at = Object.fromEntries(
      ["judge-title", "judge-verdict", "judge-fields", "reason", "comment", "region-title", "region-words", "region-remove", "undo", "save-state", "save-retry", "draw"].map(
        (id) => [id, document.getElementById(id)],
      ),
    );
    this.outbox = new Outbox(data.urls, {
      changed: () => this.#state(),
      stored: (entry, review) => this.#stored(entry, review),
      refused: (entry, sentence) => this.#refused(entry, sentence),
    });
    this.#listen();
    panes.onActivate(() => this.show());
    setInterval(() => this.#state(), 1000);
  }

  #listen() {
    this.panes.each((pane) => {
      pane.verdicts.forEach((button, at) => {
        button.addEventListener("click", (event) => {
          event.preventDefault();
          this.panes.activate(pane);
          this.judge(at + 1, pane);
        });
      });
    });
    const { reason, comment } = this.at;
    reason.addEventListener("change", () => this.#amend());
    comment.addEventListener("change", () => this.#amend());
    comment.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.#amend(), COMMENT_PAUSE);
    });
    this.at.undo.addEventListener("click", () => this.undo());
    this.at["save-retry"].addEventListener("click", () => this.outbox.now());
  }

  /** Takes what the server has; verdicts still on their way stay as the reader gave them. */
  take(data, regions) {
    const fresh = this.data?.image !== data.image || this.data?.finding !== data.finding;
    clearTimeout(this.timer);
    this.data = data;
    this.regions = regions;
    const open = new Set(this.outbox.waiting.map((entry) => entry.key));
    for (const review of data.reviews) {
      const key = keyOf(review);
      if (!open.has(key)) this.known.set(key, review);
    }
    if (fresh) this.regions.show(this.#lastRegion());
    this.show();
  }

  #key(method) {
    const { image, finding, prediction } = this.data;
    return keyOf({ image, finding, method, model_sha256: prediction?.model_sha256 ?? "" });
  }

  #lastRegion() {
    const here = [...this.known.values()].filter((r) => r.image === this.data.image && r.finding === this.data.finding && r.region);
    here.sort((a, b) => a.created_at.localeCompare(b.created_at));
    return here.at(-1)?.region ?? null;
  }

  /** The verdict in force on one method for what is shown. */
  of(method) {
    return this.data && this.known.get(this.#key(method));
  }

  /** How many verdicts are in force on a finding of the shown image, by the shown network version. */
  count(finding) {
    const sha256 = this.data.prediction?.model_sha256;
    return [...this.known.values()].filter((r) => r.image === this.data.image && r.finding === finding && r.model_sha256 === sha256).length;
  }

  #judged(pane) {
    return pane.method && (!pane.image || pane.image === this.data?.image) && this.data?.prediction && this.data.explanations.some(({ method }) => method === pane.method);
  }

  /** Gives the active (or this) pane's map one of the five verdicts, by its number from 1. */
  judge(number, pane = this.panes.active) {
    if (!this.#judged(pane)) return say(words("judge.choose"));
    const verdict = this.data.verdicts[number - 1];
    const before = this.of(pane.method);
    if (before?.verdict === verdict) return undefined;
    this.#put(pane.method, { ...before, verdict, reason: verdict === "right" ? "" : (before?.reason ?? "") });
    return undefined;
  }

  #put(method, { verdict, reason = "", comment = "" }, { remember = true } = {}) {
    const { image, finding, prediction } = this.data;
    const { model, model_sha256: sha256 } = prediction;
    const { region } = this.regions;
    const body = { image, model, model_sha256: sha256, method, finding, verdict, reason, comment, region };
    const key = this.#key(method);
    const entry = { key, body, before: this.known.get(key) };
    this.known.set(key, { ...body, created_at: new Date().toISOString() });
    this.refusal = "";
    this.outbox.add(entry);
    if (remember) this.done.push({ entries: [entry] });
    this.show();
    return entry;
  }

  #amend() {
    clearTimeout(this.timer);
    const before = this.of(this.panes.active.method);
    if (!before) return;
    const reason = this.at.reason.value;
    const comment = this.at.comment.value.trim();
    if (reason !== before.reason || comment !== before.comment) this.#put(this.panes.active.method, { ...before, reason, comment });
  }

  /** The region changed: every verdict on this finding's maps is stored again with it. */
  regionChanged(before, after) {
    const judged = this.data.methods.map(({ name }) => name).filter((method) => this.of(method));
    const stale = judged.filter((method) => !same(this.of(method).region, after));
    const entries = stale.map((method) => this.#put(method, this.of(method), { remember: false }));
    this.done.push({ entries, region: { before, image: this.data.image, finding: this.data.finding } });
    this.show();
  }

  /** Takes the last verdict or region change back. */
  undo() {
    const last = this.done.pop();
    if (!last) return say(words("undone.nothing"));
    for (const entry of last.entries) this.#takeBack(entry);
    const { region } = last;
    if (region && region.image === this.data.image && region.finding === this.data.finding) this.regions.show(region.before);
    say(words(region ? "undone.region" : "undone.verdict"));
    return this.show();
  }

  #takeBack(entry) {
    if (entry.before) this.known.set(entry.key, entry.before);
    else this.known.delete(entry.key);
    entry.undone = true;
    if (entry.id) this.outbox.add({ key: entry.key, remove: entry.id });
    else this.outbox.drop(entry);
  }

  #stored(entry, review) {
    this.savedAt = Date.now();
    if (entry.remove) {
      const later = this.outbox.waiting.some((other) => other !== entry && other.key === entry.key);
      if (!later && review) this.known.set(entry.key, review);
      if (!later && !review) this.known.delete(entry.key);
    } else {
      entry.id = review.id;
      if (entry.undone) this.outbox.add({ key: entry.key, remove: review.id });
      else {
        const later = this.outbox.waiting.some((other) => other !== entry && other.key === entry.key);
        if (!later) this.known.set(entry.key, review);
        say(words("say.saved", this.panes.of(review.method)?.title ?? review.method, words(`verdict.${review.verdict}`)));
      }
    }
    this.show();
  }

  #refused(entry, sentence) {
    this.refusal = sentence;
    if (!entry.remove && entry.before) this.known.set(entry.key, entry.before);
    else if (!entry.remove) this.known.delete(entry.key);
    this.done = this.done.filter((change) => !change.entries.includes(entry));
    this.show();
  }

  /** Shows the verdicts in the panes, and the active pane's in the panel. */
  show() {
    if (!this.data) return;
    for (const pane of this.panes.all) {
      const verdict = this.of(pane.method)?.verdict;
      const able = Boolean(this.#judged(pane));
      pane.verdicts.forEach((button, at) => {
        button.disabled = !able;
        button.setAttribute("aria-pressed", String(this.data.verdicts[at] === verdict));
      });
    }
    this.#panel(this.panes.active);
    this.#state();
    for (const flag of document.querySelectorAll(".finding-flags")) {
      const count = this.count(flag.dataset.flags);
      flag.textContent = count ? `⚑ ${count}` : "";
    }
  }

  #panel(pane) {
    const { at } = this;
    const able = this.#judged(pane);
    const review = able ? this.of(pane.method) : null;
    const label = this.data.prediction?.scores.find(({ finding }) => finding === this.data.finding)?.label ?? "";
    at["region-title"].textContent = label ? words("region.title", label) : words("region.any");
    at["judge-title"].textContent = able ? words("judge.title", pane.title, label) : words("judge.choose");
    at["judge-verdict"].textContent = review ? words(`verdict.${review.verdict}`) : able ? (this.#older(pane) ?? words("judge.none")) : "";
    at["judge-fields"].disabled = !review;
    if (document.activeElement !== at.reason) at.reason.value = review?.reason ?? "";
    if (document.activeElement !== at.comment) at.comment.value = review?.comment ?? "";
    this.showRegion();
    at.undo.disabled = !this.done.length;
  }

  #older(pane) {
    const { image, finding, reviews, prediction } = this.data;
    const old = reviews.find((r) => r.image === image && r.finding === finding && r.method === pane.method && r.model === prediction.model);
    return old && words("judge.older", words(`verdict.${old.verdict}`));
  }

  /** The region in words, and whether it is stored. */
  showRegion() {
    if (!this.regions) return;
    const { region, drawing } = this.regions;
    const stored = this.panes.all.some((pane) => pane.method && same(this.of(pane.method)?.region ?? undefined, region));
    const text = this.regions.words;
    this.at["region-words"].textContent = region && !drawing && !stored ? `${text}. ${words("region.unsaved")}` : text;
    this.at["region-remove"].disabled = !region;
    this.at.draw.disabled = !this.panes.film;
  }

  #state() {
    const { outbox } = this;
    const element = this.at["save-state"];
    const text = this.refusal
      ? words("save.refused", this.refusal)
      : outbox.failing
        ? words("save.retrying")
        : outbox.waiting.length
          ? words("save.saving")
          : ago(this.savedAt);
    if (element.textContent !== text) element.textContent = text;
    element.dataset.state = this.refusal || outbox.failing ? "failed" : "saved";
    this.at["save-retry"].hidden = !outbox.failing;
  }
}

function keyOf({ image, model_sha256: sha256, method, finding }) {
  return `${image} ${sha256} ${method} ${finding}`;
}

function ago(time) {
  if (!time) return "";
  const seconds = Math.round((Date.now() - time) / 1000);
  if (seconds < 2) return words("save.now");
  return seconds < 60 ? words("save.seconds", seconds) : words("save.minutes", Math.floor(seconds / 60));
}
