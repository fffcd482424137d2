// Drawn shapes in image pixels: {kind, points: [[x, y], …]}, two opposite corners for a rectangle or an ellipse, else the outline's
// points. Which cells of a grid they cover is the arithmetic of app/evaluation/truth.py. Knows no DOM.

import { clamp } from "./viewport/geometry.js";

export const TOOLS = ["rectangle", "ellipse", "polygon", "freehand"];
const SIDES = [["left", "top"], ["right", "top"], ["right", "bottom"], ["left", "bottom"], ["", "top"], ["right", ""], ["", "bottom"], ["left", ""]];

/** Whether a shape is given by the corners of its box. */
export function boxed({ kind }) {
  return kind === "rectangle" || kind === "ellipse";
}

/** The smallest rectangle around points. */
export function bounds({ points }) {
  const across = points.map(([x]) => x);
  const down = points.map(([, y]) => y);
  return { left: Math.min(...across), top: Math.min(...down), right: Math.max(...across), bottom: Math.max(...down) };
}

/** The points of an outline; those of a rectangle are its four corners. */
export function corners(shape) {
  if (shape.kind !== "rectangle") return shape.points;
  const { left, top, right, bottom } = bounds(shape);
  return [[left, top], [right, top], [right, bottom], [left, bottom]];
}

/** Two regions, or none, are the same. */
export function same(a, b) {
  return a === b || (!!a && !!b && JSON.stringify(a.shapes) === JSON.stringify(b.shapes));
}

/** A shape to the hundredth of a pixel, as it is stored; a box's corners in order. */
export function settled(shape) {
  const { left, top, right, bottom } = bounds(shape);
  const points = boxed(shape) ? [[left, top], [right, bottom]] : shape.points;
  return { kind: shape.kind, points: points.map((point) => point.map((v) => Math.round(v * 100) / 100)) };
}

/** What a shape can be adjusted at: {x, y, sides} for boxes, {x, y, vertex} for outlines. */
export function handles(shape) {
  if (!boxed(shape)) return shape.points.map(([x, y], vertex) => ({ x, y, vertex }));
  const { left, top, right, bottom } = bounds(shape);
  return SIDES.map((sides) => ({
    x: sides[0] === "left" ? left : sides[0] === "right" ? right : (left + right) / 2,
    y: sides[1] === "top" ? top : sides[1] === "bottom" ? bottom : (top + bottom) / 2,
    sides,
  }));
}

/** The shape with one handle at another point. */
export function adjusted(shape, { sides, vertex }, [x, y]) {
  if (!boxed(shape)) return { kind: shape.kind, points: shape.points.map((point, at) => (at === vertex ? [x, y] : point)) };
  const next = bounds(shape);
  if (sides[0]) next[sides[0]] = x;
  if (sides[1]) next[sides[1]] = y;
  return { kind: shape.kind, points: [[next.left, next.top], [next.right, next.bottom]] };
}

/** The shape moved, but not beyond an image. */
export function moved(shape, dx, dy, { columns, rows }) {
  const { left, top, right, bottom } = bounds(shape);
  const mx = clamp(dx, Math.min(0, -left), Math.max(0, columns - right));
  const my = clamp(dy, Math.min(0, -top), Math.max(0, rows - bottom));
  return { kind: shape.kind, points: shape.points.map(([x, y]) => [x + mx, y + my]) };
}

/** The shape wider by dx and higher by dy, its upper left corner where it was, within an image. */
export function stretched(shape, dx, dy, { columns, rows }, least) {
  const { left, top, right, bottom } = bounds(shape);
  const across = (clamp(right + dx, Math.min(left + least, columns), columns) - left) / (right - left || 1);
  const down = (clamp(bottom + dy, Math.min(top + least, rows), rows) - top) / (bottom - top || 1);
  return { kind: shape.kind, points: shape.points.map(([x, y]) => [left + (x - left) * across, top + (y - top) * down]) };
}

/** A line with fewer points that strays from the first one by no more than `tolerance` (Douglas and Peucker 1973). */
export function simplified(points, tolerance) {
  if (points.length < 3) return points;
  const keep = new Set([0, points.length - 1]);
  const open = [[0, points.length - 1]];
  while (open.length) {
    const [from, to] = open.pop();
    let most = tolerance;
    let at = -1;
    for (let i = from + 1; i < to; i += 1) {
      const away = distance(points[i], points[from], points[to]);
      if (away > most) [most, at] = [away, i];
    }
    if (at < 0) continue;
    keep.add(at);
    open.push([from, at], [at, to]);
  }
  return points.filter((_, at) => keep.has(at));
}

function distance([x, y], [ax, ay], [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay];
  const share = clamp(((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1), 0, 1);
  return Math.hypot(x - ax - share * dx, y - ay - share * dy);
}

/** Which cells of a grid over an image have their centre in the region: Uint8Array, row by row. */
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

function ellipse(shape, covered, grid, across, down) {
  const { left, top, right, bottom } = bounds(shape);
  const wide = (right - left) / 2;
  const high = (bottom - top) / 2;
  if (!wide || !high) return;
  for (let r = 0; r < grid.rows; r += 1) {
    const dy = (((r + 0.5) * down - (top + bottom) / 2) / high) ** 2;
    if (dy > 1) continue;
    for (let c = 0; c < grid.columns; c += 1) {
      if (dy + (((c + 0.5) * across - (left + right) / 2) / wide) ** 2 <= 1) covered[r * grid.columns + c] = 1;
    }
  }
}

// By scan lines: each edge that crosses a row of centres adds its direction to all cells from the crossing on.
function outline(shape, covered, grid, across, down) {
  const points = corners(shape);
  const turns = new Int32Array(grid.columns + 1);
  for (let r = 0; r < grid.rows; r += 1) {
    const y = (r + 0.5) * down;
    turns.fill(0);
    let any = false;
    points.forEach(([x0, y0], i) => {
      const [x1, y1] = points[(i + 1) % points.length];
      if (y < Math.min(y0, y1) || y >= Math.max(y0, y1)) return;
      const at = x0 + (y - y0) * ((x1 - x0) / (y1 - y0));
      turns[clamp(Math.ceil(at / across - 0.5), 0, grid.columns)] += y1 > y0 ? 1 : -1;
      any = true;
    });
    if (!any) continue;
    for (let c = 0, turned = 0; c < grid.columns; c += 1) {
      turned += turns[c];
      if (turned) covered[r * grid.columns + c] = 1;
    }
  }
}

/** Whether a point lies in the region. */
export function contains(region, x, y) {
  return region.shapes.some((shape) => {
    if (shape.kind === "ellipse") {
      const { left, top, right, bottom } = bounds(shape);
      const wide = (right - left) / 2;
      const high = (bottom - top) / 2;
      return wide > 0 && high > 0 && ((x - (left + right) / 2) / wide) ** 2 + ((y - (top + bottom) / 2) / high) ** 2 <= 1;
    }
    const points = corners(shape);
    return points.reduce((turned, [x0, y0], i) => {
      const [x1, y1] = points[(i + 1) % points.length];
      const crossed = y >= Math.min(y0, y1) && y < Math.max(y0, y1) && x0 + (y - y0) * ((x1 - x0) / (y1 - y0)) <= x;
      return crossed ? turned + (y1 > y0 ? 1 : -1) : turned;
    }, 0) !== 0;
  });
}
