// Drawn shapes: adjusted at their handles, moved, thinned out; and the cells that they cover, against angles around every
// centre.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  adjusted, bounds, contains, corners, handles, mask, moved, same, settled, simplified, stretched,
} from "../../static/js/shapes.js";
import { cases } from "./cases.js";

const IMAGE = { rows: 40, columns: 30 };
const STAR = { kind: "polygon", points: [[20.01, 2.02], [31.03, 37], [2.04, 15.01], [38.02, 15.53], [8.01, 37.57]] };
const ELLIPSE = { kind: "ellipse", points: [[2.2, 3.1], [27.4, 36.9]] };
const RECTANGLE = { kind: "rectangle", points: [[21.2, 29.7], [3.3, 4.1]] };

/** Whether an outline runs around a point, by the angle that it turns around it. */
function around(points, x, y) {
  let turned = 0;
  points.forEach(([ax, ay], at) => {
    const [bx, by] = points[(at + 1) % points.length];
    const angle = Math.atan2(by - y, bx - x) - Math.atan2(ay - y, ax - x);
    turned += angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI));
  });
  return Math.round(turned / (2 * Math.PI)) !== 0;
}

/** Whether an ellipse holds a point, by the sum of the ways to its foci. */
function within({ points }, x, y) {
  const { left, top, right, bottom } = bounds({ points });
  const [a, b] = [(right - left) / 2, (bottom - top) / 2];
  const far = Math.sqrt(Math.abs(a * a - b * b));
  const [fx, fy] = a >= b ? [far, 0] : [0, far];
  const [dx, dy] = [x - left - a, y - top - b];
  return Math.hypot(dx - fx, dy - fy) + Math.hypot(dx + fx, dy + fy) <= 2 * Math.max(a, b);
}

for (const shape of [STAR, ELLIPSE, RECTANGLE]) {
  for (const [rows, columns] of [[40, 30], [13, 17], [80, 60]]) {
    test(`the cells of a ${shape.kind} on ${rows} × ${columns} are those whose centre lies in it`, () => {
      const covered = mask({ shapes: [shape] }, IMAGE, { rows, columns });
      const expected = Array.from({ length: rows * columns }, (_, at) => {
        const x = ((at % columns) + 0.5) * (30 / columns);
        const y = (Math.floor(at / columns) + 0.5) * (40 / rows);
        return shape.kind === "ellipse" ? within(shape, x, y) : around(corners(shape), x, y);
      });
      assert.deepEqual([...covered], expected.map(Number));
      assert.ok(expected.includes(true) && expected.includes(false));
    });
  }
}

test("a point lies in a region of several shapes as a cell's centre does", () => {
  const region = { shapes: [STAR, ELLIPSE, RECTANGLE] };
  const covered = mask(region, IMAGE, IMAGE);
  const found = covered.map((_, at) => Number(contains(region, (at % 30) + 0.5, Math.floor(at / 30) + 0.5)));
  assert.deepEqual(found, covered);
});

test("Python covers the same cells", () => {
  for (const { title, shapes, image, grid, covered } of cases("shapes")) {
    const found = mask({ shapes }, image, grid);
    assert.deepEqual(found.reduce((list, cell, at) => (cell ? [...list, at] : list), []), covered, title);
  }
});

test("handles stand at sides and corners, or at an outline's points, and take them along", () => {
  assert.equal(handles(RECTANGLE).length, 8);
  const right = handles(RECTANGLE).find(({ sides }) => String(sides) === "right,");
  assert.deepEqual([right.x, right.y], [21.2, (4.1 + 29.7) / 2]);
  assert.deepEqual(adjusted(RECTANGLE, right, [25, 99]).points, [[3.3, 4.1], [25, 29.7]]);
  const corner = handles(ELLIPSE).find(({ sides }) => String(sides) === "left,top");
  assert.deepEqual(adjusted(ELLIPSE, corner, [1, 2]), { kind: "ellipse", points: [[1, 2], [27.4, 36.9]] });
  const [, second] = handles(STAR);
  assert.deepEqual(adjusted(STAR, second, [0, 0]).points[1], [0, 0]);
  assert.deepEqual(adjusted(STAR, second, [0, 0]).points[2], STAR.points[2]);
});

test("a shape moves as far as the image reaches", () => {
  assert.deepEqual(bounds(moved(ELLIPSE, -100, 2, IMAGE)), { left: 0, top: 5.1, right: 25.2, bottom: 38.9 });
  const { right, bottom } = bounds(moved(ELLIPSE, 100, 100, IMAGE));
  assert.ok(Math.abs(right - 30) < 1e-9 && Math.abs(bottom - 40) < 1e-9);
});

test("a shape is stretched from its upper left corner, within the image, and not to nothing", () => {
  const box = { kind: "rectangle", points: [[10, 10], [20, 30]] };
  assert.deepEqual(stretched(box, 5, -5, IMAGE, 4).points, [[10, 10], [25, 25]]);
  assert.deepEqual(stretched(box, 50, -50, IMAGE, 4).points, [[10, 10], [30, 14]]);
});

test("a shape is stored to the hundredth, a box's corners in order", () => {
  assert.deepEqual(settled({ kind: "rectangle", points: [[9.006, 1], [3, 8.123456]] }).points, [[3, 1], [9.01, 8.12]]);
  assert.deepEqual(settled({ kind: "freehand", points: [[9.006, 1], [3, 8.004], [0, 0]] }).points, [[9.01, 1], [3, 8], [0, 0]]);
});

test("regions are the same by their shapes", () => {
  const region = () => ({ shapes: [{ kind: "ellipse", points: [[1, 2], [3, 4]] }] });
  assert.ok(same(region(), region()) && same(null, null));
  assert.ok(!same(region(), null) && !same(undefined, region()) && !same(region(), { shapes: [RECTANGLE] }));
});

test("a thinned line keeps its ends and strays no farther than allowed", () => {
  const line = Array.from({ length: 200 }, (_, i) => [i / 4, 10 * Math.sin(i / 20)]);
  const thin = simplified(line, 0.25);
  assert.ok(thin.length < 40);
  assert.deepEqual([thin[0], thin.at(-1)], [line[0], line.at(-1)]);
  for (const [x, y] of line) {
    const next = thin.findIndex(([tx]) => tx >= x);
    const [[ax, ay], [bx, by]] = [thin[Math.max(next - 1, 0)], thin[Math.max(next, 1)]];
    const away = Math.abs((bx - ax) * (ay - y) - (ax - x) * (by - ay)) / Math.hypot(bx - ax, by - ay);
    assert.ok(away <= 0.25 + 1e-9);
  }
  assert.deepEqual(simplified([[0, 0], [1, 1]], 5), [[0, 0], [1, 1]]);
});
