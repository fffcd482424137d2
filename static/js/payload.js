// What the server says of a case: asked for anew whenever something else is read, and the address, which says what the reader
// chose. Knows no panes; whoever shows what arrived is told.

import { Refused, ask } from "./asking.js";
import { isAway } from "./connection.js";
import { isOpen } from "./jobs.js";

/** @import { Called, CaseData, ImageData, PartData, Told } from "./types.js" */
/**
 * What the reader chose, "" for what they left to the server.
 * @typedef {Record<"image" | "model" | "finding" | "upload" | "queue" | "place" | "flag", string>} Choice
 */
/**
 * @typedef {object} Hearer
 * @property {(told: Told) => Promise<void>} arrived takes what the server said
 * @property {(again: () => void) => void} missed it said nothing; `again` asks once more
 * @property {(again: () => void) => void} lost it did not answer
 * @property {() => void} reached it answered
 * @property {() => void} asked maps were asked for
 */

const UNLIKELY = 0.1;

export class Payload {
  /**
   * The last question: answers to earlier ones are let go.
   * @type {object | null}
   */
  #asking = null;

  /**
   * Which maps were asked for: of which film, network and finding, by which method, "" for those that it opens with.
   * @type {Set<string>}
   */
  #wanted = new Set();

  /** The network and the finding that the reader has been reading. */
  #read = { model: "", finding: "" };

  /** Whether maps are being asked for: no job is known of yet. */
  posting = false;

  #reading = false;

  /**
   * @param {CaseData} data that came with the page
   * @param {Hearer} hearer
   */
  constructor(data, hearer) {
    /** @type {Told} */
    this.data = data;
    this.hearer = hearer;
    const address = new URLSearchParams(location.search);
    /** @param {string} name */
    const named = (name) => address.get(name) ?? "";
    /** @type {Choice} */
    this.chosen = {
      image: named("image"),
      model: named("model"),
      finding: named("finding"),
      upload: named("upload"),
      queue: named("queue"),
      place: named("place"),
      flag: named("flag"),
    };
  }

  /** The shown finding's name for reading. */
  get label() {
    return this.data.prediction?.scores.find(({ finding }) => finding === this.data.finding)?.label ?? "";
  }

  /** The probability of the shown finding where that is small, in per cent, else "". What the network calls is not unlikely,
   *  however rare it is. */
  get unlikely() {
    const score = this.data.prediction?.scores.find(({ finding }) => finding === this.data.finding);
    return score && score.probability < UNLIKELY && !score.called ? `${(score.probability * 100).toFixed(1)} %` : "";
  }

  /**
   * What became of a finding's call: a reader moved its point.
   * @param {Called} told
   */
  called(told) {
    const score = this.data.prediction?.scores.find(({ finding }) => finding === told.finding);
    if (score) score.called = told.called;
    return told;
  }

  /** Whether something was asked for that has not come yet. */
  get waiting() {
    return this.#reading || this.posting;
  }

  /** What a link is compared with: the payload, and every image in it. */
  get listed() {
    return { ...this.data, images: this.data.stacks.flatMap(({ images }) => images) };
  }

  /**
   * What the network said of an image's stack, or undefined.
   * @param {ImageData | null | undefined} image
   * @returns {PartData | undefined}
   */
  part(image) {
    return this.data.prediction?.parts.find(({ stack }) => stack === image?.stack);
  }

  /** @param {Told} told */
  take(told) {
    this.data = told;
    if (told.prediction) this.#read = { model: told.model, finding: told.finding };
  }

  /**
   * The reader wants another finding; its layers are not known yet.
   * @param {string} finding
   */
  choose(finding) {
    this.chosen.finding = finding;
    this.chosen.flag = "";
    this.#wanted.clear();
    this.data = { ...this.data, finding, explanations: [] };
  }

  /**
   * Another film of the study: the network has read it by itself, so that everything is to be asked for anew, and what is
   * still on its way is about another film. It opens with the finding that the reader chose, else with its own most probable.
   * @param {ImageData} image
   */
  turnTo(image) {
    this.#asking = null;
    this.#read.finding = "";
    this.chosen.image = image.id;
    this.data = { ...this.data, image: image.id, stack: image.stack, explanations: [], prediction: null };
  }

  /** The address says what the reader chose, and nothing that they did not. */
  address() {
    const chosen = new URLSearchParams(Object.entries(this.chosen).filter(([, value]) => value));
    const { urls } = this.data;
    history.replaceState(null, "", chosen.size ? `${urls.case}?${chosen}` : urls.case);
  }

  // What the reader chose or is reading by now. Before any network has read it nothing is held fast: the server then says which
  // network reads it, and its top finding.
  get #named() {
    const { model, finding } = this.chosen;
    return { model: model || this.#read.model, finding: finding || this.#read.finding };
  }

  /** Asks the server what there is now, for what is shown. */
  async refresh() {
    const { image, urls } = this.data;
    const query = new URLSearchParams({ ...this.#named, image });
    this.address();
    const asking = {};
    const asked = performance.now();
    this.#asking = asking;
    this.#reading = true;
    try {
      /** @type {CaseData} */
      const data = await ask(`${urls.data}?${query}`);
      this.hearer.reached();
      if (this.#asking !== asking) return;
      this.#reading = false;
      await this.hearer.arrived({ ...data, asked });
    } catch (error) {
      if (this.#asking !== asking) return;
      this.#reading = false;
      const { lost, missed } = this.hearer;
      if (error instanceof Refused) this.hearer.reached();
      (isAway(error) ? lost : missed)(() => this.refresh());
    }
  }

  /**
   * The methods by which the network should have made layers of the shown finding that are not there, of the stacks that it
   * reads: "" for those that it opens with, which come first; else those of `more`.
   * @param {string[]} more
   * @returns {string[]}
   */
  missing(more) {
    const { prediction, explanations, methods } = this.data;
    if (!prediction) return [];
    /** @param {string} name */
    const lacks = (name) => {
      const there = explanations.filter(({ method }) => method === name).map(({ stack }) => stack);
      return prediction.parts.some(({ stack }) => !there.includes(stack));
    };
    return methods.some(({ imported, name }) => !imported && lacks(name)) ? [""] : more.filter(lacks);
  }

  /**
   * Maps that are not there are asked for once per finding; the job's fragment then says when they are.
   * @param {string[]} names as `missing` gives them
   * @param {boolean} [again] those that were asked for too
   */
  askMaps(names, again = false) {
    const { image, model, finding, urls, job } = this.data;
    /** @param {string} name */
    const key = (name) => `${image} ${model} ${finding} ${name}`;
    const fresh = names.filter((name) => again || !this.#wanted.has(key(name)));
    if (!fresh.length || (isOpen(this.data) && job?.kind === "analyse")) return;
    for (const name of fresh) this.#wanted.add(key(name));
    const values = { finding, model, image, methods: fresh.join(",") };
    this.posting = true;
    this.hearer.asked();
    htmx.ajax("post", urls.explanations, { target: "#job", swap: "outerHTML", values });
  }

  /** What was asked for never reached the server: it is asked for anew once there is something to ask. */
  unasked() {
    this.posting = false;
    this.#wanted.clear();
  }
}
