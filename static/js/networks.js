// The page that compares networks: a row per network, a column per method, and under them what one of two has more than the
// other. The panes, their display and their tools are the case's; here is what lies in which, and asking for what is missing.

import { Arriving } from "./arriving.js";
import { ask } from "./asking.js";
import { Compare } from "./compare.js";
import { difference } from "./difference.js";
import { element, optional } from "./elements.js";
import { Handbar } from "./handbar.js";
import { Input } from "./input.js";
import { listen } from "./keys.js";
import { layer, register } from "./layers.js";
import { fixedEnd } from "./looks.js";
import { Notice } from "./notice.js";
import { Panes } from "./panes.js";
import { Pictures } from "./pictures.js";
import { rendering } from "./rendering.js";
import { Showing } from "./showing.js";
import { Loader, Stack } from "./stacks/stack.js";
import { Maps } from "./stacks/maps.js";
import { Strip } from "./stacks/strip.js";
import { Tools } from "./tools.js";
import { View } from "./networksview.js";
import { clamp } from "./viewport/geometry.js";
import { Display } from "./viewport/state.js";
import { learn, say, words } from "./words.js";

/** @import { CellData, Drawn, ImageData, MethodData, NetworksData, Overlaid, Overlay, Reading, RowData } from "./types.js" */
/** @import { Pane } from "./pane.js" */
/** @import { Group } from "./viewport/state.js" */

/** Nothing is drawn on this page. */
const NO_HAND = { drawing: false, gesture: () => null, remove: () => {} };
const DIFFERENCE = "difference";
const ENDS = /** @type {[number, number]} */ ([-1, 1]);
/** Scales whose values are no amounts. */
const NO_AMOUNTS = ["classes", "grey"];

export class Networks {
  /** Maps are those of the shown slice. */
  maximum = false;

  /** What the update said when the payload was asked for last. */
  #mark = "";

  /**
   * What was asked for already, so that nothing is asked for twice.
   * @type {Set<string>}
   */
  #wanted = new Set();

  /**
   * The difference maps that were made last, by method.
   * @type {Map<string, Drawn>}
   */
  #made = new Map();

  /** @param {NetworksData} data */
  constructor(data) {
    this.told = data;
    const notice = new Notice();
    this.notice = notice;
    this.arriving = new Arriving(this);
    this.stacks = new Map(data.stacks.map((entry) => [entry.id, new Stack(entry)]));
    this.display = new Display((place) => this.#group(place));
    this.panes = new Panes(element("grid"), this.display, rendering(notice, () => this.panes.refresh()));
    this.maps = new Maps(() => this.panes.all.map(({ explanation }) => explanation));
    this.showing = new Showing(this);
    this.loader = new Loader({
      shown: () => this.panes.shown.flatMap(({ stack, at }) => (stack ? [{ stack, at }] : [])),
      came: (stack, image) => this.#came(stack, image),
      lost: (error) => this.arriving.film(error),
    });
    this.loader.known = [...this.stacks.values()];
    const { panes, display } = this;
    this.tools = new Tools({ display, panes, regions: { hand: NO_HAND }, input: () => this.input });
    const slices = {
      count: (/** @type {Pane} */ pane) => pane.stack?.count ?? 0,
      by: (/** @type {number} */ step, /** @type {Pane} */ pane) => this.#jump(pane, pane.at + step),
    };
    this.input = new Input({ panes, display, regions: NO_HAND, slices, presets: () => this.tools.presets });
    this.compare = new Compare(panes);
    this.handbar = new Handbar(this);
    this.view = new View(this);
    this.#seat();
    this.#follow();
    this.take(data);
    listen(actions(this));
    this.loader.look();
  }

  /**
   * What a pane's map is looked up in: every cell under its network's and its method's name.
   * @returns {Reading}
   */
  get data() {
    const { finding, rows, urls } = this.told;
    const explanations = rows.flatMap(({ model, cells }) => {
      return cells.flatMap(({ method, layer: made }) => (made ? [{ ...made, method: `${model}/${method}` }] : []));
    });
    const nothing = { methods: [], more: [], prediction: null, job: null, stack: "" };
    return { ...nothing, arrangement: "grid", explanations, finding, model: rows[0].model, urls };
  }

  /** What the page says of a finding; nothing else of a case's payload is asked for here. */
  get payload() {
    return { part: () => undefined, label: this.told.label, waiting: false };
  }

  /**
   * Zoom, place and turns go with a plane, the window with a series of slices, as on a case.
   * @param {number | string} place
   * @returns {Group}
   */
  #group(place) {
    return this.panes?.all[Number(place)]?.stack?.group ?? { view: "", window: "" };
  }

