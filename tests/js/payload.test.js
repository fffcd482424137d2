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
  /** @type {string[]} */
  const addresses = [];
  const browser = {
    location: { search: "" },
    history: { replaceState: () => {} },
    fetch: (/** @type {string} */ address) => {
      addresses.push(address);
      return new Promise((answer) => answers.push((data) => answer({ ok: true, headers: OURS, json: async () => data })));
    },
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
  return { payload, answers, arrived, addresses };
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

test("another film opens with its own finding, unless the reader chose one", async () => {
  const { payload, answers, addresses } = asked();
  payload.take(/** @type {any} */ ({ ...payload.data, model: "net", finding: "Nodule", prediction: { scores: [] } }));
  const finding = () => new URL(addresses.at(-1) ?? "", "http://here").searchParams.get("finding");
  payload.refresh();
  assert.equal(finding(), "Nodule");
  payload.turnTo(/** @type {any} */ ({ id: "two", stack: "2" }));
  payload.refresh();
  assert.equal(finding(), "");
  payload.choose("Mass");
  payload.turnTo(/** @type {any} */ ({ id: "one", stack: "1" }));
  payload.refresh();
  assert.equal(finding(), "Mass");
  for (const answer of answers) answer({ image: "none" });
});
