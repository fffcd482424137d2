// Mouse, wheel and touch over the panes: left = window, middle = move, right = zoom, wheel = images of the stack. One finger
// scrolls the page until the reader has taken up a tool, two zoom and move. While drawing, the left button draws. Knows
// gestures; what they change lies elsewhere.

import { element } from "./elements.js";
import { clamp, panned, placed, zoomedAt } from "./viewport/geometry.js";
import { LEAST_ZOOM, MOST_ZOOM } from "./viewport/state.js";

/** @import { Gesture, HandTool, Point, Preset, Taker } from "./types.js" */
/** @import { Hand } from "./hand.js" */
/** @import { Pane } from "./pane.js" */
/** @import { Panes } from "./panes.js" */
/** @import { Display } from "./viewport/state.js" */
/**
 * @typedef {object} Wiring
 * @property {Panes} panes
 * @property {Display} display
 * @property {Pick<Hand, "drawing" | "gesture">} regions what draws
 * @property {() => Preset[]} presets the windows of what is shown
 * @property {Wheel} slices
 */
/**
 * What the wheel turns.
 * @typedef {object} Wheel
 * @property {(pane: Pane) => number} count how many images a pane has
 * @property {(step: number, pane: Pane) => void} by
 */

const LEFT = 0;
const MIDDLE = 1;
const RIGHT = 2;
/** How much a notch of the wheel zooms. */
const NOTCH = 1.1;
const REST = 150;

export class Input {
  /**
   * Where the fingers are, by their pointers.
   * @type {Map<number, Point>}
   */
  #touches = new Map();

  /**
   * What a press began.
   * @type {Gesture | null}
   */
  #gesture = null;

  #resting = 0;

  /**
   * What may take a press of the left button first.
   * @type {Taker[]}
   */
  takers = [];

  /**
   * What the left button and one finger do; "" is the usual: a button windows, a finger scrolls the page.
   * @type {HandTool | ""}
   */
  tool = "";

