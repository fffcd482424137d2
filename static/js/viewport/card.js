// What the graphics card holds for one WebGL2 context: the two passes' programs, a texture per film, map, VOI LUT and colour
// map. Made anew after the context was lost. Films and maps are plain values (film.js, map.js); their textures are made when
// first drawn, and the ones used last are kept.

import { table } from "./colormaps.js";
import { Program } from "./program.js";
import { FINISH, SAMPLE, SAMPLE_KINDS } from "./shaders.js";

/** @import { Cells, Film, Level } from "../types.js" */
/** @typedef {{ texture: WebGLTexture, lut?: WebGLTexture }} Held */
/** @typedef {Held & { base: number, count: number }} HeldFilm `base`: how often it was halved, `count` levels from there on */
/** @typedef {{ data: Uint8Array | Uint16Array | Float32Array, width: number, height: number }} Values */

/** Which texture unit has what. */
export const UNITS = Object.freeze({ film: 0, lut: 1, map: 2, colours: 3, cells: 4 });
const SPARE = 7;
const LUT_WIDTH = 1024;
const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;

export class Card {
  /** @type {Map<string, HeldFilm>} */
  #films = new Map();

  /** @type {Map<string, Held>} */
  #maps = new Map();

  /** @type {Map<string, WebGLTexture>} */
  #colours = new Map();

  /**
   * @param {WebGL2RenderingContext} gl
   * @param {{ films: number, maps: number }} most how many of them are kept
   */
  constructor(gl, most) {
    this.gl = gl;
    this.most = most;
    /** @type {number} */
    this.largest = gl.getParameter(gl.MAX_TEXTURE_SIZE);
    this.sample = new Program(gl, SAMPLE, UNITS);
    this.kinds = new Program(gl, SAMPLE_KINDS, UNITS);
    this.finish = new Program(gl, FINISH, UNITS);
    const told = gl.getExtension("WEBGL_debug_renderer_info")?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER;
    /** Whether pictures are made without a graphics card. */
    this.software = SOFTWARE.test(gl.getParameter(told));
    /** The hardware's own filter for maps, where it has one. */
    this.filtered = gl.getExtension("OES_texture_float_linear") ? sampler(gl) : null;
    gl.bindSampler(UNITS.map, this.filtered);
    this.frame = gl.createFramebuffer();
    gl.bindVertexArray(gl.createVertexArray());
    gl.disable(gl.DITHER);
    gl.enable(gl.SCISSOR_TEST);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    /** In the place of what a picture does without. */
    this.nothing = {
      lut: integers(gl, [{ data: new Uint16Array(1), width: 1, height: 1 }]),
      map: floats(gl, { data: new Float32Array(1), width: 1, height: 1 }),
    };
  }

  /**
   * How often a film is halved to fit the graphics card, or because no more of it is there.
   * @param {Film} film
   */
  reduction(film) {
    const fits = (/** @type {Level | undefined} */ level) => level && Math.max(level.width, level.height) <= this.largest;
    return Math.max(film.first, film.levels.findIndex(fits));
  }

