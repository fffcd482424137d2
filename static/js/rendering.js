// What draws the panes, or null and a sentence where the browser has no WebGL2.

import { element } from "./elements.js";
import { Renderer } from "./viewport/gl.js";
import { words } from "./words.js";

/** @import { Notice } from "./notice.js" */

/**
 * @param {Notice} notice says when nothing can be drawn
 * @param {() => void} restored it can be again
 */
export function rendering(notice, restored) {
  try {
    return new Renderer(element("canvas", HTMLCanvasElement), {
      onLost: () => notice.tell(words("webgl.lost")),
      onRestored: () => {
        notice.tell("");
        restored();
      },
    });
  } catch {
    notice.tell(words("webgl.missing"));
    return null;
  }
}
