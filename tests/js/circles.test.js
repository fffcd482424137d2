// The check for circles finds them: direct, long, and more than one; a diamond is none.
import assert from "node:assert/strict";
import { test } from "node:test";
import { circles } from "../../.ci/circles.mjs";

/** A graph of {module: "what it imports"}. */
function graph(imports) {
  return new Map(Object.entries(imports).map(([name, list]) => [name, list.split(" ").filter(Boolean)]));
}

test("modules that meet again from two sides are no circle", () => {
  assert.deepEqual(circles(graph({ a: "b c", b: "d", c: "d", d: "" })), []);
});

test("a circle is told with its way, once", () => {
  assert.deepEqual(circles(graph({ a: "b", b: "c", c: "b" })), [["b", "c", "b"]]);
  assert.deepEqual(circles(graph({ a: "a" })), [["a", "a"]]);
});

test("each circle is found", () => {
  const found = circles(graph({ a: "b d", b: "a", c: "", d: "e", e: "f", f: "d" }));
  assert.deepEqual(found.map((way) => way.length), [3, 4]);
});
