// What the reader's hand works on: the chosen shape with its handles, and the shape that is being drawn, in the one pane under
// the pointer. Drawn and hit by Konva, which is fetched when somebody draws. Knows screen points only; gestures come from
// outside.

/** @import { Point, Surface } from "./types.js" */
/**
 * @typedef {object} Sketch
 * @property {Point[]} [grips] what can be taken hold of, in screen points
 * @property {boolean} [round] whether the grips are round
 * @property {Point[]} [line] an unfinished line
 * @property {Point | null} [ghost] where the line leads to: the pointer
 */

const GRIP = 4;
const REACH = 18;
const DARK = "#000";
// By a name, so that only the browser follows it: no bundler, and no check of types, which would read all of it.
const KONVA = "../vendor/konva.min.js";

export class Easel {
  /**
   * The pane that it stands in.
   * @type {Surface | null}
   */
  pane = null;

  /** Fetches Konva; fails where it does not arrive. */
  static async open() {
    await import(KONVA);
    return new Easel(globalThis.Konva);
  }

  /** @param {typeof globalThis.Konva} Konva */
  constructor(Konva) {
    this.Konva = Konva;
    this.holder = document.createElement("div");
    this.holder.className = "easel";
    this.colour = getComputedStyle(document.documentElement).getPropertyValue("--region").trim();
    this.stage = new Konva.Stage({ container: this.holder, width: 1, height: 1 });
    this.layer = new Konva.Layer();
    this.stage.add(this.layer);
  }

  /**
   * Takes the easel to a pane, or away from all.
   * @param {Surface | null} pane
   */
  place(pane) {
    if (this.pane === pane) return;
    this.pane = pane;
    if (pane) pane.view.append(this.holder);
    else this.holder.remove();
  }

  /**
   * Draws what can be taken hold of and what is being drawn.
   * @param {Sketch} sketch
   */
  draw({ grips = [], round = false, line = [], ghost = null }) {
    const { layer, stage, pane } = this;
    if (!pane) return;
    const { width, height } = pane.box;
    if (stage.width() !== width || stage.height() !== height) stage.size({ width, height });
    layer.destroyChildren();
    if (line.length) this.#line(ghost ? [...line, ghost] : line);
    grips.forEach((grip, at) => layer.add(this.#grip(grip, at, round)));
    layer.draw();
  }

  /**
   * Dark below and light above, so that it is seen on any film.
   * @param {Point[]} points
   */
  #line(points) {
    const { Konva, layer, colour } = this;
    const line = { points: points.flat(), listening: false };
    layer.add(new Konva.Line({ ...line, stroke: DARK, strokeWidth: 4 }));
    layer.add(new Konva.Line({ ...line, stroke: colour, strokeWidth: 2 }));
  }

  /**
   * @param {Point} point
   * @param {number} at
   * @param {boolean} round
   */
  #grip([x, y], at, round) {
    const { Konva, colour } = this;
    const look = { x, y, fill: colour, stroke: DARK, strokeWidth: 1, hitStrokeWidth: REACH, name: "grip", at };
    if (round) return new Konva.Circle({ ...look, radius: GRIP });
    return new Konva.Rect({ ...look, width: 2 * GRIP, height: 2 * GRIP, offsetX: GRIP, offsetY: GRIP });
  }

  /**
   * The place of the grip at a point of a pane in what `draw` got; −1 for none.
   * @param {Surface} pane
   * @param {number} x
   * @param {number} y
   * @returns {number}
   */
  hit(pane, x, y) {
    if (pane !== this.pane) return -1;
    const node = this.stage.getIntersection({ x, y });
    return node?.name() === "grip" ? node.getAttr("at") : -1;
  }
}
