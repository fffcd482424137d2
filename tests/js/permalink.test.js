// The link that restores a view: there and back, what is broken, and what parts make of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Permalink, decode, elsewhere, encode, linked } from "../../static/js/permalink.js";

const STATE = { at: { image: "a7", finding: "폐결절 + ≥ 3" }, display: { opacity: 0.5 }, measures: [[0, 12.25, 3]] };

/** The fragment of an address with a view. */
function fragment(state) {
  return new URL(linked("http://127.0.0.1/studies/s", encode(state))).hash;
}

test("a view comes back as it was, in letters that no address changes", () => {
  assert.deepEqual(decode(fragment(STATE)), { state: STATE });
  assert.match(encode(STATE), /^1\.[\w-]+$/);
  // Octets whose base64 has all of +, / and =.
  const odd = { odd: "~~~???>>>ÿÿ" };
  assert.deepEqual(decode(fragment(odd)), { state: odd });
});

test("numbers keep seven figures, whole ones all", () => {
  assert.deepEqual(decode(fragment({ x: 1234.56789, n: 123456789 })).state, { x: 1234.568, n: 123456789 });
});

test("what is no view is told apart", () => {
  assert.deepEqual(decode(""), { state: null });
  assert.deepEqual(decode("#findings"), { state: null });
  assert.deepEqual(decode(`#view=2.${encode(STATE).slice(2)}`), { error: "newer" });
  const broken = ["#view=", "#view=1.", "#view=1.%%%", "#view=x.abc"];
  const cut = `#view=${encode(STATE).slice(0, -3)}`;
  for (const hash of [...broken, cut, `#view=1.${"A".repeat(16400)}`]) {
    assert.deepEqual(decode(hash), { error: "broken" }, hash.slice(0, 40));
  }
  for (const state of [[1, 2], "text", 7, null]) assert.deepEqual(decode(fragment(state)), { error: "broken" });
});

test("parts are saved by name, and a part that says nothing is not in the link", () => {
  const link = new Permalink();
  link.register("zoom", { save: () => ({ by: 2 }), load: () => {} });
  link.register("none", { save: () => null, load: () => {} });
  link.register("off", { save: () => false, load: () => {} });
  assert.deepEqual(decode(`#view=${link.collect()}`), { state: { zoom: { by: 2 }, off: false } });
  assert.deepEqual(decode(`#view=${link.collect(["zoom", "unknown"])}`), { state: { zoom: { by: 2 } } });
});

test("what a link names is restored; what makes no sense is said once", () => {
  const link = new Permalink();
  const loaded = [];
  const kept = (saved) => {
    loaded.push(saved);
  };
  link.register("a", { save: () => null, load: kept });
  link.register("b", { save: () => null, load: () => ["one", 0, false, undefined, "two"] });
  link.register("c", { save: () => null, load: () => "two" });
  link.register("d", { save: () => null, load: (saved) => saved.nothing.there });
  link.register("e", { save: () => null, load: () => assert.fail("not in the link") });
  assert.deepEqual(link.restore({ a: 7, b: 1, c: 1, d: 1, later: 1 }, "unfit"), ["one", "two", "unfit"]);
  assert.deepEqual(loaded, [7]);
});

test("a view of another image, network or finding is elsewhere", () => {
  const data = {
    image: "i1", model: "m1", finding: "f1", images: [{ id: "i1" }, { id: "i2" }], models: [{ name: "m1" }, { name: "m2" }],
    urls: { case: "/studies/s" },
  };
  const at = (place, search = "") => elsewhere({ state: { at: place } }, data, search);
  assert.equal(at({ image: "i1", model: "m1", finding: "f1" }), "");
  assert.equal(at({ image: "i2", model: "m2", finding: "f 2" }), "/studies/s?image=i2&model=m2&finding=f+2");
  assert.equal(at({ image: "i2" }, "?image=i2"), "", "it was asked for already");
  assert.equal(at({ image: "gone", model: "gone" }), "", "what is not there is not asked for");
  assert.equal(elsewhere({ state: null }, data, ""), "");
  assert.equal(elsewhere({ error: "broken" }, data, ""), "");
  assert.equal(at("text"), "");
});
