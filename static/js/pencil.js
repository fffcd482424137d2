// One shape while it is being drawn: a box by a drag, a freehand line by a drag, a polygon by a point per click or per key. It goes
// back and forward by points; when it is finished the region gets it.

import { boxed, simplified } from "./shapes.js";

const NEAR = 10;
const STRAY = 0.75;
const TWICE = 450;

export class Pencil {
  constructor(regions) {
    this.regions = regions;
    this.drop();
  }

  /** Forgets what was begun. */
  drop() {
    Object.assign(this, { shape: null, points: [], undone: [], ghost: null, cursor: null, clicked: 0 });
  }

  gesture(pane, x, y) {
    const { regions } = this;
    const start = regions.point(pane, x, y);
    if (regions.tool === "polygon") return this.#corner(pane, x, y, start);
    const line = [start];
    const box = boxed({ kind: regions.tool });
    const { tool } = regions;
    return {
      move: (mx, my) => {
        const at = regions.point(pane, mx, my);
        if (!box && Math.hypot(at[0] - line.at(-1)[0], at[1] - line.at(-1)[1]) < regions.grain(pane)) return;
        line.push(at);
        this.shape = { kind: tool, points: box ? [start, at] : [...line] };
        regions.panes.refresh();
      },
      end: () => {
        const { shape } = this;
        if (!shape || (!box && line.length < 3)) return this.drop();
        regions.add(box ? shape : { kind: tool, points: simplified(line, STRAY * regions.grain(pane)) });
        return undefined;
      },
    };
  }

  // A click sets a corner, and can drag it until it is let go; on the first corner, or twice on the same place, it closes.
  #corner(pane, x, y, at) {
    const { regions } = this;
    const [first] = this.points;
    const twice = performance.now() - this.clicked < TWICE && near(at, this.points.at(-1), NEAR * regions.grain(pane));
    const closes = this.points.length > 2 && (twice || near(at, first, NEAR * regions.grain(pane)));
    this.clicked = performance.now();
    if (!closes && !twice) {
      this.points = [...this.points, at];
      this.undone = [];
      regions.panes.refresh();
    }
    return {
      move: (mx, my) => {
        if (closes || twice) return;
        this.points = [...this.points.slice(0, -1), regions.point(pane, mx, my)];
        regions.panes.refresh();
      },
      // Only after the browser's own double click, which would enlarge the pane.
      end: () => closes && setTimeout(() => this.#close()),
    };
  }

  #close() {
    const { regions, points } = this;
    if (points.length > 2) regions.add({ kind: regions.tool, points });
  }

  /** What every pane shows of it. */
  get draft() {
    return this.shape ?? (this.points.length ? { kind: "line", points: this.points } : null);
  }

  /** The last point away, and back again; false when there is none. */
  back() {
    if (!this.points.length) return false;
    this.undone.push(this.points.at(-1));
    this.points = this.points.slice(0, -1);
    this.regions.panes.refresh();
    return true;
  }

  forward() {
    if (!this.undone.length) return false;
    this.points = [...this.points, this.undone.pop()];
    this.regions.panes.refresh();
    return true;
  }

  /** Points by keyboard: arrows move a cross, Space sets a point, Backspace takes it away, Enter closes the line. */
  key(event) {
    const { regions } = this;
    const step = regions.step(event);
    const { columns, rows } = regions.panes.film.image;
    if (step) {
      const [x, y] = this.cursor ?? [columns / 2, rows / 2];
      this.cursor = [Math.min(Math.max(x + step[0], 0), columns), Math.min(Math.max(y + step[1], 0), rows)];
      this.ghost = this.cursor;
    } else if (event.key === " ") {
      this.cursor ??= [columns / 2, rows / 2];
      this.points = [...this.points, this.cursor];
      this.undone = [];
    } else if (event.key === "Backspace") this.back();
    else if (event.key === "Enter") this.#close();
    else return false;
    regions.panes.refresh();
    return true;
  }

  /** The pointer moves without a button. */
  hover(pane, x, y) {
    if (this.points.length) this.ghost = this.regions.point(pane, x, y);
  }

  /** What the easel draws of it, through a map from image to screen points. */
  sketch(screen) {
    const line = screen(this.points);
    const [ghost] = this.ghost ? screen([this.ghost]) : [null];
    const cross = this.cursor ? screen([this.cursor]) : [];
    return { line, ghost, grips: [...line, ...cross], round: true };
  }
}

function near(a, b, reach) {
  return Boolean(b) && Math.hypot(a[0] - b[0], a[1] - b[1]) <= reach;
}
