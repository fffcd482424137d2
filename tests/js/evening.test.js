// Smoothing at the network's stride, and how colours begin above the threshold; Python does the same.
import assert from "node:assert/strict";
import { test } from "node:test";
import { covered, fixedEnd, look } from "../../static/js/looks.js";
import { told } from "../../static/js/saying.js";
import { evened } from "../../static/js/viewport/evening.js";
import { StackMaps } from "../../static/js/stacks/maps.js";
import { Display } from "../../static/js/viewport/state.js";
import { learn } from "../../static/js/words.js";
import { alike, cases } from "./cases.js";

const DRAWING = { high: 0.5, evened: 0.2, source: "validation", probability: 0.035, strength: 0.0875, sigma: 1, pixels: 8 };

/** A stored map of two slices of 4 × 4, and a pane that shows the first. */
function shown(drawing, more = {}) {
  const values = Float32Array.from({ length: 32 }, (_, at) => (at % 16 === 5 ? 0.4 : -0.1));
  const head = { values_url: "u", kind: "relevance", scale: "signed", signed: true, min: -0.1, max: 0.4, drawing };
  const maps = new StackMaps({ ...head, slices: 2, height: 4, width: 4 }, values);
  const map = maps.slice(0);
  return { maps, pane: { map, overlay: null, drawn: map, signed: true, ...more } };
}

/** The settings as a case opens, but for some. */
function settings(more = {}) {
  return { ...new Display().of(0), ...more };
}

test("Python smooths the same", () => {
  for (const { title, sigma, values, evened: expected } of cases("evened")) {
    const found = evened(Float32Array.from(values.flat()), values[0].length, sigma);
    alike([...found], expected.flat(), title, 1e-5);
  }
});

test("Python draws the same edges", () => {
  for (const { title, edge, threshold, strength, cover } of cases("edges")) {
    const soft = edge === "soft" ? Math.min(threshold, 1 - threshold) : 0;
    const [share, as] = covered(strength, { threshold, soft, lines: edge === "lines" });
    alike(edge === "lines" || share ? [share, as] : [share, cover[1]], cover, title, 1e-5);
  }
});

test("colours end where the card says, smoothed or raw, and else where the map does", () => {
  const { pane } = shown(DRAWING);
  assert.deepEqual(look(pane, settings()).ends, [-0.2, 0.2]);
  assert.deepEqual(look(pane, settings({ evened: false })).ends, [-0.5, 0.5]);
  const [low, high] = look(pane, settings({ fixed: false, evened: false })).ends;
  assert.ok(high > 0.3 && high < 0.4 && low === -high);
  const own = look(pane, settings({ fixed: false })).ends[1];
  assert.ok(own < high, "the smoothed map has a range of its own");
  const widest = Math.max(...pane.map.evened.values.map(Math.abs));
  assert.equal(look(pane, settings({ fixed: false, robust: false })).ends[1], widest);
  assert.equal(fixedEnd(shown({ ...DRAWING, high: null, evened: null }).pane.map, settings()), null);
});

test("what is improbable is drawn faintly, unless the reader wants it otherwise", () => {
  const { pane } = shown(DRAWING);
  assert.equal(look(pane, settings()).strength, 0.0875);
  assert.equal(look(pane, settings({ fading: false })).strength, 1);
  assert.equal(look(shown(undefined).pane, settings()).strength, 1);
});

test("the smoothed map is drawn and the raw one stays; over all slices it is the largest of the smoothed", () => {
  const { maps, pane } = shown(DRAWING);
  const drawn = look(pane, settings()).map;
  assert.notEqual(drawn.id, pane.map.id);
  assert.ok(drawn.values[5] < 0.4 && pane.map.values[5] === Math.fround(0.4));
  assert.equal(look(pane, settings()).map, drawn, "it is smoothed once");
  assert.equal(look(pane, settings({ evened: false })).map, pane.map);
  assert.deepEqual([...maps.most().evened.values], [...maps.slice(1).evened.values]);
  assert.equal(shown({ ...DRAWING, sigma: 0 }).pane.map.evened, undefined);
});

test("maps of influence may have colours of their own, and a probability begins at once", () => {
  const { pane } = shown(DRAWING, { influence: true });
  assert.equal(look(pane, settings()).colours, "coolwarm");
  assert.equal(look(pane, settings({ influence: "puor" })).colours, "puor");
  assert.equal(look(shown(DRAWING).pane, settings({ influence: "puor" })).colours, "coolwarm");
  const lined = look(pane, settings({ edge: "lines" }));
  assert.deepEqual([lined.lines, lined.soft], [true, 0]);
  assert.deepEqual([look(pane, settings()).soft, look(pane, settings({ edge: "hard" })).soft], [0.25, 0]);
});

test("a pane says its range, its fading and its smoothing", () => {
  learn({ "drawn.faded": "faded to {0} %: probability {1} %", "drawn.evened": "smoothed at {0} px" });
  const { pane } = shown(DRAWING);
  assert.deepEqual(told(pane, settings()), ["range.validation", "faded to 9 %: probability 3.5 %", "smoothed at 8 px"]);
  const off = settings({ fixed: false, fading: false, evened: false });
  assert.deepEqual(told(pane, off), ["range.map", "drawn.unfaded", "drawn.raw"]);
  assert.deepEqual(told(pane, settings({ shared: true }))[0], "range.shared");
  assert.deepEqual(told(shown(undefined).pane, settings({ robust: false })), ["range.full"]);
  assert.deepEqual(told({ ...pane, overlay: {} }, settings()), []);
});

test("what is to be known of a map stands first under it, and alone under a layer of another kind", () => {
  const notes = ["2% of this map lies outside the image"];
  const { pane } = shown(DRAWING);
  pane.map.explanation.notes = notes;
  assert.equal(told(pane, settings())[0], notes[0]);
  assert.ok(told(pane, settings()).length > 2);
  pane.map.explanation.kind = "probability";
  assert.deepEqual(told(pane, settings()), notes);
});
