// How measures look in a pane: lines, ends to take hold of, and their figures beside them, as SVG over the film. They follow the film
// through zoom, pan, turns and flips; the figures stay upright.

import { measured } from "./measuring.js";
import { figure } from "./viewport/map.js";
import { clamp, through } from "./viewport/geometry.js";
import { words } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const [GAP, LINE, LETTER] = [8, 14, 7];
const known = new WeakMap();

/** The figures of a measure, one or several lines; `full` for the list, else for the film. */
export function lines(measure, film, full = false) {
  const found = figures(measure, film);
  const { units, spacing, spacing_caution: caution } = film.image;
  const unit = spacing ? "mm" : "px";
  if ("length" in found) return [`${figure(found.length)} ${unit}`, caution].filter(Boolean);
  if ("angle" in found) return [`${found.angle.toFixed(1)}°`];
  const area = [`${figure(found.area)} ${unit}²`, caution].filter(Boolean);
  if (!found.pixels) return [words("measure.nothing"), ...(full ? area : [])];
  const grey = (value) => `${figure(value)}${units && ` ${units}`}`;
  const first = [words("measure.mean", grey(found.mean)), words("measure.sd", figure(found.sd))];
  if (!full) return first;
  return [...first, words("measure.min", figure(found.min)), words("measure.max", figure(found.max)), words("measure.pixels", found.pixels), ...area];
}

// A measure never changes, another one takes its place; so its figures hold as long as the film is the same.
function figures(measure, film) {
  const kept = known.get(measure);
  if (kept?.film === film) return kept.found;
  const found = measured(measure, film);
  known.set(measure, { film, found });
  return found;
}

/** Draws measures into one pane; nothing is touched while nothing changed. */
export function marks(pane, measures, { film, place, selected }) {
  pane.measures ??= pane.view.appendChild(element("svg", { class: "pane-measures", "aria-hidden": "true" }));
  const said = JSON.stringify([film.image.id, place.matrix, selected, measures, pane.box.width]);
  if (pane.measures.dataset.said === said) return;
  pane.measures.dataset.said = said;
  pane.measures.replaceChildren(...measures.map((measure, at) => group(measure, at, { film, place, selected, box: pane.box })));
}

function group(measure, at, { film, place, selected, box }) {
  const chosen = measure.id === selected && Boolean(selected);
  const out = element("g", { class: `measure${chosen ? " measure-chosen" : ""}${measure.linked ? " measure-linked" : ""}` });
  const shown = measure.points.map(([x, y]) => through(place.matrix, x, y));
  const outline = shape(measure, shown);
  for (const part of ["measure-shade", "measure-line", "measure-grip"]) {
    const drawn = element(outline.tag, { ...outline.attributes, class: part });
    if (part === "measure-grip") drawn.dataset.measure = measure.id;
    out.append(drawn);
  }
  for (const end of ends(measure)) {
    const [across, down] = end.split(",").map(Number);
    const [x, y] = through(place.matrix, measure.points[across][0], measure.points[down][1]);
    const grip = element("circle", { cx: x, cy: y, r: 4.5, class: "measure-end" });
    Object.assign(grip.dataset, { measure: measure.id, end });
    out.append(grip);
  }
  out.append(label(measure, at, shown, { film, box }));
  return out;
}

function shape({ kind }, shown) {
  if (kind === "length" || kind === "angle") return { tag: "polyline", attributes: { points: shown.map((point) => point.join(",")).join(" ") } };
  const [[x0, y0], [x1, y1]] = shown;
  const [width, height] = [Math.abs(x1 - x0), Math.abs(y1 - y0)];
  if (kind === "ellipse") return { tag: "ellipse", attributes: { cx: (x0 + x1) / 2, cy: (y0 + y1) / 2, rx: width / 2, ry: height / 2 } };
  return { tag: "rect", attributes: { x: Math.min(x0, x1), y: Math.min(y0, y1), width, height } };
}

function ends({ kind, points }) {
  if (kind === "length" || kind === "angle") return points.map((_, at) => `${at},${at}`);
  return ["0,0", "1,0", "1,1", "0,1"];
}

// The figures stand to the right of the rightmost point, at its height; where the pane has no room there, to the left of the leftmost.
function label(measure, at, shown, { film, box }) {
  const said = complete(measure, film).map((text, line) => (line ? text : `${measure.id ? `${at + 1}: ` : ""}${text}`));
  const room = LETTER * Math.max(0, ...said.map((text) => text.length)) + GAP;
  const [right] = shown.toSorted((a, b) => b[0] - a[0]);
  const [left] = shown.toSorted((a, b) => a[0] - b[0]);
  const after = right[0] + room <= box.width || left[0] < room;
  const [x, y] = after ? [Math.min(right[0] + GAP, Math.max(GAP, box.width - room)), right[1]] : [left[0] - GAP, left[1]];
  const top = clamp(y + 4, LINE, Math.max(LINE, box.height - LINE * (said.length - 1) - 4));
  const out = element("text", { x, y: top, class: "measure-text", "text-anchor": after ? "start" : "end" });
  said.forEach((text, line) => {
    const row = element("tspan", { x, dy: line ? LINE : 0 });
    row.textContent = text;
    out.append(row);
  });
  return out;
}

function complete(measure, film) {
  return measure.kind === "angle" && measure.points.length < 3 ? [] : lines(measure, film);
}

function element(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}
