// An upload in batches: what goes together, what is sent again when no answer came, and how far it is. A lost connection loses
// nothing that was acknowledged: it waits, and goes on with the batch that was not. Knows no page and no request.

import { pause } from "./keeping.js";

/** @typedef {{ file: Pick<File, "size">, name: string }} Chosen a file, and its name with its folders */
/** @typedef {{ files: number, octets: number }} Room what one batch may have */
/** @typedef {{ name: string, state: string, reason: string }} Outcome what became of a file, or of an archive's member */
/**
 * What came back: `status` 0 where nothing did, `ours` whether Whylight itself answered.
 * @typedef {{ status: number, ours: boolean, body: string, redirect: string | null }} Answer
 */
/**
 * @typedef {object} Told
 * @property {(chosen: Chosen, state: string, reason?: string) => void} file an outcome's state, or "refused"
 * @property {(batch: readonly Chosen[]) => void} begun a batch is on its way
 * @property {() => void} lost the connection is away, and it waits
 */

const MB = 1024 * 1024;
/** So much of a name the server keeps: its end (app/web/receiving.py). */
const LONGEST = 200;
export const ROOM = { files: 32, octets: 8 * MB };

/** @param {readonly Chosen[]} files */
export function size(files) {
  return files.reduce((sum, { file }) => sum + file.size, 0);
}

/**
 * The next files that go together, in their order: one at least, however large.
 * @template {Chosen} T
 * @param {readonly T[]} waiting
 * @param {Room} room
 */
export function cut(waiting, room) {
  let octets = 0;
  const over = waiting.findIndex(({ file }, at) => {
    octets += file.size;
    return at >= room.files || octets > room.octets;
  });
  return waiting.slice(0, over < 0 ? waiting.length : Math.max(1, over));
}

/**
 * What a proxy that refused this batch may let through; null where it refuses a single file.
 * @param {readonly Chosen[]} batch
 * @returns {Room | null}
 */
export function smaller(batch) {
  return batch.length > 1 ? { files: Math.ceil(batch.length / 2), octets: Math.ceil(size(batch) / 2) } : null;
}

/**
 * What became of a file: of an archive, of its members together.
 * @param {string} name
 * @param {readonly Outcome[]} outcomes
 * @returns {Outcome | undefined}
 */
export function outcome(name, outcomes) {
  const shown = name.slice(-LONGEST);
  const mine = outcomes.filter((one) => one.name === shown || one.name.startsWith(`${shown}/`));
  return mine.find(({ state }) => state === "accepted") ?? mine.find(({ state }) => state === "already here") ?? mine[0];
}

/** @template {Chosen} T */
export class Batches {
  /** How many files Whylight has said yes or no to. */
  stored = 0;

  /** Octets of all that were answered. */
  octets = 0;

  stopped = false;

  #failures = 0;

  #wake = () => {};

  /**
   * @param {T[]} files
   * @param {(batch: T[], more: boolean) => Promise<Answer>} post sends a batch
   * @param {Told} told
   * @param {Room} room
   * @param {number} tail so many of the last files go together, however large, and are not parted
   */
  constructor(files, post, told, room = ROOM, tail = 0) {
    this.waiting = [...files];
    this.post = post;
    this.told = told;
    this.room = room;
    this.tail = tail;
  }

  /** The files that go together next. */
  get #next() {
    const before = this.waiting.slice(0, this.waiting.length - this.tail);
    return this.tail && !before.length ? [...this.waiting] : cut(before, this.room);
  }

  /**
   * Sends everything. The last answer; null when it was stopped, or when no file could be sent at all.
   * @returns {Promise<Answer | null>}
   */
  async run() {
    while (!this.stopped) {
      const batch = this.#next;
      if (!batch.length && !this.stored) return null;
      const more = batch.length < this.waiting.length;
      this.told.begun(batch);
      const answer = await this.post(batch, more);
      if (this.stopped) return null;
      if (answer.status === 0 || (!answer.ours && answer.status >= 500)) await this.#away();
      else if (answer.status === 413 && !answer.ours && (more || !this.tail)) this.#shrink(batch);
      else if (!answer.ours || answer.status >= 400 || !more) return answer;
      else this.#taken(batch, JSON.parse(answer.body).files);
    }
    return null;
  }

  stop() {
    this.stopped = true;
    this.#wake();
  }

  /** The connection may be back: no more waiting. */
  now() {
    this.#wake();
  }

  /**
   * @param {T[]} batch
   * @param {readonly Outcome[]} outcomes
   */
  #taken(batch, outcomes) {
    this.#failures = 0;
    this.waiting.splice(0, batch.length);
    this.stored += batch.length;
    this.octets += size(batch);
    for (const chosen of batch) {
      const { state, reason } = outcome(chosen.name, outcomes) ?? { state: "accepted", reason: "" };
      this.told.file(chosen, state, reason);
    }
  }

  /** @param {T[]} batch */
  #shrink(batch) {
    const room = smaller(batch);
    if (room) {
      this.room = room;
      return;
    }
    const [large] = this.waiting.splice(0, 1);
    this.octets += large.file.size;
    this.told.file(large, "refused");
  }

  async #away() {
    this.told.lost();
    await new Promise((/** @type {(value?: unknown) => void} */ resolve) => {
      const timer = setTimeout(resolve, pause(this.#failures));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#failures += 1;
  }
}
