// The case page. Brings together what the server said (the payload), the panes, the display state, the reader's hands and their
// verdicts; fetches films and maps once and keeps them. What it shows is in the payload or came from its addresses.

import { Alone } from "./alone.js";
import { Compare } from "./compare.js";
import { Drawers } from "./drawers.js";
import { Films } from "./films.js";
import { Grid } from "./grid.js";
import { History } from "./history.js";
import { Input } from "./input.js";
import { failedFor, isOpen } from "./jobs.js";
import { listen } from "./keys.js";
import { keys } from "./keytable.js";
import { register } from "./layers.js";
import { Matrix } from "./matrix.js";
import { Panes } from "./panes.js";
import { Probe } from "./probe.js";
import { decode, elsewhere } from "./permalink.js";
import { Record } from "./record.js";
import { Regions } from "./region.js";
import { Reviews } from "./review.js";
import { Stagebar } from "./stagebar.js";
import { Tools } from "./tools.js";
import { fetchPreview } from "./viewport/film.js";
import { Renderer } from "./viewport/gl.js";
import { fetchMap } from "./viewport/map.js";
import { Display } from "./viewport/state.js";
import { learn, say, words } from "./words.js";

const [SETTLE, UNLIKELY] = [250, 0.1];
const $ = (id) => document.getElementById(id);

class Case {
  constructor(data) {
    this.data = data;
    const address = new URLSearchParams(location.search);
    this.chosen = Object.fromEntries(["image", "model", "finding", "upload"].map((name) => [name, address.get(name) ?? ""]));
    this.films = new Films();
    this.maps = new Map();
    this.fetching = new Map();
    this.display = new Display();
    this.history = new History();
    this.panes = new Panes($("grid"), this.display, this.#renderer());
    this.regions = new Regions(this.panes, (before, after) => this.reviews?.regionChanged(before, after));
    this.tools = new Tools({ display: this.display, panes: this.panes, regions: this.regions, input: () => this.input });
    this.reviews = $("judge") ? new Reviews(data, this.panes, this.history, (explanation) => this.map(explanation)) : null;
    this.regions.told = () => this.reviews?.showRegion();
    // One series is one stack: the wheel and the keys stay in it, another series is another page.
    const { series } = data.images.find(({ id }) => id === data.image);
    this.stack = data.images.filter((image) => image.series === series);
    this.alone = new Alone(this.panes, this.display, this);
    const by = (step, pane) => (this.alone.has(pane) ? this.alone.step(pane, step) : this.slice(this.place + step));
    this.slices = { count: this.stack.length, by };
    const { display, panes, regions, slices } = this;
    this.input = new Input({ panes, display, regions, slices, presets: () => this.tools.presets });
    const looked = { panes, display, maps: this.maps, read: () => this.data };
    this.probe = new Probe({ ...looked, free: () => !regions.drawing && !this.input.zooming });
    this.matrix = this.reviews && new Matrix(looked);
    panes.painted = () => {
      regions.paint();
      this.probe.paint();
      this.matrix?.look();
      this.record.paint();
      this.reviews?.paint();
      this.tools.showScale();
    };
    this.#layers();
    this.drawers = $("drawers") ? new Drawers(this) : null;
    this.record = new Record(this);
    listen(keys(this));
    this.#listen();
    this.take(data);
    panes.each((pane) => this.give(pane));
    this.showImage(data.image, true);
  }

  // The layers that every case has: the film, and each method's map where there is a pane for it.
  #layers() {
    register({ id: "film", kind: "film", title: words("film"), overlay: () => (this.display.overlap && this.matrix?.overlay) || null });
    const shown = this.panes.all.some((pane) => pane.method) ? this.data.methods : [];
    for (const method of shown) {
      register({ id: `map:${method.name}`, kind: "map", method: method.name, title: method.title, signed: method.signed, summary: method.summary });
    }
    if (this.matrix && shown.length) register(this.matrix.layer);
    this.grid = new Grid(this.panes);
    this.compare = new Compare(this.panes);
    this.bar = new Stagebar(this);
  }

