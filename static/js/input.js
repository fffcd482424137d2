// Mouse, wheel and touch over the panes: left = window, middle = move, right = zoom, wheel = images of the stack; two fingers zoom
// and move. While drawing, the left button draws. Knows gestures; what they change lies elsewhere.

import { clamp, panned, placed, zoomedAt } from "./viewport/geometry.js";
import { LEAST_ZOOM, MOST_ZOOM } from "./viewport/state.js";

const LEFT = 0;
const MIDDLE = 1;
const RIGHT = 2;

export class Input {
  constructor({ panes, display, regions, presets, slices }) {
    Object.assign(this, { panes, display, regions, presets, slices });
    this.zooming = false;
    this.touches = new Map();
    panes.each((pane) => this.#attach(pane));
  }

  /** The zoom tool: while it is on, the left button zooms. */
  toggleZoom(on = !this.zooming) {
    this.zooming = on;
    document.getElementById("zoom-tool").setAttribute("aria-pressed", String(on));
    for (const pane of this.panes.all) {
      if (on) pane.view.dataset.mode = "zoom";
      else if (pane.view.dataset.mode === "zoom") delete pane.view.dataset.mode;
    }
  }

  #attach(pane) {
    const { view } = pane;
    if (this.zooming) view.dataset.mode = "zoom";
    view.addEventListener("pointerdown", (event) => this.#down(pane, event));
    view.addEventListener("pointermove", (event) => this.#move(pane, event));
    for (const name of ["pointerup", "pointercancel"]) view.addEventListener(name, (event) => this.#up(event));
    view.addEventListener("wheel", (event) => this.#wheel(pane, event), { passive: false });
    view.addEventListener("contextmenu", (event) => event.preventDefault());
    view.addEventListener("mousedown", (event) => event.preventDefault());
    view.addEventListener("dblclick", () => {
      if (!this.regions.drawing && this.panes.all.length > 1) this.panes.toggleLarge(pane);
    });
  }

  #down(pane, event) {
    if (!this.panes.film && !this.panes.filmOf(pane)) return;
    pane.element.focus({ preventScroll: true });
    this.panes.activate(pane);
    if (!pane.layer || !this.panes.filmOf(pane)) return;
    pane.view.setPointerCapture(event.pointerId);
    if (event.pointerType === "touch") {
      this.touches.set(event.pointerId, [event.clientX, event.clientY]);
      if (this.touches.size > 1) {
        this.gesture = null;
        return;
      }
    }
    this.gesture = this.#gesture(pane, event);
  }

  #gesture(pane, event) {
    const { panes, display, regions } = this;
    const [x, y] = local(pane, event);
    const measuring = event.button === LEFT && !this.zooming && !regions.drawing && this.measures?.grab(pane, event, x, y);
    if (measuring) return measuring;
    const drawn = event.button === LEFT && !this.zooming ? regions.gesture(pane, x, y, event.target) : null;
    if (drawn) return drawn;
    if (event.button === RIGHT || (event.button === LEFT && this.zooming)) {
      return this.#moving((dx, dy) => this.#zoom(pane, x, y, this.#view(pane).zoom * 1.01 ** -dy));
    }
    if (event.button === MIDDLE) return this.#moving((dx, dy) => this.#pan(pane, dx, dy));
    if (event.button === LEFT) return { step: (dx, dy) => display.drag(panes.filmOf(pane), this.presets(), dx, dy, pane.place) };
    return null;
  }

  #moving(change) {
    return {
      step: (dx, dy) => {
        this.panes.dragging(true);
        change(dx, dy);
      },
      end: () => this.panes.dragging(false),
    };
  }

  #view(pane) {
    return this.display.of(pane.place).view;
  }

  #zoom(pane, x, y, zoom) {
    const wanted = clamp(zoom, LEAST_ZOOM, MOST_ZOOM);
    this.display.change(pane.place, { view: zoomedAt(this.#view(pane), this.panes.filmOf(pane).image, pane.box, x, y, wanted) });
  }

  #pan(pane, dx, dy) {
    this.display.change(pane.place, { view: panned(this.#view(pane), this.panes.filmOf(pane).image, pane.box, dx, dy) });
  }

  /** One pixel of the film on one pixel of the screen, about the middle of a pane. */
  actual(pane) {
    const { box } = pane;
    const { image } = this.panes.filmOf(pane);
    const { scale } = placed({ ...this.#view(pane), zoom: 1 }, image, box);
    this.#zoom(pane, box.width / 2, box.height / 2, 1 / (scale * (window.devicePixelRatio || 1)));
  }

  #move(pane, event) {
    if (this.touches.size > 1 && this.touches.has(event.pointerId)) {
      this.#pinch(pane, event);
      return;
    }
    if (!this.gesture) return;
    if (this.gesture.move) this.gesture.move(...local(pane, event));
    else if (event.movementX || event.movementY) this.gesture.step(event.movementX, event.movementY);
  }

  // Two fingers: the middle between them moves the film, their distance zooms it about that middle.
  #pinch(pane, event) {
    const before = spread([...this.touches.values()]);
    this.touches.set(event.pointerId, [event.clientX, event.clientY]);
    const after = spread([...this.touches.values()]);
    this.panes.dragging(true);
    this.#pan(pane, after.x - before.x, after.y - before.y);
    const corner = pane.view.getBoundingClientRect();
    if (before.size > 0) this.#zoom(pane, after.x - corner.x, after.y - corner.y, (this.#view(pane).zoom * after.size) / before.size);
  }

  #up(event) {
    this.touches.delete(event.pointerId);
    if (this.touches.size < 2) this.panes.dragging(false);
    const { gesture } = this;
    this.gesture = null;
    gesture?.end?.();
  }

  // Without a stack the wheel scrolls the page where the page scrolls. Ctrl+wheel never becomes the browser's zoom over a film.
  #wheel(pane, event) {
    const count = this.slices.of?.(pane) ?? this.slices.count;
    if (event.ctrlKey || count > 1) event.preventDefault();
    if (count < 2 || event.deltaY === 0) return;
    const step = event.ctrlKey ? Math.max(1, Math.round(count / 20)) : 1;
    this.slices.by(event.deltaY > 0 ? step : -step, pane);
  }
}

function local(pane, event) {
  const { x, y } = pane.view.getBoundingClientRect();
  return [event.clientX - x, event.clientY - y];
}

function spread([[x0, y0], [x1, y1]]) {
  return { x: (x0 + x1) / 2, y: (y0 + y1) / 2, size: Math.hypot(x1 - x0, y1 - y0) };
}
