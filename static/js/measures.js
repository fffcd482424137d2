// Measures that a reader draws on the film and sees in every pane: drawn with the mouse or a finger, changed at their ends, moved,
// removed, taken back; by keyboard through their list at the side. What they amount to is measuring.js, who keeps them keeping.js.

import { Keeping, publicId } from "./keeping.js";
import { KINDS, pointsOf } from "./measuring.js";
import { lines, marks } from "./measuremarks.js";
import { clamp, inverted, through } from "./viewport/geometry.js";
import { say, words } from "./words.js";

const LEAST = 2;
const $ = (id) => document.getElementById(id);

export class Measures {
  /** `history` takes every step, beside the reader's others. */
  constructor({ panes, regions, input, history, address }) {
    Object.assign(this, { panes, regions, input, history });
    history.register("measured", { undo: (step) => this.#turn(step, "after", "before"), redo: (step) => this.#turn(step, "before", "after") });
    this.every = [];
    this.tool = "";
    this.selected = "";
    this.end = 0;
    this.draft = null;
    this.refusal = "";
    this.kept = new Keeping(address, { changed: () => this.#state(), refused: (id, sentence) => this.#refused(id, sentence) });
    for (const button of document.querySelectorAll("[data-measure-tool]")) {
      button.addEventListener("click", () => this.choose(this.tool === button.dataset.measureTool ? "" : button.dataset.measureTool));
    }
    $("measure-list").addEventListener("keydown", (event) => this.#listKey(event));
    setInterval(() => this.#state(), 1000);
  }

  /** Asks the server for the study's measures. */
  async load() {
    try {
      this.every = await this.kept.all();
    } catch {
      this.refusal = words("measure.unread");
    }
    this.#show();
  }

  /** The measures of the shown image. */
  get list() {
    const image = this.panes.film?.image.id;
    return this.every.filter((measure) => measure.image === image);
  }

  /** Another film is shown. */
  film() {
    this.draft = null;
    this.#show();
  }

  /** The tool by its kind, or none. */
  choose(kind) {
    this.tool = kind;
    this.draft = null;
    if (kind) {
      this.regions.mode(false);
      this.input.toggleZoom(false);
    }
    for (const pane of this.panes.all) {
      if (kind) pane.view.dataset.mode = "measure";
      else if (pane.view.dataset.mode === "measure") delete pane.view.dataset.mode;
    }
    say(kind ? words(`measure.${kind}`) : words("measure.off"));
    this.#show();
  }

  /** The next tool; after the last one none. */
  next() {
    this.choose(KINDS[KINDS.indexOf(this.tool) + 1] ?? "");
  }

  #point(pane, x, y) {
    const { image } = this.panes.film;
    const [px, py] = through(inverted(this.panes.place(pane).matrix), x, y);
    return [rounded(clamp(px, 0, image.columns)), rounded(clamp(py, 0, image.rows))];
  }

  /** What a press of the left button begins here: {move, end}, or null when it is no measure's business. */
  grab(pane, event, x, y) {
    const { measure: id, end } = event.target.dataset ?? {};
    const found = id && this.list.find((measure) => measure.id === id);
    if (found) return this.#change(pane, found, end, this.#point(pane, x, y));
    if (this.tool && (this.regions.drawing || this.input.zooming)) this.choose("");
    if (!this.tool) return null;
    return this.#draw(pane, this.#point(pane, x, y));
  }

  #draw(pane, start) {
    const { tool: kind, draft } = this;
    const before = draft?.points ?? [start];
    const follow = (point) => {
      this.draft = { id: "", kind, points: [...before, point] };
      this.panes.refresh();
    };
    if (draft) follow(start);
    return {
      move: (x, y) => follow(this.#point(pane, x, y)),
      end: () => {
        const { draft: drawn } = this;
        if (!drawn || short(drawn.points)) this.draft = draft;
        else if (drawn.points.length === pointsOf(kind)) {
          this.draft = null;
          this.#put(null, { id: publicId(), image: this.panes.film.image.id, kind, points: drawn.points });
        }
        this.#show();
      },
    };
  }

  // `end` names the point that gives the column and the one that gives the row, "0,1"; without it the whole measure moves.
  #change(pane, before, end, start) {
    this.selected = before.id;
    let now = before;
    this.#show();
    return {
      move: (x, y) => {
        const point = this.#point(pane, x, y);
        now = end ? { ...before, points: moved(before.points, end, point) } : this.#shifted(before, point[0] - start[0], point[1] - start[1]);
        this.#replace(now);
        this.panes.refresh();
      },
      end: () => {
        if (now !== before && !short(now.points)) this.#put(before, now);
        else this.#replace(before);
        this.#show();
      },
    };
  }

  #shifted(measure, dx, dy) {
    const { columns, rows } = this.panes.film.image;
    const [xs, ys] = [measure.points.map(([x]) => x), measure.points.map(([, y]) => y)];
    const mx = clamp(dx, -Math.min(...xs), columns - Math.max(...xs));
    const my = clamp(dy, -Math.min(...ys), rows - Math.max(...ys));
    return { ...measure, points: measure.points.map(([x, y]) => [rounded(x + mx), rounded(y + my)]) };
  }

  #replace(measure) {
    this.every = this.every.map((other) => (other.id === measure.id ? measure : other));
  }

  // The one place where a measure changes for good: `before` or `after` is null where there is none.
  #put(before, after, { remember = true } = {}) {
    const { id } = before ?? after;
    const stored = after && { ...after, linked: false };
    this.every = this.every.filter((other) => other.id !== id);
    if (stored) this.every.push(stored);
    this.refusal = "";
    this.selected = stored ? id : "";
    if (remember) this.history.add("measured", { entries: [{ key: id, before, after: stored }] });
    this.kept.say(id, stored && { image: stored.image, kind: stored.kind, points: stored.points });
    this.#show();
  }

  /** Removes one measure. */
  remove(id) {
    const found = this.list.find((measure) => measure.id === id);
    if (!found) return;
    this.#put(found, null);
    say(words("measure.removed"));
  }

  #turn({ entries: [entry] }, from, to) {
    this.#put(entry[from], entry[to], { remember: false });
    say(words(to === "before" ? "measure.undone" : "measure.redone"));
  }

