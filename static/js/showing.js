// What each pane shows of what is there: the image its stack stands at, its layer's values once they have arrived, and
// otherwise why there is none, in words.

import { Refused, ask } from "./asking.js";
import { isAway } from "./connection.js";
import { failedFor, working } from "./jobs.js";
import { words } from "./words.js";

/** @import { Arriving } from "./arriving.js" */
/** @import { ExplanationData, Film, ImageData, LayerMap, Reading } from "./types.js" */
/** @import { Guests } from "./guests.js" */
/** @import { Arrival, Pane } from "./pane.js" */
/** @import { Panes } from "./panes.js" */
/** @import { Payload } from "./payload.js" */
/** @import { Maps, StackMaps } from "./stacks/maps.js" */
/** @import { Stack } from "./stacks/stack.js" */
/**
 * What is asked of the page that shows it; `why` says in its own words why a pane has no map.
 * @typedef {object} Host
 * @property {Panes} panes
 * @property {Maps} maps
 * @property {boolean} maximum
 * @property {Reading} data
 * @property {Pick<Payload, "part" | "label" | "waiting">} payload
 * @property {Pick<Arriving, "connection" | "missed">} arriving
 * @property {() => unknown} refresh
 * @property {(pane: Pane) => string} [why]
 * @property {Pick<Guests, "why">} [guests] why a place of its own is empty
 */
/**
 * A layer and its map of an image, as far as they are there.
 * @typedef {{ explanation?: ExplanationData, map?: LayerMap }} Stored
 */

export class Showing {
  /**
   * Layers of films and stacks that only a pane of its own shows, by their stack, network and finding.
   * @type {Map<string, ExplanationData[]>}
   */
  elsewhere = new Map();

  /** @param {Host} page */
  constructor(page) {
    this.page = page;
    this.panes = page.panes;
  }

  /**
   * A stored layer of an image.
   * @param {ImageData | null} image
   * @param {string} method
   * @returns {Stored}
   */
  layerOf(image, method) {
    if (!image) return {};
    const { data, maps } = this.page;
    /** @param {ExplanationData} entry */
    const mine = (entry) => entry.stack === image.stack && entry.method === method && entry.finding === data.finding;
    const explanation = data.explanations.find(mine) ?? this.elsewhere.get(this.#about(image))?.find(mine);
    return { explanation, map: explanation && maps.known(explanation)?.slice(image.at) };
  }

  /**
   * Gives a pane what there is for it.
   * @param {Pane} pane
   */
  give(pane) {
    if (pane.layer) this.#fill(pane);
    this.shows(pane);
  }

  /** @param {Pane} pane */
  #fill(pane) {
    const { image, stack, method, plane } = pane;
    const { own } = pane.element.dataset;
    const part = this.page.payload.part(image);
    const { finding } = this.page.data;
    pane.scores = stack?.ordered(part?.slice_scores?.[finding] ?? null) ?? null;
    pane.weights = stack?.ordered(part?.slice_weights?.[finding] ?? null) ?? null;
    pane.tell("");
    if (own && !stack) pane.tell(this.page.guests?.why(pane.place) ?? "");
    else if (!stack || !image) pane.tell(words(`plane.missing.${plane}`));
    else if (method) this.#layer(pane, stack, image);
  }

  /**
   * @param {Pane} pane
   * @param {Stack} stack that it shows
   * @param {ImageData} image
   */
  #layer(pane, stack, image) {
    const { explanation } = this.layerOf(image, pane.method);
    if (explanation) {
      this.#fetch(pane, explanation);
      return;
    }
    pane.maps = null;
    pane.belongs = { rules: [], moves: null };
    pane.explanation = "";
    pane.layerId = "";
    pane.missed = false;
    pane.tell(this.page.why?.(pane) ?? this.#why(pane));
    if (stack.guest) pane.tell(words(this.elsewhere.has(this.#about(image)) ? "pane.none" : "exam.fetching"));
    if (stack.guest || (pane.kept !== null && stack.separate)) this.#fetchElsewhere(pane, image);
  }

  /**
   * What layers of a film are asked for: its own, by the network and of the finding that are shown.
   * @param {ImageData} image
   */
  #about({ stack }) {
    const { model, finding } = this.page.data;
    return `${stack} ${model} ${finding}`;
  }

  /** @param {Pane} pane */
  #why({ image, method }) {
    const { data } = this.page;
    if (!data.model) return words("exam.no-network");
    const imported = [...data.methods, ...data.more].some((one) => one.imported && one.name === method);
    if (failedFor(data) || imported) return words("pane.none");
    if (data.arrangement === "planes" && data.prediction && !this.page.payload.part(image)) return words("exam.not-read");
    if (this.page.arriving.connection.away) return words("pane.away");
    if (working()) return words("pane.waiting");
    return words(this.page.payload.waiting ? "exam.fetching" : "pane.none");
  }

  /** Why maps are not there is another reason now. */
  anew() {
    for (const pane of this.panes.all) if (pane.method && !pane.map) this.give(pane);
  }

  /**
   * @param {Pane} pane
   * @param {ExplanationData} explanation
   */
  async #fetch(pane, explanation) {
    const { maps } = this.page;
    const { values_url: address } = explanation;
    // Of a map that is there, notes stand under it; of one that is not, the reason takes its place.
    const drawn = explanation.state === "ok";
    const told = drawn ? "" : [explanation.state_text, ...explanation.notes].filter(Boolean).join(" · ");
    pane.tell(told);
    pane.maps = maps.known(explanation) ?? null;
    pane.belongs = explanation;
    pane.explanation = address;
    pane.layerId = explanation.id;
    if (pane.maps || explanation.state !== "ok") return;
    pane.tell(words("exam.fetching"));
    pane.missed = false;
    pane.coming = address;
    try {
      const found = await maps.get(explanation);
      if (pane.explanation !== address) return;
      pane.maps = found;
      pane.tell(told);
    } catch (error) {
      if (pane.explanation !== address) return;
      pane.explanation = "";
      pane.missed = true;
      pane.tell(words(isAway(error) ? "pane.away" : "load.failed"));
      this.page.arriving.missed(error, "maps", () => this.page.refresh());
    } finally {
      if (pane.coming === address) pane.coming = "";
    }
    this.shows(pane);
  }

