// The reader's verdicts: which map is judged, what was said of it, with which reason, comment and region; kept at once, taken
// back with Ctrl+Z. What is in force is given.js, the panel that shows it all judge.js.

import { draft, keepDraft } from "./drafts.js";
import { Given, keyOf, read } from "./given.js";
import { Judge } from "./judge.js";
import { byImage } from "./regions.js";
import { Outbox } from "./saving.js";
import { same } from "./shapes.js";
import { Windows } from "./windows.js";
import { say, words } from "./words.js";

/** @import { History } from "./history.js" */
/** @import { Regions } from "./regions.js" */
/** @import { StackMaps } from "./stacks/maps.js" */
/** @import { Message } from "./windows.js" */
/** @import { CaseData, DrawnStep, ExplanationData, JudgedStep, Op, ReadingPane, ReadingPanes, Region } from "./types.js" */
/** @import { ReviewData, Said, Step } from "./types.js" */
/** @typedef {CaseData & { asked?: number }} Asked a payload, and when it was asked for, ms */
/** @typedef {{ verdict: string, reason?: string, comment?: string }} Words what a reader says of a map */

export class Reviews {
  /** @type {Regions | null} */
  regions = null;

  /**
   * What the server said last.
   * @type {ReviewData[] | null}
   */
  taken = null;

  /** When something was stored last, ms. */
  savedAt = 0;

  /** Why something was not stored. */
  refusal = "";

