// What is told of a counterfactual: answers between two strengths, and whether a judge follows.

import assert from "node:assert/strict";
import { test } from "node:test";

import { between, follows } from "../../static/js/judgement.js";

/** @import { CounterfactualData, SaidData } from "../../static/js/types.js" */

const STRENGTHS = [0, 0.5, 1, 1.5];

/**
 * @param {(number | null)[]} moved
 * @param {boolean} referee
 * @returns {SaidData}
 */
function said(moved, referee) {
  return { model: "", title: "", referee, shared: false, probabilities: [0, 0, 0, 0], moved };
}

/**
 * @param {SaidData} own
 * @param {SaidData} other
 */
function told(own, other) {
  return /** @type {CounterfactualData} */ (/** @type {unknown} */ ({ strengths: STRENGTHS, said: [own, other] }));
}

test("an answer between two strengths lies between theirs", () => {
  const values = [0.9, 0.5, 0.1, 0.05];
  assert.equal(between(STRENGTHS, values, 0), 0.9);
  assert.equal(between(STRENGTHS, values, 1), 0.1);
  assert.equal(between(STRENGTHS, values, 1.5), 0.05);
  assert.ok(Math.abs(between(STRENGTHS, values, 0.25) - 0.7) < 1e-12);
});

test("a judge follows, hardly follows, or moves far more, by gaps at strength 1", () => {
  const own = said([0, -1, -2, -3], false);
  /** @type {[number, string][]} */
  const cases = [[-2, "follows"], [-0.9, "alone"], [0.5, "alone"], [-3.1, "elsewhere"]];
  for (const [moved, badge] of cases) {
    const other = said([0, 0, moved, 0], true);
    assert.equal(follows(told(own, other), other), badge);
  }
  const unknown = said([null, null, null, null], true);
  assert.equal(follows(told(own, unknown), unknown), "");
  assert.equal(follows(told(own, own), own), "", "nobody judges themselves");
});
