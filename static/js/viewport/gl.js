// All panes from one WebGL2 context: one canvas behind the grid, one texture per film and per map, and one as large as the canvas that
// keeps what lies under every pixel of the screen. Films and maps are plain values (film.js, map.js); textures are made from them when
// first drawn and again after the context was lost.

import { table } from "./colormaps.js";
import { inverted } from "./geometry.js";
import { FINISH, SAMPLE, VERTEX } from "./shaders.js";

const SHAPES = { LINEAR: 0, LINEAR_EXACT: 1, SIGMOID: 2 };
const UNITS = { film: 0, lut: 1, map: 2, colours: 3, cells: 4 };
const FILTERED = ["MIN_FILTER", "MAG_FILTER", "WRAP_S", "WRAP_T"];
const KEPT_FILMS = 12;
const KEPT_MAPS = 96;

export class Renderer {
  /** Throws where there is no WebGL2. `onRestored` is called when a lost context is back and everything must be drawn again; `films` and
   * `maps`: how many of them the graphics card keeps. */
  constructor(canvas, { onLost, onRestored, films = KEPT_FILMS, maps = KEPT_MAPS }) {
    this.canvas = canvas;
    this.most = { films, maps };
    this.gl = canvas.getContext("webgl2", { alpha: false, antialias: false, depth: false, stencil: false });
    if (!this.gl) throw new Error("no WebGL2");
    canvas.addEventListener("webglcontextlost", (event) => {
      event.preventDefault();
      onLost();
    });
    canvas.addEventListener("webglcontextrestored", () => {
      this.#prepare();
      onRestored();
    });
    this.#prepare();
  }

