// What a pane says of how its map is drawn: why nothing of it is seen, and where it is.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ended, told, unseen } from "../../static/js/saying.js";
import { Stack } from "../../static/js/stacks/stack.js";
import { StackMaps } from "../../static/js/stacks/maps.js";
import { learn } from "../../static/js/words.js";

const SETTINGS = { shared: false, fixed: true, robust: true, fading: false, evened: false };
const SEEN = { ends: [0, 1], threshold: 0.2, soft: 0, lines: false, opacity: 0.6, strength: 1, contours: false };

learn({
  "drawn.weak": "weak {0}",
  "drawn.faint": "faint {0}",
  "drawn.elsewhere": "strongest on {0}",
  "drawn.unfaded": "not faded",
  "range.map": "own range",
});

/** A pane at a slice of a stack whose maps have these values, one each; `order` is that in which the slices are read. */
function pane(values, at = 0, { kind = "relevance", order = values.map((_, place) => place) } = {}) {
  const images = order.map((stored) => ({ id: `i${stored}`, at: stored }));
  const stack = new Stack({ id: "s", kind: values.length > 1 ? "slices" : "film", images });
  const size = { slices: values.length, width: 1, height: 1 };
  const maps = new StackMaps({ kind, scale: "positive", signed: false, ...size, notes: [] }, Float32Array.from(values));
  return { map: maps.slice(order[at]), overlay: null, maps, stack, at };
}

test("a map that is seen says nothing, whatever its slices", () => {
  assert.equal(unseen(pane([0.5]), SEEN), null);
  assert.equal(unseen(pane([0.5, 0.9]), SEEN), null);
  assert.equal(unseen(pane([0]), SEEN), null, "no evidence is an answer of its own");
  assert.deepEqual(told(pane([0.5]), SETTINGS, SEEN), ["own range"]);
});

test("one below the threshold, or laid too faintly by the sliders, says so", () => {
  assert.deepEqual(unseen(pane([0.1]), SEEN), { text: "weak 10", go: null });
  assert.deepEqual(unseen(pane([0.9]), { ...SEEN, opacity: 0.1, strength: 0.2 }), { text: "faint 2", go: null });
  assert.deepEqual(unseen(pane([0.5]), { ...SEEN, threshold: 0.6 }), { text: "weak 50", go: null });
});

test("one that is empty on a slice says on which it is strongest, in the order in which the slices are read", () => {
  assert.deepEqual(unseen(pane([0.1, 0, 0.9]), SEEN), { text: "strongest on 3", go: 2 });
  assert.deepEqual(unseen(pane([0.1, 0, 0.9], 2, { order: [2, 1, 0] }), SEEN), { text: "strongest on 1", go: 0 });
  assert.deepEqual(told(pane([0, 0.7], 0, { kind: "attention" }), SETTINGS, SEEN), ["strongest on 2"]);
  assert.deepEqual(told(pane([0, 0.7], 1, { kind: "attention" }), SETTINGS, SEEN), []);
  assert.equal(unseen(pane([0.1, 0.15]), SEEN).go, null, "nowhere is it seen");
});

test("what is said of a map ends with one full stop", () => {
  assert.equal(ended(["a note.", "own range"]), "a note. · own range.");
  assert.equal(ended(["own range", "a note."]), "own range · a note.");
});
