// Colour maps: their ends, their middle, and that no lightness turns back; Python paints the same colours.
import assert from "node:assert/strict";
import { test } from "node:test";
import { SIGNED, UNSIGNED, table } from "../../static/js/viewport/colormaps.js";
import { cases } from "./cases.js";

/** Red, green and blue at a place of a table. */
function colour(name, at) {
  return [...table(name).slice(at * 4, at * 4 + 3)];
}

/** Relative luminance (IEC 61966-2-1) at a place of a table. */
function luminance(name, at) {
  const [red, green, blue] = colour(name, at).map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

test("every map has 256 opaque colours", () => {
  for (const name of [...UNSIGNED, ...SIGNED]) {
    const all = table(name);
    assert.equal(all.length, 1024);
    assert.ok(all.every((value, at) => at % 4 !== 3 || value === 255));
  }
});

test("one-sided maps grow lighter all the way", () => {
  for (const name of UNSIGNED) {
    for (let at = 1; at < 256; at += 1) assert.ok(luminance(name, at) >= luminance(name, at - 1) - 1e-3, `${name} ${at}`);
  }
});

test("two-sided maps are blue below, red above, and turn once, in the middle", () => {
  for (const name of SIGNED) {
    const [low, high] = [colour(name, 20), colour(name, 235)];
    assert.ok(low[2] > low[0] && high[0] > high[2], name);
    const way = Math.sign(luminance(name, 128) - luminance(name, 0));
    for (const at of [32, 64, 96]) assert.equal(Math.sign(luminance(name, 128) - luminance(name, at)), way, `${name} ${at}`);
    for (const at of [160, 192, 224]) assert.equal(Math.sign(luminance(name, 128) - luminance(name, at)), way, `${name} ${at}`);
  }
});

test("counts have as many flat colours as there are counts", () => {
  const all = table("steps 4");
  const found = new Set(Array.from({ length: 256 }, (_, at) => String(all.slice(at * 4, at * 4 + 4))));
  assert.equal(found.size, 5);
  assert.deepEqual(colour("steps 4", 0), colour("cividis", 0));
  assert.deepEqual(colour("steps 4", 255), colour("cividis", 255));
});

test("Python paints the same", () => {
  for (const { title, name, at, rgb } of cases("colours")) {
    assert.ok(colour(name, at).every((part, place) => Math.abs(part - rgb[place]) <= 1), `${title} ${name} ${at}`);
  }
});
