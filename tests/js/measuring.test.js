// Lengths, angles and grey values, on cases that Python is held to as well, and while only a preview of the film is there.
import assert from "node:assert/strict";
import { test } from "node:test";
import { KINDS, measured, pointsOf } from "../../static/js/measuring.js";
import { alike, cases } from "./cases.js";

test("Python measures the same", () => {
  for (const { title, kind, points, image, stored, expected } of cases("measuring")) {
    const bias = image.signed ? 32768 : 0;
    const data = Uint16Array.from(stored, (value) => value + bias);
    const film = { image, bias, levels: [{ data, width: image.columns, height: image.rows }] };
    alike(measured({ kind, points }, film), expected, title);
  }
});

test("while only a preview is there lengths, angles and areas are known, and no grey value", () => {
  const image = { rows: 40, columns: 40, spacing: null, slope: 1, intercept: 0 };
  const film = { image, bias: 0, first: 1, levels: [undefined, { data: new Uint16Array(400), width: 20, height: 20 }] };
  const points = [[0, 0], [3, 4]];
  assert.deepEqual(measured({ kind: "length", points }, film), { length: 5 });
  const nothing = { pixels: null, mean: null, sd: null, min: null, max: null };
  assert.deepEqual(measured({ kind: "rectangle", points }, film), { ...nothing, area: 12 });
  assert.deepEqual(measured({ kind: "ellipse", points }, film), { ...nothing, area: 3 * Math.PI });
});

test("every kind has its points", () => {
  assert.deepEqual(KINDS.map(pointsOf), [2, 3, 2, 2]);
});
