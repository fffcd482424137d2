// Verdicts on their way: what two windows of one browser tell each other.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

/** @type {((answer: Response) => void)[]} */
let answering = [];

beforeEach(() => {
  answering = [];
  Object.assign(globalThis, {
    window: new EventTarget(),
    localStorage: Object.create({
      /** @param {string} name */
      getItem(name) {
        return Object.hasOwn(this, name) ? this[name] : null;
      },
      /**
       * @param {string} name
       * @param {string} text
       */
      setItem(name, text) {
        this[name] = text;
      },
      /** @param {string} name */
      removeItem(name) {
        delete this[name];
      },
    }),
    fetch: () => new Promise((resolve) => answering.push(resolve)),
  });
});

/** @type {{ timer: number }[]} */
const made = [];

afterEach(() => {
  for (const one of made) clearTimeout(one.timer);
});

async function outbox() {
  const { Outbox } = await import("../../static/js/saving.js");
  /** @type {unknown[]} */
  const stored = [];
  const one = new Outbox(
    { review: "/reviews/", reviews: "/reviews" },
    { changed() {}, stored: (op, review) => stored.push(review) },
  );
  made.push(one);
  return { one, stored };
}

/** What is waited for until now has happened. */
function settled() {
  return new Promise((resolve) => setTimeout(resolve, 5));
}

test("what another window stored while it was on its way from here is not tried for ever", async () => {
  const { one, stored } = await outbox();
  const op = one.add({ key: "lrp", body: { verdict: "wrong" } });
  const review = /** @type {any} */ ({ id: "abc" });
  one.heard(op.token, review);
  assert.deepEqual(stored, [], "its own answer may still come");
  answering[0](new Response("", { status: 503 }));
  await settled();
  assert.deepEqual(stored, [review]);
  assert.equal(one.waiting.length, 0);
  assert.equal(one.failing, false);
  assert.equal(one.seen.get("lrp"), "abc");
});

test("an answer of its own counts before what another window said", async () => {
  const { one, stored } = await outbox();
  const op = one.add({ key: "lrp", body: { verdict: "wrong" } });
  one.heard(op.token, /** @type {any} */ ({ id: "theirs" }));
  answering[0](Response.json({ review: { id: "own" } }, { status: 201 }));
  await settled();
  assert.deepEqual(stored, [{ id: "own" }]);
  assert.equal(one.elsewhere.size, 0);
});

test("without an answer from anywhere it waits", async () => {
  const { one, stored } = await outbox();
  one.add({ key: "lrp", body: { verdict: "wrong" } });
  answering[0](new Response("", { status: 503 }));
  await settled();
  assert.deepEqual(stored, []);
  assert.equal(one.waiting.length, 1);
  assert.equal(one.failing, true);
});
