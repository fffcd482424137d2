// Layers of whole stacks: cut into slices, one range of colours for all of them, and the largest value of every place.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Maps, StackMaps, fetchMaps } from "../../static/js/stacks/maps.js";
import { answers, octets } from "./answers.js";

// Two slices of 201 values: 0 … 200, and a tenth of them, negative.
const RISING = Float32Array.from({ length: 402 }, (_, at) => (at < 201 ? at : (201 - at) / 10));
const SIZE = { slices: 2, width: 201, height: 1, extent: [0, 0, 201, 1] };
const HEAD = { id: "e", kind: "relevance", scale: "signed", signed: true, ...SIZE };
const laid = {};
let server;

before(async () => {
  server = await answers(laid);
  laid["/rising"] = { body: octets(RISING) };
  laid["/gone"] = { status: 410 };
});
after(() => server.close());

test("a stack's values are cut into slices under one range", async () => {
  const maps = await fetchMaps({ ...HEAD, values_url: server.url("/rising") });
  const slices = [maps.slice(0), maps.slice(1)];
  assert.deepEqual(slices.map(({ values }) => [...values]), [[...RISING.slice(0, 201)], [...RISING.slice(201)]]);
  // Of the positive values of the first slice there are 200: rank 198.005 among 1 … 200; of all sizes rank 199 of 0 … 200.
  for (const { positive, strength } of slices) {
    assert.ok(Math.abs(positive - 199.005) < 1e-3);
    assert.equal(strength, 199);
  }
  assert.deepEqual(slices.map(({ against }) => against), [false, true]);
  assert.equal(maps.slice(0), slices[0], "made once");
  assert.notEqual(slices[0].id, slices[1].id);
});

test("the percentile of a slice is that of its values in order", () => {
  const shuffled = Float32Array.from({ length: 997 }, (_, at) => ((at * 7919) % 997) / 7);
  const { positive } = new StackMaps({ ...HEAD, slices: 1, width: 997 }, shuffled.slice()).slice(0);
  const sorted = shuffled.filter((value) => value > 0).sort();
  const rank = 0.995 * (sorted.length - 1);
  const low = Math.floor(rank);
  assert.ok(Math.abs(positive - (sorted[low] + (sorted[low + 1] - sorted[low]) * (rank - low))) < 1e-4);
});

test("the largest value of every place is that over all slices", () => {
  const values = Float32Array.of(1, -2, 3, 0, 5, -6);
  const maps = new StackMaps({ ...HEAD, slices: 2, width: 3 }, values);
  assert.deepEqual([...maps.most().values], [1, 5, 3]);
  assert.equal(maps.ordered, true);
  assert.deepEqual([...values], [1, -2, 3, 0, 5, -6]);
});

test("classes keep their numbers, and greys open from percentile to percentile", () => {
  const head = { ...HEAD, slices: 1, signed: false };
  const classes = new StackMaps({ ...head, width: 3, scale: "classes" }, Float32Array.of(0, 1, 2));
  assert.deepEqual([classes.ordered, classes.slice(0).low, classes.slice(0).high], [false, 0, 255]);
  const grey = new StackMaps({ ...head, width: 201, scale: "grey" }, RISING.slice(0, 201)).slice(0);
  assert.deepEqual([grey.low, grey.high].map((value) => Math.round(value * 1e3) / 1e3), [1, 199]);
  const flat = new StackMaps({ ...head, width: 3, scale: "grey" }, new Float32Array(3).fill(4)).slice(0);
  assert.ok(flat.low === 4 && flat.high > 4);
});

test("what is not there or not as long as it says is an error", async () => {
  await assert.rejects(fetchMaps({ ...HEAD, values_url: server.url("/gone") }), /410/);
  await assert.rejects(fetchMaps({ ...HEAD, slices: 3, values_url: server.url("/rising") }), /length/);
});

test("a layer is fetched once, and the oldest that nobody shows goes", async () => {
  const shown = { ...HEAD, values_url: server.url("/rising") };
  const maps = new Maps(() => [shown.values_url]);
  assert.equal(maps.known(shown), undefined);
  const [first, second] = await Promise.all([maps.get(shown), maps.get(shown)]);
  assert.equal(first, second);
  const others = Array.from({ length: 30 }, (_, at) => `/rising?${at}`);
  for (const path of others) {
    laid[path] = laid["/rising"];
    await maps.get({ ...HEAD, values_url: server.url(path) });
  }
  assert.equal(maps.known(shown), first);
  assert.equal(maps.known({ values_url: server.url(others[0]) }), undefined);
  assert.ok(maps.known({ values_url: server.url(others.at(-1)) }));
});
