// A film's pixels as the page fetches them: the sign, halved sizes, percentiles and windows; app/grey.py and
// app/desk/opening.py agree.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fetchFilm, fetchPreview, presets } from "../../static/js/viewport/film.js";
import { answers, octets } from "./answers.js";
import { alike, cases } from "./cases.js";

const STRINGS = { "window.lut": "lut", "window.header": "header", "window.auto": "auto", "window.range": "range" };
const WIDE = 300;
const HIGH = 200;
const STORED = Int16Array.from({ length: WIDE * HIGH }, (_, at) => ((at * 7919) % 4001) - 2000);
const IMAGE = {
  id: "film", rows: HIGH, columns: WIDE, signed: true, slope: 0.5, intercept: -100, photometric: "MONOCHROME2", windows: [],
  voi_lut: null, halved: 1,
};
const laid = {};
let server;

before(async () => {
  server = await answers(laid);
});
after(() => server.close());

/** An image whose pixels the server has, and whatever else is laid beside them. */
function image(stored, more = {}, path = "/pixels") {
  laid[path] = { body: octets(stored) };
  return { ...IMAGE, pixels_url: server.url(path), ...more };
}

test("signed values come out as they were, in the order of unsigned ones", async () => {
  const film = await fetchFilm(image(STORED));
  const [{ data, width, height }] = film.levels;
  assert.deepEqual([width, height, film.first, film.bias], [WIDE, HIGH, 0, 32768]);
  assert.ok(data.every((value, at) => value - film.bias === STORED[at]));
  const unsigned = Uint16Array.of(0, 1, 65535, 40000);
  const plain = await fetchFilm(image(unsigned, { signed: false, rows: 2, columns: 2 }));
  assert.deepEqual(plain.levels[0].data, unsigned);
  assert.equal(plain.bias, 0);
  assert.deepEqual(plain.range, [-100, 65535 * 0.5 - 100]);
});

test("a film is halved until it is small, each step the mean of four, half up", async () => {
  const { levels, bias } = await fetchFilm(image(STORED));
  assert.deepEqual(levels.map(({ width, height }) => [width, height]), [[300, 200], [150, 100], [75, 50]]);
  for (const [x, y] of [[0, 0], [74, 31], [149, 99]]) {
    const corner = y * 2 * WIDE + x * 2;
    const sum = [0, 1, WIDE, WIDE + 1].reduce((all, away) => all + STORED[corner + away], 0);
    assert.equal(levels[1].data[y * 150 + x] - bias, Math.floor((sum + 2) / 4));
  }
});

test("one row or one column is halved along the other", async () => {
  const line = Int16Array.from({ length: 257 }, (_, at) => at);
  const { levels, bias } = await fetchFilm(image(line, { rows: 1, columns: 257 }));
  assert.deepEqual(levels.map(({ width, height }) => [width, height]), [[257, 1], [128, 1]]);
  assert.deepEqual([...levels[1].data.slice(0, 3)].map((value) => value - bias), [1, 3, 5]);
});

test("Python halves and opens films alike", async () => {
  for (const { title, image: given, stored, halved, windows } of cases("films")) {
    const type = given.signed ? Int16Array : Uint16Array;
    const film = await fetchFilm(image(type.from(stored), given));
    if (halved) {
      const level = film.levels[halved.times];
      assert.deepEqual([level.height, level.width], [halved.rows, halved.columns], title);
      assert.deepEqual([...level.data].map((value) => value - film.bias), halved.stored, title);
    }
    const shown = presets(film, STRINGS);
    const found = shown.find(({ label }) => label === windows.label)?.window;
    alike(found, windows.window, title, 1e-6);
  }
});

test("what is not as long as it says is an error, and one that is not there too", async () => {
  await assert.rejects(fetchFilm(image(STORED, { rows: 7 })), /length/);
  await assert.rejects(fetchFilm({ ...IMAGE, pixels_url: server.url("/nothing") }), /404/);
});

test("a preview has no level above its own, and knows the whole film's values", async () => {
  const whole = image(STORED);
  const half = Int16Array.from({ length: 150 * 100 }, (_, at) => at % 11);
  laid["/pixels?halved=1"] = { body: octets(half), headers: { "X-Spread": "-2000,-1980,1980,2000" } };
  const film = await fetchPreview(whole);
  assert.equal(film.first, 1);
  assert.equal(film.levels[0], undefined);
  assert.deepEqual([film.levels[1].width, film.levels[1].height], [150, 100]);
  assert.deepEqual([film.middle, film.range], [[-1090, 890], [-1100, 900]]);
  assert.equal(await fetchPreview({ ...whole, halved: 0 }), null);
  laid["/pixels?halved=1"] = { body: octets(half) };
  await assert.rejects(fetchPreview(whole), /X-Spread/);
});

test("a film opens with its VOI LUT, else its own window, else the middle of its values", async () => {
  laid["/lut"] = { body: octets(Uint16Array.of(0, 100, 255)) };
  const windows = [
    { centre: 40, width: 80, function: "SIGMOID", label: "soft" },
    { centre: 1, width: 2, function: "LINEAR", label: "" },
  ];
  const film = await fetchFilm(image(STORED, { windows, voi_lut: { first: -3, bits: 8, url: server.url("/lut") } }));
  assert.deepEqual({ ...film.lut, data: [...film.lut.data] }, { first: -3, top: 255, data: [0, 100, 255] });
  const shown = presets(film, STRINGS);
  assert.deepEqual(shown.map(({ label }) => label), ["lut", "soft", "header", "auto", "range"]);
  assert.equal(shown[0].window, null);
  assert.deepEqual(shown[1].window, { centre: 40, width: 80, shape: "SIGMOID" });
  assert.deepEqual(shown[4].window, { centre: -100, width: 2000, shape: "LINEAR_EXACT" });
  const [least, most] = film.middle;
  assert.deepEqual(shown[3].window, { centre: (least + most) / 2, width: most - least, shape: "LINEAR_EXACT" });
});

test("a film of one value has a window all the same", async () => {
  const film = await fetchFilm(image(new Int16Array(4).fill(10), { rows: 2, columns: 2 }));
  const only = { centre: -95, width: 1e-6, shape: "LINEAR_EXACT" };
  assert.deepEqual(presets(film, STRINGS).map(({ window }) => window), [only, only]);
});