  /**
   * @param {CaseData} data
   * @param {ReadingPanes} panes
   * @param {History} history takes every step
   * @param {(explanation: ExplanationData) => Promise<StackMaps>} map gives a map's values
   */
  constructor(data, panes, history, map) {
    this.given = new Given(data);
    this.panes = panes;
    this.history = history;
    history.register("judged", { undo: (step) => this.#back(step), redo: (step) => this.#again(step) });
    history.listen(() => this.showRegion());
    this.map = map;
    this.outbox = new Outbox(data.urls, {
      changed: () => this.panel?.state(),
      stored: (op, review) => this.#stored(op, review),
      refused: (op, sentence) => this.#refused(op, sentence),
      met: () => this.show(),
    });
    this.windows = new Windows((message) => this.#heard(message));
    this.panel = new Judge(this, panes);
    for (const op of this.outbox.waiting) this.given.know(op.key, op.remove ? null : waiting(op));
    this.outbox.now();
  }

  /** What is shown. */
  get data() {
    return this.given.data;
  }

  /** The stack that is judged. */
  get subject() {
    return this.given.subject;
  }

  /**
   * Takes what the server has, and which stack is judged; verdicts still on their way, or changed since it was asked, stay as
   * the reader gave them.
   * @param {Asked} data
   * @param {string} subject
   * @param {Regions} regions
   */
  take(data, subject, regions) {
    const fresh = this.subject !== subject || this.data.finding !== data.finding || !this.regions;
    this.panel.pause();
    this.given.data = data;
    this.given.subject = subject;
    this.regions = regions;
    if (data.reviews !== this.taken) this.#learn(data.reviews, data.asked);
    if (fresh) regions.show(this.#region());
    this.show();
  }

  /** Asks the server for the verdicts alone; what cannot be asked now is asked the next time. */
  async reread() {
    const { image, model, finding, urls } = this.data;
    const asked = performance.now();
    try {
      const query = new URLSearchParams({ image, model, finding });
      const response = await fetch(`${urls.data}?${query}`, { headers: { Accept: "application/json" } });
      if (!response.ok) return;
      const { reviews } = await response.json();
      if (this.data.image !== image) return;
      const before = this.#region();
      this.#learn(reviews, asked);
      if (!same(before, this.#region())) this.regions?.show(this.#region());
      this.show();
    } catch {
      // Without a connection the panel says so already.
    }
  }

  /**
   * What the server says of the stacks that the page shows.
   * @param {ReviewData[]} reviews
   * @param {number} [asked] when, ms
   */
  #learn(reviews, asked = 0) {
    this.taken = reviews;
    const { known, changedAt } = this.given;
    const open = new Set(this.outbox.waiting.map(({ key }) => key));
    const stale = (/** @type {string} */ key) => open.has(key) || (changedAt.get(key) ?? -1) > asked;
    const there = new Map(reviews.map((review) => [keyOf(review), review]));
    const { stack } = this.data;
    for (const [key, review] of known) {
      const told = !stack || review.stack === stack;
      if (told && !there.has(key) && !stale(key)) this.#sees(key, null);
    }
    for (const [key, review] of there) {
      if (!stale(key)) this.#sees(key, review);
      else if (!this.outbox.seen.has(key)) this.outbox.seen.set(key, review.id);
    }
  }

  /**
   * What the server says is in force on a map.
   * @param {string} key
   * @param {ReviewData | null} review
   */
  #sees(key, review) {
    if (this.given.known.get(key)?.id !== review?.id) this.history.forget(key);
    this.outbox.seen.set(key, review?.id ?? "");
    this.given.put(key, review && read(review));
  }

  /** The region of what is shown: one that no verdict has yet, else that of the last verdict that has one. */
  #region() {
    return draft(this.#draft) ?? this.given.region(this.subject);
  }

  get #draft() {
    return { image: this.subject, finding: this.data.finding };
  }

  /**
   * The region of a stack for the shown finding: the drawn one, else as its last verdict has it.
   * @param {string} stack
   */
  regionOf(stack) {
    return stack === this.subject && this.regions ? this.regions.region : this.given.region(stack);
  }

  /**
   * The op on one method's map that met another verdict.
   * @param {string} method
   */
  met(method) {
    return this.outbox.stopped.find(({ key }) => key === this.given.key(method));
  }

  /**
   * Gives the active (or this) pane's map one of the five verdicts, by its number from 1; then asks for the reason.
   * @param {number} number
   * @param {ReadingPane} [pane]
   */
  judge(number, pane = this.panes.active) {
    if (!this.given.able(pane)) {
      say(words("judge.choose"));
      return;
    }
    const verdict = this.data.verdicts[number - 1];
    const before = this.given.of(pane.method);
    if (before?.verdict !== verdict) {
      const reason = verdict === "right" ? "" : (before?.reason ?? "");
      this.history.add("judged", { entries: [this.#put(pane.method, { ...before, verdict, reason })] });
      this.show();
    }
    this.panel.ask(verdict);
  }

  /**
   * Another reason or comment for the verdict on the active pane's map.
   * @param {{ reason?: string, comment?: string }} changes
   */
  amend(changes) {
    const { method } = this.panes.active;
    const before = this.given.of(method);
    if (!before) return;
    const { reason = before.reason, comment = before.comment } = changes;
    if (reason === before.reason && comment === before.comment) return;
    this.history.add("judged", { entries: [this.#put(method, { ...before, reason, comment })] });
    this.show();
  }

  /**
   * @param {string} method
   * @param {Words} words
   */
  #put(method, { verdict, reason = "", comment = "" }) {
    const { finding } = this.data;
    const region = this.regions?.region ?? null;
    const about = { stack: this.subject, ...this.given.version(method), method, finding };
    const body = { ...about, verdict, reason, comment, regions: byImage(region) };
    const key = this.given.key(method);
    if (region) keepDraft(this.#draft, null);
    const before = this.given.known.get(key) ?? null;
    const after = this.outbox.of(key).at(-1);
    return { key, before, body, after, ...this.#sent(key, body) };
  }

  /**
   * Sends what was said of a map; what an entry has of it.
   * @param {string} key
   * @param {Said} body
   */
  #sent(key, body) {
    this.given.know(key, read({ ...body, created_at: new Date().toISOString() }));
    this.refusal = "";
    return { id: "", undone: false, op: this.outbox.add({ key, body }) };
  }

  /**
   * The region changed: every verdict on this finding's maps is kept again with it; without any this browser keeps it.
   * @param {Region | null} before
   * @param {Region | null} after
   */
  regionChanged(before, after) {
    const judged = this.given.methods.flatMap(({ name }) => {
      const verdict = this.given.of(name);
      return verdict ? [{ name, verdict }] : [];
    });
    const stale = judged.filter(({ verdict }) => !same(verdict.region, after));
    const entries = stale.map(({ name, verdict }) => this.#put(name, verdict));
    if (!judged.length) keepDraft(this.#draft, after);
    const drawn = { before, after, ...this.#draft, loose: !judged.length };
    this.history.add("judged", { entries, region: drawn });
    this.show();
  }

  /** @param {Step} step */
  #back(step) {
    for (const entry of entriesOf(step).reverse()) this.#takeBack(entry);
    this.#regionTo(step.region, "before");
    say(words(step.region ? "undone.region" : "undone.verdict"));
    this.show();
  }

  /** @param {Step} step */
  #again(step) {
    for (const entry of entriesOf(step)) {
      const { id, undone, op } = this.#sent(entry.key, entry.body);
      entry.id = id;
      entry.undone = undone;
      entry.op = op;
    }
    this.#regionTo(step.region, "after");
    say(words(step.region ? "redone.region" : "redone.verdict"));
    this.show();
  }

  /**
   * @param {DrawnStep | undefined} region
   * @param {"before" | "after"} when
   */
  #regionTo(region, when) {
    if (!region) return;
    if (region.loose) keepDraft(region, region[when]);
    if (region.image === this.subject && region.finding === this.data.finding) this.regions?.show(region[when]);
  }

  /** @param {JudgedStep} entry */
  #takeBack(entry) {
    this.given.know(entry.key, entry.before);
    entry.undone = true;
    if (entry.id) this.outbox.add({ key: entry.key, remove: entry.id });
    else this.outbox.drop(entry.op);
  }

  /** @returns {JudgedStep[]} */
  #entries() {
    return entriesOf({ entries: this.history.entries("judged") });
  }

  /** @param {Op} op */
  #entry(op) {
    return this.#entries().find((entry) => entry.op === op);
  }

  /**
   * @param {Op} op
   * @param {ReviewData | null} review
   */
  #stored(op, review) {
    const verdict = review && read(review);
    this.savedAt = Date.now();
    const entry = this.#entry(op);
    if (entry && !op.remove) entry.id = review?.id ?? "";
    for (const later of this.#entries()) if (later.after === op && !op.remove) later.before = verdict;
    if (entry?.undone && !op.remove) this.outbox.add({ key: op.key, remove: review?.id });
    else if (!this.outbox.of(op.key).length) {
      this.given.know(op.key, verdict);
      if (verdict && !op.remove) say(words("say.saved", this.given.title(verdict.method), words(`verdict.${verdict.verdict}`)));
    }
    this.windows.tell({ token: op.token, key: op.key, review });
    this.show();
  }

  /**
   * @param {Op} op
   * @param {string} sentence
   */
  #refused(op, sentence) {
    this.refusal = sentence;
    const entry = this.#entry(op);
    if (!op.remove) this.given.know(op.key, entry?.before ?? null);
    this.history.forget(op.key);
    this.show();
  }

  /**
   * The reader decided about a map that was judged twice: their own verdict, or the other one.
   * @param {Op} op
   * @param {boolean} own
   */
  settle(op, own) {
    const { other, key } = op;
    if (!own) {
      this.given.know(key, other ? read(other) : null);
      this.history.forget(key);
    }
    this.outbox.settle(op, own);
    if (!own) this.regions?.show(this.#region());
    this.show();
  }

  /**
   * Another window of this browser stored something.
   * @param {Message} message
   */
  #heard({ token, key, review }) {
    this.outbox.heard(token, review);
    if (this.outbox.of(key).length || this.given.known.get(key)?.id === review?.id) return;
    this.#sees(key, review);
    this.given.changedAt.set(key, performance.now());
    if (review?.stack === this.subject && review.finding === this.data.finding) this.regions?.show(this.#region());
    this.show();
  }

  /** Shows the verdicts in the panes, and the active pane's in the panel. */
  show() {
    if (this.regions) this.panel.show(this.regions);
  }

  /** The region in words, and whether it is stored. */
  showRegion() {
    if (this.regions) this.panel.showRegion(this.regions);
  }

  /** The figures against the region, told when something changed. */
  paint() {
    if (this.regions) this.panel.paint(this.regions);
  }
}

/**
 * What a step that was registered here did.
 * @param {Pick<Step, "entries">} step
 */
function entriesOf({ entries }) {
  return /** @type {JudgedStep[]} */ ([...entries]);
}

/**
 * A verdict that has not reached the server yet.
 * @param {Op} op
 */
function waiting(op) {
  const body = /** @type {Said} */ (op.body);
  return read({ ...body, id: "", created_at: new Date(op.at).toISOString() });
}
