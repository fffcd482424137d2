// The page of a case, films and exams alike. Brings together what the server said (the payload), the stacks and their layers,
// what which pane shows, the display state, the reader's hands and their verdicts.

import { Another } from "./another.js";
import { Arriving } from "./arriving.js";
import { Beside } from "./beside.js";
import { Compare } from "./compare.js";
import { Drawers } from "./drawers.js";
import { element, optional } from "./elements.js";
import { anew } from "./folds.js";
import { Grid } from "./grid.js";
import { Glimpses } from "./glimpses.js";
import { Guests } from "./guests.js";
import { Handbar } from "./handbar.js";
import { History } from "./history.js";
import { Input } from "./input.js";
import { isOpen, showJob } from "./jobs.js";
import { listen } from "./keys.js";
import { actions } from "./keytable.js";
import { register } from "./layers.js";
import { Matrix } from "./matrix.js";
import { More } from "./more.js";
import { Notice } from "./notice.js";
import { Panes } from "./panes.js";
import { Payload } from "./payload.js";
import { decode, elsewhere } from "./permalink.js";
import { Pictures } from "./pictures.js";
import { Probe } from "./probe.js";
import { Record } from "./record.js";
import { Regions } from "./regions.js";
import { rendering } from "./rendering.js";
import { Reviews } from "./review.js";
import { Room } from "./room.js";
import { Scrolling } from "./scrolling.js";
import { Showing } from "./showing.js";
import { Stagebar } from "./stagebar.js";
import { Crosshair } from "./stacks/crosshair.js";
import { Maps } from "./stacks/maps.js";
import { Loader, Stack } from "./stacks/stack.js";
import { Strip } from "./stacks/strip.js";
import { Thumbs } from "./thumbs.js";
import { ToNetworks } from "./tonetworks.js";
import { Tools } from "./tools.js";
import { Display } from "./viewport/state.js";
import { learn, say, words } from "./words.js";

/** @import { Called, CaseData, ImageData, Shape, Told } from "./types.js" */
/** @import { Pane } from "./pane.js" */
/** @import { Group } from "./viewport/state.js" */

export class Case {
  /** Whether the payload has reached the panes. */
  #taken = false;

  /** Whether maps show their largest value over all slices. */
  maximum = false;

  /** @param {CaseData} data */
  constructor(data) {
    const notice = new Notice();
    this.notice = notice;
    this.arriving = new Arriving(this);
    this.payload = new Payload(data, { arrived: (told) => this.#arrived(told), ...this.arriving.hearer });
    this.stacks = new Map(data.stacks.map((entry) => [entry.id, new Stack(entry)]));
    const history = new History();
    const display = new Display((place) => this.#group(place));
    const panes = new Panes(element("grid"), display, rendering(notice, () => this.panes.refresh()));
    this.history = history;
    this.display = display;
    this.panes = panes;
    this.maps = new Maps(() => panes.all.map(({ explanation }) => explanation));
    this.showing = new Showing(this);
    this.scrolling = new Scrolling(this);
    this.loader = this.#loading();
    panes.each((pane) => {
      pane.strip = new Strip(pane, (_, at) => this.scrolling.jump(pane, at));
    });
    // What the reader draws, points and judges with.
    const regions = new Regions(panes, (before, after) => this.reviews?.regionChanged(before, after));
    this.regions = regions;
    this.tools = new Tools({ display, panes, regions, input: () => this.input });
    this.reviews = optional("judge") ? new Reviews(data, panes, history, (explanation) => this.maps.get(explanation)) : null;
    regions.told = () => this.reviews?.showRegion();
    const presets = () => this.tools.presets;
    this.input = new Input({ panes, display, regions: regions.hand, slices: this.scrolling, presets });
    this.cross = this.#crosshair();
    this.input.takers.push(this.cross);
    this.probe = this.#pointing();
    this.matrix = optional("matrix") && this.reviews ? this.#comparing() : null;
    // What the strip above the panes and the drawers below them do.
    this.#plain();
    this.more = this.judged ? new More(this) : null;
    this.#register(data);
    this.guests = new Guests(this);
    this.grid = new Grid(panes, this);
    this.compare = new Compare(panes);
    this.bar = new Stagebar(this);
    this.drawers = optional("drawers") ? new Drawers(this) : null;
    this.#follow();
    this.scrolling.open(data);
    this.grid.lay();
    panes.activate(this.grid.front(this.payload.chosen.image));
    this.take(data);
    this.room = new Room(panes);
    this.record = new Record(this);
    this.another = new Another(this);
    this.networks = new ToNetworks(this);
    this.handbar = new Handbar(this);
    this.glimpses = new Glimpses(this);
    this.thumbs = new Thumbs(this);
    this.beside = new Beside(this);
    listen(actions(this));
    this.#listen();
    this.loader.look();
  }

  /** What the server said last, as far as it is of what is shown. */
  get data() {
    return this.payload.data;
  }

  #loading() {
    const loader = new Loader({
      shown: () => this.scrolling.wanted,
      came: (stack, image) => this.#came(stack, image),
      lost: (error) => this.arriving.film(error),
    });
    loader.known = [...this.stacks.values()];
    return loader;
  }

  #crosshair() {
    return new Crosshair({
      panes: this.panes,
      stacks: () => this.scrolling.wanted.map(({ stack }) => stack),
      jump: (stack, at) => this.scrolling.to(stack, at),
      drawn: (pane) => this.#drawn(pane.image),
    });
  }

  #pointing() {
    const { panes, display, regions } = this;
    return new Probe({
      panes,
      display,
      read: () => this.data,
      layerOf: (image, method) => this.showing.layerOf(image, method),
      free: () => !regions.hand.drawing && !this.input.zooming,
    });
  }