  /**
   * @param {Film} film
   * @returns {HeldFilm}
   */
  film(film) {
    return this.#kept(this.#films, `${film.image.id} ${film.first}`, this.most.films, () => {
      const base = this.reduction(film);
      const levels = film.levels.slice(base).filter((level) => level !== undefined);
      return { texture: integers(this.gl, levels), base, count: levels.length };
    });
  }

  /**
   * A film's VOI LUT, in rows of 1024 entries.
   * @param {Film} film
   */
  lut(film) {
    const entry = this.film(film);
    if (!film.lut) return this.nothing.lut;
    if (!entry.lut) {
      const { data } = film.lut;
      const height = Math.ceil(data.length / LUT_WIDTH);
      const padded = new Uint16Array(LUT_WIDTH * height);
      padded.set(data);
      entry.lut = integers(this.gl, [{ data: padded, width: LUT_WIDTH, height }]);
    }
    return entry.lut;
  }

  /** @param {Cells} map */
  map(map) {
    const { width, height } = map.explanation;
    const make = () => ({ texture: floats(this.gl, { data: map.values, width, height }) });
    return this.#kept(this.#maps, map.id, this.most.maps, make).texture;
  }

  /** @param {string} name */
  colours(name) {
    const known = this.#colours.get(name);
    if (known) return known;
    const { gl } = this;
    const data = new Uint8Array(table(name).buffer);
    const made = texture(gl, gl.RGBA8, [{ data, width: 256, height: 1 }], [gl.RGBA, gl.UNSIGNED_BYTE]);
    this.#colours.set(name, made);
    return made;
  }

  /**
   * A texture to draw into, two unsigned integers per pixel.
   * @param {number} width
   * @param {number} height
   */
  room(width, height) {
    const { gl } = this;
    const made = empty(gl, gl.RG32UI, width, height, 1);
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.frame);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, made, 0);
    return made;
  }

  /**
   * Keeps the entries used last; what falls out leaves the graphics card.
   * @template {Held} T
   * @param {Map<string, T>} entries
   * @param {string} key
   * @param {number} most
   * @param {() => T} make
   */
  #kept(entries, key, most, make) {
    const entry = entries.get(key) ?? make();
    entries.delete(key);
    entries.set(key, entry);
    if (entries.size > most) this.#dropOldest(entries);
    return entry;
  }

  /** @param {Map<string, Held>} entries */
  #dropOldest(entries) {
    for (const [key, { texture: gone, lut }] of entries) {
      this.gl.deleteTexture(gone);
      if (lut) this.gl.deleteTexture(lut);
      entries.delete(key);
      return;
    }
  }
}

/**
 * Puts a texture, or none, onto a unit.
 * @param {WebGL2RenderingContext} gl
 * @param {number} unit
 * @param {WebGLTexture | null} what
 */
export function bind(gl, unit, what) {
  gl.activeTexture(gl.TEXTURE0 + unit);
  gl.bindTexture(gl.TEXTURE_2D, what);
}

/** @param {WebGL2RenderingContext} gl */
function sampler(gl) {
  const made = gl.createSampler();
  if (!made) return null;
  gl.samplerParameteri(made, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
  gl.samplerParameteri(made, gl.TEXTURE_MAG_FILTER, gl.LINEAR);
  gl.samplerParameteri(made, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
  gl.samplerParameteri(made, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
  return made;
}

/**
 * Unsigned 16-bit values, each level half as large as the one before.
 * @param {WebGL2RenderingContext} gl
 * @param {Values[]} levels
 */
function integers(gl, levels) {
  return texture(gl, gl.R16UI, levels, [gl.RED_INTEGER, gl.UNSIGNED_SHORT]);
}

/**
 * @param {WebGL2RenderingContext} gl
 * @param {Values} values
 */
function floats(gl, values) {
  return texture(gl, gl.R32F, [values], [gl.RED, gl.FLOAT]);
}

/**
 * @param {WebGL2RenderingContext} gl
 * @param {number} format
 * @param {Values[]} levels
 * @param {[layout: number, type: number]} as how the values come
 */
function texture(gl, format, levels, [layout, type]) {
  const made = empty(gl, format, levels[0].width, levels[0].height, levels.length);
  levels.forEach(({ data, width, height }, level) => {
    gl.texSubImage2D(gl.TEXTURE_2D, level, 0, 0, width, height, layout, type, data);
  });
  return made;
}

/**
 * A texture without values; it stays bound to the spare unit.
 * @param {WebGL2RenderingContext} gl
 * @param {number} format
 * @param {number} width
 * @param {number} height
 * @param {number} levels
 */
function empty(gl, format, width, height, levels) {
  const made = gl.createTexture();
  bind(gl, SPARE, made);
  gl.texStorage2D(gl.TEXTURE_2D, levels, format, width, height);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, levels > 1 ? gl.NEAREST_MIPMAP_NEAREST : gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
  return made;
}
