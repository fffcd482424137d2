// Two panes in one place: swipe (a divider between them) and blink (one, then the other). The active pane is compared with the one
// that was active before it.

import { say, words } from "./words.js";

const BLINK = 700;
const STEP = 0.05;

export class Compare {
  constructor(panes) {
    this.panes = panes;
    this.mode = "";
    this.listeners = [];
    this.divider = divider();
    this.label = document.createElement("p");
    this.label.className = "compare-words";
    this.#listen();
    panes.compared = (pane) => this.#pictures(pane);
    // A pane that takes another's place ends the comparison that it took part in.
    panes.each((pane) => this.mode && [this.pane, this.other].some(({ place }) => place === pane.place) && this.stop());
  }

  onChange(listener) {
    this.listeners.push(listener);
  }

  /** Starts or ends a mode for the active pane. */
  toggle(mode) {
    if (this.mode === mode) return this.stop();
    this.stop();
    const { active, before, all } = this.panes;
    const other = before !== active && before.layer ? before : all.find((pane) => pane !== active && pane.layer);
    if (!other || !active.layer) return say(words("compare.two"));
    Object.assign(this, { mode, pane: active, other, share: 0.5, turned: false });
    active.view.append(this.label);
    if (mode === "swipe") active.view.append(this.divider);
    else this.timer = setInterval(() => this.#turn(), BLINK);
    this.#show();
    return say(words(`say.${mode}`, active.title, other.title));
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
    const { pane, other, mode } = this;
    if (mode === "swipe") {
      this.divider.style.left = `${this.share * 100}%`;
      this.divider.setAttribute("aria-valuenow", String(Math.round(this.share * 100)));
      this.divider.setAttribute("aria-label", words("compare.divider", pane.title, other.title));
    }
    if (mode) this.label.textContent = mode === "swipe" ? `${pane.title} | ${other.title}` : (this.turned ? other : pane).title;
    this.panes.refresh();
    for (const listener of this.listeners) listener(this);
  }

  #pictures(pane) {
    if (!this.mode || pane !== this.pane) return null;
    const [mine, theirs] = [this.panes.picture(pane), this.panes.picture(this.other, pane)];
    if (this.mode === "blink") return [this.turned ? theirs : mine];
    return [{ ...mine, part: [0, this.share] }, { ...theirs, part: [this.share, 1] }];
  }

  #listen() {
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
      const next = { ArrowLeft: this.share - STEP, ArrowRight: this.share + STEP, Home: 0, End: 1 }[event.key];
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
  for (const [name, value] of [["role", "slider"], ["aria-orientation", "horizontal"], ["aria-valuemin", "0"], ["aria-valuemax", "100"]]) {
    element.setAttribute(name, value);
  }
  return element;
}
