// Where an image lies in a pane: against what can be said by hand, under all eight orientations.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  UPRIGHT, after, aspect, clamp, inverted, letters, panned, placed, through, turned, zoomedAt,
} from "../../static/js/viewport/geometry.js";
import { alike, cases } from "./cases.js";

const IMAGE = { rows: 200, columns: 100, spacing: [2, 0.5] };
const BOX = { width: 640, height: 480 };
const STEPS = ["right", "left", "horizontal", "vertical"];

/** The eight orientations, each by the steps that lead to it. */
function orientations() {
  const found = new Map([[String(UPRIGHT), UPRIGHT]]);
  const open = [UPRIGHT];
  while (open.length) {
    const turn = open.pop();
    for (const next of STEPS.map((step) => turned(turn, step))) {
      if (found.has(String(next))) continue;
      found.set(String(next), next);
      open.push(next);
    }
  }
  return [...found.values()];
}

test("quarter turns and flips lead to eight orientations, without a −0", () => {
  const all = orientations();
  assert.equal(all.length, 8);
  assert.ok(all.flat().every((value) => !Object.is(value, -0)));
  for (const [step, back] of [["right", "left"], ["horizontal", "horizontal"], ["vertical", "vertical"]]) {
    for (const turn of all) assert.deepEqual(turned(turned(turn, step), back), [...turn]);
  }
});

test("an image fits its pane by its size in the patient, its middle in the middle", () => {
  for (const turn of orientations()) {
    const { matrix } = placed({ zoom: 1, x: 0.5, y: 0.5, turn }, IMAGE, BOX);
    assert.deepEqual(through(matrix, 50, 100).map(Math.round), [320, 240]);
    const corners = [[0, 0], [100, 0], [100, 200], [0, 200]].map(([x, y]) => through(matrix, x, y));
    const wide = Math.max(...corners.map(([x]) => x)) - Math.min(...corners.map(([x]) => x));
    const high = Math.max(...corners.map(([, y]) => y)) - Math.min(...corners.map(([, y]) => y));
    // 100 × 0.5 mm wide, 200 × 2 mm high: eight times as high as wide.
    const across = turn[0] === 0;
    assert.ok(Math.abs((across ? wide / high : high / wide) - 8) < 1e-9);
    assert.ok(Math.abs(across ? wide - 640 : high - 480) < 1e-9);
  }
  assert.equal(aspect(IMAGE), 4);
  assert.equal(aspect({ spacing: null }), 1);
  assert.equal(aspect({ spacing: null, aspect: 0.5 }), 0.5);
  assert.equal(aspect({ spacing: [2, 0.5], aspect: 0.5 }), 4);
});

test("there and back is where one was", () => {
  for (const turn of orientations()) {
    const { matrix } = placed({ zoom: 3.7, x: 0.2, y: 0.9, turn }, IMAGE, BOX);
    const [x, y] = through(inverted(matrix), ...through(matrix, 12.5, 170.25));
    assert.ok(Math.hypot(x - 12.5, y - 170.25) < 1e-9);
  }
});

test("one map after another", () => {
  const moves = [0.9, -0.2, 0.3, 1.1, 14, -6];
  const { matrix } = placed({ zoom: 2, x: 0.3, y: 0.6, turn: turned(UPRIGHT, "right") }, IMAGE, BOX);
  const [x, y] = through(after(matrix, moves), 30, 70);
  const [u, v] = through(matrix, ...through(moves, 30, 70));
  assert.ok(Math.hypot(x - u, y - v) < 1e-9);
});

test("zooming leaves the point under the pointer where it is", () => {
  for (const turn of orientations()) {
    const view = { zoom: 1.5, x: 0.4, y: 0.6, turn };
    const next = zoomedAt(view, IMAGE, BOX, 100, 300, 6);
    assert.equal(next.zoom, 6);
    const under = through(inverted(placed(view, IMAGE, BOX).matrix), 100, 300);
    const still = through(placed(next, IMAGE, BOX).matrix, ...under);
    assert.ok(Math.hypot(still[0] - 100, still[1] - 300) < 1e-6);
  }
});

test("moving carries the image with the hand, and never out of the pane", () => {
  for (const turn of orientations()) {
    const view = { zoom: 4, x: 0.5, y: 0.5, turn };
    const before = through(placed(view, IMAGE, BOX).matrix, 50, 100);
    const later = through(placed(panned(view, IMAGE, BOX, 9, -7), IMAGE, BOX).matrix, 50, 100);
    assert.ok(Math.hypot(later[0] - before[0] - 9, later[1] - before[1] + 7) < 1e-9);
    const { x, y } = panned(view, IMAGE, BOX, 1e6, 1e6);
    assert.ok([0, 1].includes(x) && [0, 1].includes(y));
  }
});

test("letters go with the edges", () => {
  const head = ["R", "H", "L", "F"];
  assert.deepEqual(letters(head, UPRIGHT), head);
  assert.deepEqual(letters(head, turned(UPRIGHT, "horizontal")), ["L", "H", "R", "F"]);
  // Turned to the right the head lies on the right side.
  assert.deepEqual(letters(head, turned(UPRIGHT, "right")), ["F", "R", "H", "L"]);
});

test("the report places an image as the pane does", () => {
  for (const { title, view, image, box, expected } of cases("geometry")) {
    alike(placed(view, image, box), expected, title);
  }
});

test("clamped values stay between", () => {
  assert.deepEqual([clamp(-1, 0, 2), clamp(1, 0, 2), clamp(3, 0, 2)], [0, 1, 2]);
});
