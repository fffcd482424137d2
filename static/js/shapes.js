// Drawn shapes in image pixels: {kind, points: [[x, y], …]}, two opposite corners for a rectangle or an ellipse, else the
// outline's points. Which cells of a grid they cover is the arithmetic of app/evaluation/truth.py. Knows no DOM.

import { clamp } from "./viewport/geometry.js";

/** @import { Bounds, Handle, Point, Region, Shape, ShapeKind, Sized } from "./types.js" */

/** @type {ShapeKind[]} */
export const TOOLS = ["rectangle", "ellipse", "polygon", "freehand"];

/** @type {NonNullable<Handle["sides"]>[]} */
const SIDES = [
  ["left", "top"], ["right", "top"], ["right", "bottom"], ["left", "bottom"],
  ["", "top"], ["right", ""], ["", "bottom"], ["left", ""],
];

/**
 * Whether a shape is given by the corners of its box.
 * @param {{ kind: string }} shape
 */
export function boxed({ kind }) {
  return kind === "rectangle" || kind === "ellipse";
}

/**
 * The smallest rectangle around points.
 * @param {{ points: Point[] }} shape
 * @returns {Bounds}
 */
export function bounds({ points }) {
  const across = points.map(([x]) => x);
  const down = points.map(([, y]) => y);
  return { left: Math.min(...across), top: Math.min(...down), right: Math.max(...across), bottom: Math.max(...down) };
}

/**
 * The points of an outline; those of a rectangle are its four corners.
 * @param {Shape} shape
 * @returns {Point[]}
 */
export function corners(shape) {
  if (shape.kind !== "rectangle") return shape.points;
  const { left, top, right, bottom } = bounds(shape);
  return [[left, top], [right, top], [right, bottom], [left, bottom]];
}

/**
 * Two regions, or none, are the same.
 * @param {Region | null | undefined} a
 * @param {Region | null | undefined} b
 */
export function same(a, b) {
  return a === b || (!!a && !!b && JSON.stringify(a.shapes) === JSON.stringify(b.shapes));
}

/**
 * A shape to the hundredth of a pixel, as it is stored; a box's corners in order.
 * @param {Shape} shape
 * @returns {Shape}
 */
export function settled(shape) {
  const { left, top, right, bottom } = bounds(shape);
  /** @type {Point[]} */
  const points = boxed(shape) ? [[left, top], [right, bottom]] : shape.points;
  return { kind: shape.kind, points: points.map(([x, y]) => [hundredth(x), hundredth(y)]) };
}

/** @param {number} value */
function hundredth(value) {
  return Math.round(value * 100) / 100;
}

/**
 * What a shape can be adjusted at: {x, y, sides} for boxes, {x, y, vertex} for outlines.
 * @param {Shape} shape
 * @returns {Handle[]}
 */
export function handles(shape) {
  if (!boxed(shape)) return shape.points.map(([x, y], vertex) => ({ x, y, vertex }));
  const edges = bounds(shape);
  const middle = { x: (edges.left + edges.right) / 2, y: (edges.top + edges.bottom) / 2 };
  return SIDES.map((sides) => {
    const [across, down] = sides;
    return { x: across ? edges[across] : middle.x, y: down ? edges[down] : middle.y, sides };
  });
}

/**
 * The shape with one handle at another point.
 * @param {Shape} shape
 * @param {Pick<Handle, "sides" | "vertex">} handle
 * @param {Point} point
 * @returns {Shape}
 */
export function adjusted(shape, { sides = ["", ""], vertex }, [x, y]) {
  if (!boxed(shape)) return { kind: shape.kind, points: shape.points.map((point, at) => (at === vertex ? [x, y] : point)) };
  const next = bounds(shape);
  const [across, down] = sides;
  if (across) next[across] = x;
  if (down) next[down] = y;
  return { kind: shape.kind, points: [[next.left, next.top], [next.right, next.bottom]] };
}

/**
 * The shape moved, but not beyond an image.
 * @param {Shape} shape
 * @param {number} dx
 * @param {number} dy
 * @param {Sized} image
 * @returns {Shape}
 */
export function moved(shape, dx, dy, { columns, rows }) {
  const { left, top, right, bottom } = bounds(shape);
  const mx = clamp(dx, Math.min(0, -left), Math.max(0, columns - right));
  const my = clamp(dy, Math.min(0, -top), Math.max(0, rows - bottom));
  return { kind: shape.kind, points: shape.points.map(([x, y]) => [x + mx, y + my]) };
}

/**
 * The shape wider by dx and higher by dy, its upper left corner where it was, within an image; no side becomes less than
 * `least`.
 * @param {Shape} shape
 * @param {number} dx
 * @param {number} dy
 * @param {Sized} image
 * @param {number} least
 * @returns {Shape}
 */
export function stretched(shape, dx, dy, { columns, rows }, least) {
  const { left, top, right, bottom } = bounds(shape);
  const across = (clamp(right + dx, Math.min(left + least, columns), columns) - left) / (right - left || 1);
  const down = (clamp(bottom + dy, Math.min(top + least, rows), rows) - top) / (bottom - top || 1);
  return { kind: shape.kind, points: shape.points.map(([x, y]) => [left + (x - left) * across, top + (y - top) * down]) };
}

/**
 * A line with fewer points that strays from the first one by no more than `tolerance` (Douglas and Peucker 1973).
 * @param {Point[]} points
 * @param {number} tolerance
 * @returns {Point[]}
 */
