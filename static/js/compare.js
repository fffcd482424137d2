// Two panes in one place: swipe (a divider between them) and blink (one, then the other). The active pane is compared with the
// one that was active before it.

import { say, words } from "./words.js";

/** @import { Picture } from "./types.js" */
/** @import { Pane } from "./pane.js" */
/** @import { Panes } from "./panes.js" */
/** @typedef {"swipe" | "blink"} Mode */

const BLINK = 700;
const STEP = 0.05;

export class Compare {
  /** @type {((compare: Compare) => void)[]} */
  #listeners = [];

  /** @type {Mode | ""} */
  mode = "";

  /** The pane that the two pictures stand in. */
  pane;

  /**
   * The pane that it is compared with; null: with its own film.
   * @type {Pane | null}
   */
  other = null;

  /** The layers that both showed when it began. */
  layers = "";

  /** The divider's place, a share of the width. */
  share = 0.5;

  /** Whether the other one is to be seen. */
  turned = false;

  timer = 0;

  /** @param {Panes} panes */
  constructor(panes) {
    this.panes = panes;
    this.pane = panes.active;
    this.divider = divider();
    this.label = document.createElement("p");
    this.label.className = "compare-words";
    this.#listen();
    panes.compared = (pane) => this.#pictures(pane);
  }

  /** What panes show has changed: a comparison of what is not there any more ends. */
  look() {
    const { panes, mode, pane, other } = this;
    if (!mode) return;
    const there = panes.all.includes(pane) && (other === null || panes.all.includes(other));
    if (!there || (other && other.stack !== pane.stack) || this.layers !== this.#layers) this.stop();
  }

  get #layers() {
    return `${this.pane.layer} ${this.other?.layer ?? ""}`;
  }

  /**
   * Calls `listener` after every change.
   * @param {(compare: Compare) => void} listener
   */
  onChange(listener) {
    this.#listeners.push(listener);
  }

  /**
   * Starts or ends a mode for the active pane.
   * @param {Mode} mode
   */
  toggle(mode) {
    if (this.mode === mode) return this.stop();
    this.stop();
    const { active, before, all } = this.panes;
    /** @param {Pane} pane */
    const alike = (pane) => pane !== active && pane.layer && pane.stack === active.stack;
    // What stands beside is compared with whatever it was looked at last.
    const beside = before !== active && before.layer && (before.stack?.guest || active.stack?.guest);
    // Over planes every pane has a stack of its own: its map is compared with the plain slice.
    const other = alike(before) || beside ? before : (all.find(alike) ?? null);
    if (!active.layer || !(other || active.method)) return say(words("compare.two"));
    this.mode = mode;
    this.pane = active;
    this.other = other;
    this.share = 0.5;
    this.turned = false;
    this.layers = this.#layers;
    active.view.append(this.label);
    if (mode === "swipe") active.view.append(this.divider);
    else this.timer = setInterval(() => this.#turn(), BLINK);
    this.#show();
    return say(words(`say.${mode}`, this.#titles[0], this.#titles[1]));
  }

  /**
   * What the two pictures are called.
   * @returns {[string, string]}
   */
  get #titles() {
    const { pane, other } = this;
    return other ? [pane.title, other.title] : [pane.subject, words("film")];
  }

  stop() {
    if (!this.mode) return;
    this.mode = "";
    clearInterval(this.timer);
    this.divider.remove();
    this.label.remove();
    this.#show();
  }

  #turn() {
    this.turned = !this.turned;
    this.#show();
  }

  #show() {
    const { mode } = this;
    const [mine, theirs] = this.#titles;
    if (mode === "swipe") {
      this.divider.style.left = `${this.share * 100}%`;
      this.divider.setAttribute("aria-valuenow", String(Math.round(this.share * 100)));
      this.divider.setAttribute("aria-label", words("compare.divider", mine, theirs));
    }
    if (mode === "swipe") this.label.textContent = `${mine} | ${theirs}`;
    else if (mode) this.label.textContent = this.turned ? theirs : mine;
    this.panes.refresh();
    for (const listener of this.#listeners) listener(this);
  }

  /**
   * @param {Pane} pane
   * @returns {Picture[] | null}
   */
  #pictures(pane) {
    if (!this.mode || pane !== this.pane) return null;
    const { other } = this;
    if (other && !this.panes.filmOf(other)) return null;
    const mine = this.panes.picture(pane);
    const theirs = other ? this.panes.picture(other, pane) : this.panes.picture(pane, pane, true);
    if (this.mode === "blink") return [this.turned ? theirs : mine];
    return [{ ...mine, part: [0, this.share] }, { ...theirs, part: [this.share, 1] }];
  }

  #listen() {
    /** @param {number} share */
    const move = (share) => {
      this.share = Math.min(1, Math.max(0, share));
      this.#show();
    };
    this.divider.addEventListener("pointerdown", (event) => {
      event.stopPropagation();
      this.divider.setPointerCapture(event.pointerId);
    });
    this.divider.addEventListener("pointermove", (event) => {
      if (!this.divider.hasPointerCapture(event.pointerId)) return;
      event.stopPropagation();
      const { left, width } = this.pane.view.getBoundingClientRect();
      move((event.clientX - left) / width);
    });
    this.divider.addEventListener("keydown", (event) => {
      /** @type {Record<string, number>} */
      const places = { ArrowLeft: this.share - STEP, ArrowRight: this.share + STEP, Home: 0, End: 1 };
      const next = places[event.key];
      if (next === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      move(next);
    });
  }
}

function divider() {
  const element = document.createElement("div");
  element.className = "compare-divider";
  element.tabIndex = 0;
  const attributes = { role: "slider", "aria-orientation": "horizontal", "aria-valuemin": "0", "aria-valuemax": "100" };
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}