  /**
   * A film of the series that only this pane shows: its maps are looked at, and not judged.
   * @param {Pane} pane
   * @param {ImageData} image
   */
  async #fetchElsewhere(pane, image) {
    const { data } = this.page;
    const about = this.#about(image);
    if (this.elsewhere.has(about)) return;
    this.elsewhere.set(about, []);
    const query = new URLSearchParams({ image: image.id, model: data.model, finding: data.finding });
    try {
      /** @type {Reading} */
      const { explanations } = await ask(`${pane.stack?.visit?.data ?? data.urls.data}?${query}`);
      this.elsewhere.set(about, explanations);
      if (pane.image === image) this.give(pane);
    } catch (error) {
      // A network that does not read such a film, or has not, says so: there is nothing to ask for again.
      const refused = error instanceof Refused && pane.stack?.guest;
      if (!refused) this.elsewhere.delete(about);
      if (pane.image === image) pane.tell(words(refused ? "pane.none" : "load.failed"));
    }
  }

  /**
   * The pane's image, or what there is of it, has changed.
   * @param {Pane} pane
   */
  shows(pane) {
    const { image, maps, method } = pane;
    if (method) pane.map = maps && image ? this.#cut(maps, image) : null;
    const place = pane.tellPlace();
    const beside = place || (method ? this.page.payload.label : "") || words("film");
    pane.element.setAttribute("aria-label", words("pane.label", pane.title, beside));
    pane.strip?.show(pane);
    this.mark(pane);
    this.panes.refresh();
  }

  /**
   * @param {StackMaps} maps
   * @param {ImageData} image
   */
  #cut(maps, image) {
    return this.page.maximum && maps.ordered && maps.explanation.slices > 1 ? maps.most() : maps.slice(image.at);
  }

  /**
   * The pane's state mark, by what of its stack has arrived.
   * @param {Pane} pane
   */
  mark(pane) {
    const { stack, image } = pane;
    pane.state.hidden = !stack;
    if (!stack || !image) return;
    this.#opened(pane, image);
    if (this.panes.renderer) this.#arrived(pane, stack, image);
    else this.#fixed(pane, image);
  }

  /**
   * @param {Pane} pane
   * @param {Stack} stack
   * @param {ImageData} image
   */
  #arrived(pane, stack, image) {
    const film = stack.films.get(image.id);
    if (!film) pane.mark(waiting(stack, image));
    else if (pane.coming && pane.coming === pane.explanation) pane.mark("loading");
    else if (pane.missed) pane.mark("failed");
    else if (pane.method && !this.layerOf(image, pane.method).explanation) pane.mark("bare");
    else if (stack.films.size < stack.count && !stack.separate) {
      pane.mark("preview", words("exam.loaded", stack.films.size, stack.count));
    } else this.#drawn(pane, film);
  }

  /**
   * @param {Pane} pane
   * @param {Film} film
   */
  #drawn(pane, film) {
    const level = this.panes.renderer?.reduction(film);
    const reduced = level ? film.levels[level] : undefined;
    if (reduced) pane.mark("preview", words("state.reduced", reduced.width, reduced.height));
    else pane.mark("full");
  }

  /**
   * The picture that came with the page goes once its image is drawn, or at once where another image is wanted.
   * @param {Pane} pane
   * @param {ImageData} image
   */
  #opened(pane, image) {
    const picture = pictureOf(pane);
    if (!picture || !this.panes.renderer) return;
    if (picture.dataset.image !== image.id) picture.remove();
    else if (pane.film) requestAnimationFrame(() => requestAnimationFrame(() => picture.remove()));
  }

  /**
   * Without WebGL2 the server's own picture takes the pane: of the map where there is one, else of the image.
   * @param {Pane} pane
   * @param {ImageData} image
   */
  #fixed(pane, image) {
    pane.mark("preview");
    const picture = pictureOf(pane) ?? put(pane);
    const { explanation } = this.layerOf(image, pane.method);
    const drawn = explanation?.state === "ok" ? explanation.overlay_url : "";
    const address = drawn || image.thumbnail_url;
    if (picture.getAttribute("src") !== address) picture.src = address;
  }
}

/**
 * How far an image is that has not arrived.
 * @param {Stack} stack
 * @param {ImageData} image
 * @returns {Arrival}
 */
function waiting(stack, { id }) {
  if (stack.failed.has(id)) return "failed";
  return stack.previews.has(id) ? "preview" : "loading";
}

/**
 * The server's picture in a pane, or null.
 * @param {Pane} pane
 * @returns {HTMLImageElement | null}
 */
function pictureOf(pane) {
  return pane.view.querySelector("img.pane-preview");
}

/** @param {Pane} pane */
function put(pane) {
  const picture = document.createElement("img");
  picture.className = "pane-preview";
  picture.alt = "";
  pane.view.prepend(picture);
  return picture;
}