  // What lies in which pane never changes on this page.
  #seat() {
    const { rows, methods } = this.told;
    for (const row of rows) {
      for (const method of methods) this.#register(`${row.model}/${method.name}`, `${row.letter} · ${method.title}`, method);
      const stack = this.stacks.get(row.run);
      if (stack && !stack.separate) stack.at = Math.max(0, stack.placeOf(row.opens));
    }
    const [one, other] = this.#subtracted;
    for (const method of one ? methods : []) {
      const title = `${one.letter} − ${other.letter} · ${method.title}`;
      const ends = { above: one.letter, below: other.letter, signed: true };
      const overlay = (/** @type {Pane} */ pane) => this.#difference(pane, method.name);
      register({ id: `${DIFFERENCE}/${method.name}`, kind: DIFFERENCE, title, overlay, ...ends });
    }
    for (const pane of this.panes.all) {
      const { id, dataset } = pane.element;
      const shown = layer(dataset.layer ?? "");
      const stack = this.stacks.get(dataset.stack ?? "") ?? null;
      pane.set({ stack, plane: "", own: "", id: shown?.id ?? "", layer: shown, title: shown?.title ?? "", name: id });
      pane.strip = new Strip(pane, (_, at) => this.#jump(pane, at));
    }
  }

  /**
   * @param {string} id also the name under which its maps are known
   * @param {string} title
   * @param {MethodData} method
   */
  #register(id, title, { kind, signed, summary, caution, influence, ends: [above, below] }) {
    register({ id, kind, method: id, title, signed, summary, caution, influence, above, below });
  }

  /** The rows of the two networks whose maps are subtracted. */
  get #subtracted() {
    return this.told.minus.flatMap((model) => this.told.rows.find((row) => row.model === model) ?? []);
  }

  /**
   * The map of a network, or why there is none.
   * @param {string} key
   * @returns {CellData | undefined}
   */
  #cell(key) {
    return this.told.rows.flatMap(({ model, cells }) => cells.filter(({ method }) => `${model}/${method}` === key))[0];
  }

  /**
   * Why a pane has no map, as the server says it.
   * @param {Pane} pane
   */
  why(pane) {
    const { lacks, words: said } = this.#cell(pane.method) ?? { lacks: false, words: words("pane.none") };
    return lacks && this.arriving.connection.away ? words("pane.away") : said;
  }

  // What goes with every drawing, and what the server says of jobs.
  #follow() {
    const { panes, compare, arriving: { connection } } = this;
    const pictures = panes.renderer ? null : new Pictures(panes);
    panes.painted = () => {
      pictures?.paint();
      compare.look();
      this.tools.showScale();
      this.handbar?.look();
    };
    for (const mode of /** @type {const} */ (["swipe", "blink"])) {
      element(mode).addEventListener("click", () => compare.toggle(mode));
      compare.onChange(() => element(mode).setAttribute("aria-pressed", String(compare.mode === mode)));
    }
    connection.follow(document.body, ({ verb }) => {
      connection.lost("job", () => (verb === "post" ? this.refresh() : htmx.trigger("#networks-poll", "again")));
    });
    document.body.addEventListener("htmx:afterSettle", () => {
      if (element("networks-poll").dataset.mark !== this.#mark) this.refresh();
    });
  }

  /**
   * @param {Stack} stack
   * @param {ImageData} image
   */
  #came(stack, image) {
    for (const pane of this.panes.all) {
      if (pane.stack !== stack) continue;
      const film = pane.image?.id === image.id ? pane.film : null;
      if (film) this.tools.film(stack, film, pane.place);
      this.showing.shows(pane);
    }
    this.view.film();
  }

  /**
   * A stack at another image, in every pane that shows it.
   * @param {Pane} of
   * @param {number} at
   */
  #jump({ stack }, at) {
    if (!stack || stack.count < 2) return;
    stack.at = clamp(at, 0, stack.count - 1);
    for (const pane of this.panes.all) if (pane.stack === stack) this.showing.shows(pane);
    this.view.soon();
    this.loader.look();
  }

  /**
   * Up and down: through the images of a stack, or where there is one alone through the rows.
   * @param {number} step
   */
  vertical(step) {
    const { active, columns } = this.panes;
    if ((active.stack?.count ?? 0) > 1) this.#jump(active, active.at + step);
    else this.panes.move(step * columns);
  }

  /**
   * What the first of two networks has more than the second, over a pane's image.
   * @param {Pane} pane
   * @param {string} method
   * @returns {Overlaid | null}
   */
  #difference(pane, method) {
    const [one, other] = this.told.minus.map((model) => this.panes.all.find((seat) => seat.method === `${model}/${method}`));
    // Where one network's card alone has a range, both maps are taken in their own: a range and none are no common scale.
    const ranged = [one, other].map((seat) => seat?.map && fixedEnd(seat.map, this.display.of(seat.place)));
    const own = Boolean(ranged[0]) !== Boolean(ranged[1]);
    const [more, less] = [one, other].map((seat) => (seat?.map ? this.panes.look(seat, own) : null));
    const why = unlike([one, other], [more, less]);
    pane.tell(why && words(why));
    if (why || !more || !less || !one?.map || !other?.map) return null;
    const id = JSON.stringify([more, less].map(({ map: { id: drawn }, ends, strength }) => [drawn, ends, strength]));
    const known = this.#made.get(method);
    const map = known?.id === id ? known : difference(scaled(more, one.map), scaled(less, other.map), id);
    this.#made.set(method, map);
    return { map, ends: ENDS, faint: true };
  }

  /**
   * Takes what the server says.
   * @param {NetworksData} told
   */
  take(told) {
    this.told = told;
    this.#mark = element("networks-poll").dataset.mark ?? "";
    for (const pane of this.panes.all) if (pane.layer) this.showing.give(pane);
    this.#ask(told);
  }

  /**
   * Maps that are missing are asked for once; what failed only the reader asks for again.
   * @param {NetworksData} told
   */
  #ask({ rows, finding, urls }) {
    /** @param {RowData} row */
    const key = ({ model, cells }) => {
      return [model, finding, ...cells.filter(({ lacks }) => lacks).map(({ method }) => method)].join(" ");
    };
    const due = rows.filter((row) => !row.job && row.cells.some(({ lacks }) => lacks)).map(key);
    const fresh = due.filter((one) => !this.#wanted.has(one));
    for (const one of fresh) this.#wanted.add(one);
    if (fresh.length) htmx.ajax("post", urls.page, { target: "#networks-poll", swap: "outerHTML" });
  }

  /** Asks the server what there is now. */
  async refresh() {
    const { connection } = this.arriving;
    try {
      /** @type {NetworksData} */
      const told = await ask(this.told.urls.data);
      connection.reached();
      this.take(told);
      say(words("networks.arrived"));
    } catch (error) {
      this.arriving.missed(error, "payload", () => this.refresh());
    }
  }
}

