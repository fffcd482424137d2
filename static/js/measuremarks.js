// How measures look in a pane: lines, ends to take hold of, and their figures beside them, as SVG over the film. They follow
// the film through zoom, pan, turns and flips; the figures stay upright.

import { lines as glimpsed } from "./glimpses.js";
import { measured } from "./measuring.js";
import { clamp, through } from "./viewport/geometry.js";
import { figure } from "./viewport/map.js";
import { words } from "./words.js";

/** @import { Measured } from "./measuring.js" */
/** @import { Box, Film, Measure, Placed, Point, ReadingPane } from "./types.js" */
/** @typedef {{ film: Film, place: Placed, selected: string }} Seen a small film will do: figures come with all of it */
/** @typedef {Record<string, string | number>} Attributes */

const SVG = "http://www.w3.org/2000/svg";
const GAP = 8;
const LINE = 14;
const LETTER = 7;

/** @type {WeakMap<Measure, { film: Film, found: Measured }>} */
const known = new WeakMap();

/**
 * The figures of a measure, one or several lines; `full` for the list, else for the film.
 * @param {Measure} measure
 * @param {Film} film
 */
export function lines(measure, film, full = false) {
  const found = figures(measure, film);
  const { units, spacing, spacing_caution: caution } = film.image;
  const unit = spacing ? "mm" : "px";
  if ("length" in found) return [`${figure(found.length)} ${unit}`, caution].filter(Boolean);
  if ("angle" in found) return [`${found.angle.toFixed(1)}°`];
  const area = [`${figure(found.area)} ${unit}²`, caution].filter(Boolean);
  const { pixels, mean, sd, min, max } = found;
  if (pixels === null) return [words("state.loading"), ...(full ? area : [])];
  if (mean === null || sd === null || min === null || max === null) {
    return [words("measure.nothing"), ...(full ? area : [])];
  }
  const grey = units ? `${figure(mean)} ${units}` : figure(mean);
  const first = [words("measure.mean", grey), words("measure.sd", figure(sd))];
  if (!full) return first;
  const others = [words("measure.min", figure(min)), words("measure.max", figure(max)), words("measure.pixels", pixels)];
  return [...first, ...others, ...area];
}

/**
 * A measure never changes, another one takes its place; so its figures hold as long as the film is the same.
 * @param {Measure} measure
 * @param {Film} film
 */
function figures(measure, film) {
  const kept = known.get(measure);
  if (kept?.film === film) return kept.found;
  const found = measured(measure, film);
  known.set(measure, { film, found });
  return found;
}

/**
 * Draws measures into one pane; nothing is touched while nothing changed.
 * @param {ReadingPane} pane
 * @param {Measure[]} measures
 * @param {Seen} seen
 */
export function marks(pane, measures, { film, place, selected }) {
  const svg = pane.view.querySelector(".pane-measures") ?? pane.view.appendChild(layer());
  const told = JSON.stringify([film.image.id, film.first, place.matrix, selected, measures, pane.box.width]);
  if (svg.getAttribute("data-told") === told) return;
  svg.replaceChildren(...measures.map((measure, at) => group(measure, at, { film, place, selected }, pane.box)));
  svg.setAttribute("data-told", told);
}

/**
 * The lines that belong to a pane's layer, as measures that nobody can take hold of.
 * @param {ReadingPane} pane
 * @returns {Measure[]}
 */
export function ruled({ image, belongs }) {
  const here = image?.id ?? "";
  /** @type {(silent: boolean) => (points: Point[]) => Measure} */
  const line = (silent) => (points) => ({ id: "", image: here, kind: "length", points, fixed: true, silent });
  const plain = [...(belongs.frame ?? []), ...glimpsed(belongs.path ?? [])];
  return [...belongs.rules.map(line(false)), ...plain.map(line(true))];
}

function layer() {
  return made("svg", { class: "pane-measures", "aria-hidden": "true" });
}

/**
 * @param {Measure} measure
 * @param {number} at
 * @param {Seen} seen
 * @param {Box} box
 */
