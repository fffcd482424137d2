// The reader's verdicts: which map is judged, what was said of it, with which reason, comment and region; kept at once, taken back
// with Ctrl+Z. The verdict in force on a map is the last one given. The panel that shows it all is judge.js.

import { draft, keepDraft } from "./drafts.js";
import { Judge } from "./judge.js";
import { Outbox } from "./saving.js";
import { same } from "./shapes.js";
import { Windows } from "./windows.js";
import { say, words } from "./words.js";

export class Reviews {
  /** `history` takes every step; `map(explanation)` gives a map's values. */
  constructor(data, panes, history, map) {
    this.panes = panes;
    this.history = history;
    history.register("judged", { undo: (step) => this.#back(step), redo: (step) => this.#again(step) });
    history.listen(() => this.showRegion());
    this.map = map;
    this.known = new Map();
    this.changedAt = new Map();
    this.savedAt = 0;
    this.refusal = "";
    this.outbox = new Outbox(data.urls, {
      changed: () => this.panel?.state(),
      stored: (op, review) => this.#stored(op, review),
      refused: (op, sentence) => this.#refused(op, sentence),
      met: () => this.show(),
    });
    this.windows = new Windows((message) => this.#heard(message));
    this.panel = new Judge(this, panes);
    for (const op of this.outbox.waiting) this.#know(op.key, op.remove ? null : this.read({ ...op.body, id: "", created_at: new Date(op.at).toISOString() }));
    panes.onActivate(() => this.show());
    this.outbox.now();
  }

  /** Takes what the server has; verdicts still on their way, or changed since it was asked, stay as the reader gave them. */
  take(data, regions) {
    const fresh = this.data?.image !== data.image || this.data?.finding !== data.finding;
    this.panel.pause();
    this.data = data;
    this.regions = regions;
    if (data.reviews !== this.taken) this.#learn(data);
    if (fresh) this.regions.show(this.#region());
    this.show();
  }

  /** Asks the server for the verdicts on the shown image alone; what cannot be asked now is asked the next time. */
  async reread() {
    const { image, model, finding, urls } = this.data;
    const asked = performance.now();
    try {
      const response = await fetch(`${urls.data}?${new URLSearchParams({ image, model, finding })}`, { headers: { Accept: "application/json" } });
      if (!response.ok) return;
      const reviews = (await response.json()).reviews.map((review) => this.read(review));
      if (this.data.image !== image) return;
      const before = this.#region();
      this.#learn({ reviews, image, asked });
      if (!same(before, this.#region())) this.regions.show(this.#region());
      this.show();
    } catch {
      // Without a connection the panel says so already.
    }
  }

  #learn({ reviews, image, asked = 0 }) {
    this.taken = reviews;
    const open = new Set(this.outbox.waiting.map(({ key }) => key));
    const stale = (key) => open.has(key) || (this.changedAt.get(key) ?? -1) > asked;
    const there = new Map(reviews.map((review) => [keyOf(review), review]));
    for (const [key, review] of this.known) if (review.image === image && !there.has(key) && !stale(key)) this.#sees(key, null);
    for (const [key, review] of there) {
      if (!stale(key)) this.#sees(key, review);
      else if (!this.outbox.seen.has(key)) this.outbox.seen.set(key, review.id);
    }
  }

  // What the server says is in force on a map.
  #sees(key, review) {
    if (this.known.get(key)?.id !== review?.id) this.history.forget(key);
    this.outbox.seen.set(key, review?.id ?? "");
    if (review) this.known.set(key, review);
    else this.known.delete(key);
  }

  #know(key, review) {
    this.changedAt.set(key, performance.now());
    if (review) this.known.set(key, review);
    else this.known.delete(key);
  }

  #key(method) {
    const { image, finding } = this.data;
    return keyOf({ image, finding, method, ...this.version(method) });
  }

  /** The network that one method's map is of: the one that is shown, or other software's. */
  version(method, maps = this.data.explanations) {
    const { model, model_sha256 } = maps.find((map) => map.method === method) ?? this.data.prediction ?? {};
    return { model, model_sha256: model_sha256 ?? "" };
  }

  /** Whether a verdict is on a map of what is shown, not of another version of the network. */
  about({ model_sha256: sha256 }, maps = this.data.explanations) {
    return sha256 === this.data.prediction?.model_sha256 || maps.some((map) => map.model_sha256 === sha256);
  }

  // The region of what is shown: one that no verdict has yet, else that of the last verdict that has one.
  #region() {
    const here = [...this.known.values()].filter((r) => r.image === this.data.image && r.finding === this.data.finding && r.region);
    here.sort((a, b) => a.created_at.localeCompare(b.created_at));
    return draft(this.data) ?? here.at(-1)?.region ?? null;
  }

  /** A verdict as the server takes it. */
  body(review) {
    return review;
  }

  /** A verdict as this page has it. */
  read(review) {
    return review;
  }

  /** A method's name for reading. */
  title(method) {
    return this.data?.methods.find(({ name }) => name === method)?.title ?? method;
  }

  /** The verdict in force on one method for what is shown. */
  of(method) {
    return this.data && this.known.get(this.#key(method));
  }

  /** The op on one method's map that met another verdict. */
  met(method) {
    return this.data && this.outbox.stopped.find(({ key }) => key === this.#key(method));
  }

  /** How many verdicts are in force on a finding of the shown image, by the shown network version. */
  count(finding) {
    return [...this.known.values()].filter((r) => r.image === this.data.image && r.finding === finding && this.about(r)).length;
  }

  /** Whether a pane has a map that can be judged. */
  able(pane) {
    const here = pane.method && (!pane.image || pane.image === this.data?.image);
    return Boolean(here && this.data?.prediction && this.data.explanations.some(({ method }) => method === pane.method));
  }

  /** Gives the active (or this) pane's map one of the five verdicts, by its number from 1; then asks for the reason. */
  judge(number, pane = this.panes.active) {
    if (!this.able(pane)) return say(words("judge.choose"));
    const verdict = this.data.verdicts[number - 1];
    const before = this.of(pane.method);
    if (before?.verdict !== verdict) {
      this.history.add("judged", { entries: [this.#put(pane.method, { ...before, verdict, reason: verdict === "right" ? "" : (before?.reason ?? "") })] });
      this.show();
    }
    this.panel.ask(verdict);
    return undefined;
  }

  /** Another reason or comment for the verdict on the active pane's map. */
  amend(changes) {
    const { method } = this.panes.active;
    const before = this.of(method);
    if (!before || Object.entries(changes).every(([name, value]) => before[name] === value)) return;
    this.history.add("judged", { entries: [this.#put(method, { ...before, ...changes })] });
    this.show();
  }

  #put(method, { verdict, reason = "", comment = "" }) {
    const { image, finding } = this.data;
    const { region } = this.regions;
    const body = this.body({ image, ...this.version(method), method, finding, verdict, reason, comment, region });
    const key = this.#key(method);
    if (region) keepDraft(this.data, null);
    return this.#send({ key, before: this.known.get(key) ?? null, body, after: this.outbox.of(key).at(-1) });
  }

  #send(entry) {
    this.#know(entry.key, this.read({ ...entry.body, created_at: new Date().toISOString() }));
    this.refusal = "";
    entry.id = "";
    entry.undone = false;
    entry.op = this.outbox.add({ key: entry.key, body: entry.body });
    return entry;
  }

  /** The region changed: every verdict on this finding's maps is kept again with it; without any this browser keeps it. */
  regionChanged(before, after) {
    const judged = this.data.methods.map(({ name }) => name).filter((method) => this.of(method));
    const stale = judged.filter((method) => !same(this.of(method).region, after));
    const entries = stale.map((method) => this.#put(method, this.of(method)));
    if (!judged.length) keepDraft(this.data, after);
    const { image, finding } = this.data;
    this.history.add("judged", { entries, region: { before, after, image, finding, loose: !judged.length } });
    this.show();
  }

  #back(step) {
    for (const entry of [...step.entries].reverse()) this.#takeBack(entry);
    this.#regionTo(step.region, "before");
    say(words(step.region ? "undone.region" : "undone.verdict"));
    this.show();
  }

  #again(step) {
    for (const entry of step.entries) this.#send(entry);
    this.#regionTo(step.region, "after");
    say(words(step.region ? "redone.region" : "redone.verdict"));
    this.show();
  }

  #regionTo(region, when) {
    if (!region) return;
    if (region.loose) keepDraft(region, region[when]);
    if (region.image === this.data.image && region.finding === this.data.finding) this.regions.show(region[when]);
  }

  #takeBack(entry) {
    this.#know(entry.key, entry.before);
    entry.undone = true;
    if (entry.id) this.outbox.add({ key: entry.key, remove: entry.id });
    else this.outbox.drop(entry.op);
  }

  #entries() {
    return this.history.entries("judged");
  }

  #entry(op) {
    return this.#entries().find((entry) => entry.op === op);
  }

  #stored(op, answer) {
    const review = this.read(answer);
    this.savedAt = Date.now();
    const entry = this.#entry(op);
    if (entry && !op.remove) entry.id = review.id;
    for (const later of this.#entries()) if (later.after === op && !op.remove) later.before = review;
    if (entry?.undone && !op.remove) this.outbox.add({ key: op.key, remove: review.id });
    else if (!this.outbox.of(op.key).length) {
      this.#know(op.key, review);
      if (review && !op.remove) say(words("say.saved", this.title(review.method), words(`verdict.${review.verdict}`)));
    }
    this.windows.tell({ token: op.token, key: op.key, review });
    this.show();
  }

  #refused(op, sentence) {
    this.refusal = sentence;
    const entry = this.#entry(op);
    if (!op.remove) this.#know(op.key, entry?.before ?? null);
    this.history.forget(op.key);
    this.show();
  }

  /** The reader decided about a map that was judged twice: their own verdict, or the other one. */
  settle(op, own) {
    const { other, key } = op;
    if (!own) {
      this.#know(key, this.read(other));
      this.history.forget(key);
    }
    this.outbox.settle(op, own);
    if (!own && this.data) this.regions.show(this.#region());
    this.show();
  }

  // Another window of this browser stored something.
  #heard({ token, key, review }) {
    this.outbox.heard(token, review);
    if (this.outbox.of(key).length || this.known.get(key)?.id === review?.id) return;
    this.#sees(key, review);
    this.changedAt.set(key, performance.now());
    if (this.data && review?.image === this.data.image && review.finding === this.data.finding) this.regions?.show(this.#region());
    this.show();
  }

  /** Shows the verdicts in the panes, and the active pane's in the panel. */
  show() {
    if (this.data) this.panel.show();
  }

  /** The region in words, and whether it is stored. */
  showRegion() {
    if (this.data && this.regions) this.panel.showRegion();
  }

  /** The figures against the region, told when something changed. */
  paint() {
    if (this.data && this.regions) this.panel.paint();
  }
}

/** What a verdict is about, in one text. */
export function keyOf({ image, model_sha256: sha256, method, finding }) {
  return `${image} ${sha256} ${method} ${finding}`;
}
