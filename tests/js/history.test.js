// Steps are taken back and done again in the order in which they were done, whatever their kind.
import assert from "node:assert/strict";
import { test } from "node:test";
import { History } from "../../static/js/history.js";

/** A history of two kinds of steps that writes down what it is told. */
function written() {
  const history = new History();
  const told = [];
  for (const kind of ["measured", "judged"]) {
    const say = (way) => (step) => told.push(`${way} ${kind} ${step.entries.map(({ key }) => key).join("+")}`);
    history.register(kind, { undo: say("undo"), redo: say("redo") });
  }
  return { history, told };
}

test("back and forth, until there is nothing more", () => {
  const { history, told } = written();
  history.add("measured", { entries: [{ key: "a" }] });
  history.add("judged", { entries: [{ key: "b" }, { key: "c" }] });
  assert.deepEqual([history.undo(), history.undo(), history.undo()], [true, true, false]);
  assert.deepEqual([history.redo(), history.redo(), history.redo()], [true, true, false]);
  assert.deepEqual(told, ["undo judged b+c", "undo measured a", "redo measured a", "redo judged b+c"]);
});

test("a new step is the end of what could be done again", () => {
  const { history, told } = written();
  history.add("measured", { entries: [{ key: "a" }] });
  history.undo();
  history.add("measured", { entries: [{ key: "b" }] });
  assert.equal(history.redo(), false);
  assert.equal(history.undo(), true);
  assert.deepEqual(told, ["undo measured a", "undo measured b"]);
});

test("listeners hear every change", () => {
  const { history } = written();
  let changes = 0;
  history.listen(() => {
    changes += 1;
  });
  history.add("measured", { entries: [{ key: "a" }] });
  history.undo();
  history.redo();
  history.forget("a");
  history.undo();
  assert.equal(changes, 4);
});

test("what became something else is forgotten, in what was done and in what was undone", () => {
  const { history, told } = written();
  history.add("judged", { entries: [{ key: "a" }, { key: "b" }] });
  history.add("judged", { entries: [{ key: "a" }], region: { before: null, after: null } });
  history.add("judged", { entries: [{ key: "a" }] });
  history.undo();
  history.forget("a");
  assert.deepEqual(history.entries("judged").map(({ key }) => key), ["b"]);
  assert.equal(history.redo(), false, "nothing was left of it");
  history.undo();
  history.undo();
  assert.deepEqual(told, ["undo judged a", "undo judged ", "undo judged b"]);
});

test("entries are those of one kind", () => {
  const { history } = written();
  history.add("measured", { entries: [{ key: "a" }] });
  history.add("judged", { entries: [{ key: "b" }] });
  history.undo();
  assert.deepEqual(history.entries("judged"), [{ key: "b" }]);
  assert.deepEqual(history.entries("measured"), [{ key: "a" }]);
});
