// The path of a network that sees a film by glimpses: played over the film, one window after the other, with what the network
// thought after each. Which of them are drawn is the same on every pane. Knows no server.

import { element } from "./elements.js";
import { say, words } from "./words.js";

/** @import { Glimpse, Point, ReadingPane } from "./types.js" */
/** @import { Case } from "./case.js" */

const PACE = 900;

/** How many glimpses are shown; all of a path while it is no number. */
let seen = Infinity;

/**
 * The lines of the glimpses that are shown: the way so far, and of the last one both windows.
 * @param {Glimpse[]} path
 * @returns {[Point, Point][]}
 */
export function lines(path) {
  const shown = path.slice(0, seen);
  const last = shown.at(-1);
  if (!last) return [];
  const earlier = shown.slice(0, -1).flatMap(({ fine }) => fine);
  return [...shown.flatMap(({ way }) => way), ...(seen < path.length ? [] : earlier), ...last.fine, ...last.coarse];
}

export class Glimpses {
  /** @type {number | undefined} */
  playing = undefined;

  /** What the bar says, so that it is written anew only when that changes. */
  told = "";

  /** @param {Pick<Case, "panes">} page */
  constructor({ panes }) {
    this.panes = panes;
    element("glimpse-before", HTMLButtonElement).addEventListener("click", () => this.step(-1));
    element("glimpse-after", HTMLButtonElement).addEventListener("click", () => this.step(1));
    element("glimpse-play", HTMLButtonElement).addEventListener("click", () => this.play());
  }

  /** The path of the active pane, or of the first pane that shows one. */
  get path() {
    const has = (/** @type {ReadingPane} */ pane) => pane.belongs.path?.length;
    const { active, shown } = this.panes;
    return (has(active) ? active : shown.find(has))?.belongs.path ?? [];
  }

  /** What the bar shows, after every drawing of the panes. */
  look() {
    const { path } = this;
    const at = Math.min(seen, path.length);
    const told = JSON.stringify([path, at, this.playing !== undefined]);
    if (told === this.told) return;
    this.told = told;
    element("glimpses").hidden = !path.length;
    if (!path.length) {
      this.#stop();
      return;
    }
    const steps = path.map(({ probability }, place) => step(probability, place + 1 === at));
    element("glimpse-steps").replaceChildren(...steps);
    element("glimpse-words").textContent = words("glimpse.at", at, path.length, percent(path[at - 1].probability));
    element("glimpse-before", HTMLButtonElement).disabled = at <= 1;
    element("glimpse-after", HTMLButtonElement).disabled = at >= path.length;
    const says = this.playing === undefined ? "glimpse.play" : "glimpse.stop";
    element("glimpse-play", HTMLButtonElement).textContent = words(says);
  }

  /**
   * One glimpse on or back; true when there was one.
   * @param {number} by
   */
  step(by) {
    const { path } = this;
    const at = Math.min(seen, path.length) + by;
    if (at < 1 || at > path.length) return false;
    this.#stop();
    this.#show(at);
    return true;
  }

  /** Plays the path from its first glimpse, or stops. */
  play() {
    const { path } = this;
    if (!path.length) return;
    if (this.playing !== undefined) {
      this.#stop();
      this.panes.refresh();
      return;
    }
    this.#show(1);
    this.playing = window.setInterval(() => {
      if (seen >= this.path.length) this.#stop();
      else this.#show(seen + 1);
      this.panes.refresh();
    }, PACE);
  }

  /** @param {number} at */
  #show(at) {
    seen = at;
    this.panes.refresh();
    const { path } = this;
    say(words("glimpse.at", at, path.length, percent(path[at - 1].probability)));
  }

  #stop() {
    window.clearInterval(this.playing);
    this.playing = undefined;
  }
}

/**
 * @param {number} probability
 * @param {boolean} current
 */
function step(probability, current) {
  const made = document.createElement("li");
  made.textContent = percent(probability);
  if (current) made.setAttribute("aria-current", "step");
  return made;
}

/** @param {number} probability */
function percent(probability) {
  return `${Math.round(probability * 100)} %`;
}
