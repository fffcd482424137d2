// What everybody says of a counterfactual: a curve per network over the strength, how far each has moved, and why it may not
// convince.

import { percent } from "./changes.js";
import { element } from "./elements.js";
import { words } from "./words.js";

/** @import { CounterfactualData, SaidData } from "./types.js" */

const SVG = "http://www.w3.org/2000/svg";
/** Where the curves lie in the picture: left, top, right, bottom. */
const FRAME = { left: 32, top: 6, right: 236, bottom: 82 };

export class Judgement {
  /** @type {CounterfactualData | null} */
  told = null;

  /** @param {CounterfactualData | null} told */
  take(told) {
    this.told = told;
    const doubts = told?.doubts ?? [];
    const items = doubts.map(({ sentence }) => written("li", sentence));
    element("counterfactual-doubts").replaceChildren(...items);
    const judged = told?.said.some(({ referee }) => referee);
    const fine = judged ? "counterfactual.fine" : "counterfactual.unjudged";
    const verdict = doubts.length ? "counterfactual.doubtful" : fine;
    element("counterfactual-verdict").textContent = told ? words(verdict) : "";
    element("counterfactual-figures").replaceChildren(...figures(told));
    element("counterfactual-unjudged").hidden = !told || Boolean(judged);
  }

  /**
   * Curves, and every network's answer at a strength.
   * @param {number} strength
   */
  at(strength) {
    const { told } = this;
    element("counterfactual-networks").replaceChildren(...(told?.said ?? []).map((said) => network(told, said, strength)));
    element("counterfactual-curves", SVGElement).replaceChildren(...(told ? curves(told, strength) : []));
  }
}

/**
 * A value between two strengths, linearly.
 * @param {number[]} strengths
 * @param {number[]} values
 * @param {number} strength
 */
export function between(strengths, values, strength) {
  const next = Math.max(1, strengths.findIndex((one) => one >= strength));
  const [low, high] = [strengths[next - 1], strengths[next]];
  const share = (strength - low) / (high - low);
  return values[next - 1] * (1 - share) + values[next] * share;
}

/**
 * @param {CounterfactualData | null} told
 * @param {SaidData} said
 * @param {number} strength
 */
function network(told, said, strength) {
  const item = document.createElement("li");
  if (!told) return item;
  const { strengths } = told;
  const name = written("span", said.title, "name");
  if (said.referee) name.textContent = `${said.title} (${words("counterfactual.referee")})`;
  if (said.shared) name.title = words("counterfactual.shared");
  const after = between(strengths, said.probabilities, strength);
  item.append(name, written("span", words("counterfactual.network", percent(said.probabilities[0]), percent(after)), "number"));
  const moved = said.moved.flatMap((one) => one ?? []);
  if (moved.length === strengths.length) {
    item.append(written("span", words("counterfactual.gaps", signed(between(strengths, moved, strength))), "quiet number"));
  }
  const badge = said.follows;
  const kind = badge === "follows" ? "quiet number" : "badge badge-caution";
  if (badge) item.append(written("span", words(`counterfactual.${badge}`), kind));
  item.dataset.model = said.model;
  item.dataset.badge = badge;
  return item;
}

/** @param {CounterfactualData | null} told */
function figures(told) {
  if (!told) return [];
  /** @type {[string, string][]} */
  const rows = [["counterfactual.pixels", percent(told.pixels)]];
  if (told.inside !== null) rows.push(["counterfactual.inside", percent(told.inside)]);
  if (told.ratio) {
    const [film, after, control] = told.ratio.map((value) => value.toFixed(2));
    rows.push(["counterfactual.ratio", words("counterfactual.control", film, after, control)]);
  }
  if (told.recess) {
    const [film, after, control] = told.recess.map((value) => value.toFixed(2));
    rows.push(["counterfactual.recess", words("counterfactual.control", film, after, control)]);
  }
  return rows.flatMap(([key, value]) => [written("dt", words(key)), written("dd", value)]);
}

/**
 * @param {CounterfactualData} told
 * @param {number} strength
 */
function curves({ strengths, said }, strength) {
  const { left, top, right, bottom } = FRAME;
  const most = strengths[strengths.length - 1];
  const x = (/** @type {number} */ at) => left + ((right - left) * at) / most;
  const y = (/** @type {number} */ value) => bottom - (bottom - top) * value;
  const parts = [made("rect", { class: "frame", x: left, y: top, width: right - left, height: bottom - top })];
  let referees = 0;
  for (const one of said) {
    const places = one.probabilities.map((value, place) => `${x(strengths[place]).toFixed(1)},${y(value).toFixed(1)}`);
    const points = places.join(" ");
    referees += Number(one.referee);
    const kind = `curve${one.referee ? " referee" : ""}${referees > 1 ? " second" : ""}`;
    parts.push(made("polyline", { class: kind, points }));
  }
  parts.push(made("line", { class: "at", x1: x(strength), x2: x(strength), y1: top, y2: bottom }));
  /** @type {[string, number, number, string][]} */
  const labels = [["100 %", left - 2, top + 7, "end"], ["0", left - 2, bottom, "end"]];
  for (const at of [0, 0.5, 1, 1.5]) labels.push([String(at), x(at), bottom + 10, at === most ? "end" : "middle"]);
  for (const [text, at, down, anchor] of labels) {
    const label = made("text", { x: at, y: down, "text-anchor": anchor });
    label.textContent = text;
    parts.push(label);
  }
  return parts;
}

/** @param {number} value */
function signed(value) {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
}

/**
 * @param {string} tag
 * @param {string} text
 * @param {string} [kind]
 */
function written(tag, text, kind = "") {
  const made_of = document.createElement(tag);
  made_of.textContent = text;
  if (kind) made_of.className = kind;
  return made_of;
}

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 */
function made(tag, attributes) {
  const part = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) part.setAttribute(name, String(value));
  return part;
}
