// All panes from one WebGL2 context: one canvas behind the grid, and a texture as large as the canvas that keeps what lies
// under every pixel of the screen, so that only what changed is looked up anew. What the graphics card holds beside it is
// card.js.

import { Card, UNITS, bind } from "./card.js";
import { inverted } from "./geometry.js";
import { GREY, SCALE } from "./map.js";

/** @import { Box, Extent, Film, Matrix, Overlay, Picture } from "../types.js" */
/** @import { Program } from "./program.js" */
/** @typedef {{ left: number, right: number, bottom: number, top: number }} Area canvas pixels from its lower left corner */
/** @typedef {{ key: string, area: Area }} Sampled what was looked up, and where it is kept */
/** @typedef {{ texture: WebGLTexture, width: number, height: number, areas: Sampled[] }} Room */

const SHAPES = { LINEAR: 0, LINEAR_EXACT: 1, SIGMOID: 2 };
const LUT_SHAPE = 3;
const KEPT_FILMS = 128;
const KEPT_MAPS = 256;
const WIDEST = 8192;

export class Renderer {
  /**
   * What lies under every pixel of the screen, as large as the canvas; null until something is drawn.
   * @type {Room | null}
   */
  #cells = null;

  /** Device pixels per CSS pixel, less where the canvas would be too large. */
  ratio = 1;

  /** Whether this picture is sampled quickly. */
  quick = false;

  /**
   * Throws where there is no WebGL2. `onRestored` is called when a lost context is back and everything must be drawn again;
   * `films` and `maps`: how many of them the graphics card keeps.
   * @param {HTMLCanvasElement} canvas
   * @param {{ onLost: () => void, onRestored: () => void, films?: number, maps?: number }} told
   */
  constructor(canvas, { onLost, onRestored, films = KEPT_FILMS, maps = KEPT_MAPS }) {
    const gl = canvas.getContext("webgl2", { alpha: false, antialias: false, depth: false, stencil: false });
    if (!gl) throw new Error("no WebGL2");
    this.canvas = canvas;
    this.gl = gl;
    this.card = new Card(gl, { films, maps });
    canvas.addEventListener("webglcontextlost", (event) => {
      event.preventDefault();
      onLost();
    });
    canvas.addEventListener("webglcontextrestored", () => {
      this.#cells = null;
      this.card = new Card(gl, { films, maps });
      onRestored();
    });
  }

  /**
   * Lays the canvas over a place of the page, exactly on the screen's own pixels so that nothing is resampled on the way to the
   * screen; returns its corner.
   * @param {DOMRect} place
   */
  resize(place) {
    const { canvas } = this;
    const fits = Math.min(this.card.largest, WIDEST) / Math.max(place.width, place.height, 1);
    const ratio = Math.min(window.devicePixelRatio || 1, fits);
    this.ratio = ratio;
    const [x, y, right, bottom] = [place.left, place.top, place.right, place.bottom].map((edge) => Math.round(edge * ratio));
    const wide = Math.max(1, right - x);
    const high = Math.max(1, bottom - y);
    if (canvas.width !== wide || canvas.height !== high) {
      canvas.width = wide;
      canvas.height = high;
    }
    canvas.style.left = `${x / ratio - place.left}px`;
    canvas.style.top = `${y / ratio - place.top}px`;
    canvas.style.width = `${wide / ratio}px`;
    canvas.style.height = `${high / ratio}px`;
    return { x: x / ratio, y: y / ratio };
  }

  /**
   * How often a film is halved to fit the graphics card, or because no more of it is there.
   * @param {Film} film
   */
  reduction(film) {
    return this.card.reduction(film);
  }

  /**
   * Draws panes, each in its `box`, in CSS pixels from the canvas' corner.
   * @param {Picture[]} panes
   * @param {number[]} surround the colour between panes, [r, g, b] in 0–255
   * @param {boolean} [moving] the view is being dragged, so that a rasteriser without a graphics card may sample quickly
   */
  draw(panes, surround, moving = false) {
    const { gl, canvas, card } = this;
    if (gl.isContextLost()) return;
    const cells = this.#room();
    this.quick = moving && card.software && Boolean(card.filtered);
    gl.viewport(0, 0, canvas.width, canvas.height);
    const boxes = [];
    const placed = [];
    for (const pane of panes) {
      const box = this.#area(pane);
      const area = box && this.#within(pane, box);
      if (box) boxes.push(box);
      if (area) placed.push({ pane, area });
    }
    gl.bindFramebuffer(gl.FRAMEBUFFER, card.frame);
    for (const { pane, area } of placed) this.#sample(pane, area, cells);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    this.#clear(boxes, surround);
    card.finish.use();
    bind(gl, UNITS.cells, cells.texture);
    for (const { pane, area } of placed) this.#finish(pane, area);
    // Never left bound: a texture may not be read while it is drawn into.
    bind(gl, UNITS.cells, null);
  }

