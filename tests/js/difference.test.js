// What one map has more than another, on maps small enough to say it by hand.
import assert from "node:assert/strict";
import { test } from "node:test";
import { difference } from "../../static/js/difference.js";

const EXTENT = [0, 0, 4, 4];

/** A map of 2 × 2 cells over a film of 4 × 4 pixels. */
function map(values, more = {}) {
  const side = Math.sqrt(values.length);
  const explanation = { id: "", width: side, height: side, extent: EXTENT };
  return { values: Float32Array.from(values), explanation, end: 1, signed: true, strength: 1, ...more };
}

test("each map counts by the end of its own colours, and is cut off there", () => {
  const one = map([20, 5, -20, 0], { end: 10 });
  const other = map([0.5, 0.5, 0.5, 0], { end: 1 });
  const { values, explanation } = difference(one, other, "a");
  assert.deepEqual([...values], [0.5, 0, -1.5, 0]);
  assert.deepEqual([explanation.min, explanation.max, explanation.signed, explanation.id], [-1.5, 0.5, true, "a"]);
});

test("of a map with one side what is below zero counts as nothing", () => {
  assert.deepEqual([...difference(map([-3, 1, 0, 0], { signed: false }), map([0, 0, 0, 1]), "a").values], [0, 1, 0, -1]);
});

test("a map that is drawn faintly counts as much less", () => {
  const [faint, zero] = [map([1, 1, 0, 0], { strength: 0.25 }), map([0, 0, 0, 0])];
  assert.deepEqual([...difference(faint, zero, "a").values], [0.25, 0.25, 0, 0]);
});

test("the finer map is averaged over the cells of the coarser one, on both sides of zero", () => {
  const fine = map([1, 0, 0, 0, 1, 0, 0, 0, -1, -1, 0, 0, -1, -1, 0, 1]);
  const { values, explanation } = difference(map([0, 0, 0, 0]), fine, "a");
  assert.deepEqual([explanation.width, explanation.height], [2, 2]);
  assert.deepEqual([...values].map((value) => value + 0), [-0.5, 0, 1, -0.25]);
});