  #prepare() {
    const { gl } = this;
    this.films = new Map();
    this.maps = new Map();
    this.colours = new Map();
    this.cells = null;
    this.largest = gl.getParameter(gl.MAX_TEXTURE_SIZE);
    this.sample = program(gl, SAMPLE);
    this.finish = program(gl, FINISH);
    const told = gl.getExtension("WEBGL_debug_renderer_info")?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER;
    this.software = /swiftshader|llvmpipe|softpipe|software|basic render/i.test(gl.getParameter(told));
    this.filtered = gl.getExtension("OES_texture_float_linear") ? gl.createSampler() : null;
    if (this.filtered) for (const name of FILTERED) gl.samplerParameteri(this.filtered, gl[`TEXTURE_${name}`], name.endsWith("FILTER") ? gl.LINEAR : gl.CLAMP_TO_EDGE);
    gl.bindSampler(UNITS.map, this.filtered);
    this.frame = gl.createFramebuffer();
    gl.bindVertexArray(gl.createVertexArray());
    gl.disable(gl.DITHER);
    gl.enable(gl.SCISSOR_TEST);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    this.nothing = {
      lut: texture(gl, { format: gl.R16UI, width: 1, height: 1, levels: [[gl.RED_INTEGER, gl.UNSIGNED_SHORT, new Uint16Array(1), 1, 1]] }),
      map: texture(gl, { format: gl.R32F, width: 1, height: 1, levels: [[gl.RED, gl.FLOAT, new Float32Array(1), 1, 1]] }),
    };
  }

  /**
   * Lays the canvas over `place` (a DOMRect), exactly on the screen's own pixels so that nothing is resampled on the way to the screen;
   * returns its corner. `ratio` is device pixels per CSS pixel, less where the canvas would be too large.
   */
  resize(place) {
    const { canvas } = this;
    this.ratio = Math.min(window.devicePixelRatio || 1, Math.min(this.largest, 8192) / Math.max(place.width, place.height, 1));
    const { ratio } = this;
    const [x, y, right, bottom] = [place.left, place.top, place.right, place.bottom].map((edge) => Math.round(edge * ratio));
    const wide = Math.max(1, right - x);
    const high = Math.max(1, bottom - y);
    if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high });
    const lines = { left: x / ratio - place.left, top: y / ratio - place.top, width: wide / ratio, height: high / ratio };
    for (const [name, length] of Object.entries(lines)) canvas.style[name] = `${length}px`;
    return { x: x / ratio, y: y / ratio };
  }

  /** How often a film is halved to fit the graphics card, or because no more of it is there. */
  reduction(film) {
    let level = film.first;
    while (Math.max(film.levels[level].width, film.levels[level].height) > this.largest) level += 1;
    return level;
  }

  /**
   * Draws panes {box, part, matrix, scale, film, grey, interpolated, overlay}. `box` in CSS pixels from the canvas' corner; `part`: the
   * shares [from, to] of the box's width to draw, all of it when missing; `grey` {window, negative}; `overlay` null or {map, ends,
   * colours, threshold, opacity, smooth}. `surround` is the colour between panes, [r, g, b] in 0–255. `moving`: the view is being
   * dragged, so that a rasteriser without a graphics card may sample quickly.
   */
  draw(panes, surround, moving = false) {
    const { gl, canvas } = this;
    if (gl.isContextLost()) return;
    this.#room();
    this.quick = moving && this.software && Boolean(this.filtered);
    gl.viewport(0, 0, canvas.width, canvas.height);
    const boxes = panes.map((pane) => ({ pane, box: this.#area(pane) })).filter(({ box }) => box);
    const placed = boxes.map(({ pane, box }) => ({ pane, area: this.#within(pane, box) })).filter(({ area }) => area);
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.frame);
    gl.useProgram(this.sample.made);
    for (const { pane, area } of placed) this.#sample(pane, area);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.scissor(0, 0, canvas.width, canvas.height);
    gl.clearColor(surround[0] / 255, surround[1] / 255, surround[2] / 255, 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.clearColor(0, 0, 0, 1);
    for (const { box } of boxes) {
      gl.scissor(box.left, box.bottom, box.right - box.left, box.top - box.bottom);
      gl.clear(gl.COLOR_BUFFER_BIT);
    }
    gl.useProgram(this.finish.made);
    bind(gl, UNITS.cells, this.cells.texture);
    for (const { pane, area } of placed) this.#finish(pane, area);
    // Never left bound: a texture may not be read while it is drawn into.
    bind(gl, UNITS.cells, null);
  }

  // What is kept has the canvas' size; `areas` says what lies where.
  #room() {
    const { gl, canvas, cells } = this;
    if (cells?.width === canvas.width && cells.height === canvas.height) return;
    if (cells) gl.deleteTexture(cells.texture);
    const { width, height } = canvas;
    this.cells = { texture: texture(gl, { format: gl.RG32UI, width, height, levels: [[]] }), width, height, areas: [] };
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.frame);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, this.cells.texture, 0);
  }

  #area({ box, part = [0, 1] }) {
    const { ratio, canvas } = this;
    const left = Math.round((box.x + box.width * part[0]) * ratio);
    const right = Math.round((box.x + box.width * part[1]) * ratio);
    const bottom = canvas.height - Math.round((box.y + box.height) * ratio);
    const top = canvas.height - Math.round(box.y * ratio);
    return right > left && top > bottom ? { left, right, bottom, top } : null;
  }

  // What of a box the film covers: the rest is black and costs nothing.
  #within({ box, matrix: [a, b, c, d, e, f], film: { image } }, area) {
    const { ratio, canvas } = this;
    const [wide, high] = [image.columns, image.rows];
    const x = box.x + e + Math.min(0, a * wide) + Math.min(0, b * high);
    const y = box.y + f + Math.min(0, c * wide) + Math.min(0, d * high);
    const left = Math.max(area.left, Math.floor(x * ratio));
    const right = Math.min(area.right, Math.ceil((x + Math.abs(a * wide) + Math.abs(b * high)) * ratio));
    const top = Math.min(area.top, canvas.height - Math.floor(y * ratio));
    const bottom = Math.max(area.bottom, canvas.height - Math.ceil((y + Math.abs(c * wide) + Math.abs(d * high)) * ratio));
    return right > left && top > bottom ? { left, right, bottom, top } : null;
  }

  #sample({ box, matrix, scale, film, interpolated, overlay }, area) {
    const { gl, ratio, canvas } = this;
    const { at } = this.sample;
    const { texture: filmTexture, base, count } = this.#film(film);
    const level = Math.max(0, Math.min(count - 1, Math.floor(Math.log2(1 / (scale * ratio))) - base));
    const { image } = film;
    const shown = overlay && [overlay.map.id, overlay.ends, overlay.colours, overlay.threshold, overlay.smooth];
    const key = JSON.stringify([area, box.x, box.y, matrix, image.id, film.first, interpolated, this.quick, shown]);
    const { areas } = this.cells;
    if (areas.some((other) => other.key === key)) return;
    this.cells.areas = areas.filter((other) => !meets(other.area, area));
    this.cells.areas.push({ key, area });

    const [a, b, c, d, e, f] = inverted(matrix);
    const x0 = -box.x;
    const y0 = canvas.height / ratio - box.y;
    gl.uniform3f(at.toX, a / ratio, -b / ratio, a * x0 + b * y0 + e);
    gl.uniform3f(at.toY, c / ratio, -d / ratio, c * x0 + d * y0 + f);
    bind(gl, UNITS.film, filmTexture);
    gl.uniform1i(at.level, level);
    gl.uniform2f(at.filmScale, 2 ** -(level + base), 2 ** -(level + base));
    gl.uniform2f(at.imageSize, image.columns, image.rows);
    gl.uniform1f(at.bias, film.bias);
    gl.uniform1f(at.slope, image.slope);
    gl.uniform1f(at.intercept, image.intercept);
    gl.uniform1i(at.interpolated, interpolated ? 1 : 0);
    gl.uniform1i(at.quick, this.quick ? 1 : 0);
    this.#overlay(overlay, at);
    this.#fill(area);
  }

  #overlay(overlay, at) {
    const { gl } = this;
    gl.uniform1i(at.hasMap, overlay ? 1 : 0);
    bind(gl, UNITS.map, overlay ? this.#map(overlay.map) : this.nothing.map);
    bind(gl, UNITS.colours, this.#colours(overlay?.colours ?? "viridis"));
    if (!overlay) return;
    gl.uniform4fv(at.extent, overlay.map.explanation.extent);
    gl.uniform2fv(at.ends, overlay.ends);
    gl.uniform1f(at.threshold, overlay.threshold);
    gl.uniform1i(at.smoothed, overlay.smooth ? 1 : 0);
  }

  #finish({ film, grey: { window: chosen, negative }, overlay }, area) {
    const { gl } = this;
    const { at } = this.finish;
    const { lut } = film;
    gl.uniform1i(at.negative, negative ? 1 : 0);
    gl.uniform1f(at.opacity, overlay?.opacity ?? 0);
    bind(gl, UNITS.lut, chosen || !lut ? this.nothing.lut : this.#lut(film));
    gl.uniform1i(at.shape, chosen || !lut ? SHAPES[chosen?.shape ?? "LINEAR"] : 3);
    gl.uniform1f(at.centre, chosen?.centre ?? 0);
    gl.uniform1f(at.width, chosen?.width ?? 1);
    gl.uniform1i(at.lutFirst, lut?.first ?? 0);
    gl.uniform1i(at.lutSize, lut?.data.length ?? 1);
    gl.uniform1f(at.lutTop, lut?.top ?? 1);
    this.#fill(area);
  }

  #fill({ left, right, bottom, top }) {
    this.gl.scissor(left, bottom, right - left, top - bottom);
    this.gl.drawArrays(this.gl.TRIANGLES, 0, 3);
  }

  #film(film) {
    return this.#kept(this.films, `${film.image.id} ${film.first}`, this.most.films, () => {
      const { gl } = this;
      const base = this.reduction(film);
      const kept = film.levels.slice(base);
      const levels = kept.map(({ data, width, height }) => [gl.RED_INTEGER, gl.UNSIGNED_SHORT, data, width, height]);
      const made = texture(gl, { format: gl.R16UI, width: kept[0].width, height: kept[0].height, levels });
      return { texture: made, base, count: kept.length };
    });
  }

  #lut(film) {
    const entry = this.#film(film);
    if (!entry.lut) {
      const { gl } = this;
      const height = Math.ceil(film.lut.data.length / 1024);
      const padded = new Uint16Array(1024 * height);
      padded.set(film.lut.data);
      entry.lut = texture(gl, { format: gl.R16UI, width: 1024, height, levels: [[gl.RED_INTEGER, gl.UNSIGNED_SHORT, padded, 1024, height]] });
    }
    return entry.lut;
  }

  #map(map) {
    return this.#kept(this.maps, map.id, this.most.maps, () => {
      const { gl } = this;
      const { width, height } = map.explanation;
      return { texture: texture(gl, { format: gl.R32F, width, height, levels: [[gl.RED, gl.FLOAT, map.values, width, height]] }) };
    }).texture;
  }

  #colours(name) {
    if (!this.colours.has(name)) {
      const { gl } = this;
      const data = new Uint8Array(table(name).buffer);
      const levels = [[gl.RGBA, gl.UNSIGNED_BYTE, data, 256, 1]];
      this.colours.set(name, texture(gl, { format: gl.RGBA8, width: 256, height: 1, levels }));
    }
    return this.colours.get(name);
  }

  // Keeps the entries used last; what falls out leaves the graphics card.
  #kept(entries, key, most, make) {
    const entry = entries.get(key) ?? make();
    entries.delete(key);
    entries.set(key, entry);
    if (entries.size > most) {
      const [oldest, { texture: gone, lut }] = entries.entries().next().value;
      this.gl.deleteTexture(gone);
      if (lut) this.gl.deleteTexture(lut);
      entries.delete(oldest);
    }
    return entry;
  }
}

