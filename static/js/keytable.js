// What each single key of a case does, of films and of exams alike. How keys are read, and when they are not, is keys.js.

import { element } from "./elements.js";
import { opine } from "./opinions.js";
import { say, words } from "./words.js";

/** @import { Case } from "./case.js" */
/** @import { Actions } from "./keys.js" */

/**
 * The actions, for `listen` of keys.js.
 * @param {Case} page
 * @returns {Actions}
 */
export function actions(page) {
  const { regions, tools, history, cross } = page;
  const { hand } = regions;
  return {
    before: (event) => opine(event) || hand.key(event) || page.record.key(event) || cross.key(event) || page.probe.key(event),
    // A shape that is being drawn first; then the reader's steps, in the order in which they were done.
    undo: () => hand.back() || history.undo() || say(words("undone.nothing")),
    redo: () => hand.forward() || history.redo() || say(words("redone.nothing")),
    reason: (code) => page.reviews?.panel.reasons.key(code),
    verdict: (number) => page.reviews?.judge(number),
    preset: (number) => tools.choose(number - 1),
    keys: { ...views(page), ...panels(page), ...page.record.keys, ...arrows(page) },
  };
}

/**
 * How films and maps are shown, and at which of their images.
 * @param {Case} page
 */
function views(page) {
  const { display, panes, tools, grid, scrolling } = page;
  const place = () => panes.active.place;
  return {
    i: () => tools.invert(),
    n: () => tools.interpolate(),
    z: () => page.input.toggleZoom(),
    "=": () => display.fit(place()),
    0: () => panes.film && page.input.actual(panes.active),
    ",": () => grid.step(-1),
    ".": () => grid.step(1),
    j: () => scrolling.opening(panes.active.stack),
    u: () => page.most(),
    space: () => tools.reset(),
    h: () => display.turn("horizontal", place()),
    v: () => display.turn("vertical", place()),
    r: () => display.turn("right", place()),
    l: () => display.turn("left", place()),
    o: () => panes.toggleOverlays(),
    m: () => panes.all.length > 1 && panes.toggleLarge(panes.active),
    "-": () => page.more?.alone(),
    "Shift+j": () => page.glimpses.step(-1),
    "Shift+k": () => page.glimpses.step(1),
    "Shift+g": () => page.glimpses.play(),
  };
}

/**
 * The strip above the panes, what points and draws, and leaving it again.
 * @param {Case} page
 */
function panels(page) {
  const { bar, compare, regions } = page;
  return {
    g: () => bar.open(),
    ";": () => bar.arrange(),
    k: () => bar.toggleLinks(),
    q: () => bar.sides(),
    "Shift+q": () => page.room.toggle(),
    "Shift+f": () => page.room.fullscreen(),
    "Shift+n": () => page.networks.go(),
    "Shift+b": () => page.beside.prior(),
    s: () => compare.toggle("swipe"),
    b: () => compare.toggle("blink"),
    y: () => page.cross.toggle(),
    a: () => page.matrix?.toggle(),
    p: () => page.probe.toggle(),
    d: () => page.reviews && regions.hand.next(),
    e: () => regions.hand.edit(),
    "?": () => element("keys", HTMLDialogElement).showModal(),
    Escape: () => escape(page),
  };
}

/**
 * Left and right go through the panes; up and down through the images of the active one, or where there is one alone through
 * the rows.
 * @param {Case} page
 */
function arrows({ panes, scrolling }) {
  const several = () => scrolling.count(panes.active) > 1;
  /** @param {number} step */
  const vertical = (step) => (several() ? scrolling.by(step, panes.active) : panes.move(step * panes.columns));
  /** @param {"first" | "last"} name */
  const end = (name) => {
    if (several()) scrolling.by(name === "first" ? -Infinity : Infinity, panes.active);
    else panes.move(name);
  };
  return {
    ArrowLeft: () => panes.move(-1),
    ArrowRight: () => panes.move(1),
    ArrowUp: () => vertical(-1),
    ArrowDown: () => vertical(1),
    Home: () => end("first"),
    End: () => end("last"),
  };
}

/** @param {Case} page */
function escape({ regions, compare, input, probe, panes, room }) {
  if (regions.hand.cancel()) return;
  if (compare.mode) compare.stop();
  else if (input.tool) input.choose("");
  else if (probe.pinned) probe.unpin();
  else if (panes.enlarged) panes.toggleLarge(panes.shown[0]);
  else if (room.on) room.toggle(false);
  else if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
}