  /**
   * The boxes black, what lies between them in its own colour.
   * @param {Area[]} boxes
   * @param {number[]} surround
   */
  #clear(boxes, [red, green, blue]) {
    const { gl, canvas } = this;
    gl.scissor(0, 0, canvas.width, canvas.height);
    gl.clearColor(red / 255, green / 255, blue / 255, 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.clearColor(0, 0, 0, 1);
    for (const box of boxes) {
      gl.scissor(box.left, box.bottom, box.right - box.left, box.top - box.bottom);
      gl.clear(gl.COLOR_BUFFER_BIT);
    }
  }

  // What is kept has the canvas' size; `areas` says what lies where.
  #room() {
    const { gl, canvas: { width, height } } = this;
    const known = this.#cells;
    if (known?.width === width && known.height === height) return known;
    if (known) gl.deleteTexture(known.texture);
    /** @type {Room} */
    const made = { texture: this.card.room(width, height), width, height, areas: [] };
    this.#cells = made;
    return made;
  }

  /**
   * Where a pane's box lies, or a part of it; null where nothing of it is left.
   * @param {Picture} pane
   * @returns {Area | null}
   */
  #area({ box, part = [0, 1] }) {
    const { ratio, canvas } = this;
    const left = Math.round((box.x + box.width * part[0]) * ratio);
    const right = Math.round((box.x + box.width * part[1]) * ratio);
    const bottom = canvas.height - Math.round((box.y + box.height) * ratio);
    const top = canvas.height - Math.round(box.y * ratio);
    return right > left && top > bottom ? { left, right, bottom, top } : null;
  }

  /**
   * What of a box the film covers: the rest is black and costs nothing.
   * @param {Picture} pane
   * @param {Area} area
   * @returns {Area | null}
   */
  #within({ box, matrix: [a, b, c, d, e, f], film: { image } }, area) {
    const { ratio, canvas } = this;
    const wide = image.columns;
    const high = image.rows;
    const x = box.x + e + Math.min(0, a * wide) + Math.min(0, b * high);
    const y = box.y + f + Math.min(0, c * wide) + Math.min(0, d * high);
    const left = Math.max(area.left, Math.floor(x * ratio));
    const right = Math.min(area.right, Math.ceil((x + Math.abs(a * wide) + Math.abs(b * high)) * ratio));
    const top = Math.min(area.top, canvas.height - Math.floor(y * ratio));
    const bottom = Math.max(area.bottom, canvas.height - Math.ceil((y + Math.abs(c * wide) + Math.abs(d * high)) * ratio));
    return right > left && top > bottom ? { left, right, bottom, top } : null;
  }

  /**
   * Looks up the film's value and the map's colour for every pixel of an area, unless they are kept already.
   * @param {Picture} pane
   * @param {Area} area
   * @param {Room} cells
   */
  #sample({ box, matrix, scale, film, interpolated, overlay }, area, cells) {
    const { image } = film;
    const key = JSON.stringify([area, box.x, box.y, matrix, image.id, film.first, interpolated, this.quick, seen(overlay)]);
    if (cells.areas.some((other) => other.key === key)) return;
    cells.areas = cells.areas.filter((other) => !meets(other.area, area));
    cells.areas.push({ key, area });

    const { gl, ratio, card } = this;
    const program = plain(overlay) ? card.sample : card.kinds;
    program.use();
    const held = card.film(film);
    const level = Math.max(0, Math.min(held.count - 1, Math.floor(Math.log2(1 / (scale * ratio))) - held.base));
    this.#back(program, matrix, box);
    bind(gl, UNITS.film, held.texture);
    program.int("level", level);
    program.floats("filmScale", 2 ** -(level + held.base), 2 ** -(level + held.base));
    program.floats("imageSize", image.columns, image.rows);
    program.floats("bias", film.bias);
    program.floats("slope", image.slope);
    program.floats("intercept", image.intercept);
    program.int("interpolated", interpolated);
    program.int("quick", this.quick);
    this.#overlay(overlay, program);
    this.#fill(area);
  }

  /**
   * The map from the canvas' pixels back to the image.
   * @param {Program} program
   * @param {Matrix} matrix
   * @param {Box} box
   */
  #back(program, matrix, box) {
    const { ratio, canvas } = this;
    const [a, b, c, d, e, f] = inverted(matrix);
    const x0 = -box.x;
    const y0 = canvas.height / ratio - box.y;
    program.floats("toX", a / ratio, -b / ratio, a * x0 + b * y0 + e);
    program.floats("toY", c / ratio, -d / ratio, c * x0 + d * y0 + f);
  }

  /**
   * @param {Overlay | null} overlay
   * @param {Program} program
   */
  #overlay(overlay, program) {
    const { gl, card } = this;
    program.int("hasMap", overlay !== null);
    bind(gl, UNITS.map, overlay ? card.map(overlay.map) : card.nothing.map);
    bind(gl, UNITS.colours, card.colours(overlay?.colours ?? "viridis"));
    if (!overlay) return;
    const { extent, reach = extent } = overlay.map.explanation;
    program.floats("extent", ...extent);
    program.floats("reach", ...within(reach, extent));
    program.floats("ends", ...overlay.ends);
    program.floats("threshold", overlay.threshold);
    program.floats("soft", overlay.soft ?? 0);
    program.int("lines", overlay.lines ?? false);
    program.int("smoothed", overlay.smooth);
    program.int("reading", overlay.reading ?? SCALE);
    program.int("contours", overlay.contours ?? false);
    program.floats("part", overlay.share ?? 1);
  }

  /**
   * Makes the picture of what is kept of an area.
   * @param {Picture} pane
   * @param {Area} area
   */
  #finish({ film, grey: { window: chosen, negative }, overlay }, area) {
    const { gl, card } = this;
    const { finish } = card;
    const { lut } = film;
    const looked = lut && !chosen;
    finish.int("negative", negative);
    finish.floats("opacity", overlay?.opacity ?? 0);
    finish.floats("strength", overlay?.strength ?? 1);
    finish.int("alone", overlay?.alone ?? false);
    bind(gl, UNITS.lut, looked ? card.lut(film) : card.nothing.lut);
    finish.int("shape", looked ? LUT_SHAPE : SHAPES[chosen?.shape ?? "LINEAR"]);
    finish.floats("centre", chosen?.centre ?? 0);
    finish.floats("width", chosen?.width ?? 1);
    finish.int("lutFirst", lut?.first ?? 0);
    finish.int("lutSize", lut?.data.length ?? 1);
    finish.floats("lutTop", lut?.top ?? 1);
    this.#fill(area);
  }

  /** @param {Area} area */
  #fill({ left, right, bottom, top }) {
    this.gl.scissor(left, bottom, right - left, top - bottom);
    this.gl.drawArrays(this.gl.TRIANGLES, 0, 3);
  }
}

