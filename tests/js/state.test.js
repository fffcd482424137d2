// How films and maps are shown: what all panes share, what one keeps for itself, and what is stored and restored.
import assert from "node:assert/strict";
import { test } from "node:test";
import { histogram } from "../../static/js/viewport/histogram.js";
import { Display, LINKS } from "../../static/js/viewport/state.js";

const PRESETS = [
  { label: "lut", window: null },
  { label: "soft", window: { centre: 40, width: 400, shape: "LINEAR" } },
];
const IMAGE = { photometric: "MONOCHROME2", slope: 1, intercept: -1000 };
const line = (values) => [{ data: Uint16Array.from(values), width: values.length, height: 1 }];
/** Values −1000 … 3000, each as often as the others. */
const FILM = { range: [-1000, 3000], image: IMAGE, bias: 0, levels: line(Array.from({ length: 4001 }, (_, at) => at)) };

test("changes go to all panes and are told", () => {
  const display = new Display();
  let heard = 0;
  display.listen(() => {
    heard += 1;
  });
  display.change(0, { opacity: 0.2 });
  display.change(1, { view: { zoom: 3, x: 0.1, y: 0.2, turn: [1, 0, 0, 1] } });
  assert.equal(heard, 2);
  for (const place of [0, 1, 2]) {
    assert.equal(display.of(place).opacity, 0.2);
    assert.equal(display.of(place).view.zoom, 3);
  }
});

test("what is in force is put together once after a change, also where a pane's group changes", () => {
  const groups = { 0: { view: "axial", window: "a" }, 1: { view: "axial", window: "b" } };
  const display = new Display((place) => groups[place]);
  const before = display.of(0);
  assert.equal(display.of(0), before);
  display.change(1, { window: PRESETS[1].window });
  assert.notEqual(display.of(0), before);
  assert.deepEqual([display.of(0).window, display.of(1).window], [null, PRESETS[1].window]);
  groups[0] = groups[1];
  assert.deepEqual(display.of(0).window, PRESETS[1].window);
});

test("a pane keeps what it is not linked by, and only that", () => {
  const display = new Display();
  display.link(1, "zoom", false);
  assert.deepEqual([display.linked(1, "zoom"), display.linked(1, "pan"), display.linked(0, "zoom")], [false, true, true]);
  display.change(1, { view: { ...display.of(1).view, zoom: 5, x: 0.3 } });
  assert.deepEqual([display.of(0).view.zoom, display.of(1).view.zoom], [1, 5]);
  assert.deepEqual([display.of(0).view.x, display.of(1).view.x], [0.3, 0.3]);
  display.change(0, { view: { ...display.of(0).view, zoom: 2 } });
  assert.deepEqual([display.of(0).view.zoom, display.of(1).view.zoom], [2, 5]);
  display.link(1, "zoom", true);
  assert.equal(display.of(1).view.zoom, 2);
  assert.deepEqual(display.own, {});
});

test("a pane that lets go keeps what it has at that moment", () => {
  const display = new Display();
  display.change(0, { window: PRESETS[1].window, preset: 1, invert: true });
  display.link(2, "window", false);
  display.change(0, { window: null, preset: 0, invert: false });
  const { window, preset, invert } = display.of(2);
  assert.deepEqual({ window, preset, invert }, { window: PRESETS[1].window, preset: 1, invert: true });
});

test("the state is plain, a copy, and brings everything back", () => {
  const display = new Display();
  display.change(0, { opacity: 0.9, view: { zoom: 4, x: 0.25, y: 0.75, turn: [0, -1, 1, 0] } });
  display.link(1, "overlay", false);
  display.change(1, { threshold: 0.6 });
  const saved = JSON.parse(JSON.stringify(display.state));
  const other = new Display();
  other.restore(saved);
  for (const place of [0, 1]) {
    const plain = ({ view, opacity, threshold, signed }) => ({ view, opacity, threshold, signed });
    assert.deepEqual(plain(other.of(place)), plain(display.of(place)));
  }
  saved.view.zoom = 99;
  assert.equal(other.of(0).view.zoom, 4);
  assert.deepEqual(other.state, display.state);
});