  #renderer() {
    try {
      return new Renderer($("canvas"), {
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

  /** What was asked for did not arrive: say so, and offer to ask again. */
  missed(again) {
    this.notice(words("load.failed"), () => {
      this.notice("");
      again();
    });
  }

  #listen() {
    $("findings").addEventListener("change", (event) => {
      if (event.target.name === "finding") this.showFinding(event.target.value);
      if (event.target.name === "model") event.target.form.submit();
    });
    $("stage-again").addEventListener("click", () => this.again?.());
    document.body.addEventListener("analysed", () => this.refresh());
    // What another window or another machine did meanwhile.
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.reviews?.reread());
    window.addEventListener("online", () => this.reviews?.reread());
    $("report-close")?.addEventListener("click", () => {
      $("report").remove();
      if (!$("siblings")) this.chosen.upload = "";
      this.#address();
    });
    $("series")?.addEventListener("change", (event) => event.target.form.submit());
    $("slice")?.addEventListener("input", (event) => this.slice(Number(event.target.value) - 1));
  }

  /** Place of the shown image in its series, from 0. */
  get place() {
    return this.stack.findIndex(({ id }) => id === this.data.image);
  }

  get label() {
    return this.data.prediction?.scores.find(({ finding }) => finding === this.data.finding)?.label ?? "";
  }

  /** Takes a payload: verdicts, and the maps of the shown finding into their panes. */
  take(data) {
    // A page made for maps is of no use once the guard has refused the image: the server has another one, with its reasons.
    if (data.inspection?.stopped && !isOpen(data) && this.panes.all.length > 1) return void location.reload();
    this.data = data;
    const probability = data.prediction?.scores.find(({ finding }) => finding === data.finding)?.probability ?? 1;
    this.panes.unlikely = probability < UNLIKELY ? `${(probability * 100).toFixed(1)} %` : "";
    if (data.prediction) this.read = { model: data.model, finding: data.finding };
    this.reviews?.take(data, this.regions);
    for (const pane of this.panes.all) this.give(pane);
    this.drawers?.take(data);
    const lost = failedFor(data);
    if (data.prediction && !lost && data.methods.some(({ name }) => !data.explanations.some(({ method }) => method === name))) this.#ask(isOpen(data));
  }

  /** Gives a pane what there is for it. */
  give(pane) {
    if (pane.image || !pane.layer) return undefined;
    if (!pane.method) return this.panes.film && this.#settled(pane);
    const { data } = this;
    const explanation = data.explanations.find(({ method }) => method === pane.method);
    pane.element.setAttribute("aria-label", words("pane.label", pane.title, this.label || words("film")));
    if (explanation) this.#fill(pane, explanation);
    else this.#clear(pane, words(failedFor(data) || !(isOpen(data) || data.prediction) ? "pane.none" : "pane.waiting"));
    return this.reviews?.show();
  }

  // Maps that are not there are asked for once per finding; the job's fragment then says when they are.
  #ask(open) {
    const { image, model, finding, urls, job } = this.data;
    const asked = `${image} ${model} ${finding}`;
    if (this.asked === asked || (open && job.kind === "analyse")) return;
    this.asked = asked;
    htmx.ajax("POST", urls.explanations, { target: "#job", swap: "outerHTML", values: { finding, model, image } });
  }

