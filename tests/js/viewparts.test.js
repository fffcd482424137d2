// What a link says of slices: somebody may have made it up.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Stack } from "../../static/js/stacks/stack.js";
import { slicesPart } from "../../static/js/viewparts.js";
import { learn } from "../../static/js/words.js";

/** A page of one stack of three slices, and where its stack was sent. */
function opened(order = [0, 1, 2]) {
  const images = order.map((at) => ({ id: "abc"[at], at }));
  const stack = new Stack({ id: "s", kind: "slices", images });
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

test("a link means the same image to a reader who goes through the stack from its other end", () => {
  const { part, moves } = opened([2, 1, 0]);
  part.load({ at: { s: 2 } });
  assert.deepEqual(moves, [["s", 0]]);
  const { part: other } = opened([2, 0, 1]);
  assert.deepEqual(other.save().at, { s: 1 }, "opens at the middle of the stored stack");
});

test("what is told of every slice lies in the reader's order, and a stack stays at its slice when the order changes", () => {
  const stack = new Stack({ id: "s", kind: "slices", images: [2, 1, 0].map((at) => ({ id: `${at}`, at })) });
  assert.deepEqual([stack.ordered([1, 2, 3]), stack.ordered(null)], [[3, 2, 1], null]);
  assert.deepEqual([stack.placeOf(2), stack.placeOf(3)], [0, -1]);
  stack.at = stack.placeOf(2);
  stack.take({ ...stack.data, images: stack.data.images.toReversed() });
  assert.deepEqual([stack.at, stack.image.id, stack.ordered([1, 2, 3])], [2, "2", [1, 2, 3]]);
});
