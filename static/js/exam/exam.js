// The page of an exam of stacks: what the server said (the payload), the stacks and their maps, which pane shows what, and the reader's
// hands. How it is drawn, windowed, moved and judged is what a film's page has; what only stacks have lies beside this file.

import { History } from "../history.js";
import { Input } from "../input.js";
import { failedFor, isOpen } from "../jobs.js";
import { listen } from "../keys.js";
import { Renderer } from "../viewport/gl.js";
import { learn, say, words } from "../words.js";
import { Crosshair } from "./crosshair.js";
import { ExamDisplay } from "./display.js";
import { Layout } from "./layout.js";
import { fetchMaps } from "./maps.js";
import { ExamPanes } from "./panes.js";
import { StackRegions } from "./region.js";
import { Loader, Stack } from "./stack.js";
import { ExamTools } from "./tools.js";
import { StackReviews } from "./verdicts.js";

const KEPT = { films: 128, maps: 256 };
const KEPT_MAPS = 20;
const REST = 150;
const UNLIKELY = 0.1;
const $ = (id) => document.getElementById(id);

class Exam {
  constructor(data) {
    this.data = data;
    const address = new URLSearchParams(location.search);
    this.chosen = Object.fromEntries(["model", "finding"].map((name) => [name, address.get(name) ?? ""]));
    this.stacks = new Map(data.stacks.map((entry) => [entry.id, new Stack(entry)]));
    this.maps = new Map();
    this.fetching = new Map();
    this.display = new ExamDisplay((place) => this.#where(place));
    this.panes = new ExamPanes($("grid"), this.display, this.#renderer());
    this.loader = new Loader({ shown: () => this.#wanted(), came: (stack, image) => this.#came(stack, image), lost: (stack) => this.#lost(stack) });
    this.loader.known = [...this.stacks.values()];
    this.panes.strips((stack, at) => this.slice(stack, at));
    this.panes.each((pane) => this.#series(pane));
    this.panes.onActivate((pane) => this.#activated(pane));
    this.regions = new StackRegions(this.panes, (before, after) => this.reviews?.regionChanged(before, after));
    this.tools = new ExamTools({ display: this.display, panes: this.panes, regions: this.regions.hand, input: () => this.input });
    this.cross = new Crosshair({
      panes: this.panes,
      stacks: () => this.#wanted(),
      jump: (stack, at) => this.slice(stack, at),
      drawn: (pane) => this.#drawn(pane),
    });
    this.history = new History();
    this.reviews = new StackReviews(data, this.panes, this.history, (explanation) => this.#fetched(explanation));
    this.regions.told = () => this.reviews.showRegion();
    const slices = { count: 2, of: (pane) => pane.stack?.count ?? 0, by: (step, pane) => pane.stack && this.slice(pane.stack, pane.stack.at + step) };
    this.input = new Input({ panes: this.panes, display: this.display, regions: this.regions.hand, slices, presets: () => this.tools.presets });
    this.input.measures = this.cross;
    this.panes.painted = () => {
      this.regions.hand.paint();
      this.cross.paint();
      this.reviews.paint();
    };
    this.layout = new Layout(this);
    this.#open(data);
    this.layout.open(address.get("image"));
    this.#keys();
    this.#listen();
    this.layout.show();
    this.take(data);
    this.loader.look();
  }

  #renderer() {
    try {
      return new Renderer($("canvas"), {
        ...KEPT,
        onLost: () => this.notice(words("webgl.lost")),
        onRestored: () => {
          this.notice("");
          this.panes.refresh();
        },
      });
    } catch {
      this.notice(words("webgl.missing"));
      return null;
    }
  }

  notice(text, again = null) {
    $("stage-words").textContent = text;
    $("stage-notice").hidden = !text;
    $("stage-again").hidden = !again;
    this.again = again;
  }

  #where(place) {
    const stack = this.panes?.all[place]?.stack;
    return { plane: stack ? stack.plane || stack.id : "", series: stack?.series ?? "" };
  }

  // The stacks on the screen first, then those that a key brings there.
  #wanted() {
    const shown = this.panes.shown.map(({ stack }) => stack).filter(Boolean);
    const active = shown.includes(this.panes.active.stack) ? [this.panes.active.stack] : [];
    return [...new Set([...active, ...shown, ...this.#others()])];
  }

  #others() {
    return this.layout ? Object.values(this.layout.stacks).filter(Boolean) : [];
  }

  // Shapes that lie on a pane's slice, where it is not the slice that the hand works on.
  #drawn(pane) {
    if (pane.film?.image.id === this.panes.film?.image.id) return [];
    const region = this.reviews.regionOf(pane.stack);
    return (region?.shapes ?? []).filter(({ image }) => image === pane.stack.image.id);
  }

  #came(stack, image) {
    if (!this.panes.renderer) return;
    this.tools.first(stack, stack.films.get(image.id));
    for (const pane of this.panes.all) {
      if (pane.stack !== stack) continue;
      if (stack.image.id === image.id) this.#slice(pane);
      else this.panes.told(pane);
    }
    if (this.panes.active.stack !== stack || stack.image.id !== image.id) return;
    this.regions.slice();
    this.reviews.show(); // there is something to draw on now
  }

  #lost(stack) {
    for (const pane of this.panes.all) if (pane.stack === stack) this.panes.told(pane);
    this.notice(words("load.failed"), () => {
      this.notice("");
      for (const other of this.stacks.values()) other.failed.clear();
      this.loader.look();
      this.refresh();
    });
  }

  // Which series a pane shows is chosen in its head.
  #series(pane) {
    const list = pane.element.querySelector(".pane-series");
    list.addEventListener("change", () => this.layout.choose(pane, this.stacks.get(list.value)));
  }

  #activated(pane) {
    this.tools?.pane(pane);
    if (this.taken) this.#judge();
    this.loader?.look();
  }

  #listen() {
    $("findings").addEventListener("change", (event) => {
      if (event.target.name === "finding") this.showFinding(event.target.value);
      if (event.target.name === "model") event.target.form.submit();
    });
    $("stage-again").addEventListener("click", () => this.again?.());
    document.body.addEventListener("analysed", () => this.refresh());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.reviews.reread());
    window.addEventListener("online", () => this.reviews.reread());
    $("report-close")?.addEventListener("click", () => $("report").remove());
  }

  #keys() {
    const { display, panes, tools, layout, cross, reviews, history } = this;
    const { hand } = this.regions;
    const place = () => panes.active.place;
    const step = (by) => panes.active.stack && this.slice(panes.active.stack, panes.active.stack.at + by);
    listen({
      before: (event) => hand.key(event) || cross.key(event),
      undo: () => hand.back() || history.undo() || say(words("undone.nothing")),
      redo: () => hand.forward() || history.redo() || say(words("redone.nothing")),
      reason: (code) => reviews.panel.reasons.key(code),
      verdict: (number) => reviews.judge(number),
      preset: (number) => tools.choose(number - 1),
      i: () => tools.invert(),
      n: () => tools.interpolate(),
      z: () => this.input.toggleZoom(),
      "=": () => display.fit(place()),
      0: () => panes.film && this.input.actual(panes.active),
      g: () => layout.toggle(),
      ",": () => layout.step(-1),
      ".": () => layout.step(1),
      x: () => layout.most(),
      w: () => layout.sides(),
      s: () => this.opening(panes.active.stack),
      c: () => cross.toggle(),
      space: () => tools.reset(),
      h: () => display.turn("horizontal", place()),
      v: () => display.turn("vertical", place()),
      r: () => display.turn("right", place()),
      l: () => display.turn("left", place()),
      o: () => panes.toggleOverlays(),
      m: () => panes.toggleLarge(panes.active),
      d: () => hand.next(),
      e: () => hand.edit(),
      "?": () => $("keys").showModal(),
      Escape: () => this.#escape(),
      ArrowLeft: () => panes.move(-1),
      ArrowRight: () => panes.move(1),
      ArrowUp: () => step(-1),
      ArrowDown: () => step(1),
      Home: () => step(-Infinity),
      End: () => step(Infinity),
    });
  }

  #escape() {
    if (this.regions.hand.cancel()) return;
    if (this.input.zooming) this.input.toggleZoom(false);
    else if (this.panes.enlarged) this.panes.toggleLarge(this.panes.shown[0]);
    else document.activeElement?.blur();
  }

  get label() {
    return this.data.prediction?.scores.find(({ finding }) => finding === this.data.finding)?.label ?? "";
  }

  /** What the network said of one stack, or undefined. */
  answer(stack) {
    return this.data.prediction?.planes.find((plane) => plane.stack === stack?.id);
  }

  // Every plane at the slice with the largest score for the finding.
  #open(data) {
    for (const { stack, opens } of data.prediction?.planes ?? []) {
      const known = this.stacks.get(stack);
      if (known && data.finding in opens) known.at = opens[data.finding];
    }
  }

  /** One stack at the slice with the largest score. */
  opening(stack) {
    const at = this.answer(stack)?.opens[this.data.finding];
    if (at === undefined) return say(words("exam.no-score"));
    this.slice(stack, at);
    return say(words("exam.opened", at + 1, this.label));
  }

  /** A stack at another slice, in every pane that shows it. */
  slice(stack, at) {
    const wanted = Math.min(Math.max(at, 0), stack.count - 1);
    if (wanted === stack.at) return;
    stack.at = wanted;
    this.panes.dragging(true);
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.panes.dragging(false), REST);
    for (const pane of this.panes.all) if (pane.stack === stack) this.#slice(pane);
    if (this.panes.active.stack === stack) this.regions.slice();
    this.loader.look();
  }

  #slice(pane) {
    this.panes.slice(pane, this.layout.maximum);
  }

  /** Takes a payload: what there is of predictions, maps and verdicts, into the panes. */
  take(data) {
    this.data = data;
    for (const entry of data.stacks) this.stacks.get(entry.id)?.take(entry);
    const probability = data.prediction?.scores.find(({ finding }) => finding === data.finding)?.probability ?? 1;
    this.panes.unlikely = probability < UNLIKELY ? `${(probability * 100).toFixed(1)} %` : "";
    this.taken = data.reviews.map((review) => this.reviews.read(review));
    for (const pane of this.panes.all) this.give(pane);
    this.#judge();
    if (this.#missing() && !failedFor({ ...data, image: "" })) this.#ask();
  }

  // Maps of the shown finding that the chosen network should have made of the stacks that it reads.
  #missing() {
    const { prediction, explanations, methods } = this.data;
    const there = (stack, name) => explanations.some((e) => e.stack === stack && e.method === name);
    return prediction?.planes.some(({ stack }) => methods.some(({ name, imported }) => !imported && !there(stack, name)));
  }

  // What is judged is the active pane's stack: to the verdicts that is what a film is on its page.
  #judge() {
    const { data, panes } = this;
    const stack = panes.active.stack?.id ?? "";
    const mine = data.explanations.filter((explanation) => explanation.stack === stack);
    this.reviews.take({ ...data, image: stack, maps: data.explanations, explanations: mine, reviews: this.taken }, this.regions);
  }

  /** Gives a pane what there is for it. */
  give(pane) {
    const { data } = this;
    const answer = this.answer(pane.stack);
    pane.scores = answer?.slice_scores[data.finding] ?? null;
    const explanation = data.explanations.find((e) => e.stack === pane.stack?.id && e.method === pane.method);
    pane.tell("");
    if (!pane.stack) pane.tell(words(`plane.missing.${pane.element.dataset.missing}`));
    else if (pane.method && explanation) this.#fill(pane, explanation);
    else {
      pane.maps = null;
      pane.explanation = "";
      if (pane.method) pane.tell(this.#why(answer, pane.method));
    }
    this.#slice(pane);
  }

  #why(answer, method) {
    const { data } = this;
    if (!data.model) return words("exam.no-network");
    if (failedFor({ ...data, image: "" }) || data.methods.some(({ name, imported }) => imported && name === method)) return words("pane.none");
    if (data.prediction && !answer) return words("exam.not-read");
    return words(isOpen(data) || data.prediction ? "pane.waiting" : "pane.none");
  }

  // Maps that are not there are asked for once per finding; the job's fragment then says when they are.
  #ask() {
    const { model, finding, urls, job } = this.data;
    const asked = `${model} ${finding}`;
    if (this.asked === asked || (isOpen(this.data) && job.kind === "analyse")) return;
    this.asked = asked;
    htmx.ajax("POST", urls.explanations, { target: "#job", swap: "outerHTML", values: { finding, model } });
  }

  async #fill(pane, explanation) {
    pane.tell([explanation.state_text, ...explanation.notes].filter(Boolean).join(" · "));
    // The address names what the maps hold: maps of a stack that was read anew take the place, and the id, of those before.
    const { values_url: address } = explanation;
    pane.maps = this.maps.get(address) ?? null;
    pane.explanation = address;
    if (pane.maps || explanation.state !== "ok" || !this.panes.renderer) return;
    pane.tell(words("exam.fetching"));
    try {
      const maps = await this.#fetched(explanation);
      if (pane.explanation !== address) return;
      pane.maps = maps;
      pane.tell(explanation.notes.join(" · "));
      this.#slice(pane);
    } catch {
      if (pane.explanation !== address) return;
      pane.explanation = "";
      pane.tell(words("load.failed"));
      this.#lost(pane.stack);
    }
  }

  // A stack's maps, fetched once; the oldest go where there are many.
  async #fetched(explanation) {
    const { values_url: address } = explanation;
    if (this.maps.has(address)) return this.maps.get(address);
    if (!this.fetching.has(address)) this.fetching.set(address, fetchMaps(explanation).finally(() => this.fetching.delete(address)));
    const maps = await this.fetching.get(address);
    this.maps.set(address, maps);
    const held = new Set(this.panes.all.map(({ explanation: shown }) => shown));
    for (const old of [...this.maps.keys()].filter((key) => !held.has(key)).slice(0, Math.max(0, this.maps.size - KEPT_MAPS))) this.maps.delete(old);
    return maps;
  }

  /** Another finding: every plane at its slice, its maps if they are there, else they are asked for. */
  async showFinding(finding) {
    this.chosen.finding = finding;
    this.data = { ...this.data, finding, explanations: [] };
    this.#open(this.data);
    for (const pane of this.panes.all) this.give(pane);
    this.#judge();
    this.loader.look();
    say(words("say.finding", this.label));
    await this.refresh();
  }

  /** Asks the server what there is now, for what is shown. */
  async refresh() {
    const { urls, model, finding } = this.data;
    const wanted = { model: this.chosen.model || model, finding: this.chosen.finding || (this.data.prediction ? finding : "") };
    const chosen = new URLSearchParams(Object.entries(this.chosen).filter(([, value]) => value));
    history.replaceState(null, "", chosen.size ? `${urls.case}?${chosen}` : urls.case);
    const asked = (this.asking = {});
    const began = performance.now();
    try {
      const response = await fetch(`${urls.data}?${new URLSearchParams(wanted)}`, { headers: { Accept: "application/json" } });
      if (!response.ok) throw new Error(String(response.status));
      const data = { ...(await response.json()), asked: began };
      if (this.asking !== asked) return;
      const first = this.data.prediction?.id !== data.prediction?.id;
      if (first) {
        this.#open(data);
        this.layout.follow(data.planes);
      }
      this.take(data);
      this.layout.told();
      this.loader.look();
      const query = new URLSearchParams({ model: data.model, finding: data.finding });
      await htmx.ajax("GET", `${urls.case}?${query}`, { target: "#findings", swap: "innerHTML" });
      this.reviews.show();
      if (data.prediction && !this.#missing()) say(words("say.arrived", this.label));
    } catch {
      if (this.asking !== asked) return;
      this.notice(words("load.failed"), () => {
        this.notice("");
        this.refresh();
      });
    }
  }
}

const data = JSON.parse($("exam-data").textContent);
learn(data.strings);
new Exam(data);