  /** @param {Wiring} wiring */
  constructor({ panes, display, regions, presets, slices }) {
    this.panes = panes;
    this.display = display;
    this.regions = regions;
    this.presets = presets;
    this.slices = slices;
    panes.each((pane) => this.#attach(pane));
  }

  get zooming() {
    return this.tool === "zoom";
  }

  /** Takes the zoom tool up, or puts it down. */
  toggleZoom(on = !this.zooming) {
    if (on !== this.zooming) this.choose(on ? "zoom" : "");
  }

  /**
   * Takes up a tool, or with "" puts it down.
   * @param {HandTool | ""} tool
   */
  choose(tool) {
    const before = this.tool;
    this.tool = tool;
    element("zoom-tool").setAttribute("aria-pressed", String(this.zooming));
    for (const pane of this.panes.all) {
      if (tool) pane.view.dataset.mode = tool;
      else if (before && pane.view.dataset.mode === before) delete pane.view.dataset.mode;
    }
    this.panes.refresh();
  }

  /** @param {Pane} pane */
  #attach(pane) {
    const { view } = pane;
    if (this.tool) view.dataset.mode = this.tool;
    view.addEventListener("touchstart", alone, { passive: false });
    view.addEventListener("touchmove", alone, { passive: false });
    view.addEventListener("pointerdown", (event) => this.#down(pane, event));
    view.addEventListener("pointermove", (event) => this.#move(pane, event));
    view.addEventListener("pointerup", (event) => this.#up(event));
    view.addEventListener("pointercancel", (event) => this.#up(event));
    view.addEventListener("wheel", (event) => this.#wheel(pane, event), { passive: false });
    view.addEventListener("contextmenu", (event) => event.preventDefault());
    view.addEventListener("mousedown", (event) => event.preventDefault());
    view.addEventListener("dblclick", () => {
      if (!this.regions.drawing && this.panes.all.length > 1) this.panes.toggleLarge(pane);
    });
  }

  /**
   * @param {Pane} pane
   * @param {PointerEvent} event
   */
  #down(pane, event) {
    pane.element.focus({ preventScroll: true });
    this.panes.activate(pane);
    if (!pane.layer || !this.panes.filmOf(pane)) return;
    pane.view.setPointerCapture(event.pointerId);
    if (event.pointerType === "touch") {
      this.#touches.set(event.pointerId, [event.clientX, event.clientY]);
      if (this.#touches.size > 1) {
        this.#gesture = null;
        return;
      }
    }
    this.#gesture = this.#begun(pane, event);
  }

  /**
   * @param {Pane} pane
   * @param {PointerEvent} event
   * @returns {Gesture | null}
   */
  #begun(pane, event) {
    const { panes, display, regions } = this;
    const [x, y] = local(pane, event);
    if (event.button === LEFT && !this.tool) {
      for (const taker of regions.drawing ? [] : this.takers) {
        const taken = taker.grab(pane, event, x, y);
        if (taken) return taken;
      }
      const drawn = regions.gesture(pane, x, y, event.target);
      if (drawn) return drawn;
    }
    if (event.button === RIGHT || (event.button === LEFT && this.zooming)) {
      return this.#moving((dx, dy) => this.#zoom(pane, x, y, this.#view(pane).zoom * 1.01 ** -dy));
    }
    if (event.button === MIDDLE || (event.button === LEFT && this.tool === "pan")) {
      return this.#moving((dx, dy) => this.#pan(pane, dx, dy));
    }
    if (event.button === LEFT && panes.renderer && (this.tool === "window" || event.pointerType !== "touch")) {
      return { step: (dx, dy) => display.drag(panes.seen(pane), this.presets(), dx, dy, pane.place) };
    }
    return null;
  }

  /**
   * A drag that changes the view.
   * @param {(dx: number, dy: number) => void} change
   * @returns {Gesture}
   */
  #moving(change) {
    return {
      step: (dx, dy) => {
        this.panes.dragging(true);
        change(dx, dy);
      },
      end: () => this.panes.dragging(false),
    };
  }

  /** @param {Pane} pane */
  #view(pane) {
    return this.display.of(pane.place).view;
  }

  /**
   * @param {Pane} pane
   * @param {number} x
   * @param {number} y
   * @param {number} zoom
   */
  #zoom(pane, x, y, zoom) {
    const wanted = clamp(zoom, LEAST_ZOOM, MOST_ZOOM);
    const { image } = this.panes.seen(pane);
    this.display.change(pane.place, { view: zoomedAt(this.#view(pane), image, pane.box, x, y, wanted) });
  }

  /**
   * @param {Pane} pane
   * @param {number} dx
   * @param {number} dy
   */
  #pan(pane, dx, dy) {
    const { image } = this.panes.seen(pane);
    this.display.change(pane.place, { view: panned(this.#view(pane), image, pane.box, dx, dy) });
  }

  /**
   * One pixel of the film on one pixel of the screen, about the middle of a pane.
   * @param {Pane} pane that has a film
   */
  actual(pane) {
    const { box } = pane;
    const { image } = this.panes.seen(pane);
    const { scale } = placed({ ...this.#view(pane), zoom: 1 }, image, box);
    this.#zoom(pane, box.width / 2, box.height / 2, 1 / (scale * (window.devicePixelRatio || 1)));
  }

  /**
   * @param {Pane} pane
   * @param {PointerEvent} event
   */
  #move(pane, event) {
    if (this.#touches.size > 1 && this.#touches.has(event.pointerId)) {
      this.#pinch(pane, event);
      return;
    }
    const gesture = this.#gesture;
    if (!gesture) return;
    if (gesture.move) gesture.move(...local(pane, event));
    else if (event.movementX || event.movementY) gesture.step?.(event.movementX, event.movementY);
  }

  /**
   * Two fingers: the middle between them moves the film, their distance zooms it about that middle.
   * @param {Pane} pane
   * @param {PointerEvent} event
   */
  #pinch(pane, event) {
    const before = spread([...this.#touches.values()]);
    this.#touches.set(event.pointerId, [event.clientX, event.clientY]);
    const after = spread([...this.#touches.values()]);
    this.panes.dragging(true);
    this.#pan(pane, after.x - before.x, after.y - before.y);
    const corner = pane.view.getBoundingClientRect();
    if (before.size > 0) {
      const zoom = (this.#view(pane).zoom * after.size) / before.size;
      this.#zoom(pane, after.x - corner.x, after.y - corner.y, zoom);
    }
  }

  /** @param {PointerEvent} event */
  #up(event) {
    this.#touches.delete(event.pointerId);
    if (this.#touches.size < 2) this.panes.dragging(false);
    const gesture = this.#gesture;
    this.#gesture = null;
    gesture?.end?.();
  }

  /**
   * Over a single film the wheel zooms, unless the page itself scrolls; with Ctrl it does so always, and never becomes the
   * browser's.
   * @param {Pane} pane
   * @param {WheelEvent} event
   */
  #wheel(pane, event) {
    const count = this.slices.count(pane);
    if (count < 2) {
      this.#wheelZoom(pane, event);
      return;
    }
    event.preventDefault();
    if (event.deltaY === 0) return;
    const step = event.ctrlKey ? Math.max(1, Math.round(count / 20)) : 1;
    this.slices.by(event.deltaY > 0 ? step : -step, pane);
  }

  /**
   * @param {Pane} pane
   * @param {WheelEvent} event
   */
  #wheelZoom(pane, event) {
    const { scrollHeight, clientHeight } = document.scrollingElement ?? document.documentElement;
    if (!event.ctrlKey && scrollHeight > clientHeight) return;
    event.preventDefault();
    if (event.deltaY === 0 || !this.panes.filmOf(pane)) return;
    const [x, y] = local(pane, event);
    this.panes.dragging(true);
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => this.panes.dragging(false), REST);
    this.#zoom(pane, x, y, this.#view(pane).zoom * (event.deltaY > 0 ? 1 / NOTCH : NOTCH));
  }
}

/**
 * Two fingers are the film's: the browser neither scrolls nor zooms the page with them.
 * @param {TouchEvent} event
 */
function alone(event) {
  if (event.touches.length > 1 && event.cancelable) event.preventDefault();
}

/**
 * @param {Pane} pane
 * @param {MouseEvent} event
 * @returns {Point}
 */
function local(pane, event) {
  const { x, y } = pane.view.getBoundingClientRect();
  return [event.clientX - x, event.clientY - y];
}

/**
 * The middle between two points, and how far apart they are.
 * @param {Point[]} points
 */
function spread([[x0, y0], [x1, y1]]) {
  return { x: (x0 + x1) / 2, y: (y0 + y1) / 2, size: Math.hypot(x1 - x0, y1 - y0) };
}