/**
 * A rectangle as shares of an extent: 0, 0, 1, 1 is the extent itself.
 * @param {Extent} rectangle
 * @param {Extent} extent
 */
function within([x0, y0, x1, y1], [left, top, right, bottom]) {
  const wide = right - left;
  const high = bottom - top;
  return [(x0 - left) / wide, (y0 - top) / high, (x1 - left) / wide, (y1 - top) / high];
}

/**
 * Whether a picture has no layer, or one that is a scale of colours and nothing more.
 * @param {Overlay | null} overlay
 */
function plain(overlay) {
  return !overlay || ((overlay.reading ?? SCALE) === SCALE && !overlay.contours && !overlay.lines);
}

/**
 * What of an overlay the first pass looks at: when it is the same, what is kept of an area holds.
 * @param {Overlay | null} overlay
 */
function seen(overlay) {
  if (!overlay) return null;
  const { map, ends, colours, threshold, smooth, soft, lines, reading = SCALE, contours, share = 1 } = overlay;
  return [map.id, ends, colours, threshold, smooth, soft, lines, reading, contours, reading === GREY ? share : 0];
}

/**
 * @param {Area} a
 * @param {Area} b
 */
function meets(a, b) {
  return a.left < b.right && b.left < a.right && a.bottom < b.top && b.bottom < a.top;
}
