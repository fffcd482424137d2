// The case page. Brings together what the server said (the payload), the panes, the display state, the reader's hands and their
// verdicts; fetches films and maps once and keeps them. Everything it shows is in the payload or was fetched from its addresses.

import { Drawers } from "./drawers.js";
import { Input } from "./input.js";
import { listen } from "./keys.js";
import { Panes } from "./panes.js";
import { Regions } from "./region.js";
import { Reviews } from "./review.js";
import { Tools } from "./tools.js";
import { fetchFilm } from "./viewport/film.js";
import { Renderer } from "./viewport/gl.js";
import { fetchMap } from "./viewport/map.js";
import { Display } from "./viewport/state.js";
import { learn, say, words } from "./words.js";

const KEPT_FILMS = 24;
const SETTLE = 250;
const UNLIKELY = 0.1;
const $ = (id) => document.getElementById(id);

class Case {
  constructor(data) {
    this.data = data;
    const address = new URLSearchParams(location.search);
    this.chosen = Object.fromEntries(["image", "model", "finding"].map((name) => [name, address.get(name) ?? ""]));
    this.films = new Map();
    this.maps = new Map();
    this.display = new Display();
    this.panes = new Panes($("grid"), this.display, this.#renderer());
    this.regions = new Regions(this.panes, (before, after) => this.reviews?.regionChanged(before, after));
    this.tools = new Tools({ display: this.display, panes: this.panes, regions: this.regions, input: () => this.input });
    this.reviews = $("judge") ? new Reviews(data, this.panes) : null;
    this.regions.told = () => this.reviews?.showRegion();
    // One series is one stack: the wheel and the keys stay in it, another series is another page.
    const { series } = data.images.find(({ id }) => id === data.image);
    this.stack = data.images.filter((image) => image.series === series);
    this.slices = { count: this.stack.length, by: (step) => this.slice(this.place + step) };
    const { display, panes, regions, slices } = this;
    this.input = new Input({ panes, display, regions, slices, presets: () => this.tools.presets });
    panes.painted = () => {
      regions.paint();
      this.tools.showScale();
    };
    this.drawers = $("drawers") ? new Drawers(this) : null;
    this.#keys();
    this.#listen();
    this.take(data);
    this.showImage(data.image, true);
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
    $("report-close")?.addEventListener("click", () => {
      $("report").remove();
      this.#address();
    });
    $("series")?.addEventListener("change", (event) => event.target.form.submit());
    $("slice")?.addEventListener("input", (event) => this.slice(Number(event.target.value) - 1));
  }

  #keys() {
    const { display, panes, regions, tools } = this;
    const vertical = (step) => (this.slices.count > 1 ? this.slices.by(step) : panes.move(step * panes.columns));
    const end = (name) => (this.slices.count > 1 ? this.slice(name === "first" ? 0 : this.slices.count - 1) : panes.move(name));
    listen({
      before: (event) => regions.key(event),
      undo: () => this.reviews?.undo(),
      verdict: (number) => this.reviews?.judge(number),
      preset: (number) => tools.choose(number - 1),
      i: () => display.set({ invert: !display.invert }),
      z: () => this.input.toggleZoom(),
      "=": () => display.fit(),
      space: () => tools.reset(),
      h: () => display.turn("horizontal"),
      v: () => display.turn("vertical"),
      r: () => display.turn("right"),
      l: () => display.turn("left"),
      o: () => panes.toggleOverlays(),
      m: () => panes.all.length > 1 && panes.toggleLarge(panes.active),
      d: () => this.reviews && regions.mode(!regions.drawing),
      "?": () => $("keys").showModal(),
      Escape: () => this.#escape(),
      ArrowLeft: () => panes.move(-1),
      ArrowRight: () => panes.move(1),
      ArrowUp: () => vertical(-1),
      ArrowDown: () => vertical(1),
      Home: () => end("first"),
      End: () => end("last"),
    });
  }

