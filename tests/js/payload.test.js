// What the server says about one film is let go once the reader has turned to another.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Payload } from "../../static/js/payload.js";

const OURS = new Headers({ "X-Answered-By": "Whylight" });

/** A payload whose questions are answered by hand, and what arrived of the answers. */
function asked() {
  /** @type {((data: unknown) => void)[]} */
  const answers = [];
  /** @type {unknown[]} */
  const arrived = [];
  const browser = {
    location: { search: "" },
    history: { replaceState: () => {} },
    fetch: () => new Promise((answer) => answers.push((data) => answer({ ok: true, headers: OURS, json: async () => data }))),
  };
  for (const [name, value] of Object.entries(browser)) Object.defineProperty(globalThis, name, { value, configurable: true });
  const data = /** @type {any} */ ({ image: "one", stack: "1", urls: { data: "/case.json", case: "/case" }, job: null });
  const payload = new Payload(data, {
    arrived: async (told) => {
      arrived.push(told.image);
    },
    missed: () => assert.fail("nothing was missed"),
    lost: () => assert.fail("nothing was lost"),
    reached: () => {},
    asked: () => {},
  });
  return { payload, answers, arrived };
}

test("an answer about a film that the reader has left is let go", async () => {
  const { payload, answers, arrived } = asked();
  const first = payload.refresh();
  payload.turnTo(/** @type {any} */ ({ id: "two", stack: "2" }));
  answers[0]({ image: "one" });
  await first;
  assert.deepEqual(arrived, []);
  assert.equal(payload.data.image, "two");
  const second = payload.refresh();
  answers[1]({ image: "two" });
  await second;
  assert.deepEqual(arrived, ["two"]);
});