function bind(gl, unit, what) {
  gl.activeTexture(gl.TEXTURE0 + unit);
  gl.bindTexture(gl.TEXTURE_2D, what);
}

function texture(gl, { format, width, height, levels }) {
  const made = gl.createTexture();
  gl.activeTexture(gl.TEXTURE0 + 7);
  gl.bindTexture(gl.TEXTURE_2D, made);
  gl.texStorage2D(gl.TEXTURE_2D, levels.length, format, width, height);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, levels.length > 1 ? gl.NEAREST_MIPMAP_NEAREST : gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
  levels.forEach(([layout, type, data, wide, high], level) => {
    if (data) gl.texSubImage2D(gl.TEXTURE_2D, level, 0, 0, wide, high, layout, type, data);
  });
  return made;
}

function program(gl, fragment) {
  const made = gl.createProgram();
  for (const [type, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, fragment]]) {
    const shader = gl.createShader(type);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader));
    gl.attachShader(made, shader);
  }
  gl.linkProgram(made);
  if (!gl.getProgramParameter(made, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(made));
  const at = new Proxy({}, { get: (known, name) => (known[name] ??= gl.getUniformLocation(made, name)) });
  gl.useProgram(made);
  for (const [name, unit] of Object.entries(UNITS)) gl.uniform1i(at[name], unit);
  return { made, at };
}

function meets(a, b) {
  return a.left < b.right && b.left < a.right && a.bottom < b.top && b.bottom < a.top;
}