  #escape() {
    if (this.regions.drawing) this.regions.cancel();
    else if (this.input.zooming) this.input.toggleZoom(false);
    else if (this.panes.enlarged) this.panes.toggleLarge(this.panes.shown[0]);
    else document.activeElement?.blur();
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
    this.data = data;
    const probability = data.prediction?.scores.find(({ finding }) => finding === data.finding)?.probability ?? 1;
    this.panes.unlikely = probability < UNLIKELY ? `${(probability * 100).toFixed(1)} %` : "";
    if (data.prediction) this.read = { model: data.model, finding: data.finding };
    this.reviews?.take(data, this.regions);
    this.drawers?.take(data);
    const open = Boolean(data.job) && ["queued", "running"].includes(data.job.state);
    const lost = failedFor(data);
    for (const pane of this.panes.all) {
      if (!pane.method) continue;
      const explanation = data.explanations.find(({ method }) => method === pane.method);
      pane.element.setAttribute("aria-label", words("pane.label", pane.title, this.label || words("film")));
      if (explanation) this.#fill(pane, explanation);
      else this.#clear(pane, words(lost || !(open || data.prediction) ? "pane.none" : "pane.waiting"));
    }
    if (data.prediction && !lost && data.methods.some(({ name }) => !data.explanations.some(({ method }) => method === name))) this.#ask(open);
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

  async #fill(pane, explanation) {
    if (pane.explanation === explanation.id) return;
    pane.explanation = explanation.id;
    pane.map = this.maps.get(explanation.id) ?? null;
    pane.tell([explanation.state_text, ...explanation.notes].filter(Boolean).join(" · "));
    if (explanation.state === "ok" && !pane.map && this.panes.renderer) {
      pane.mark("loading");
      this.panes.refresh();
      try {
        const map = await fetchMap(explanation);
        this.maps.set(explanation.id, map);
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
    const level = renderer.reduction(film);
    if (!level) return pane.mark("full");
    const { width, height } = film.levels[level];
    return pane.mark("preview", words("state.reduced", width, height));
  }

  /** Another finding: its maps if they are there, else they are asked for. */
  async showFinding(finding) {
    this.chosen.finding = finding;
    this.data = { ...this.data, finding, explanations: [] };
    for (const pane of this.panes.all) if (pane.method) this.#clear(pane, words("pane.waiting"));
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
    this.asking = asked;
    try {
      const response = await fetch(`${urls.data}?${query}`, { headers: { Accept: "application/json" } });
      if (!response.ok) throw new Error(String(response.status));
      const data = await response.json();
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
    this.chosen.image = image.id;
    this.data = { ...this.data, image: image.id, explanations: [], prediction: null };
    for (const pane of this.panes.all) if (pane.method) this.#clear(pane, words("pane.waiting"));
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

  async showImage(id, fresh) {
    const image = this.stack.find((entry) => entry.id === id);
    this.#count(image);
    if (!this.panes.renderer) return;
    for (const pane of this.panes.all) if (!this.films.has(id)) pane.mark(this.panes.film ? "loading" : "preview");
    try {
      const film = this.films.get(id) ?? (await fetchFilm(image));
      this.films.delete(id);
      this.films.set(id, film);
      if (this.films.size > KEPT_FILMS) this.films.delete(this.films.keys().next().value);
      if (this.data.image !== id) return;
      this.panes.film = film;
      this.tools.film(film, fresh);
      for (const pane of this.panes.all) if (!pane.method || pane.map || !pane.sentence.textContent) this.#settled(pane);
      this.reviews?.show();
      this.panes.refresh();
      performance.mark("film shown");
    } catch {
      for (const pane of this.panes.all) pane.mark("failed");
      this.missed(() => this.showImage(id, fresh));
    }
  }
}

/** Whether the job that should have brought what is shown has failed: then only the reader asks again. */
function failedFor({ job, prediction, image, finding }) {
  if (!job || !["failed", "cancelled"].includes(job.state)) return false;
  return job.kind === "analyse" ? !prediction : job.image === image && job.finding === finding;
}

const data = JSON.parse($("case-data").textContent);
learn(data.strings);
new Case(data);
