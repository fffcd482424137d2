// What a map is worth against a region, on cases that Python is held to as well, and on those that can be said by hand.
import assert from "node:assert/strict";
import { test } from "node:test";
import { grid, measure, otsu, peak, ratio, resampled, truth } from "../../static/js/localisation.js";
import { byImage, measured } from "../../static/js/stacks/localised.js";
import { cases, close } from "./cases.js";

const IMAGE = { id: "film", rows: 40, columns: 40 };
const SQUARE = { kind: "rectangle", points: [[10, 10], [20, 20]] };

/** A map of 4 × 4 cells over the whole film with some values, {place: value}. */
function map(values) {
  const filled = Float32Array.from({ length: 16 }, (_, at) => values[at] ?? 0);
  return { id: "map", explanation: { id: "map", width: 4, height: 4, extent: [0, 0, 40, 40] }, values: filled };
}

/** A stack whose slices are gone through in some order. */
function laid(images) {
  return { images, places: new Map(images.map(({ id }, at) => [id, at])) };
}

/** The figures of a case: of a film on its own pixels, of a stack over all its slices. */
function figures({ title, map: { values, ...explanation }, regions, image }) {
  const known = { id: title, explanation: { id: title, ...explanation }, values: Float32Array.from(values) };
  if (explanation.slices === 1) {
    const film = { id: title, ...image };
    return measure(known, film, truth({ shapes: regions["0"] ?? [] }, film));
  }
  const images = Array.from({ length: explanation.slices }, (_, at) => ({ id: `slice ${at}`, at }));
  const drawn = Object.entries(regions).flatMap(([at, shapes]) => shapes.map((shape) => ({ ...shape, image: `slice ${at}` })));
  const found = measured(known, laid(images), byImage({ shapes: drawn }));
  assert.deepEqual(measured(known, laid(images.toReversed()), byImage({ shapes: drawn })), found, "from the other end");
  return found;
}

test("Python says the same of a map and a region", () => {
  for (const one of cases("localisation")) {
    const found = figures(one);
    for (const [name, value] of Object.entries(one.expected)) close(found[name], value, `${one.title} ${name}`, 1e-5);
  }
});

test("one highest cell in the region is a hit; two, or none above 0, are none", () => {
  const against = truth({ shapes: [SQUARE] }, IMAGE);
  assert.equal(measure(map({ 5: 1 }), IMAGE, against).pointing, 1);
  assert.equal(measure(map({ 5: 1, 6: 2 }), IMAGE, against).pointing, 0);
  assert.equal(measure(map({ 5: 1, 10: 1 }), IMAGE, against).pointing, 0);
  assert.equal(measure(map({ 0: -1 }), IMAGE, against).pointing, 0);
});

test("cells side by side are one place, and their middle counts; all of the map is none", () => {
  const middle = truth({ shapes: [{ kind: "rectangle", points: [[14, 19], [16, 21]] }] }, IMAGE);
  assert.equal(measure(map({ 5: 1, 9: 1 }), IMAGE, middle).pointing, 1);
  assert.equal(measure(map({ 5: 1, 9: 1, 15: 1 }), IMAGE, middle).pointing, 0);
  const all = Object.fromEntries(Array.from({ length: 16 }, (_, at) => [at, 1]));
  assert.equal(peak(map(all).values, { width: 4, height: 4 }), null);
  assert.deepEqual(peak(Float32Array.of(0, 3, 0, 3), { width: 1, height: 2 }), { slice: 0.5, row: 1, column: 0 });
  assert.equal(peak(Float32Array.of(3, 1, 1, 3), { width: 1, height: 2 }), null);
});

test("a region without a cell has no figures, and a map is known anew on another image", () => {
  const known = map({ 5: 1 });
  const small = truth({ shapes: [{ kind: "rectangle", points: [[10.6, 10.6], [11.4, 11.4]] }] }, IMAGE);
  assert.deepEqual(measure(known, IMAGE, small), { pointing: null, iou: null, outside_inside: null, mass: null });
  const whole = { kind: "rectangle", points: [[0, 0], [40, 40]] };
  const first = measure(known, IMAGE, truth({ shapes: [whole] }, IMAGE));
  assert.equal(first.outside_inside, null);
  assert.equal(first.mass, 1);
  const other = { id: "other", rows: 20, columns: 20 };
  assert.equal(measure(known, other, truth({ shapes: [SQUARE] }, other)).pointing, 1);
});

test("the ratio is infinite where all lies outside, and nothing where there is nothing to compare", () => {
  assert.equal(ratio(0, 3, 4, 16), Infinity);
  assert.equal(ratio(0, 0, 4, 16), null);
  assert.equal(ratio(3, 3, 16, 16), null);
  assert.equal(ratio(4, 16, 4, 16), 1);
});

test("a large film is measured on a grid of 512", () => {
  const sizes = [[40, 30], [3000, 2500], [9, 9000], [512, 512]].map(([rows, columns]) => grid({ rows, columns }));
  assert.deepEqual(sizes.map(({ rows, columns }) => [rows, columns]), [[40, 30], [512, 427], [1, 512], [512, 512]]);
});

test("a map of the film's own pixels is itself, and 0 beyond its extent", () => {
  const image = { rows: 3, columns: 4 };
  const values = Float32Array.from({ length: 12 }, (_, at) => at + 0.5);
  const over = (extent) => ({ id: "m", explanation: { id: "m", width: 4, height: 3, extent }, values });
  assert.deepEqual(resampled(over([0, 0, 4, 3]), image), values);
  const half = [false, false, true, true];
  assert.deepEqual([...resampled(over([2, 0, 6, 3]), image)].map((value) => value > 0), [...half, ...half, ...half]);
});

test("edge cells are held up to a map's reach, and no further", () => {
  const image = { rows: 2, columns: 6 };
  const values = Float32Array.of(1, 2, 3, 4);
  const known = { id: "m", explanation: { id: "m", width: 4, height: 1, extent: [1, 0, 5, 2], reach: [0, 0, 5.5, 2] }, values };
  assert.deepEqual([...resampled(known, image)], [1, 1, 2, 3, 4, 4, 1, 1, 2, 3, 4, 4]);
  known.explanation.reach = [1, 0, 5, 1];
  assert.deepEqual([...resampled({ ...known }, image)], [0, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0]);
});

test("Otsu's threshold parts two levels; without evidence nothing is above it", () => {
  const heat = Float32Array.from({ length: 100 }, (_, at) => (at < 50 ? 1 : 9));
  assert.ok(otsu(heat) > 1 && otsu(heat) <= 9);
  assert.equal(otsu(new Float32Array(4)), Infinity);
  assert.equal(otsu(Float32Array.of(-1, -2)), Infinity);
  assert.equal(otsu(Float32Array.of(2, 2)), 1);
});
