// Where slices lie in the patient: points there and back, the nearest slice, lines where slices cut one another.
import assert from "node:assert/strict";
import { test } from "node:test";
import { crossing, half, lies, nearest, normal, onSlice, patient, shares, spoken } from "../../static/js/stacks/space.js";

/** A slice of 100 × 80 pixels, 2 mm between rows and 0.5 mm between columns. */
function slice(position, axes) {
  return { rows: 100, columns: 80, spacing: [2, 0.5], position, axes };
}

const AXIAL = [1, 0, 0, 0, 1, 0];
const CORONAL = [1, 0, 0, 0, 0, -1];
const AXIALS = [0, 4, 8, 15].map((z) => slice([10, 20, z], AXIAL));

test("the first pixel's centre lies where the header says, and every point comes back", () => {
  assert.deepEqual(patient(AXIALS[0], 0.5, 0.5), [10, 20, 0]);
  assert.deepEqual(patient(AXIALS[0], 2.5, 3.5), [11, 26, 0]);
  const { x, y, away } = onSlice(AXIALS[1], patient(AXIALS[3], 12.25, 70));
  assert.ok(Math.hypot(x - 12.25, y - 70) < 1e-9);
  assert.equal(away, 11);
  assert.deepEqual(normal(AXIALS[0]).map(Math.abs), [0, 0, 1]);
});

test("the nearest slice is found, and slices that do not say where they lie are passed over", () => {
  const lost = { rows: 1, columns: 1, spacing: null, position: null, axes: null };
  assert.equal(lies(lost), false);
  assert.equal(nearest([lost, ...AXIALS], [10, 20, 7]).at, 3);
  assert.equal(nearest([lost], [0, 0, 0]), null);
  assert.equal(nearest(AXIALS, [10, 20, 2]).at, 0, "the first of equals");
});

test("two planes cut one another in a line, parallel ones nowhere", () => {
  const coronal = slice([10, 60, 50], CORONAL);
  const [[ax, ay], [bx, by]] = crossing(AXIALS[0], coronal);
  // y = 60 mm is 20 rows below the first row's centre; across the whole width of the coronal slice, 40 mm.
  assert.deepEqual([ay, by], [20.5, 20.5]);
  assert.deepEqual([ax, bx].sort((a, b) => a - b), [0, 80]);
  assert.equal(crossing(AXIALS[0], AXIALS[1]), null);
  assert.equal(crossing(AXIALS[0], slice([10, 60, 500], CORONAL)), null, "it lies far above");
});

test("a place is spoken by its axis", () => {
  assert.deepEqual(spoken(slice([10, 20, 7.5], AXIAL)), { letter: "H", mm: 7.5 });
  assert.deepEqual(spoken(slice([10, 20, -3], AXIAL)), { letter: "F", mm: 3 });
  assert.equal(spoken({ position: null }), null);
});

test("a point belongs to a slice as far as half the way to its farther neighbour", () => {
  assert.deepEqual([0, 1, 2, 3].map((at) => half(AXIALS, at)), [2, 2, 3.5, 3.5]);
  assert.equal(half([AXIALS[0]], 0), Infinity);
});

test("places compare within one frame of reference, else within one series", () => {
  assert.equal(shares({ space: "a", series: "1" }, { space: "a", series: "2" }), true);
  assert.equal(shares({ space: "a", series: "1" }, { space: "b", series: "1" }), false);
  assert.equal(shares({ space: "", series: "1" }, { space: "", series: "1" }), true);
  assert.equal(shares({ space: "", series: "1" }, { space: "", series: "2" }), false);
});