export function simplified(points, tolerance) {
  if (points.length < 3) return points;
  const keep = new Set([0, points.length - 1]);
  const open = [[0, points.length - 1]];
  for (let part = open.pop(); part; part = open.pop()) {
    const [from, to] = part;
    const at = farthest(points, from, to, tolerance);
    if (at < 0) continue;
    keep.add(at);
    open.push([from, at], [at, to]);
  }
  return points.filter((_, at) => keep.has(at));
}

/**
 * The place of the point between two others that lies farthest from the line through these; −1 where none is farther than
 * `least`.
 * @param {Point[]} points
 * @param {number} from
 * @param {number} to
 * @param {number} least
 */
function farthest(points, from, to, least) {
  let most = least;
  let at = -1;
  for (let i = from + 1; i < to; i += 1) {
    const away = distance(points[i], points[from], points[to]);
    if (away <= most) continue;
    most = away;
    at = i;
  }
  return at;
}

/**
 * From a point to a line between two others.
 * @param {Point} point
 * @param {Point} start
 * @param {Point} end
 */
function distance([x, y], [ax, ay], [bx, by]) {
  const dx = bx - ax;
  const dy = by - ay;
  const share = clamp(((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1), 0, 1);
  return Math.hypot(x - ax - share * dx, y - ay - share * dy);
}

/**
 * Which cells of a grid over an image have their centre in the region, row by row.
 * @param {Region} region
 * @param {Sized} image
 * @param {Sized} grid
 */
export function mask(region, { rows, columns }, grid) {
  const covered = new Uint8Array(grid.rows * grid.columns);
  const down = rows / grid.rows;
  const across = columns / grid.columns;
  for (const shape of region.shapes) {
    if (shape.kind === "ellipse") ellipse(shape, covered, grid, across, down);
    else outline(shape, covered, grid, across, down);
  }
  return covered;
}

/**
 * Middle and half axes of the ellipse in a box.
 * @param {Shape} shape
 */
function axes(shape) {
  const { left, top, right, bottom } = bounds(shape);
  return { x: (left + right) / 2, y: (top + bottom) / 2, wide: (right - left) / 2, high: (bottom - top) / 2 };
}

/**
 * @param {Shape} shape
 * @param {Uint8Array} covered
 * @param {Sized} grid
 * @param {number} across image pixels per cell
 * @param {number} down
 */
function ellipse(shape, covered, grid, across, down) {
  const { x, y, wide, high } = axes(shape);
  if (!wide || !high) return;
  for (let r = 0; r < grid.rows; r += 1) {
    const dy = (((r + 0.5) * down - y) / high) ** 2;
    if (dy > 1) continue;
    for (let c = 0; c < grid.columns; c += 1) {
      const dx = (((c + 0.5) * across - x) / wide) ** 2;
      if (dy + dx <= 1) covered[r * grid.columns + c] = 1;
    }
  }
}

/**
 * By scan lines: each edge that crosses a row of centres adds its direction to all cells from the crossing on.
 * @param {Shape} shape
 * @param {Uint8Array} covered
 * @param {Sized} grid
 * @param {number} across image pixels per cell
 * @param {number} down
 */
function outline(shape, covered, grid, across, down) {
  const points = corners(shape);
  const turns = new Int32Array(grid.columns + 1);
  for (let r = 0; r < grid.rows; r += 1) {
    const y = (r + 0.5) * down;
    turns.fill(0);
    let any = false;
    points.forEach((start, i) => {
      const end = points[(i + 1) % points.length];
      if (!crosses(start, end, y)) return;
      const first = Math.ceil(crossing(start, end, y) / across - 0.5);
      turns[clamp(first, 0, grid.columns)] += direction(start, end);
      any = true;
    });
    if (!any) continue;
    for (let c = 0, turned = 0; c < grid.columns; c += 1) {
      turned += turns[c];
      if (turned) covered[r * grid.columns + c] = 1;
    }
  }
}

/**
 * Whether an edge crosses a height; its upper end belongs to it, its lower end does not.
 * @param {Point} start
 * @param {Point} end
 * @param {number} y
 */
function crosses([, y0], [, y1], y) {
  return y >= Math.min(y0, y1) && y < Math.max(y0, y1);
}

/**
 * Where an edge crosses a height.
 * @param {Point} start
 * @param {Point} end
 * @param {number} y
 */
function crossing([x0, y0], [x1, y1], y) {
  return x0 + (y - y0) * ((x1 - x0) / (y1 - y0));
}

/**
 * Down 1, up −1.
 * @param {Point} start
 * @param {Point} end
 */
function direction([, y0], [, y1]) {
  return y1 > y0 ? 1 : -1;
}

/**
 * Whether a point lies in the region.
 * @param {Region} region
 * @param {number} x
 * @param {number} y
 */
export function contains(region, x, y) {
  return region.shapes.some((shape) => (shape.kind === "ellipse" ? inEllipse(shape, x, y) : inOutline(shape, x, y)));
}

/**
 * @param {Shape} shape
 * @param {number} x
 * @param {number} y
 */
function inEllipse(shape, x, y) {
  const { wide, high, ...middle } = axes(shape);
  return wide > 0 && high > 0 && ((x - middle.x) / wide) ** 2 + ((y - middle.y) / high) ** 2 <= 1;
}

/**
 * @param {Shape} shape
 * @param {number} x
 * @param {number} y
 */
function inOutline(shape, x, y) {
  const points = corners(shape);
  let turned = 0;
  points.forEach((start, i) => {
    const end = points[(i + 1) % points.length];
    if (crosses(start, end, y) && crossing(start, end, y) <= x) turned += direction(start, end);
  });
  return turned !== 0;
}