  #comparing() {
    const { panes, display, maps } = this;
    return new Matrix({ panes, display, maps, read: () => this.data });
  }

  // The film, plain or under what the methods have in common.
  #plain() {
    /** @param {Pane} pane */
    const overlay = (pane) => (this.display.overlap && this.matrix?.overlay(pane)) || null;
    register({ id: "film", kind: "film", title: words("film"), overlay });
  }

  /**
   * The layers that the network opens with, and what other software said.
   * @param {CaseData} data
   */
  #register(data) {
    if (!this.judged) return;
    for (const { name, kind, title, signed, summary, caution, influence, ends: [above, below] } of data.methods) {
      register({ id: `map:${name}`, kind, method: name, title, signed, summary, caution, influence, above, below });
    }
    if (this.matrix) register(this.matrix.layer);
    this.more?.take(data);
  }

  // What goes with the panes, and with every drawing of them.
  #follow() {
    const { panes, display } = this;
    const pictures = panes.renderer ? null : new Pictures(panes);
    panes.onActivate(() => this.#activated());
    panes.painted = () => {
      pictures?.paint();
      this.regions.hand.paint();
      this.cross.paint();
      this.probe.paint();
      this.matrix?.look();
      this.record?.paint();
      this.reviews?.paint();
      this.compare.look();
      this.tools.showScale();
      this.handbar?.look();
      this.glimpses?.look();
      this.drawers?.parts.whatif?.slice();
      this.drawers?.parts.counterfactual?.slice();
    };
    display.listen(() => this.scrolling.alone());
    this.grid.onChange(() => this.#taken && this.more?.ask());
  }

  /** Whether there are layers here at all. */
  get judged() {
    return Boolean(this.reviews);
  }

  /**
   * Zoom, place and turns go with a plane, the window with a series of slices.
   * @param {number | string} place
   * @returns {Group}
   */
  #group(place) {
    return this.panes?.all[Number(place)]?.stack?.group ?? { view: "", window: "" };
  }

  /**
   * Shapes that lie on a pane's image, where it is not the image that the hand works on.
   * @param {ImageData | null} image
   * @returns {Shape[]}
   */
  #drawn(image) {
    if (!this.reviews || !image || image === this.panes.active.image) return [];
    const region = this.reviews.regionOf(image.stack);
    return (region?.shapes ?? []).filter((shape) => shape.image === image.id);
  }

  /**
   * @param {Stack} stack
   * @param {ImageData} image
   */
  #came(stack, image) {
    for (const pane of this.panes.all) {
      if (pane.stack !== stack) continue;
      const film = pane.image?.id === image.id ? pane.film : null;
      if (film) {
        this.tools.film(stack, film, pane.place);
        this.showing.shows(pane);
      } else this.showing.mark(pane);
    }
    const { active } = this.panes;
    if (active.stack !== stack || active.image?.id !== image.id) return;
    this.record?.film();
    this.reviews?.show(); // there is something to draw on now
  }

  #activated() {
    this.regions.look();
    if (this.#taken) this.judge();
    this.loader.look();
  }

  #listen() {
    element("findings").addEventListener("change", ({ target }) => {
      if (target instanceof HTMLInputElement && target.name === "finding") this.showFinding(target.value);
      if (target instanceof HTMLSelectElement && target.name === "model") target.form?.requestSubmit();
    });
    document.body.addEventListener("analysed", () => this.refresh());
    this.arriving.follow(this);
    // A reader moved an operating point; the findings say so already.
    document.body.addEventListener("moved", (event) => {
      const { said } = this.payload.called(/** @type {CustomEvent<Called>} */ (event).detail);
      this.panes.unlikely = this.payload.unlikely;
      this.panes.refresh();
      this.reviews?.show();
      say(said);
    });
    document.body.addEventListener("opined", (event) => say(/** @type {CustomEvent<Called>} */ (event).detail.said));
    // What another window or another machine did meanwhile.
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.reviews?.reread();
    });
    window.addEventListener("online", () => this.reviews?.reread());
    optional("report-close")?.addEventListener("click", () => {
      element("report").remove();
      if (!optional("siblings")) this.payload.chosen.upload = "";
      this.payload.address();
    });
  }

  /**
   * An image of the case by its id.
   * @param {string} id
   */
  image(id) {
    for (const { images, places } of this.stacks.values()) {
      const at = places.get(id);
      if (at !== undefined) return images[at];
    }
    return undefined;
  }

  /** The map of the shown slice, or the largest value over all slices. */
  most(on = !this.maximum) {
    this.maximum = on;
    for (const pane of this.panes.all) this.showing.shows(pane);
    this.bar.show();
    say(words(on ? "most.on" : "most.off"));
  }

  /**
   * Gives a pane what there is for it.
   * @param {Pane} pane
   */
  give(pane) {
    this.showing.give(pane);
    if (pane.stack && pane.film) this.tools.film(pane.stack, pane.film, pane.place);
  }

  /**
   * A pane shows something else of what it has.
   * @param {Pane} pane
   */
  shows(pane) {
    this.showing.shows(pane);
  }

  /** Panes show other stacks. */
  moved() {
    this.scrolling.alone();
    const { arrangement, stack } = this.grid;
    const other = arrangement === "grid" && stack?.separate && stack.image.stack !== this.data.stack;
    if (this.#taken && other) this.scrolling.film(stack.image);
    this.regions.look();
    if (this.#taken) this.judge();
    this.loader.look();
  }

  /**
   * Takes a payload: what there is of predictions, layers and verdicts, into the panes.
   * @param {Told} told
   */
  take(told) {
    // A page made for maps is of no use once the guard has refused the image: the server has another one, with its reasons.
    if (told.inspection?.stopped && !isOpen(told) && this.judged) {
      location.reload();
      return;
    }
    this.payload.take(told);
    this.#taken = true;
    for (const entry of told.stacks) this.stacks.get(entry.id)?.take(entry);
    this.#register(told);
    this.panes.unlikely = this.payload.unlikely;
    showJob(told);
    for (const pane of this.panes.all) this.showing.give(pane);
    this.judge();
    this.drawers?.take(told);
    this.more?.ask();
  }

  /** What is judged is the active pane's stack. */
  judge() {
    const { image, stack } = this.panes.active;
    this.reviews?.take(this.data, (!stack?.guest && image?.stack) || this.data.stack, this.regions);
  }

  /**
   * Another finding: every stack at its slice, its layers if they are there, else they are asked for.
   * @param {string} finding
   */
  async showFinding(finding) {
    this.payload.choose(finding);
    if (this.data.arrangement === "planes") this.scrolling.open(this.data);
    for (const pane of this.panes.all) this.showing.give(pane);
    this.judge();
    this.loader.look();
    say(words("say.finding", this.payload.label));
    await this.refresh();
  }

  /** Asks the server what there is now, for what is shown. */
  refresh() {
    return this.payload.refresh();
  }

  /** @param {Told} told */
  async #arrived(told) {
    const first = !this.data.prediction || this.data.prediction.id !== told.prediction?.id;
    if (first && told.arrangement === "planes") {
      this.scrolling.open(told);
      if (this.grid.follow(told)) this.grid.lay();
    }
    const opening = first && this.grid.arrangement === "planes" && !this.data.model && told.methods.length;
    this.take(told);
    if (opening) this.grid.choose(`map:${told.methods[0].name}`);
    await anew(told, first || told.arrangement === "planes");
    this.bar.show();
    this.reviews?.show();
    this.record.tell(this.another.look());
    if (told.prediction && !this.more?.missing.length) say(words("say.arrived", this.payload.label));
  }
}

/** @type {CaseData} */
const data = JSON.parse(element("case-data").textContent ?? "");
learn(data.strings);
const images = data.stacks.flatMap((stack) => stack.images);
const first = elsewhere(decode(location.hash), { ...data, images }, location.search);
if (first) location.replace(first + location.hash);
else new Case(data);
