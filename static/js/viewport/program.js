// A program of the graphics card over the whole picture, with its uniforms by their names. A uniform keeps what it was set to:
// panes that are drawn alike cost one setting, not one each.

import { VERTEX } from "./shaders.js";

/** @typedef {{ at: WebGLUniformLocation | null, last: readonly number[] }} Uniform */

export class Program {
  /** @type {Map<string, Uniform>} */
  #uniforms = new Map();

  /**
   * Throws what the driver says of a shader that it does not take.
   * @param {WebGL2RenderingContext} gl
   * @param {string} fragment
   * @param {Readonly<Record<string, number>>} units which texture unit a sampler reads
   */
  constructor(gl, fragment, units) {
    const made = gl.createProgram();
    gl.attachShader(made, shader(gl, gl.VERTEX_SHADER, VERTEX));
    gl.attachShader(made, shader(gl, gl.FRAGMENT_SHADER, fragment));
    gl.linkProgram(made);
    if (!gl.getProgramParameter(made, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(made) ?? "program");
    this.gl = gl;
    this.made = made;
    this.use();
    for (const [name, unit] of Object.entries(units)) this.int(name, unit);
  }

  /** Drawn with, and set, from now on. */
  use() {
    this.gl.useProgram(this.made);
  }

  /**
   * A whole number, or whether something is so.
   * @param {string} name
   * @param {number | boolean} value
   */
  int(name, value) {
    const at = this.#changed(name, [Number(value)]);
    if (at) this.gl.uniform1i(at, Number(value));
  }

  /**
   * One to four numbers.
   * @param {string} name
   * @param {readonly number[]} values
   */
  floats(name, ...values) {
    const at = this.#changed(name, values);
    if (!at) return;
    const [x, y = 0, z = 0, w = 0] = values;
    if (values.length === 1) this.gl.uniform1f(at, x);
    else if (values.length === 2) this.gl.uniform2f(at, x, y);
    else if (values.length === 3) this.gl.uniform3f(at, x, y, z);
    else this.gl.uniform4f(at, x, y, z, w);
  }

  /**
   * Where a uniform is, or null where it holds these values already, or the shader does without it.
   * @param {string} name
   * @param {readonly number[]} values
   */
  #changed(name, values) {
    const known = this.#uniforms.get(name);
    if (known && values.every((value, place) => value === known.last[place])) return null;
    const at = known ? known.at : this.gl.getUniformLocation(this.made, name);
    this.#uniforms.set(name, { at, last: values });
    return at;
  }
}

/**
 * @param {WebGL2RenderingContext} gl
 * @param {number} type
 * @param {string} source
 */
function shader(gl, type, source) {
  const made = gl.createShader(type);
  if (!made) throw new Error("shader");
  gl.shaderSource(made, source);
  gl.compileShader(made);
  if (!gl.getShaderParameter(made, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(made) ?? "shader");
  return made;
}