test("of what a link says single panes keep, what makes no sense is left out", () => {
  const display = new Display();
  const values = { zoom: 3, opacity: 0.1, evil: 1 };
  const strange = { unlinked: ["zoom", "constructor", "nothing"], values };
  display.restore({ own: { 0: strange, 1: { unlinked: "zoom", values }, 2: null } });
  assert.deepEqual(display.own, { 0: { unlinked: ["zoom"], values: { zoom: 3 } } });
  display.restore({ own: null });
  assert.deepEqual(display.own, {});
});

test("dragging widens and darkens, whichever way a film's values run", () => {
  const display = new Display();
  display.drag(FILM, PRESETS, 0, 0, 0);
  assert.equal(display.of(0).preset, -1);
  const { width, centre } = display.of(0).window;
  assert.deepEqual([width, centre], [400, 40], "it begins with the first window that is one");
  display.drag(FILM, PRESETS, 30, 30, 0);
  assert.ok(display.of(0).window.width > 400 && display.of(0).window.centre > 40);
  const inverse = new Display();
  inverse.drag({ ...FILM, image: { ...IMAGE, photometric: "MONOCHROME1" } }, PRESETS, 0, 30, 0);
  assert.ok(inverse.of(0).window.centre < 40);
  for (let step = 0; step < 400; step += 1) display.drag(FILM, PRESETS, -500, -500, 0);
  assert.equal(display.of(0).window.width, 1, "a linear window is never narrower than one value");
  assert.ok(Math.abs(display.of(0).window.centre) < 30, "a quarter of the film stays below white");
});

test("no drag makes a film all white or all black, however far it goes, and whatever lies at its ends", () => {
  const film = { ...FILM, levels: line(Array.from({ length: 8000 }, (_, at) => Math.max(0, at - 4000))) };
  for (const [dx, dy] of [[0, 900], [0, -900], [900, 900], [-900, 900], [900, -900], [-900, -900]]) {
    for (const photometric of ["MONOCHROME1", "MONOCHROME2"]) {
      const display = new Display();
      for (let step = 0; step < 50; step += 1) {
        display.drag({ ...film, image: { ...IMAGE, photometric } }, PRESETS, dx, dy, 0);
      }
      const { centre, width } = display.of(0).window;
      assert.ok(centre + width / 2 >= -1 && centre - width / 2 <= 2001, `${centre} ${width}`);
      assert.ok(width <= 8000, "nor all of one grey");
    }
  }
  const beyond = [{ label: "header", window: { centre: 9000, width: 100, shape: "LINEAR" } }];
  const display = new Display();
  display.drag(film, beyond, 0, 0, 0);
  assert.equal(display.of(0).window.centre, 9000, "what a header asks for is shown");
  display.drag(film, beyond, 0, 500, 0);
  assert.equal(display.of(0).window.centre, 9000, "and goes no further");
});

test("a histogram counts a film's values between their ends, lowest first", () => {
  assert.deepEqual(histogram(FILM, 4), [1000, 1000, 1000, 1001]);
  const falling = { ...FILM, image: { ...IMAGE, slope: -1, intercept: 3000 }, levels: line([0, 0, 0, 4000]) };
  assert.deepEqual(histogram(falling, 2), [1, 3]);
});

test("presets, turns, fit and reset", () => {
  const display = new Display();
  display.choose(PRESETS, 1, 0);
  assert.deepEqual(display.of(0).window, PRESETS[1].window);
  display.choose(PRESETS, 7, 0);
  assert.equal(display.of(0).preset, 1);
  display.turn("right", 0);
  display.change(0, { view: { ...display.of(0).view, zoom: 7 }, invert: true });
  display.fit(0);
  assert.deepEqual([display.of(0).view.zoom, [...display.of(0).view.turn]], [1, [0, -1, 1, 0]]);
  display.reset(PRESETS, 0);
  const { view, window, preset, invert } = display.of(0);
  assert.deepEqual([[...view.turn], window, preset, invert], [[1, 0, 0, 1], null, 0, false]);
});

test("every link holds values that a pane has", () => {
  const settings = new Display().of(0);
  const known = { ...settings, ...settings.view };
  for (const name of Object.values(LINKS).flat()) assert.ok(name in known, name);
});
