// What is told of a counterfactual: answers between two strengths.

import assert from "node:assert/strict";
import { test } from "node:test";

import { between } from "../../static/js/judgement.js";

const STRENGTHS = [0, 0.5, 1, 1.5];

test("an answer between two strengths lies between theirs", () => {
  const values = [0.9, 0.5, 0.1, 0.05];
  assert.equal(between(STRENGTHS, values, 0), 0.9);
  assert.equal(between(STRENGTHS, values, 1), 0.1);
  assert.equal(between(STRENGTHS, values, 1.5), 0.05);
  assert.ok(Math.abs(between(STRENGTHS, values, 0.25) - 0.7) < 1e-12);
});
