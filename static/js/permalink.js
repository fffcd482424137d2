// The link that restores a view. What is shown lies in the address's fragment, which no browser sends to a server: "#view=1."
// and the JSON of every part that differs from how a case opens, as base64url. Parts register themselves by name; a part that a
// link does not name, or that this version does not know, stays as it is. Nothing in it says who the patient is.

/** @import { Part } from "./types.js" */
/** @typedef {Record<string, any>} Linked */
/** @typedef {{ state: Linked | null, error?: undefined } | { state?: undefined, error: "newer" | "broken" }} Decoded */

const MARK = "#view=";
const VERSION = 1;
const LONGEST = 16384;

export class Permalink {
  /** @type {Map<string, Part>} */
  #parts = new Map();

  /**
   * A part of the view: `save()` gives plain JSON or null, `load(json)` takes it and may return a sentence for people.
   * @param {string} name
   * @param {Part} part
   */
  register(name, { save, load }) {
    this.#parts.set(name, { save, load });
  }

  /** The view as text: every part, or the named ones. */
  collect(names = [...this.#parts.keys()]) {
    return encode(this.saved(names));
  }

  /**
   * What parts say of the view now.
   * @param {string[]} names
   */
  saved(names) {
    /** @type {Linked} */
    const state = {};
    for (const name of names) {
      const saved = this.#parts.get(name)?.save() ?? null;
      if (saved !== null) state[name] = saved;
    }
    return state;
  }

  /**
   * Restores what `state` names; returns sentences for what could not be restored. `unfit` is said of a part that makes no
   * sense.
   * @param {Linked} state
   * @param {string} unfit
   * @returns {string[]}
   */
  restore(state, unfit) {
    const said = [];
    for (const [name, { load }] of this.#parts) {
      if (!(name in state)) continue;
      try {
        said.push(load(state[name]));
      } catch {
        said.push(unfit);
      }
    }
    const sentences = said.flat().flatMap((one) => (typeof one === "string" && one ? [one] : []));
    return [...new Set(sentences)];
  }
}

/**
 * A view as the text that stands in an address.
 * @param {Linked} state
 */
export function encode(state) {
  const octets = new TextEncoder().encode(JSON.stringify(state, shortened));
  const text = btoa(String.fromCharCode(...octets));
  return `${VERSION}.${text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")}`;
}

/**
 * Seven figures place a point of any film to a hundredth of a pixel.
 * @param {string} _
 * @param {unknown} value
 */
function shortened(_, value) {
  return typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(7)) : value;
}

/**
 * The view in a fragment: {state} with state null where there is none, or {error}: "newer" or "broken".
 * @param {string} hash
 * @returns {Decoded}
 */
export function decode(hash) {
  if (!hash.startsWith(MARK)) return { state: null };
  const found = /^(\d{1,4})\.([\w-]+)$/.exec(hash.slice(MARK.length));
  if (!found || hash.length > LONGEST) return { error: "broken" };
  if (Number(found[1]) > VERSION) return { error: "newer" };
  try {
    const octets = Uint8Array.from(atob(found[2].replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
    const state = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(octets));
    return state && typeof state === "object" && !Array.isArray(state) ? { state } : { error: "broken" };
  } catch {
    return { error: "broken" };
  }
}

/**
 * An address with a view.
 * @param {string} address
 * @param {string} view
 */
export function linked(address, view) {
  return `${address}${MARK}${view}`;
}

/**
 * What of the payload says where a page is.
 * @typedef {{ image: string, model: string, finding: string }} Place
 * @typedef {Place & { images: { id: string }[], models: { name: string }[], urls: { case: string } }} Shown
 */

/**
 * The address to load first because the page shows another image, network or finding than the view is of; "" where it need not.
 * @param {Decoded} view
 * @param {Shown} data
 * @param {string} search the page's own query
 */
export function elsewhere({ state }, data, search) {
  const at = state?.at;
  if (!at || typeof at !== "object") return "";
  /** @type {Partial<Place>} */
  const wanted = {};
  if (data.images.some(({ id }) => id === at.image)) wanted.image = at.image;
  if (data.models.some(({ name }) => name === at.model)) wanted.model = at.model;
  if (typeof at.finding === "string" && at.finding) wanted.finding = at.finding;
  const query = new URLSearchParams(wanted);
  const here = new URLSearchParams(search);
  const shown = [...query].every(([name, value]) => data[/** @type {keyof Place} */ (name)] === value);
  const asked = [...query].every(([name, value]) => here.get(name) === value);
  return shown || asked ? "" : `${data.urls.case}?${query}`;
}