function group(measure, at, { film, place, selected }, box) {
  const names = ["measure"];
  if (selected && measure.id === selected) names.push("measure-chosen");
  if (measure.linked) names.push("measure-linked");
  const out = made("g", { class: names.join(" ") });
  const shown = measure.points.map(([x, y]) => through(place.matrix, x, y));
  const outline = shape(measure, shown);
  for (const part of ["measure-shade", "measure-line", "measure-grip"]) {
    if (measure.fixed && part === "measure-grip") continue;
    const drawn = made(outline.tag, { ...outline.attributes, class: part });
    if (part === "measure-grip") drawn.dataset.measure = measure.id;
    out.append(drawn);
  }
  for (const end of measure.fixed ? [] : ends(measure)) {
    const [across, down] = end.split(",").map(Number);
    const [x, y] = through(place.matrix, measure.points[across][0], measure.points[down][1]);
    const grip = made("circle", { cx: x, cy: y, r: 4.5, class: "measure-end" });
    grip.dataset.measure = measure.id;
    grip.dataset.end = end;
    out.append(grip);
  }
  if (!measure.silent) out.append(label(measure, at, shown, film, box));
  return out;
}

/**
 * The SVG element that a measure is drawn as.
 * @param {Measure} measure
 * @param {Point[]} shown its points on the screen
 * @returns {{ tag: string, attributes: Attributes }}
 */
function shape({ kind }, shown) {
  const points = shown.map((point) => point.join(",")).join(" ");
  if (kind === "length" || kind === "angle") return { tag: "polyline", attributes: { points } };
  const [[x0, y0], [x1, y1]] = shown;
  const width = Math.abs(x1 - x0);
  const height = Math.abs(y1 - y0);
  if (kind === "ellipse") {
    const middle = { cx: (x0 + x1) / 2, cy: (y0 + y1) / 2 };
    return { tag: "ellipse", attributes: { ...middle, rx: width / 2, ry: height / 2 } };
  }
  return { tag: "rect", attributes: { x: Math.min(x0, x1), y: Math.min(y0, y1), width, height } };
}

/**
 * What a measure can be taken hold of at, see `bent` of measuring.js.
 * @param {Measure} measure
 */
function ends({ kind, points }) {
  if (kind === "length" || kind === "angle") return points.map((_, at) => `${at},${at}`);
  return ["0,0", "1,0", "1,1", "0,1"];
}

/**
 * The figures stand to the right of the rightmost point, at its height; where the pane has no room there, to the left of the
 * leftmost.
 * @param {Measure} measure
 * @param {number} at
 * @param {Point[]} shown
 * @param {Film} film
 * @param {Box} box
 */
function label(measure, at, shown, film, box) {
  const number = measure.id ? `${at + 1}: ` : "";
  const told = complete(measure, film);
  const said = (measure.fixed && !measure.id ? told.slice(0, 1) : told).map((text, line) => (line ? text : `${number}${text}`));
  const room = LETTER * Math.max(0, ...said.map((text) => text.length)) + GAP;
  const [right] = shown.toSorted((a, b) => b[0] - a[0]);
  const [left] = shown.toSorted((a, b) => a[0] - b[0]);
  const after = right[0] + room <= box.width || left[0] < room;
  const x = after ? Math.min(right[0] + GAP, Math.max(GAP, box.width - room)) : left[0] - GAP;
  const y = after ? right[1] : left[1];
  const top = clamp(y + 4, LINE, Math.max(LINE, box.height - LINE * (said.length - 1) - 4));
  const out = made("text", { x, y: top, class: "measure-text", "text-anchor": after ? "start" : "end" });
  said.forEach((text, line) => {
    const row = made("tspan", { x, dy: line ? LINE : 0 });
    row.textContent = text;
    out.append(row);
  });
  return out;
}

/**
 * @param {Measure} measure
 * @param {Film} film
 */
function complete(measure, film) {
  return measure.kind === "angle" && measure.points.length < 3 ? [] : lines(measure, film);
}

/**
 * @param {string} tag
 * @param {Attributes} attributes
 * @returns {SVGElement}
 */
function made(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return /** @type {SVGElement} */ (element);
}
