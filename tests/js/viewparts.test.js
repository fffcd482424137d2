// What a link says of slices: somebody may have made it up.
import assert from "node:assert/strict";
import { test } from "node:test";

import { slicesPart } from "../../static/js/viewparts.js";
import { learn } from "../../static/js/words.js";

/** A page of one stack of three slices, and where its stack was sent. */
function opened() {
  const stack = { id: "s", at: 1, separate: false, images: [{ id: "a" }, { id: "b" }, { id: "c" }] };
  const moves = [];
  const page = {
    panes: { all: [{ stack }] },
    stacks: new Map([["s", stack]]),
    grid: { arrangement: "planes", stack },
    scrolling: { to: (one, place) => moves.push([one.id, place]) },
    maximum: false,
  };
  return { part: slicesPart(page), moves };
}

test("a stack goes to the place that a link names, and stays where the place is none", () => {
  learn({ "link.image": "not there" });
  const { part, moves } = opened();
  assert.deepEqual(part.save(), { at: { s: 1 }, stack: "s", most: false });
  assert.equal(part.load({ at: { s: 2 } }), "");
  assert.deepEqual(moves, [["s", 2]]);
  for (const place of ["length", "1", 3, -1, 0.5, null]) {
    const made = opened();
    assert.equal(made.part.load({ at: { s: place } }), "not there", String(place));
    assert.deepEqual(made.moves, [], String(place));
  }
});