  #clear(pane, text) {
    pane.map = null;
    pane.explanation = "";
    pane.tell(text);
    pane.mark(this.panes.film ? "full" : "loading", text || undefined);
    this.panes.refresh();
  }

  /** A map's values, fetched once. */
  async map(explanation) {
    const { id } = explanation;
    const asked = this.maps.has(id) || this.fetching.has(id);
    if (!asked) this.fetching.set(id, fetchMap(explanation).finally(() => this.fetching.delete(id)));
    const map = this.maps.get(id) ?? (await this.fetching.get(id));
    this.maps.set(id, map);
    return map;
  }

  async #fill(pane, explanation) {
    if (pane.explanation === explanation.id) return;
    pane.explanation = explanation.id;
    pane.map = this.maps.get(explanation.id) ?? null;
    pane.tell([explanation.state_text, ...explanation.notes].filter(Boolean).join(" · "));
    if (explanation.state === "ok" && !pane.map && this.panes.renderer) {
      pane.mark("loading");
      this.panes.refresh();
      try {
        const map = await this.map(explanation);
        if (pane.explanation !== explanation.id) return;
        pane.map = map;
      } catch {
        if (pane.explanation !== explanation.id) return;
        pane.explanation = "";
        pane.mark("failed");
        this.missed(() => this.refresh());
        return;
      }
    }
    if (!this.panes.renderer) this.#fixed(pane, explanation);
    this.#settled(pane);
    this.panes.refresh();
  }

  // Without WebGL2 the server's own picture of the map takes the pane.
  #fixed(pane, explanation) {
    pane.view.querySelector(".pane-preview").src = explanation.state === "ok" ? explanation.overlay_url : this.stack[this.place].thumbnail_url;
  }

  #settled(pane) {
    const { film, renderer } = this.panes;
    if (!renderer) return pane.mark("preview");
    if (!film) return pane.mark("loading");
    if (film.first) return pane.mark("preview");
    const level = renderer.reduction(film);
    if (!level) return pane.mark("full");
    const { width, height } = film.levels[level];
    return pane.mark("preview", words("state.reduced", width, height));
  }

  /** Another finding: its maps if they are there, else they are asked for. */
  async showFinding(finding) {
    this.chosen.finding = finding;
    this.data = { ...this.data, finding, explanations: [] };
    for (const pane of this.panes.all) if (pane.method && !pane.image) this.#clear(pane, words("pane.waiting"));
    this.reviews?.take(this.data, this.regions);
    say(words("say.finding", this.label));
    await this.refresh();
  }

  // What the reader chose or is reading by now. Before any network has read the film nothing is held fast: the server then says
  // which network reads it, and its top finding.
  #wanted() {
    return Object.fromEntries(["model", "finding"].map((name) => [name, this.chosen[name] || this.read?.[name] || ""]));
  }

  // The address says what the reader chose, and nothing that they did not.
  #address() {
    const chosen = new URLSearchParams(Object.entries(this.chosen).filter(([, value]) => value));
    history.replaceState(null, "", chosen.size ? `${this.data.urls.case}?${chosen}` : this.data.urls.case);
  }

  /** Asks the server what there is now, for what is shown. */
  async refresh() {
    const { image, finding, urls } = this.data;
    const query = new URLSearchParams({ ...this.#wanted(), image });
    this.#address();
    const asked = `${image} ${finding} ${Date.now()}`;
    const began = performance.now();
    this.asking = asked;
    try {
      const response = await fetch(`${urls.data}?${query}`, { headers: { Accept: "application/json" } });
      if (!response.ok) throw new Error(String(response.status));
      const data = { ...(await response.json()), asked: began };
      if (this.asking !== asked) return;
      const first = !this.data.prediction || this.data.prediction.id !== data.prediction?.id;
      this.take(data);
      if (first) await htmx.ajax("GET", `${urls.case}?${new URLSearchParams({ image, model: data.model, finding: data.finding })}`, { target: "#findings", swap: "innerHTML" });
      this.reviews?.show();
      if (data.explanations.length === data.methods.length) say(words("say.arrived", this.label));
    } catch {
      if (this.asking === asked) this.missed(() => this.refresh());
    }
  }

  /** The image at a place of its series, from 0. */
  slice(place) {
    const image = this.stack[Math.min(Math.max(place, 0), this.stack.length - 1)];
    if (image.id === this.data.image) return;
    this.alone.hold();
    this.chosen.image = image.id;
    this.data = { ...this.data, image: image.id, explanations: [], prediction: null };
    for (const pane of this.panes.all) if (pane.method && !pane.image) this.#clear(pane, words("pane.waiting"));
    this.reviews?.take(this.data, this.regions);
    this.showImage(image.id, false);
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.refresh(), SETTLE);
  }

  #count({ series }) {
    const text = document.querySelector(".slice-words");
    if (!text) return;
    const several = this.data.series.length;
    text.textContent = words(several > 1 ? "slice.series" : "slice", this.place + 1, this.stack.length, series + 1, several);
    if ($("slice")) $("slice").value = String(this.place + 1);
  }

  /** An image's film. */
  film(image) {
    return this.films.get(image);
  }

  // A large film is first drawn from a small one, so that reading begins before all of it has travelled.
  async #preview(image) {
    const film = await fetchPreview(image).catch(() => null);
    if (film && this.data.image === image.id && !this.films.has(image.id)) this.#show(film, true);
  }

  #show(film, fresh) {
    this.panes.film = film;
    this.tools.film(film, fresh);
    this.record.film();
    for (const pane of this.panes.all) if (!pane.image && (!pane.method || pane.map || !pane.sentence.textContent)) this.#settled(pane);
    this.reviews?.show();
    this.panes.refresh();
  }

  async showImage(id, fresh) {
    const image = this.stack.find((entry) => entry.id === id);
    this.#count(image);
    if (!this.panes.renderer) return;
    for (const pane of this.panes.all) if (!this.films.has(id) && !pane.image) pane.mark(this.panes.film ? "loading" : "preview");
    try {
      if (fresh) await this.#preview(image);
      const film = await this.film(image);
      if (this.data.image === id) this.#show(film, fresh && !this.panes.film);
    } catch {
      for (const pane of this.panes.all) pane.mark("failed");
      this.missed(() => this.showImage(id, fresh));
    }
  }
}

const data = JSON.parse($("case-data").textContent);
learn(data.strings);
const first = elsewhere(decode(location.hash), data, location.search);
if (first) location.replace(first + location.hash);
else new Case(data);
