// What the reader's hand works on: the chosen shape with its handles, and the shape that is being drawn, in the one pane under the
// pointer. Drawn and hit by Konva, which is fetched when somebody draws. Knows screen points only; gestures come from outside.

const GRIP = 4;
const REACH = 18;

export class Easel {
  /** Fetches Konva; fails where it does not arrive. */
  static async open() {
    await import("../vendor/konva.min.js");
    return new Easel(globalThis.Konva);
  }

  constructor(Konva) {
    this.Konva = Konva;
    this.holder = document.createElement("div");
    this.holder.className = "easel";
    this.colour = getComputedStyle(document.documentElement).getPropertyValue("--region").trim();
    this.stage = new Konva.Stage({ container: this.holder, width: 1, height: 1 });
    this.layer = new Konva.Layer();
    this.stage.add(this.layer);
    this.pane = null;
  }

  /** Takes the easel to a pane, or away from all. */
  place(pane) {
    if (this.pane === pane) return;
    this.pane = pane;
    if (pane) pane.view.append(this.holder);
    else this.holder.remove();
  }

  /** Draws `grips` (screen points, round where `round`) and an unfinished `line`; `ghost` leads to the pointer. */
  draw({ grips = [], round = false, line = [], ghost = null }) {
    const { Konva, layer, stage, pane, colour } = this;
    if (!pane) return;
    const { width, height } = pane.box;
    if (stage.width() !== width || stage.height() !== height) stage.size({ width, height });
    layer.destroyChildren();
    if (line.length) {
      const points = (ghost ? [...line, ghost] : line).flat();
      for (const [stroke, strokeWidth] of [["#000", 4], [colour, 2]]) layer.add(new Konva.Line({ points, stroke, strokeWidth, listening: false }));
    }
    grips.forEach(([x, y], at) => {
      const look = { x, y, fill: colour, stroke: "#000", strokeWidth: 1, hitStrokeWidth: REACH, name: "grip", at };
      layer.add(round ? new Konva.Circle({ ...look, radius: GRIP }) : new Konva.Rect({ ...look, width: 2 * GRIP, height: 2 * GRIP, offsetX: GRIP, offsetY: GRIP }));
    });
    layer.draw();
  }

  /** The place of the grip at a point of a pane in what `draw` got; −1 for none. */
  hit(pane, x, y) {
    if (pane !== this.pane) return -1;
    const node = this.stage.getIntersection({ x, y });
    return node?.name() === "grip" ? node.getAttr("at") : -1;
  }
}
