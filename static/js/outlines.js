// How drawn shapes look in a pane: each as paths over the film, one of them to take hold of, one dark below, one light above.

import { corners } from "./shapes.js";
import { through } from "./viewport/geometry.js";

/** @import { Matrix, Shape } from "./types.js" */

const SVG = "http://www.w3.org/2000/svg";
const LAYERS = ["region-reach", "region-shade", "region"];

/**
 * A shape as a path on the screen; an ellipse keeps its axes along the screen's under every quarter turn and flip.
 * @param {Shape} shape
 * @param {Matrix} matrix
 */
export function outline(shape, matrix) {
  const [first, ...others] = corners(shape).map(([x, y]) => through(matrix, x, y));
  const end = shape.kind === "line" ? "" : "Z";
  if (shape.kind !== "ellipse") return `M${first.join(" ")}${others.map((point) => `L${point.join(" ")}`).join("")}${end}`;
  const [x0, y0] = first;
  const [x1, y1] = others[0];
  const rx = Math.abs(x1 - x0) / 2;
  const ry = Math.abs(y1 - y0) / 2;
  const y = (y0 + y1) / 2;
  const left = Math.min(x0, x1);
  const right = Math.max(x0, x1);
  return `M${left} ${y}A${rx} ${ry} 0 1 0 ${right} ${y}A${rx} ${ry} 0 1 0 ${left} ${y}Z`;
}

/**
 * Draws shapes into a pane's picture; nothing is touched while nothing changed.
 * @param {Element} svg
 * @param {Shape[]} shapes
 * @param {Matrix} matrix
 * @param {number} chosen the place of the chosen one, −1 for none
 */
export function draw(svg, shapes, matrix, chosen) {
  clear(svg, shapes.length);
  while (svg.childElementCount < shapes.length * LAYERS.length) svg.append(document.createElementNS(SVG, "path"));
  shapes.forEach((shape, at) => {
    const d = outline(shape, matrix);
    LAYERS.forEach((layer, place) => {
      const path = svg.children[at * LAYERS.length + place];
      if (path.getAttribute("d") !== d) path.setAttribute("d", d);
      if (path.getAttribute("class") !== layer) path.setAttribute("class", layer);
      path.setAttribute("data-shape", String(at));
      path.toggleAttribute("data-chosen", at === chosen);
    });
  });
}

/**
 * Takes shapes out of a pane's picture but for the first ones.
 * @param {Element} svg
 * @param {number} [left] how many stay
 */
export function clear(svg, left = 0) {
  while (svg.childElementCount > left * LAYERS.length) svg.lastElementChild?.remove();
}

/**
 * The place of the shape that an element is a path of, −1 where it is none.
 * @param {EventTarget | null} target
 */
export function shapeAt(target) {
  const place = target instanceof Element ? target.getAttribute("data-shape") : null;
  return place === null ? -1 : Number(place);
}