  #refused(id, sentence) {
    this.refusal = sentence;
    this.every = this.every.filter((measure) => measure.id !== id);
    this.history.forget(id);
    this.#show();
  }

  /** Keys of the page: Enter puts a measure down while a tool is chosen, Escape leaves it, Delete removes the chosen one. */
  key(event) {
    if (event.key === "Escape" && (this.tool || this.selected)) {
      this.selected = "";
      this.choose("");
      return true;
    }
    if (event.key === "Enter" && this.tool && this.panes.film) {
      const { id, kind } = this.#middle();
      this.choose("");
      this.selected = id;
      this.#show();
      say(words(`measure.${kind}`));
      $("measure-list").querySelector(`[data-id="${id}"]`)?.focus();
      return true;
    }
    if ((event.key === "Delete" || event.key === "Backspace") && this.selected) {
      this.remove(this.selected);
      return true;
    }
    return false;
  }

  #middle() {
    const pane = this.panes.shown.includes(this.panes.active) ? this.panes.active : this.panes.shown[0];
    const { width, height } = pane.box;
    const places = this.tool === "angle" ? [[0.4, 0.4], [0.4, 0.6], [0.6, 0.6]] : [[0.4, 0.4], [0.6, 0.6]];
    const points = places.map(([x, y]) => this.#point(pane, x * width, y * height));
    const made = { id: publicId(), image: this.panes.film.image.id, kind: this.tool, points };
    this.#put(null, made);
    return made;
  }

  // In the list: arrows move the measure, with Shift one of its ends; Enter chooses it, then the next end.
  #listKey(event) {
    const id = event.target.closest("[data-id]")?.dataset.id;
    const before = this.list.find((measure) => measure.id === id);
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!before || !step || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    const { columns, rows } = this.panes.film.image;
    const [dx, dy] = [(step[0] * columns) / 256, (step[1] * rows) / 256];
    this.selected = id;
    if (!event.shiftKey) {
      this.#put(before, this.#shifted(before, dx, dy));
      return;
    }
    const at = this.end % before.points.length;
    const [x, y] = before.points[at];
    const points = moved(before.points, `${at},${at}`, [rounded(clamp(x + dx, 0, columns)), rounded(clamp(y + dy, 0, rows))]);
    if (!short(points)) this.#put(before, { ...before, points });
  }

  /** Draws the measures into every pane that can be seen. */
  paint() {
    if (!this.panes.film) return;
    const shown = this.draft ? [...this.list, this.draft] : this.list;
    for (const pane of this.panes.shown) marks(pane, shown, { film: this.panes.film, place: this.panes.place(pane), selected: this.selected });
  }

  #show() {
    for (const button of document.querySelectorAll("[data-measure-tool]")) button.setAttribute("aria-pressed", String(button.dataset.measureTool === this.tool));
    $("measure-hint").textContent = this.tool ? words(this.tool === "angle" && this.draft ? "measure.hint.arm" : `measure.hint.${this.tool}`) : "";
    this.#list();
    this.#state();
    this.panes.refresh();
  }

  #list() {
    const { film } = this.panes;
    const focused = document.activeElement?.closest("#measure-list [data-id]")?.dataset.id;
    const entries = film ? this.list.map((measure, at) => this.#entry(measure, at, film)) : [];
    $("measure-list").replaceChildren(...entries);
    if (focused) $("measure-list").querySelector(`[data-id="${focused}"]`)?.focus();
  }

  #entry(measure, at, film) {
    const entry = document.createElement("li");
    const [title, remove] = [document.createElement("button"), document.createElement("button")];
    const name = `${at + 1} ${words(`measure.${measure.kind}`)}`;
    Object.assign(title, { type: "button", className: "measure-name", textContent: `${name}: ${lines(measure, film, true).join(" · ")}` });
    if (measure.linked) title.textContent += ` (${words("measure.linked")})`;
    title.dataset.id = measure.id;
    title.setAttribute("aria-pressed", String(measure.id === this.selected));
    title.addEventListener("click", () => {
      this.end = this.selected === measure.id ? this.end + 1 : 0;
      this.selected = measure.id;
      this.#show();
    });
    Object.assign(remove, { type: "button", className: "measure-remove", textContent: "×", title: words("measure.remove") });
    remove.setAttribute("aria-label", `${words("measure.remove")}: ${name}`);
    remove.addEventListener("click", () => this.remove(measure.id));
    entry.append(title, remove);
    return entry;
  }

  #state() {
    const { kept, refusal } = this;
    const seconds = Math.round((Date.now() - kept.savedAt) / 1000);
    const text = refusal
      ? words("save.refused", refusal)
      : kept.failing
        ? words("save.retrying", kept.waiting.size)
        : kept.waiting.size
          ? words("save.saving")
          : !kept.savedAt
            ? ""
            : seconds < 60
              ? words("save.seconds", seconds)
              : words("save.minutes", Math.floor(seconds / 60));
    const element = $("measure-state");
    if (element.textContent !== text) element.textContent = text;
    element.dataset.state = refusal || kept.failing ? "failed" : "saved";
  }

  /** The part of a link: every measure of the shown image as [kind, x, y, x, y …]. One that is stored no more is shown again, unsaved. */
  get part() {
    return {
      save: () => (this.list.length ? this.list.map(({ kind, points }) => [KINDS.indexOf(kind), ...points.flat()]) : null),
      load: (saved) => {
        const here = new Set(this.list.map(({ kind, points }) => String([KINDS.indexOf(kind), points.flat()])));
        const image = this.panes.film.image;
        const fit = saved.filter((entry) => sound(entry, image));
        const gone = fit.filter((entry) => !here.has(String(entry)));
        for (const [kind, ...flat] of gone) this.every.push({ id: publicId(), image: image.id, kind: KINDS[kind], points: pairs(flat), linked: true });
        this.#show();
        return [gone.length && words("link.measures", gone.length), fit.length < saved.length && words("link.partly")];
      },
    };
  }
}

function sound([kind, ...flat], image) {
  if (!KINDS[kind] || flat.length !== 2 * pointsOf(KINDS[kind]) || !flat.every(Number.isFinite)) return false;
  return pairs(flat).every(([x, y]) => x >= 0 && y >= 0 && x <= image.columns && y <= image.rows) && !short(pairs(flat));
}

function pairs(flat) {
  return Array.from({ length: flat.length / 2 }, (_, at) => [flat[2 * at], flat[2 * at + 1]]);
}

function moved(points, end, [x, y]) {
  const [across, down] = end.split(",").map(Number);
  return points.map(([px, py], at) => [at === across ? x : px, at === down ? y : py]);
}

// Points on the same spot were a slip of the hand.
function short(points) {
  return points.some(([x, y], at) => at > 0 && Math.hypot(x - points[at - 1][0], y - points[at - 1][1]) < LEAST);
}

function rounded(value) {
  return Math.round(value * 100) / 100;
}
