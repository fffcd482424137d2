// The ends of a layer's colours, and figures as they are read.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ends, figure, figures, fixed, sharedEnds } from "../../static/js/viewport/map.js";

test("colours run from 0 up, to both sides of it, or over 0 … 1 and never elsewhere", () => {
  const map = (more, positive = 3, strength = 4) => ({ explanation: { min: -5, max: 7, ...more }, positive, strength });
  const plain = map({ signed: false, scale: "positive" });
  const signed = map({ signed: true, scale: "signed" });
  const unit = map({ signed: false, scale: "unit" });
  assert.deepEqual([ends(plain, true), ends(plain, false)], [[0, 3], [0, 7]]);
  assert.deepEqual([ends(signed, true), ends(signed, false)], [[-4, 4], [-7, 7]]);
  assert.deepEqual([ends(unit, true), ends(unit, false)], [[0, 1], [0, 1]]);
  assert.deepEqual(ends(map({ signed: false, max: -1 }, 0), true), [0, 1]);
  assert.deepEqual(ends(map({ signed: true, min: 0, max: 0 }, 0, 0), true), [-1, 1]);
  assert.deepEqual([plain, signed, unit].map(fixed), [false, false, true]);
  const other = map({ signed: false, scale: "positive" }, 9);
  assert.deepEqual(sharedEnds([plain, signed, unit, other], false, true), [0, 9]);
  assert.deepEqual(sharedEnds([plain, signed, unit, other], true, true), [-4, 4]);
  assert.deepEqual(sharedEnds([unit], false, true), [0, 1]);
  const classes = map({ signed: false, scale: "classes" });
  const grey = { ...map({ signed: false, scale: "grey" }), low: -20, high: 60 };
  assert.deepEqual([classes, grey].map((one) => ends(one)), [[0, 255], [-20, 60]]);
  assert.deepEqual([classes, grey].map(fixed), [true, true]);
  assert.deepEqual(sharedEnds([plain, classes, grey], false, true), [0, 3]);
});

test("figures have as many digits as matter, and a common power of ten", () => {
  assert.deepEqual([0, 1, -0.12345, 999, 0.045].map((value) => figure(value)), ["0", "1.00", "−0.123", "999", "0.0450"]);
  assert.deepEqual(figures([0, 3.2, -0.41, 3.21]), { texts: ["0.00", "3.20", "−0.41", "3.21"], power: "" });
  assert.deepEqual(figures([-2e-5, 2e-5, 0]), { texts: ["−2.00", "2.00", "0.00"], power: "×10⁻⁵" });
  assert.deepEqual(figures([-31000, 5]), { texts: ["−3.10", "0.00"], power: "×10⁴" });
});
