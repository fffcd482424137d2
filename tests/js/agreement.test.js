// How far methods agree, on cases that Python is held to as well, and on those that can be said by hand.
import assert from "node:assert/strict";
import { test } from "node:test";
import { counted, disagreement, distinct, gathered, overlaps, ranks, topArea } from "../../static/js/agreement.js";
import { alike, cases, close } from "./cases.js";

/** Maps as the page has them: [[method, map], …]. */
function entries(maps) {
  return maps.map(({ method, values, ...explanation }) => [method, { explanation, values: Float32Array.from(values) }]);
}

/** The places of flags that are set. */
function set(flags) {
  return [...flags.keys()].filter((at) => flags[at]);
}

test("Python says the same of maps", () => {
  for (const { title, maps, image, expected } of cases("agreement")) {
    const found = gathered(entries(maps), image);
    if (expected === null) {
      assert.equal(found, null, title);
      continue;
    }
    assert.deepEqual([found.methods, found.height, found.width], [expected.methods, ...expected.shape], title);
    assert.deepEqual(found.places, expected.places, title);
    alike(found.cells.map((cells) => [...cells]), expected.cells, `${title} cells`, 2e-7);
    const table = ranks(found.cells);
    alike(table, expected.ranks, `${title} ranks`);
    const counting = distinct(table, [...found.methods.keys()]);
    assert.deepEqual(counting.map((at) => found.methods[at]), expected.counting, title);
    close(disagreement(table, counting), expected.disagreement, `${title} disagreement`);
    for (const { share, cells, overlaps: expectedOverlaps } of expected.areas) {
      const areas = found.cells.map((one) => topArea(one, share));
      assert.deepEqual(areas.map(set), cells, `${title} ${share}`);
      alike(overlaps(areas), expectedOverlaps, `${title} overlaps ${share}`);
    }
  }
});

test("equal cells at the edge of a top area come in, those at 0 do not", () => {
  const cells = Float32Array.of(9, 8, 7, 6, 5, 4, 4, 4, 4, 0, 0, 0, 0, 0, 0, 0);
  const counts = [0.01, 0.25, 0.3, 0.5, 1].map((share) => topArea(cells, share).reduce((sum, flag) => sum + flag, 0));
  assert.deepEqual(counts, [1, 4, 5, 9, 9]);
});

test("nothing has no overlap with nothing", () => {
  const [nothing, all] = [Uint8Array.of(0, 0), Uint8Array.of(1, 1)];
  const table = overlaps([nothing, nothing, all]);
  assert.ok(Number.isNaN(table[1][0]));
  assert.deepEqual([table[2][0], table[2][2]], [0, 1]);
});

test("methods that rank alike have one vote, and one alone disagrees with nobody", () => {
  assert.deepEqual(distinct([[1, 1, 0], [1, 1, 0], [0, 0, 1]], [0, 1, 2]), [0, 2]);
  assert.equal(disagreement([[1, 0.25], [0.25, 1]], [0, 1]), 0.75);
  assert.equal(disagreement([[1, -1], [-1, 1]], [0, 1]), 1);
  assert.equal(disagreement([[1]], [0]), null);
});

test("maps without an order are left out, and none at all is none", () => {
  const image = { rows: 2, columns: 2 };
  const flat = { method: "flat", width: 2, height: 2, extent: [0, 0, 2, 2], values: [1, 1, 1, 1] };
  const against = { ...flat, method: "against", values: [-1, -2, -3, -4] };
  assert.equal(gathered([], image), null);
  assert.equal(gathered(entries([flat, against]), image), null);
});

test("cells beside the film do not count, and what counts them is laid where they lie", () => {
  const wide = { method: "wide", width: 4, height: 2, extent: [-2, 0, 6, 4], values: [9, 1, 2, 9, 9, 3, 4, 9] };
  const found = gathered(entries([wide]), { rows: 4, columns: 4 });
  assert.deepEqual(found.places, [1, 2, 5, 6]);
  assert.deepEqual([...found.cells[0]], [1, 2, 3, 4]);
  const map = counted(found, [Uint8Array.of(1, 0, 0, 1), Uint8Array.of(1, 1, 0, 0)], "overlap");
  assert.deepEqual([...map.values], [0, 2, 1, 0, 0, 0, 1, 0]);
  assert.deepEqual(map.explanation, { id: "overlap", width: 4, height: 2, extent: [-2, 0, 6, 4], reach: [-2, 0, 6, 4] });
});

test("slices of a stack are compared together, and counted each by itself", () => {
  const stack = { method: "lrp", slices: 2, width: 2, height: 1, extent: [0, 0, 2, 1], values: [1, 2, 3, 4] };
  const found = gathered(entries([stack]), { rows: 1, columns: 2 });
  assert.deepEqual([found.slices, found.places, [...found.cells[0]]], [2, [0, 1], [1, 2, 3, 4]]);
  const area = topArea(found.cells[0], 0.5);
  assert.deepEqual([0, 1].map((slice) => [...counted(found, [area], "overlap", slice).values]), [[0, 0], [1, 1]]);
});
