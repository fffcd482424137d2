// What each single key of the case page does. How keys are read, and when they are not, is keys.js.

import { say, words } from "./words.js";

const $ = (id) => document.getElementById(id);

/** The actions by key, for `listen` of keys.js; `page` is the case. */
export function keys(page) {
  const { display, panes, regions, tools, bar, compare, grid, history } = page;
  const several = () => page.slices.count > 1;
  const vertical = (step) => (several() ? page.slices.by(step, panes.active) : panes.move(step * panes.columns));
  const end = (name) => (several() ? page.slice(name === "first" ? 0 : page.slices.count - 1) : panes.move(name));
  return {
    before: (event) => regions.key(event) || page.record.key(event) || page.probe.key(event),
    // A shape that is being drawn first; then the reader's steps, in the order in which they were done.
    undo: () => regions.back() || history.undo() || say(words("undone.nothing")),
    redo: () => regions.forward() || history.redo() || say(words("redone.nothing")),
    reason: (code) => page.reviews?.panel.reasons.key(code),
    verdict: (number) => page.reviews?.judge(number),
    preset: (number) => tools.choose(number - 1),
    i: () => tools.invert(),
    n: () => tools.interpolate(),
    z: () => page.input.toggleZoom(),
    "=": () => display.fit(panes.active.place),
    0: () => panes.film && page.input.actual(panes.active),
    g: () => bar.open(),
    k: () => bar.toggleLinks(),
    s: () => compare.toggle("swipe"),
    b: () => compare.toggle("blink"),
    ",": () => grid.step(-1),
    ".": () => grid.step(1),
    space: () => tools.reset(),
    h: () => display.turn("horizontal"),
    v: () => display.turn("vertical"),
    r: () => display.turn("right"),
    l: () => display.turn("left"),
    o: () => panes.toggleOverlays(),
    a: () => page.matrix?.toggle(),
    p: () => page.probe.toggle(),
    m: () => panes.all.length > 1 && panes.toggleLarge(panes.active),
    d: () => page.reviews && regions.next(),
    e: () => regions.edit(),
    ...page.record.keys,
    "?": () => $("keys").showModal(),
    Escape: () => escape(page),
    ArrowLeft: () => panes.move(-1),
    ArrowRight: () => panes.move(1),
    ArrowUp: () => vertical(-1),
    ArrowDown: () => vertical(1),
    Home: () => end("first"),
    End: () => end("last"),
  };
}

function escape({ regions, compare, input, probe, panes }) {
  if (regions.cancel()) return;
  if (compare.mode) compare.stop();
  else if (input.zooming) input.toggleZoom(false);
  else if (probe.pinned) probe.unpin();
  else if (panes.enlarged) panes.toggleLarge(panes.shown[0]);
  else document.activeElement?.blur();
}
