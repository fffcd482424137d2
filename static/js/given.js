// Which verdicts are in force, as far as this page knows: on which map of which stack, by which version of the network, and the
// region that they have. The one in force on a map is the last one given. Knows no page and no server.

import { fromImages } from "./regions.js";

/** @import { CaseData, ExplanationData, ReadingPane, ReviewData, Said, Verdict } from "./types.js" */
/** @typedef {Pick<Verdict, "stack" | "model_sha256" | "method" | "finding">} About what a verdict is on */

export class Given {
  /**
   * Verdicts by what they are about.
   * @type {Map<string, Verdict>}
   */
  known = new Map();

  /**
   * When the reader changed one last, ms.
   * @type {Map<string, number>}
   */
  changedAt = new Map();

  /** The stack that is judged: the active pane's. */
  subject = "";

  /** @param {CaseData} data */
  constructor(data) {
    this.data = data;
  }

  /**
   * What is in force from now on, by this reader's hand.
   * @param {string} key
   * @param {Verdict | null} verdict null for none
   */
  know(key, verdict) {
    this.changedAt.set(key, performance.now());
    this.put(key, verdict);
  }

  /**
   * What is in force, whoever said it.
   * @param {string} key
   * @param {Verdict | null} verdict
   */
  put(key, verdict) {
    if (verdict) this.known.set(key, verdict);
    else this.known.delete(key);
  }

  /**
   * What a verdict on one method's map of a stack is kept under.
   * @param {string} method
   */
  key(method, stack = this.subject) {
    return keyOf({ stack, finding: this.data.finding, method, ...this.version(method, stack) });
  }

  /**
   * The network that one method's map of a stack is of: the one that is shown, or other software's.
   * @param {string} method
   */
  version(method, stack = this.subject) {
    const { explanations, prediction } = this.data;
    const found = explanations.find((map) => map.method === method && map.stack === stack) ?? prediction;
    return { model: found?.model ?? "", model_sha256: found?.model_sha256 ?? "" };
  }

  /**
   * Whether a verdict is on a map of what is shown, not of another version of the network.
   * @param {Verdict} verdict
   */
  about({ model_sha256: sha256 }) {
    const { prediction, explanations } = this.data;
    return sha256 === prediction?.model_sha256 || explanations.some((map) => map.model_sha256 === sha256);
  }

  /**
   * The verdict in force on one pane's map, or on one method's map of the stack that is judged.
   * @param {string} method
   * @param {ReadingPane | null} [pane]
   */
  of(method, pane = null) {
    return this.known.get(this.key(method, pane ? (pane.image?.stack ?? "") : this.subject));
  }

  /**
   * The region of a stack for the shown finding, as its last verdict has it.
   * @param {string} stack
   */
  region(stack) {
    const { finding } = this.data;
    const here = [...this.known.values()].filter((r) => r.stack === stack && r.finding === finding && r.region);
    here.sort((a, b) => a.created_at.localeCompare(b.created_at));
    return here.at(-1)?.region ?? null;
  }

  /**
   * How many verdicts are in force on a finding of what is shown, by the shown network version.
   * @param {string} finding
   */
  count(finding) {
    const { stack } = this.data;
    const here = [...this.known.values()].filter((r) => r.finding === finding && (!stack || r.stack === stack));
    return here.filter((r) => this.about(r)).length;
  }

  /**
   * Whether a pane has a map that can be judged.
   * @param {ReadingPane} pane
   */
  able(pane) {
    const { prediction, explanations } = this.data;
    const about = (/** @type {ExplanationData} */ { stack, method }) => stack === pane.image?.stack && method === pane.method;
    return Boolean(pane.method && prediction && !this.#variant(pane.method) && explanations.some(about));
  }

  /**
   * A verdict on a method's map of the stack that is judged by an earlier version of the network that is shown.
   * @param {string} method
   */
  older(method) {
    const { finding, reviews, prediction } = this.data;
    const about = (/** @type {About} */ r) => r.stack === this.subject && r.finding === finding && r.method === method;
    return reviews.find((r) => about(r) && r.model === prediction?.model);
  }

  /**
   * A method's name for reading.
   * @param {string} method
   */
  title(method) {
    return this.methods.find(({ name }) => name === method)?.title ?? method;
  }

  /** The methods whose maps can be judged, those that somebody asked for too. */
  get methods() {
    const { methods, more } = this.data;
    return [...methods, ...more.filter(({ of }) => !of)];
  }

  /**
   * Whether a layer is a variant of another: what it shows is no map of the network's to judge.
   * @param {string} method
   */
  #variant(method) {
    return this.data.more.some(({ name, of }) => of && name === method);
  }
}

/**
 * What a verdict is about, in one text.
 * @param {About} verdict
 */
export function keyOf({ stack, model_sha256: sha256, method, finding }) {
  return `${stack} ${sha256} ${method} ${finding}`;
}

/**
 * A verdict as this page has it: its region as shapes that know their image.
 * @param {Said & Pick<ReviewData, "created_at"> & Partial<ReviewData>} review
 * @returns {Verdict}
 */
export function read(review) {
  const { regions, ...others } = review;
  return { ...others, region: fromImages(regions) };
}