/**
 * Why two maps cannot be subtracted, as a key of words; "" where they can.
 * @param {(Pane | undefined)[]} panes
 * @param {(Overlay | null)[]} looks
 */
function unlike([one, other], [more, less]) {
  if (!one?.map || !other?.map || !more || !less) return "networks.needs";
  if (one.stack !== other.stack) return "networks.apart";
  const scales = [one.map.explanation.scale, other.map.explanation.scale];
  return scales.some((scale) => NO_AMOUNTS.includes(scale ?? "")) ? "networks.kinds" : "";
}

/**
 * A map as it is drawn, and where its colours end.
 * @param {Overlay} look
 * @param {{ explanation: { signed: boolean } }} map
 */
function scaled({ map, ends: [, end], strength = 1 }, { explanation: { signed } }) {
  return { values: map.values, explanation: map.explanation, end, signed, strength };
}

/**
 * What the keys do.
 * @param {Networks} page
 * @returns {import("./keys.js").Actions}
 */
function actions(page) {
  const { tools, panes, display, compare, input, view } = page;
  const place = () => panes.active.place;
  const nothing = () => undefined;
  return {
    before: () => false,
    undo: nothing,
    redo: nothing,
    reason: nothing,
    verdict: nothing,
    preset: (number) => tools.choose(number - 1),
    keys: {
      "Shift+n": () => view.leave(),
      8: () => view.finding(-1),
      9: () => view.finding(1),
      o: () => panes.toggleOverlays(),
      m: () => panes.toggleLarge(panes.active),
      s: () => compare.toggle("swipe"),
      b: () => compare.toggle("blink"),
      i: () => tools.invert(),
      n: () => tools.interpolate(),
      z: () => input.toggleZoom(),
      "=": () => display.fit(place()),
      0: () => panes.film && input.actual(panes.active),
      space: () => tools.reset(),
      r: () => display.turn("right", place()),
      l: () => display.turn("left", place()),
      h: () => display.turn("horizontal", place()),
      v: () => display.turn("vertical", place()),
      ArrowLeft: () => panes.move(-1),
      ArrowRight: () => panes.move(1),
      ArrowUp: () => page.vertical(-1),
      ArrowDown: () => page.vertical(1),
      Home: () => panes.move("first"),
      End: () => panes.move("last"),
      "?": () => element("keys", HTMLDialogElement).showModal(),
      Escape: () => escape(page),
    },
  };
}

/** @param {Networks} page */
function escape({ compare, input, panes }) {
  if (compare.mode) compare.stop();
  else if (input.tool) input.choose("");
  else if (panes.enlarged) panes.toggleLarge(panes.shown[0]);
  else if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
}

/** @type {NetworksData} */
const told = JSON.parse(element("case-data").textContent ?? "");
learn(told.strings);
// Without a network or a method there is nothing to draw.
if (optional("grid")) new Networks(told);
